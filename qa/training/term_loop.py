"""The training loop of the rewriting model."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from embeddings.models.onnx_model import padded
from qa.conversation.context import FACTS, HistoryWindow, window_of
from qa.training.conversations import Lesson
from qa.training.term_model import TermModel, loss_of
from qa.training.working import Working

BATCH_SIZE = 16

TOGETHER = 32
"""Batches sorted by length among each other, which keeps padding small and order random."""


@dataclass(frozen=True, slots=True)
class Example:
    """A window with what the model should say of it.

    Attributes:
        window: Of a lesson.
        belonging: For each of its words whether it belongs to the question.
        lacking: Whether the question lacks any word, in the history or not.
    """

    window: HistoryWindow
    belonging: tuple[bool, ...]
    lacking: bool


def example_of(lesson: Lesson, tokenizer: Tokenizer) -> Example:
    """The lesson as an example."""
    window = window_of(lesson.question, lesson.history, tokenizer)
    added = lesson.added
    return Example(window, tuple(word.stem in added for word in window.words), bool(added))


def fit(
    model: TermModel,
    epochs: Sequence[Sequence[Lesson]],
    tokenizer: Tokenizer,
    learning_rate: float,
    random: Random,
    tell: Callable[[int, int, float], None],
) -> None:
    """Train the model on the lessons of each epoch.

    The word embeddings stay as they are, which keeps rare words where the pretraining put them.

    Args:
        model: Is changed.
        epochs: The lessons of each.
        tokenizer: Of the model.
        learning_rate: Highest one; it rises over the first tenth and falls to 0.
        random: Orders the lessons.
        tell: Told of each step: its number from 1, how many there are, its loss.
    """
    device = next(model.parameters()).device
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("word_embeddings" not in name)
    weights = [one for one in model.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=learning_rate, weight_decay=0.01, fused=True)
    steps = sum(-(-len(lessons) // BATCH_SIZE) for lessons in epochs)
    # Made as they are read: the windows of all lessons would take gigabytes.
    batches = (batch for lessons in epochs for batch in _batches(lessons, tokenizer, random))
    working = Working.of(model)
    working.model.train()
    for step, batch in enumerate(batches, start=1):
        done = (step - 0.5) / steps
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * min(done / 0.1, (1 - done) / 0.9)
        windows = [one.window for one in batch]
        inputs = [one.to(device) for one in tensors_of(windows)]
        words, belonging = (np.zeros(inputs[0].shape, np.float32) for _ in range(2))
        for row, one in enumerate(batch):
            for word, belongs in zip(one.window.words, one.belonging, strict=True):
                words[row, word.token] = 1
                belonging[row, word.token] = belongs
        lacking = torch.tensor([float(one.lacking) for one in batch], device=device)
        of_words, of_belonging = (torch.from_numpy(one).to(device) for one in (words, belonging))
        loss = loss_of(working.model(*inputs), of_words, of_belonging, lacking)
        loss.backward()  # type: ignore[no-untyped-call]  # untyped library
        working.collect()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        working.renew()
        tell(step, steps, loss.item())
    model.eval()


def tensors_of(windows: Sequence[HistoryWindow]) -> list[torch.Tensor]:
    """Ids, mask, types and facts of windows as a batch."""
    ids = padded([window.ids for window in windows], 0)
    mask = padded([np.ones_like(window.ids) for window in windows], 0)
    types = padded([window.types for window in windows], 0)
    facts = np.zeros((*ids.shape, FACTS), np.float32)
    for row, window in enumerate(windows):
        facts[row, : len(window.ids)] = window.facts
    return [torch.from_numpy(one) for one in (ids, mask, types, facts)]


def logits_of(
    model: TermModel, windows: Sequence[HistoryWindow], size: int = 32
) -> list[tuple[NDArray[np.float32], float]]:
    """For each window the logits of its words, and of anything lacking."""
    device = next(model.parameters()).device
    order = sorted(range(len(windows)), key=lambda at: len(windows[at].ids))
    found: dict[int, tuple[NDArray[np.float32], float]] = {}
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        inputs = [one.to(device) for one in tensors_of([windows[at] for at in chosen])]
        with torch.inference_mode():
            belongs, lacks = (one.float().cpu().numpy() for one in model(*inputs))
        for row, at in enumerate(chosen):
            tokens = [word.token for word in windows[at].words]
            found[at] = belongs[row, tokens], float(lacks[row])
    return [found[at] for at in range(len(windows))]


def _batches(
    lessons: Sequence[Lesson], tokenizer: Tokenizer, random: Random
) -> Iterator[list[Example]]:
    shuffled = [*lessons]
    random.shuffle(shuffled)
    for start in range(0, len(shuffled), BATCH_SIZE * TOGETHER):
        some = [
            example_of(one, tokenizer) for one in shuffled[start : start + BATCH_SIZE * TOGETHER]
        ]
        some.sort(key=lambda example: len(example.window.ids))
        cut = [some[at : at + BATCH_SIZE] for at in range(0, len(some), BATCH_SIZE)]
        random.shuffle(cut)
        yield from cut
