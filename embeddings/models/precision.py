"""Precision: full (float32) or 8 bits (int8), and the quantisation of graphs."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from embeddings.errors import NotConvertible
from embeddings.models.onnx_model import write_external_weights

if TYPE_CHECKING:
    import onnx

Precision = Literal["float32", "int8"]

PrecisionChoice = Literal["auto", "float32", "int8"]
"""``auto``: 8 bits where the processor computes them exactly, see ``resolve_precision``."""

INT8_INSTRUCTIONS = frozenset({"avx512_vnni", "avx_vnni"})
"""Instructions that accumulate products of 8-bit integers without saturation. Without them a
processor is hardly faster in 8 bits, and answers are worse."""

_PROCESSOR = Path("/proc/cpuinfo")


def resolve_precision(choice: PrecisionChoice) -> Precision:
    """The precision chosen; for ``auto`` 8 bits where the processor has ``INT8_INSTRUCTIONS``.

    Only Linux lists them; elsewhere ``auto`` is full precision.
    """
    if choice != "auto":
        return choice
    return "int8" if INT8_INSTRUCTIONS & _instructions() else "float32"


@cache
def _instructions() -> frozenset[str]:
    try:
        lines = _PROCESSOR.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return frozenset()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return frozenset(flags.partition(":")[2].split())


def cache_name(kind: str, precision: Precision) -> str:
    """First part of a model's cache key; the precisions of a model are cached side by side.

    >>> cache_name("span", "float32"), cache_name("span", "int8")
    ('span', 'span8')
    """
    return kind if precision == "float32" else f"{kind}8"


def convert_precision(precision: Precision, graph: Path) -> None:
    """Rewrite a graph of ``write_external_weights`` to compute in a precision.

    Raises:
        NotConvertible: There is no such graph.
    """
    if precision == "int8":
        quantise(graph)


def quantise(graph: Path) -> None:
    """Rewrite a graph of ``write_external_weights`` to compute its products in 8 bits.

    Dynamic quantisation: weights have a scale for each column, activations one for each product.
    Products with fewer columns than rows stay in full precision: the second half of a feed-forward
    layer, whose few large activations would leave the others no precision, and a model's outputs.

    Raises:
        NotConvertible: There is no such graph.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with TemporaryDirectory() as scratch, _quiet():
        try:
            model = onnx.load(str(graph))
            narrowing = _narrowing(model.graph)
            written = Path(scratch) / graph.name
            quantize_dynamic(
                model,
                written,
                op_types_to_quantize=["MatMul", "Attention"],
                nodes_to_exclude=narrowing,
                per_channel=True,
                weight_type=QuantType.QInt8,
                extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
            )
        except Exception as error:  # no narrower base class
            raise NotConvertible(f"it cannot be quantised: {error}") from error
        write_external_weights(written, graph)


def _narrowing(graph: "onnx.GraphProto") -> list[str]:
    """Names of the products with fewer columns than rows; all nodes are given names."""
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    names = []
    for number, node in enumerate(graph.node):
        node.name = node.name or f"node-{number}"
        shape = shapes.get(node.input[1], ()) if len(node.input) > 1 else ()
        if node.op_type == "MatMul" and len(shape) == 2 and shape[1] < shape[0]:
            names.append(node.name)
        if node.op_type == "Gemm":
            # An output's; the library replaces it by a product of this name before quantising.
            names.append(f"{node.name}_MatMul")
    return names


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppresses the library's warnings, which it logs through a root logger that it sets up."""
    root = logging.getLogger()
    handlers = root.handlers[:]

    def silent(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR

    root.addFilter(silent)
    try:
        yield
    finally:
        root.removeFilter(silent)
        root.handlers[:] = handlers
