"""Builders: an indexed folder of short texts."""

from pathlib import Path

from embeddings.index.index import Index
from embeddings.indexing import index_folder
from embeddings.models.encoder import SentenceTransformersEncoder


def library(folder: Path, texts: dict[str, str], encoder: SentenceTransformersEncoder) -> Index:
    (folder / "d").mkdir()
    for name, text in texts.items():
        (folder / "d" / name).write_text(text, encoding="utf-8")
    index = Index.open_or_create(folder / "index", encoder)
    index_folder(folder / "d", index, encoder)
    return index


LONG = (
    "The old stone bridge over the river Ishim was opened by the mayor of the town in the "
    "spring of 1901 after nine years of work by two hundred masons from the whole province."
)
