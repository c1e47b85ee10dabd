"""Page attributes: what the page must know of who opened it, as attributes of its HTML.

The page itself is the same for everybody. What a caller may not do is refused by the routes; here
it is told so that the page does not offer it.
"""

from collections.abc import Iterator
from hashlib import sha256

from starlette.datastructures import Headers
from starlette.types import Scope

from qa.access.caller import Caller
from qa.api.callers import caller_of
from qa.web.chats import Chats

CALLER_DIGITS = 16
"""Of the digest that tells the callers of one browser apart."""


def page_attributes(chats: Chats, scope: Scope) -> dict[str, str]:
    """The attributes for who sent a request.

    ``data-may-not`` names what is not offered, ``data-caller`` whose the conversations are that
    the browser keeps, and ``data-signed-in`` is there where one can sign out.

    Args:
        chats: Of the server.
        scope: Of the request.
    """
    caller, headers = caller_of(scope), Headers(scope=scope)
    attributes = {"data-may-not": " ".join(_forbidden(chats, caller))}
    if name := caller_id(caller):
        attributes["data-caller"] = name
    by_header = headers.get("authorization", "").lower().startswith("bearer ")
    if caller.name.startswith("key:") and not by_header and "x-api-key" not in headers:
        attributes["data-signed-in"] = ""
    return attributes


def caller_id(caller: Caller) -> str:
    """What tells a caller from others of the same browser; empty where nobody said who they are."""
    if caller.name.startswith("address:"):
        return ""
    return sha256(caller.name.encode()).hexdigest()[:CALLER_DIGITS]


def _forbidden(chats: Chats, caller: Caller) -> Iterator[str]:
    writes = caller.may("write")
    if not writes:
        yield "remove"
    if not writes or caller.limit:
        yield "index"
    if not writes or not chats.of(caller).service.can_add:
        yield "add"
