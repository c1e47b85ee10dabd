"""Span models: from token windows to logits of where the answer may be.

``PackagedSpanModel`` is the model that comes with the project, served by ONNX Runtime.
Any extractive question-answering model of the transformers library can take its place, see
``qa/transformers_model.py``.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from embeddings.errors import ModelError
from embeddings.model_folder import check_sha256, folder_of, load_tokenizer
from qa.calibration import Calibration
from qa.windows import Cutter, Window

if TYPE_CHECKING:
    import onnxruntime

DEFAULT_READER = "chapter-and-verse-reader"
"""Packaged with the project; any other name is looked for as a folder, then on the hub."""

FOLDER = Path(__file__).parent / "model"

FILES = ("reader.onnx", "tokenizer.json", "calibration.json")

SUMS = "SHA256SUMS"
"""File with the SHA-256 of each of them, as ``sha256sum`` writes it."""

BATCH_TOKENS = 2_048
"""Tokens computed at once: enough to keep two cores busy, few enough to stay in their caches."""

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
    def cutter(self) -> Cutter:
        """Cuts passages into windows that the model can read."""
        ...

    @property
    def calibration(self) -> Calibration:
        """How what it says becomes a confidence."""
        ...

    def read(self, windows: Sequence[Window]) -> list[Logits]:
        """The logits of each window, in the order of ``windows``."""
        ...


def load_span_model(name: str) -> SpanModel:
    """The span model of that name; its weights are read when it first reads.

    Args:
        name: The packaged model's name, a folder, or a name on the Hugging Face hub, which is
            the only thing that may use the network.

    Raises:
        ModelError: There is no such model, it answers no questions, or a packaged file is
            damaged.
    """
    if name == DEFAULT_READER:
        return PackagedSpanModel.load()
    from qa.transformers_model import TransformersSpanModel

    return TransformersSpanModel.load(folder_of(name))


class PackagedSpanModel:
    """The trained reader, 8-bit weights in ONNX; see its card, ``qa/model/README.md``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cutter = Cutter(load_tokenizer(folder))

    @classmethod
    def load(cls) -> "PackagedSpanModel":
        """The model that comes with the project.

        Raises:
            ModelError: A file is missing or is not the published one.
        """
        remedy = "install Chapter and Verse again"
        try:
            lines = (FOLDER / SUMS).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(f"{FOLDER / SUMS} cannot be read ({error}); {remedy}.") from error
        sums = {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}
        for name in FILES:
            check_sha256(FOLDER / name, sums.get(name, ""), remedy)
        return cls(FOLDER)

    @cached_property
    def calibration(self) -> Calibration:
        """How what it says becomes a confidence."""
        return Calibration.load(self.folder)

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        import onnxruntime

        path = self.folder / "reader.onnx"
        try:
            return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        except Exception as error:  # the library's errors have no base of their own
            raise ModelError(
                f"{path} cannot be loaded ({error}); install Chapter and Verse again."
            ) from error

    def read(self, windows: Sequence[Window]) -> list[Logits]:
        """The logits of each window, in the order of ``windows``."""
        return read_batches(windows, self._run, self.cutter.pad_id)

    def _run(
        self, ids: NDArray[np.int64], types: NDArray[np.int64], mask: NDArray[np.int64]
    ) -> Sequence[NDArray[np.float32]]:
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        outputs: Sequence[NDArray[np.float32]] = self._session.run(None, inputs)
        return outputs


def read_batches(windows: Sequence[Window], run: Run, pad_id: int) -> list[Logits]:
    """The logits of each window, read in batches of like length.

    Args:
        windows: In any order.
        run: The model.
        pad_id: Token with which shorter windows of a batch are filled.
    """
    found: dict[int, Logits] = {}
    for batch in _batches(windows):
        longest = max(len(windows[at].ids) for at in batch)
        ids = np.full((len(batch), longest), pad_id, np.int64)
        types, mask = np.zeros_like(ids), np.zeros_like(ids)
        for row, at in enumerate(batch):
            count = len(windows[at].ids)
            ids[row, :count], types[row, :count] = windows[at].ids, windows[at].type_ids
            mask[row, :count] = 1
        starts, ends, *more = run(ids, types, mask)
        for row, at in enumerate(batch):
            count = len(windows[at].ids)
            found[at] = Logits(
                starts[row, :count],
                ends[row, :count],
                float(starts[row, 0] + ends[row, 0]),
                float(more[0][row]) if more else None,
            )
    return [found[at] for at in range(len(windows))]


def _batches(windows: Sequence[Window]) -> Iterator[list[int]]:
    """Positions of windows, such that no batch is over ``BATCH_TOKENS`` when padded."""
    batch: list[int] = []
    # From the longest down, the first of a batch says how far it is padded.
    for at in sorted(range(len(windows)), key=lambda at: -len(windows[at].ids)):
        if batch and (len(batch) + 1) * len(windows[batch[0]].ids) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch
