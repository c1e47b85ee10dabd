"""Guard: the one gate before every route; what the page does not ask for is refused.

It knows the routes of the page, so that a route which a new version of Gradio brings along is
shut until somebody has looked at it.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.web.addresses import network_of
from qa.web.chat import MOST_KEPT
from qa.web.events import Events, RefusedEvent
from qa.web.html.document_links import PICTURE_ROUTE, ROUTE
from qa.web.receiving import PROGRESS, UPLOAD
from qa.web.refusal import Refusal
from qa.web.sessions import Sessions

MOST_BYTES = 3 * MOST_KEPT
"""Of an event: the conversation, which JSON within JSON makes longer, and a question."""

MOST_WAITING_BYTES = 30 * MOST_BYTES
"""Of all events that have begun to come and are not done yet."""

SHARE = 0.5
"""Of it that one address may take."""

BODY_SECONDS = 30.0
"""For a body other than an upload's to come."""

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; form-action 'self'; "
    "base-uri 'self'; object-src 'none'"
)
"""Content-Security-Policy: nothing from or to another host. Gradio needs the two unsafe ones."""

_SESSION = "[0-9A-Za-z]{1,64}"

READ = re.compile(
    rf"/|/healthz|/{ROUTE}|/{re.escape(PICTURE_ROUTE)}"
    r"|/config|/theme\.css|/favicon\.ico|/manifest\.json|/robots\.txt"
    r"|/(?:static|assets|svelte)/(?!.*\.\.)[\w./@~+-]{1,200}"
    rf"|/gradio_api/(?:app_id|startup-events|heartbeat/{_SESSION})"
)
"""Paths that are read."""

QUEUED, DIRECT = "/gradio_api/queue/join", "/gradio_api/run/predict"
"""Paths to which the page sends its events: those that wait for their turn, and the others."""

MOST_DIRECT = 200
"""Events that are being done at once or wait for a thread of the server, which has 40."""

EVENTS = "/gradio_api/queue/data"
"""Path at which the page waits for what its events bring about."""

_EVENTS_OF = re.compile(rf"session_hash=({_SESSION})".encode())

_THEME = re.compile(rb"__theme=(?:light|dark|system)")

_PROXY_HEADERS = (b"x-forwarded-", b"forwarded", b"x-real-ip", b"x-direct-url", b"x-gradio-")
"""Beginnings of headers in which a client could name the server's address."""


class Guard:
    """Adds the security headers, and refuses what the page does not ask for."""

    def __init__(self, app: ASGIApp, events: Events, hosts: Sequence[str] = ()) -> None:
        """A gate before an application.

        Args:
            app: That is guarded.
            events: Of the page; files are taken where they have a place for incoming ones.
            hosts: Names by which the server may be asked; any if empty.
        """
        self.app = app
        self.events = events
        self.hosts = hosts
        self._sessions = Sessions()
        self._waiting: Counter[str] = Counter()
        self._direct = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", POLICY)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
            await send(message)

        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        held = _Held(network_of(scope["client"]))
        try:
            try:
                scope, receive = await self._admitted(scope, receive, held)
            except Refusal as refusal:
                await refusal.response()(scope, receive, guarded)
                return
            await self.app(scope, receive, guarded)
        finally:
            self._waiting[held.address] -= held.bytes
            if not self._waiting[held.address]:
                del self._waiting[held.address]
            self._direct -= held.direct

    async def _admitted(
        self, scope: Scope, receive: Receive, held: "_Held"
    ) -> tuple[Scope, Receive]:
        """The request as the application may see it.

        Args:
            scope: As it came.
            receive: Likewise.
            held: Of the request, to which is added what it takes until it is done.

        Raises:
            Refusal: It is none of the page's.
        """
        if scope["type"] != "http":
            raise Refusal(404, "Not found")
        headers = Headers(scope=scope)
        self._check_origin(scope["method"], headers)
        kept = [pair for pair in scope["headers"] if not _names_the_server(pair[0])]
        scope = {**scope, "headers": kept}
        path, reads = scope["path"], scope["method"] in ("GET", "HEAD")
        takes_files = self.events.incoming is not None
        if reads and path == EVENTS:
            waiting = _EVENTS_OF.fullmatch(scope["query_string"])
            if waiting is None or not self._sessions.knows(waiting[1].decode()):
                raise Refusal(404, "Not found")
            return scope, receive
        if reads and (READ.fullmatch(path) or (takes_files and path == PROGRESS)):
            return _without_a_page(scope), receive
        if reads or scope["method"] != "POST":
            raise Refusal(404, "Not found")
        length = _length(headers)
        if path == UPLOAD and self.events.incoming is not None:
            _check_length(length, self.events.incoming.limits.batch_bytes)
            return scope, receive
        if path not in (QUEUED, DIRECT):
            raise Refusal(404, "Not found")
        _check_length(length, MOST_BYTES)
        return await self._asked(scope, receive, held)

    def _check_origin(self, method: str, headers: Headers) -> None:
        # Another site's page can send requests here from the reader's own browser. Only to this
        # machine or over HTTPS do browsers say where from in Sec-Fetch-Site; Origin they send
        # with all but plain reading, of which another site's page cannot see the reply.
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        host = headers.get("host", "")
        # A browser always says by which name it asks.
        if self.hosts and "host" in headers and _name(f"//{host}") not in self.hosts:
            raise Refusal(400, "Host not allowed")
        foreign = origin is not None and origin.partition("://")[2] != host
        if foreign or (method != "GET" and site not in ("none", "same-origin")):
            raise Refusal(403, "Cross-site request refused")

    async def _asked(self, scope: Scope, receive: Receive, held: "_Held") -> tuple[Scope, Receive]:
        """An event of the page, checked."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await self._body(receive, held)
            event = self.events.parse(body, queued=scope["path"] == QUEUED)
        except TimeoutError as error:
            raise Refusal(408, "Request too slow") from error
        except RefusedEvent as error:
            raise Refusal(422, f"Event refused: {error}") from error
        if not self._sessions.admit(event.session, held.address):
            raise Refusal(503, "Too many pages are open; close some, or try again in a while")
        if scope["path"] == DIRECT:
            if self._direct >= MOST_DIRECT:
                raise Refusal(503, "Too many requests at a time; try again later")
            self._direct += 1
            held.direct = 1
        kept = [pair for pair in scope["headers"] if pair[0].lower() != b"content-length"]
        length = (b"content-length", str(len(event.body)).encode())
        return {**scope, "headers": [*kept, length]}, _replayed(event.body, receive)

    async def _body(self, receive: Receive, held: "_Held") -> bytes:
        """All of a request's body; the server holds it to the length that was declared.

        Raises:
            Refusal: The client is gone, or too much is coming from others.
        """
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise Refusal(400, "Request broken off")
            part: bytes = message.get("body", b"")
            body += part
            held.bytes += len(part)
            self._waiting[held.address] += len(part)
            theirs, of_all = self._waiting[held.address], self._waiting.total()
            if of_all > MOST_WAITING_BYTES or theirs > SHARE * MOST_WAITING_BYTES:
                raise Refusal(503, "Too many requests at a time; try again later")
            if not message.get("more_body", False):
                return bytes(body)


@dataclass(slots=True)
class _Held:
    """What one request takes of what all share, until it is done."""

    address: str
    bytes: int = 0
    direct: int = 0


def _replayed(body: bytes, receive: Receive) -> Receive:
    """What hands over a body that was read already, then what comes behind it."""
    waiting = [body]

    async def replay() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replay


def _without_a_page(scope: Scope) -> Scope:
    """The request without what only pages that Gradio could have, and this one has not, are for."""
    if scope["path"] == "/" and not _THEME.fullmatch(scope["query_string"]):
        return {**scope, "query_string": b""}
    return scope


def _length(headers: Headers) -> int:
    """How many bytes a request declares that it sends.

    Raises:
        Refusal: It does not say.
    """
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal()) or "transfer-encoding" in headers:
        raise Refusal(411, "Content-Length required")
    return int(length) if len(length) < 20 else 10**20


def _check_length(length: int, most: int) -> None:
    if length > most:
        raise Refusal(413, f"At most {most:,} bytes are taken at a time")


def _names_the_server(name: bytes) -> bool:
    return name.lower().startswith(_PROXY_HEADERS)


def _name(address: str) -> str | None:
    """The host in an address without its port; none if it is no address."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
