"""Bodies: ASGI middleware that receives the bodies of requests, and lets each caller have a share.

It comes after admission: whoever is not let in uses up nothing that others need.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.api.callers import caller_of
from qa.service.answer_queue import MAX_WAITING_OF_ONE
from qa.service.problems import Refused
from qa.web.events import Event, EventParser, RefusedEvent
from qa.web.guard import (
    DIRECT_EVENT,
    EVENT_STREAM,
    HEARTBEAT,
    MAX_EVENT_BYTES,
    PROGRAM_UPLOAD,
    QUEUED_EVENT,
    STREAM_QUERY,
    refusal,
)
from qa.web.receiving import UPLOAD
from qa.web.sessions import Sessions

BUSY_SECONDS = 60
"""After which a client that found the server busy may come again. Chosen by hand."""

MAX_PENDING_BYTES = 30 * MAX_EVENT_BYTES
"""Of the bodies of all requests that are being received or processed."""

MAX_DIRECT_EVENTS = 200
"""Direct events being processed or waiting for one of the server's 40 threads."""

CALLER_SHARE = 0.5
"""Share of each of them that one caller may use. Chosen by hand."""

MAX_QUEUED_EVENTS_OF_ONE = MAX_WAITING_OF_ONE
"""Queued events of one caller that wait until they are begun; Gradio's queue is for all."""

BODY_SECONDS = 30.0
"""Time in which a body must arrive. Chosen by hand."""

MAX_QUICK_BYTES = 100_000
"""Of an event that is parsed at once, in a millisecond; others are parsed in a thread."""


class Bodies:
    """Receives the bodies of requests in time, and checks the events of the page.

    A page's session belongs to the caller who sent its first event.

    Args:
        app: The application.
        events: Checks the events of the page.
        waiting: Returns the session of each queued event that is not begun yet.
        takes_files: Whether the application receives files, whose bodies are left to it.
    """

    def __init__(
        self,
        app: ASGIApp,
        events: EventParser,
        waiting: Callable[[], Iterable[str]] = tuple,
        *,
        takes_files: bool = False,
    ) -> None:
        self.app = app
        self.events = events
        self.waiting = waiting
        self.takes_files = takes_files
        self._sessions = Sessions()
        self._pending_bytes: Counter[str] = Counter()
        self._direct_events: Counter[str] = Counter()
        self._joining: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        usage = _Usage(caller_of(scope).name)
        try:
            try:
                scope, receive = await self._received(scope, receive, usage)
            except Refused as refused:
                await refusal(scope, refused)(scope, receive, send)
                return
            await self.app(scope, receive, send)
        finally:
            _give_back(self._pending_bytes, usage.caller, usage.bytes)
            _give_back(self._direct_events, usage.caller, usage.direct_events)
            _give_back(self._joining, usage.caller, usage.joining)

    async def _received(
        self, scope: Scope, receive: Receive, usage: "_Usage"
    ) -> tuple[Scope, Receive]:
        """The request with its body, unless that is of files.

        Args:
            scope: Of the request.
            receive: Of the request.
            usage: Updated with what the request uses.

        Raises:
            Refused: It is too slow, is none that the page sends, or is more than the caller's
                share.
        """
        path = scope["path"]
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            self._check_stream(scope, usage.caller)
            return scope, receive
        if self.takes_files and path in (UPLOAD, PROGRAM_UPLOAD):
            return scope, receive
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await self._body(receive, usage)
        except TimeoutError as error:
            raise Refused("too-slow", "Request too slow") from error
        if path not in (QUEUED_EVENT, DIRECT_EVENT):
            return scope, _replay(body, receive)
        event = await self._event(body, queued=path == QUEUED_EVENT)
        self._admit(event, path == QUEUED_EVENT, usage)
        headers = [pair for pair in scope["headers"] if pair[0].lower() != b"content-length"]
        length = (b"content-length", str(len(event.body)).encode())
        return {**scope, "headers": [*headers, length]}, _replay(event.body, receive)

    def _check_stream(self, scope: Scope, caller: str) -> None:
        """Refuse what belongs to the page of another caller, as if it was not there."""
        path = scope["path"]
        if path == EVENT_STREAM:
            named = STREAM_QUERY.fullmatch(scope["query_string"])
            owner = self._sessions.owner(named[1].decode()) if named else None
            is_others = owner != caller
        else:
            beats = HEARTBEAT.fullmatch(path)
            owner = self._sessions.owner(beats[1]) if beats else None
            # A page may be connected before its first event.
            is_others = owner not in (None, caller)
        if is_others:
            raise Refused("not-found", "Not found")

    async def _event(self, body: bytes, queued: bool) -> Event:
        try:
            if len(body) <= MAX_QUICK_BYTES:
                return self.events.parse(body, queued)
            return await asyncio.to_thread(self.events.parse, body, queued)
        except RefusedEvent as error:
            raise Refused("invalid-fields", f"Event refused: {error}") from error

    def _admit(self, event: Event, queued: bool, usage: "_Usage") -> None:
        """Count an event, if it is within the caller's share."""
        caller = usage.caller
        if self._sessions.owner(event.session) not in (None, caller):
            raise Refused("not-found", "Not found")
        if not self._sessions.admit(event.session, caller):
            raise Refused(
                "busy", "Too many open pages; close some or try again later", BUSY_SECONDS
            )
        if queued:
            waiting = sum(self._sessions.owner(session) == caller for session in self.waiting())
            if waiting + self._joining[caller] >= MAX_QUEUED_EVENTS_OF_ONE:
                sentence = "Too many of your questions are waiting; try again later"
                raise Refused("too-many-requests", sentence, BUSY_SECONDS)
            self._joining[caller] += 1
            usage.joining = 1
            return
        if _exceeds(self._direct_events, caller, 1, MAX_DIRECT_EVENTS):
            raise _too_many()
        self._direct_events[caller] += 1
        usage.direct_events = 1

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
            if _exceeds(self._pending_bytes, usage.caller, len(part), MAX_PENDING_BYTES):
                raise _too_many()
            body += part
            usage.bytes += len(part)
            self._pending_bytes[usage.caller] += len(part)
            if not message.get("more_body", False):
                return bytes(body)


@dataclass(slots=True)
class _Usage:
    """What one request adds to the shared limits until it is done."""

    caller: str
    bytes: int = 0
    direct_events: int = 0
    joining: int = 0


def _exceeds(counts: Counter[str], caller: str, more: int, most: int) -> bool:
    """Whether so many more are too many in all, or for the caller."""
    return counts.total() + more > most or counts[caller] + more > CALLER_SHARE * most


def _give_back(counts: Counter[str], caller: str, count: int) -> None:
    counts[caller] -= count
    if not counts[caller]:
        del counts[caller]


def _too_many() -> Refused:
    return Refused("busy", "Too many concurrent requests; try again later", BUSY_SECONDS)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives a body that was read already, then what follows it."""
    unread = [body]

    async def replay() -> Message:
        if unread:
            return {"type": "http.request", "body": unread.pop(), "more_body": False}
        return await receive()

    return replay
