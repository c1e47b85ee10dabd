"""Outcomes: what came of each request, and what all of them come to."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["answered", "cancelled", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request.

    Attributes:
        caller: Who sent it.
        kind: "refused" is 429 or 503 as they are documented; all other problems are failures.
        seconds: Until then.
        detail: Code of the problem, or what was wrong.
    """

    caller: str
    kind: Kind
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the requests of a run come to.

    Attributes:
        kinds: Number of each kind.
        details: Number of each detail.
        throughput: Answers a second.
        p50: Seconds of the answers, median.
        p95: Seconds of the answers, 95th percentile.
        answers: By caller.
    """

    kinds: dict[str, int]
    details: dict[str, int]
    throughput: float
    p50: float
    p95: float
    answers: dict[str, int]

    @property
    def fairness(self) -> float:
        """Answers of the caller that got least to those of the one that got most, 0 to 1."""
        return min(self.answers.values()) / max(1, *self.answers.values())


def summary(outcomes: Sequence[Outcome], seconds: float) -> Summary:
    """The summary of a run that took so many seconds."""
    answered = sorted(each.seconds for each in outcomes if each.kind == "answered")
    by_caller = Counter({each.caller: 0 for each in outcomes})
    by_caller.update(each.caller for each in outcomes if each.kind == "answered")
    return Summary(
        kinds=dict(Counter(each.kind for each in outcomes)),
        details=dict(Counter(each.detail for each in outcomes if each.detail)),
        throughput=len(answered) / seconds,
        p50=quantile(answered, 0.5),
        p95=quantile(answered, 0.95),
        answers=dict(sorted(by_caller.items())),
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share does not exceed; not a number of none.

    >>> quantile([1, 2, 3, 4], 0.5), quantile([1, 2, 3, 4], 0.95)
    (2, 4)
    """
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
