"""Rates: how often a caller may ask, and how often a sign-in may fail, in a moving window."""

import math
import threading
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from qa.access.caller import Caller

DEFAULT_RATE = "120/minute"
"""Of a key that was given none, and of every token. Chosen by hand."""

FAILURE_RATE = "10/minute"
"""Wrong credentials that are looked at of one address, and of one key. Chosen by hand."""

MAX_REQUESTS = 10_000
"""Most of a rate: the time of each is kept in memory."""

MAX_SECONDS = 86_400
"""Longest window of a rate."""

_TIDY_SECONDS = 60.0


def parse_rate(text: str) -> RateLimitItem:
    """A rate as users give it.

    >>> parse_rate("60/minute"), parse_rate("5 per 2 seconds")
    (60 per 1 minute, 5 per 2 second)

    Raises:
        ValueError: It is none, or is out of bounds.
    """
    try:
        # `parse` reads the first of several, and drops the others.
        rate = parse(text) if len(text) <= 40 and not set(text) & set(",;|") else None
    except ValueError:
        rate = None
    if rate is None or not (
        1 <= rate.amount <= MAX_REQUESTS and 1 <= rate.get_expiry() <= MAX_SECONDS
    ):
        raise ValueError(
            f"expected a rate such as 60/minute, of at most {MAX_REQUESTS:,} requests in at most "
            f"a day, got {text!r}"
        )
    return rate


class _Windows:
    """Moving windows by name; what is older than its window takes no memory."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._lock = threading.Lock()
        self._tidied = time.monotonic()

    def take(self, rate: RateLimitItem, name: str) -> int:
        """Count an event of a name; 0, or, uncounted, the seconds until it fits the rate."""
        with self._lock:
            self._tidy()
            return 0 if self._limiter.hit(rate, name) else self._seconds(rate, name)

    def wait(self, rate: RateLimitItem, name: str) -> int:
        """Seconds until an event of a name fits the rate; 0 if one does."""
        with self._lock:
            return 0 if self._limiter.test(rate, name) else self._seconds(rate, name)

    def _seconds(self, rate: RateLimitItem, name: str) -> int:
        ends = self._limiter.get_window_stats(rate, name).reset_time
        return max(1, math.ceil(ends - time.time()))

    def _tidy(self) -> None:
        """Drop names whose windows are empty: the storage drops what has expired, not the name."""
        if time.monotonic() - self._tidied < _TIDY_SECONDS:
            return
        self._tidied = time.monotonic()
        for key in [key for key, events in self._storage.events.items() if not events]:
            self._storage.clear(key)


class Rates:
    """How often each caller asked lately, in this process. Safe to use from several threads."""

    def __init__(self) -> None:
        self._windows = _Windows()

    def check(self, caller: Caller) -> int:
        """Count a request; 0, or, uncounted, the seconds to wait before the next (HTTP says 429).

        Raises:
            ValueError: The caller's rate is none.
        """
        if caller.rate is None:
            return 0
        return self._windows.take(parse_rate(caller.rate), caller.name)


class Failures:
    """How often credentials were wrong lately, in this process. Safe for several threads."""

    def __init__(self) -> None:
        self._windows = _Windows()
        self._rate = parse_rate(FAILURE_RATE)

    def wait(self, name: str) -> int:
        """Seconds until other credentials of this address or key are looked at; 0 if now."""
        return self._windows.wait(self._rate, name)

    def add(self, name: str) -> None:
        """Count wrong credentials of an address or a key."""
        self._windows.take(self._rate, name)
