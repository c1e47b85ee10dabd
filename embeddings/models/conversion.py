"""Conversion: a PyTorch module as an ONNX graph with its usual parts fused."""

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
"""Kinds of transformer whose attention the optimizer knows; others are served as exported."""


@contextmanager
def refused() -> Iterator[None]:
    """Turns whatever goes wrong with a conversion into ``NotConvertible``, the reason its message.

    What a model of any kind makes the exporter or the runtime raise has no base of its own.
    """
    try:
        yield
    except (MemoryError, OSError):  # another time there may be more memory, or more room
        raise
    except Exception as error:  # they have no base of their own
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
        outputs: For each output by its name, what its leading axes are: "batch" or "tokens".
        path: To write to.
        config: Of the transformer in it, whose attention, GELU and layer normalisation become
            one operation each; nothing is fused if it is left out.

    Raises:
        RuntimeError: It does something that no graph can say.
    """
    axes = {name: {0: "batch", 1: "tokens"} for name in inputs}
    axes |= {name: dict(enumerate(named)) for name, named in outputs.items()}
    with TemporaryDirectory() as scratch, warnings.catch_warnings(), torch.no_grad():
        plain = Path(scratch) / "plain.onnx"
        # The exporter that traces is the one whose graphs the optimizer knows how to fuse; it
        # warns of being the older one.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            str(plain),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
        _fuse(plain, path, config)


def _fuse(plain: Path, path: Path, config: Any) -> None:
    options = FusionOptions("bert")
    # Word embeddings stay apart, so that they can be quantised.
    options.enable_embed_layer_norm = False
    known = getattr(config, "model_type", None) in FUSED
    optimized = optimizer.optimize_model(
        str(plain),
        model_type="bert",
        num_heads=config.num_attention_heads if known else 0,
        hidden_size=config.hidden_size if known else 0,
        optimization_options=options,
        opt_level=0,
    )
    optimized.save_model_to_file(str(path))
