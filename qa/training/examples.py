"""Examples: what one epoch of training reads, as token windows in batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from qa.evaluation.datasets import Gold, Question
from qa.reading.windows import Window, WindowTokenizer
from qa.training.made import as_bullets
from qa.training.variation import Names, as_typed, near_miss

BATCH_SIZE = 48

MULTIPLE = 8
"""Windows are padded to a multiple of so many tokens: a new shape costs time at first."""

TOGETHER = 64
"""Batches sorted by length among each other, which keeps padding small and order random."""

HEADED = 0.5
"""Share of passages read with their title, so that the reader knows both."""

RETRIEVED = 0.8
"""Share of questions for which passages were retrieved that are read with some of them too."""

MOST_RETRIEVED = 6
"""Passages that were retrieved and are read for one question, at most."""

TAKEN_OUT = 0.15
"""Share of those questions whose own passage is left out, so that none of the others answers."""

NEAR_MISSES = 0.2
"""Share of questions read again with something swapped, where something can be."""

BULLETED = 0.15
"""Share of lists in sentences that are set as lines of a list."""

CUT = 0.1
"""Share of long passages read through a window that lacks the answer."""

SHORT = 0.2
"""Share of questions read through short windows, which cost half as much to train on."""

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


Labelled = tuple[Window, tuple[int, int]]
"""A window with the first and last token of its answer; both 0 if it has none."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows padded to one length.

    Attributes:
        ids: ``(batch, tokens)`` int64.
        type_ids: ``(batch, tokens)`` int64.
        mask: ``(batch, tokens)`` int64, 0 where padded.
        inside: ``(batch, tokens)`` bool, whether an answer may hold the token.
        spans: ``(batch, 2)`` int64, first and last token of the answer; both 0 for none.
        groups: ``(batch,)`` int64, from 0; windows read for one question have the same number.
    """

    ids: NDArray[np.int64]
    type_ids: NDArray[np.int64]
    mask: NDArray[np.int64]
    inside: NDArray[np.bool_]
    spans: NDArray[np.int64]
    groups: NDArray[np.int64]


def examples_of(sources: Sequence[Source], names: Names, random: Random) -> list[list[Example]]:
    """The examples of an epoch, in groups: what is read for one question.

    At most one passage of a group answers. The others are retrieved ones that lack the answer;
    at times the answering one is left out. A question in which something was swapped is a group
    of its own.
    """
    found: list[list[Example]] = []
    for source in sources:
        for at, question in enumerate(source.questions):
            if random.random() >= source.share:
                continue
            text = as_typed(question.text, random)
            group = [_example(text, question, random)]
            # What is retrieved for a question without an answer may well answer it.
            lacking = source.negatives[at] if source.negatives and question.answers else ()
            if lacking and random.random() < RETRIEVED:
                most = min(MOST_RETRIEVED, len(lacking))
                others = random.sample(lacking, random.randint(1, most))
                group += [_example(text, replace(other, answers=()), random) for other in others]
                if random.random() < TAKEN_OUT:
                    del group[0]
            found.append(group)
            if question.answers and random.random() < NEAR_MISSES:
                missed = near_miss(question.text, question.context, names, random)
                if missed:
                    unanswered = replace(question, answers=())
                    found.append([_example(as_typed(missed, random), unanswered, random)])
    return found


def _example(text: str, question: Question, random: Random) -> Example:
    if question.answers and random.random() < BULLETED:
        question = as_bullets(question) or question
    heading = question.title if random.random() < HEADED else ""
    gold = agreed(question.answers) if question.answers else None
    return Example(text, heading, question.context, gold)


def agreed(answers: Sequence[Gold]) -> Gold:
    """The answer that most annotators gave, the first of them if none leads.

    >>> agreed([Gold("in 2013", 10), Gold("2013", 13), Gold("2013", 13)]).text
    '2013'
    """
    return max(answers, key=answers.count)


def batches_of(
    groups: Sequence[Sequence[Example]],
    tokenizer: Tokenizer,
    random: Random,
    size: int = BATCH_SIZE,
) -> list[list[list[Labelled]]]:
    """One window of each example with its answer's tokens, in batches of whole groups.

    Args:
        groups: To read.
        tokenizer: Of the model.
        random: Chooses windows and their order.
        size: Windows in a batch.
    """
    chosen: list[list[Labelled]] = [[] for _ in groups]
    is_short = [random.random() < SHORT for _ in groups]
    for window_tokenizer, shortened in (
        (WindowTokenizer(tokenizer, TOKENS), False),
        (WindowTokenizer(tokenizer, SHORT_TOKENS), True),
    ):
        wanted = [
            (at, one)
            for at, group in enumerate(groups)
            if is_short[at] is shortened
            for one in group
        ]
        for start in range(0, len(wanted), 1024):
            some = wanted[start : start + 1024]
            pairs = [(one.question, one.text) for _, one in some]
            by_example: dict[int, list[Window]] = {}
            for window in window_tokenizer.split(pairs, [one.heading for _, one in some]):
                by_example.setdefault(window.passage, []).append(window)
            for row, (at, one) in enumerate(some):
                chosen[at].append(_choose(by_example[row], one.gold, random))
    random.shuffle(chosen)
    batches: list[list[list[Labelled]]] = []
    for start in range(0, len(chosen), size * TOGETHER // 2):
        together = chosen[start : start + size * TOGETHER // 2]
        together.sort(key=lambda group: max(len(window.ids) for window, _ in group))
        batches += _filled(together, size)
    random.shuffle(batches)
    return batches


def _filled(groups: Sequence[list[Labelled]], size: int) -> list[list[list[Labelled]]]:
    """Batches of the groups in order; one too large for the room left waits for the next batch."""
    batches: list[list[list[Labelled]]] = []
    left = list(groups)
    while left:
        batch: list[list[Labelled]] = []
        waiting: list[list[Labelled]] = []
        room = size
        for at, group in enumerate(left):
            if not room:
                waiting += left[at:]
                break
            if len(group) <= room or not batch:
                batch.append(group)
                room = max(0, room - len(group))
            else:
                waiting.append(group)
        batches.append(batch)
        left = waiting
    return batches


def _choose(found: Sequence[Window], gold: Gold | None, random: Random) -> Labelled:
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


def padded(groups: Sequence[Sequence[Labelled]], pad_id: int, multiple: int = MULTIPLE) -> Batch:
    """The windows of the groups as one batch."""
    found = [one for group in groups for one in group]
    longest = max(len(window.ids) for window, _ in found)
    shape = (len(found), -(-longest // multiple) * multiple)
    ids, types = np.full(shape, pad_id, np.int64), np.zeros(shape, np.int64)
    mask, inside = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
    for row, (window, _) in enumerate(found):
        count = len(window.ids)
        ids[row, :count], types[row, :count] = window.ids, window.type_ids
        mask[row, :count], inside[row, :count] = 1, window.inside
    spans = np.array([span for _, span in found], np.int64)
    numbers = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return Batch(ids, types, mask, inside, spans, numbers)


def iterate(
    batches: Sequence[Sequence[Sequence[Labelled]]], pad_id: int, skip: int
) -> Iterator[Batch]:
    """The batches behind the first ``skip`` ones."""
    for groups in batches[skip:]:
        yield padded(groups, pad_id)
