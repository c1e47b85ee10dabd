"""Pacing: how much is encoded at once, so that something is committed every few seconds.

Batches of many passages are the fastest, for those of like length can be encoded together. What
is encoded but not committed is lost when a run is interrupted; how much that may be depends on the
speed of the machine, which is measured from batch to batch.
"""

import time
from collections.abc import Callable, Sequence

from embeddings.passages import Passage

COMMIT_SECONDS = 3.0
"""Between two commits, as far as a single document does not take longer. Chosen by hand."""

FIRST_SPEED = 10_000.0
"""Characters a second that are expected of the first batch: a tenth of what two cores do, so that
a slow machine commits soon, too."""

_SHORTEST_SECONDS = 1e-3  # below it a clock tells nothing


class CommitPace:
    """Decides when the passages that wait are encoded and committed.

    >>> pace = CommitPace(512, clock=lambda: 0.0)
    >>> pace.is_large([Passage(0, 9, "Fifty tons.", "", ())] * 512), pace.is_due
    (True, False)

    Args:
        most: Passages to encode at once.
        clock: Seconds from any beginning on.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._speed = FIRST_SPEED
        self._committed = clock()
        self._passages = 0
        self._characters = 0

    def add(self, passages: Sequence[Passage]) -> None:
        """Count passages that wait from now on."""
        self._passages += len(passages)
        self._characters += _characters(passages)

    def is_large(self, passages: Sequence[Passage]) -> bool:
        """Whether passages of one document are a batch of their own."""
        seconds = _characters(passages) / self._speed
        return len(passages) >= self._most or seconds >= COMMIT_SECONDS

    @property
    def is_due(self) -> bool:
        """Whether to encode now what waits."""
        return self._passages >= self._most or not self.seconds_left

    @property
    def seconds_left(self) -> float:
        """Until what waits must be encoded, to be committed in time; 0 if that is now."""
        since = self._clock() - self._committed
        return max(0.0, COMMIT_SECONDS - since - self._characters / self._speed)

    def committed(self, encoding_seconds: float) -> None:
        """All that waited is committed.

        Args:
            encoding_seconds: That encoding it took.
        """
        if self._characters:
            self._speed = self._characters / max(encoding_seconds, _SHORTEST_SECONDS)
        self._passages = self._characters = 0
        self._committed = self._clock()


def _characters(passages: Sequence[Passage]) -> int:
    return sum(len(passage.context) + len(passage.text) for passage in passages)
