"""Index: an index in a folder, where passages are searched and read.

``Index`` is the protocol ``SearchIndex`` in one folder: a SQLite database, the FAISS file
derived from it, the commit log, and the lock of the one writer.
"""

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from threading import RLock

from platformdirs import user_data_path

from embeddings.errors import (
    IndexClosed,
    IndexDamaged,
    IndexInherited,
    IndexMismatch,
    IndexMissing,
    IndexNotWritable,
    IndexProblem,
    Remedy,
)
from embeddings.file_system import private_folder
from embeddings.forking import close_before_fork, undisturbed
from embeddings.index.database import damaged
from embeddings.index.records import DocumentFacts, IntegrityReport
from embeddings.index.shared_memory import SharedMemory
from embeddings.index.snapshot import IndexSnapshot
from embeddings.index.store import Store
from embeddings.index.vector_cache import VectorCache
from embeddings.index.vectors import VectorIndex
from embeddings.index.writer_lock import writer_lock
from embeddings.models.encoder import Encoder, EncoderModel
from embeddings.parts import Part

DEFAULT_INDEX = user_data_path("chapter-and-verse", appauthor=False)
"""Folder of the index unless another is named."""

STORE_FILE = "library.sqlite"
VECTORS_FILE = "library.faiss"

UPLOADS_NAME = "uploads"
"""Of each folder of uploads, by which they are cited."""

MAX_NAMED = 5
"""Missing documents that an error names; ``Store.describe_missing`` names all."""


def uploads_beside(folder: Path) -> Path:
    """Folder of the uploaded files: beside the index, which may be deleted to index again.

    Args:
        folder: Of the index.
    """
    folder = folder.absolute()
    # Without links, as the locations of folders are stored.
    return (folder.parent.resolve() / f"{folder.name}.uploads").resolve()


def uploads_of(index: Path, name: str, folder: Path) -> Path:
    """Folder of the files that were uploaded to the chat about a folder.

    Args:
        index: Folder of the index.
        name: Of the folder in the library.
        folder: Where it lies. Another one may have had the same name, in another index or before
            this one was deleted.
    """
    digest = sha256(os.fsencode(folder)).hexdigest()[:8]
    return uploads_beside(index) / f"{name}-{digest}" / UPLOADS_NAME


class Index:
    """An index in a folder. Safe to use from several threads, in the process that opened it.

    Once it is closed, all that reads or writes it raises ``IndexClosed``; in a process that was
    forked meanwhile, ``IndexInherited``.

    index = Index.open(DEFAULT_INDEX)
    with index.snapshot() as snapshot:
        snapshot.search_words(["aid", "syria"], limit=3)  # [(17, 8.25), (4, 3.11), …]
    """

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store
        self._file = _file_id(store.path)
        self._library, self._encoder = store.header.library, store.header.encoder
        self._openings = 1
        self._version = 0
        self._process = os.getpid()
        self._closed = self._closed_to_fork = False
        self._shared_memory = SharedMemory(store.path)
        self._vectors = VectorCache(folder / VECTORS_FILE)
        # One connection and one FAISS index serve all threads. A search holds them for
        # milliseconds; encoding and reading, which take longer, happen outside.
        self._lock = RLock()
        close_before_fork(self)

    @classmethod
    def open(cls, folder: Path) -> "Index":
        """The index in that folder.

        Raises:
            IndexMissing: Nothing is indexed there.
            IndexMismatch: Another format version.
            IndexDamaged: It fails its checks, or something that was committed is missing.
        """
        with undisturbed():
            return cls(folder, _checked(Store.open(folder / STORE_FILE)))

    @classmethod
    def open_unchecked(cls, folder: Path) -> "Index":
        """As ``open``, even if something that was committed is missing: for ``check_integrity``."""
        with undisturbed():
            return cls(folder, Store.open(folder / STORE_FILE))

    @classmethod
    def open_or_create(cls, folder: Path, encoder: Encoder) -> "Index":
        """The index in that folder, created if there is none, to index folders.

        What is missing after damage is no error here: indexing the folders again restores it.

        Raises:
            IndexMismatch: It was made with another encoder.
            IndexNotWritable: It cannot be created there.
        """
        try:
            index = cls.open_unchecked(folder)
        except IndexMissing:
            try:
                private_folder(folder)
            except OSError as error:
                raise IndexNotWritable(
                    f"cannot be created ({error.strerror})", folder, Remedy.CHOOSE_INDEX
                ) from error
            dimension = encoder.encode(["dimension"]).shape[1]
            with undisturbed(), writer_lock(folder):
                store = folder / STORE_FILE
                if store.exists():
                    return cls.open_or_create(folder, encoder)
                return cls(folder, Store.create(store, encoder.model, dimension))
        index.check_encoder(encoder.model)
        return index

    def close(self) -> None:
        """Release the files, once what other threads search for at this moment is found."""
        if self._process != os.getpid():
            return
        with undisturbed(), self._lock:
            self._closed = True
            self._close_store()

    def close_before_fork(self) -> None:
        """Close the files; they are opened again when they are needed."""
        with self._lock:
            self._closed_to_fork = True
            self._close_store()

    def _close_store(self) -> None:
        if self._is_truncated():
            self._shared_memory.restore_length()
        self.store.close()

    def check_usable(self) -> None:
        """Refuse to be used where it cannot be: before any lock, which may be held for ever.

        Raises:
            IndexClosed: It was closed.
            IndexInherited: Another process opened it.
        """
        if self._process != os.getpid():
            raise IndexInherited(
                f"was opened by another process (pid {self._process}) before it forked",
                self.folder,
                Remedy.OPEN_IN_PROCESS,
            )
        if self._closed:
            raise IndexClosed("is closed", self.folder, Remedy.OPEN_AGAIN)

    @contextmanager
    def _used(self) -> Iterator[None]:
        """For one thread at a time."""
        self.check_usable()
        with undisturbed(), self._lock:
            self.check_usable()
            yield

    def _reopen_after_fork(self) -> None:
        if self._closed_to_fork:
            self._shared_memory = SharedMemory(self.store.path)
            self.store = Store.open(self.store.path)
            # Its version begins anew.
            self._openings += 1
            self._closed_to_fork = False

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
        with self._used(), self._current_store().snapshot():
            yield IndexSnapshot(self.store, self._vectors.current(self.store))

    @contextmanager
    def writing(self) -> Iterator[Store]:
        """The store for the one writer; other threads go on searching.

        What is missing after damage is recorded first. Afterwards what was committed is in the
        database itself, no longer in its write-ahead log.

        Raises:
            IndexLocked: Another process is writing.
            IndexDamaged: It is damaged beyond what indexing again repairs.
        """
        self.check_usable()
        with (
            undisturbed(),
            writer_lock(self.folder),
            closing(Store.open(self.store.path)) as store,
        ):
            store.recover()
            try:
                yield store
            except BaseException:  # Also of Ctrl-C: what was committed is checkpointed.
                # The first error is reported, not one of the checkpoint.
                with suppress(IndexProblem):
                    store.checkpoint()
                raise

    @property
    def version(self) -> int:
        """Differs whenever any process has written to the index, or replaced it."""
        with self._used():
            # Where it is gone, whoever asks a question gets the error.
            with suppress(IndexProblem):
                version = self._current_store().version
                self._version = (self._openings << 32) + version
            return self._version

    def _current_store(self) -> Store:
        """The store of the index in the folder: opened again if the index was replaced."""
        path = self.folder / STORE_FILE
        file = _file_id(path)
        if file is None:
            raise IndexMissing(
                "is gone: it was moved or deleted while it was in use",
                self.folder,
                Remedy.RESTORE_INDEX,
            )
        self._reopen_after_fork()
        if self._is_truncated():
            # SQLite makes it anew once nothing is mapped any more.
            self._shared_memory.restore_length()
            self.store.close()
            self._file = None
        elif file == self._file and self.store.header.library == self._library:
            return self.store
        store = _checked(Store.open(path))
        if store.header.encoder.digest != self._encoder.digest:
            store.close()
            raise IndexMismatch(
                "was replaced while it was in use by one that was made with another encoder",
                self.folder,
                Remedy.START_AGAIN,
            )
        self.store.close()
        self.store, self._file, self._library = store, file, store.header.library
        self._vectors.clear()
        self._openings += 1
        self._shared_memory = SharedMemory(path)
        return store

    def _is_truncated(self) -> bool:
        """Whether the shared memory of the open store is shorter than it was."""
        # What lies there may belong to an index that has replaced this one.
        return _file_id(self.store.path) == self._file and self._shared_memory.is_truncated()

    @contextmanager
    def contents(self) -> Iterator[Store]:
        """What the index holds, read through a connection of its own: no search waits for it."""
        with self._used():
            database = self._current_store().path
        with undisturbed(), closing(Store.open(database)) as store, store.snapshot():
            yield store

    def folders(self) -> dict[str, Path]:
        """Location of each folder of the library, by its name in the library."""
        with self._used(), self._current_store().snapshot():
            return self.store.folders()

    def names(self, folders: Collection[Path]) -> tuple[str, ...]:
        """Names in the library of the folders at these locations; of those that have one."""
        return tuple(name for name, place in self.folders().items() if place in folders)

    def facts(self, path: str) -> DocumentFacts | None:
        """About the document at a library path; none if there is none.

        Raises:
            IndexDamaged: It fails its checksum.
        """
        with self._used(), self._current_store().snapshot():
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
        """``Document.text[start:end]`` of the document with that id; empty if there is none."""
        with self._used(), self._current_store().snapshot():
            return self.store.text(document, start, end)

    def digests(self, paths: Iterable[str]) -> dict[str, str]:
        """SHA-256 of each of these documents' files, by path; of those that exist."""
        with self._used(), self._current_store().snapshot():
            ids = {path: self.store.document_at(path) for path in set(paths)}
            facts = self.store.documents(id for id in ids.values() if id is not None)
            return {path: facts[id].sha256 for path, id in ids.items() if id in facts}

    def check_integrity(self) -> IntegrityReport:
        """Check all that is stored; reads all of it."""
        with self._used():
            self._reopen_after_fork()
            store = self.store
            corrupted, missing = tuple(store.corruption()), tuple(store.describe_missing())
            if corrupted or missing:
                return IntegrityReport(corrupted, missing)
            saved = VectorIndex.load(self.folder / VECTORS_FILE, store.header.stamp)
            return IntegrityReport(
                corrupted,
                missing,
                documents=len(store.documents()),
                passages=len(store.passage_ids()),
                misaligned=tuple(store.misaligned_passages()),
                saved_vectors=None if saved is None else len(saved),
            )

    def save_vectors(self) -> None:
        """Write the FAISS file for the present generation, unless it is that already."""
        with self._used(), self._current_store().snapshot():
            self._vectors.save(self.store)


def _file_id(path: Path) -> tuple[int, int] | None:
    """Device and number of the file at a path; none if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _facts_at(store: Store, path: str) -> DocumentFacts | None:
    id = store.document_at(path)
    if id is None:
        store.check_counts()  # Otherwise a row that damage hides would pass for none.
        return None
    facts = store.documents([id]).get(id)
    if facts is None:
        raise damaged(store.path, f"has lost the document at {path}")
    return facts


def _checked(store: Store) -> Store:
    """The store, if it holds what was committed to it.

    Raises:
        IndexDamaged: It does not; it is closed then.
    """
    with ExitStack() as on_error:
        on_error.callback(store.close)
        store.check()
        missing = list(store.missing())
        if missing:
            named = ", ".join(missing[:MAX_NAMED])
            more = f" and {len(missing) - MAX_NAMED} more" if len(missing) > MAX_NAMED else ""
            raise IndexDamaged(
                f"is damaged: {store.path.name} has lost committed changes to {named}{more}",
                store.path.parent,
                Remedy.INDEX_AGAIN,
            )
        on_error.pop_all()
    return store
