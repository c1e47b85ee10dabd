"""Upload batch: files that came together, taken into the library one by one or refused."""

import logging
import re
import unicodedata
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from embeddings.errors import ChapterAndVerseError
from embeddings.files.formats import SUFFIXES, format_of
from embeddings.indexing import IndexingProgress, OnProgress, remove
from embeddings.models.model_folder import file_sha256
from embeddings.private_files import private_file
from qa.library.listing import Listed
from qa.settings import UploadLimits
from qa.web.documents import Documents
from qa.web.error_messages import error_message

MOST_NAME_BYTES = 150
"""Of a file's name; file systems take 255, and a number may be added."""

MOST_SUFFIX_BYTES = 50
"""Of what follows its last dot; that of any format that is read is shorter."""

State = Literal["waiting", "reading", "taken", "refused"]

_UNFIT = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_log = logging.getLogger("chapter-and-verse")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way into the library.

    Attributes:
        name: As it came.
        state: What has become of it.
        told: What is to be said of it: how far it is, its path in the library, or why it was
            refused, which completes a sentence that begins with its name.
    """

    name: str
    state: State = "waiting"
    told: str = ""


class UploadBatch:
    """Files that came together."""

    def __init__(
        self,
        files: Sequence[Path],
        folder: Path,
        documents: Documents,
        index_uploads: Callable[[OnProgress], object],
        tell: Callable[[tuple[Upload, ...]], object],
    ) -> None:
        """Nothing is read or written yet.

        Args:
            files: On the disk of ``folder``.
            folder: In which those that are taken will lie.
            documents: That are in the library already.
            index_uploads: Brings the index up to date with ``folder``.
            tell: Told how far each file has come, in the order of ``files``.
        """
        self.files = files
        self.folder = folder
        self.documents = documents
        self.limits: UploadLimits = documents.answerer.settings.uploads
        self.index_uploads = index_uploads
        self.tell = tell
        self.rows = [Upload(file.name) for file in files]
        self.held: tuple[Listed, ...] = ()
        self.placed: dict[str, int] = {}

    def run(self) -> None:
        """Take or refuse each file. One batch may run at a time."""
        self._told()
        self.held = self.documents.listing().files
        for at, file in enumerate(self.files):
            try:
                problem = self._problem(at, file)
                if not problem:
                    self._place(at, file)
            except OSError as error:  # Of this file: the others are taken.
                problem = f"could not be kept ({error.strerror})"
            if problem:
                self._set(at, "refused", problem)
        if not self.placed:
            return
        try:
            self.index_uploads(self._progress)
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            self._settle(error_message(error))
        else:
            self._settle("")

    def refuse_rest(self, problem: str) -> None:
        """Refuse what was neither taken nor refused yet."""
        open_ones = [name for name, at in self.placed.items() if self._is_open(at)]
        self._drop({self.folder / name for name in open_ones})
        for at in filter(self._is_open, range(len(self.rows))):
            self._set(at, "refused", problem)

    def _is_open(self, at: int) -> bool:
        return self.rows[at].state in ("waiting", "reading")

    def _drop(self, locations: Set[Path]) -> None:
        """Delete files, and what the index holds of them, or the next indexing will."""
        for location in locations:
            location.unlink(missing_ok=True)
        try:
            listing = self.documents.listing()
            paths = [
                file.path for file in listing.files if listing.location(file.path) in locations
            ]
            if paths:
                remove(self.documents.index, paths)
        except ChapterAndVerseError as error:  # Another process may write just now.
            _log.error("%s", error)

    def _problem(self, at: int, file: Path) -> str:
        """Why the file is not taken; nothing if it may be."""
        limits = self.limits
        size = file.stat().st_size
        there = [one.stat().st_size for one in self.folder.iterdir()]
        if at >= limits.files:
            return f"is one too many: {limits.files} files are taken at a time"
        if format_of(file) is None:
            return f"is of a format that is not read; these are: {', '.join(SUFFIXES)}"
        if size > limits.file_bytes:
            return f"is larger than {limits.file_bytes / 1e6:,.0f} MB"
        if len(there) >= limits.documents:
            return f"finds no room: {limits.documents:,} uploaded documents are kept, remove some"
        if sum(there) + size > limits.total_bytes:
            most = f"{limits.total_bytes / 1e6:,.0f} MB"
            return f"finds no room: {most} of uploads are kept, remove some"
        sha256 = file_sha256(file)
        same = next((one for one in self.held if one.title and one.sha256 == sha256), None)
        return f"is in the library already, as {same.path}" if same else ""

    def _place(self, at: int, file: Path) -> None:
        """Move the file to where it is indexed."""
        name = available_name(file.name, {one.name.casefold() for one in self.folder.iterdir()})
        private_file(file)
        file.replace(self.folder / name)
        self.placed[name] = at

    def _progress(self, progress: IndexingProgress) -> None:
        at = self.placed.get(progress.path.rpartition("/")[2])
        if at is not None:
            done, count = progress.passages_done, progress.passages
            told = f"{done:,} of {count:,} passages" if count else self.rows[at].told
            self._set(at, "reading", told)

    def _settle(self, problem: str) -> None:
        """Say what became of each file; what has no document is not kept either."""
        listing = self.documents.listing()
        by_location = {listing.location(file.path): file for file in listing.files}
        refused: dict[Path, str] = {}
        for name, at in self.placed.items():
            location = self.folder / name
            found = by_location.get(location)
            if found and found.title is not None:
                count = "1 passage" if found.passages == 1 else f"{found.passages:,} passages"
                self._set(at, "taken", f"{found.path}, {count}")
                continue
            reason = found.problem if found else None
            refused[location] = reason or problem or "could not be read"
        self._drop(refused.keys())
        for location, reason in refused.items():
            self._set(self.placed[location.name], "refused", reason)

    def _set(self, at: int, state: State, told: str = "") -> None:
        self.rows[at] = replace(self.rows[at], state=state, told=told)
        self._told()

    def _told(self) -> None:
        self.tell(tuple(self.rows))


def available_name(name: str, taken: set[str]) -> str:
    """A name for a file that no other has, and that means nothing to a file system.

    >>> available_name("../.Aid: report.PDF", {"aid report.pdf"})
    'Aid report (2).PDF'

    Args:
        name: As it came.
        taken: Names that are in use, in lower case.
    """
    plain = " ".join(_UNFIT.sub(" ", unicodedata.normalize("NFC", name)).split())
    # The suffix first: of "..md" the leading dots are no part of it.
    stem, dot, suffix = plain.rpartition(".") if "." in plain else (plain, "", "")
    stem = _cut(stem.lstrip(". "), MOST_NAME_BYTES) or "document"
    suffix = _cut(suffix, MOST_SUFFIX_BYTES)
    found, number = f"{stem}{dot}{suffix}", 1
    while found.casefold() in taken:
        number += 1
        found = f"{stem} ({number}){dot}{suffix}"
    return found


def _cut(text: str, most: int) -> str:
    """The text, of at most so many bytes."""
    return text.encode(errors="ignore")[:most].decode(errors="ignore").strip()
