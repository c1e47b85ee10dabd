"""Admission: ASGI middleware that tells who sends a request, and refuses who may not."""

import asyncio
import re
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from embeddings.errors import ChapterAndVerseError
from qa.access.caller import Caller
from qa.access.issuer import IssuerUnavailable
from qa.access.policy import Access
from qa.access.rates import Rates
from qa.access.refusals import NotAuthenticated, TooManyAttempts
from qa.api.addresses import client_network
from qa.service.document_links import ROUTE
from qa.service.problems import Refused, problem_of
from qa.service.replies import API
from qa.web.guard import QUEUED_EVENT, refusal
from qa.web.shell import SCRIPTS_ROUTE

COOKIE = "chapter-and-verse"
"""Name of the cookie of those who signed in."""

SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"

OPEN_PATHS = re.compile(
    rf"/healthz|/readyz|{SIGN_IN}|{SIGN_OUT}|/{SCRIPTS_ROUTE}/.*|/favicon\..*|/robots\.txt"
)
"""Paths at which nobody is asked who they are: nothing of the library is there."""

RATED_PATHS = frozenset((f"{API}/answers", f"{API}/searches", "/mcp", QUEUED_EVENT))
"""Paths at which questions are asked, whose rate is limited."""

ISSUER_SECONDS = 30
"""After which it is worth asking again an issuer that could not be reached."""

NOBODY = Caller("nobody", frozenset())
"""Who sends a request to an open path."""


class Admission:
    """Tells who sends each request.

    Args:
        app: The application, which finds the caller in the request's state.
        access: Tells callers by what they bring.
        sign_in: Whether there is a page on which people can sign in.
    """

    def __init__(self, app: ASGIApp, access: Access, sign_in: bool = True) -> None:
        self.app = app
        self.access = access
        self.sign_in = sign_in
        self._rates = Rates()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            caller = await self._caller(scope)
        except Refused as refused:
            await self._refusal(scope, refused)(scope, receive, send)
            return
        scope = {**scope, "state": {**scope.get("state", {}), "caller": caller}}
        await self.app(scope, receive, send)

    async def _caller(self, scope: Scope) -> Caller:
        """Who sends a request.

        Raises:
            Refused: It is not known, or may not do that, or not as often.
        """
        if OPEN_PATHS.fullmatch(scope["path"]):
            return NOBODY
        headers = Headers(scope=scope)
        address = client_network(scope.get("client"))
        brought = (
            headers.get("authorization"),
            headers.get("x-api-key"),
            cookie_of(headers.get("cookie", "")),
        )
        try:
            if not any(brought):
                caller = self.access.authenticate(None, None, None, address)
            else:
                # A key that is used for the first time takes a tenth of a second, and a token the
                # network when the issuer has new keys.
                caller = await asyncio.to_thread(self.access.authenticate, *brought, address)
        except NotAuthenticated as error:
            raise Refused("not-authenticated", error.reason) from error
        except TooManyAttempts as error:
            raise Refused("too-many-requests", str(error), error.seconds) from error
        except IssuerUnavailable as error:
            sentence = problem_of(error).sentence
            raise Refused("issuer-unreachable", sentence, ISSUER_SECONDS) from error
        except ChapterAndVerseError as error:
            problem = problem_of(error)
            raise Refused(problem.code, problem.sentence) from error
        if not caller.may("ask") and not scope["path"].startswith(API):
            raise Refused("not-allowed", "This key may not ask questions.")
        asks = scope["method"] == "POST" and scope["path"] in RATED_PATHS
        if asks and (seconds := self._rates.check(caller)):
            sentence = f"This key may ask again in {seconds} seconds."
            raise Refused("too-many-requests", sentence, seconds)
        return caller

    def _refusal(self, scope: Scope, refused: Refused) -> Response:
        """The response to a request that is not let in."""
        accepted = Headers(scope=scope).get("accept", "")
        path = scope["path"]
        if (
            self.sign_in
            and refused.problem.code == "not-authenticated"
            and scope["method"] == "GET"
            and path in ("/", f"/{ROUTE}")
            and "text/html" in accepted
        ):
            return RedirectResponse(sign_in_address(scope), 303)
        return refusal(scope, refused)


def cookie_of(header: str) -> str | None:
    """The value of our cookie in a Cookie header; none if it is not there."""
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None


def sign_in_address(scope: Scope) -> str:
    """Where to sign in, and be led back to what was asked for; relative to the server's root."""
    if scope["path"] == "/":
        return SIGN_IN[1:]
    wanted = f"{scope['path'][1:]}?{scope['query_string'].decode('ascii', 'replace')}"
    return f"{SIGN_IN[1:]}?{urlencode({'next': wanted})}"
