"""The choice between the wordings of a follow-up."""

from collections.abc import Callable

import pytest

from qa.conversation.resolution import resolve
from qa.conversation.understanding import Subquestion

THRESHOLD = 0.3

REFERS_BACK = Subquestion("When was it founded?", "When was A founded?", ("When was B founded?",))

MAY_STAND_ALONE = Subquestion("Who won?", "Who won A?", ("Who won B?",))


@pytest.mark.parametrize(
    ("subquestion", "confidences", "chosen"),
    [
        (REFERS_BACK, (0.6, 0.8, 0.89), 1),
        (REFERS_BACK, (0.6, 0.8, 0.91), 2),
        (REFERS_BACK, (0.1, 0.2, 0.31), 2),
        (REFERS_BACK, (0.1, 0.2, 0.29), 1),
        (MAY_STAND_ALONE, (0.8, 0.6, 0.8), 0),
        (MAY_STAND_ALONE, (0.8, 0.6, 0.81), 2),
    ],
)
def test_wording_with_the_highest_confidence_is_chosen(
    subquestion: Subquestion, confidences: tuple[float, ...], chosen: int
) -> None:
    wordings = subquestion.wordings
    by_wording = dict(zip(wordings, confidences, strict=True))
    assert resolve(subquestion, [by_wording.__getitem__], THRESHOLD) == wordings[chosen]


PROGRAM = "What is the name of the program?"


@pytest.mark.parametrize(
    ("as_typed", "rewritten", "chosen"),
    [(0.6, 0.99, 1), (0.59, 0.7, 0), (0.59, 0.5, 1), (0.2, 0.1, 0)],
)
def test_complete_question_that_is_answered_is_left_as_typed(
    as_typed: float, rewritten: float, chosen: int
) -> None:
    subquestion = Subquestion(PROGRAM, "What is the name of the program of the IOFS?")
    by_wording = dict(zip(subquestion.wordings, (rewritten, as_typed), strict=True))
    found = resolve(subquestion, [by_wording.__getitem__], THRESHOLD)
    assert found == subquestion.wordings[chosen]


def test_next_measure_is_used_where_no_wording_reaches_the_threshold() -> None:
    measures = [
        {"A?": 0.2, "B?": 0.2}.__getitem__,
        {"A?": 0.5, "B?": 0.1}.__getitem__,
        {"A?": 0.1, "B?": 0.9}.__getitem__,
    ]
    assert resolve(Subquestion("B?", "A?"), measures, THRESHOLD) == "A?"


def test_question_of_one_wording_is_not_measured() -> None:
    measures: list[Callable[[str], float]] = [{"B?": 0.5}.__getitem__]
    assert resolve(Subquestion("A?", "A?"), measures, THRESHOLD) == "A?"


def test_question_as_typed_is_not_measured_where_it_cannot_win() -> None:
    measures = [{"Is A?": 0.9}.__getitem__]
    assert resolve(Subquestion("Is it?", "Is A?"), measures, THRESHOLD) == "Is A?"
