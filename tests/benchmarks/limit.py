"""The limit: operations that an answer needs, over the peak of the machine's cores."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

SIZE = 2_048
"""Rows and columns of the matrices that are multiplied to measure the cores."""

REPEATS = 5
"""Multiplications measured, of which the fastest counts."""


@dataclass(frozen=True, slots=True)
class Transformer:
    """The sizes of a transformer, from which its operations follow."""

    layers: int
    width: int
    inner: int

    @classmethod
    def of(cls, settings: dict[str, Any]) -> "Transformer":
        """From a model's ``config.json``."""
        return cls(
            settings["num_hidden_layers"], settings["hidden_size"], settings["intermediate_size"]
        )

    def operations(self, tokens: int) -> int:
        """Multiplications and additions for one text.

        With width H and inner width I, each layer multiplies every token by four H × H matrices
        (query, key, value, output) and by one H × I and one I × H, and compares every token with
        every token twice (scores, and their weighted sum) over H numbers. A multiplication
        with its addition counts as two operations: layers · (2T(4H² + 2HI) + 4T²H).

        >>> Transformer(layers=1, width=2, inner=4).operations(3)
        264
        """
        matrices = 2 * tokens * (4 * self.width**2 + 2 * self.width * self.inner)
        return self.layers * (matrices + 4 * tokens**2 * self.width)

    def of_answer(self, question: int, windows: Sequence[int]) -> int:
        """Operations to encode a question and to read every window.

        Args:
            question: Tokens of the question.
            windows: Tokens of each window, without padding.
        """
        return self.operations(question) + sum(map(self.operations, windows))


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Operations a second of a large matrix product on all cores, the best of a few runs.

    Attributes:
        numpy: float32, by NumPy's BLAS.
        onnx: float32, by ONNX Runtime.
        onnx_int8: 8-bit integers, by ONNX Runtime.
    """

    numpy: float
    onnx: float
    onnx_int8: float

    @property
    def float32(self) -> float:
        """The higher of both."""
        return max(self.numpy, self.onnx)


def measure_ceiling() -> Ceiling:
    """Measure the cores."""
    rng = np.random.default_rng(0)
    left, right = (rng.standard_normal((SIZE, SIZE), dtype=np.float32) for _ in range(2))
    small, signed = (rng.integers(0, 100, (SIZE, SIZE)).astype(t) for t in (np.uint8, np.int8))
    product = _session("MatMul", TensorProto.FLOAT, TensorProto.FLOAT, TensorProto.FLOAT)
    integer = _session("MatMulInteger", TensorProto.UINT8, TensorProto.INT8, TensorProto.INT32)
    return Ceiling(
        numpy=_rate(lambda: left @ right),
        onnx=_rate(lambda: product.run(None, {"a": left, "b": right})),
        onnx_int8=_rate(lambda: integer.run(None, {"a": small, "b": signed})),
    )


def _rate(multiply: Any) -> float:
    multiply()
    fastest = float("inf")
    for _ in range(REPEATS):
        started = time.perf_counter()
        multiply()
        fastest = min(fastest, time.perf_counter() - started)
    return 2 * SIZE**3 / fastest


def _session(operator: str, left: int, right: int, product: int) -> onnxruntime.InferenceSession:
    shape = [SIZE, SIZE]
    graph = helper.make_graph(
        [helper.make_node(operator, ["a", "b"], ["c"])],
        "product",
        [
            helper.make_tensor_value_info("a", left, shape),
            helper.make_tensor_value_info("b", right, shape),
        ],
        [helper.make_tensor_value_info("c", product, shape)],
    )
    opset = [helper.make_opsetid("", 17)]
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=opset, ir_version=9)
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
