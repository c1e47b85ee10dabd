"""Sessions: how many open pages one address may have.

Gradio keeps state for each session that a client names and, beyond a number of sessions, drops
the state of the oldest: a client that invents sessions would break the pages of others.
"""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable

MAX_SESSIONS = 400
"""Sessions in all. Gradio stores what the page of each shows, up to a megabyte of conversation and
sources, until an hour after it was closed."""

MAX_SESSIONS_PER_ADDRESS = 128
"""Of them from one address; behind a proxy all users have the proxy's."""

SESSION_SECONDS = 600.0
"""Time without an event after which a session no longer counts."""


class Sessions:
    """The sessions with a recent event. Not safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._recent: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._counts: Counter[str] = Counter()

    def admit(self, session: str, address: str) -> bool:
        """Whether an event of the session is accepted; it is recent from then on.

        Args:
            session: As the client named it.
            address: Of the client.
        """
        now = self._clock()
        known = self._recent.pop(session, None)
        if known is not None:
            self._recent[session] = known[0], now
            return True
        self._expire(now - SESSION_SECONDS)
        if len(self._recent) >= MAX_SESSIONS or self._counts[address] >= MAX_SESSIONS_PER_ADDRESS:
            return False
        self._recent[session] = address, now
        self._counts[address] += 1
        return True

    def is_known(self, session: str) -> bool:
        """Whether the session had a recent event."""
        return session in self._recent

    def _expire(self, before: float) -> None:
        while self._recent:
            session, (address, last_event) = next(iter(self._recent.items()))
            if last_event > before:
                return
            del self._recent[session]
            self._counts[address] -= 1
            if not self._counts[address]:
                del self._counts[address]
