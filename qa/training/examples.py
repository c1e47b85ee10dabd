"""Examples: what one epoch of training reads, as token windows in batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from qa.questions import Gold, Question
from qa.training.made import as_bullets
from qa.training.variation import Names, as_typed, near_miss
from qa.windows import Cutter, Window

BATCH_SIZE = 24

MULTIPLE = 8
"""Windows are padded to a multiple of so many tokens: a new shape costs time at first."""

TOGETHER = 64
"""Batches sorted by length among each other, which keeps padding small and order random."""

HEADED = 0.5
"""Share of passages read with their title, so that the reader knows both."""

RETRIEVED = 0.5
"""Share of questions for which passages were retrieved that are read again with one of them."""

NEAR_MISSES = 0.2
"""Share of questions read again with something swapped, where something can be."""

BULLETED = 0.15
"""Share of lists in sentences that are set as lines of a list."""

CUT = 0.1
"""Share of long passages read through a window that lacks the answer."""

SHORT = 0.7
"""Share of examples read through short windows, which cost half as much to train on."""

SHORT_TOKENS = 112

TOKENS = 320
"""Longest window in training; reading takes longer ones too."""


@dataclass(frozen=True, slots=True)
class Source:
    """Questions to train on.

    Attributes:
        questions: All of them.
        share: Of them, drawn anew for each epoch.
        negatives: For each question, contexts that were retrieved and lack the answer, each as
            a question of it; empty if none were looked for.
    """

    questions: Sequence[Question]
    share: float = 1.0
    negatives: Sequence[Sequence[Question]] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Example:
    """A question with a passage, and the answer in it, if there is one."""

    question: str
    heading: str
    text: str
    gold: Gold | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows padded to one length.

    Attributes:
        ids: ``(batch, tokens)`` int64.
        type_ids: ``(batch, tokens)`` int64.
        mask: ``(batch, tokens)`` int64, 0 where padded.
        inside: ``(batch, tokens)`` bool, whether an answer may hold the token.
        spans: ``(batch, 2)`` int64, first and last token of the answer; both 0 for none.
    """

    ids: NDArray[np.int64]
    type_ids: NDArray[np.int64]
    mask: NDArray[np.int64]
    inside: NDArray[np.bool_]
    spans: NDArray[np.int64]


def examples_of(sources: Sequence[Source], names: Names, random: Random) -> list[Example]:
    """The examples of an epoch: answerable ones, and three kinds that are not."""
    found: list[Example] = []
    for source in sources:
        for at, question in enumerate(source.questions):
            if random.random() >= source.share:
                continue
            found.append(_example(question, random))
            if not question.answers:
                continue
            if source.negatives and source.negatives[at] and random.random() < RETRIEVED:
                other = random.choice(source.negatives[at])
                taken = Question(question.id, question.text, other.context, other.title, ())
                found.append(_example(taken, random))
            if random.random() < NEAR_MISSES:
                text = near_miss(question.text, question.context, names, random)
                if text:
                    missed = Question(question.id, text, question.context, question.title, ())
                    found.append(_example(missed, random))
    return found


def _example(question: Question, random: Random) -> Example:
    if question.answers and random.random() < BULLETED:
        question = as_bullets(question) or question
    heading = question.title if random.random() < HEADED else ""
    gold = agreed(question.answers) if question.answers else None
    return Example(as_typed(question.text, random), heading, question.context, gold)


def agreed(answers: Sequence[Gold]) -> Gold:
    """The answer that most annotators gave, the first of them if none leads.

    >>> agreed([Gold("in 2013", 10), Gold("2013", 13), Gold("2013", 13)]).text
    '2013'
    """
    return max(answers, key=answers.count)


def batches_of(
    examples: Sequence[Example], tokenizer: Tokenizer, random: Random, size: int = BATCH_SIZE
) -> list[list[tuple[Window, tuple[int, int]]]]:
    """One window of each example with its answer's tokens, in batches of similar length.

    Args:
        examples: To read.
        tokenizer: Of the model.
        random: Chooses windows and their order.
        size: Of a batch.
    """
    chosen: list[tuple[Window, tuple[int, int]]] = []
    drawn = [(one, random.random() < SHORT) for one in examples]
    for cutter, is_short in (
        (Cutter(tokenizer, TOKENS), False),
        (Cutter(tokenizer, SHORT_TOKENS), True),
    ):
        wanted = [one for one, shortened in drawn if shortened is is_short]
        for start in range(0, len(wanted), 1024):
            some = wanted[start : start + 1024]
            pairs = [(one.question, one.text) for one in some]
            by_example: dict[int, list[Window]] = {}
            for window in cutter.cut(pairs, [one.heading for one in some]):
                by_example.setdefault(window.passage, []).append(window)
            chosen += (_choose(by_example[at], one.gold, random) for at, one in enumerate(some))
    random.shuffle(chosen)
    batches: list[list[tuple[Window, tuple[int, int]]]] = []
    for start in range(0, len(chosen), size * TOGETHER):
        together = sorted(chosen[start : start + size * TOGETHER], key=lambda one: len(one[0].ids))
        batches += [together[at : at + size] for at in range(0, len(together), size)]
    random.shuffle(batches)
    return batches


def _choose(
    found: Sequence[Window], gold: Gold | None, random: Random
) -> tuple[Window, tuple[int, int]]:
    spans = [tokens_of(window, gold) for window in found]
    holding = [at for at, span in enumerate(spans) if span != (0, 0)]
    lacking = [at for at, span in enumerate(spans) if span == (0, 0)]
    from_lacking = not holding or (bool(lacking) and random.random() < CUT)
    at = random.choice(lacking if from_lacking else holding)
    return found[at], spans[at]


def tokens_of(window: Window, gold: Gold | None) -> tuple[int, int]:
    """First and last token of the answer; both 0 if the window does not hold all of it."""
    if gold is None:
        return 0, 0
    inside = np.flatnonzero(window.inside)
    if not len(inside):
        return 0, 0
    first, last = window.offsets[inside[0], 0], window.offsets[inside[-1], 1]
    touching = inside[
        (window.offsets[inside, 1] > gold.start) & (window.offsets[inside, 0] < gold.end)
    ]
    if gold.start < first or gold.end > last or not len(touching):
        return 0, 0
    return int(touching[0]), int(touching[-1])


def padded(
    found: Sequence[tuple[Window, tuple[int, int]]], pad_id: int, multiple: int = MULTIPLE
) -> Batch:
    """The windows as one batch."""
    longest = max(len(window.ids) for window, _ in found)
    shape = (len(found), -(-longest // multiple) * multiple)
    ids, types = np.full(shape, pad_id, np.int64), np.zeros(shape, np.int64)
    mask, inside = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
    for row, (window, _) in enumerate(found):
        count = len(window.ids)
        ids[row, :count], types[row, :count] = window.ids, window.type_ids
        mask[row, :count], inside[row, :count] = 1, window.inside
    return Batch(ids, types, mask, inside, np.array([span for _, span in found], np.int64))


def iterate(
    batches: Sequence[Sequence[tuple[Window, tuple[int, int]]]], pad_id: int, skip: int
) -> Iterator[Batch]:
    """The batches behind the first ``skip`` ones."""
    for found in batches[skip:]:
        yield padded(found, pad_id)
