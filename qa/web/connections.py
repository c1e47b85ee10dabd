"""Connections: bounded in number, and in the time that a request may take to arrive.

uvicorn limits neither the number of connections nor the time until a request's head is complete:
a client that opens connections and sends half a head on each locks out everybody else.
"""

import asyncio
from collections import Counter
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from qa.api.addresses import client_network

HEAD_SECONDS = 10.0
"""From the first byte that may begin a request, or the connection, to the end of its head.

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
        self._opened_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Start the connection, and abort another one if there are too many."""
        super().connection_made(transport)
        self._opened_at = self.loop.time()
        self._start_deadline()
        self._enforce_limits()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the deadline."""
        self._cancel_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Process the bytes; half a head does not extend the deadline."""
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
