"""Indexing report: how far a run of indexing has come, and what it did."""

from collections.abc import Callable
from dataclasses import dataclass

from embeddings.errors import NothingToRead, Remedy


@dataclass(frozen=True, slots=True)
class IndexingProgress:
    """How far indexing has come.

    Attributes:
        files_done: New or changed files that are in the index by now.
        files: New or changed files in all.
        path: The file that is read or encoded.
        passages_done: Number of its passages that are encoded.
        passages: Passages of the file; 0 while it is not read yet.
    """

    files_done: int
    files: int
    path: str = ""
    passages_done: int = 0
    passages: int = 0


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not read, and why.

    Attributes:
        path: In the library.
        reason: A predicate of the file.
        kept: Whether the index keeps the document that the file held when it was read last.
    """

    path: str
    reason: str
    kept: bool = False


@dataclass(frozen=True, slots=True)
class IndexingReport:
    """What one run of indexing did.

    Attributes:
        name: The folder's name in the library, with which its paths begin.
        added: Paths of documents that are new.
        changed: Paths of documents indexed again.
        removed: Paths of documents that are gone from the folder.
        unchanged: Number of documents left as they were.
        skipped: Files that were not read, with the reason.
        passages: Number of passages encoded.
        seconds: From start to end.
        not_read: Of new and changed documents with parts that were not read: their paths, with
            what these parts are, as in ``Document``.
    """

    name: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    skipped: tuple[Skipped, ...]
    passages: int
    seconds: float
    not_read: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def documents(self) -> int:
        """Files of the folder whose document is in the index."""
        return len(self.added) + len(self.changed) + self.unchanged

    def check(self) -> None:
        """Fail if no file could be read.

        Raises:
            NothingToRead: No file has a document.
        """
        if not self.documents:
            raise NothingToRead(
                f"{self.name} has no file that could be read", remedy=Remedy.SEE_SKIPPED
            )


OnProgress = Callable[[IndexingProgress], object]
