"""Guard: ASGI middleware in front of all others; requests that the page never sends are refused.

It lists the routes of the page, so that a route added by a new version of Gradio stays closed
until somebody has reviewed it.
"""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.api.problem_response import plain_response, problem_response
from qa.service.document_links import (
    ABOUT_ROUTE,
    FIND_ROUTE,
    PANEL_ROUTE,
    PICTURE_ROUTE,
    ROUTE,
)
from qa.service.incoming import IncomingFiles
from qa.service.problems import Refused
from qa.service.replies import API
from qa.web.html.sign_in_page import SIGN_IN, SIGN_OUT
from qa.web.html.source_list import CHANGES, SOURCES, SOURCES_LIMIT, SOURCES_STATE
from qa.web.receiving import UPLOAD
from qa.web.shell import PAGE_POLICY, SCRIPTS_ROUTE
from qa.web.stored_turns import MAX_STORED_CHARACTERS

MAX_EVENT_BYTES = 3 * MAX_STORED_CHARACTERS
"""Of an event's body: the conversation, as JSON within JSON, and a question."""

MAX_CHOICE_BYTES = 600_000
"""Of the body of a request that chooses or changes documents: a limit, as JSON within JSON."""

MAX_SIGN_IN_BYTES = 4_000
"""Of the body of a sign-in: a form with a key."""

MAX_PROGRAM_BYTES = 2_000_000
"""Of the body of a program's request but for files: a receipt, or a question with a history."""

_SESSION = "[0-9A-Za-z]{1,64}"

READ_PATHS = re.compile(
    rf"/|/healthz|/readyz|/metrics|/{ROUTE}|/{PANEL_ROUTE}|/{FIND_ROUTE}|/{ABOUT_ROUTE}"
    rf"|/{re.escape(PICTURE_ROUTE)}"
    rf"|{SIGN_IN}|{SOURCES}|{SOURCES_STATE}"
    rf"|/{SCRIPTS_ROUTE}/[0-9a-f]{{16}}/[a-z_]{{1,40}}\.js"
    r"|/config|/theme\.css|/favicon\.(?:ico|svg)|/robots\.txt"
    r"|/(?:static|assets|svelte)/(?!.*\.\.)[\w./@~+-]{1,200}"
    r"|/gradio_api/(?:app_id|startup-events)"
)
"""Paths for GET and HEAD."""

QUEUED_EVENT, DIRECT_EVENT = "/gradio_api/queue/join", "/gradio_api/run/predict"
"""Paths to which the page sends its events: those that are queued, and the others."""

EVENT_STREAM = "/gradio_api/queue/data"
"""Path from which the page reads the results of queued events."""

STREAM_QUERY = re.compile(rf"session_hash=({_SESSION})".encode())
"""Its query."""

HEARTBEAT = re.compile(rf"/gradio_api/heartbeat/({_SESSION})")
"""Path to which a page is connected while it is open: with the connection its state ends."""

_THEME = re.compile(rb"__theme=(?:light|dark|system)")

PROGRAM_PATHS = re.compile(r"/api/v1(?:/.*)?|/mcp", re.DOTALL)
"""Paths for programs. What is served there is our own, and tells itself what it does not know."""

PROGRAM_UPLOAD = f"{API}/documents"

_PROXY_HEADERS = (b"x-forwarded-", b"forwarded", b"x-real-ip", b"x-direct-url", b"x-gradio-")
"""Prefixes of headers in which a client could claim an address of the server."""


class Guard:
    """Adds the security headers, and refuses requests that the page never sends.

    It looks at what a request says of itself before its body, and keeps nothing of it: who sends
    it is not known yet.

    Args:
        app: The application that is guarded.
        incoming: The received files; without it nothing that changes the library is accepted.
        hosts: Accepted values of the Host header, without port; any if empty.
        public_names: Those of them under which a proxy shows the page. A page of such a name may
            send requests also where the proxy puts another name into the Host header.
        cors: Origins whose pages may send requests to the paths for programs.
    """

    def __init__(
        self,
        app: ASGIApp,
        incoming: IncomingFiles | None = None,
        hosts: Sequence[str] = (),
        public_names: Sequence[str] = (),
        cors: Sequence[str] = (),
    ) -> None:
        self.app = app
        self.incoming = incoming
        self.hosts = hosts
        self.public_names = public_names
        self.cors = cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", PAGE_POLICY)
                headers["X-Content-Type-Options"] = "nosniff"
                # Without a referrer, a form would be sent with no origin to check.
                headers.setdefault("Referrer-Policy", "no-referrer")
            await send(message)

        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        try:
            scope = self._checked(scope)
        except Refused as refused:
            await refusal(scope, refused)(scope, receive, send_with_headers)
            return
        await self.app(scope, receive, send_with_headers)

    def _checked(self, scope: Scope) -> Scope:
        """The request as the application may see it.

        Args:
            scope: Of the request.

        Raises:
            Refused: Neither the page nor a program ever sends such a request.
        """
        if scope["type"] != "http":
            raise Refused("not-found", "Not found")
        headers = Headers(scope=scope)
        self._check_origin(scope, headers)
        trusted = [pair for pair in scope["headers"] if not _is_proxy_header(pair[0])]
        scope = {**scope, "headers": trusted}
        path, method = scope["path"], scope["method"]
        reads, is_program = method in ("GET", "HEAD"), bool(PROGRAM_PATHS.fullmatch(path))
        if reads and not is_program:
            return _readable(scope)
        if not (reads or method == "POST" or is_program):
            raise Refused("not-found", "Not found")
        if not (reads or method == "OPTIONS"):
            most, length = self._most_bytes(path, is_program), _length(headers)
            if length > most:
                raise Refused("too-large", f"Request body larger than {most:,} bytes")
        return scope

    def _most_bytes(self, path: str, is_program: bool) -> int:
        """The length that a request's body may declare.

        Raises:
            Refused: Nothing is sent to this path.
        """
        if path in (UPLOAD, PROGRAM_UPLOAD) and self.incoming is not None:
            return self.incoming.limits.batch_bytes
        if is_program:
            return MAX_PROGRAM_BYTES
        if path in (SIGN_IN, SIGN_OUT):
            return MAX_SIGN_IN_BYTES
        if path == SOURCES_LIMIT or (path in CHANGES and self.incoming is not None):
            return MAX_CHOICE_BYTES
        if path in (QUEUED_EVENT, DIRECT_EVENT):
            return MAX_EVENT_BYTES
        raise Refused("not-found", "Not found")

    def _check_origin(self, scope: Scope, headers: Headers) -> None:
        # A page of another site can send requests here from the user's own browser. Browsers
        # send Sec-Fetch-Site only to this machine or over HTTPS, and Origin with all requests but
        # plain GETs, whose response the other site's page cannot read.
        method, origin = scope["method"], headers.get("origin")
        site = headers.get("sec-fetch-site", "none")
        host = headers.get("host", "")
        # A browser always sends the Host header.
        if self.hosts and "host" in headers and _hostname(f"//{host}") not in self.hosts:
            raise Refused("host-not-allowed", "Host not allowed")
        if origin in self.cors and PROGRAM_PATHS.fullmatch(scope["path"]):
            return
        foreign = (
            origin is not None
            and origin.partition("://")[2] != host
            and _hostname(origin) not in self.public_names
        )
        # A person may follow a link from another site to a document; nothing else is fetched from
        # there, not even a picture, whose loading would tell that it exists.
        follows_link = method == "GET" and headers.get("sec-fetch-mode") == "navigate"
        if foreign or (site not in ("none", "same-origin") and not follows_link):
            raise Refused("cross-site", "Cross-site request refused")


def refusal(scope: Scope, refused: Refused) -> Response:
    """The response to a request that is not served, in the form that its path has."""
    if PROGRAM_PATHS.fullmatch(scope["path"]):
        return problem_response(refused.problem)
    return plain_response(refused.problem)


def _readable(scope: Scope) -> Scope:
    """A request that only reads, without a query that only other pages of Gradio have.

    Raises:
        Refused: There is nothing at its path.
    """
    path, query = scope["path"], scope["query_string"]
    if path == EVENT_STREAM:
        if STREAM_QUERY.fullmatch(query):
            return scope
    elif path == "/":
        return scope if _THEME.fullmatch(query) else {**scope, "query_string": b""}
    elif READ_PATHS.fullmatch(path) or HEARTBEAT.fullmatch(path):
        return scope
    raise Refused("not-found", "Not found")


def _length(headers: Headers) -> int:
    """The length that a request declares, in bytes.

    Raises:
        Refused: It declares none.
    """
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal()) or "transfer-encoding" in headers:
        raise Refused("length-required", "Content-Length required")
    return int(length) if len(length) < 20 else 10**20


def _is_proxy_header(name: bytes) -> bool:
    return name.lower().startswith(_PROXY_HEADERS)


def _hostname(address: str) -> str | None:
    """The host in an address, without port; None if the address is invalid."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
