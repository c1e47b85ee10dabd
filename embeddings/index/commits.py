"""Commits: what was committed, told once more outside the database and its log.

SQLite passes over the frames of its write-ahead log whose checksums fail, and so takes back,
without a word, what had been committed. Each transaction that changes documents therefore leaves
a line beside the database before anybody is told of it. Once the log is merged into the database,
one line says all.

The file begins with what the database holds by itself. Each line is a checksum and a JSON list; a
line that fails its checksum is passed over, the last one of a process that was killed above all.
"""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from embeddings.index.vectors import sync_folder
from embeddings.private_files import open_plain, private_file

FLUSHED_SECONDS = 1.0
"""How long a commit may be on its way to the disk while others follow."""

Change = tuple[str, str | None]
"""A path of the library, and the SHA-256 of the document there; none if there is none any more."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A state of the database that was committed.

    Attributes:
        library: Its name.
        generation: Of its passages.
        stamp: Of its contents.
        changes: What is at each path that was changed.
    """

    library: str
    generation: int
    stamp: str
    changes: tuple[Change, ...] = ()


class Commits:
    """The file of commits beside a database. One process writes it."""

    def __init__(self, database: Path) -> None:
        self.path = database.with_suffix(".commits")
        self._flushed = -FLUSHED_SECONDS

    def read(self) -> list[Commit]:
        """All commits since the log was merged, and before them the state it was merged into.

        To be read before the database: what is committed is there first.
        """
        try:
            with os.fdopen(open_plain(self.path), "rb") as file:
                lines = file.read().split(b"\n")
        except OSError:
            return []
        return [commit for line in lines if (commit := _parsed(line))]

    def add(self, commit: Commit) -> None:
        """Keep a commit; it outlives the process.

        It is on the disk within ``FLUSHED_SECONDS`` or once the log is merged: to flush it at once
        takes as long as the commit itself, and would help only where the log is damaged by the
        very power cut that takes this line.

        Raises:
            OSError: No room or no permission.
        """
        private_file(self.path)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        with os.fdopen(descriptor, "ab", buffering=0) as file:
            # What a killed process left of a line ends here.
            file.write(b"\n" + _line(commit))
            if time.monotonic() - self._flushed >= FLUSHED_SECONDS:
                os.fsync(file.fileno())
                self._flushed = time.monotonic()

    def begin(self, commit: Commit) -> None:
        """Forget all commits: the database holds this state by itself.

        Args:
            commit: With the changes that it ought to hold, but has lost.

        Raises:
            OSError: No room or no permission; the file is left as it was.
        """
        new = self.path.with_name(f"{self.path.name}.new")
        with suppress(OSError):
            new.unlink()
        private_file(new)
        with new.open("r+b") as file:
            file.write(_line(commit))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
        sync_folder(self.path.parent)


def lost(
    commits: Sequence[Commit], library: str, generation: int, stamp: str
) -> dict[str, str | None]:
    """What each path should hold by the commits that a database does not have; by path.

    Args:
        commits: As ``Commits.read`` gives them.
        library: Name of the database's library.
        generation: That the database holds.
        stamp: Of that generation.
    """
    missing: dict[str, str | None] = {}
    for at, commit in enumerate(_ours(commits, library)):
        if at == 0 or _is_newer(commit, generation, stamp):
            missing |= dict(commit.changes)
        else:
            for path, _ in commit.changes:
                missing.pop(path, None)
    return missing


def is_older(commits: Sequence[Commit], library: str, generation: int, stamp: str) -> bool:
    """Whether a database does not even hold what it should by itself; arguments as for ``lost``."""
    first = next(iter(_ours(commits, library)), None)
    return first is not None and _is_newer(first, generation, stamp)


def _ours(commits: Sequence[Commit], library: str) -> Iterator[Commit]:
    return (commit for commit in commits if commit.library == library)


def _is_newer(commit: Commit, generation: int, stamp: str) -> bool:
    """Of two commits of one generation, the one that is not the database's is lost."""
    other = commit.generation == generation and commit.stamp != stamp
    return commit.generation > generation or other


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
