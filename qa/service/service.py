"""Service: questions, documents and changes of one library, for whoever serves them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from embeddings.errors import ChapterAndVerseError
from embeddings.index.index import UPLOADS_NAME
from embeddings.index.paths import lies_within
from qa.access.audit import AuditLog
from qa.library.feedback import Feedback
from qa.pipeline import QuestionAnswerer
from qa.service.answer_queue import (
    CONCURRENT_ANSWERS,
    MAX_WAITING,
    MAX_WAITING_OF_ONE,
    AnswerQueue,
)
from qa.service.codes import CODES
from qa.service.error_messages import error_message
from qa.service.messages import FOLDER_NOT_INDEXED, INDEXING_GOES_ON, SOME_UNREAD, Notice
from qa.service.metrics import Metrics
from qa.service.read_only import ReadOnlyService
from qa.service.startup import StartupIndexing
from qa.service.upload import Upload
from qa.service.uploads import Removed, Uploads


class MayNotReach(Exception):
    """A change concerns what the caller may not reach."""


class Service(ReadOnlyService):
    """What is served of one folder, and of the files that were added to it. Safe for threads.

    Whoever asks a question holds a place of ``queue`` meanwhile.

    Attributes:
        name: Of the folder in the library.
    """

    def __init__(self, answerer: QuestionAnswerer, folder: Path) -> None:
        super().__init__(answerer)
        self.folder = folder
        # Of the folders that are answered from, the one that is served is the first.
        (self.name,) = self.index.names(answerer.folders[:1])
        self.uploads = Uploads(self.documents, self.name, folder)
        self.indexing = StartupIndexing(self.uploads)
        self.feedback = Feedback(self.index.folder)
        self.queue = AnswerQueue(CONCURRENT_ANSWERS, MAX_WAITING, MAX_WAITING_OF_ONE)
        self.audit = AuditLog(self.index.folder)
        self.metrics = Metrics(
            CODES,
            running=lambda: self.queue.running,
            waiting=lambda: self.queue.waiting,
            indexing=lambda: self.indexing.running,
            documents=lambda: len(self.documents.listing().documents),
            index_version=lambda: self.index.version,
        )

    def wait_until_indexed(self) -> None:
        """Wait for the models, and until the library holds what it is to be asked about."""
        self.indexing.join()
        self.wait_until_warm()

    def close(self) -> None:
        """Stop all background work; before the index is closed."""
        self.indexing.close()
        self.uploads.close()
        super().close()

    @property
    def is_answering(self) -> bool:
        """Whether a question is being answered, for anybody."""
        return self.queue.running > 0

    @property
    def indexing_status(self) -> str:
        """How far indexing has come, or why it failed, as the caller may know it."""
        if not self.limit:
            return self.indexing.status
        if self.indexing.running:
            return INDEXING_GOES_ON
        return FOLDER_NOT_INDEXED if self.indexing.failed else ""

    @property
    def unread(self) -> str:
        """That not all files are in the library yet, as a sentence; empty if they are."""
        unread = self.indexing.unread
        return SOME_UNREAD if self.limit and unread else unread

    @property
    def can_add(self) -> bool:
        """Whether what the caller adds lies where the caller may reach it."""
        # Without any file the folder has no name in the library yet.
        names = self.index.names([self.uploads.folder]) or (UPLOADS_NAME,)
        return not self.limit or any(lies_within(name, self.limit) for name in names)

    def add(self, files: Sequence[Path], caller: str) -> Iterator[tuple[Upload, ...]]:
        """Add files to the library, as ``Uploads.add``.

        Args:
            files: Claimed files of ``Uploads.incoming``.
            caller: Who adds them, for the audit log.

        Raises:
            MayNotReach: They would lie outside of what the caller may reach.
            TooManyChanges: Other changes are under way.
        """
        if not self.can_add:
            self.uploads.incoming.discard(files)
            raise MayNotReach

        def log(uploads: tuple[Upload, ...]) -> None:
            for upload in uploads:
                outcome = "done" if upload.state == "taken" else upload.detail
                name = upload.path if upload.state == "taken" else upload.name
                self.audit.write(caller, "add", name or upload.name, outcome)

        return self.uploads.add(files, self.documents, log)

    def remove(self, path: str, caller: str) -> Removed:
        """Remove a document, or all in a folder, from the library, as ``Uploads.remove``.

        Args:
            path: In the library.
            caller: Who removes it, for the audit log.
        """
        try:
            removed = self.uploads.remove([path], self.documents)
        except ChapterAndVerseError as error:
            self.audit.write(caller, "remove", path, error_message(error))
            raise
        outcome = f"not deleted: {', '.join(removed.undeleted)}" if removed.undeleted else "done"
        self.audit.write(caller, "remove", removed.paths, outcome)
        return removed

    def index_again(self, caller: str) -> Iterator[Notice]:
        """Bring the library up to date with its folders, as ``Uploads.index_again``.

        Args:
            caller: Who asks for it, for the audit log.

        Raises:
            MayNotReach: The caller may not reach all of them.
            TooManyChanges: Other changes are under way.
        """
        if self.limit:
            raise MayNotReach

        def log(notice: Notice) -> None:
            self.audit.write(caller, "index", self.name, notice.sentence)

        return self.uploads.index_again(log)
