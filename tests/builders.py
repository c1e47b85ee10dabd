"""Builders shared by the tests: an encoder without a model, and a loader without a process."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from embeddings.document import Document, DocumentBuilder
from embeddings.files.limits import Limits
from embeddings.models.encoder import EncoderModel, Progress, Role, Vectors
from embeddings.models.model_folder import token_starts
from embeddings.passages import Passage, Splitting, Tokenize
from embeddings.splitting import split
from qa.results import Hit
from qa.web.html.page import RenderedTurn
from qa.web.stored_turns import serialize_turn

_WORD = re.compile(r"\w+")

WORD_TOKENIZER = Path(__file__).with_name("word_tokenizer.json")
"""The same tokenizer as ``word_starts``, as a file for the process that splits documents."""


def word_starts(text: str) -> list[int]:
    """A tokenizer whose tokens are the runs of characters between spaces."""
    return [match.start() for match in re.finditer(r"\S+", text)]


class HashingEncoder:
    """A hashed bag of words: texts with the same words have the same vector. Counts its calls.

    Attributes:
        calls: Number of calls of ``encode``.
        texts: That were encoded, in order.
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


class PlainLoader:
    """A stand-in for ``DocumentLoader`` that reads text files only and starts no process."""

    def __init__(self, limits: Limits | None = None) -> None:
        pass

    def close(self) -> None:
        pass

    def load_split(self, path: Path, splitting: Splitting) -> tuple[Document, tuple[Passage, ...]]:
        builder = DocumentBuilder()
        for paragraph in path.read_text().split("\n\n"):
            builder.add("paragraph", paragraph)
        document = builder.build(path.name)
        return document, split(document, token_starts(splitting.tokenizer), splitting.max_tokens)


def a_hit(text: str, rank: int = 1, **values: Any) -> Hit:
    """A passage as it is retrieved; values replace those of its other fields."""
    fields: dict[str, Any] = {
        "document": 1,
        "path": "docs/a.txt",
        "also_at": (),
        "near_duplicates": (),
        "title": "",
        "sha256": "",
        "dated": "",
        "page": None,
        "page_breaks": (),
        "headings": (),
        "context": "",
        "start": 0,
        "end": len(text),
        "score": 0.5,
        "vector_score": 0.5,
        "vector_rank": rank,
        "word_score": 0.0,
        "word_rank": None,
    }
    return Hit(text=text, rank=rank, **fields | values)


def shown(document: Document) -> list[tuple[str, str]]:
    """Kind (and level, of headings) and text of each block."""
    return [
        (f"{block.kind}{block.level or ''}", document.text[block.start : block.end])
        for block in document.blocks
    ]


def shown_with_bars(document: Document) -> list[tuple[str, str]]:
    """As ``shown``, cells of tables between bars."""
    return [(kind, text.replace("\t", " | ")) for kind, text in shown(document)]


def stored_turns(turns: Sequence[RenderedTurn]) -> str:
    """A conversation as the page's script sends it."""
    return f"[{','.join(map(serialize_turn, turns))}]"
