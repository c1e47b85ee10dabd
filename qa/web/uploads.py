"""Uploads: documents that readers add to the library, and its care.

The files lie beside the index, in ``<index>.uploads``, apart for each folder that is served, and
are indexed as a folder of their own; the folder that is served is never written to. A file comes
in through ``incoming``, on the same disk, so that it is there as a whole or not at all.
"""

import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar
from uuid import uuid4

from filelock import FileLock, Timeout

from embeddings.errors import ChapterAndVerseError, FolderError, Remedy
from embeddings.files.formats import format_of
from embeddings.index.index import uploads_beside
from embeddings.indexing import (
    IndexingProgress,
    IndexingReport,
    OnProgress,
    index_folder,
    remove,
)
from embeddings.private_files import FILE_MODE, private_folder
from qa.web.documents import Documents
from qa.web.error_messages import error_message
from qa.web.incoming import IncomingFiles
from qa.web.upload_batch import Upload, UploadBatch

CLEARING_SECONDS = 60.0
"""From one look for files that nobody asks for any more to the next."""

SECONDS_TO_END = 5.0
"""How long a change of the library may hold up the end; what it has committed is kept."""

Told = TypeVar("Told")

_log = logging.getLogger("chapter-and-verse")


class Uploads:
    """Adds documents to a chat's library, takes them out and brings it up to date.

    Safe to use from several threads; one change is made at a time.
    """

    def __init__(self, documents: Documents, name: str) -> None:
        """Nothing is read or written yet.

        Args:
            documents: That the chat answers from; from now on from what is uploaded as well.
            name: Of their folder, by which people find its uploads on the disk.
        """
        self.documents = documents
        self.answerer = documents.answerer
        self.index = documents.index
        self.name = name
        self.limits = self.answerer.settings.uploads
        # Others may have the name: in another index, or once this one was deleted.
        digest = sha256(os.fsencode(documents.folder)).hexdigest()[:8]
        place = uploads_beside(self.index.folder) / f"{name}-{digest}"
        self.folder = place / "uploads"
        self.incoming = IncomingFiles(place / "incoming" / uuid4().hex, self.limits)
        self._open = ExitStack()
        self._changing = threading.Lock()
        self._ending = threading.Event()

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
                f"cannot be used for uploads ({error.strerror})",
                self.folder,
                Remedy.DISABLE_UPLOADS,
            ) from error
        # Also of a chat that only reads: another one on the same index may add documents.
        self.answerer.folders = (self.documents.folder, self.folder)
        return self._index_uploads()

    def close(self) -> None:
        """Leave nothing behind of files that were on their way."""
        self._ending.set()
        ended = self._changing.acquire(timeout=SECONDS_TO_END)
        self._open.close()
        if ended:
            self._changing.release()

    def _make_places(self) -> None:
        private_folder(self.folder)
        place = self.incoming.folder
        places = place.parent
        private_folder(places)
        # Held as long as this process lives, so that the next one can tell what is left over.
        self._open.enter_context(FileLock(_lock_of(place), mode=FILE_MODE))
        private_folder(place)
        self._open.callback(_drop, place)
        for lock in places.glob("*.lock"):
            with suppress(Timeout), FileLock(lock, timeout=0):
                _drop(lock.with_suffix(""))
        threading.Thread(target=self._keep_clear, daemon=True).start()

    def add(self, files: Sequence[Path]) -> Iterator[tuple[Upload, ...]]:
        """Take files into the library; how far each has come, again and again until all are done.

        The files given are gone afterwards, whatever becomes of them: those taken lie in
        ``folder``. Whoever stops listening does not stop it.

        Args:
            files: That were asked for of ``incoming``; none else is touched.
        """
        files = [file for file in dict.fromkeys(files) if self.incoming.is_claimed(file)]

        def run(tell: Callable[[tuple[Upload, ...]], object]) -> None:
            batch = UploadBatch(files, self.folder, self.documents, self._index_uploads, tell)
            try:
                with self._changing:
                    batch.run()
            except ChapterAndVerseError as error:  # The index is gone or damaged.
                _log.error("%s", error)
                batch.refuse_rest(f"could not be taken in. {error_message(error)}")
            except Exception:  # Nobody above would see it: this is a thread's outermost function.
                _log.exception("An upload failed.")
                batch.refuse_rest("could not be taken in; the server's log says why")
            finally:
                self.incoming.discard(files)

        return _told_by(run)

    def _keep_clear(self) -> None:
        while not self._ending.wait(CLEARING_SECONDS):
            self.incoming.remove_expired()

    def remove(self, paths: Sequence[str]) -> str:
        """Take documents out of the library; a sentence that says what was done.

        An uploaded file is deleted. A file of the folder that is served stays where it is, and
        is back when the folder is indexed again.
        """
        told: list[str] = []
        try:
            with self._changing:
                listing = self.documents.listing()
                located = {file.path: listing.location(file.path) for file in listing.files}
                chosen = [path for path in dict.fromkeys(paths) if path in located]
                if not chosen:
                    return "Choose the documents to remove first."
                # First the index: while another process holds it, nothing is deleted.
                told.append(f"Removed: {', '.join(remove(self.index, chosen))}.")
                kept = False
                for path in chosen:
                    location = located[path]
                    if location is None or not location.is_relative_to(self.folder):
                        kept = True
                        continue
                    try:
                        location.unlink(missing_ok=True)
                    except OSError as error:
                        told.append(
                            f"The file of {path} could not be deleted ({error.strerror}), and is "
                            "back when the folder is indexed again."
                        )
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return error_message(error)
        if kept:
            told.append(
                "Files in the folder itself are left, and are back when it is indexed again."
            )
        return " ".join(told)

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
                    # Asked for by somebody: also what was set aside is tried again.
                    uploaded = self._index_uploads(progress, retry=True)
                    reports = [self._index(self.documents.folder, progress, retry=True), uploaded]
                tell(" ".join(_in_a_sentence(report) for report in reports if report))
            except ChapterAndVerseError as error:
                _log.error("%s", error)
                tell(error_message(error))
            except Exception:  # This is a thread's outermost function.
                _log.exception("The folder was not indexed.")
                tell("Something went wrong on the server; its log says what.")

        return _told_by(run)

    def _index_uploads(
        self, on_progress: OnProgress | None = None, *, retry: bool = False
    ) -> IndexingReport | None:
        """Bring the index up to date with what was uploaded; a report if there is anything."""
        if self.folder.is_dir() and any(format_of(one) for one in self.folder.iterdir()):
            return self._index(self.folder, on_progress, retry=retry)
        left = self.index.names({self.folder})
        if left:
            # Without a file a folder is refused, rather than forgotten: it may be on a disk that
            # is not there. This one is the program's own.
            remove(self.index, left)
        return None

    def _index(
        self, folder: Path, on_progress: OnProgress | None = None, *, retry: bool = False
    ) -> IndexingReport:
        encoder, limits = self.answerer.retriever.encoder, self.answerer.settings.limits
        return index_folder(folder, self.index, encoder, limits, on_progress, retry)


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


def _lock_of(place: Path) -> Path:
    return place.with_suffix(".lock")


def _drop(place: Path) -> None:
    """Remove a place of files on their way, with its lock."""
    shutil.rmtree(place, ignore_errors=True)
    _lock_of(place).unlink(missing_ok=True)
