"""Tally: the counts of an attack, and how to repeat each fault."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from embeddings.errors import ChapterAndVerseError

MAX_SHOWN = 20
"""Faults of a kind that are printed; the others are counted."""

MAX_FAULT_CHARACTERS = 600
"""Characters stored of a fault."""


class Tally:
    """Counts trials, events in them, and broken promises.

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
        """Record a broken promise; ``how`` is what is needed to repeat it."""
        self.faults[promise].append(how[:MAX_FAULT_CHARACTERS])

    @contextmanager
    def only_own_errors(self, promise: str, how: str) -> Iterator[None]:
        """Record whatever is raised inside as a broken promise."""
        try:
            yield
        except ChapterAndVerseError as error:
            self.broken(promise, f"{how}: {error}")
        except Exception as error:  # what an attack may bring about is not known beforehand
            self.broken(promise, f"{how}: {type(error).__name__}: {error}")

    @property
    def passed(self) -> bool:
        """Whether no promise was broken."""
        return not any(self.faults.values())

    @property
    def line(self) -> str:
        """All figures, as a line."""
        counts = [
            f"{len(descriptions):,} {promise}" for promise, descriptions in self.faults.items()
        ]
        seen = [f"{count:,} {what}" for what, count in self.seen.items()]
        events = f"; {', '.join(seen)}" if seen else ""
        return f"{self.trials:,} {self.what}: {', '.join(counts)}{events} (seed {self.seed})"

    def report(self) -> str:
        """The line of figures, and below it how to repeat each fault."""
        lines = [self.line]
        for promise, descriptions in self.faults.items():
            lines += [f"  {promise}: {description}" for description in descriptions[:MAX_SHOWN]]
            if len(descriptions) > MAX_SHOWN:
                lines.append(f"  {promise}: {len(descriptions) - MAX_SHOWN:,} more")
        return "\n".join(lines)
