"""Database: a SQLite file of the index, its schema, and its errors as those of the index.

SQLite notices few flipped bits by itself; ``checksum`` is stored in every row and compared
whenever the row is read.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path

from embeddings.errors import (
    IndexDamaged,
    IndexLocked,
    IndexMismatch,
    IndexNotWritable,
    Remedy,
)
from embeddings.file_system import private_file

FORMAT_VERSION = 6
"""Raised whenever reading, splitting or storing changes, so that old indexes are refused."""

APPLICATION_ID = 0x43765131

TOKENIZER = "porter unicode61 remove_diacritics 2"
"""FTS5's; cuts text into words."""

# A section without a base is stored in full; any other begins as its base does, with so many
# characters and headings of it, for the headings of a long document all begin alike. The passages
# of a document have consecutive ids, and so have its sections. References are checked
# when rows are read: for SQLite to check them would take an index for each column.
SCHEMA = f"""
CREATE TABLE header (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    library TEXT NOT NULL, encoder TEXT NOT NULL, encoder_digest TEXT NOT NULL,
    max_tokens INTEGER NOT NULL, dimension INTEGER NOT NULL, generation INTEGER NOT NULL,
    stamp TEXT NOT NULL, sources INTEGER NOT NULL, documents INTEGER NOT NULL,
    passages INTEGER NOT NULL, digest TEXT NOT NULL, checksum BLOB NOT NULL
);
CREATE TABLE folder (
    name TEXT PRIMARY KEY, location TEXT NOT NULL UNIQUE, checksum BLOB NOT NULL
);
CREATE TABLE document (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL, format TEXT NOT NULL, title TEXT NOT NULL,
    page_starts TEXT NOT NULL, page_labels TEXT NOT NULL, not_read TEXT NOT NULL,
    indexed_at TEXT NOT NULL,
    first_passage INTEGER NOT NULL, passages INTEGER NOT NULL,
    characters INTEGER NOT NULL, parts INTEGER NOT NULL,
    checksum BLOB NOT NULL,
    UNIQUE (sha256, format)
);
CREATE TABLE part (
    document INTEGER NOT NULL REFERENCES document (id), start INTEGER NOT NULL,
    text TEXT NOT NULL, pieces TEXT NOT NULL,
    checksum BLOB NOT NULL,
    PRIMARY KEY (document, start)
);
CREATE TABLE source (
    path TEXT PRIMARY KEY,
    folder TEXT NOT NULL REFERENCES folder (name), size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL, checked_ns INTEGER NOT NULL,
    sha256 TEXT NOT NULL, document INTEGER REFERENCES document (id), problem TEXT,
    set_aside INTEGER NOT NULL, checksum BLOB NOT NULL,
    CHECK (document IS NOT NULL OR problem IS NOT NULL),
    CHECK (set_aside = 0 OR problem IS NOT NULL)
) WITHOUT ROWID;
CREATE INDEX source_document ON source (document);
CREATE TABLE section (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document INTEGER NOT NULL,
    base INTEGER, context_kept INTEGER NOT NULL, context TEXT NOT NULL,
    headings_kept INTEGER NOT NULL, headings TEXT NOT NULL, columns TEXT NOT NULL,
    checksum BLOB NOT NULL
);
CREATE TABLE passage (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document INTEGER NOT NULL, section INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, text TEXT NOT NULL, page INTEGER,
    checksum BLOB NOT NULL
);
CREATE TABLE vector (
    passage INTEGER PRIMARY KEY REFERENCES passage (id), vector BLOB NOT NULL,
    checksum BLOB NOT NULL
);
CREATE VIEW searched AS
    SELECT passage.id AS id,
        substr(coalesce(base.context, ''), 1, section.context_kept) || section.context
            || section.columns AS context,
        passage.text AS text
    FROM passage JOIN section ON section.id = passage.section
    LEFT JOIN section AS base ON base.id = section.base;
CREATE VIRTUAL TABLE words USING fts5 (
    context, text, content = 'searched', content_rowid = 'id',
    tokenize = '{TOKENIZER}'
);
CREATE TRIGGER passage_inserted AFTER INSERT ON passage BEGIN
    INSERT INTO words (rowid, context, text)
    SELECT id, context, text FROM searched WHERE id = new.id;
END;
CREATE TRIGGER passage_deleted BEFORE DELETE ON passage BEGIN
    INSERT INTO words (words, rowid, context, text)
    SELECT 'delete', id, context, text FROM searched WHERE id = old.id;
END;
"""

_DAMAGED_FILE = {sqlite3.SQLITE_IOERR_SHORT_READ}
_NO_PERMISSION = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
# Statements never change, and break no constraint of a sound database: an error in one means that
# tables or rows are not as they were made.
_READ_ERRORS = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_TOOBIG,
    sqlite3.SQLITE_SCHEMA,
    sqlite3.SQLITE_FORMAT,
}


def checksum(values: Iterable[object]) -> bytes:
    """8 bytes of BLAKE2b over the values and their types; any flipped bit changes them."""
    digest = hashlib.blake2b(digest_size=8)
    for value in values:
        content = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
        digest.update(f"{type(value).__name__} {len(content)} ".encode())
        digest.update(content)
    return digest.digest()


def connect(path: Path, create: bool = False) -> sqlite3.Connection:
    """A connection without implicit transactions.

    Readers of a write-ahead log write files beside it. Where they cannot, they read it with the
    help of a process that is writing, and if there is none, the database file alone.
    """
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    has_log = path.with_name(f"{path.name}-wal").exists()
    read_only = "mode=ro" if has_log else "immutable=1"
    mode = "mode=rwc" if create else "mode=rw" if writable else read_only
    if create:
        # SQLite gives its log the mode of the database. If this fails, SQLite reports why.
        with suppress(OSError):
            private_file(path)
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=10,
    )
    # A flipped bit can make text that is no UTF-8; the row's checksum then fails.
    connection.text_factory = lambda content: content.decode("utf-8", "surrogateescape")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    # A mapped file that is truncated ends the process.
    connection.execute("PRAGMA mmap_size = 0")
    return connection


def make_tables(connection: sqlite3.Connection) -> None:
    """All tables, empty, inside the present transaction."""
    statement = ""
    # Statement by statement: ``executescript`` would commit the transaction first.
    for line in SCHEMA.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")


_DECLARED = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"


@cache
def _expected() -> tuple[object, ...]:
    with closing(sqlite3.connect(":memory:")) as fresh:
        make_tables(fresh)
        return tuple(fresh.execute(_DECLARED).fetchall())


def check_tables(path: Path, connection: sqlite3.Connection) -> None:
    """Refuse a database whose tables are not declared as ``make_tables`` declares them.

    Raises:
        IndexDamaged: They are not.
    """
    if tuple(connection.execute(_DECLARED).fetchall()) != _expected():
        raise damaged(path, "does not declare its tables as this program does")


@cache
def columns(table: str) -> tuple[str, ...]:
    """Names of a table's columns, the checksum last."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        make_tables(fresh)
        return tuple(
            name for (name,) in fresh.execute("SELECT name FROM pragma_table_info(?)", (table,))
        )


def check_format(path: Path, connection: sqlite3.Connection) -> None:
    """Refuse what is no index, or one of another version.

    Raises:
        IndexDamaged: It is another kind of database.
        IndexMismatch: Another version of the format.
    """
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise damaged(path, "is not an index of this program")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != FORMAT_VERSION:
        raise IndexMismatch(
            f"has format version {version}, this program reads version {FORMAT_VERSION}",
            path.parent,
            Remedy.DELETE_INDEX,
        )


def damaged(path: Path, what: str) -> IndexDamaged:
    """The error for a database that is not as this program wrote it."""
    return IndexDamaged(f"is damaged: {path.name} {what}", path.parent, Remedy.DELETE_INDEX)


@contextmanager
def sqlite_errors(path: Path) -> Iterator[None]:
    """Turns SQLite's errors into those of the index."""
    try:
        yield
    except UnicodeDecodeError as error:  # SQLite's message quotes what it cannot read
        raise damaged(path, f"cannot be read ({error.reason})") from error
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            raise
        if code == sqlite3.SQLITE_FULL:
            raise IndexNotWritable(
                "cannot be written: the disk is full", path.parent, Remedy.FREE_SPACE
            ) from error
        if code & 0xFF in _NO_PERMISSION:
            raise IndexNotWritable(
                "cannot be written: no permission", path.parent, Remedy.ALLOW_WRITING_INDEX
            ) from error
        if code & 0xFF in _BUSY:
            raise IndexLocked(
                "is in use by another process", path.parent, Remedy.TRY_AGAIN
            ) from error
        if code & 0xFF == sqlite3.SQLITE_IOERR and code not in _DAMAGED_FILE:
            raise IndexNotWritable(
                f"cannot be used: the disk is full or fails ({error})",
                path.parent,
                Remedy.FREE_SPACE,
            ) from error
        if code & 0xFF in _READ_ERRORS or code in _DAMAGED_FILE:
            raise damaged(path, f"cannot be read ({error})") from error
        raise
