"""Uploads: documents that readers add to the library, and its care.

The files lie beside the index, in ``<index>.uploads/<folder>/uploads``, and are indexed as a
folder of their own; the folder that is served is never written to. A file comes in through
``incoming``, on the same disk, so that it is there as a whole or not at all.
"""

import logging
import re
import shutil
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from hashlib import file_digest
from pathlib import Path
from queue import SimpleQueue
from time import time
from typing import Literal, TypeVar
from uuid import uuid4

from filelock import FileLock, Timeout

from embeddings.errors import ChapterAndVerseError, FolderError, IndexMissing
from embeddings.formats import FORMATS, format_of
from embeddings.index import uploads_beside
from embeddings.indexing import IndexingProgress, IndexingReport, index_folder, remove
from qa.documents import Documents
from qa.listing import Listed, list_library

MOST_NAME_BYTES = 150
"""Of a file's name; file systems take 255, and a number may be added."""

MOST_SUFFIX_BYTES = 50
"""Of what follows its last dot; that of any format that is read is shorter."""

STRAY_SECONDS = 60
"""Age of an empty file that nobody writes to any more."""

FORGOTTEN_SECONDS = 3600
"""Age of a file that is not on its way any more."""

SECONDS_TO_END = 5.0
"""How long a change of the library may hold up the end; what it has committed is kept."""

Told = TypeVar("Told")

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


class Uploads:
    """Adds documents to a chat's library, takes them out and brings it up to date.

    Safe to use from several threads; one change is made at a time.
    """

    def __init__(self, documents: Documents, name: str) -> None:
        """Nothing is read or written yet.

        Args:
            documents: That the chat answers from; from now on from what is uploaded as well.
            name: Of their folder in the library.
        """
        self.documents = documents
        self.answerer = documents.answerer
        self.index = documents.index
        self.name = name
        self.limits = self.answerer.settings.uploads
        place = uploads_beside(self.index.folder) / name
        self.folder = place / "uploads"
        self.incoming = place / "incoming" / uuid4().hex
        """What is on its way; this process's own."""
        self._open = ExitStack()
        self._changing = threading.Lock()

    def open(self, read_only: bool = False) -> IndexingReport | None:
        """Answer from what was uploaded before, too; the report of its indexing if there is any.

        Args:
            read_only: Nothing will be added.

        Raises:
            FolderError: The place for uploads cannot be made.
            ChapterAndVerseError: What lies there cannot be indexed.
        """
        try:
            if not read_only:
                self._make_places()
        except OSError as error:
            raise FolderError(
                f"{self.folder} cannot be used for uploads ({error.strerror}); change who may "
                "write there, or start with --read-only."
            ) from error
        return self._index(self.folder) if _holds_files(self.folder) else None

    def close(self) -> None:
        """Leave nothing behind of files that were on their way."""
        ended = self._changing.acquire(timeout=SECONDS_TO_END)
        self._open.close()
        if ended:
            self._changing.release()

    def _make_places(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        places = self.incoming.parent
        places.mkdir(exist_ok=True)
        # Held as long as this process lives, so that the next one can tell what is left over.
        self._open.enter_context(FileLock(_lock_of(self.incoming)))
        self.incoming.mkdir()
        self._open.callback(_drop, self.incoming)
        for lock in places.glob("*.lock"):
            with suppress(Timeout), FileLock(lock, timeout=0):
                _drop(lock.with_suffix(""))

    def add(self, files: Sequence[Path]) -> Iterator[tuple[Upload, ...]]:
        """Take files into the library; how far each has come, again and again until all are done.

        The files given are gone afterwards, whatever becomes of them: those taken lie in
        ``folder``. Whoever stops listening does not stop it.

        Args:
            files: On the disk of ``incoming``.
        """
        # The same file sent twice is received as one.
        files = list(dict.fromkeys(files))

        def run(tell: Callable[[tuple[Upload, ...]], object]) -> None:
            self._clear_strays()
            batch = _Batch(self, files, tell)
            try:
                with self._changing:
                    batch.run()
            except Exception:  # Nobody above would see it: this is a thread's outermost function.
                _log.exception("An upload failed.")
                batch.refuse_rest("could not be taken in; the server's log says why")
            finally:
                for file in files:
                    file.unlink(missing_ok=True)
                    with suppress(OSError):  # It came in a folder of its own, or with others.
                        file.parent.rmdir()

        return _told_by(run)

    def _clear_strays(self) -> None:
        """Remove what was received and never asked to be taken in.

        Gradio makes an empty file beside each one that it receives; and anyone can send files
        without the page.
        """
        for stray in self.incoming.rglob("*"):
            with suppress(OSError):
                status = stray.stat()
                age = time() - status.st_mtime
                empty = not status.st_size and age > STRAY_SECONDS
                if stray.is_file() and (empty or age > FORGOTTEN_SECONDS):
                    stray.unlink()

    def remove(self, paths: Sequence[str]) -> str:
        """Take documents out of the library; a sentence that says what was done.

        An uploaded file is deleted. A file of the folder that is served stays where it is, and
        is back when the folder is indexed again.
        """
        gone: list[str] = []
        kept = False
        try:
            with self._changing:
                listing = list_library(self.index, self.answerer.within)
                known = {one.path for one in listing.files}
                for path in filter(known.__contains__, paths):
                    # First the index: while another process holds it, nothing is deleted.
                    with suppress(IndexMissing):
                        gone += remove(self.index, path, keep_folders=True)
                    location = listing.location(path)
                    if location is not None and location.is_relative_to(self.folder):
                        location.unlink(missing_ok=True)
                    else:
                        kept = True
        except OSError as error:
            return f"The document could not be removed ({error.strerror})."
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return self.documents.without_places(str(error))
        if not gone:
            return "Choose the documents to remove first."
        stays = (
            " Files in the folder itself are left, and are back when it is indexed again."
            if kept
            else ""
        )
        return f"Removed: {', '.join(gone)}.{stays}"

    def index_again(self) -> Iterator[str]:
        """Bring the library up to date with its folders, telling how far that has come.

        The last sentence says what was done, or why not. Whoever stops listening does not
        stop it.
        """

        def run(tell: Callable[[str], object]) -> None:
            def progress(now: IndexingProgress) -> None:
                tell(f"Indexing: {now.files_done:,} of {now.files:,} new or changed files …")

            tell("Looking for what has changed …")
            try:
                with self._changing:
                    folders = [self.documents.folder]
                    if _holds_files(self.folder):
                        folders.append(self.folder)
                    reports = [self._index(folder, progress) for folder in folders]
                tell(" ".join(map(_in_a_sentence, reports)))
            except ChapterAndVerseError as error:
                _log.error("%s", error)
                tell(self.documents.without_places(str(error)))
            except Exception:  # This is a thread's outermost function.
                _log.exception("The folder was not indexed.")
                tell("Something went wrong on the server; its log says what.")

        return _told_by(run)

    def _index(
        self, folder: Path, on_progress: Callable[[IndexingProgress], None] | None = None
    ) -> IndexingReport:
        encoder, limits = self.answerer.retriever.encoder, self.answerer.settings.limits
        report = index_folder(folder, self.index, encoder, limits, on_progress)
        if folder == self.folder:
            self.answerer.within = (self.name, report.name)
        return report


class _Batch:
    """Files that came together."""

    def __init__(
        self,
        uploads: Uploads,
        files: Sequence[Path],
        tell: Callable[[tuple[Upload, ...]], object],
    ) -> None:
        self.uploads = uploads
        self.files = files
        self.tell = tell
        self.rows = [Upload(file.name) for file in files]
        self.held: tuple[Listed, ...] = ()
        self.placed: dict[str, int] = {}

    def run(self) -> None:
        self._told()
        self.held = list_library(self.uploads.index, self.uploads.answerer.within).files
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
            self.uploads._index(self.uploads.folder, self._progress)
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            self._settle(self.uploads.documents.without_places(str(error)))
        else:
            self._settle("")

    def refuse_rest(self, problem: str) -> None:
        """Refuse what was neither taken nor refused yet."""
        for name, at in self.placed.items():
            if self.rows[at].state in ("waiting", "reading"):
                (self.uploads.folder / name).unlink(missing_ok=True)
        for at, row in enumerate(self.rows):
            if row.state in ("waiting", "reading"):
                self._set(at, "refused", problem)

    def _problem(self, at: int, file: Path) -> str:
        """Why the file is not taken; nothing if it may be."""
        limits = self.uploads.limits
        size = file.stat().st_size
        there = [one.stat().st_size for one in self.uploads.folder.iterdir()]
        if at >= limits.files:
            return f"is one too many: {limits.files} files are taken at a time"
        if format_of(file) is None:
            suffixes = ", ".join(suffix for each in FORMATS for suffix in each.suffixes)
            return f"is of a format that is not read; these are: {suffixes}"
        if size > limits.file_bytes:
            return f"is larger than {limits.file_bytes / 1e6:,.0f} MB"
        if len(there) >= limits.documents:
            return f"finds no room: {limits.documents:,} uploaded documents are kept, remove some"
        if sum(there) + size > limits.total_bytes:
            most = f"{limits.total_bytes / 1e6:,.0f} MB"
            return f"finds no room: {most} of uploads are kept, remove some"
        sha256 = _sha256(file)
        same = next((one for one in self.held if one.title and one.sha256 == sha256), None)
        return f"is in the library already, as {same.path}" if same else ""

    def _place(self, at: int, file: Path) -> None:
        """Move the file to where it is indexed."""
        name = free_name(file.name, {one.name.casefold() for one in self.uploads.folder.iterdir()})
        file.replace(self.uploads.folder / name)
        self.placed[name] = at

    def _progress(self, progress: IndexingProgress) -> None:
        at = self.placed.get(progress.path.rpartition("/")[2])
        if progress.passages:
            told = f"{progress.passages_done:,} of {progress.passages:,} passages"
            for each, row in enumerate(self.rows):
                if row.state == "reading":
                    self._set(each, "reading", told)
        elif at is not None and self.rows[at].state == "waiting":
            self._set(at, "reading")

    def _settle(self, problem: str) -> None:
        """Say what became of each file; what has no document is not kept either."""
        listing = list_library(self.uploads.index)
        by_location = {listing.location(one.path): one for one in listing.files}
        for name, at in self.placed.items():
            location = self.uploads.folder / name
            found = by_location.get(location)
            if found and found.title is not None:
                count = "1 passage" if found.passages == 1 else f"{found.passages:,} passages"
                self._set(at, "taken", f"{found.path}, {count}")
                continue
            location.unlink(missing_ok=True)
            reason = found.problem if found else None
            if found:
                with suppress(IndexMissing):
                    remove(self.uploads.index, found.path, keep_folders=True)
            self._set(at, "refused", reason or problem or "could not be read")

    def _set(self, at: int, state: State, told: str = "") -> None:
        self.rows[at] = replace(self.rows[at], state=state, told=told)
        self._told()

    def _told(self) -> None:
        self.tell(tuple(self.rows))


def free_name(name: str, taken: set[str]) -> str:
    """A name for a file that no other has, and that means nothing to a file system.

    >>> free_name("../.Aid: report.PDF", {"aid report.pdf"})
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


def _told_by(run: Callable[[Callable[[Told], object]], None]) -> Iterator[Told]:
    """What ``run``, in a thread of its own, tells until it ends."""
    queue: SimpleQueue[tuple[Told] | None] = SimpleQueue()

    def run_and_end() -> None:
        try:
            run(lambda told: queue.put((told,)))
        finally:
            queue.put(None)

    threading.Thread(target=run_and_end, daemon=True).start()
    while (one := queue.get()) is not None:
        yield one[0]


def _in_a_sentence(report: IndexingReport) -> str:
    counts = (
        f"{len(report.added):,} added, {len(report.changed):,} changed, "
        f"{len(report.removed):,} removed, {report.unchanged:,} unchanged"
    )
    return f"{report.name}: {counts}."


def _holds_files(folder: Path) -> bool:
    """Whether there is anything to index: a folder without would be refused."""
    return folder.is_dir() and any(format_of(one) for one in folder.iterdir())


def _lock_of(place: Path) -> Path:
    return place.with_suffix(".lock")


def _drop(place: Path) -> None:
    """Remove a place of files on their way, with its lock."""
    shutil.rmtree(place, ignore_errors=True)
    _lock_of(place).unlink(missing_ok=True)


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return file_digest(opened, "sha256").hexdigest()
