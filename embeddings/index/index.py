"""Index: the one place where passages are searched and fetched.

``Index`` is the protocol ``SearchIndex`` in one folder: a SQLite database, the FAISS file
derived from it, the commit log, and the lock of the one writer.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from threading import RLock

import numpy as np
from filelock import FileLock, Timeout
from platformdirs import user_data_path

from embeddings.errors import (
    IndexDamaged,
    IndexLocked,
    IndexMismatch,
    IndexMissing,
    IndexNotWritable,
    IndexProblem,
    Remedy,
)
from embeddings.index.database import damaged
from embeddings.index.records import DocumentFacts, StoredPassage
from embeddings.index.store import Store
from embeddings.index.vectors import EXACT_LIMIT, VectorIndex
from embeddings.models.encoder import Encoder, EncoderModel, Vectors
from embeddings.parts import Part
from embeddings.private_files import FILE_MODE, private_file, private_folder

DEFAULT_INDEX = user_data_path("chapter-and-verse", appauthor=False)
"""Where the index lies unless another place is named."""

STORE_FILE = "library.sqlite"
VECTORS_FILE = "library.faiss"
LOCK_FILE = "writer.lock"

SHORTEST_MAPPED = 32_768
"""Bytes of the index of SQLite's log: https://www.sqlite.org/walformat.html."""


def uploads_beside(folder: Path) -> Path:
    """Where files that readers add lie: beside the index, which may be deleted to index anew.

    Args:
        folder: Of the index.
    """
    folder = folder.absolute()
    # Without links, as the index knows where its folders lie.
    return (folder.parent.resolve() / f"{folder.name}.uploads").resolve()


class Index:
    """An index in a folder. Safe to use from several threads.

    index = Index.open(DEFAULT_INDEX)
    with index.snapshot() as snapshot:
        snapshot.search_words(["aid", "syria"], limit=3)  # [(17, 8.25), (4, 3.11), …]
    """

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store
        self._place = _place_of(store.path)
        self._library, self._encoder = store.header.library, store.header.encoder
        self._openings = 1
        self._version = 0
        self._shared = store.path.with_name(f"{STORE_FILE}-shm")
        self._mapped = _size_of(self._shared) or 0
        self._vectors: VectorIndex | None = None
        self._generation = 0
        # One connection and one FAISS index serve all threads. A search holds them for
        # milliseconds; encoding and reading, which take longer, happen outside.
        self._lock = RLock()

    @classmethod
    def open(cls, folder: Path) -> "Index":
        """The index in that folder.

        Raises:
            IndexMissing: Nothing is indexed there.
            IndexMismatch: Another format version.
            IndexDamaged: It fails its checks, or has lost what had been committed.
        """
        return cls(folder, _sound(Store.open(folder / STORE_FILE)))

    @classmethod
    def open_or_create(cls, folder: Path, encoder: Encoder) -> "Index":
        """The index in that folder, made now if there is none, to index folders.

        That brings back what had been committed and is lost; see ``writing``.

        Raises:
            IndexMismatch: It was made with another encoder.
            IndexNotWritable: It cannot be made there.
        """
        try:
            index = cls(folder, Store.open(folder / STORE_FILE))
        except IndexMissing:
            try:
                private_folder(folder)
            except OSError as error:
                raise IndexNotWritable(
                    f"cannot be made ({error.strerror})", folder, Remedy.CHOOSE_INDEX
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
            if self._is_cut_short():
                self._lengthen()
            self.store.close()

    @property
    def library_id(self) -> str:
        """32 hexadecimal digits that no other index has."""
        return self._library

    @property
    def encoder_model(self) -> EncoderModel:
        """The encoder whose vectors the index holds."""
        return self._encoder

    def check_encoder(self, model: EncoderModel) -> None:
        """Refuse vectors of another encoder.

        Raises:
            IndexMismatch: The index was made with another one.
        """
        made_with = self.encoder_model
        if made_with.digest != model.digest:
            raise IndexMismatch(
                f"was made with the encoder {made_with.name} ({made_with.digest[:8]}), "
                f"not {model.name} ({model.digest[:8]})",
                self.folder,
                Remedy.CHOOSE_ENCODER,
            )

    @contextmanager
    def snapshot(self) -> Iterator["IndexSnapshot"]:
        """One consistent generation to search, the newest.

        Raises:
            IndexMissing: The index was moved away or deleted.
        """
        with self._lock, self._here().snapshot():
            yield IndexSnapshot(self.store, self._caught_up())

    @contextmanager
    def writing(self) -> Iterator[Store]:
        """The store for the one writer: other threads go on searching through the index's.

        What it had lost is known from then on, and what is committed lies in the database
        itself afterwards, no longer in its log.

        Raises:
            IndexLocked: Another process is writing.
            IndexDamaged: It cannot be gone on from.
        """
        with writer_lock(self.folder), closing(Store.open(self.store.path)) as store:
            store.mend()
            try:
                yield store
            except BaseException:
                # What went wrong first is told.
                with suppress(IndexProblem):
                    store.checkpoint()
                raise

    @property
    def version(self) -> int:
        """Another one whenever anybody has written to the index, or put another in its place."""
        with self._lock:
            # Where it is gone, questions are told so.
            with suppress(IndexProblem):
                version = self._here().version
                self._version = (self._openings << 32) + version
            return self._version

    def _here(self) -> Store:
        """The store at the index's place: another one once another index has been put there."""
        path = self.folder / STORE_FILE
        place = _place_of(path)
        if place is None:
            raise IndexMissing(
                "is gone: it was moved or deleted while it was in use",
                self.folder,
                Remedy.RESTORE_INDEX,
            )
        if self._is_cut_short():
            # SQLite makes it anew once nothing is mapped any more.
            self._lengthen()
            self.store.close()
            self._place = None
        elif place == self._place and self.store.header.library == self._library:
            return self.store
        store = _sound(Store.open(path))
        if store.header.encoder.digest != self._encoder.digest:
            store.close()
            raise IndexMismatch(
                "was replaced while it was in use by one that was made with another encoder",
                self.folder,
                Remedy.START_AGAIN,
            )
        self.store.close()
        self.store, self._place, self._library = store, place, store.header.library
        self._vectors = None
        self._openings += 1
        self._mapped = _size_of(self._shared) or 0
        return store

    def _is_cut_short(self) -> bool:
        """Whether what SQLite maps, an index of its log, is shorter than it was.

        It never shortens a file that is in use, and whoever reads behind a file's end is ended by
        the operating system.
        """
        size = _size_of(self._shared)
        if size is None or _place_of(self.store.path) != self._place:
            return False  # What lies there, if anything, belongs to another index.
        self._mapped = max(size, self._mapped, SHORTEST_MAPPED)
        return size < self._mapped

    def _lengthen(self) -> None:
        """Give what SQLite maps its length again, empty, for closing reads it, too."""
        # Without opening it: to close a file gives up all locks that a process has on it.
        with suppress(FileNotFoundError):
            os.truncate(self._shared, self._mapped)

    @contextmanager
    def contents(self) -> Iterator[Store]:
        """What the index holds, read through a connection of its own: no search waits for it."""
        with self._lock:
            database = self._here().path
        with closing(Store.open(database)) as store, store.snapshot():
            yield store

    def names(self, folders: Collection[Path]) -> tuple[str, ...]:
        """Names in the library of the folders that lie at these places; of those that have one."""
        with self._lock, self._here().snapshot():
            known = self.store.folders()
        return tuple(name for name, location in known.items() if location in folders)

    def facts(self, path: str) -> DocumentFacts | None:
        """About the document at a path of the library; none if there is none.

        Raises:
            IndexDamaged: It fails its checksum.
        """
        with self._lock, self._here().snapshot():
            return _facts_at(self.store, path)

    def part(
        self, path: str, number: int | None = None, offset: int = 0
    ) -> tuple[DocumentFacts, int, Part] | None:
        """A part of the document at a path, with its number; none if there is no document.

        Read through a connection of its own: no search waits for it.

        Args:
            path: Of the library.
            number: Of the part, from 0, of too high a number the last; the one that holds
                ``offset`` if it is left out.
            offset: Into ``Document.text``.

        Raises:
            IndexDamaged: It fails its checksum.
        """
        with self.contents() as store:
            facts = _facts_at(store, path)
            return None if facts is None else (facts, *store.part(facts, number, offset))

    def text(self, document: int, start: int, end: int) -> str:
        """``Document.text[start:end]`` of the document with that id; empty if it is gone."""
        with self._lock, self._here().snapshot():
            return self.store.text(document, start, end)

    def digests(self, paths: Iterable[str]) -> dict[str, str]:
        """SHA-256 of each of these documents' files, by path; of those that are there."""
        with self._lock, self._here().snapshot():
            ids = {path: self.store.document_at(path) for path in set(paths)}
            facts = self.store.documents(id for id in ids.values() if id is not None)
            return {path: facts[id].sha256 for path, id in ids.items() if id in facts}

    def save_vectors(self) -> None:
        """Write the FAISS file for the present generation, unless it is there already."""
        with self._lock, self._here().snapshot():
            path = self.folder / VECTORS_FILE
            if VectorIndex.load(path, self.store.header.stamp) is None:
                self._caught_up().save(path)

    def _caught_up(self) -> VectorIndex:
        """The vectors of the store's present generation, in memory."""
        header = self.store.header
        if self._vectors is None:
            self._vectors = VectorIndex.load(self.folder / VECTORS_FILE, header.stamp)
        if self._vectors and self._vectors.stamp == header.stamp:
            self._generation = header.generation
            return self._vectors
        # Ids are never given again, but in a store that was put back to what it was.
        fresh = self._vectors is None or header.generation <= self._generation
        ids = self.store.passage_ids()
        known = np.empty(0, np.int64) if fresh or not self._vectors else self._vectors.ids
        added = np.setdiff1d(ids, known, assume_unique=True)
        grown = len(added) > len(known)
        exact = len(ids) <= EXACT_LIMIT
        # While it changes, it belongs to no contents.
        vectors, self._vectors = self._vectors, None
        if vectors is None or fresh or grown or vectors.exact != exact:
            # Its kind and its lists must be chosen for the new size.
            vectors = VectorIndex.build(header.dimension, ids, self.store.vectors, header.stamp)
        else:
            removed = np.setdiff1d(known, ids, assume_unique=True)
            if len(removed):
                vectors.remove(removed)
            for batch_ids, batch in self.store.vectors(added):
                vectors.add(batch_ids, batch)
            vectors.stamp = header.stamp
        self._vectors, self._generation = vectors, header.generation
        return vectors


class IndexSnapshot:
    """One generation of an ``Index``."""

    def __init__(self, store: Store, vectors: VectorIndex) -> None:
        self._store = store
        self._vectors = vectors

    @property
    def state(self) -> str:
        """Another one after each change of the passages, and in another index."""
        return self._vectors.stamp

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
        """The passages with those ids, in that order.

        Raises:
            IndexDamaged: One is not there.
        """
        found = self._store.passages(ids)
        if len(found) != len(ids):
            raise damaged(self._store.path, f"lacks {len(ids) - len(found)} passages")
        return found

    def documents(self, ids: Iterable[int]) -> dict[int, DocumentFacts]:
        """What a citation says about each of these documents, by id.

        Raises:
            IndexDamaged: One is not there.
        """
        wanted = set(ids)
        found = self._store.documents(wanted)
        if len(found) != len(wanted):
            raise damaged(self._store.path, f"lacks {len(wanted) - len(found)} documents")
        return found

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
    lock = FileLock(folder / LOCK_FILE, mode=FILE_MODE)
    try:
        lock.acquire(timeout=0)
        private_file(owner)
        owner.write_text(str(os.getpid()), encoding="ascii")
    except Timeout as error:
        who = (
            f"process {owner.read_text(encoding='ascii', errors='replace')}"
            if owner.is_file()
            else "another process"
        )
        raise IndexLocked(f"is being written by {who}", folder, Remedy.WAIT) from error
    except OSError as error:
        lock.release()
        raise IndexNotWritable(
            f"cannot be written ({error.strerror})", folder, Remedy.MAKE_WRITABLE
        ) from error
    try:
        yield
    finally:
        lock.release()


def _place_of(path: Path) -> tuple[int, int] | None:
    """By what the operating system knows the file at a path; none if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _size_of(path: Path) -> int | None:
    """Bytes of the file at a path; none if there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return None


NAMED = 5
"""Of the documents that are lost so many are named; ``Store.missing`` names all."""


def _facts_at(store: Store, path: str) -> DocumentFacts | None:
    id = store.document_at(path)
    if id is None:
        store.check_counts()  # One that is hidden by damage is not taken for none.
        return None
    facts = store.documents([id]).get(id)
    if facts is None:
        raise damaged(store.path, f"has lost the document at {path}")
    return facts


def _sound(store: Store) -> Store:
    """The store, if it holds what was committed to it.

    Raises:
        IndexDamaged: It does not; it is closed then.
    """
    with ExitStack() as unless_sound:
        unless_sound.callback(store.close)
        store.check()
        lost = list(store.lost())
        if lost:
            more = f" and {len(lost) - NAMED} more" if len(lost) > NAMED else ""
            raise IndexDamaged(
                f"is damaged: {store.path.name} has lost what had been committed of "
                f"{', '.join(lost[:NAMED])}{more}",
                store.path.parent,
                Remedy.INDEX_AGAIN,
            )
        unless_sound.pop_all()
    return store
