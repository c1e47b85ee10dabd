"""Busy: why no question is taken at the moment."""

from embeddings.errors import ChapterAndVerseError, Remedy


class Busy(ChapterAndVerseError):
    """No question is taken at the moment.

    Attributes:
        retry_seconds: When to ask again, an estimate, at least 1.
    """

    subject = "The server"

    def __init__(self, what: str, retry_seconds: int) -> None:
        super().__init__(what, remedy=Remedy.TRY_AGAIN)
        self.retry_seconds = retry_seconds


class QueueFull(Busy):
    """As many questions wait as may."""


class CallerBusy(Busy):
    """As many questions of this caller wait as may."""


class Stopping(Busy):
    """The server is ending: it finishes what it has begun, and takes nothing new."""
