"""The figures of a small set, worked by hand."""

import pytest

from qa.evaluation.datasets import Gold, Question
from qa.evaluation.scores import Outcome, half_unanswerable, retrieval_scores, score


def outcome(number: int, right: str, given: str, confidence: float, seconds: float = 1) -> Outcome:
    golds = (Gold(right, 0),) if right else ()
    question = Question(str(number), f"question {number}?", right, "", golds)
    return Outcome(question, given, confidence, seconds, citations=2, exact_citations=2)


OUTCOMES = [
    outcome(1, "50 tons", "50 tons", 0.9),
    outcome(2, "50 tons of aid", "50 tons", 0.7, seconds=2),
    outcome(3, "Doha", "Cairo", 0.6, seconds=3),
    outcome(4, "Astana", "Astana", 0.2, seconds=4),
    outcome(5, "", "Cairo", 0.8, seconds=5),
    outcome(6, "", "Doha", 0.1, seconds=6),
]


def test_answers_are_scored_as_by_hand() -> None:
    found = score(OUTCOMES, threshold=0.5)
    assert (found.answerable, found.unanswerable) == (4, 2)
    assert found.exact == 2 / 4
    # "50 tons" against "50 tons of aid" has 2 words in common of 2 and 4.
    assert found.f1 == pytest.approx((1 + 2 / 3 + 0 + 1) / 4)
    assert found.with_threshold == pytest.approx((1 + 2 / 3 + 0 + 0) / 4)
    assert found.refused == 1 / 2
    # Answered: 1, 2, 3 and 5; three of them can be answered, of four that can.
    assert (found.precision, found.recall) == (3 / 4, 3 / 4)
    # Of the 8 pairs, the answerable one is surer in (1,5) (1,6) (2,6) (3,6) (4,6).
    assert found.auroc == pytest.approx(5 / 8)
    assert (found.citations, found.exact_citations) == (12, 1.0)
    assert found.seconds == (3.5, 5.75)


def test_risk_and_calibration_count_an_answer_to_the_unanswerable_as_wrong() -> None:
    found = score(OUTCOMES, threshold=0.5)
    # In order of confidence: 1 right, 5 wrong, 2 right, 3 wrong, 4 right, 6 wrong.
    assert found.risk[-1] == (1.0, 0.5)
    assert found.risk[4] == pytest.approx((0.5, 1 / 3))
    assert found.risk_answerable[4] == (0.5, 0.0)
    gaps = (0.9 - 1, 0.8 - 0, 0.7 - 1, 0.6 - 0, 0.2 - 1, 0.1 - 0)
    assert found.calibration_error == pytest.approx(sum(map(abs, gaps)) / 6)


def test_mistakes_are_listed_by_falling_confidence() -> None:
    mistakes = score(OUTCOMES, threshold=0.5).mistakes
    assert [(mistake.given, mistake.right) for mistake in mistakes] == [
        ("Cairo", ()),
        ("Cairo", ("Doha",)),
        ("Doha", ()),
    ]


def test_set_of_one_kind_has_no_auroc() -> None:
    found = score(OUTCOMES[:4], threshold=0.5)
    assert (found.auroc, found.refused) == (None, None)
    assert score(OUTCOMES[4:], threshold=0.5).with_threshold is None


def test_half_is_unanswerable_and_no_question_is_on_both_sides() -> None:
    asked = [outcome(number, "x", "x", 0.5) for number in range(5)]
    taken_out = {number: outcome(number, "", "x", 0.5) for number in (1, 3)}
    half = half_unanswerable(asked, taken_out)
    assert [(outcome.question.id, bool(outcome.question.answers)) for outcome in half] == [
        ("1", False),
        ("3", False),
        ("0", True),
        ("2", True),
    ]


def test_recall_and_reciprocal_ranks_are_as_by_hand() -> None:
    found = retrieval_scores("ours", [1, 2, 6, 21, None])
    assert found.recall == {1: 1 / 5, 5: 2 / 5, 20: 3 / 5}
    assert found.mrr == pytest.approx((1 + 1 / 2 + 1 / 6 + 1 / 21) / 5)
