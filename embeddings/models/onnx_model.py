"""ONNX models: how all models run, without PyTorch.

Importing ONNX Runtime takes a fraction of a second where PyTorch takes several, and it runs the
same weights faster on a processor.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from embeddings.errors import ModelError, NotConvertible, Remedy
from embeddings.forking import keep_in_child

if TYPE_CHECKING:
    import onnxruntime

BATCH_TOKENS = 256
"""Tokens computed at once. Measured on two cores: 512 answer 2% faster but take 23 MB more for
intermediate results; 2,048 are no faster and take 140 MB more."""

WEIGHTS = "weights.bin"
"""File beside a graph that holds its larger tensors."""

EXTERNAL_MIN_BYTES = 1_024
"""Smallest tensor, in bytes, that is stored in that file."""


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
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # no narrower base class
        raise ModelError("cannot be loaded", path, remedy, detail=error) from error
    keep_in_child(session)
    return session


def write_external_weights(source: Path, target: Path) -> None:
    """Write a graph with constants folded and its weights in an external file.

    The external file is memory-mapped instead of read: embeddings of unused tokens are never
    loaded, and opening takes a third of the time.

    Args:
        source: File of the graph.
        target: To write to; the weights are named ``WEIGHTS``.

    Raises:
        NotConvertible: The source is no model, or the written file cannot be loaded.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Higher levels optimise for the processor of this machine.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    prefix = "session.optimized_model_external_initializers"
    options.add_session_config_entry(f"{prefix}_file_name", WEIGHTS)
    options.add_session_config_entry(f"{prefix}_min_size_in_bytes", str(EXTERNAL_MIN_BYTES))
    providers = ["CPUExecutionProvider"]
    try:
        onnxruntime.InferenceSession(str(source), options, providers=providers)
        # Writing does not notice a full disk; loading does.
        onnxruntime.InferenceSession(str(target), providers=providers)
    except Exception as error:  # no narrower base class
        raise NotConvertible(
            f"its weights cannot be written to a file of their own: {error}"
        ) from error


def batches_of_like_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions in ``lengths``, such that no batch is over ``BATCH_TOKENS`` when padded.

    >>> list(batches_of_like_length([10, 500, 12]))
    [[1], [2, 0]]
    """
    batch: list[int] = []
    # Longest first: the first of a batch decides how far the others are padded.
    for position in sorted(range(len(lengths)), key=lambda position: -lengths[position]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def padded(rows: Sequence[Sequence[int] | NDArray[np.int64]], fill: int) -> NDArray[np.int64]:
    """``(len(rows), longest row)`` int64, shorter rows filled up.

    >>> padded([[7, 8], [9]], fill=0).tolist()
    [[7, 8], [9, 0]]
    """
    matrix = np.full((len(rows), max(len(row) for row in rows)), fill, np.int64)
    for number, row in enumerate(rows):
        matrix[number, : len(row)] = row
    return matrix
