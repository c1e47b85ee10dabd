"""Library: small folders, what answers from them without a model, and checks of an index."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np

from embeddings import indexing
from embeddings.index.index import Index
from embeddings.indexing import index_folder
from qa.pipeline import QuestionAnswerer
from qa.reading.reader import ReadAnswer, Span
from qa.results import Hit
from qa.retrieval.retriever import Retriever
from qa.service.documents import Documents
from qa.service.uploads import Uploads
from qa.settings import Settings
from tests.builders import HashingEncoder, PlainLoader

FILES = 30

MAX_IN_PROGRESS = indexing.READ_AHEAD + 2
"""Files at most that are being read when a process dies: those read ahead, and one on each side."""


def document_text(number: int) -> str:
    """The text of a document that no other document shares."""
    return "\n\n".join(f"House {number}, floor {floor}. " * 12 for floor in range(4))


def make_documents(folder: Path, count: int = FILES) -> None:
    """Make a folder of so many documents."""
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number:02}.txt").write_text(document_text(number))


@contextmanager
def fast_indexing(plain: bool = True) -> Iterator[None]:
    """Inside, a document is committed at a time; plain text is read without a process."""
    with patch.object(indexing, "BATCH_PASSAGES", 4):
        if not plain:
            yield
            return
        with patch.object(indexing, "DocumentLoader", PlainLoader):
            yield


class FirstSentence:
    """A reader that takes the first sentence of each hit for an answer."""

    def read(self, question: str, hits: Sequence[Hit]) -> list[ReadAnswer]:
        """An answer for each hit, in their order."""
        return [
            ReadAnswer((Span(at, hit.start, hit.start + hit.text.index(".") + 1),), 0.9 - at / 100)
            for at, hit in enumerate(hits)
            if "." in hit.text
        ]


def answering(index: Index, folder: Path | None = None) -> QuestionAnswerer:
    """What answers from the index, or from a folder that is brought up to date first."""
    encoder = HashingEncoder()
    report = index_folder(folder, index, encoder) if folder else None
    return QuestionAnswerer(
        index,
        Retriever(index, encoder),
        FirstSentence(),
        Settings(index=index.folder),
        folders=[folder.resolve()] if folder else [],
        report=report,
    )


@contextmanager
def served(folder: Path, place: Path) -> Iterator[Uploads]:
    """The uploads of a chat about a folder, as they are at its start."""
    index = Index.open_or_create(place, HashingEncoder())
    with answering(index, folder) as answerer:
        assert answerer.report is not None
        uploads = Uploads(Documents(answerer), answerer.report.name, folder)
        uploads.open()
        uploads.index_all()
        try:
            yield uploads
        finally:
            uploads.close()


def arrive(uploads: Uploads, name: str, text: str) -> Path:
    """A file that was received and asked for."""
    writer = uploads.incoming.create(name)
    writer.write(text.encode())
    writer.close()
    uploads.incoming.make_claimable([writer.token])
    path = uploads.incoming.claim(writer.token)
    assert path is not None
    return path


def is_whole(index: Index, path: str) -> bool:
    """Whether a document is there with all its passages and vectors."""
    store = index.store
    source = store.sources().get(path)
    if source is None or source.document is None:
        return False
    document = store.document(source.document)
    stored = store.passages_of(source.document)
    ids = np.array([passage.id for passage in stored], dtype=np.int64)
    vectors = sum(len(batch) for _, batch in store.vectors(ids))
    words = sum(len(passage.passage.text.split()) for passage in stored)
    return vectors == len(stored) > 0 and words == len(document.text.split())


def incomplete(index: Index) -> list[str]:
    """Incomplete documents of the index, and rows that belong to no document."""
    store = index.store
    sources = store.sources()
    broken = [
        path for path, source in sources.items() if not source.problem and not is_whole(index, path)
    ]
    orphans = [f"document {id}" for id, document in store.documents().items() if not document.paths]
    return [*store.damage(), *broken, *orphans]
