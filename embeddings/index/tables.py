"""Tables: rows of the index's database, each with a checksum that is compared when it is read."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from embeddings.index.database import checksum, columns, damaged, sqlite_errors

COUNTED_TABLES = ("source", "document", "passage")
"""Tables whose rows the header counts."""

TABLES = ("folder", *COUNTED_TABLES, "part", "section", "vector")
"""Tables whose checksums the header sums up."""


@dataclass(slots=True)
class Totals:
    """Numbers of rows, and the sum of their checksums; as changes they can be negative."""

    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED_TABLES, 0))
    digest: int = 0

    def add(self, table: str, checksum: bytes) -> None:
        """Count one more row of a table."""
        self._count(table, checksum, 1)

    def remove(self, table: str, checksum: bytes) -> None:
        """Count one row less of a table."""
        self._count(table, checksum, -1)

    def _count(self, table: str, checksum: bytes, sign: int) -> None:
        if table in self.rows:
            self.rows[table] += sign
        if table in TABLES:
            self.digest += sign * int.from_bytes(checksum, "big")


@dataclass(slots=True)
class TransactionChanges:
    """What a transaction has changed so far.

    Attributes:
        totals: Of its rows.
        paths: SHA-256 of the document at each path that was changed; none where there is none.
    """

    totals: Totals = field(default_factory=Totals)
    paths: dict[str, str | None] = field(default_factory=dict)


class Tables:
    """The tables of one database. Safe to use from one thread at a time.

    Rows are read by the names of their columns, ``row["path"]``, which the schema declares.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._connection.row_factory = sqlite3.Row
        self._changes = TransactionChanges()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read inside belongs to one generation."""
        with self._scope("BEGIN"):
            yield

    @contextmanager
    def _scope(self, begin: str) -> Iterator[None]:
        if self._connection.in_transaction:
            raise ValueError("expected no open transaction or snapshot, found one")
        with sqlite_errors(self.path):
            try:
                self._connection.execute(begin)
                yield
                self._connection.execute("COMMIT")
            finally:
                # Whatever happened, Ctrl-C too, no half of a document stays.
                self._roll_back()

    def _roll_back(self) -> None:
        # Not after a commit, nor after the errors that SQLite itself rolls back.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    # Reading

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Rows whose checksums are not compared."""
        with sqlite_errors(self.path):
            return self._connection.execute(sql, values).fetchall()

    def _each_row(self, sql: str) -> Iterator[sqlite3.Row]:
        """As ``_rows``, one at a time."""
        with sqlite_errors(self.path):
            yield from self._connection.execute(sql)

    def _integers(self, sql: str, values: Sequence[object] = ()) -> list[int]:
        """The only column of rows whose checksums are not compared."""
        return [self._integer(value) for (value,) in self._rows(sql, values)]

    def _integer(self, value: object) -> int:
        if not isinstance(value, int):
            raise damaged(self.path, f"holds {value!r} where an integer is expected")
        return value

    def _read(self, table: str, sql: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Rows with all columns of a table; their checksums are compared."""
        return [self._verified(table, row) for row in self._rows(sql, values)]

    def _verified(self, table: str, row: sqlite3.Row) -> sqlite3.Row:
        *values, stored = row
        if len(row) != len(columns(table)) or stored != checksum(values):
            raise damaged(self.path, f"fails its checksum in table {table}, row {values[0]}")
        return row

    @contextmanager
    def _parsing(self, table: str) -> Iterator[None]:
        """Reports what cannot be parsed of verified rows as damage."""
        try:
            yield
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(self.path, f"cannot be read in table {table} ({error!r})") from error

    def _require_rows(self, table: str, found: int, expected: int) -> None:
        if found != expected:
            raise damaged(self.path, f"holds {found} rows of {expected} in table {table}")

    # Writing

    def _execute(self, sql: str, values: Sequence[object] = ()) -> None:
        with sqlite_errors(self.path):
            self._connection.execute(sql, values)

    def _next_id(self, table: str) -> int:
        """An id that no row of the table has had before."""
        found = self._integers("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,))
        return found[0] + 1 if found else 1

    def _insert(self, table: str, **values: object) -> None:
        """Insert a row, given all of its columns but the checksum."""
        row = [values[name] for name in columns(table)[:-1]]
        of_row = checksum(row)
        marks = ",".join("?" * (len(row) + 1))
        self._execute(f"INSERT INTO {table} VALUES ({marks})", [*row, of_row])
        self._changes.totals.add(table, of_row)

    def _delete(self, table: str, condition: str, values: Sequence[object]) -> None:
        sql = f"DELETE FROM {table} WHERE {condition} RETURNING checksum"
        for row in self._rows(sql, values):
            self._changes.totals.remove(table, row["checksum"])


def batches(ids: Sequence[int], size: int = 500) -> Iterator[Sequence[int]]:
    """Ids in as many runs as statements can take.

    >>> [list(batch) for batch in batches(range(5), 2)]
    [[0, 1], [2, 3], [4]]
    """
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def listed(ids: Sequence[int]) -> str:
    """Ids as SQL has them between ``IN (`` and ``)``."""
    return ",".join(map(str, ids))
