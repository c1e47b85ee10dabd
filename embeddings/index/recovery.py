"""Recovery: transactions recorded in the commit log, and what the database has lost of them."""

import logging
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from embeddings.errors import IndexDamaged, IndexNotWritable, Remedy
from embeddings.index.commit_log import (
    Change,
    Commit,
    CommitLog,
    is_older_than_base,
    missing_changes,
)
from embeddings.index.database import damaged
from embeddings.index.integrity import IntegrityChecks
from embeddings.index.records import Header
from embeddings.index.rows import header_columns
from embeddings.index.tables import TransactionChanges
from embeddings.index.write_documents import DocumentWriting

CHECKPOINT_SECONDS = 1
"""Longest wait for readers before the write-ahead log is merged; chosen by hand.

If they take longer, the next run merges it.
"""

_log = logging.getLogger(__name__)


class Recovery(DocumentWriting, IntegrityChecks):
    """Records commits, and recovers from a damaged write-ahead log."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        super().__init__(path, connection)
        self._commits = CommitLog(path)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is stored afterwards, or nothing of it."""
        with self._scope("BEGIN IMMEDIATE"):
            self._changes = TransactionChanges()
            yield
            commit = self._update_header()
        if commit:
            with self._log_errors():
                self._commits.append(commit)

    def _update_header(self) -> Commit | None:
        """Store the totals after the transaction; its commit, if it changed any document."""
        totals, header = self._changes.totals, self.header
        changes = tuple(self._changes.paths.items())
        digest = (int(header.digest, 16) + totals.digest) % 2**64
        new = replace(
            header,
            sources=header.sources + totals.rows["source"],
            documents=header.documents + totals.rows["document"],
            passages=header.passages + totals.rows["passage"],
            digest=f"{digest:016x}",
        )
        if changes:
            new = replace(new, generation=header.generation + 1, stamp=uuid.uuid4().hex)
        if new != header:
            self._execute("DELETE FROM header")
            self._insert("header", **header_columns(new))
        return _commit_of(new, changes) if changes else None

    def missing(self) -> dict[str, str | None]:
        """What paths should hold by what was committed, but do not: as in ``Change``.

        Whole folders, with "/" behind their names, where the database is older than the base of
        the commit log: it was restored from a copy without the log.
        """
        # Before the database: another process may be writing.
        commits = self._commits.read()
        inside = self._connection.in_transaction
        with nullcontext() if inside else self.snapshot():
            current = _commit_of(self.header)
            expected = missing_changes(commits, current)
            if is_older_than_base(commits, current):
                expected |= {f"{name}/": "" for name in self.folders() or [""]}
            if not expected:
                return {}
            stored = {
                path: source.sha256
                for path, source in self.sources().items()
                if source.document is not None
            }
        return {path: sha256 for path, sha256 in expected.items() if stored.get(path) != sha256}

    def describe_missing(self) -> list[str]:
        """What had been committed and is missing, one sentence for each path."""
        try:
            return [_missing_sentence(path, sha256) for path, sha256 in self.missing().items()]
        except IndexDamaged as error:
            return [f"{error.summary}."]

    def damage(self) -> list[str]:
        """What is corrupted or missing, one sentence each; reads all of the database."""
        return [*self.corruption(), *self.describe_missing()]

    def recover(self) -> None:
        """Continue from what the database holds; what is missing is recorded in the commit log.

        Raises:
            IndexDamaged: More is missing than what was committed last.
        """
        missing = self.missing()
        if not missing:
            return
        corruption = self.corruption()
        if corruption:
            raise damaged(self.path, f"has lost part of its log ({corruption[0]})")
        _log.warning(
            "%s had lost what was committed of: %s. It is there again once the folders that hold "
            "it are indexed again.",
            self.path,
            ", ".join(missing),
        )
        self._reset_log(missing)

    def checkpoint(self, folder: str = "") -> None:
        """Merge the write-ahead log into the database, so that nothing depends on it any more.

        Args:
            folder: Name in the library of a folder that has just been indexed: nothing of it is
                missing any longer.
        """
        missing = self.missing()
        for path in list(missing):
            if folder and path.startswith((f"{folder}/", "/")):
                del missing[path]
        self._execute(f"PRAGMA busy_timeout = {1_000 * CHECKPOINT_SECONDS}")
        ((busy, _, _),) = self._rows("PRAGMA wal_checkpoint(TRUNCATE)")
        if not busy:
            self._reset_log(missing)

    def _reset_log(self, missing: dict[str, str | None]) -> None:
        with self._log_errors():
            self._commits.reset(_commit_of(self.header, tuple(missing.items())))

    @contextmanager
    def _log_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise IndexNotWritable(
                f"cannot be written: {self._commits.path.name} ({error.strerror})",
                self._commits.path.parent,
                Remedy.MAKE_WRITABLE,
            ) from error


def _commit_of(header: Header, changes: tuple[Change, ...] = ()) -> Commit:
    return Commit(header.library, header.generation, header.stamp, changes)


def _missing_sentence(path: str, sha256: str | None) -> str:
    if path.endswith("/"):
        return f"{path} is older than what had been committed; index it again."
    if sha256 is None:
        return f"{path} had been removed and is back; index its folder again."
    return f"{path} had been indexed and is missing; index its folder again."
