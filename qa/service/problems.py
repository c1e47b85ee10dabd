"""Problems: why a request was not served; the sentences name no place on a disk."""

import logging
from dataclasses import dataclass

from embeddings.errors import (
    ChapterAndVerseError,
    IndexDamaged,
    IndexLocked,
    IndexNotWritable,
    UnreadableFile,
)
from qa.library.feedback import TooMuchFeedback
from qa.pipeline import NothingWithin
from qa.reading.windows import QuestionTooLong
from qa.service.busy import CallerBusy, QueueFull, Stopping
from qa.service.codes import Code
from qa.service.documents import (
    DocumentChanged,
    NoDocument,
    NoPage,
    SeveralDocuments,
    TooManyWaiting,
)
from qa.service.error_messages import error_message
from qa.service.messages import INDEX_DAMAGED, INTERNAL_ERROR_SENTENCE, MAY_NOT_WRITE, NOTHING_THERE
from qa.service.service import MayNotReach
from qa.service.uploads import TooManyChanges

RETRY_SECONDS = 5
"""After which a request that found the server busy can be sent again. Chosen by hand."""

_log = logging.getLogger("chapter-and-verse")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request was not served.

    Attributes:
        code: For programs.
        sentence: For people.
        retry_seconds: After which it can be sent again with better hope; 0 where it cannot.
    """

    code: Code
    sentence: str
    retry_seconds: int = 0


class Refused(Exception):
    """A request is not served."""

    def __init__(self, code: Code, sentence: str, retry_seconds: int = 0) -> None:
        super().__init__(sentence)
        self.problem = Problem(code, sentence, retry_seconds)


def problem_of(error: Exception) -> Problem:
    """The problem that an exception means; what is not expected is logged.

    Args:
        error: Raised by a method of ``Service`` or of what it is made of.
    """
    match error:
        case Stopping():
            return Problem("stopping", error_message(error), error.retry_seconds)
        case CallerBusy():
            return Problem("too-many-requests", error_message(error), error.retry_seconds)
        case QueueFull():
            return Problem("busy", error_message(error), error.retry_seconds)
        case Refused():
            return error.problem
        case NothingWithin():
            return Problem("nothing-within", NOTHING_THERE)
        case QuestionTooLong():
            return Problem("question-too-long", "The question has too many words; ask in fewer.")
        case NoDocument():
            return Problem("no-document", "There is no such document.")
        case SeveralDocuments():
            sentence = "Several documents have the same bytes: add the path of one."
            return Problem("several-documents", sentence)
        case DocumentChanged():
            return Problem("document-changed", "The document has changed since; ask again.")
        case TooManyWaiting():
            return Problem("busy", "Too many documents are being opened.", RETRY_SECONDS)
        case MayNotReach():
            return Problem("not-allowed", MAY_NOT_WRITE)
        case TooManyChanges():
            return Problem("busy", "Other changes of the library are under way.", RETRY_SECONDS)
        case TooMuchFeedback():
            return Problem("too-many-requests", error_message(error), 3_600)
        case NoPage():
            return Problem("no-page", f"The document {error_message(error)}")
        case UnreadableFile():
            return Problem("unreadable", f"The document {error_message(error)}")
    if not isinstance(error, ChapterAndVerseError):
        _log.error("A request was not served.", exc_info=error)
        return Problem("internal", INTERNAL_ERROR_SENTENCE)
    _log.error("%s", error)
    match error:
        case IndexDamaged():
            # What is damaged may be out of the caller's reach.
            return Problem("index-damaged", INDEX_DAMAGED)
        case IndexLocked():
            return Problem("library-locked", error_message(error), RETRY_SECONDS)
        case IndexNotWritable():
            return Problem("no-room", error_message(error))
    return Problem("internal", error_message(error))
