"""ONNX encoder: a converted sentence-transformers model on ONNX Runtime."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

from embeddings.errors import ModelError, Remedy
from embeddings.models.model_folder import load_tokenizer, read_json
from embeddings.models.onnx_model import batches_of_like_length, open_session, padded

GRAPH = "encoder.onnx"
CONFIG = "recipe.json"

Vectors = NDArray[np.float32]
Role = Literal["question", "passage"]
Progress = Callable[[Sequence[int]], object]
"""Called after each batch with the positions of its texts."""

TOKENIZED_AT_ONCE = 1_024
"""Texts whose tokens are in memory at once."""


@dataclass(frozen=True, slots=True)
class EmbeddingConfig:
    """How texts become the inputs of a converted model.

    Attributes:
        inputs: Names of the model's inputs.
        question: Put before a question.
        passage: Put before a passage.
        max_tokens: Tokens read of a text, special tokens included.
        pad_id: Token with which shorter texts of a batch are filled.
        dimension: Of the vectors.
    """

    inputs: tuple[str, ...]
    question: str
    passage: str
    max_tokens: int
    pad_id: int
    dimension: int

    def save(self, folder: Path) -> None:
        """Write it beside the model."""
        (folder / CONFIG).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The config beside a model.

        Raises:
            ModelError: There is none.
        """
        read = read_json(folder / CONFIG)
        try:
            # Written by ``save`` and compared with its checksum: its types are the attributes'.
            return cls(**{**read, "inputs": tuple(read["inputs"])})  # type: ignore[arg-type]  # from JSON
        except (KeyError, TypeError) as error:
            raise ModelError(
                "has no valid settings", folder / CONFIG, Remedy.DELETE_CONVERTED
            ) from error


class OnnxEncoder:
    """Encodes with the model that was converted into a folder. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self.config = EmbeddingConfig.load(folder)
        self._tokenizer = load_tokenizer(folder)
        self._room = self.config.max_tokens - self._tokenizer.num_special_tokens_to_add(False)
        self._session = open_session(folder / GRAPH, Remedy.DELETE_CONVERTED)

    def encode(self, texts: Sequence[str], role: Role, progress: Progress | None) -> Vectors:
        """``(n, dimension)`` float32, unit norm, in the order of ``texts``."""
        prompt = self.config.question if role == "question" else self.config.passage
        vectors = np.empty((len(texts), self.config.dimension), dtype=np.float32)
        longest_first = sorted(range(len(texts)), key=lambda at: -len(texts[at]))
        for start in range(0, len(texts), TOKENIZED_AT_ONCE):
            positions = longest_first[start : start + TOKENIZED_AT_ONCE]
            tokens = self._tokens([prompt + texts[at] for at in positions])
            for batch in batches_of_like_length([len(token.ids) for token in tokens]):
                rows = [tokens[at] for at in batch]
                inputs = {
                    "input_ids": padded([row.ids for row in rows], self.config.pad_id),
                    "attention_mask": padded([row.attention_mask for row in rows], 0),
                    "token_type_ids": padded([row.type_ids for row in rows], 0),
                }
                wanted = {name: inputs[name] for name in self.config.inputs}
                encoded = [positions[at] for at in batch]
                vectors[encoded] = self._session.run(None, wanted)[0]
                if progress:
                    progress(encoded)
        return vectors

    def _tokens(self, texts: Sequence[str]) -> list[Encoding]:
        encoded = self._tokenizer.encode_batch(texts, add_special_tokens=False)
        for encoding in encoded:
            encoding.truncate(self._room)
        return [self._tokenizer.post_process(encoding) for encoding in encoded]
