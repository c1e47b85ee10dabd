"""Connections: bounded in number, and in the time that a request or a response may stand still.

uvicorn limits neither the number of connections nor the time until a request's head is complete:
a client that opens connections and sends half a head on each locks out everybody else. Nor does it
limit how long a response waits for a client that does not read it.
"""

import asyncio
from collections import Counter
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from qa.api.clients import client_network
from qa.api.problem_response import MEDIA_TYPE, details_of
from qa.service.problems import Problem

HEAD_SECONDS = 10.0
"""From the first byte that may begin a request, or the connection, to the end of its head.

Chosen by hand.
"""

STALL_SECONDS = 30.0
"""Time in which a client that is sent more than is buffered for it must take a byte.

Chosen by hand.
"""

MAX_CONNECTIONS = 600
"""Open at a time: a process may open 1,024 files unless its owner raises that limit."""

MAX_CONNECTIONS_PER_ADDRESS = 300
"""Of them from one address; a browser opens six, of which an open page keeps one or two."""

MAX_HEADS_PER_ADDRESS = 64
"""Of them those whose request head is not complete, from one address."""

BACKLOG = 64
"""Length of the socket's queue; asyncio accepts as many connections before it handles one."""


class LimitedConnection(H11Protocol):
    """One connection; when there are too many, the oldest one without a request is aborted."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._is_refused = False
        self._opened_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Start the connection, and abort another one if there are too many."""
        super().connection_made(transport)
        self._opened_at = self.loop.time()
        self._start_deadline()
        self._enforce_limits()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the deadlines."""
        self._cancel_deadline()
        self._cancel_stall()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Let the response wait until the client has taken most of what is buffered for it."""
        super().pause_writing()
        self._watch_stall()

    def resume_writing(self) -> None:
        """Let the response go on."""
        self._cancel_stall()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, or has a head of more than 64 KB, as a problem."""
        problem = Problem("invalid-request", "This is no request of HTTP, or its head is too long.")
        headers = [("Content-Type", MEDIA_TYPE), ("Connection", "close")]
        content = details_of(problem).model_dump_json().encode()
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=content),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        # To close while the client still sends would take the response away from it. The deadline
        # of the head goes on.
        self._is_refused = True
        self.transport.write_eof()

    def data_received(self, data: bytes) -> None:
        """Process the bytes; half a head does not extend the deadline."""
        if self._is_refused:
            return
        super().data_received(data)
        if not self.awaits_head:
            self._cancel_deadline()
        elif self._deadline is None:
            self._start_deadline()

    @property
    def awaits_head(self) -> bool:
        """Whether neither a request's body nor its response is pending."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def address(self) -> str:
        """The client's, see ``client_network``."""
        return client_network(self.client)

    def abort(self) -> None:
        """Close the connection without a response."""
        self._cancel_deadline()
        self.connections.discard(self)
        self.transport.abort()

    def _start_deadline(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._expire)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self) -> None:
        self._deadline = None
        if self.awaits_head:
            self.abort()

    def _watch_stall(self) -> None:
        size = self.transport.get_write_buffer_size()
        self._stall = self.loop.call_later(STALL_SECONDS, self._abort_if_stalled, size)

    def _abort_if_stalled(self, size_before: int) -> None:
        if self.transport.get_write_buffer_size() >= size_before:
            self.abort()
        else:
            self._watch_stall()

    def _cancel_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _enforce_limits(self) -> None:
        """Abort a connection without a request if there are too many; this one if all have one."""
        open_connections = [
            connection
            for connection in self.connections
            if isinstance(connection, LimitedConnection)
        ]
        siblings = [each for each in open_connections if each.address == self.address]
        waiting = [sibling for sibling in siblings if sibling.awaits_head]
        if len(waiting) > MAX_HEADS_PER_ADDRESS:
            min(waiting, key=lambda sibling: sibling._opened_at).abort()
        elif len(siblings) > MAX_CONNECTIONS_PER_ADDRESS:
            self._oldest(waiting).abort()
        elif len(open_connections) > MAX_CONNECTIONS:
            waiting = [
                connection
                for connection in open_connections
                if connection.awaits_head and connection is not self
            ]
            busiest = self._of_busiest_address(open_connections, len(siblings))
            self._oldest(waiting or busiest).abort()

    def _of_busiest_address(
        self, connections: "list[LimitedConnection]", siblings: int
    ) -> "list[LimitedConnection]":
        """The connections of the address that has most; none if this address has as many."""
        counts = Counter(connection.address for connection in connections)
        address, most = counts.most_common(1)[0]
        if most <= siblings:
            return []
        return [connection for connection in connections if connection.address == address]

    def _oldest(self, connections: "list[LimitedConnection]") -> "LimitedConnection":
        others = [connection for connection in connections if connection is not self]
        return min(others, key=lambda other: other._opened_at, default=self)
