"""Sign-in: the routes at which people exchange their key for a session, and end it."""

import re
from typing import Annotated

from fastapi import FastAPI, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from embeddings.errors import ChapterAndVerseError
from qa.access.policy import Access
from qa.access.refusals import NotAuthenticated, TooManyAttempts
from qa.api.clients import client_network
from qa.api.problem_response import plain_response
from qa.service.document_links import ROUTE
from qa.service.problems import Problem, Refused
from qa.service.rights import require
from qa.web.admission import forget, not_let_in, remember
from qa.web.html.sign_in_page import SIGN_IN, SIGN_IN_POLICY, SIGN_OUT, sign_in_page

PAGE = "./"
"""Address of the page, relative to that of the sign-in."""

WRONG_KEY = "This key is not valid here, or not any more."

# Relative, and never a path: whatever stands behind the question mark leads nowhere else.
_DOCUMENT = re.compile(rf"{ROUTE}\?[!-~]{{1,20000}}")


def add_sign_in(server: FastAPI, access: Access) -> None:
    """Serve the sign-in.

    Args:
        server: Before the page is mounted.
        access: Tells who holds a key.
    """

    @server.get(SIGN_IN)
    async def form() -> HTMLResponse:
        return HTMLResponse(sign_in_page(access.required), headers=_HEADERS)

    # Not async: a key that is used for the first time takes a tenth of a second.
    @server.post(SIGN_IN)
    def sign_in(
        request: Request,
        key: Annotated[str, Form()] = "",
        wanted: Annotated[str, Query(alias="next")] = PAGE,
    ) -> Response:
        address = client_network(request.client)
        try:
            require(access.authenticate(None, key, None, address), "ask")
            session = access.sign_in(key, address)
        except NotAuthenticated:
            return _refusal(access, Problem("not-authenticated", WRONG_KEY))
        except (TooManyAttempts, ChapterAndVerseError) as error:
            return _refusal(access, not_let_in(error).problem)
        except Refused as refused:
            return _refusal(access, refused.problem)
        response = RedirectResponse(place_after(wanted), 303)
        remember(response, session, request.headers.get("origin", "").startswith("https://"))
        return response

    @server.post(SIGN_OUT)
    async def sign_out() -> Response:
        response = RedirectResponse(SIGN_IN[1:], 303)
        forget(response)
        return response


def place_after(wanted: str) -> str:
    """Where somebody is led who has signed in: a document's page, else the chat's.

    >>> place_after("document?path=a.md"), place_after("//example.org"), place_after("")
    ('document?path=a.md', './', './')

    Args:
        wanted: What was asked for, as a browser sent it.
    """
    return wanted if _DOCUMENT.fullmatch(wanted) else PAGE


def _refusal(access: Access, problem: Problem) -> Response:
    """The sign-in again, with the reason."""
    told = plain_response(problem)
    page = sign_in_page(access.required, problem.sentence)
    response = HTMLResponse(page, told.status_code, _HEADERS)
    for name in ("retry-after", "www-authenticate"):
        if name in told.headers:
            response.headers[name] = told.headers[name]
    return response


_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": SIGN_IN_POLICY,
    # With none, a browser would send the form without its origin.
    "Referrer-Policy": "same-origin",
}
