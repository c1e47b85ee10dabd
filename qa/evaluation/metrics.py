"""Metrics of answers and of confidences.

EM and F1 are those of SQuAD's evaluation (Rajpurkar et al., 2016 and 2018); the expected
calibration error that of Guo et al. (2017); risk and coverage those of El-Yaniv and Wiener
(2010).
"""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from qa.text import normalise

BINS = 10
"""Of the expected calibration error."""

RIGHT_F1 = 0.5
"""F1 from which an answer counts as right. Chosen by hand; not fitted."""


def exact_match(given: str, right: str) -> float:
    """1 if both texts are the same when normalised, else 0."""
    return float(normalise(given) == normalise(right))


def f1(given: str, right: str) -> float:
    """Harmonic mean of the shares of words that the texts have in common, 0 to 1.

    An empty text agrees with an empty text alone, as in SQuAD 2.0.

    >>> f1("50 tons", "about 50 tons")
    0.8
    """
    words, others = normalise(given).split(), normalise(right).split()
    if not words or not others:
        return float(words == others)
    common = sum((Counter(words) & Counter(others)).values())
    return 2 * common / (len(words) + len(others))


def best(metric: Callable[[str, str], float], given: str, right: Sequence[str]) -> float:
    """The metric against the right answer that fits best; against no answer if there is none."""
    return max((metric(given, answer) for answer in right), default=metric(given, ""))


def calibration_error(confidences: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Expected calibration error over equal bins, 0 to 1.

    >>> calibration_error(np.array([0.95, 0.95, 0.15, 0.15]), np.array([1, 1, 0, 0], dtype=bool))
    0.1
    """
    bins = np.minimum((confidences * BINS).astype(int), BINS - 1)
    gaps = [
        abs(confidences[bins == at].mean() - right[bins == at].mean()) * (bins == at).mean()
        for at in range(BINS)
        if (bins == at).any()
    ]
    return round(float(sum(gaps)), 10)


def risk_at_coverage(
    confidences: NDArray[np.float64], right: NDArray[np.bool_]
) -> list[tuple[float, float]]:
    """Share of questions answered, and share of those that are wrong, at each tenth.

    The questions with the highest confidence are answered first.

    >>> risk_at_coverage(np.array([0.9, 0.2]), np.array([True, False]))[4::5]
    [(0.5, 0.0), (1.0, 0.5)]
    """
    ordered = right[np.argsort(-confidences, kind="stable")]
    counts = [max(1, round(len(ordered) * tenth / 10)) for tenth in range(1, 11)]
    return [
        (tenth / 10, float(1 - ordered[:count].mean())) for tenth, count in enumerate(counts, 1)
    ]


def best_threshold(
    confidences: NDArray[np.float64], scores: NDArray[np.float64], answerable: NDArray[np.bool_]
) -> tuple[float, float]:
    """The threshold with the best mean F1, and that F1, over both kinds in equal parts.

    An answerable question below the threshold scores 0, one without an answer scores 1 there
    and 0 above it, as in SQuAD 2.0.

    Args:
        confidences: ``(n,)``, 0 to 1.
        scores: ``(n,)``, F1 of the answer where there is one.
        answerable: ``(n,)``, which questions have an answer.

    >>> best_threshold(np.array([0.9, 0.4, 0.2]), np.array([1.0, 1, 0]), np.array([1, 1, 0]) > 0)
    (0.21, 1.0)
    """
    thresholds = np.arange(1, 100) / 100
    means = []
    for at in thresholds:
        given = confidences >= at
        with_answer = np.where(given, scores, 0.0)[answerable]
        without = (~given)[~answerable]
        means.append((float(with_answer.mean()) + float(without.mean())) / 2)
    highest = int(np.argmax(means))
    return float(thresholds[highest]), means[highest]
