"""Corpus: the contexts of questions as a library, to evaluate and to calibrate on."""

from collections.abc import Callable, Sequence
from pathlib import Path

from embeddings.document import Document, DocumentBuilder
from embeddings.index.index import STORE_FILE, Index
from embeddings.index.protocols import SearchIndex
from embeddings.index.records import Source
from embeddings.index.store import Store
from embeddings.models.encoder import Encoder, Progress
from embeddings.splitting import split
from qa.evaluation.datasets import Question

FOLDER = "questions"


def library_of(
    questions: Sequence[Question],
    folder: Path,
    encoder: Encoder,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[Index, dict[str, int]]:
    """An index of all contexts of the questions, and each context's document id.

    Args:
        questions: Their distinct contexts become one document each.
        folder: Empty; the index is written there.
        encoder: For the passages.
        on_progress: Called with the number of encoded passages, and of all.
    """
    contexts = {question.context: question.title for question in questions}
    documents = [_document(text, title) for text, title in contexts.items()]
    passages = [
        split(document, encoder.tokenize, encoder.model.max_tokens) for document in documents
    ]
    texts = [passage.search_text for parts in passages for passage in parts]
    vectors = encoder.encode(texts, progress=count_progress(on_progress, len(texts)))
    store = Store.create(folder / STORE_FILE, encoder.model, vectors.shape[1])
    ids: dict[str, int] = {}
    at = 0
    with store.transaction():
        store.put_folder(FOLDER, folder)
        for number, (context, document, parts) in enumerate(
            zip(contexts, documents, passages, strict=True)
        ):
            sha256 = f"{number:064x}"
            id = store.put_document(
                sha256, "context", document, parts, vectors[at : at + len(parts)]
            )
            store.put_source(Source(f"{FOLDER}/{number}", FOLDER, 0, 0, 0, 0, sha256, id))
            ids[context] = id
            at += len(parts)
    return Index(folder, store), ids


def count_progress(on_progress: Callable[[int, int], object] | None, count: int) -> Progress | None:
    """A callback for an encoder of ``count`` texts, which calls another with done and ``count``."""
    if on_progress is None:
        return None
    done = 0

    def progress(batch: Sequence[int]) -> None:
        nonlocal done
        done += len(batch)
        on_progress(done, count)

    return progress


def _document(text: str, title: str) -> Document:
    builder = DocumentBuilder(title.replace("_", " "))
    for paragraph in text.split("\n\n"):
        builder.add("paragraph", paragraph)
    return builder.build("")


def passages_of(index: SearchIndex, document: int) -> frozenset[int]:
    """The ids of a document's passages, to exclude them from a search."""
    with index.contents() as contents:
        return frozenset(passage.id for passage in contents.passages_of(document))
