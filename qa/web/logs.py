"""Logs: bounded, so that nobody who can reach the chat can fill the disk with them."""

import logging
import logging.handlers
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from embeddings.errors import ChapterAndVerseError

MESSAGES = 100
"""Told in ``SECONDS``, and no more."""

SECONDS = 60.0

FILE_BYTES = 2_000_000
"""Of a log file, before the next one is begun."""

FILES_KEPT = 4
"""Log files beside the present one."""

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class LogError(ChapterAndVerseError):
    """The log cannot be written where it was asked for."""


class RateLimit(logging.Filter):
    """Passes so many messages in a time, and tells then how many it left out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._since = clock()
        self._passed = 0
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a message is told."""
        with self._lock:
            if self._clock() - self._since >= SECONDS:
                left_out, self._left_out = self._left_out, 0
                self._since, self._passed = self._clock(), 0
                if left_out:
                    record.msg = f"{record.getMessage()} ({left_out:,} messages were left out)"
                    record.args = ()
            if self._passed < MESSAGES:
                self._passed += 1
                return True
            self._left_out += 1
            return False


def set_up_logs(file: Path | None = None) -> None:
    """Tell warnings on standard error, or in a file that rotates.

    Args:
        file: To which they go; a few older ones lie beside it.

    Raises:
        LogError: It cannot be written.
    """
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if file is not None:
        try:
            handler = logging.handlers.RotatingFileHandler(
                file, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8"
            )
        except OSError as error:
            raise LogError(
                f"{file} cannot be written ({error.strerror}); choose another with --log."
            ) from error
    handler.setFormatter(logging.Formatter(_FORMAT))
    handler.addFilter(RateLimit())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
