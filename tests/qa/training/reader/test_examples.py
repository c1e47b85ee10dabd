from dataclasses import replace
from random import Random

import pytest

from qa.evaluation.datasets import Question
from qa.training.reader.augmentation import Names
from qa.training.reader.examples import (
    MAX_NEGATIVES,
    NEGATIVES_ODDS,
    WITHOUT_ANSWER_ODDS,
    Source,
    examples_of,
)


def test_question_is_read_with_its_hard_negatives(questions: list[Question]) -> None:
    others = [Question("", "", f"Nothing of kind {at}.", "other", ()) for at in range(8)]
    source = Source(questions * 40, 1.0, [others] * (40 * len(questions)))
    drawn = examples_of([source], Names([]), Random(0))
    count = 40 * len(questions)
    own = {question.context for question in questions}
    # Without those in which something was swapped, which are read with nothing else.
    groups = [group for group in drawn if group[0].gold or group[0].text not in own]
    assert len(groups) == count
    negatives = [[each for each in group if each.text.startswith("Nothing")] for group in groups]
    read = [drawn for drawn in negatives if drawn]
    assert len(read) / count == pytest.approx(NEGATIVES_ODDS, abs=0.08)
    assert {len(drawn) for drawn in read} == set(range(1, MAX_NEGATIVES + 1))
    assert all(len({each.text for each in drawn}) == len(drawn) for drawn in read)
    assert all(each.gold is None for drawn in read for each in drawn)
    without = [group for group in groups if not any(each.gold for each in group)]
    assert len(without) / len(read) == pytest.approx(WITHOUT_ANSWER_ODDS, abs=0.06)
    for group in groups:
        assert len({each.question for each in group}) == 1
        golds = [(each.text, each.gold) for each in group if each.gold]
        assert len(golds) <= 1
        for text, gold in golds:
            assert text[gold.start : gold.end] == gold.text


def test_question_without_an_answer_is_read_alone(questions: list[Question]) -> None:
    unanswered = [replace(question, answers=()) for question in questions]
    source = Source(unanswered * 9, 1.0, [questions[:3]] * (9 * len(questions)))
    groups = examples_of([source], Names([]), Random(0))
    assert [len(group) for group in groups] == [1] * (9 * len(questions))


def test_question_with_something_swapped_is_a_group_of_its_own(questions: list[Question]) -> None:
    with_year = [
        replace(question, text=f"{question.text[:-1]} in {question.answers[0].text}?")
        for question in questions
    ]
    groups = examples_of([Source(with_year * 40)], Names([]), Random(0))
    swapped = [group for group in groups if not group[0].gold]
    assert 0.1 < len(swapped) / (40 * len(questions)) < 0.3
    assert {len(group) for group in groups} == {1}


def test_share_of_a_source_is_drawn(questions: list[Question]) -> None:
    some = examples_of([Source(questions * 40, 0.25)], Names([]), Random(0))
    drawn = [group for group in some if group[0].gold]
    assert 0.15 < len(drawn) / (40 * len(questions)) < 0.35
