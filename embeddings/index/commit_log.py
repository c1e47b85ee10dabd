"""Commit log: every commit of the database, recorded a second time beside it.

SQLite skips the frames of its write-ahead log whose checksums fail, and so rolls back silently what
had been committed. Each transaction that changes documents therefore appends a line to the commit
log before anybody sees its result. Once the write-ahead log is merged into the database, the commit
log starts again with a single line, the base: the state that the database holds by itself.

Each line is a checksum and a JSON list. A line that fails its checksum is skipped; often it is the
last one of a process that was killed.
"""

import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from embeddings.file_system import open_regular_file, private_file, sync_folder

SYNC_SECONDS = 1.0
"""Longest time that a commit stays unsynced while others follow; chosen by hand."""

Change = tuple[str, str | None]
"""A library path, and the SHA-256 of the document there; none if there is none any more."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A state of the database that was committed.

    Attributes:
        library: Id of the library.
        generation: Of its passages.
        stamp: Of its contents.
        changes: What is at each path that was changed.
    """

    library: str
    generation: int
    stamp: str
    changes: tuple[Change, ...] = ()

    def is_missing_from(self, current: "Commit") -> bool:
        """Whether a database in the state ``current`` does not have this commit.

        Of two commits of one generation, the database has the one with its stamp.
        """
        diverged = self.generation == current.generation and self.stamp != current.stamp
        return self.generation > current.generation or diverged


class CommitLog:
    """The commit log of a database. One process writes it."""

    def __init__(self, database: Path) -> None:
        self.path = database.with_suffix(".commits")
        self._synced = -SYNC_SECONDS

    def read(self) -> list[Commit]:
        """The base and all commits since.

        To be read before the database: what is committed is in the database first.
        """
        try:
            with os.fdopen(open_regular_file(self.path), "rb") as file:
                lines = file.read().split(b"\n")
        except OSError:
            return []
        return [commit for line in lines if (commit := _parsed(line))]

    def append(self, commit: Commit) -> None:
        """Record a commit; the record outlives the process.

        It is on the disk within ``SYNC_SECONDS``, or once the write-ahead log is merged: to sync it
        at once takes as long as the commit itself, and would help only where the write-ahead log is
        damaged by the very power cut that loses this line.

        Raises:
            OSError: No space or no permission.
        """
        private_file(self.path)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        with os.fdopen(descriptor, "ab", buffering=0) as file:
            # Ends an incomplete line of a process that was killed.
            file.write(b"\n" + _line(commit))
            if time.monotonic() - self._synced >= SYNC_SECONDS:
                os.fsync(file.fileno())
                self._synced = time.monotonic()

    def reset(self, base: Commit) -> None:
        """Drop all commits: the database holds this state by itself.

        Args:
            base: With the changes that the database should hold, but that are missing.

        Raises:
            OSError: No space or no permission; the file is left as it was.
        """
        new = self.path.with_name(f"{self.path.name}.new")
        with suppress(OSError):
            new.unlink()
        private_file(new)
        with new.open("r+b") as file:
            file.write(_line(base))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
        sync_folder(self.path.parent)


def missing_changes(commits: Sequence[Commit], current: Commit) -> dict[str, str | None]:
    """The changes that a database in the state ``current`` does not have, by path.

    Args:
        commits: As ``CommitLog.read`` gives them; those of other libraries are ignored.
        current: The database's own state.
    """
    missing: dict[str, str | None] = {}
    for number, commit in enumerate(_of_library(commits, current.library)):
        # The base lists what was missing already when the log was started.
        if number == 0 or commit.is_missing_from(current):
            missing |= dict(commit.changes)
        else:
            for path, _ in commit.changes:
                missing.pop(path, None)
    return missing


def is_older_than_base(commits: Sequence[Commit], current: Commit) -> bool:
    """Whether a database does not even have the base; arguments as for ``missing_changes``."""
    base = next(iter(_of_library(commits, current.library)), None)
    return base is not None and base.is_missing_from(current)


def _of_library(commits: Sequence[Commit], library: str) -> list[Commit]:
    return [commit for commit in commits if commit.library == library]


def _line(commit: Commit) -> bytes:
    content = json.dumps(
        [commit.library, commit.generation, commit.stamp, commit.changes], ensure_ascii=True
    ).encode("ascii")
    return _checksum(content) + b" " + content


def _parsed(line: bytes) -> Commit | None:
    checksum, _, content = line.partition(b" ")
    if not content or checksum != _checksum(content):
        return None
    library, generation, stamp, changes = json.loads(content)
    return Commit(library, generation, stamp, tuple((path, sha256) for path, sha256 in changes))


def _checksum(content: bytes) -> bytes:
    return blake2b(content, digest_size=8).hexdigest().encode("ascii")
