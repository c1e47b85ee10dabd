"""A stand-in for ``DocumentLoader`` that starts no process, for text files alone."""

from pathlib import Path

from embeddings.document import Document, DocumentBuilder
from embeddings.files.limits import Limits
from embeddings.models.model_folder import token_starts
from embeddings.passages import Passage, Splitting, split


class PlainLoader:
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
