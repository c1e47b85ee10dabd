"""Library page: what the library holds and the state of uploads, as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from embeddings.files.formats import FORMATS
from qa.library.listing import LibraryFile, Listing, not_read_words
from qa.settings import UploadLimits
from qa.web.html.document_links import document_link
from qa.web.html.rendering import render
from qa.web.upload import Upload

MAX_ROWS = 200
"""Files shown at a time; a search finds the others."""

_STATE_LABELS = {
    "waiting": "waiting",
    "reading": "being indexed",
    "taken": "in the library",
    "refused": "not taken",
}


@dataclass(frozen=True, slots=True)
class _Row:
    """A file as the table shows it.

    Attributes:
        file: Of the library.
        folder: In which it lies, as a library path.
        name: Of the file, without its folder.
        link: Address of its document's page.
        indexed_at: To the minute, UTC; empty if it has no document.
    """

    file: LibraryFile
    folder: str
    name: str
    link: str
    indexed_at: str

    @property
    def not_read(self) -> str:
        """What the document lacks, as a clause."""
        return not_read_words(self.file.not_read)


def library_table(listing: Listing, search: str = "") -> str:
    """The files of the library, those without a document first, with the reason.

    Args:
        listing: The whole library.
        search: Words that must all be in the title or path of a file that is shown.
    """
    if listing.problem:
        return str(render("alert.html", sentence=listing.problem))
    words = search.casefold().split()
    found = [
        file
        for file in listing.files
        if all(word in f"{file.title or ''} {file.path}".casefold() for word in words)
    ]
    if not found:
        return str(render("library_empty.html", searched=bool(words)))
    found.sort(key=lambda file: file.problem is None)
    documents = sum(file.title is not None for file in found)
    return str(
        render(
            "library_table.html",
            rows=[_row(file) for file in found[:MAX_ROWS]],
            documents=documents,
            problems=len(found) - documents,
            more=len(found) > MAX_ROWS,
            missing=listing.missing_folders,
        )
    )


def _row(file: LibraryFile) -> _Row:
    path = PurePosixPath(file.path)
    return _Row(
        file,
        path.parent.as_posix(),
        file.path.split("/")[-1],
        document_link(file.path, file.sha256),
        (file.indexed_at or "")[:16].replace("T", " "),
    )


def upload_help(limits: UploadLimits) -> str:
    """The text above the field for new files."""
    return str(
        render(
            "upload_help.html",
            limits=limits,
            megabytes=f"{limits.file_bytes / 1e6:,.0f}",
            suffixes=[format.suffixes[0] for format in FORMATS],
        )
    )


def maintenance_help(folder: str) -> str:
    """The text above the buttons that change the library."""
    return str(render("maintenance_help.html", folder=folder))


def uploads_list(uploads: Sequence[Upload]) -> str:
    """The state of each uploaded file; empty if there is none."""
    if not uploads:
        return ""
    return str(render("uploads.html", uploads=uploads, labels=_STATE_LABELS))
