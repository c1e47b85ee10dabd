"""Shared memory: the file that SQLite maps into memory, the index of its write-ahead log.

SQLite never shortens it while it is in use. Whoever reads behind the end of a mapped file is ended
by the operating system, so it gets its length back before SQLite reads it again.
"""

import os
from contextlib import suppress
from pathlib import Path

MIN_BYTES = 32_768
"""Of the index of SQLite's log: https://www.sqlite.org/walformat.html."""


class SharedMemory:
    """The shared memory of one open database."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-shm")
        self._bytes = self._size() or 0

    def is_truncated(self) -> bool:
        """Whether the file is shorter than it was."""
        size = self._size()
        if size is None:
            return False
        self._bytes = max(size, self._bytes, MIN_BYTES)
        return size < self._bytes

    def restore_length(self) -> None:
        """Fill the file with zeros up to its length, for closing reads it as well."""
        # Without opening it: closing a file releases all locks that the process has on it.
        with suppress(FileNotFoundError):
            os.truncate(self._path, self._bytes)

    def _size(self) -> int | None:
        """Bytes of the file; none if there is none."""
        try:
            return self._path.stat().st_size
        except OSError:
            return None
