"""Admission: ASGI middleware that tells who sends a request, and refuses who may not."""

import re
from collections.abc import Sequence
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
from qa.access.sessions import ENDED, SESSION_SECONDS
from qa.api.clients import client_network
from qa.service.problems import Refused, problem_of
from qa.service.replies import API
from qa.service.rights import check_rate, require
from qa.web.guard import QUEUED_EVENT, refusal
from qa.web.html.sign_in_page import SIGN_IN, SIGN_OUT
from qa.web.shell import SCRIPTS_ROUTE

COOKIE = "chapter-and-verse"
"""Name of the cookie of those who signed in."""

OPEN_PATHS = re.compile(
    rf"/healthz|/readyz|{SIGN_IN}|{SIGN_OUT}|/{SCRIPTS_ROUTE}/.*|/favicon\..*|/robots\.txt"
)
"""Paths at which nobody is asked who they are: nothing of the library is there."""

RATED_PATHS = frozenset(
    (*(f"{API}/{name}" for name in ("answers", "searches", "receipts/verify")), QUEUED_EVENT)
)
"""Paths at which questions are asked, whose rate is limited; to that of assistants other messages
are sent, too."""

ISSUER_SECONDS = 30
"""After which it is worth asking again an issuer that could not be reached."""


class Admission:
    """Tells who sends each request.

    Args:
        app: The application, which finds the caller in the request's state.
        access: Tells callers by what they bring.
        entrances: Paths from which a browser is led to the sign-in.
        rates: Shared with what else counts questions; its own if they are left out.
    """

    def __init__(
        self,
        app: ASGIApp,
        access: Access,
        entrances: Sequence[str] = (),
        rates: Rates | None = None,
    ) -> None:
        self.app = app
        self.access = access
        self.entrances = entrances
        self.rates = rates or Rates()

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
        address = client_network(scope.get("client"))
        if OPEN_PATHS.fullmatch(scope["path"]):
            return Caller(f"address:{address}", frozenset())
        headers = Headers(scope=scope)
        brought = (
            headers.get("authorization"),
            headers.get("x-api-key"),
            cookie_of(headers.get("cookie", "")),
        )
        try:
            caller = await self.access.authenticate_async(*brought, address)
        except (NotAuthenticated, TooManyAttempts, ChapterAndVerseError) as error:
            raise not_let_in(error) from error
        # The routes for programs say themselves which right they need.
        if not scope["path"].startswith(API):
            require(caller, "ask")
        asks = scope["method"] == "POST" and scope["path"] in RATED_PATHS
        if asks:
            check_rate(self.rates, caller)
        return caller

    def _refusal(self, scope: Scope, refused: Refused) -> Response:
        """The response to a request that is not let in."""
        path, response = scope["path"], refusal(scope, refused)
        if (
            refused.problem.code == "not-authenticated"
            and scope["method"] == "GET"
            and path in self.entrances
            and "text/html" in Headers(scope=scope).get("accept", "")
        ):
            response = RedirectResponse(sign_in_address(scope), 303)
        # Else it would keep a browser out where no key is needed.
        if refused.problem.sentence == ENDED and "/" not in path[1:]:
            forget(response)
        return response


def not_let_in(error: NotAuthenticated | TooManyAttempts | ChapterAndVerseError) -> Refused:
    """The refusal that an error of ``Access`` means."""
    match error:
        case NotAuthenticated():
            return Refused("not-authenticated", error.reason)
        case TooManyAttempts():
            return Refused("too-many-requests", str(error), error.seconds)
    problem = problem_of(error)
    if isinstance(error, IssuerUnavailable):
        return Refused("issuer-unreachable", problem.sentence, ISSUER_SECONDS)
    return Refused(problem.code, problem.sentence)


def remember(response: Response, session: str, secure: bool) -> None:
    """Have the browser send a session with each request to this server.

    Its path is left out: the browser takes the one below which it sees the server, which nobody
    here knows behind a proxy. A link from elsewhere brings it along (``lax``), as citations are
    opened from other programs; a form or a script from elsewhere does not, and the guard refuses
    those.

    Args:
        response: To a request of a path without folders.
        session: As ``Access.sign_in`` gives it.
        secure: Whether the browser may send it by HTTPS alone.
    """
    response.set_cookie(
        COOKIE,
        session,
        max_age=SESSION_SECONDS,
        path=None,
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def forget(response: Response) -> None:
    """Have the browser drop its session.

    Args:
        response: To a request of a path without folders: of any other the cookie's path would
            not be the same.
    """
    response.set_cookie(COOKIE, max_age=0, path=None, httponly=True, samesite="lax")


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
