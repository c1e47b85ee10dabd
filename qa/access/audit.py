"""Audit log: who changed the library or the keys, as JSON lines beside the index."""

import errno
import json
import logging
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from embeddings.file_system import FILE_MODE

Action = Literal["add", "remove", "index", "key-added", "key-revoked"]
"""What was done: documents added or removed, a folder indexed, a key changed."""

MAX_FILE_BYTES = 10_000_000
"""Size at which the file is rotated."""

KEPT_FILES = 5
"""Rotated files beside the current one, the newest with the suffix ``.1``."""

NAMES_IN_LINE = 20
"""Of documents or keys; for more of them there are more lines."""

MAX_NAME_CHARACTERS = 1_000
"""Of each of a line's names; what is longer is cut."""

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)

_log = logging.getLogger("chapter-and-verse")


class AuditLog:
    """The log of one index. Safe to use from several threads and processes.

    What it tells of has been done, or refused, before. So a log that cannot be written, for
    instance on a full disk, is a warning: an error would say that nothing was done.
    """

    def __init__(self, index: Path) -> None:
        index = index.absolute()
        self.path = index.with_name(f"{index.name}.audit.jsonl")

    def write(
        self, caller: str, action: Action, names: str | Iterable[str], outcome: str = "done"
    ) -> None:
        """Append what a caller did.

        Args:
            caller: The name of the ``Caller``, or ``command line``.
            action: What was done.
            names: Library paths of the documents, or names of the keys.
            outcome: ``done``, or why it was not.
        """
        # Every character that could begin a line or move a cursor is escaped.
        lines = "".join(
            json.dumps(
                {
                    "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                    "caller": _cut(caller),
                    "action": action,
                    "names": some,
                    "outcome": _cut(outcome),
                }
            )
            + "\n"
            for some in _grouped(names)
        )
        try:
            self._append(lines.encode("ascii"))
        except (OSError, Timeout) as error:
            _log.warning(
                "%s cannot be written (%s): not logged that %r did %s.",
                self.path,
                error,
                _cut(caller),
                action,
            )

    def _append(self, lines: bytes) -> None:
        descriptor = self._open()
        try:
            if os.fstat(descriptor).st_size >= MAX_FILE_BYTES:
                os.close(descriptor)
                descriptor = -1
                self._rotate()
                descriptor = self._open()
            if _is_torn(descriptor):
                lines = b"\n" + lines
            # In one call, at the end of the file: lines of several processes do not mix.
            if os.write(descriptor, lines) < len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(self.path, flags | getattr(os, "O_BINARY", 0), FILE_MODE)
        if os.name == "posix":
            os.fchmod(descriptor, FILE_MODE)
        return descriptor

    def _rotate(self) -> None:
        with FileLock(self._beside("lock"), mode=FILE_MODE, timeout=10):
            # Another process may have rotated it meanwhile.
            if not self.path.exists() or self.path.stat().st_size < MAX_FILE_BYTES:
                return
            for number in range(KEPT_FILES - 1, 0, -1):
                if (older := self._beside(str(number))).exists():
                    older.replace(self._beside(str(number + 1)))
            self.path.replace(self._beside("1"))

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{suffix}")


def _grouped(names: str | Iterable[str]) -> list[list[str]]:
    """The names, cut, as many together as a line holds; one empty group if there are none."""
    every = [names] if isinstance(names, str) else list(names)
    return [
        [_cut(name) for name in every[start : start + NAMES_IN_LINE]]
        for start in range(0, max(1, len(every)), NAMES_IN_LINE)
    ]


def _cut(text: str) -> str:
    return text if len(text) <= MAX_NAME_CHARACTERS else f"{text[: MAX_NAME_CHARACTERS - 1]}…"


def _is_torn(descriptor: int) -> bool:
    """Whether the last line has no end, as a full disk leaves it."""
    size = os.lseek(descriptor, 0, os.SEEK_END)
    if not size:
        return False
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1) != b"\n"
