"""Startup: the folder of a chat is indexed in the background, while the chat answers."""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from embeddings.errors import ChapterAndVerseError, NothingToRead
from embeddings.indexing_report import IndexingProgress, IndexingReport, OnProgress
from qa.service.error_messages import error_message
from qa.service.messages import FOLDER_NOT_INDEXED
from qa.service.uploads import Uploads, progress_words

CLOSE_SECONDS = 5.0
"""How long ``close`` waits for a file that is being read; it is read at the next start."""

_log = logging.getLogger("chapter-and-verse")


class StartupIndexing:
    """The first indexing of a chat's folders. Safe to use from several threads.

    Questions are answered from what is in the index already. Nothing is done before ``start``.

    Args:
        uploads: Of the chat; changes of the library run one after another.
    """

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        self._progress = IndexingProgress(0, 0)
        self._problem = ""
        self._failed = False
        self._ending = threading.Event()
        self._ended = threading.Event()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(
        self,
        bar: Callable[[], AbstractContextManager[OnProgress]],
        on_report: Callable[[IndexingReport], object],
        on_error: Callable[[ChapterAndVerseError], object],
    ) -> None:
        """Begin to index, in a thread of its own.

        Args:
            bar: Makes what shows the progress in the terminal.
            on_report: Called with the report on each folder, at the end.
            on_error: Called with the reason why the folder was not indexed.
        """

        def run() -> None:
            try:
                self._index(bar, on_report, on_error)
            except _Stopped:
                pass
            except ChapterAndVerseError as error:
                self._failed = True
                self._problem = f"Not indexed: {error_message(error)}"
                on_error(error)
            except Exception:  # The thread's outermost function.
                _log.exception("The folder was not indexed.")
                self._failed = True
                self._problem = FOLDER_NOT_INDEXED
            finally:
                self._ended.set()
                self._over.set()

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether there is more to index."""
        return self._thread is not None and not self._ended.is_set()

    @property
    def failed(self) -> bool:
        """Whether it has ended, and the folder could not be indexed; one may hold no documents."""
        return not self.running and self._failed

    @property
    def status(self) -> str:
        """The progress or the problem, as a sentence; empty if there is nothing to say."""
        if not self.running:
            return self._problem
        now = self._progress
        return progress_words(now) if now.files else "Looking for what has changed in the folder …"

    @property
    def unread(self) -> str:
        """That the library lacks files which are still to be read; empty if it lacks none."""
        if not self.running:
            return ""
        now = self._progress
        if not now.files:
            return "Not all files may be in yet: the folder is still being looked through."
        return f"Not all files are in yet: {now.files_done:,} of {now.files:,} are read so far."

    def join(self) -> None:
        """Wait until all is indexed, or the chat ends."""
        if self._thread is not None:
            self._over.wait()

    def close(self) -> bool:
        """Stop; whether something is left to be indexed. What is committed is kept."""
        if not self.running:
            return False
        self._ending.set()
        self._ended.wait(CLOSE_SECONDS)
        self._over.set()
        return True

    def _index(
        self,
        bar: Callable[[], AbstractContextManager[OnProgress]],
        on_report: Callable[[IndexingReport], object],
        on_error: Callable[[ChapterAndVerseError], object],
    ) -> None:
        try:
            with bar() as show:
                reports = self._uploads.index_all(lambda now: self._advance(now, show))
            for report in reports:
                on_report(report)
            reports[0].check()
        except NothingToRead as error:
            # What is in already can be asked, and files can be added.
            self._problem = self._uploads.notice_of_earlier()
            on_error(error)

    def _advance(self, now: IndexingProgress, show: OnProgress) -> None:
        if self._ending.is_set():
            raise _Stopped
        self._progress = now
        show(now)


class _Stopped(Exception):
    """Indexing ends before all is indexed, because the chat does."""
