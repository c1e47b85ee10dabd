"""What the requests of a run come to, by hand."""

import math

import pytest

from tests.benchmarks.load.outcomes import Outcome, summary


def test_summary_counts_answers_by_caller() -> None:
    outcomes = [
        Outcome("a", "answered", 1.0),
        Outcome("a", "answered", 2.0),
        Outcome("a", "refused", 0.1, "busy"),
        Outcome("b", "answered", 3.0),
        Outcome("b", "cancelled", 0.2),
        Outcome("b", "failed", 0.2, "500 internal"),
    ]
    found = summary(outcomes, 2)
    assert found.kinds == {"answered": 3, "refused": 1, "cancelled": 1, "failed": 1}
    assert found.details == {"busy": 1, "500 internal": 1}
    assert (found.throughput, found.p50, found.p95) == (1.5, 2.0, 3.0)
    assert (found.answers, found.fairness) == ({"a": 2, "b": 1}, 0.5)


@pytest.mark.parametrize("others", [[], [Outcome("b", "answered", 1.0)]])
def test_caller_without_an_answer_counts(others: list[Outcome]) -> None:
    found = summary([Outcome("a", "refused", 0.1, "busy"), *others], 1)
    assert found.answers["a"] == 0 and found.fairness == 0
    assert math.isnan(found.p95) == (not others)
