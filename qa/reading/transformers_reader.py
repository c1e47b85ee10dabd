"""Any extractive question-answering model of the transformers library.

It is converted to ONNX once, then served without PyTorch, as the encoder is.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings.errors import ModelError, NotConvertible, Remedy
from embeddings.models.model_cache import IN_PYTORCH, load_converted
from embeddings.models.model_folder import digest_of, load_tokenizer, read_json
from embeddings.models.precision import Precision, cache_name, convert_precision
from qa.reading.base import GRAPH, LazyModel, Run, onnx_run
from qa.reading.windows import MAX_TOKENS, WindowTokenizer

CONVERSION = 2
"""Incremented whenever conversion changes, so that models are converted again."""

TOLERANCE = 1e-3
"""Largest difference in a logit after conversion. Chosen by hand: sums in another order differ by
1e-5."""


class TransformersSpanModel(LazyModel):
    """A question-answering model in a folder, in the safetensors format.

    Its null answer is the span at the first token, as in models trained on SQuAD 2.0.
    """

    def __init__(self, folder: Path, precision: Precision = "float32") -> None:
        settings = read_json(folder / "config.json")
        positions = settings.get("max_position_embeddings")
        # Two positions are special in models of the RoBERTa family.
        limit = positions - 2 if isinstance(positions, int) else MAX_TOKENS
        super().__init__(
            folder, WindowTokenizer(load_tokenizer(folder), min(MAX_TOKENS, limit)), precision
        )

    @classmethod
    def load(cls, folder: Path, precision: Precision = "float32") -> "TransformersSpanModel":
        """The model in a folder.

        Args:
            folder: Of the model.
            precision: In which it computes.

        Raises:
            ModelError: It is no question-answering model, or cannot be loaded.
        """
        architectures = read_json(folder / "config.json").get("architectures")
        names = [str(name) for name in architectures] if isinstance(architectures, list) else []
        if not any(name.endswith("ForQuestionAnswering") for name in names):
            raise ModelError(
                "has no question-answering head (its architecture is "
                f"{', '.join(names) or 'not named'})",
                folder,
                Remedy.CHOOSE_QUESTION_ANSWERING,
            )
        return cls(folder, precision)

    def check(self) -> None:
        """Do nothing: no checksum of the weights is known."""

    @cached_property
    def _run(self) -> Run:
        return load_converted(
            f"reader at {self.folder}",
            f"{cache_name('reader', self.precision)}-{CONVERSION}-{digest_of(self.folder)}",
            self._convert,
            lambda place: onnx_run(place / GRAPH, Remedy.DELETE_CONVERTED),
            lambda: _torch_run(_load(self.folder)),
            IN_PYTORCH,
        )

    def _convert(self, to: Path) -> None:
        _convert(_load(self.folder), to / GRAPH, self.window_tokenizer.max_tokens)
        convert_precision(self.precision, to / GRAPH)


def _load(folder: Path) -> Any:
    from safetensors import SafetensorError
    from transformers import AutoModelForQuestionAnswering
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # untyped library
    try:
        model, report = AutoModelForQuestionAnswering.from_pretrained(
            folder,
            trust_remote_code=False,
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
            dtype="float32",
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            "cannot be loaded", folder, Remedy.INSTALL_MODEL_AGAIN, detail=error
        ) from error
    missing = sorted(report["missing_keys"])
    if missing:
        raise ModelError(
            f"lacks weights of its question-answering head ({', '.join(missing[:3])})",
            folder,
            Remedy.CHOOSE_QUESTION_ANSWERING,
        )
    return model.eval()


def _torch_run(model: Any) -> Run:
    import torch

    typed = getattr(model.config, "type_vocab_size", 0) > 1

    def run(
        ids: NDArray[np.int64], types: NDArray[np.int64], mask: NDArray[np.int64]
    ) -> Sequence[NDArray[np.float32]]:
        inputs = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        if typed:
            inputs["token_type_ids"] = torch.from_numpy(types)
        with torch.inference_mode():
            outputs = model(**inputs)
        return outputs.start_logits.float().numpy(), outputs.end_logits.float().numpy()

    return run


def _convert(model: Any, path: Path, max_tokens: int) -> None:
    """Write the model as an ONNX graph that gives the same logits.

    Args:
        model: To convert.
        path: To write to.
        max_tokens: Longest input.

    Raises:
        NotConvertible: There is no such graph.
    """
    import torch

    from embeddings.models.conversion import conversion_errors, write_graph
    from embeddings.models.onnx_model import write_external_weights

    names = ["input_ids", "attention_mask"]
    names += ["token_type_ids"] if getattr(model.config, "type_vocab_size", 0) > 1 else []

    class Read(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            outputs = self.model(**dict(zip(names, tensors, strict=True)))
            return outputs.start_logits, outputs.end_logits

    leading = {"starts": ("batch", "tokens"), "ends": ("batch", "tokens")}
    with conversion_errors():
        model.set_attn_implementation("eager")
        example = _example(model.config, (2, 24))
        inputs = {name: torch.from_numpy(example[name]) for name in names}
        with TemporaryDirectory() as scratch:
            graph = Path(scratch) / GRAPH
            write_graph(Read().eval(), inputs, leading, graph, model.config)
            write_external_weights(graph, path)
        run, reference = onnx_run(path, Remedy.DELETE_CONVERTED), _torch_run(model)
        # Other shapes too: a dimension that was traced as a constant would show.
        for shape in ((2, 24), (1, 7), (3, max_tokens)):
            example = _example(model.config, shape)
            args = example["input_ids"], example["token_type_ids"], example["attention_mask"]
            for converted, original in zip(run(*args), reference(*args), strict=True):
                difference = float(np.abs((converted - original)[args[2] == 1]).max())
                if not difference <= TOLERANCE:
                    raise NotConvertible(f"its logits would differ by {difference:.1g}")


def _example(config: Any, shape: tuple[int, int]) -> dict[str, NDArray[np.int64]]:
    """Inputs of a shape ``(batch, tokens)``: random words, the last row padded."""
    ids = np.random.default_rng(0).integers(5, config.vocab_size, shape)
    types, mask = np.zeros_like(ids), np.ones_like(ids)
    types[:, shape[1] // 3 :] = 1
    mask[-1, shape[1] - shape[1] // 5 :] = 0
    return {"input_ids": ids, "token_type_ids": types, "attention_mask": mask}
