"""Export: the trained model as the file that comes with the project, 8-bit weights in ONNX."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from embeddings.models.conversion import write_graph
from embeddings.models.model_folder import file_sha256
from qa.reading.onnx_reader import GRAPH
from qa.training.model import SpanModel
from qa.training.transformer import TransformerModel

SMALLEST = 100_000
"""Elements from which a matrix is quantised: what is smaller saves nothing."""


def export(trained: Path, tokenizer: Path, folder: Path, quantised: bool = True) -> dict[str, str]:
    """Write ``reader.onnx`` and ``tokenizer.json``; the SHA-256 of each by its name.

    Weights become 8-bit integers, each column with its own scale, and each word's embedding
    with its own. They are multiplied out again when the model is loaded: what is computed is
    float32. Quantised activations (dynamic quantisation) cost a point of F1, these do not, and
    the logits of a window do not depend on what else is in its batch.

    Args:
        trained: Folder that ``SpanModel.save`` wrote.
        tokenizer: The tokenizer's file.
        folder: To write into.
        quantised: Whether to quantise; full precision is for comparing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = SpanModel.load(trained).eval()
    ids = torch.randint(1000, 2000, (2, 24))
    types, mask = torch.zeros_like(ids), torch.ones_like(ids)
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
    spans = ("batch", "tokens")
    outputs = {"starts": spans, "ends": spans, "answerable": ("batch",)}
    write_model(model, inputs, outputs, folder / GRAPH, quantised)
    copyfile(tokenizer, folder / "tokenizer.json")
    return {name: file_sha256(folder / name) for name in (GRAPH, "tokenizer.json")}


def write_model(
    model: TransformerModel,
    inputs: Mapping[str, torch.Tensor],
    outputs: Mapping[str, Sequence[str]],
    path: Path,
    quantised: bool = True,
) -> None:
    """Write a model as one ONNX file.

    Args:
        model: In evaluation mode.
        inputs: An example of each.
        outputs: Names of the axes of each.
        path: Of the file.
        quantised: Whether to quantise the weights.
    """
    with TemporaryDirectory() as scratch:
        fused = Path(scratch) / path.name
        write_graph(model, inputs, outputs, fused, model.config)
        graph = onnx.load(str(fused))
    if quantised:
        quantise_graph(graph.graph)
    onnx.checker.check_model(graph)
    onnx.save(graph, str(path))


def quantise(
    weights: NDArray[np.float32], axis: int
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """8-bit integers and the scales by which they are multiplied to get the weights back.

    Args:
        weights: ``(rows, columns)`` float32.
        axis: Along which one scale holds: 0 for a scale a column, 1 for a scale a row.
    """
    scales = np.abs(weights).max(axis=axis, keepdims=True) / 127
    scales = np.where(scales == 0, 1, scales).astype(np.float32)
    return np.rint(weights / scales).astype(np.int8), scales


def quantise_graph(graph: onnx.GraphProto) -> None:
    """Replace the large matrices of a graph by integers, scales and their product."""
    before: list[onnx.NodeProto] = []
    for tensor in list(graph.initializer):
        weights = numpy_helper.to_array(tensor)
        if weights.ndim != 2 or weights.dtype != np.float32 or weights.size < SMALLEST:
            continue
        name = tensor.name
        gathers = [
            node for node in graph.node if node.op_type == "Gather" and node.input[0] == name
        ]
        integers, scales = quantise(weights, axis=1 if gathers else 0)
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(integers, f"{name}.integers"))
        graph.initializer.append(numpy_helper.from_array(scales, f"{name}.scales"))
        if not gathers:
            before += _product(f"{name}.integers", f"{name}.scales", name)
        for node in gathers:
            # Only the words of the input are multiplied out, not the whole vocabulary.
            at = list(graph.node).index(node)
            picked = [
                helper.make_node(
                    "Gather", [f"{name}.{part}", node.input[1]], [f"{node.name}.{part}"], axis=0
                )
                for part in ("integers", "scales")
            ]
            product = _product(picked[0].output[0], picked[1].output[0], node.output[0])
            graph.node.remove(node)
            for new in reversed([*picked, *product]):
                graph.node.insert(at, new)
    for new in reversed(before):
        graph.node.insert(0, new)


def _product(integers: str, scales: str, output: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Cast", [integers], [f"{output}.cast"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", [f"{output}.cast", scales], [output]),
    ]
