"""Precision: the one in which models are computed, and their graphs in 8 bits."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from embeddings.errors import NotConvertible
from embeddings.models.onnx_model import lay_out

if TYPE_CHECKING:
    import onnx

Precision = Literal["float32", "int8"]

Choice = Literal["auto", "float32", "int8"]
"""``auto``: 8 bits where that is measured to cost next to nothing, see ``fastest``."""

EXACT = frozenset({"avx512_vnni", "avx_vnni"})
"""Instructions that add up products of 8-bit integers without cutting any off. Without them a
processor is little faster in 8 bits, and answers worse."""

_PROCESSOR = Path("/proc/cpuinfo")


def fastest(choice: Choice) -> Precision:
    """The precision chosen; for ``auto`` 8 bits where the processor has instructions for them.

    Linux alone says which it has; elsewhere ``auto`` is full precision.
    """
    if choice != "auto":
        return choice
    return "int8" if EXACT & _instructions() else "float32"


@cache
def _instructions() -> frozenset[str]:
    try:
        lines = _PROCESSOR.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return frozenset()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return frozenset(flags.partition(":")[2].split())


def cache_name(kind: str, precision: Precision) -> str:
    """The kind under which a model is kept in a precision: both lie side by side.

    >>> cache_name("span", "float32"), cache_name("span", "int8")
    ('span', 'span8')
    """
    return kind if precision == "float32" else f"{kind}8"


def convert_precision(precision: Precision, graph: Path) -> None:
    """Make a graph that ``lay_out`` wrote compute in a precision, in place.

    Raises:
        NotConvertible: There is no such graph.
    """
    if precision == "int8":
        quantise(graph)


def quantise(graph: Path) -> None:
    """Make a graph that ``lay_out`` wrote compute its products in 8 bits, in place.

    Weights get a scale for each column, activations one for each product as it comes about
    (dynamic quantisation). Products that end in fewer values than they begin with stay as they
    are: the second half of a feed-forward layer, whose few large activations would leave the
    others no precision, and a model's outputs.

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
        except Exception as error:  # the library's errors have no base of their own
            raise NotConvertible(f"it cannot be quantised: {error}") from error
        lay_out(written, graph)


def _narrowing(graph: "onnx.GraphProto") -> list[str]:
    """Names of the products with fewer columns than rows; all nodes are given names."""
    shapes = {one.name: tuple(one.dims) for one in graph.initializer}
    found = []
    for at, node in enumerate(graph.node):
        node.name = node.name or f"node-{at}"
        shape = shapes.get(node.input[1], ()) if len(node.input) > 1 else ()
        if node.op_type == "MatMul" and len(shape) == 2 and shape[1] < shape[0]:
            found.append(node.name)
        if node.op_type == "Gemm":
            # An output's; before it quantises, the library makes it a product of this name.
            found.append(f"{node.name}_MatMul")
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's advice, given through the root logger, which it also sets up."""
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
