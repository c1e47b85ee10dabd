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
from embeddings.indexing_report import IndexingProgress, IndexingReport, OnProgress
from qa.web.documents import Documents
from qa.web.error_messages import error_message
from qa.web.incoming import IncomingFiles
from qa.web.messages import FOLDER_EMPTIED, Notice
from qa.web.upload import Upload
from qa.web.upload_batch import UploadBatch

CLEANUP_SECONDS = 60.0
"""Interval at which expired incoming files are removed."""

CLOSE_SECONDS = 5.0
"""How long ``close`` waits for a change of the library; what it has committed is not lost."""

MAX_PENDING_CHANGES = 4
"""Changes of the library that users have begun and that are made or waited for; each holds a
thread."""

Update = TypeVar("Update")

_log = logging.getLogger("chapter-and-verse")


class TooManyChanges(Exception):
    """The library is not changed: as many changes as are allowed are pending."""


class Uploads:
    """Adds documents to a chat's library, removes documents and indexes its folders again.

    Safe to use from several threads; changes of the library run one after another. Nothing is
    read or written until ``open``.

    Args:
        documents: From which the chat answers.
        name: Of the folder that is served; part of the name of the folder of its uploads.
    """

    def __init__(self, documents: Documents, name: str) -> None:
        self.documents = documents
        self.answerer = documents.answerer
        self.index = documents.index
        self.name = name
        self.limits = self.answerer.settings.uploads
        self.folder = uploads_of(self.index.folder, name, documents.folder)
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
            folder = self.answerer.index_folder(self.documents.folder, on_progress, retry=retry)
        return [folder, uploaded] if uploaded else [folder]

    def notice_of_earlier(self) -> str:
        """What to say if the folder that is served holds no file that could be read.

        Its documents are still in the library if it held some before: it may be on a disk that is
        not mounted. Without any this is empty.
        """
        folder, listing = self.documents.folder, self.documents.listing()
        served = {name for name, location in listing.folders.items() if location == folder}
        if not any(document.folder in served for document in listing.documents):
            return ""
        return f"{folder.name} {FOLDER_EMPTIED}"

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

    def add(self, files: Sequence[Path]) -> Iterator[tuple[Upload, ...]]:
        """Add files to the library; the state of all whenever one of them changes.

        Afterwards the files are no longer at their paths: those added were moved to ``folder``,
        the others removed. It is begun at once, and runs to its end even if the iterator is not
        used up or not used at all.

        Args:
            files: Claimed files of ``incoming``; all others are ignored.

        Raises:
            TooManyChanges: The files are removed, too.
        """
        files = [file for file in dict.fromkeys(files) if self.incoming.is_claimed(file)]

        def run(report: Callable[[tuple[Upload, ...]], object]) -> None:
            batch = UploadBatch(files, self.folder, self.documents, self._index_uploads, report)
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
            return self._begin(run)
        except TooManyChanges:
            self.incoming.discard(files)
            raise

    def _remove_expired(self) -> None:
        while not self._ending.wait(CLEANUP_SECONDS):
            self.incoming.remove_expired()

    def remove(self, paths: Sequence[str]) -> Notice:
        """Remove documents from the library; the outcome.

        An uploaded file is deleted. A file of the folder that is served stays there, and is in
        the library again once the folder is indexed again.

        Raises:
            TooManyChanges: Nothing is removed.
        """
        self._take_place()
        try:
            return self._remove(paths)
        finally:
            self._pending.release()

    def _remove(self, paths: Sequence[str]) -> Notice:
        sentences: list[str] = []
        left_in_folder = failed = False
        try:
            with self._changing:
                listing = self.documents.listing()
                located = {file.path: listing.location(file.path) for file in listing.files}
                chosen = [path for path in dict.fromkeys(paths) if path in located]
                if not chosen:
                    return Notice("It is not in the library any more.", "failed")
                # The index first: while another process has it locked, nothing is deleted.
                sentences.append(f"Removed: {', '.join(remove(self.index, chosen))}.")
                for path in chosen:
                    location = located[path]
                    if location is None or not location.is_relative_to(self.folder):
                        left_in_folder = True
                        continue
                    try:
                        location.unlink(missing_ok=True)
                    except OSError as error:
                        failed = True
                        sentences.append(
                            f"The file of {path} could not be deleted ({error.strerror}), and is "
                            "back when the folder is indexed again."
                        )
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return Notice(error_message(error), "failed")
        if left_in_folder:
            sentences.append(
                "Files in the folder itself are left, and are back when it is indexed again."
            )
        return Notice(" ".join(sentences), "failed" if failed else "done")

    def index_again(self) -> Iterator[Notice]:
        """Bring the library up to date with its folders; the progress, and last the outcome.

        It is begun at once, and runs to its end even if the iterator is not used up.

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

        return self._begin(run)

    def _take_place(self) -> None:
        """Take one of the places for pending changes.

        Raises:
            TooManyChanges: All are taken.
        """
        if not self._pending.acquire(blocking=False):
            raise TooManyChanges

    def _begin(self, run: Callable[[Callable[[Update], object]], None]) -> Iterator[Update]:
        """What ``run`` reports from a thread of its own, until it ends.

        It keeps its place until then, whether anybody still reads what it reports or not.

        Raises:
            TooManyChanges: It is not run.
        """
        self._take_place()
        queue: SimpleQueue[tuple[Update] | None] = SimpleQueue()

        def run_and_end() -> None:
            try:
                run(lambda update: queue.put((update,)))
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
