from random import Random

import numpy as np
import pytest
from tokenizers import Tokenizer

from qa.evaluation.datasets import Gold, Question
from qa.reading.windows import WindowTokenizer
from qa.training.reader.batches import BATCH_SIZE, batches_of, padded, tokens_of
from qa.training.reader.examples import Example

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


def groups_of(questions: list[Question]) -> list[list[Example]]:
    """Groups of one, two, three and four windows."""
    found = []
    for at, question in enumerate(questions * 7):
        negatives = [Example(question.text, "", each.context, None) for each in questions[: at % 4]]
        found.append(
            [Example(question.text, "", question.context, question.answers[0]), *negatives]
        )
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
        assert len({tuple(w.ids[: list(w.ids).index(SEPARATOR)]) for w, _ in group}) == 1
        assert sum(span != (0, 0) for _, span in group) == 1
    batch = padded(batches[0], pad_id=0)
    found = [labelled for group in batches[0] for labelled in group]
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
    first, second = (batches_of(groups_of(questions), tokenizer, Random(seed)) for _ in range(2))
    assert [[[w.ids.tolist() for w, _ in group] for group in batch] for batch in first] == [
        [[w.ids.tolist() for w, _ in group] for group in batch] for batch in second
    ]
