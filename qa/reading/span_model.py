"""Span models: from token windows to logits of where the answer may be.

``PackagedSpanModel`` is the model that comes with the project, served by ONNX Runtime.
Any extractive question-answering model of the transformers library can take its place, see
``qa/reading/transformers_reader.py``.
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

from embeddings.errors import ModelError
from embeddings.models.model_cache import load_graph
from embeddings.models.model_folder import (
    SUMS,
    check_sha256,
    file_sha256,
    folder_of,
    load_tokenizer,
    sums_of,
)
from embeddings.models.onnx_model import batches_of_like_length, open_session, padded
from embeddings.models.precision import Precision
from qa.reading.calibration import Calibration
from qa.reading.windows import Window, WindowTokenizer

DEFAULT_READER = "chapter-and-verse-reader"
"""Packaged with the project; any other name is looked for as a folder, then on the hub."""

FOLDER = Path(__file__).parent / "model"

GRAPH = "reader.onnx"

FILES = (GRAPH, "tokenizer.json", "calibration.json")

REMEDY = "install Chapter and Verse again"

Run = Callable[
    [NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]], Sequence[NDArray[np.float32]]
]
"""From ids, type ids and mask, each ``(batch, tokens)``, to starts and ends, ``(batch, tokens)``,
and, if the model has it, answerable, ``(batch,)``."""


@dataclass(frozen=True, slots=True)
class Logits:
    """What a model says of a window.

    Attributes:
        starts: ``(tokens,)`` float32, of the answer starting at a token.
        ends: ``(tokens,)`` float32, of the answer ending at a token.
        null: Sum of the logits of the null span, which says that there is no answer.
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
        """Cuts passages into windows that the model can read."""
        ...

    @property
    def calibration(self) -> Calibration:
        """How what it says becomes a confidence."""
        ...

    def load_weights(self) -> None:
        """Read the weights now; what is wrong with them is told when something is read."""
        ...

    def read(self, windows: Sequence[Window]) -> list[Logits]:
        """The logits of each window, in the order of ``windows``."""
        ...


class LazyModel(ABC):
    """The parts that span models share: the weights are read once, when they are needed.

    Attributes:
        folder: Of the model.
        window_tokenizer: Cuts passages into windows that it can read.
        precision: In which it computes.
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
        """How what it says becomes a confidence: the file beside it; a rough one without it."""
        return Calibration.load(self.folder)

    @property
    @abstractmethod
    def _run(self) -> Run:
        """The weights, ready to read with: a subclass knows where they lie and what reads them."""

    @abstractmethod
    def check(self) -> None:
        """Make sure that the weights are the published ones, where that is known."""

    def load_weights(self) -> None:
        """Read the weights now; what is wrong with them is told when something is read."""
        with self._lock, suppress(ModelError):
            _ = self._run

    def read(self, windows: Sequence[Window]) -> list[Logits]:
        """The logits of each window, in the order of ``windows``.

        Raises:
            ModelError: The weights cannot be loaded.
        """
        with self._lock:
            run = self._run
        return read_batches(windows, run, self.window_tokenizer.pad_id)


def load_span_model(name: str, precision: Precision = "float32") -> LazyModel:
    """The span model of that name; its weights are read when it first reads.

    Args:
        name: The packaged model's name, a folder (of transformers, or one that ``python -m
            qa.training export`` wrote), or a name on the Hugging Face hub, which is the only
            thing that may use the network.
        precision: In which it computes.

    Raises:
        ModelError: There is no such model, it answers no questions, or a packaged file is
            damaged.
    """
    if name == DEFAULT_READER:
        return PackagedSpanModel.load(precision)
    folder = folder_of(name)
    if (folder / GRAPH).is_file():
        return PackagedSpanModel(folder, precision)
    from qa.reading.transformers_reader import TransformersSpanModel

    return TransformersSpanModel.load(folder, precision)


class PackagedSpanModel(LazyModel):
    """The trained reader, 8-bit weights in ONNX; see its card, ``qa/reading/model/README.md``."""

    def __init__(self, folder: Path, precision: Precision = "float32") -> None:
        super().__init__(folder, WindowTokenizer(load_tokenizer(folder)), precision)

    def check(self) -> None:
        """Make sure that the weights that come with the project are the published ones.

        As for the encoder's, done before they are laid out to be served.

        Raises:
            ModelError: They are missing or others.
        """
        if self.folder == FOLDER:
            check_sha256(FOLDER / GRAPH, _published()[GRAPH], REMEDY)

    @classmethod
    def load(cls, precision: Precision = "float32") -> "PackagedSpanModel":
        """The model that comes with the project.

        Raises:
            ModelError: A file is missing or is not the published one.
        """
        for name, sha256 in _published().items():
            if name != GRAPH:
                check_sha256(FOLDER / name, sha256, REMEDY)
        return cls(FOLDER, precision)

    @cached_property
    def _run(self) -> Run:
        graph = self.folder / GRAPH
        packaged = self.folder == FOLDER
        return load_graph(
            f"reader at {self.folder}",
            "span",
            graph,
            _published()[GRAPH] if packaged else file_sha256(graph),
            self.precision,
            self.check,
            onnx_run,
            REMEDY if packaged else "export it again",
        )


def _published() -> dict[str, str]:
    """SHA-256 of each file of the packaged model.

    Raises:
        ModelError: It is not known.
    """
    try:
        sums = sums_of(FOLDER)
        return {name: sums[name] for name in FILES}
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{FOLDER / SUMS} cannot be read ({error}); {REMEDY}.") from error


def onnx_run(path: Path, remedy: str) -> Run:
    """The model in an ONNX file.

    Args:
        path: Of the file.
        remedy: What to do if it cannot be used.

    Raises:
        ModelError: It cannot be loaded.
    """
    session = open_session(path, remedy)
    names = {get_input.name for get_input in session.get_inputs()}

    def run(
        ids: NDArray[np.int64], types: NDArray[np.int64], mask: NDArray[np.int64]
    ) -> Sequence[NDArray[np.float32]]:
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        outputs: Sequence[NDArray[np.float32]] = session.run(
            None, {name: inputs[name] for name in inputs if name in names}
        )
        return outputs

    return run


def read_batches(windows: Sequence[Window], run: Run, pad_id: int) -> list[Logits]:
    """The logits of each window, read in batches of like length.

    Args:
        windows: In any order.
        run: The model.
        pad_id: Token with which shorter windows of a batch are filled.
    """
    found: dict[int, Logits] = {}
    for batch in batches_of_like_length([len(window.ids) for window in windows]):
        some = [windows[at] for at in batch]
        ids = padded([window.ids for window in some], pad_id)
        types = padded([window.type_ids for window in some], 0)
        mask = padded([np.ones_like(window.ids) for window in some], 0)
        starts, ends, *more = run(ids, types, mask)
        for row, (at, window) in enumerate(zip(batch, some, strict=True)):
            count = len(window.ids)
            found[at] = Logits(
                starts[row, :count],
                ends[row, :count],
                float(starts[row, 0] + ends[row, 0]),
                float(more[0][row]) if more else None,
            )
    return [found[at] for at in range(len(windows))]
