"""What can go wrong with files, models and the index.

    ChapterAndVerseError
    ├── UnreadableFile        one document cannot be read; the others can
    ├── FolderError           the folder is missing, unreadable or holds nothing to read
    ├── ModelError            model files are missing, damaged or not what was expected
    │   └── NotConvertible    a model runs in PyTorch alone
    └── IndexProblem
        ├── IndexMissing      nothing is indexed at that place
        ├── IndexMismatch     made by another model, another setting or another format version
        ├── IndexDamaged      checksums or SQLite's own checks fail
        ├── IndexLocked       another process is writing
        └── IndexNotWritable  no permission, or the disk is full

Each message says what happened, where, and what to do about it. A caller's
mistake is a ``ValueError``, never one of these.
"""


class ChapterAndVerseError(Exception):
    """Base of every error of the environment that a user can be shown as it is."""


class UnreadableFile(ChapterAndVerseError):
    """One file cannot be turned into a document. The message is the reason alone."""


class FolderError(ChapterAndVerseError):
    """The folder to index is missing, not a folder, unreadable, or holds nothing to read."""


class ModelError(ChapterAndVerseError):
    """A model is missing, damaged, or not the one that was asked for."""


class NotConvertible(ModelError):
    """A model cannot be served by ONNX Runtime. The message is the reason alone."""


class IndexProblem(ChapterAndVerseError):
    """Something is wrong with the stored index."""


class IndexMissing(IndexProblem):
    """There is no index at the place named."""


class IndexMismatch(IndexProblem):
    """The index was made with another encoder, other settings or another format version."""


class IndexDamaged(IndexProblem):
    """The index fails its checksums or SQLite's own checks."""


class IndexLocked(IndexProblem):
    """Another process is writing to the index."""


class IndexNotWritable(IndexProblem):
    """The index cannot be written: no permission, or no room on the disk."""
