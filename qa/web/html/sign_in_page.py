"""Sign-in page: where people type their key; it needs no script, and none may run in it."""

from qa.web.html.rendering import render

SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"

SIGN_IN_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: the page is text and a form, which is sent to this server alone."""


def sign_in_page(required: bool, problem: str = "") -> str:
    """The whole page.

    Args:
        required: Whether the server lets nobody in without a key.
        problem: Why the key that was typed is not taken, as a sentence; empty if none was typed.
    """
    return str(render("sign_in.html", required=required, problem=problem))
