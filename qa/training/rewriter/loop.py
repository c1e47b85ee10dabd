"""The training loop of the rewriting model."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from embeddings.models.onnx_model import padded
from qa.conversation.context import HistoryWindow, window_of
from qa.conversation.features import FEATURES
from qa.training.common.mixed_precision import MixedPrecisionModel
from qa.training.rewriter.conversations import RewriteExample
from qa.training.rewriter.model import TermModel, rewriting_loss

BATCH_SIZE = 16
"""Windows in a batch. Chosen by hand; not fitted."""

SORTED_BATCHES = 32
"""Batches sorted by length among each other, which keeps padding small and order random."""


@dataclass(frozen=True, slots=True)
class LabelledWindow:
    """A window with the outputs expected of the model.

    Attributes:
        window: Of an example.
        belonging: For each of its words whether it belongs to the question.
        lacking: Whether the question lacks any word, in the history or not.
    """

    window: HistoryWindow
    belonging: tuple[bool, ...]
    lacking: bool


def labelled_window_of(example: RewriteExample, tokenizer: Tokenizer) -> LabelledWindow:
    """The example as the model reads it, with its labels."""
    window = window_of(example.question, example.history, tokenizer)
    added = example.added
    return LabelledWindow(window, tuple(word.stem in added for word in window.words), bool(added))


def fit(
    model: TermModel,
    epochs: Sequence[Sequence[RewriteExample]],
    tokenizer: Tokenizer,
    learning_rate: float,
    random: Random,
    on_step: Callable[[int, int, float], None],
) -> None:
    """Train the model on the examples of each epoch.

    The word embeddings stay as they are, which keeps rare words where the pretraining put them.

    Args:
        model: Is changed.
        epochs: The examples of each.
        tokenizer: Of the model.
        learning_rate: The highest; it rises over the first tenth and falls to 0.
        random: Orders the examples.
        on_step: Called after each step with its number from 1, the number of steps, the loss.
    """
    device = next(model.parameters()).device
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("word_embeddings" not in name)
    weights = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=learning_rate, weight_decay=0.01, fused=True)
    steps = sum(-(-len(examples) // BATCH_SIZE) for examples in epochs)
    # Generated as they are read: the windows of all examples would take gigabytes.
    batches = (batch for examples in epochs for batch in _batches(examples, tokenizer, random))
    mixed = MixedPrecisionModel.of(model)
    mixed.model.train()
    for step, batch in enumerate(batches, start=1):
        done = (step - 0.5) / steps
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * min(done / 0.1, (1 - done) / 0.9)
        windows = [labelled.window for labelled in batch]
        inputs = [tensor.to(device) for tensor in tensors_of(windows)]
        words, belonging = (np.zeros(inputs[0].shape, np.float32) for _ in range(2))
        for row, labelled in enumerate(batch):
            for word, belongs in zip(labelled.window.words, labelled.belonging, strict=True):
                words[row, word.token] = 1
                belonging[row, word.token] = belongs
        lacking = torch.tensor([float(labelled.lacking) for labelled in batch], device=device)
        of_words, of_belonging = (
            torch.from_numpy(labels).to(device) for labels in (words, belonging)
        )
        loss = rewriting_loss(mixed.model(*inputs), of_words, of_belonging, lacking)
        loss.backward()  # type: ignore[no-untyped-call]  # untyped library
        mixed.collect_gradients()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        mixed.update_copies()
        on_step(step, steps, loss.item())
    model.eval()


def tensors_of(windows: Sequence[HistoryWindow]) -> list[torch.Tensor]:
    """Ids, mask, types and features of windows as a batch."""
    ids = padded([window.ids for window in windows], 0)
    mask = padded([np.ones_like(window.ids) for window in windows], 0)
    types = padded([window.types for window in windows], 0)
    features = np.zeros((*ids.shape, len(FEATURES)), np.float32)
    for row, window in enumerate(windows):
        features[row, : len(window.ids)] = window.features
    return [torch.from_numpy(array) for array in (ids, mask, types, features)]


def logits_of(
    model: TermModel, windows: Sequence[HistoryWindow], size: int = 32
) -> list[tuple[NDArray[np.float32], float]]:
    """For each window the logits of its words, and of anything lacking."""
    device = next(model.parameters()).device
    by_length = sorted(range(len(windows)), key=lambda number: len(windows[number].ids))
    logits: dict[int, tuple[NDArray[np.float32], float]] = {}
    for start in range(0, len(by_length), size):
        batch = by_length[start : start + size]
        inputs = [tensor.to(device) for tensor in tensors_of([windows[n] for n in batch])]
        with torch.inference_mode():
            belongs, lacks = (output.float().cpu().numpy() for output in model(*inputs))
        for row, number in enumerate(batch):
            tokens = [word.token for word in windows[number].words]
            logits[number] = belongs[row, tokens], float(lacks[row])
    return [logits[number] for number in range(len(windows))]


def _batches(
    examples: Sequence[RewriteExample], tokenizer: Tokenizer, random: Random
) -> Iterator[list[LabelledWindow]]:
    shuffled = [*examples]
    random.shuffle(shuffled)
    for start in range(0, len(shuffled), BATCH_SIZE * SORTED_BATCHES):
        part = shuffled[start : start + BATCH_SIZE * SORTED_BATCHES]
        labelled = [labelled_window_of(example, tokenizer) for example in part]
        labelled.sort(key=lambda window: len(window.window.ids))
        batches = [
            labelled[first : first + BATCH_SIZE] for first in range(0, len(labelled), BATCH_SIZE)
        ]
        random.shuffle(batches)
        yield from batches
