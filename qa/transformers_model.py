"""Any extractive question-answering model of the transformers library."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings.errors import ModelError
from embeddings.model_folder import load_tokenizer, read_json
from qa.calibration import Calibration
from qa.span_model import Logits, read_batches
from qa.windows import MAX_TOKENS, Cutter, Window


class TransformersSpanModel:
    """A question-answering model in a folder, in the safetensors format.

    Its null answer is the span at the first token, as in models trained on SQuAD 2.0.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        settings = read_json(folder / "config.json")
        positions = settings.get("max_position_embeddings")
        # Two positions are special in models of the RoBERTa family.
        limit = positions - 2 if isinstance(positions, int) else MAX_TOKENS
        self.cutter = Cutter(load_tokenizer(folder), min(MAX_TOKENS, limit))
        self._lock = RLock()

    @classmethod
    def load(cls, folder: Path) -> "TransformersSpanModel":
        """The model in a folder.

        Raises:
            ModelError: It is no question-answering model, or cannot be loaded.
        """
        architectures = read_json(folder / "config.json").get("architectures")
        names = [str(name) for name in architectures] if isinstance(architectures, list) else []
        if not any(name.endswith("ForQuestionAnswering") for name in names):
            raise ModelError(
                f"The model at {folder} has no question-answering head (its architecture is "
                f"{', '.join(names) or 'not named'}); name an extractive question-answering model."
            )
        return cls(folder)

    @cached_property
    def calibration(self) -> Calibration:
        """The one beside the model; a rough one if there is none."""
        return Calibration.load(self.folder)

    @cached_property
    def _model(self) -> Any:
        from safetensors import SafetensorError
        from transformers import AutoModelForQuestionAnswering
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # untyped library
        try:
            model, report = AutoModelForQuestionAnswering.from_pretrained(
                self.folder,
                trust_remote_code=False,
                local_files_only=True,
                use_safetensors=True,
                output_loading_info=True,
            )
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise ModelError(
                f"The model at {self.folder} cannot be loaded ({error}); choose another, "
                "or install it again."
            ) from error
        missing = sorted(report["missing_keys"])
        if missing:
            raise ModelError(
                f"The model at {self.folder} lacks weights of its question-answering head "
                f"({', '.join(missing[:3])}); choose a model that was trained for it."
            )
        return model.eval()

    def read(self, windows: Sequence[Window]) -> list[Logits]:
        """The logits of each window, in the order of ``windows``."""
        with self._lock:
            _ = self._model
        return read_batches(windows, self._run, self.cutter.pad_id)

    def _run(
        self, ids: NDArray[np.int64], types: NDArray[np.int64], mask: NDArray[np.int64]
    ) -> Sequence[NDArray[np.float32]]:
        import torch

        inputs = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        if getattr(self._model.config, "type_vocab_size", 0) > 1:
            inputs["token_type_ids"] = torch.from_numpy(types)
        with torch.inference_mode():
            outputs = self._model(**inputs)
        return outputs.start_logits.float().numpy(), outputs.end_logits.float().numpy()
