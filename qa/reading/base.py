"""Base of the span models: what a reader asks of them, lazy loading, ONNX and batches.

A span model turns token windows into logits of where the answer may be. ``onnx_reader`` serves
the model that comes with the project, ``transformers_reader`` any other extractive
question-answering model; ``factory`` chooses by name.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from embeddings.errors import ModelError, Remedy
from embeddings.forking import undisturbed
from embeddings.models.onnx_model import batches_of_like_length, open_session, padded
from embeddings.models.precision import Precision
from qa.cancellation import check_wanted
from qa.reading.calibration import Calibration
from qa.reading.windows import Window, WindowTokenizer

GRAPH = "reader.onnx"
"""File in a model's folder, packaged, exported or converted."""

Run = Callable[
    [NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]], Sequence[NDArray[np.float32]]
]
"""From ids, type ids and mask, each ``(batch, tokens)``, to starts and ends, ``(batch, tokens)``,
and, if the model has it, answerable, ``(batch,)``."""


@dataclass(frozen=True, slots=True)
class Logits:
    """The output of a model for a window.

    Attributes:
        starts: ``(tokens,)`` float32, of the answer starting at a token.
        ends: ``(tokens,)`` float32, of the answer ending at a token.
        null: Sum of the logits of the null span, which stands for no answer.
        answerable: Logit of there being an answer, from an output of its own; none if the
            model has no such output.
    """

    starts: NDArray[np.float32]
    ends: NDArray[np.float32]
    null: float
    answerable: float | None


class SpanModel(Protocol):
    """Reads windows."""

    @property
    def window_tokenizer(self) -> WindowTokenizer:
        """Splits passages into windows that the model can read."""
        ...

    @property
    def calibration(self) -> Calibration:
        """Weights that turn its logits into a confidence."""
        ...

    def load_weights(self) -> None:
        """Load the weights now; an error is raised when something is read."""
        ...

    def read(self, windows: Sequence[Window]) -> list[Logits]:
        """The logits of each window, in the order of ``windows``."""
        ...


class LazyModel(ABC):
    """The parts that span models share: the weights are loaded once, when they are needed.

    Attributes:
        folder: Of the model.
        window_tokenizer: Splits passages into windows that it can read.
        precision: Of its computations.
    """

    def __init__(
        self, folder: Path, window_tokenizer: WindowTokenizer, precision: Precision = "float32"
    ) -> None:
        self.folder = folder
        self.window_tokenizer = window_tokenizer
        self.precision = precision
        self._lock = RLock()

    @cached_property
    def calibration(self) -> Calibration:
        """The calibration in its folder; the default one if there is none."""
        return Calibration.load(self.folder)

    @property
    @abstractmethod
    def _run(self) -> Run:
        """The model with its weights, as a subclass loads them."""

    @abstractmethod
    def check(self) -> None:
        """Make sure that the weights are the published ones, where their checksum is known."""

    def load_weights(self) -> None:
        """Load the weights now; an error is raised when something is read."""
        with undisturbed(), self._lock, suppress(ModelError):
            _ = self._run

    def read(self, windows: Sequence[Window]) -> list[Logits]:
        """The logits of each window, in the order of ``windows``.

        Raises:
            ModelError: The weights cannot be loaded.
        """
        with undisturbed(), self._lock:
            run = self._run
        return read_batches(windows, run, self.window_tokenizer.pad_id)


def read_batches(windows: Sequence[Window], run: Run, pad_id: int) -> list[Logits]:
    """The logits of each window, read in batches of like length.

    Args:
        windows: In any order.
        run: The model.
        pad_id: Token with which shorter windows of a batch are filled.

    Raises:
        Cancelled: The answer is not wanted any more.
    """
    logits: dict[int, Logits] = {}
    for batch in batches_of_like_length([len(window.ids) for window in windows]):
        check_wanted()
        rows = [windows[at] for at in batch]
        ids = padded([window.ids for window in rows], pad_id)
        types = padded([window.type_ids for window in rows], 0)
        mask = padded([np.ones_like(window.ids) for window in rows], 0)
        starts, ends, *more = run(ids, types, mask)
        for row, (at, window) in enumerate(zip(batch, rows, strict=True)):
            count = len(window.ids)
            logits[at] = Logits(
                starts[row, :count],
                ends[row, :count],
                float(starts[row, 0] + ends[row, 0]),
                float(more[0][row]) if more else None,
            )
    return [logits[at] for at in range(len(windows))]


def onnx_run(path: Path, remedy: Remedy) -> Run:
    """The model in an ONNX file.

    Args:
        path: Of the file.
        remedy: What to do if it cannot be used, for the message.

    Raises:
        ModelError: It cannot be loaded.
    """
    session = open_session(path, remedy)
    names = {node.name for node in session.get_inputs()}

    def run(
        ids: NDArray[np.int64], types: NDArray[np.int64], mask: NDArray[np.int64]
    ) -> Sequence[NDArray[np.float32]]:
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        outputs: Sequence[NDArray[np.float32]] = session.run(
            None, {name: inputs[name] for name in inputs if name in names}
        )
        return outputs

    return run
