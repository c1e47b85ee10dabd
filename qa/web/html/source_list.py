"""Source list: the documents of the library to choose from, what changes them, as HTML."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from embeddings.files.formats import FORMATS, named_format
from qa.library.listing import LibraryFile, Listing, not_read_words, place_in_order
from qa.service.document_links import document_link
from qa.service.messages import Notice
from qa.service.upload import Upload
from qa.settings import UploadLimits
from qa.web.html.rendering import render

SOURCES = "/sources"
"""Route of the list's rows; those of changes lie below it."""

SOURCES_STATE = f"{SOURCES}/state"
SOURCES_LIMIT = f"{SOURCES}/limit"
SOURCES_ADD = f"{SOURCES}/add"
SOURCES_REMOVE = f"{SOURCES}/remove"
SOURCES_INDEX = f"{SOURCES}/index"

CHANGES = (SOURCES_ADD, SOURCES_REMOVE, SOURCES_INDEX)
"""Routes that change the library."""

MAX_ROWS = 100
"""Files shown at a time; the next ones are asked for. Chosen by hand."""

_STATE_LABELS = {
    "waiting": "waiting",
    "reading": "being indexed",
    "taken": "in the library",
    "refused": "not taken",
}

_KINDS = {
    "text file": "text",
    "Markdown file": "Markdown",
    "Word document": "Word",
    "PowerPoint presentation": "PowerPoint",
    "EPUB book": "EPUB",
    "table of values": "table",
    "OpenDocument file": "OpenDocument",
    "Excel workbook": "Excel",
    "Jupyter notebook": "notebook",
    "e-mail message": "e-mail",
    "RTF document": "RTF",
}


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder, above what is in it.

    Attributes:
        path: In the library.
        count: Documents in it and in its folders.
    """

    path: str
    count: int


@dataclass(frozen=True, slots=True)
class _Row:
    """A file as the list shows it.

    Attributes:
        file: Of the library.
        folders: That begin at it.
        kind: Its format, in a word.
        link: Address of its document's page.
        indexed_at: To the minute, UTC; empty if it has no document.
        uploaded: Whether it was added on the page.
    """

    file: LibraryFile
    folders: tuple[_Folder, ...]
    kind: str
    link: str
    indexed_at: str
    uploaded: bool

    @property
    def name(self) -> str:
        """Of the file, without its folder."""
        return self.file.path.rpartition("/")[2]

    @property
    def not_read(self) -> str:
        """What the document lacks, as a clause."""
        return not_read_words(self.file.not_read)


@dataclass(frozen=True, slots=True)
class ListOptions:
    """How the list is offered on a page.

    Attributes:
        folder: Name of the folder that is served.
        storage_key: Under which the browser stores what is chosen.
        limits: On what is added; None where the library is only read.
    """

    folder: str
    storage_key: str
    limits: UploadLimits | None = None


def source_list(options: ListOptions) -> str:
    """The list without its rows, which the page asks for."""
    return str(render("source_list.html", options=options, formats=_suffixes()))


def welcome(options: ListOptions) -> str:
    """What an empty library shows in place of the conversation."""
    return str(render("welcome.html", options=options, formats=_suffixes()))


def limit_chip() -> str:
    """The place beside the question for what it is limited to; the page fills it in."""
    return str(render("limit_chip.html"))


def source_rows(
    listing: Listing,
    matching: str = "",
    after: str = "",
    uploads: str | None = None,
    read_only: bool = False,
) -> str:
    """The next files of the library, those without a document first, with the reason.

    Args:
        listing: The whole library.
        matching: Words that must all be in the title or path of a file that is shown.
        after: Library path of the file behind which they begin; empty for the first.
        uploads: Name of the folder of files that were added on the page, if there are any.
        read_only: Whether nothing can be removed.
    """
    if listing.problem:
        return str(render("alert.html", sentence=listing.problem))
    found = listing.search(matching)
    if not found:
        return str(render("library_empty.html", searched=bool(matching.split())))
    begin = _position_behind(found, after) if after else 0
    shown = found[begin : begin + MAX_ROWS]
    rest = len(found) - begin - len(shown)
    before = found[begin - 1] if begin else None
    rows = list(_rows(shown, before, _folder_counts(listing), uploads))
    missing = [] if after else listing.missing_folders
    return str(
        render("source_rows.html", rows=rows, rest=rest, missing=missing, read_only=read_only)
    )


def notice_line(notice: Notice) -> str:
    """What is said of a change of the library."""
    return str(render("notice.html", notice=notice)) if notice.sentence else ""


def uploads_list(uploads: Sequence[Upload]) -> str:
    """The state of each uploaded file; empty if there is none."""
    if not uploads:
        return ""
    return str(render("uploads.html", uploads=uploads, labels=_STATE_LABELS))


def _suffixes() -> str:
    return ", ".join(format.suffixes[0] for format in FORMATS)


def _position_behind(found: Sequence[LibraryFile], path: str) -> int:
    """Position of the first file behind a path, which need not be there any more."""
    for position, file in enumerate(found):
        if file.path == path:
            return position + 1
    gone = place_in_order(LibraryFile(path, "", "", ""))
    return sum(place_in_order(file) < gone for file in found)


def _folder_counts(listing: Listing) -> dict[str, int]:
    """The number of documents in each folder, and in its folders."""
    counts: dict[str, int] = {}
    for file in listing.files:
        if file.title is not None:
            for folder in _folders(file.path):
                counts[folder] = counts.get(folder, 0) + 1
    return counts


def _folders(path: str) -> tuple[str, ...]:
    """The folders around a file, outermost first.

    >>> _folders("docs/guide/ask.md")
    ('docs', 'docs/guide')
    """
    names = path.split("/")[:-1]
    return tuple(accumulate(names, lambda folder, name: f"{folder}/{name}"))


def _rows(
    files: Sequence[LibraryFile],
    before: LibraryFile | None,
    counts: Mapping[str, int],
    uploads: str | None,
) -> Iterator[_Row]:
    """The files, each with the folders that begin at it."""
    only_top = sum("/" not in folder for folder in counts) == 1
    around = _folders(before.path) if before and before.title is not None else ()
    for file in files:
        folders = _folders(file.path) if file.title is not None else ()
        # If there is only one top folder, it is the whole library.
        begun = [folder for folder in folders if folder not in around]
        begun = [folder for folder in begun if not (only_top and "/" not in folder)]
        format = named_format(Path(file.path))
        kind = format.name if format else "text file"
        yield _Row(
            file,
            tuple(_Folder(folder, counts[folder]) for folder in begun),
            _KINDS.get(kind, kind),
            document_link(file.path, file.sha256),
            (file.indexed_at or "")[:16].replace("T", " "),
            uploads is not None and file.folder == uploads,
        )
        around = folders
