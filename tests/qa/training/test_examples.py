from dataclasses import replace
from random import Random

import numpy as np
import pytest
from tokenizers import Tokenizer

from qa.evaluation.datasets import Gold, Question
from qa.reading.windows import WindowTokenizer
from qa.training.examples import (
    BATCH_SIZE,
    MOST_RETRIEVED,
    RETRIEVED,
    TAKEN_OUT,
    Example,
    Source,
    batches_of,
    examples_of,
    padded,
    tokens_of,
)
from qa.training.variation import Names

SEPARATOR = 102
"""The token that BERT's vocabulary has for it."""


def test_tokens_of_the_answer_spell_it(tokenizer: Tokenizer, questions: list[Question]) -> None:
    for question in questions:
        (window,) = WindowTokenizer(tokenizer).split(
            [(question.text, question.context)], ["Some title"]
        )
        first, last = tokens_of(window, question.answers[0])
        assert tokenizer.decode(window.ids[first : last + 1].tolist()) == question.answers[0].text


def test_window_that_cuts_the_answer_has_none(tokenizer: Tokenizer) -> None:
    text = "word " * 40 + "in the year 2013"
    gold = Gold("in the year 2013", text.index("in the"))
    windows = WindowTokenizer(tokenizer, 32).split([("When?", text)], [""])
    found = [tokens_of(window, gold) for window in windows]
    assert found[0] == (0, 0)
    assert found[-1] != (0, 0)
    assert tokens_of(windows[-1], None) == (0, 0)


def test_question_is_read_together_with_what_lacks_its_answer(questions: list[Question]) -> None:
    others = [Question("", "", f"Nothing of kind {at}.", "other", ()) for at in range(8)]
    source = Source(questions * 40, 1.0, [others] * (40 * len(questions)))
    drawn = examples_of([source], Names([]), Random(0))
    count = 40 * len(questions)
    own = {question.context for question in questions}
    # Without those in which something was swapped, which are read with nothing else.
    groups = [group for group in drawn if group[0].gold or group[0].text not in own]
    assert len(groups) == count
    beside = [[one for one in group if one.text.startswith("Nothing")] for group in groups]
    read = [found for found in beside if found]
    assert len(read) / count == pytest.approx(RETRIEVED, abs=0.08)
    assert {len(found) for found in read} == set(range(1, MOST_RETRIEVED + 1))
    assert all(len({one.text for one in found}) == len(found) for found in read)
    assert all(one.gold is None for found in read for one in found)
    taken_out = [group for group in groups if not any(one.gold for one in group)]
    assert len(taken_out) / len(read) == pytest.approx(TAKEN_OUT, abs=0.06)
    for group in groups:
        assert len({one.question for one in group}) == 1
        answered = [one for one in group if one.gold]
        assert len(answered) <= 1
        for one in answered:
            assert one.gold and one.text[one.gold.start : one.gold.end] == one.gold.text


def test_question_without_an_answer_is_read_alone(questions: list[Question]) -> None:
    unanswered = [replace(question, answers=()) for question in questions]
    source = Source(unanswered * 9, 1.0, [questions[:3]] * (9 * len(questions)))
    groups = examples_of([source], Names([]), Random(0))
    assert [len(group) for group in groups] == [1] * (9 * len(questions))


def test_question_with_something_swapped_is_a_group_of_its_own(questions: list[Question]) -> None:
    asked = [
        replace(question, text=f"{question.text[:-1]} in {question.answers[0].text}?")
        for question in questions
    ]
    groups = examples_of([Source(asked * 40)], Names([]), Random(0))
    swapped = [group for group in groups if not group[0].gold]
    assert 0.1 < len(swapped) / (40 * len(questions)) < 0.3
    assert {len(group) for group in groups} == {1}


def test_share_of_a_source_is_drawn(questions: list[Question]) -> None:
    some = examples_of([Source(questions * 40, 0.25)], Names([]), Random(0))
    drawn = [group for group in some if group[0].gold]
    assert 0.15 < len(drawn) / (40 * len(questions)) < 0.35


def groups_of(questions: list[Question]) -> list[list[Example]]:
    """Groups of one, two, three and four windows."""
    found = []
    for at, question in enumerate(questions * 7):
        beside = [Example(question.text, "", other.context, None) for other in questions[: at % 4]]
        found.append([Example(question.text, "", question.context, question.answers[0]), *beside])
    return found


def test_batches_hold_every_group_once_and_whole(
    tokenizer: Tokenizer, questions: list[Question]
) -> None:
    groups = groups_of(questions)
    batches = batches_of(groups, tokenizer, Random(0))
    windows = [sum(map(len, batch)) for batch in batches]
    assert sum(windows) == sum(map(len, groups))
    assert sorted(len(group) for batch in batches for group in batch) == sorted(map(len, groups))
    assert max(windows) == BATCH_SIZE
    assert sorted(windows)[1] > BATCH_SIZE - max(map(len, groups))
    for group in (group for batch in batches for group in batch):
        # All are read for one question: the tokens up to the first separator.
        assert len({tuple(one.ids[: list(one.ids).index(SEPARATOR)]) for one, _ in group}) == 1
        assert sum(span != (0, 0) for _, span in group) == 1
    batch = padded(batches[0], pad_id=0)
    found = [one for group in batches[0] for one in group]
    assert batch.ids.shape[1] % 8 == 0
    assert (batch.mask.sum(axis=1) == [len(window.ids) for window, _ in found]).all()
    assert (batch.ids[batch.mask == 0] == 0).all()
    assert np.bincount(batch.groups).tolist() == [len(group) for group in batches[0]]
    for row, (first, last) in enumerate(batch.spans):
        assert batch.inside[row, first : last + 1].all() or first == last == 0


def test_group_larger_than_a_batch_is_a_batch(
    tokenizer: Tokenizer, questions: list[Question]
) -> None:
    batches = batches_of(groups_of(questions), tokenizer, Random(0), size=2)
    assert max(sum(map(len, batch)) for batch in batches) == 4
    assert all(len(batch) == 1 for batch in batches if sum(map(len, batch)) > 2)


@pytest.mark.parametrize("seed", [1, 2])
def test_batches_are_the_same_for_the_same_seed(
    tokenizer: Tokenizer, questions: list[Question], seed: int
) -> None:
    one, other = (batches_of(groups_of(questions), tokenizer, Random(seed)) for _ in range(2))
    assert [[[w.ids.tolist() for w, _ in group] for group in batch] for batch in one] == [
        [[w.ids.tolist() for w, _ in group] for group in batch] for batch in other
    ]
