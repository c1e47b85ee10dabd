from random import Random

import pytest
from tokenizers import Tokenizer

from qa.questions import Gold, Question
from qa.training.examples import (
    BATCH_SIZE,
    Example,
    Source,
    batches_of,
    examples_of,
    padded,
    tokens_of,
)
from qa.training.variation import Names
from qa.windows import Cutter


def test_tokens_of_the_answer_spell_it(tokenizer: Tokenizer, questions: list[Question]) -> None:
    for question in questions:
        (window,) = Cutter(tokenizer).cut([(question.text, question.context)], ["Some title"])
        first, last = tokens_of(window, question.answers[0])
        assert tokenizer.decode(window.ids[first : last + 1].tolist()) == question.answers[0].text


def test_window_that_cuts_the_answer_has_none(tokenizer: Tokenizer) -> None:
    text = "word " * 40 + "in the year 2013"
    gold = Gold("in the year 2013", text.index("in the"))
    windows = Cutter(tokenizer, 32).cut([("When?", text)], [""])
    found = [tokens_of(window, gold) for window in windows]
    assert found[0] == (0, 0)
    assert found[-1] != (0, 0)
    assert tokens_of(windows[-1], None) == (0, 0)


def test_question_comes_again_with_what_lacks_its_answer(questions: list[Question]) -> None:
    other = Question("", "", "Nothing of the kind.", "other", ())
    source = Source(questions * 20, 1.0, [[other]] * (20 * len(questions)))
    examples = examples_of([source], Names([]), Random(0))
    negatives = [one for one in examples if one.text == other.context]
    assert all(one.gold is None for one in negatives)
    assert 0.35 < len(negatives) / (20 * len(questions)) < 0.65
    answered = [one for one in examples if one.gold]
    assert all(one.text[one.gold.start : one.gold.end] == one.gold.text for one in answered)  # type: ignore[union-attr]  # filtered above


def test_share_of_a_source_is_drawn(questions: list[Question]) -> None:
    some = examples_of([Source(questions * 40, 0.25)], Names([]), Random(0))
    drawn = [one for one in some if one.gold]
    assert 0.15 < len(drawn) / (40 * len(questions)) < 0.35


def test_batches_hold_every_example_once_padded_alike(
    tokenizer: Tokenizer, questions: list[Question]
) -> None:
    examples = [Example(one.text, "", one.context, one.answers[0]) for one in questions * 7]
    batches = batches_of(examples, tokenizer, Random(0))
    assert sum(map(len, batches)) == len(examples)
    assert max(map(len, batches)) == BATCH_SIZE
    batch = padded(batches[0], pad_id=0)
    assert batch.ids.shape[1] % 8 == 0
    assert (batch.mask.sum(axis=1) == [len(window.ids) for window, _ in batches[0]]).all()
    assert (batch.ids[batch.mask == 0] == 0).all()
    for row, (first, last) in enumerate(batch.spans):
        assert batch.inside[row, first : last + 1].all()


@pytest.mark.parametrize("seed", [1, 2])
def test_batches_are_the_same_for_the_same_seed(
    tokenizer: Tokenizer, questions: list[Question], seed: int
) -> None:
    examples = [Example(one.text, "", one.context, one.answers[0]) for one in questions * 7]
    one, other = (batches_of(examples, tokenizer, Random(seed)) for _ in range(2))
    assert [[w.ids.tolist() for w, _ in batch] for batch in one] == [
        [w.ids.tolist() for w, _ in batch] for batch in other
    ]
