"""Listing: the files of a library."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from embeddings.index.paths import library_paths, lies_within
from embeddings.index.protocols import SearchIndex
from qa.library.presence import missing_folders


@dataclass(frozen=True, slots=True)
class LibraryFile:
    """A file of the library: a document, or the reason why there is none.

    Attributes:
        path: In the library.
        folder: The folder's name in the library.
        sha256: Of the file's bytes; empty if it could not be opened.
        title: Of its document; none if it has none.
        passages: Of its document.
        pages: Of its document; 0 where its format has none.
        indexed_at: ISO 8601, UTC; none if it has no document.
        problem: Why it has none, or why it could not be read again and is kept as it was.
        not_read: What the file holds and its document does not, as in ``Document``.
    """

    path: str
    folder: str
    sha256: str
    title: str | None = None
    passages: int = 0
    pages: int = 0
    indexed_at: str | None = None
    problem: str | None = None
    not_read: tuple[str, ...] = ()

    def has_words(self, words: Sequence[str]) -> bool:
        """Whether title and path together have all these words.

        Args:
            words: Case-folded.
        """
        if not words:
            return True
        text = f"{self.title or ''} {self.path}".casefold()
        return all(word in text for word in words)


@dataclass(frozen=True, slots=True)
class Listing:
    """What a library holds.

    Attributes:
        files: Sorted by path.
        folders: Path of each of its folders on disk, by name.
        problem: Why it cannot be read, as a sentence; empty if it can.
    """

    files: tuple[LibraryFile, ...]
    folders: dict[str, Path]
    problem: str = ""

    @property
    def missing_folders(self) -> list[str]:
        """Names of the folders with files here that are no longer at their places."""
        names = {file.folder for file in self.files}
        return missing_folders({name: self.folders[name] for name in names & set(self.folders)})

    @property
    def documents(self) -> list[LibraryFile]:
        """The files that have a document."""
        return [file for file in self.files if file.title is not None]

    @property
    def titles(self) -> list[str]:
        """Titles of the documents, sorted."""
        return sorted(file.title for file in self.files if file.title is not None)

    def search(self, words: str) -> list[LibraryFile]:
        """The files whose title or path has all these words, in any case.

        Those without a document come first, then each folder's documents and what is in its
        folders.
        """
        wanted = words.casefold().split()
        return sorted((file for file in self.files if file.has_words(wanted)), key=place_in_order)

    def location(self, path: str) -> Path | None:
        """Path on disk of a file of the library; none if its folder is not known."""
        name, _, inside = path.partition("/")
        return self.folders[name] / inside if name in self.folders else None


def list_library(index: SearchIndex, within: str | Sequence[str] = ()) -> Listing:
    """The files at these paths of the library, documents or folders; all if none are given.

    No search waits for it.

    Raises:
        IndexDamaged: What is stored fails its checks.
    """
    within = library_paths(within)
    with index.contents() as contents:
        facts, sources, folders = contents.documents(), contents.sources(), contents.folders()
    files = []
    for path, source in sources.items():
        document = None if source.document is None else facts[source.document]
        if not within or lies_within(path, within):
            files.append(
                LibraryFile(
                    path=path,
                    folder=source.folder,
                    sha256=source.sha256,
                    title=document.title_at(path) if document else None,
                    passages=document.passages if document else 0,
                    pages=len(document.page_starts) if document else 0,
                    indexed_at=document.indexed_at if document else None,
                    problem=source.problem,
                    not_read=document.not_read if document else (),
                )
            )
    return Listing(tuple(files), folders)


def not_read_words(parts: Sequence[str]) -> str:
    """What was not read of a file, as a clause; empty if all of it was read.

    >>> not_read_words(["3 pictures", "1 chart"]), not_read_words(["1 chart"])
    ('3 pictures and 1 chart were not read', '1 chart was not read')
    """
    if not parts:
        return ""
    *others, last = parts
    words = f"{', '.join(others)} and {last}" if others else last
    return f"{words} {'was' if parts[0].startswith('1 ') and not others else 'were'} not read"


def place_in_order(file: LibraryFile) -> tuple[bool, list[str], str]:
    """The key by which ``Listing.search`` sorts; no two files have the same."""
    folder, _, name = file.path.rpartition("/")
    return file.title is not None, folder.split("/"), name
