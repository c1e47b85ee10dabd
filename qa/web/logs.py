"""Logs: bounded, so that nobody who can reach the chat can fill the disk with them."""

import logging
import logging.handlers
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from embeddings.errors import ChapterAndVerseError, Remedy

MAX_MESSAGES = 100
"""Messages logged in ``INTERVAL_SECONDS``; the others are only counted."""

INTERVAL_SECONDS = 60.0

FILE_BYTES = 2_000_000
"""Size at which the log file is rotated."""

BACKUP_FILES = 4
"""Rotated log files beside the current one."""

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class LogError(ChapterAndVerseError):
    """The log file cannot be written."""

    subject = "The log"


class RateLimit(logging.Filter):
    """Passes a number of messages per interval, and reports how many it suppressed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._interval_began = clock()
        self._passed = 0
        self._suppressed = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log the message."""
        with self._lock:
            if self._clock() - self._interval_began >= INTERVAL_SECONDS:
                suppressed, self._suppressed = self._suppressed, 0
                self._interval_began, self._passed = self._clock(), 0
                if suppressed:
                    record.msg = f"{record.getMessage()} ({suppressed:,} messages were left out)"
                    record.args = ()
            if self._passed < MAX_MESSAGES:
                self._passed += 1
                return True
            self._suppressed += 1
            return False


def set_up_logs(file: Path | None = None) -> None:
    """Log warnings to standard error, or to a file that rotates.

    Args:
        file: The log file; rotated ones are kept beside it.

    Raises:
        LogError: The file cannot be written.
    """
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if file is not None:
        try:
            handler = logging.handlers.RotatingFileHandler(
                file, maxBytes=FILE_BYTES, backupCount=BACKUP_FILES, encoding="utf-8"
            )
        except OSError as error:
            raise LogError(
                f"cannot be written ({error.strerror})", file, Remedy.CHOOSE_LOG
            ) from error
    handler.setFormatter(logging.Formatter(_FORMAT))
    handler.addFilter(RateLimit())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
