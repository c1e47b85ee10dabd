"""Batches that hold little padding, and the models that run them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper, save

from embeddings.errors import ModelError, NotConvertible, Remedy
from embeddings.models.onnx_model import (
    BATCH_TOKENS,
    WEIGHTS,
    batches_of_like_length,
    open_session,
    padded,
    write_external_weights,
)


@given(st.lists(st.integers(1, 3 * BATCH_TOKENS)))
def test_every_position_is_in_one_batch_and_no_batch_is_too_large(lengths: list[int]) -> None:
    batches = list(batches_of_like_length(lengths))
    assert sorted(at for batch in batches for at in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[at] for at in batch)
        assert len(batch) == 1 or len(batch) * longest <= BATCH_TOKENS


def test_rows_are_filled_up_to_the_longest() -> None:
    rows = padded([[1], [2, 3, 4], []], fill=9)
    assert rows.tolist() == [[1, 9, 9], [2, 3, 4], [9, 9, 9]]


def test_file_that_is_no_model_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"\x08\x07 no model")
    with pytest.raises(ModelError, match=r"model\.onnx cannot be loaded \(.*\)\. Install Chapter"):
        open_session(tmp_path / "model.onnx", Remedy.REINSTALL)


def write_product(path: Path) -> None:
    """A graph that multiplies rows with integers, which are multiplied with scales before."""
    integers = np.arange(-32, 32, dtype=np.int8).reshape(8, 8).repeat(8, 0).repeat(8, 1)
    scales = np.linspace(0.5, 2, 64, dtype=np.float32)
    constants = [numpy_helper.from_array(integers, "i"), numpy_helper.from_array(scales, "s")]
    nodes = [
        helper.make_node("Cast", ["i"], ["c"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["c", "s"], ["w"]),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    shape: list[str | int | None] = ["rows", 64]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "xy"]
    graph = helper.make_graph(nodes, "product", ends[:1], ends[1:], constants)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def test_graph_laid_out_computes_the_same_from_weights_beside_it(tmp_path: Path) -> None:
    write_product(tmp_path / "plain.onnx")
    (tmp_path / "to").mkdir()
    write_external_weights(tmp_path / "plain.onnx", tmp_path / "to" / "model.onnx")
    assert (tmp_path / "to" / WEIGHTS).stat().st_size >= 64 * 64 * 4
    rows = np.random.default_rng(0).normal(size=(5, 64)).astype(np.float32)
    found, expected = (
        open_session(path, Remedy.REINSTALL).run(None, {"x": rows})[0]
        for path in (tmp_path / "to" / "model.onnx", tmp_path / "plain.onnx")
    )
    assert (found == expected).all()
    # A disk that was full would have cut it off.
    with (tmp_path / "to" / WEIGHTS).open("r+b") as file:
        file.truncate(64)
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_session(tmp_path / "to" / "model.onnx", Remedy.REINSTALL)


def test_file_that_is_no_model_cannot_be_laid_out(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"\x08\x07 no model")
    with pytest.raises(NotConvertible, match="weights cannot be written"):
        write_external_weights(tmp_path / "model.onnx", tmp_path / "out.onnx")


def test_runtime_reports_no_sessions(tmp_path: Path) -> None:
    write_product(tmp_path / "model.onnx")
    program = """
import sys
from pathlib import Path
from embeddings.models.onnx_model import open_session
open_session(Path(sys.argv[1]), "")
"""
    home = tmp_path / "home"
    home.mkdir()
    places = ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "USERPROFILE")
    environment = os.environ | dict.fromkeys(places, str(home))
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    command = [sys.executable, "-c", program, str(tmp_path / "model.onnx")]
    subprocess.run(command, env=environment, check=True, timeout=60)
    assert list(home.iterdir()) == []
