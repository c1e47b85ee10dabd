"""A stand-in for ``DocumentLoader`` that starts no process, for text files alone."""

from pathlib import Path

from embeddings.document import Document, DocumentBuilder
from embeddings.limits import Limits


class PlainLoader:
    def __init__(self, limits: Limits | None = None) -> None:
        pass

    def close(self) -> None:
        pass

    def load(self, path: Path) -> Document:
        builder = DocumentBuilder()
        for paragraph in path.read_text().split("\n\n"):
            builder.add("paragraph", paragraph)
        return builder.build(path.name)
