"""ONNX models: how all models are served, without PyTorch.

Importing ONNX Runtime takes a fraction of a second where PyTorch takes several, and it runs the
same weights faster on a processor.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from embeddings.errors import ModelError, NotConvertible, Remedy

if TYPE_CHECKING:
    import onnxruntime

BATCH_TOKENS = 256
"""Tokens computed at once. Two cores are hardly busier with more, whose intermediate results take
the more memory: 512 answer 2% faster for 23 MB, 2,048 no faster for 140 MB."""

WEIGHTS = "weights.bin"
"""File beside a graph with its larger tensors."""

SMALLEST_APART = 1_024
"""Bytes from which a tensor lies in that file."""


def open_session(path: Path, remedy: Remedy) -> "onnxruntime.InferenceSession":
    """The model in a file, ready to run on the processor.

    Args:
        path: Of the file.
        remedy: What to do if it cannot be used.

    Raises:
        ModelError: The file is missing or is no model.
    """
    import onnxruntime

    try:
        return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # the library's errors have no base of their own
        raise ModelError("cannot be loaded", path, remedy, detail=error) from error


def lay_out(source: Path, target: Path) -> None:
    """Write a graph as it is served: what is constant computed, its weights in a file beside it.

    That file is mapped into memory instead of read: words that no text holds are never loaded,
    and opening takes a third of the time.

    Args:
        source: File of the graph.
        target: To write to; the weights are named ``WEIGHTS``.

    Raises:
        NotConvertible: The source is no model, or what was written is none.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # What a fuller optimisation does can depend on the processor it is done on.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    prefix = "session.optimized_model_external_initializers"
    options.add_session_config_entry(f"{prefix}_file_name", WEIGHTS)
    options.add_session_config_entry(f"{prefix}_min_size_in_bytes", str(SMALLEST_APART))
    providers = ["CPUExecutionProvider"]
    try:
        onnxruntime.InferenceSession(str(source), options, providers=providers)
        # It does not notice that the disk is full.
        onnxruntime.InferenceSession(str(target), providers=providers)
    except Exception as error:  # the library's errors have no base of their own
        raise NotConvertible(f"it cannot be laid out: {error}") from error


def batches_of_like_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions in ``lengths``, such that no batch is over ``BATCH_TOKENS`` when padded.

    >>> list(batches_of_like_length([10, 500, 12]))
    [[1], [2, 0]]
    """
    batch: list[int] = []
    # From the longest down, the first of a batch says how far it is padded.
    for at in sorted(range(len(lengths)), key=lambda at: -lengths[at]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


def padded(rows: Sequence[Sequence[int] | NDArray[np.int64]], fill: int) -> NDArray[np.int64]:
    """``(len(rows), longest row)`` int64, shorter rows filled up.

    >>> padded([[7, 8], [9]], fill=0).tolist()
    [[7, 8], [9, 0]]
    """
    found = np.full((len(rows), max(len(row) for row in rows)), fill, np.int64)
    for at, row in enumerate(rows):
        found[at, : len(row)] = row
    return found
