"""The peers' reader has the packaged weights."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from embeddings.models.encoder import SentenceTransformersEncoder
from qa.reading.onnx_reader import FOLDER
from tests.benchmarks.reader_weights import (
    constants,
    largest_difference,
    peers_reader,
    transformers_weights,
)


def graph_of(*tensors: onnx.TensorProto, nodes: list[onnx.NodeProto]) -> onnx.GraphProto:
    return helper.make_graph(nodes, "graph", [], [], initializer=tensors)


def test_integers_are_multiplied_out() -> None:
    integers = np.array([[1, -2], [3, 4]], dtype=np.int8)
    scales = np.array([[0.5, 0.25]], dtype=np.float32)
    found = constants(
        graph_of(
            numpy_helper.from_array(integers, "w.integers"),
            numpy_helper.from_array(scales, "w.scales"),
            nodes=[],
        )
    )
    assert list(found) == ["w"]
    assert found["w"].tolist() == [[0.5, -0.5], [1.5, 1.0]]


def test_graph_of_another_kind_is_refused() -> None:
    product = helper.make_node("MatMul", ["x", "elsewhere"], ["y"])
    with pytest.raises(ValueError, match="expected the weights elsewhere in the graph"):
        transformers_weights(graph_of(nodes=[product]))


@pytest.mark.slow
def test_reader_of_the_peers_gives_the_packaged_logits(tmp_path: Path) -> None:
    folder = peers_reader(FOLDER, SentenceTransformersEncoder.load().folder, tmp_path / "reader")
    assert largest_difference(FOLDER, folder) < 1e-4


@pytest.mark.slow
def test_other_weights_are_noticed(tmp_path: Path) -> None:
    encoder = SentenceTransformersEncoder.load().folder
    packaged = tmp_path / "packaged"
    packaged.mkdir()
    model = onnx.load(str(FOLDER / "reader.onnx"))
    (bias,) = [weight for weight in model.graph.initializer if weight.name == "span.bias"]
    changed = numpy_helper.to_array(bias) + np.float32(0.5)
    bias.CopyFrom(numpy_helper.from_array(changed, "span.bias"))
    onnx.save(model, str(packaged / "reader.onnx"))
    folder = peers_reader(packaged, encoder, tmp_path / "reader")
    assert largest_difference(FOLDER, folder) == pytest.approx(0.5, abs=1e-3)
