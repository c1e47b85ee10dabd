"""Batches: examples as token windows with their answers' tokens, padded to one length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from qa.evaluation.datasets import Gold
from qa.reading.windows import Window, WindowTokenizer
from qa.training.reader.examples import Example

BATCH_SIZE = 48
"""Windows in a batch. Chosen by hand; not fitted."""

MULTIPLE = 8
"""Windows are padded to a multiple of so many tokens: a new shape costs time at first."""

SORTED_BATCHES = 64
"""Batches sorted by length among each other, which keeps padding small and order random."""

ANSWER_CUT_ODDS = 0.1
"""Odds that a long passage is read through a window without its answer. Chosen by hand."""

SHORT_ODDS = 0.2
"""Odds that a question is read through short windows, which cost half as much to train on.
Chosen by hand."""

SHORT_TOKENS = 112
"""Longest of the short windows. Chosen by hand."""

TOKENS = 320
"""Longest window in training; reading takes longer ones too. Chosen by hand."""


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


def batches_of(
    groups: Sequence[Sequence[Example]],
    tokenizer: Tokenizer,
    random: Random,
    size: int = BATCH_SIZE,
) -> list[list[list[Labelled]]]:
    """One window of each example with its answer's tokens, in batches of whole groups.

    Args:
        groups: Of examples, each group for one question.
        tokenizer: Of the model.
        random: Chooses the windows and the order of the batches.
        size: Windows in a batch.
    """
    labelled: list[list[Labelled]] = [[] for _ in groups]
    is_short = [random.random() < SHORT_ODDS for _ in groups]
    for window_tokenizer, shortened in (
        (WindowTokenizer(tokenizer, TOKENS), False),
        (WindowTokenizer(tokenizer, SHORT_TOKENS), True),
    ):
        examples = [
            (number, example)
            for number, group in enumerate(groups)
            if is_short[number] is shortened
            for example in group
        ]
        for start in range(0, len(examples), 1024):
            part = examples[start : start + 1024]
            pairs = [(example.question, example.text) for _, example in part]
            headings = [example.heading for _, example in part]
            by_example: dict[int, list[Window]] = {}
            for window in window_tokenizer.split(pairs, headings):
                by_example.setdefault(window.passage, []).append(window)
            for row, (number, example) in enumerate(part):
                labelled[number].append(_choose(by_example[row], example.gold, random))
    random.shuffle(labelled)
    batches: list[list[list[Labelled]]] = []
    for start in range(0, len(labelled), size * SORTED_BATCHES // 2):
        part_of_groups = labelled[start : start + size * SORTED_BATCHES // 2]
        part_of_groups.sort(key=lambda group: max(len(window.ids) for window, _ in group))
        batches += _filled(part_of_groups, size)
    random.shuffle(batches)
    return batches


def _filled(groups: Sequence[list[Labelled]], size: int) -> list[list[list[Labelled]]]:
    """Batches of the groups in order; one too large for the room left waits for the next batch."""
    batches: list[list[list[Labelled]]] = []
    remaining = list(groups)
    while remaining:
        batch: list[list[Labelled]] = []
        waiting: list[list[Labelled]] = []
        room = size
        for number, group in enumerate(remaining):
            if not room:
                waiting += remaining[number:]
                break
            if len(group) <= room or not batch:
                batch.append(group)
                room = max(0, room - len(group))
            else:
                waiting.append(group)
        batches.append(batch)
        remaining = waiting
    return batches


def _choose(windows: Sequence[Window], gold: Gold | None, random: Random) -> Labelled:
    """One of a passage's windows: mostly one that holds the answer."""
    spans = [tokens_of(window, gold) for window in windows]
    with_answer = [number for number, span in enumerate(spans) if span != (0, 0)]
    without = [number for number, span in enumerate(spans) if span == (0, 0)]
    cut = not with_answer or (bool(without) and random.random() < ANSWER_CUT_ODDS)
    number = random.choice(without if cut else with_answer)
    return windows[number], spans[number]


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
    labelled = [window_and_span for group in groups for window_and_span in group]
    longest = max(len(window.ids) for window, _ in labelled)
    shape = (len(labelled), -(-longest // multiple) * multiple)
    ids, types = np.full(shape, pad_id, np.int64), np.zeros(shape, np.int64)
    mask, inside = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
    for row, (window, _) in enumerate(labelled):
        count = len(window.ids)
        ids[row, :count], types[row, :count] = window.ids, window.type_ids
        mask[row, :count], inside[row, :count] = 1, window.inside
    spans = np.array([span for _, span in labelled], np.int64)
    numbers = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return Batch(ids, types, mask, inside, spans, numbers)


def iterate(
    batches: Sequence[Sequence[Sequence[Labelled]]], pad_id: int, skip: int
) -> Iterator[Batch]:
    """The batches after the first ``skip`` ones, each padded."""
    for groups in batches[skip:]:
        yield padded(groups, pad_id)
