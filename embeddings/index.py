"""Index: the one place where passages are searched and fetched.

``SearchIndex`` is all that retrieving needs; ``Index`` keeps it in one folder: a SQLite
database, the FAISS file derived from it, and the lock of the one writer.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from threading import RLock
from typing import Protocol

import numpy as np
from filelock import FileLock, Timeout
from platformdirs import user_data_path

from embeddings.database import damaged
from embeddings.document import Document
from embeddings.encoder import Encoder, EncoderModel, Vectors
from embeddings.errors import IndexLocked, IndexMismatch, IndexMissing, IndexNotWritable
from embeddings.store import DocumentFacts, Store, StoredPassage
from embeddings.vectors import EXACT_LIMIT, VectorIndex

DEFAULT_INDEX = user_data_path("chapter-and-verse", appauthor=False)
"""Where the index lies unless another place is named."""

STORE_FILE = "library.sqlite"
VECTORS_FILE = "library.faiss"
LOCK_FILE = "writer.lock"


def uploads_beside(folder: Path) -> Path:
    """Where files that readers add lie: beside the index, which may be deleted to index anew.

    Args:
        folder: Of the index.
    """
    folder = folder.absolute()
    # Without links, as the index knows where its folders lie.
    return (folder.parent.resolve() / f"{folder.name}.uploads").resolve()


class Snapshot(Protocol):
    """One generation of an index, unchanged while it is open. Scores: higher is better."""

    @property
    def generation(self) -> int:
        """Grows with each change of the passages."""
        ...

    def search_vectors(
        self, vector: Vectors, limit: int, within: Sequence[str] = ()
    ) -> list[tuple[int, float]]:
        """Passages nearest to a unit vector ``(dimension,)``: (passage id, cosine), best first.

        ``within`` names the documents or folders to search, by library path; all if empty.
        """
        ...

    def similarities(self, vector: Vectors, ids: Sequence[int]) -> dict[int, float]:
        """Cosine of those passages with a unit vector ``(dimension,)``, by passage id."""
        ...

    def search_words(
        self, terms: Sequence[str], limit: int, within: Sequence[str] = ()
    ) -> list[tuple[int, float]]:
        """Passages that hold any of the words: (passage id, BM25), best first."""
        ...

    def passages(self, ids: Sequence[int]) -> list[StoredPassage]:
        """The passages with those ids, in that order."""
        ...

    def documents(self, ids: Iterable[int]) -> dict[int, DocumentFacts]:
        """What a citation says about each of these documents, by id."""
        ...

    def text(self, document: int, start: int, end: int) -> str:
        """``Document.text[start:end]`` as stored, which proves a quote."""
        ...


class SearchIndex(Protocol):
    """What the retriever needs of an index, wherever and however it is kept."""

    @property
    def encoder_model(self) -> EncoderModel:
        """The encoder that questions must be encoded with."""
        ...

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """One consistent generation to search."""
        ...


class Index:
    """An index in a folder. Safe to use from several threads.

    index = Index.open(DEFAULT_INDEX)
    with index.snapshot() as snapshot:
        snapshot.search_words(["aid", "syria"], limit=3)  # [(17, 8.25), (4, 3.11), …]
    """

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store
        self._vectors: VectorIndex | None = None
        # One connection and one FAISS index serve all threads. A search holds them for
        # milliseconds; encoding and reading, which take longer, happen outside.
        self._lock = RLock()

    @classmethod
    def open(cls, folder: Path) -> "Index":
        """The index in that folder.

        Raises:
            IndexMissing: Nothing is indexed there.
            IndexMismatch: Another format version.
            IndexDamaged: It fails its checks.
        """
        return cls(folder, Store.open(folder / STORE_FILE))

    @classmethod
    def open_or_create(cls, folder: Path, encoder: Encoder) -> "Index":
        """The index in that folder, made now if there is none.

        Raises:
            IndexMismatch: It was made with another encoder.
            IndexNotWritable: It cannot be made there.
        """
        try:
            index = cls.open(folder)
        except IndexMissing:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise IndexNotWritable(
                    f"{folder} cannot be made ({error.strerror}); "
                    "choose another place with --index."
                ) from error
            dimension = encoder.encode(["dimension"]).shape[1]
            with writer_lock(folder):
                store = folder / STORE_FILE
                if store.exists():
                    return cls.open_or_create(folder, encoder)
                return cls(folder, Store.create(store, encoder.model, dimension))
        index.check_encoder(encoder.model)
        return index

    def close(self) -> None:
        """Release the files."""
        with self._lock:
            self.store.close()

    @property
    def encoder_model(self) -> EncoderModel:
        """The encoder whose vectors the index holds."""
        with self._lock:
            return self.store.header.encoder

    def check_encoder(self, model: EncoderModel) -> None:
        """Refuse vectors of another encoder.

        Raises:
            IndexMismatch: The index was made with another one.
        """
        made_with = self.encoder_model
        if made_with.digest != model.digest:
            raise IndexMismatch(
                f"The index at {self.folder} was made with the encoder {made_with.name} "
                f"({made_with.digest[:8]}), not {model.name} ({model.digest[:8]}); "
                "choose that encoder, or another place with --index."
            )

    @contextmanager
    def snapshot(self) -> Iterator["IndexSnapshot"]:
        """One consistent generation to search, the newest."""
        with self._lock, self.store.snapshot():
            yield IndexSnapshot(self.store, self._caught_up())

    @property
    def version(self) -> int:
        """Another one whenever anybody has written to the index; see ``Store.version``."""
        with self._lock:
            return self.store.version

    def names(self, folders: Collection[Path]) -> tuple[str, ...]:
        """Names in the library of the folders that lie at these places; of those that have one."""
        with self._lock, self.store.snapshot():
            known = self.store.folders()
        return tuple(name for name, location in known.items() if location in folders)

    def document(self, path: str) -> tuple[DocumentFacts, Document] | None:
        """The document at a path of the library; none if there is none.

        Read through a connection of its own: no search waits for a long document.

        Raises:
            IndexDamaged: It fails its checksum.
        """
        with closing(Store.open(self.folder / STORE_FILE)) as store, store.snapshot():
            id = store.document_at(path)
            if id is None:
                return None
            facts = store.documents([id]).get(id)
            if facts is None:
                raise damaged(store.path, f"has lost the document at {path}")
            return facts, store.document(id)

    def digests(self, paths: Iterable[str]) -> dict[str, str]:
        """SHA-256 of each of these documents' files, by path; of those that are there."""
        with self._lock, self.store.snapshot():
            ids = {path: self.store.document_at(path) for path in set(paths)}
            facts = self.store.documents(id for id in ids.values() if id is not None)
            return {path: facts[id].sha256 for path, id in ids.items() if id in facts}

    def save_vectors(self) -> None:
        """Write the FAISS file for the present generation, unless it is there already."""
        with self._lock, self.store.snapshot():
            header = self.store.header
            path = self.folder / VECTORS_FILE
            if VectorIndex.load(path, header.stamp) is None:
                self._caught_up().save(path, header.stamp)

    def _caught_up(self) -> VectorIndex:
        """The vectors of the store's present generation, in memory."""
        header = self.store.header
        if self._vectors is None:
            self._vectors = VectorIndex.load(self.folder / VECTORS_FILE, header.stamp)
        if self._vectors and self._vectors.generation == header.generation:
            return self._vectors
        ids = self.store.passage_ids()
        known = self._vectors.ids if self._vectors else np.empty(0, dtype=np.int64)
        added = np.setdiff1d(ids, known, assume_unique=True)
        grown = len(added) > len(known)
        if self._vectors is None or grown or self._vectors.exact != (len(ids) <= EXACT_LIMIT):
            # Its kind and its lists must be chosen for the new size.
            self._vectors = VectorIndex.build(
                header.dimension, ids, self.store.vectors, header.generation
            )
            return self._vectors
        removed = np.setdiff1d(known, ids, assume_unique=True)
        if len(removed):
            self._vectors.remove(removed)
        for batch_ids, batch in self.store.vectors(added):
            self._vectors.add(batch_ids, batch)
        self._vectors.generation = header.generation
        return self._vectors


class IndexSnapshot:
    """One generation of an ``Index``."""

    def __init__(self, store: Store, vectors: VectorIndex) -> None:
        self._store = store
        self._vectors = vectors

    @property
    def generation(self) -> int:
        """Grows with each change of the passages."""
        return self._vectors.generation

    def search_vectors(
        self, vector: Vectors, limit: int, within: Sequence[str] = ()
    ) -> list[tuple[int, float]]:
        """Passages nearest to a unit vector: (passage id, cosine), best first."""
        among = self._store.passage_ids(within) if within else None
        return self._vectors.search(vector, limit, among)

    def similarities(self, vector: Vectors, ids: Sequence[int]) -> dict[int, float]:
        """Cosine of those passages with a unit vector, by passage id."""
        return {
            int(id): float(score)
            for found, vectors in self._store.vectors(np.array(ids, dtype=np.int64))
            for id, score in zip(found, vectors @ vector, strict=True)
        }

    def search_words(
        self, terms: Sequence[str], limit: int, within: Sequence[str] = ()
    ) -> list[tuple[int, float]]:
        """Passages that hold any of the words: (passage id, BM25), best first."""
        return self._store.search_words(terms, limit, within)

    def passages(self, ids: Sequence[int]) -> list[StoredPassage]:
        """The passages with those ids, in that order."""
        return self._store.passages(ids)

    def documents(self, ids: Iterable[int]) -> dict[int, DocumentFacts]:
        """What a citation says about each of these documents, by id."""
        return self._store.documents(ids)

    def text(self, document: int, start: int, end: int) -> str:
        """``Document.text[start:end]`` as stored, which proves a quote."""
        return self._store.text(document, start, end)


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Held by the one process that writes to the index in that folder.

    The operating system lets go of it when the process ends, however it ends.

    Raises:
        IndexLocked: Another process holds it.
        IndexNotWritable: The lock cannot be made.
    """
    owner = folder / f"{LOCK_FILE}.owner"
    lock = FileLock(folder / LOCK_FILE)
    try:
        lock.acquire(timeout=0)
        owner.write_text(str(os.getpid()), encoding="ascii")
    except Timeout as error:
        who = (
            f"process {owner.read_text(encoding='ascii')}" if owner.is_file() else "another process"
        )
        raise IndexLocked(
            f"The index at {folder} is being written by {who}; wait until it has finished."
        ) from error
    except OSError as error:
        lock.release()
        raise IndexNotWritable(
            f"The index at {folder} cannot be written ({error.strerror}). "
            "Free some room, change who may write there, or choose another place with --index."
        ) from error
    try:
        yield
    finally:
        lock.release()
