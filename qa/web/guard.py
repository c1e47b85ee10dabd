"""Guard: ASGI middleware in front of every route; requests that the page never sends are refused.

It lists the routes of the page, so that a route added by a new version of Gradio stays closed
until somebody has reviewed it.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.api.clients import client_network
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
from qa.web.events import EventParser, RefusedEvent
from qa.web.html.sign_in_page import SIGN_IN, SIGN_OUT
from qa.web.html.source_list import CHANGES, SOURCES, SOURCES_LIMIT, SOURCES_STATE
from qa.web.receiving import UPLOAD
from qa.web.sessions import Sessions
from qa.web.shell import PAGE_POLICY, SCRIPTS_ROUTE
from qa.web.stored_turns import MAX_STORED_CHARACTERS

BUSY_SECONDS = 60
"""After which a client that found the server busy may come again. Chosen by hand."""

MAX_EVENT_BYTES = 3 * MAX_STORED_CHARACTERS
"""Of an event's body: the conversation, as JSON within JSON, and a question."""

MAX_CHOICE_BYTES = 600_000
"""Of the body of a request that chooses or changes documents: a limit, as JSON within JSON."""

MAX_SIGN_IN_BYTES = 4_000
"""Of the body of a sign-in: a form with a key."""

MAX_PROGRAM_BYTES = 2_000_000
"""Of the body of a program's request but for files: a receipt, or a question with a history."""

MAX_PENDING_BYTES = 30 * MAX_EVENT_BYTES
"""Of the bodies of all events that are being received or processed."""

ADDRESS_SHARE = 0.5
"""Share of it that one address may use. Chosen by hand."""

BODY_SECONDS = 30.0
"""Time in which an event's body must arrive. Chosen by hand."""

_SESSION = "[0-9A-Za-z]{1,64}"

READ_PATHS = re.compile(
    rf"/|/healthz|/readyz|/metrics|/{ROUTE}|/{PANEL_ROUTE}|/{FIND_ROUTE}|/{ABOUT_ROUTE}"
    rf"|/{re.escape(PICTURE_ROUTE)}"
    rf"|{SIGN_IN}|{SOURCES}|{SOURCES_STATE}"
    rf"|/{SCRIPTS_ROUTE}/[0-9a-f]{{16}}/[a-z_]{{1,40}}\.js"
    r"|/config|/theme\.css|/favicon\.(?:ico|svg)|/robots\.txt"
    r"|/(?:static|assets|svelte)/(?!.*\.\.)[\w./@~+-]{1,200}"
    rf"|/gradio_api/(?:app_id|startup-events|heartbeat/{_SESSION})"
)
"""Paths for GET and HEAD."""

QUEUED_EVENT, DIRECT_EVENT = "/gradio_api/queue/join", "/gradio_api/run/predict"
"""Paths to which the page sends its events: those that are queued, and the others."""

MAX_DIRECT_EVENTS = 200
"""Direct events being processed or waiting for one of the server's 40 threads."""

EVENT_STREAM = "/gradio_api/queue/data"
"""Path from which the page reads the results of queued events."""

_STREAM_QUERY = re.compile(rf"session_hash=({_SESSION})".encode())

_THEME = re.compile(rb"__theme=(?:light|dark|system)")

PROGRAM_PATHS = re.compile(r"/api/v1(?:/.*)?|/mcp")
"""Paths for programs. What is served there is our own, and tells itself what it does not know."""

PROGRAM_UPLOAD = f"{API}/documents"

_PROXY_HEADERS = (b"x-forwarded-", b"forwarded", b"x-real-ip", b"x-direct-url", b"x-gradio-")
"""Prefixes of headers in which a client could claim an address of the server."""


class Guard:
    """Adds the security headers, and refuses requests that the page never sends.

    Args:
        app: The application that is guarded.
        events: Checks the events of the page.
        incoming: The received files; without it nothing that changes the library is accepted.
        hosts: Accepted values of the Host header, without port; any if empty.
        public_names: Those of them under which a proxy shows the page. A page of such a name may
            send requests also where the proxy puts another name into the Host header.
        cors: Origins whose pages may send requests to the paths for programs.
    """

    def __init__(
        self,
        app: ASGIApp,
        events: EventParser,
        incoming: IncomingFiles | None = None,
        hosts: Sequence[str] = (),
        public_names: Sequence[str] = (),
        cors: Sequence[str] = (),
    ) -> None:
        self.app = app
        self.events = events
        self.incoming = incoming
        self.hosts = hosts
        self.public_names = public_names
        self.cors = cors
        self._sessions = Sessions()
        self._pending_bytes: Counter[str] = Counter()
        self._direct_events = 0

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
        usage = _Usage(client_network(scope["client"]))
        try:
            try:
                scope, receive = await self._check(scope, receive, usage)
            except Refused as refused:
                await refusal(scope, refused)(scope, receive, send_with_headers)
                return
            await self.app(scope, receive, send_with_headers)
        finally:
            self._pending_bytes[usage.address] -= usage.bytes
            if not self._pending_bytes[usage.address]:
                del self._pending_bytes[usage.address]
            self._direct_events -= usage.direct_events

    async def _check(
        self, scope: Scope, receive: Receive, usage: "_Usage"
    ) -> tuple[Scope, Receive]:
        """The request as the application may see it.

        Args:
            scope: Of the request.
            receive: Of the request.
            usage: Updated with what the request uses.

        Raises:
            Refused: Neither the page nor a program ever sends such a request.
        """
        if scope["type"] != "http":
            raise Refused("not-found", "Not found")
        headers = Headers(scope=scope)
        self._check_origin(scope, headers)
        trusted = [pair for pair in scope["headers"] if not _is_proxy_header(pair[0])]
        scope = {**scope, "headers": trusted}
        path, reads = scope["path"], scope["method"] in ("GET", "HEAD")
        if PROGRAM_PATHS.fullmatch(path):
            return await self._check_program(scope, receive, usage, headers)
        if reads and path == EVENT_STREAM:
            session = _STREAM_QUERY.fullmatch(scope["query_string"])
            if session is None or not self._sessions.is_known(session[1].decode()):
                raise Refused("not-found", "Not found")
            return scope, receive
        if reads and READ_PATHS.fullmatch(path):
            return _without_unknown_query(scope), receive
        if reads or scope["method"] != "POST":
            raise Refused("not-found", "Not found")
        length = _length(headers)
        if path == UPLOAD and self.incoming is not None:
            _check_length(length, self.incoming.limits.batch_bytes)
            return scope, receive
        if path in (SIGN_IN, SIGN_OUT):
            _check_length(length, MAX_SIGN_IN_BYTES)
            return await self._receive_whole(scope, receive, usage)
        if path == SOURCES_LIMIT or (path in CHANGES and self.incoming is not None):
            _check_length(length, MAX_CHOICE_BYTES)
            return await self._receive_whole(scope, receive, usage)
        if path not in (QUEUED_EVENT, DIRECT_EVENT):
            raise Refused("not-found", "Not found")
        _check_length(length, MAX_EVENT_BYTES)
        return await self._check_event(scope, receive, usage)

    async def _check_program(
        self, scope: Scope, receive: Receive, usage: "_Usage", headers: Headers
    ) -> tuple[Scope, Receive]:
        """The request of a program, whose body was received in time unless it is of files."""
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return scope, receive
        length = _length(headers)
        if scope["path"] == PROGRAM_UPLOAD and self.incoming is not None:
            _check_length(length, self.incoming.limits.batch_bytes)
            return scope, receive
        _check_length(length, MAX_PROGRAM_BYTES)
        return await self._receive_whole(scope, receive, usage)

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

    async def _receive_whole(
        self, scope: Scope, receive: Receive, usage: "_Usage"
    ) -> tuple[Scope, Receive]:
        """The request with its body, which was received in time."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await self._body(receive, usage)
        except TimeoutError as error:
            raise Refused("too-slow", "Request too slow") from error
        return scope, _replay(body, receive)

    async def _check_event(
        self, scope: Scope, receive: Receive, usage: "_Usage"
    ) -> tuple[Scope, Receive]:
        """The request of an event, with the checked event as its body."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await self._body(receive, usage)
            event = self.events.parse(body, queued=scope["path"] == QUEUED_EVENT)
        except TimeoutError as error:
            raise Refused("too-slow", "Request too slow") from error
        except RefusedEvent as error:
            raise Refused("invalid-fields", f"Event refused: {error}") from error
        if not self._sessions.admit(event.session, usage.address):
            raise Refused(
                "busy", "Too many open pages; close some or try again later", BUSY_SECONDS
            )
        if scope["path"] == DIRECT_EVENT:
            if self._direct_events >= MAX_DIRECT_EVENTS:
                raise Refused("busy", "Too many concurrent requests; try again later", BUSY_SECONDS)
            self._direct_events += 1
            usage.direct_events = 1
        headers = [pair for pair in scope["headers"] if pair[0].lower() != b"content-length"]
        length = (b"content-length", str(len(event.body)).encode())
        return {**scope, "headers": [*headers, length]}, _replay(event.body, receive)

    async def _body(self, receive: Receive, usage: "_Usage") -> bytes:
        """The request's whole body; the server enforces the declared length.

        Raises:
            Refused: The client disconnected, or too many bytes are pending.
        """
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise Refused("invalid-request", "Request interrupted")
            part: bytes = message.get("body", b"")
            body += part
            usage.bytes += len(part)
            self._pending_bytes[usage.address] += len(part)
            if (
                self._pending_bytes.total() > MAX_PENDING_BYTES
                or self._pending_bytes[usage.address] > ADDRESS_SHARE * MAX_PENDING_BYTES
            ):
                raise Refused("busy", "Too many concurrent requests; try again later", BUSY_SECONDS)
            if not message.get("more_body", False):
                return bytes(body)


@dataclass(slots=True)
class _Usage:
    """What one request adds to the shared limits until it is done."""

    address: str
    bytes: int = 0
    direct_events: int = 0


def refusal(scope: Scope, refused: Refused) -> Response:
    """The response to a request that is not served, in the form that its path has."""
    if PROGRAM_PATHS.fullmatch(scope["path"]):
        return problem_response(refused.problem)
    return plain_response(refused.problem)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives a body that was read already, then what follows it."""
    unread = [body]

    async def replay() -> Message:
        if unread:
            return {"type": "http.request", "body": unread.pop(), "more_body": False}
        return await receive()

    return replay


def _without_unknown_query(scope: Scope) -> Scope:
    """The request without a query that only other pages of Gradio would have, such as ``page``."""
    if scope["path"] == "/" and not _THEME.fullmatch(scope["query_string"]):
        return {**scope, "query_string": b""}
    return scope


def _length(headers: Headers) -> int:
    """The length that a request declares, in bytes.

    Raises:
        Refused: It declares none.
    """
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal()) or "transfer-encoding" in headers:
        raise Refused("length-required", "Content-Length required")
    return int(length) if len(length) < 20 else 10**20


def _check_length(length: int, most: int) -> None:
    if length > most:
        raise Refused("too-large", f"Request body larger than {most:,} bytes")


def _is_proxy_header(name: bytes) -> bool:
    return name.lower().startswith(_PROXY_HEADERS)


def _hostname(address: str) -> str | None:
    """The host in an address, without port; None if the address is invalid."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
