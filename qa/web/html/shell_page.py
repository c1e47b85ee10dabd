"""Shell page: the head of the chat's page, and the first picture of it, which needs no script."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from qa.web.html.rendering import escape_text, render

_STYLE = "".join(
    Path(__file__).parent.joinpath("css", name).read_text(encoding="utf-8")
    for name in ("shell.css", "root.css")
)


def page_head(folder: str, scripts: Sequence[str]) -> str:
    """What the head of the page has of our own.

    Args:
        folder: Name of the folder that the chat is about.
        scripts: Addresses of the page's modules; the first one imports the others.
    """
    return str(render("shell_head.html", folder=folder, scripts=scripts, style=Markup(_STYLE)))


def first_picture(folder: str) -> str:
    """The page before it is there: header, text and input.

    Args:
        folder: Name of the folder that the chat is about.
    """
    return str(render("shell.html", folder=folder))


def html_attributes(attributes: Mapping[str, str]) -> str:
    """Attributes as they stand in a tag, with a space before each.

    >>> html_attributes({"data-may-not": "add", "data-signed-in": ""})
    ' data-may-not="add" data-signed-in=""'

    Args:
        attributes: Values by name.
    """
    return "".join(f' {name}="{escape_text(value)}"' for name, value in attributes.items())
