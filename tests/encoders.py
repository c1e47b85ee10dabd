"""An encoder for tests of plumbing: a hashed bag of words, no model, no PyTorch."""

import re
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np

from embeddings.models.encoder import EncoderModel, Progress, Role, Vectors
from embeddings.passages import Splitting, Tokenize

_WORD = re.compile(r"\w+")

WORD_TOKENIZER = Path(__file__).with_name("word_tokenizer.json")
"""Says of a text what ``word_starts`` says, to the process that splits documents."""


def word_starts(text: str) -> list[int]:
    """A tokenizer that takes each run of characters between spaces for one token."""
    return [match.start() for match in re.finditer(r"\S+", text)]


class HashingEncoder:
    """Texts with the same words get the same vector; counts what it is asked to do.

    Attributes:
        calls: How often ``encode`` was called.
        texts: What was encoded, in order.
    """

    def __init__(self, name: str = "hashing", dimension: int = 64, max_tokens: int = 64) -> None:
        self.dimension = dimension
        self.calls = 0
        self.texts: list[str] = []
        self._model = EncoderModel(name, f"{crc32(name.encode()):064x}", max_tokens)

    @property
    def model(self) -> EncoderModel:
        return self._model

    @property
    def tokenize(self) -> Tokenize:
        return word_starts

    @property
    def splitting(self) -> Splitting:
        return Splitting(WORD_TOKENIZER, self._model.max_tokens)

    def encode(
        self, texts: Sequence[str], role: Role = "passage", progress: Progress | None = None
    ) -> Vectors:
        self.calls += 1
        self.texts += texts
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in _WORD.findall(text.lower()):
                # Sign and place from one hash: collisions cancel out on average.
                code = crc32(word.encode("utf-8", "surrogatepass"))
                row[code % self.dimension] += 1 if code & 0x8000_0000 else -1
            if not row.any():
                row[0] = 1
            row /= np.linalg.norm(row)
        if progress:
            progress(range(len(texts)))
        return vectors

    def vector(self, text: str) -> Vectors:
        """The vector ``(dimension,)`` of one text, not counted."""
        vector: Vectors = HashingEncoder(dimension=self.dimension).encode([text])[0]
        return vector
