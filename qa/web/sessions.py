"""Sessions: whose the open pages are, and how many one caller may have.

Gradio keeps state for each session that a client names and, beyond a number of sessions, drops
the state of the oldest: a client that invents sessions would break the pages of others.
"""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable

MAX_SESSIONS = 400
"""Sessions in all. Gradio stores what the page of each shows, up to a megabyte of conversation and
sources, until an hour after it was closed."""

MAX_SESSIONS_PER_CALLER = 128
"""Of them of one caller; where no keys are needed, all users behind a proxy are one."""

SESSION_SECONDS = 600.0
"""Time without an event after which a session no longer counts."""


class Sessions:
    """The sessions with a recent event. Not safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._recent: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._counts: Counter[str] = Counter()

    def admit(self, session: str, caller: str) -> bool:
        """Whether an event of the session is accepted; it is recent from then on.

        Args:
            session: As the client named it; of nobody yet, or of this caller.
            caller: Who sent the event.
        """
        now = self._clock()
        known = self._recent.pop(session, None)
        if known is not None:
            self._recent[session] = known[0], now
            return True
        self._expire(now - SESSION_SECONDS)
        if len(self._recent) >= MAX_SESSIONS or self._counts[caller] >= MAX_SESSIONS_PER_CALLER:
            return False
        self._recent[session] = caller, now
        self._counts[caller] += 1
        return True

    def owner(self, session: str) -> str | None:
        """Who sent the events of the session; none if it had no recent one."""
        known = self._recent.get(session)
        return known[0] if known else None

    def _expire(self, before: float) -> None:
        while self._recent:
            session, (caller, last_event) = next(iter(self._recent.items()))
            if last_event > before:
                return
            del self._recent[session]
            self._counts[caller] -= 1
            if not self._counts[caller]:
                del self._counts[caller]
