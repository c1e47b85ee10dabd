"""Uploads: adds documents to the library, removes documents, indexes folders again.

Uploaded files lie beside the index, in ``<index>.uploads``, separately for each folder that is
served, and are indexed as a folder of their own; the folder that is served is never written to.
They are received into a folder on the same disk and moved, so that each is complete or not there.
"""

import logging
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import BoundedSemaphore
from typing import TypeVar
from uuid import uuid4

from filelock import FileLock, Timeout

from embeddings.errors import ChapterAndVerseError, FolderError, Remedy
from embeddings.file_system import FILE_MODE, private_folder
from embeddings.files.formats import format_of
from embeddings.folders import remove
from embeddings.index.index import uploads_of
from embeddings.index.paths import library_paths, lies_within
from embeddings.indexing_report import IndexingProgress, IndexingReport, OnProgress
from qa.service.documents import Documents, NoDocument
from qa.service.error_messages import error_message
from qa.service.incoming import IncomingFiles
from qa.service.messages import FOLDER_EMPTIED, Notice
from qa.service.upload import Upload
from qa.service.upload_batch import UploadBatch

CLEANUP_SECONDS = 60.0
"""Interval at which expired incoming files are removed."""

CLOSE_SECONDS = 5.0
"""How long ``close`` waits for a change of the library; what it has committed is not lost."""

REMOVE_SECONDS = 10.0
"""How long a removal waits for other changes of the library. Chosen by hand."""

MAX_PENDING_CHANGES = 4
"""Changes of the library that users have begun and that are made or waited for; each holds a
thread."""

Update = TypeVar("Update")

_log = logging.getLogger("chapter-and-verse")


class TooManyChanges(Exception):
    """The library is not changed: as many changes as are allowed are pending."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed from the library.

    Attributes:
        paths: In the library.
        kept: Those of files in the folder that is served, which are left there.
        undeleted: Why the file of an uploaded document could not be deleted, by path.
    """

    paths: tuple[str, ...]
    kept: tuple[str, ...]
    undeleted: dict[str, str]

    @property
    def sentence(self) -> str:
        """What was done, and what was not."""
        sentences = [f"Removed: {', '.join(self.paths)}."]
        for path, reason in self.undeleted.items():
            sentences.append(
                f"The file of {path} could not be deleted ({reason}), and is back when the folder "
                "is indexed again."
            )
        if self.kept:
            sentences.append(
                "Files in the folder itself are left, and are back when it is indexed again."
            )
        return " ".join(sentences)


class Uploads:
    """Adds documents to a chat's library, removes documents and indexes its folders again.

    Safe to use from several threads; changes of the library run one after another. Nothing is
    read or written until ``open``.

    Args:
        documents: From which the chat answers.
        name: Of the folder that is served; part of the name of the folder of its uploads.
        served: The folder that is served.
    """

    def __init__(self, documents: Documents, name: str, served: Path) -> None:
        self.documents = documents
        self.answerer = documents.answerer
        self.index = documents.index
        self.name = name
        self.served = served
        self.limits = self.answerer.settings.uploads
        self.folder = uploads_of(self.index.folder, name, served)
        incoming = self.folder.with_name("incoming") / uuid4().hex
        self.incoming = IncomingFiles(incoming, self.limits)
        self._open = ExitStack()
        self._changing = threading.Lock()
        self._pending = BoundedSemaphore(MAX_PENDING_CHANGES)
        self._ending = threading.Event()

    def open(self, read_only: bool = False) -> None:
        """Answer from earlier uploads, too, and be ready for others.

        Args:
            read_only: Whether nothing will be added.

        Raises:
            FolderError: The folder for uploads cannot be created.
        """
        try:
            if not read_only:
                self._create_folders()
        except OSError as error:
            raise FolderError(
                f"cannot be used for uploads ({error.strerror})",
                self.folder,
                Remedy.DISABLE_UPLOADS,
            ) from error
        # A read-only chat, too: another process with the same index may add documents.
        self.answerer.add_folder(self.folder)

    def index_all(
        self, on_progress: OnProgress | None = None, *, retry: bool = False
    ) -> list[IndexingReport]:
        """Bring the index up to date with the folder that is served, and with the uploads.

        Args:
            on_progress: Called with the progress of either.
            retry: Whether files that were set aside are read again.

        Returns:
            The report on the folder and, if there are uploads, that on them.

        Raises:
            ChapterAndVerseError: One of them, or the index, cannot be used.
        """
        with self._changing:
            uploaded = self._index_uploads(on_progress, retry=retry)
            folder = self.answerer.index_folder(self.served, on_progress, retry=retry)
        return [folder, uploaded] if uploaded else [folder]

    def notice_of_earlier(self) -> str:
        """What to say if the folder that is served holds no file that could be read.

        Its documents are still in the library if it held some before: it may be on a disk that is
        not mounted. Without any this is empty.
        """
        listing = self.documents.listing()
        names = {name for name, location in listing.folders.items() if location == self.served}
        if not any(document.folder in names for document in listing.documents):
            return ""
        return f"{self.served.name} {FOLDER_EMPTIED}"

    def close(self) -> None:
        """Remove all incoming files."""
        self._ending.set()
        ended = self._changing.acquire(timeout=CLOSE_SECONDS)
        self._open.close()
        if ended:
            self._changing.release()

    def _create_folders(self) -> None:
        private_folder(self.folder)
        incoming = self.incoming.folder
        private_folder(incoming.parent)
        # Locked as long as this process lives: the next one removes the unlocked folders.
        self._open.enter_context(FileLock(_lock_path(incoming), mode=FILE_MODE))
        private_folder(incoming)
        self._open.callback(_remove_folder, incoming)
        for lock in incoming.parent.glob("*.lock"):
            with suppress(Timeout), FileLock(lock, timeout=0):
                _remove_folder(lock.with_suffix(""))
        threading.Thread(target=self._remove_expired, daemon=True).start()

    def add(
        self,
        files: Sequence[Path],
        documents: Documents | None = None,
        on_end: Callable[[tuple[Upload, ...]], object] = lambda _: None,
    ) -> Iterator[tuple[Upload, ...]]:
        """Add files to the library; the state of all whenever one of them changes.

        Afterwards the files are no longer at their paths: those added were moved to ``folder``,
        the others removed. It is begun at once, and runs to its end even if the iterator is not
        used up or not used at all.

        Args:
            files: Claimed files of ``incoming``; all others are ignored.
            documents: That who adds them may reach; without them the whole library.
            on_end: Called with the last state, whether anybody reads the others or not.

        Raises:
            TooManyChanges: The files are removed, too.
        """
        reached = documents or self.documents
        files = [file for file in dict.fromkeys(files) if self.incoming.is_claimed(file)]

        def run(report: Callable[[tuple[Upload, ...]], object]) -> None:
            batch = UploadBatch(files, self.folder, reached, self._index_uploads, report)
            try:
                with self._changing:
                    batch.run()
            except ChapterAndVerseError as error:  # The index is gone or damaged.
                _log.error("%s", error)
                batch.refuse_rest(f"could not be added. {error_message(error)}")
            except Exception:  # The thread's outermost function.
                _log.exception("An upload failed.")
                batch.refuse_rest("could not be added; see the server's log")
            finally:
                self.incoming.discard(files)

        try:
            return self._begin(run, on_end)
        except TooManyChanges:
            self.incoming.discard(files)
            raise

    def _remove_expired(self) -> None:
        while not self._ending.wait(CLEANUP_SECONDS):
            self.incoming.remove_expired()

    def remove(self, paths: Sequence[str], documents: Documents | None = None) -> Removed:
        """Remove documents from the library.

        An uploaded file is deleted. A file of the folder that is served stays there, and is in
        the library again once the folder is indexed again.

        Args:
            paths: Of documents or folders in the library.
            documents: That who removes them may reach; without them the whole library.

        Raises:
            NoDocument: There are none.
            TooManyChanges: Others are pending, or take long; nothing is removed.
            ChapterAndVerseError: The index cannot be written; nothing is removed.
        """
        self._take_place()
        try:
            # The folder may be indexed for hours: nobody is kept waiting for that.
            if not self._changing.acquire(timeout=REMOVE_SECONDS):
                raise TooManyChanges
            try:
                return self._remove(paths, documents or self.documents)
            finally:
                self._changing.release()
        finally:
            self._pending.release()

    def _remove(self, paths: Sequence[str], documents: Documents) -> Removed:
        listing = documents.listing()
        chosen = {
            file.path: listing.location(file.path)
            for file in listing.files
            if lies_within(file.path, library_paths(paths))
        }
        if not chosen:
            raise NoDocument(", ".join(paths))
        # The index first: while another process has it locked, nothing is deleted.
        removed = tuple(remove(self.index, list(chosen)))
        kept: list[str] = []
        undeleted: dict[str, str] = {}
        for path, location in chosen.items():
            if location is None or not location.is_relative_to(self.folder):
                kept.append(path)
                continue
            try:
                location.unlink(missing_ok=True)
            except OSError as error:
                undeleted[path] = error.strerror or str(error)
        return Removed(removed, tuple(kept), undeleted)

    def index_again(self, on_end: Callable[[Notice], object] = lambda _: None) -> Iterator[Notice]:
        """Bring the library up to date with its folders; the progress, and last the outcome.

        It is begun at once, and runs to its end even if the iterator is not used up.

        Args:
            on_end: Called with the outcome, whether anybody reads the others or not.

        Raises:
            TooManyChanges: Nothing is indexed.
        """

        def run(report: Callable[[Notice], object]) -> None:
            def progress(now: IndexingProgress) -> None:
                report(Notice(progress_words(now)))

            report(Notice("Looking for what has changed …"))
            try:
                # Users ask for it: files that were set aside are tried again, too.
                report(Notice(_summary(self.index_all(progress, retry=True)), "done"))
            except ChapterAndVerseError as error:
                _log.error("%s", error)
                report(Notice(error_message(error), "failed"))
            except Exception:  # The thread's outermost function.
                _log.exception("The folder was not indexed.")
                report(Notice("Something went wrong on the server; see its log.", "failed"))

        return self._begin(run, on_end)

    def _take_place(self) -> None:
        """Take one of the places for pending changes.

        Raises:
            TooManyChanges: All are taken.
        """
        if not self._pending.acquire(blocking=False):
            raise TooManyChanges

    def _begin(
        self,
        run: Callable[[Callable[[Update], object]], None],
        on_end: Callable[[Update], object],
    ) -> Iterator[Update]:
        """What ``run`` reports from a thread of its own, until it ends.

        It keeps its place until then, whether anybody still reads what it reports or not.

        Raises:
            TooManyChanges: It is not run.
        """
        self._take_place()
        queue: SimpleQueue[tuple[Update] | None] = SimpleQueue()
        last: list[Update] = []

        def report(update: Update) -> None:
            last[:] = [update]
            queue.put((update,))

        def run_and_end() -> None:
            try:
                run(report)
                for update in last:
                    on_end(update)
            finally:
                self._pending.release()
                queue.put(None)

        threading.Thread(target=run_and_end, daemon=True).start()
        return (update for (update,) in iter(queue.get, None))

    def _index_uploads(
        self, on_progress: OnProgress | None = None, *, retry: bool = False
    ) -> IndexingReport | None:
        """Bring the index up to date with the uploads; the report if there are any."""
        if self.folder.is_dir() and any(map(_is_document, self.folder.iterdir())):
            return self.answerer.index_folder(self.folder, on_progress, retry=retry)
        left = self.index.names({self.folder})
        if left:
            # Indexing refuses an empty folder, which may be on a disk that is not mounted. The
            # folder of uploads is the program's own.
            remove(self.index, left)
        return None


def _is_document(path: Path) -> bool:
    """Whether indexing would read a file: what systems leave in folders is hidden."""
    return not path.name.startswith(".") and format_of(path) is not None


def progress_words(now: IndexingProgress) -> str:
    """How far indexing has come, and in which file it is.

    >>> progress_words(IndexingProgress(30, 79, "docs/debian/reference.pdf", 2, 5))
    'Reading 31 of 79 · reference.pdf, 40%'
    """
    name = now.path.rpartition("/")[2]
    at = f"Reading {min(now.files_done + 1, now.files):,} of {now.files:,}"
    if not name:
        return f"{at} …"
    share = f", {now.passages_done / now.passages:.0%}" if now.passages else ""
    return f"{at} · {name}{share}"


def _summary(reports: Sequence[IndexingReport]) -> str:
    """What has changed, in words; of several folders with their names."""
    sentences = []
    for report in reports:
        counts = [
            f"{len(paths):,} {what}"
            for paths, what in (
                (report.added, "added"),
                (report.changed, "changed"),
                (report.removed, "removed"),
            )
            if paths
        ]
        if counts:
            name = f"{report.name}: " if len(reports) > 1 else ""
            sentences.append(f"{name}{', '.join(counts)}.")
    return " ".join(sentences) or "Nothing has changed."


def _lock_path(folder: Path) -> Path:
    return folder.with_suffix(".lock")


def _remove_folder(folder: Path) -> None:
    """Remove a folder of incoming files and its lock."""
    shutil.rmtree(folder, ignore_errors=True)
    _lock_path(folder).unlink(missing_ok=True)
