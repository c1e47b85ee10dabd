"""Conversion: a PyTorch module to an ONNX graph with fused attention, GELU and layer norms."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.fusion_options import FusionOptions

from embeddings.errors import NotConvertible

OPSET = 17

FUSED = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "mpnet", "distilbert")
"""Kinds of transformer whose attention the optimizer knows; others run as exported."""


@contextmanager
def conversion_errors() -> Iterator[None]:
    """Raises ``NotConvertible`` for every error of a conversion.

    The errors of the exporter and of the runtime have no common base class.
    """
    try:
        yield
    except (MemoryError, OSError):  # another time there may be more memory, or more room
        raise
    except Exception as error:  # no narrower base class
        reason = str(error).strip().partition("\n")[0]
        raise NotConvertible(reason or type(error).__name__) from error


def write_graph(
    module: torch.nn.Module,
    inputs: Mapping[str, torch.Tensor],
    outputs: Mapping[str, Sequence[str]],
    path: Path,
    config: Any = None,
) -> None:
    """Write a module as an ONNX graph.

    Args:
        module: Takes ``inputs`` in their order.
        inputs: Example for each input by its name, ``(batch, tokens)``; both may vary.
        outputs: The leading axes of each output by name: "batch" or "tokens".
        path: To write to.
        config: Of the transformer in it; without it nothing is fused.

    Raises:
        RuntimeError: The module does something that ONNX cannot express.
    """
    axes = {name: {0: "batch", 1: "tokens"} for name in inputs}
    axes |= {name: dict(enumerate(named)) for name, named in outputs.items()}
    with TemporaryDirectory() as scratch, warnings.catch_warnings(), torch.no_grad():
        exported = Path(scratch) / "exported.onnx"
        # The optimizer can fuse graphs of the tracing exporter only, which warns that it is
        # deprecated.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            str(exported),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
        _fuse(exported, path, config)


def _fuse(exported: Path, path: Path, config: Any) -> None:
    options = FusionOptions("bert")
    # Word embeddings stay apart, so that they can be quantised.
    options.enable_embed_layer_norm = False
    known = getattr(config, "model_type", None) in FUSED
    optimized = optimizer.optimize_model(
        str(exported),
        model_type="bert",
        num_heads=config.num_attention_heads if known else 0,
        hidden_size=config.hidden_size if known else 0,
        optimization_options=options,
        opt_level=0,
    )
    optimized.save_model_to_file(str(path))
