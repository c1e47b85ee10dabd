"""Answers of the span reader, on a model whose logits are known."""

import pytest

from qa.reading.reader import Span
from qa.reading.span_reader import SpanReader
from tests.qa.reading.marked_model import MarkedModel, hit, quotes


@pytest.fixture(scope="module")
def model() -> MarkedModel:
    return MarkedModel()


def test_best_span_is_the_one_that_the_model_means(model: MarkedModel) -> None:
    hits = [hit(1, "It has many members."), hit(2, "It was founded in < 2013 > by them.")]
    (best, *_) = SpanReader(model).read("When was it founded?", hits)
    assert quotes(hits, best.spans) == ["2013"]
    assert best.spans == (Span(1, 120, 124),)
    assert not best.joined


def test_equal_answers_are_one_and_support_each_other(model: MarkedModel) -> None:
    alone = [hit(1, "Founded in < 2013 >."), hit(2, "It met in < 1999 >.")]
    agreed = [*alone, hit(3, "In < The 2013 > it began.")]
    one, other = (SpanReader(model).read("When?", hits)[0] for hits in (alone, agreed))
    assert quotes(agreed, other.spans) == ["2013", "The 2013"]
    assert other.confidence > one.confidence


def test_different_answers_stay_apart_and_overlapping_ones_do_not(model: MarkedModel) -> None:
    hits = [hit(1, "Founded in < the year 2013 >, it met in < 1999 >.")]
    answers = [quotes(hits, answer.spans)[0] for answer in SpanReader(model).read("When?", hits)]
    assert answers[0] in ("the year 2013", "1999")
    assert {"the year 2013", "1999"} <= set(answers)
    assert not {"year 2013", "2013"} & set(answers)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What are its tasks?", "- < fight hunger >\n- give aid"),
        ("Which is its first task?", "fight hunger"),
    ],
)
def test_question_for_several_things_is_answered_with_the_whole_list(
    model: MarkedModel, question: str, answer: str
) -> None:
    hits = [hit(1, "It has these tasks:\n- < fight hunger >\n- give aid\nIt is old.")]
    (best, *others) = SpanReader(model).read(question, hits)
    assert quotes(hits, best.spans) == [answer]
    assert all("give aid" not in quotes(hits, other.spans) for other in others if len(answer) > 20)


def test_no_hits_have_no_answers(model: MarkedModel) -> None:
    assert SpanReader(model).read("Why?", []) == []
