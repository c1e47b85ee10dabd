"""Export to ONNX: a trained model as one file, its matrices quantised to 8 bits."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from embeddings.models.conversion import write_graph
from qa.training.common.transformer import TransformerModel

MIN_QUANTISED_ELEMENTS = 100_000
"""Elements from which a matrix is quantised: smaller ones are a negligible part of the file."""


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
    """Replace the large matrices of a graph with integers, scales and their product."""
    products: list[onnx.NodeProto] = []
    for tensor in list(graph.initializer):
        weights = numpy_helper.to_array(tensor)
        if (
            weights.ndim != 2
            or weights.dtype != np.float32
            or weights.size < MIN_QUANTISED_ELEMENTS
        ):
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
            products += _product(f"{name}.integers", f"{name}.scales", name)
        for node in gathers:
            # Only the words of the input are multiplied out, not the whole vocabulary.
            position = list(graph.node).index(node)
            picked = [
                helper.make_node(
                    "Gather", [f"{name}.{part}", node.input[1]], [f"{node.name}.{part}"], axis=0
                )
                for part in ("integers", "scales")
            ]
            product = _product(picked[0].output[0], picked[1].output[0], node.output[0])
            graph.node.remove(node)
            for new in reversed([*picked, *product]):
                graph.node.insert(position, new)
    for new in reversed(products):
        graph.node.insert(0, new)


def _product(integers: str, scales: str, output: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Cast", [integers], [f"{output}.cast"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", [f"{output}.cast", scales], [output]),
    ]
