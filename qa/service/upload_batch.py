"""Upload batch: files uploaded together, each added to the library or refused."""

import logging
import re
import unicodedata
from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from pathlib import Path

from embeddings.errors import ChapterAndVerseError
from embeddings.file_system import file_sha256, private_file
from embeddings.files.formats import format_of, unsupported
from embeddings.folders import remove
from embeddings.indexing_report import IndexingProgress, OnProgress
from qa.library.listing import LibraryFile, not_read_words
from qa.service.documents import Documents
from qa.service.error_messages import error_message
from qa.service.upload import State, Upload
from qa.settings import UploadLimits

MAX_NAME_BYTES = 150
"""Of a file's name; file systems allow 255, and a number may be added."""

MAX_SUFFIX_BYTES = 50
"""Of what follows its last dot; the suffixes of all supported formats are shorter."""

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_log = logging.getLogger("chapter-and-verse")


class UploadBatch:
    """Files that were uploaded together.

    Nothing is read or written until ``run``.

    Args:
        files: On the same disk as ``folder``.
        folder: To which the files that are added are moved.
        documents: Of the library, as far as who adds the files may reach it.
        index_uploads: Brings the index up to date with ``folder``.
        report: Called with the state of all files, in their order, when one of them changes.
    """

    def __init__(
        self,
        files: Sequence[Path],
        folder: Path,
        documents: Documents,
        index_uploads: Callable[[OnProgress], object],
        report: Callable[[tuple[Upload, ...]], object],
    ) -> None:
        self.files = files
        self.folder = folder
        self.documents = documents
        self.limits: UploadLimits = documents.answerer.settings.uploads
        self._index_uploads = index_uploads
        self._report = report
        self._uploads = [Upload(file.name) for file in files]
        self._library: tuple[LibraryFile, ...] = ()
        # The position of each file that was moved to the folder, by its name there.
        self._moved: dict[str, int] = {}

    def run(self) -> None:
        """Add or refuse each file. Only one batch may run at a time."""
        self._report(tuple(self._uploads))
        self._library = self.documents.listing().files
        for position, file in enumerate(self.files):
            same = None
            try:
                problem = self._problem(position, file)
                if not problem and (same := self._same(file)):
                    problem = f"is in the library already, as {same}"
                if not problem:
                    self._move(position, file)
            except OSError as error:  # It concerns this file alone; the others are added.
                problem = f"could not be stored ({error.strerror})"
            if problem:
                self._update(position, "refused", problem, same)
        if not self._moved:
            return
        try:
            self._index_uploads(self._show_progress)
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            self._finish(error_message(error))
        else:
            self._finish("")

    def refuse_rest(self, problem: str) -> None:
        """Refuse all files that are neither added nor refused yet."""
        unfinished = [name for name, at in self._moved.items() if self._is_unfinished(at)]
        self._delete({self.folder / name for name in unfinished})
        for position in filter(self._is_unfinished, range(len(self._uploads))):
            self._update(position, "refused", problem)

    def _is_unfinished(self, position: int) -> bool:
        return self._uploads[position].state in ("waiting", "reading")

    def _delete(self, locations: Set[Path]) -> None:
        """Delete files from the folder and the index; if that is locked, the next indexing does."""
        for location in locations:
            location.unlink(missing_ok=True)
        try:
            listing = self.documents.listing()
            paths = [
                file.path for file in listing.files if listing.location(file.path) in locations
            ]
            if paths:
                remove(self.documents.index, paths)
        except ChapterAndVerseError as error:  # Another process may be writing to the index.
            _log.error("%s", error)

    def _problem(self, position: int, file: Path) -> str:
        """Why the file is refused; empty if it may be added."""
        limits = self.limits
        size = file.stat().st_size
        sizes = [path.stat().st_size for path in self.folder.iterdir()]
        if position >= limits.files:
            return f"exceeds the limit of {limits.files} files at a time"
        if format_of(file) is None:
            return f"{unsupported(file)}; see “What can be added”"
        if size > limits.file_bytes:
            return f"is larger than {limits.file_bytes / 1e6:,.0f} MB"
        if len(sizes) >= limits.documents:
            return f"exceeds the limit of {limits.documents:,} uploaded documents; remove some"
        if sum(sizes) + size > limits.total_bytes:
            return (
                f"exceeds the limit of {limits.total_bytes / 1e6:,.0f} MB of uploads; remove some"
            )
        return ""

    def _same(self, file: Path) -> str | None:
        """Path in the library of a document with the same content; none if there is none."""
        digest = file_sha256(file)
        same = (listed.path for listed in self._library if _has_digest(listed, digest))
        return next(same, None)

    def _move(self, position: int, file: Path) -> None:
        """Move the file to where it is indexed."""
        used = {path.name.casefold() for path in self.folder.iterdir()}
        name = available_name(file.name, used)
        private_file(file)
        file.replace(self.folder / name)
        self._moved[name] = position

    def _show_progress(self, progress: IndexingProgress) -> None:
        position = self._moved.get(progress.path.rpartition("/")[2])
        if position is None:
            return
        done, count = progress.passages_done, progress.passages
        detail = f"{done:,} of {count:,} passages" if count else self._uploads[position].detail
        self._update(position, "reading", detail)

    def _finish(self, problem: str) -> None:
        """Report each moved file as added or refused; those without a document are deleted.

        Args:
            problem: Why indexing stopped; empty if it did not.
        """
        listing = self.documents.listing()
        by_location = {listing.location(file.path): file for file in listing.files}
        refused: dict[Path, str] = {}
        for name, position in self._moved.items():
            location = self.folder / name
            listed = by_location.get(location)
            if listed and listed.title is not None:
                count = "1 passage" if listed.passages == 1 else f"{listed.passages:,} passages"
                left = f"; {not_read_words(listed.not_read)}" if listed.not_read else ""
                self._update(position, "taken", f"{listed.path}, {count}{left}", listed.path)
                continue
            reason = listed.problem if listed else None
            refused[location] = reason or problem or "could not be read"
        self._delete(refused.keys())
        for location, reason in refused.items():
            self._update(self._moved[location.name], "refused", reason)

    def _update(
        self, position: int, state: State, detail: str = "", path: str | None = None
    ) -> None:
        upload = self._uploads[position]
        self._uploads[position] = replace(upload, state=state, detail=detail, path=path)
        self._report(tuple(self._uploads))


def _has_digest(listed: LibraryFile, sha256: str) -> bool:
    return bool(listed.title) and listed.sha256 == sha256


def available_name(name: str, used: Set[str]) -> str:
    """A file name that is not used yet, without characters that file systems do not allow.

    >>> available_name("../.Aid: report.PDF", {"aid report.pdf"})
    'Aid report (2).PDF'

    Args:
        name: As a client sent it.
        used: Names that are used already, case-folded.
    """
    allowed = " ".join(_FORBIDDEN.sub(" ", unicodedata.normalize("NFC", name)).split())
    # The suffix first: of "..md" the leading dots are no part of it.
    stem, dot, suffix = allowed.rpartition(".") if "." in allowed else (allowed, "", "")
    stem = _truncate(stem.lstrip(". "), MAX_NAME_BYTES) or "document"
    suffix = _truncate(suffix, MAX_SUFFIX_BYTES)
    found, number = f"{stem}{dot}{suffix}", 1
    while found.casefold() in used:
        number += 1
        found = f"{stem} ({number}){dot}{suffix}"
    return found


def _truncate(text: str, most: int) -> str:
    """The text, cut to at most this number of bytes in UTF-8."""
    return text.encode(errors="ignore")[:most].decode(errors="ignore").strip()
