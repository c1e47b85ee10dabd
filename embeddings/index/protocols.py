"""Protocols: all that indexing, searching and showing documents ask of an index.

``Index`` stores it in a folder. Whatever has these methods can stand in its place.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from embeddings.document import Document
from embeddings.index.records import DocumentFacts, IntegrityReport, Source, StoredPassage
from embeddings.models.encoder import EncoderModel, Vectors
from embeddings.parts import Part
from embeddings.passages import Passage

Ids = NDArray[np.int64]


class Snapshot(Protocol):
    """One generation of an index to search, unchanged while it is open.

    Scores: higher is better. ``within`` holds the library paths of documents or folders to
    search, as ``library_paths`` gives them; everything is searched if it is empty.
    """

    @property
    def state(self) -> str:
        """Differs after each change of the passages, and from that of every other index."""
        ...

    def search_vectors(
        self, vector: Vectors, limit: int, within: Sequence[str] = ()
    ) -> list[tuple[int, float]]:
        """Passages nearest to a unit vector ``(dimension,)``: (passage id, cosine), best first."""
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
        """The passages with those ids, in that order.

        Raises:
            IndexDamaged: One is missing, or fails its checksum.
        """
        ...

    def documents(self, ids: Iterable[int]) -> dict[int, DocumentFacts]:
        """What a citation says about each of these documents, by id.

        Raises:
            IndexDamaged: One is missing, or fails its checksum.
        """
        ...

    def text(self, document: int, start: int, end: int) -> str:
        """``Document.text[start:end]`` as stored, which proves a quote."""
        ...


class Contents(Protocol):
    """The contents of an index: folders, files and their documents, unchanged while it is open.

    Raises:
        IndexDamaged: What a method reads fails its checks.
    """

    def folders(self) -> dict[str, Path]:
        """Location of each folder of the library, by its name in the library."""
        ...

    def sources(self, folder: str | None = None) -> dict[str, Source]:
        """Every file that was looked at, by its path; in one folder if it is named."""
        ...

    def documents(self, ids: Iterable[int] | None = None) -> dict[int, DocumentFacts]:
        """The documents with those ids that exist, by id; all if no ids are given."""
        ...

    def document(self, document: int) -> Document:
        """One document with its text.

        Raises:
            KeyError: There is none with that id.
        """
        ...

    def passages_of(self, document: int) -> list[StoredPassage]:
        """The passages of one document, in order."""
        ...

    def vectors(self, ids: Ids) -> Iterator[tuple[Ids, Vectors]]:
        """The vectors of those passages, in batches of (ids ``(n,)``, vectors ``(n, dim)``)."""
        ...


class IndexWriter(Contents, Protocol):
    """An index open for its one writer. Changes are made inside ``with writer.transaction():``."""

    def transaction(self) -> AbstractContextManager[None]:
        """All that is written inside is stored afterwards, or nothing of it."""
        ...

    def put_folder(self, name: str, location: Path) -> None:
        """Add a folder to the library."""
        ...

    def move_folder(self, name: str, location: Path) -> None:
        """Give a folder another location; its sources stay as they are."""
        ...

    def drop_folder(self, name: str) -> None:
        """Remove a folder that has no sources."""
        ...

    def put_source(self, source: Source) -> None:
        """Store what a file holds, in place of what it held before."""
        ...

    def drop_source(self, path: str) -> None:
        """Remove a file, and its document if no other file has the same content."""
        ...

    def document_id(self, sha256: str, format: str) -> int | None:
        """Id of the document with that content; none if it is not stored."""
        ...

    def put_document(
        self,
        sha256: str,
        format: str,
        document: Document,
        passages: Sequence[Passage],
        vectors: Vectors,
    ) -> int:
        """Store a document with its passages and their vectors ``(len(passages), dim)``.

        Returns:
            Its id; ``put_source`` must give it a path in the same transaction.

        Raises:
            ValueError: The vectors do not fit the passages or the index.
        """
        ...

    def checkpoint(self, folder: str = "") -> None:
        """Merge the write-ahead log into the database, so that nothing depends on it any more.

        Args:
            folder: Name in the library of a folder that has just been indexed: nothing of it is
                missing any longer.
        """
        ...


class SearchIndex(Protocol):
    """An index: searched, shown and written to. Safe to use from several threads."""

    @property
    def folder(self) -> Path:
        """Where files that belong to the index are stored, such as feedback on its answers."""
        ...

    @property
    def library_id(self) -> str:
        """32 hexadecimal digits that no other index has."""
        ...

    @property
    def encoder_model(self) -> EncoderModel:
        """The encoder that questions must be encoded with."""
        ...

    @property
    def version(self) -> int:
        """Differs whenever any process has written to the index, or replaced it."""
        ...

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """One consistent generation to search, the newest.

        Raises:
            IndexMissing: The index was moved away or deleted.
        """
        ...

    def contents(self) -> AbstractContextManager[Contents]:
        """What the index holds, read without any search waiting for it."""
        ...

    def folders(self) -> dict[str, Path]:
        """Location of each folder of the library, by its name in the library."""
        ...

    def names(self, folders: Collection[Path]) -> tuple[str, ...]:
        """Names in the library of the folders at these locations; of those that have one."""
        ...

    def facts(self, path: str) -> DocumentFacts | None:
        """About the document at a library path; none if there is none.

        Raises:
            IndexDamaged: It fails its checksum.
        """
        ...

    def part(
        self, path: str, number: int | None = None, offset: int = 0
    ) -> tuple[DocumentFacts, int, Part] | None:
        """A part of the document at a path, with its number; none if there is no document.

        Args:
            path: In the library.
            number: Of the part, from 0, of too high a number the last; the one that holds
                ``offset`` if it is left out.
            offset: Into ``Document.text``.

        Raises:
            IndexDamaged: It fails its checksum.
        """
        ...

    def text(self, document: int, start: int, end: int) -> str:
        """``Document.text[start:end]`` of the document with that id; empty if there is none."""
        ...

    def digests(self, paths: Iterable[str]) -> dict[str, str]:
        """SHA-256 of each of these documents' files, by path; of those that exist."""
        ...

    def check_usable(self) -> None:
        """Refuse to be used where it cannot be.

        Raises:
            IndexClosed: It was closed.
            IndexInherited: Another process opened it.
        """
        ...

    def check_encoder(self, model: EncoderModel) -> None:
        """Refuse vectors of another encoder.

        Raises:
            IndexMismatch: The index was made with another one.
        """
        ...

    def writing(self) -> AbstractContextManager[IndexWriter]:
        """The index open for its one writer; other threads go on searching.

        Raises:
            IndexLocked: Another process is writing.
            IndexDamaged: It is damaged beyond what indexing again repairs.
        """
        ...

    def check_integrity(self) -> IntegrityReport:
        """Check all that is stored; reads all of it."""
        ...

    def save_vectors(self) -> None:
        """Save what searching vectors needs, unless it is saved already."""
        ...

    def close(self) -> None:
        """Release the index."""
        ...
