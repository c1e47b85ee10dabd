"""Connections: bounded in number, and none waits for its request for ever.

uvicorn limits neither how many connections there are nor how long the head of a request may
take: a client that opens connections and sends half a head each shuts everybody else out.
"""

import asyncio
from collections import Counter
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from qa.web.addresses import network_of

HEAD_SECONDS = 10.0
"""From the first byte that may begin a request, or the connection, to the end of its head."""

MOST_CONNECTIONS = 600
"""Open at a time: a process may open 1,024 files unless its owner is given more."""

MOST_OF_AN_ADDRESS = 300
"""Of them from one address; a browser opens six, of which an open page keeps one or two."""

MOST_UNFINISHED = 64
"""Of them those whose request has not been told yet, from one address."""

BACKLOG = 64
"""Connections accepted at a time: asyncio accepts so many before any of them is looked at."""


class LimitedConnection(H11Protocol):
    """One connection; when there are too many, the oldest that has not asked anything goes."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Take the connection, or make room for it."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._expect_head()
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._head_has_come()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; half a head does not begin its time anew."""
        super().data_received(data)
        if not self.awaits_head:
            self._head_has_come()
        elif self._deadline is None:
            self._expect_head()

    @property
    def awaits_head(self) -> bool:
        """Whether no request is being answered, nor its body awaited."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def address(self) -> str:
        """Of the client, see ``network_of``."""
        return network_of(self.client)

    def drop(self) -> None:
        """End the connection without another word."""
        self._head_has_come()
        self.connections.discard(self)
        self.transport.abort()

    def _expect_head(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._expire)

    def _head_has_come(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self) -> None:
        self._deadline = None
        if self.awaits_head:
            self.drop()

    def _make_room(self) -> None:
        """Drop a connection that only waits if there are too many, or this one if there is none."""
        all_of_them = [
            connection
            for connection in self.connections
            if isinstance(connection, LimitedConnection)
        ]
        ours = [one for one in all_of_them if one.address == self.address]
        waiting = [our for our in ours if our.awaits_head]
        if len(waiting) > MOST_UNFINISHED:
            min(waiting, key=lambda one: one._since).drop()
        elif len(ours) > MOST_OF_AN_ADDRESS:
            self._oldest(waiting).drop()
        elif len(all_of_them) > MOST_CONNECTIONS:
            waiting = [one for one in all_of_them if one.awaits_head and one is not self]
            self._oldest(waiting or self._of_the_greediest(all_of_them, len(ours))).drop()

    def _of_the_greediest(
        self, connections: "list[LimitedConnection]", ours: int
    ) -> "list[LimitedConnection]":
        """Those of the address that has most; none if that is this connection's own."""
        counts = Counter(connection.address for connection in connections)
        address, most = counts.most_common(1)[0]
        return [one for one in connections if one.address == address] if most > ours else []

    def _oldest(self, connections: "list[LimitedConnection]") -> "LimitedConnection":
        others = [connection for connection in connections if connection is not self]
        return min(others, key=lambda other: other._since, default=self)
