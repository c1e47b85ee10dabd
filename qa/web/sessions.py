"""Sessions: how many open pages one address may have.

Gradio keeps state for each session that a client names, and forgets that of the oldest beyond
a number: whoever makes up sessions would break the pages that others have open.
"""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable

MOST_SESSIONS = 400
"""Sessions in all. Gradio keeps what the page of each shows, up to a megabyte of conversation and
sources, for an hour after it is closed."""

MOST_OF_AN_ADDRESS = 128
"""Of them from one address; behind a proxy all readers have the proxy's."""

SECONDS = 600.0
"""After which a session that asks for nothing makes room for another."""


class Sessions:
    """The sessions that asked for something lately. For one thread at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._counts: Counter[str] = Counter()

    def admit(self, session: str, address: str) -> bool:
        """Whether a session may go on or begin.

        Args:
            session: As the client named it.
            address: Of the client.
        """
        now = self._clock()
        known = self._seen.pop(session, None)
        if known is not None:
            self._seen[session] = known[0], now
            return True
        self._forget(now - SECONDS)
        if len(self._seen) >= MOST_SESSIONS or self._counts[address] >= MOST_OF_AN_ADDRESS:
            return False
        self._seen[session] = address, now
        self._counts[address] += 1
        return True

    def knows(self, session: str) -> bool:
        """Whether a session asked for something lately."""
        return session in self._seen

    def _forget(self, before: float) -> None:
        while self._seen:
            session, (address, seen) = next(iter(self._seen.items()))
            if seen > before:
                return
            del self._seen[session]
            self._counts[address] -= 1
            if not self._counts[address]:
                del self._counts[address]
