"""Tally: what an attack counted, as a line of figures, and how each fault is repeated."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from embeddings.errors import ChapterAndVerseError

SHOWN = 20
"""Faults of a kind of which it is printed how to repeat them; more say the same."""

MOST_TOLD = 600
"""Characters kept of how a fault is repeated."""


class Tally:
    """Counts trials, what was seen in them, and each breach of a promise.

    >>> tally = Tally("kills", ["lost", "half there"], seed=1)
    >>> tally.trials = 1000
    >>> tally.broken("lost", "trial 7: 03.txt")
    >>> tally.line
    '1,000 kills: 1 lost, 0 half there (seed 1)'
    """

    def __init__(self, what: str, promises: Sequence[str], seed: int) -> None:
        self.what = what
        self.seed = seed
        self.trials = 0
        self.seen: Counter[str] = Counter()
        self.faults: dict[str, list[str]] = {promise: [] for promise in promises}

    def broken(self, promise: str, how: str) -> None:
        """A promise was broken; ``how`` tells what is needed to repeat it."""
        self.faults[promise].append(how[:MOST_TOLD])

    @contextmanager
    def ours_alone(self, promise: str, how: str) -> Iterator[None]:
        """Whatever is raised inside breaks the promise; an error of ours is told in its words."""
        try:
            yield
        except ChapterAndVerseError as error:
            self.broken(promise, f"{how}: {error}")
        except Exception as error:  # what an attack may bring about is not known beforehand
            self.broken(promise, f"{how}: {type(error).__name__}: {error}")

    @property
    def kept(self) -> bool:
        """Whether no promise was broken."""
        return not any(self.faults.values())

    @property
    def line(self) -> str:
        """All figures."""
        counts = [f"{len(hows):,} {promise}" for promise, hows in self.faults.items()]
        seen = [f"{count:,} {what}" for what, count in self.seen.items()]
        beside = f"; {', '.join(seen)}" if seen else ""
        return f"{self.trials:,} {self.what}: {', '.join(counts)}{beside} (seed {self.seed})"

    def told(self) -> str:
        """The line of figures, and below it how to repeat what broke a promise."""
        lines = [self.line]
        for promise, hows in self.faults.items():
            lines += [f"  {promise}: {how}" for how in hows[:SHOWN]]
            if len(hows) > SHOWN:
                lines.append(f"  {promise}: {len(hows) - SHOWN:,} more")
        return "\n".join(lines)
