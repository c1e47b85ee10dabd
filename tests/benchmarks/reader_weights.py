"""The packaged reader's weights as a folder of the transformers library, for the peers.

The packaged file holds 8-bit integers and scales; they are multiplied out, so that the peers
compute with exactly the weights of this project.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from shutil import copyfile

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from safetensors.numpy import save_file

from embeddings.errors import Remedy
from embeddings.models.onnx_model import padded
from qa.reading.base import GRAPH, onnx_run

TOLERANCE = 1e-3
"""Largest difference of a logit. Sums in another order differ by about 1e-5."""

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
)

_ATTENTION = ("query", "key", "value")

# The matrix products of a layer after its attention, in the order of the graph.
_DENSE = ("attention.output.dense", "intermediate.dense", "output.dense")

Weights = dict[str, NDArray[np.float32]]


def peers_reader(packaged: Path, encoder: Path, folder: Path) -> Path:
    """Write a folder for ``AutoModelForQuestionAnswering`` with the packaged reader's weights.

    Args:
        packaged: Folder of the packaged reader.
        encoder: Folder of the encoder, whose architecture and tokenizer the reader shares.
        folder: To write into.

    Raises:
        ValueError: The logits differ from the packaged reader's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = json.loads((encoder / "config.json").read_text(encoding="utf-8"))
    settings["architectures"] = ["BertForQuestionAnswering"]
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    weights = transformers_weights(onnx.load(str(packaged / GRAPH)).graph)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    for name in TOKENIZER_FILES:
        copyfile(encoder / name, folder / name)
    furthest = largest_difference(packaged, folder)
    if not furthest <= TOLERANCE:
        raise ValueError(
            f"expected the reader at {folder} to give the packaged logits, got {furthest:.2g} "
            "of difference; adapt tests/benchmarks/reader_weights.py to the changed graph"
        )
    return folder


def transformers_weights(graph: onnx.GraphProto) -> Weights:
    """The weights of the packaged graph under the names of ``BertForQuestionAnswering``.

    Raises:
        ValueError: A matrix of the graph is not a constant.
    """
    constant = constants(graph)
    found: Weights = {}
    for name, value in constant.items():
        if name.startswith("transformer.") and name.endswith((".weight", ".bias")):
            found[name.replace("transformer.", "bert.", 1)] = value
    layer = -1
    dense: list[str] = []
    for node in graph.node:
        if node.op_type == "Attention":
            layer, dense = layer + 1, list(_DENSE)
            matrix, bias = (_constant(constant, name) for name in node.input[1:3])
            prefix = f"bert.encoder.layer.{layer}"
            parts = zip(_ATTENTION, np.split(matrix, 3, axis=1), np.split(bias, 3), strict=True)
            for part, columns, ours in parts:
                found[f"{prefix}.attention.self.{part}.weight"] = _transposed(columns)
                found[f"{prefix}.attention.self.{part}.bias"] = ours.copy()
        elif node.op_type == "MatMul":
            matrix = _transposed(_constant(constant, node.input[1]))
            name = f"bert.encoder.layer.{layer}.{dense.pop(0)}" if dense else "qa_outputs"
            found[f"{name}.weight"] = matrix
    found["qa_outputs.bias"] = constant["span.bias"]
    return found


def constants(graph: onnx.GraphProto) -> Weights:
    """The float32 constants of a graph by name, integers multiplied out by their scales."""
    integers: dict[str, NDArray[np.int8]] = {}
    found: Weights = {}
    for tensor in graph.initializer:
        value = numpy_helper.to_array(tensor)
        name = tensor.name
        if value.dtype == np.int8:
            integers[name.removesuffix(".integers")] = value
        elif value.dtype == np.float32:
            found[name] = value
    for name, value in integers.items():
        found[name] = value.astype(np.float32) * found.pop(f"{name}.scales")
    return found


def _constant(constant: Mapping[str, NDArray[np.float32]], name: str) -> NDArray[np.float32]:
    if name not in constant:
        raise ValueError(f"expected the weights {name} in the graph, got none of that name")
    return constant[name]


def _transposed(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """ONNX multiplies from the right, PyTorch's linear layers from the left."""
    return np.ascontiguousarray(matrix.T)


def largest_difference(packaged: Path, folder: Path) -> float:
    """Largest difference between the logits of the packaged reader and of the one in a folder."""
    import torch
    from transformers import AutoModelForQuestionAnswering

    rng = np.random.default_rng(0)
    rows = [rng.integers(1_000, 20_000, length) for length in (12, 150, 384)]
    ids = padded(rows, 0)
    mask = padded([np.ones_like(row) for row in rows], 0)
    types = padded([np.repeat([0, 1], [10, len(row) - 10]) for row in rows], 0)
    model = AutoModelForQuestionAnswering.from_pretrained(
        folder, local_files_only=True, dtype=torch.float32
    ).eval()
    with torch.inference_mode():
        outputs = model(
            input_ids=torch.from_numpy(ids),
            attention_mask=torch.from_numpy(mask),
            token_type_ids=torch.from_numpy(types),
        )
    logits = onnx_run(packaged / GRAPH, Remedy.REINSTALL)(ids, types, mask)
    reference = (outputs.start_logits.numpy(), outputs.end_logits.numpy())
    return max(
        float(np.abs((found - expected)[mask == 1]).max())
        for found, expected in zip(logits, reference, strict=False)
    )
