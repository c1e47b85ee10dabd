"""Store: the SQLite database that is the truth about documents, passages and vectors.

Everything else (the FAISS file) is derived from it. A document is written in one
transaction: after a kill at any moment it is wholly there or not at all. SQLite notices
few flipped bits by itself, so each row carries a checksum that is compared whenever the
row is read.
"""

import hashlib
import json
import os
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeddings.document import Block, Document
from embeddings.encoder import EncoderModel, Vectors
from embeddings.errors import (
    IndexDamaged,
    IndexLocked,
    IndexMismatch,
    IndexMissing,
    IndexNotWritable,
)
from embeddings.passages import Passage

FORMAT_VERSION = 1
"""Raised whenever reading, splitting or storing changes, so that old indexes are made anew."""

APPLICATION_ID = 0x43765131

_SCHEMA = """
CREATE TABLE header (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    library TEXT NOT NULL, encoder TEXT NOT NULL, digest TEXT NOT NULL,
    max_tokens INTEGER NOT NULL, dimension INTEGER NOT NULL, generation INTEGER NOT NULL,
    checksum BLOB NOT NULL
);
CREATE TABLE folder (
    name TEXT PRIMARY KEY, location TEXT NOT NULL UNIQUE, checksum BLOB NOT NULL
);
CREATE TABLE document (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL, format TEXT NOT NULL, title TEXT NOT NULL,
    page_starts TEXT NOT NULL, indexed_at TEXT NOT NULL,
    checksum BLOB NOT NULL,
    UNIQUE (sha256, format)
);
CREATE TABLE content (
    document INTEGER PRIMARY KEY REFERENCES document (id),
    text TEXT NOT NULL, blocks TEXT NOT NULL,
    checksum BLOB NOT NULL
);
CREATE TABLE source (
    path TEXT PRIMARY KEY,
    folder TEXT NOT NULL REFERENCES folder (name), size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL, checked_ns INTEGER NOT NULL,
    sha256 TEXT NOT NULL, document INTEGER REFERENCES document (id), problem TEXT,
    checksum BLOB NOT NULL,
    CHECK ((document IS NULL) <> (problem IS NULL))
) WITHOUT ROWID;
CREATE INDEX source_document ON source (document);
CREATE TABLE passage (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document INTEGER NOT NULL REFERENCES document (id),
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, text TEXT NOT NULL, context TEXT NOT NULL,
    headings TEXT NOT NULL, page INTEGER,
    checksum BLOB NOT NULL
);
CREATE INDEX passage_document ON passage (document);
CREATE TABLE vector (
    passage INTEGER PRIMARY KEY REFERENCES passage (id), vector BLOB NOT NULL,
    checksum BLOB NOT NULL
);
CREATE VIRTUAL TABLE words USING fts5 (
    context, text, content = 'passage', content_rowid = 'id',
    tokenize = 'porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER passage_inserted AFTER INSERT ON passage BEGIN
    INSERT INTO words (rowid, context, text) VALUES (new.id, new.context, new.text);
END;
CREATE TRIGGER passage_deleted AFTER DELETE ON passage BEGIN
    INSERT INTO words (words, rowid, context, text)
    VALUES ('delete', old.id, old.context, old.text);
END;
"""

_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}
_NO_PERMISSION = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_READ_ERRORS = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR}

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What the index was made with, and how often its passages have changed since."""

    library: str
    encoder: EncoderModel
    dimension: int
    generation: int


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was looked at: it holds a document, or there was a problem with it.

    Attributes:
        path: The folder's name in the library, then the path inside it: "docs/guide/ask.md".
        folder: The folder's name in the library.
        size: Bytes.
        mtime_ns: Time of the last change of its content, nanoseconds since 1970.
        ctime_ns: Time of the last change of content or owner or name, likewise.
        checked_ns: When it was read, likewise.
        sha256: Of the file's bytes.
        document: Id of its document.
        problem: Why it has none.
    """

    path: str
    folder: str
    size: int
    mtime_ns: int
    ctime_ns: int
    checked_ns: int
    sha256: str
    document: int | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What a citation says about its document, without the document's text.

    Attributes:
        id: Never used again for another document.
        paths: Every path at which this content lies, sorted.
        title: Of the document.
        sha256: Of the file's bytes.
        page_starts: As in ``Document``.
        indexed_at: ISO 8601, UTC.
    """

    id: int
    paths: tuple[str, ...]
    title: str
    sha256: str
    page_starts: tuple[int, ...]
    indexed_at: str


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage with its id and that of its document."""

    id: int
    document: int
    passage: Passage


def checksum(values: Iterable[object]) -> bytes:
    """8 bytes of BLAKE2b over the values and their types; any flipped bit changes them."""
    digest = hashlib.blake2b(digest_size=8)
    for value in values:
        content = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
        digest.update(f"{type(value).__name__} {len(content)} ".encode())
        digest.update(content)
    return digest.digest()


class Store:
    """One database file. Safe to use from one thread at a time.

    Methods that change something are called inside ``with store.transaction():``.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    @classmethod
    def create(cls, path: Path, encoder: EncoderModel, dimension: int) -> "Store":
        """A new, empty database.

        Raises:
            IndexNotWritable: It cannot be written there.
        """
        with _explained(path):
            connection = _connect(path, "mode=rwc")
            connection.execute("PRAGMA journal_mode = WAL")
            store = cls(path, connection)
            header = Header(uuid.uuid4().hex, encoder, dimension, 0)
            with store.transaction():
                for statement in _statements(_SCHEMA):
                    connection.execute(statement)
                store._insert("header", (1, *_header_row(header)))
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
        return store

    @classmethod
    def open(cls, path: Path) -> "Store":
        """The database at ``path``.

        Raises:
            IndexMissing: There is none.
            IndexMismatch: Another version of the format.
            IndexDamaged: It is not such a database, or its header fails its checksum.
        """
        if not path.is_file():
            raise IndexMissing(
                f"Nothing is indexed at {path.parent}; index a folder first: qa index FOLDER"
            )
        with _explained(path):
            connection = _connect(path, _mode(path))
            if _pragma(connection, "application_id") != APPLICATION_ID:
                connection.close()
                raise _damaged(path, "is not an index of this program")
            version = _pragma(connection, "user_version")
            if version != FORMAT_VERSION:
                connection.close()
                raise IndexMismatch(
                    f"The index at {path.parent} has format version {version}, this program "
                    f"reads version {FORMAT_VERSION}; delete that folder and index again."
                )
        store = cls(path, connection)
        _ = store.header
        return store

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    # Transactions

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is there afterwards, or nothing of it."""
        with self._scope("BEGIN IMMEDIATE"):
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read inside belongs to one generation."""
        with self._scope("BEGIN"):
            yield

    @contextmanager
    def _scope(self, begin: str) -> Iterator[None]:
        with _explained(self.path):
            self._connection.execute(begin)
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # Ctrl-C included: whatever happens, no half of a document stays.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    # Reading

    @property
    def header(self) -> Header:
        """What the index was made with."""
        rows = self._read("header", "SELECT * FROM header")
        if not rows:
            raise _damaged(self.path, "has no header")
        _, library, name, digest, max_tokens, dimension, generation = rows[0]
        model = EncoderModel(str(name), str(digest), _int(max_tokens))
        return Header(str(library), model, _int(dimension), _int(generation))

    @property
    def generation(self) -> int:
        """Grows by one with each change of the passages."""
        return self.header.generation

    def folders(self) -> dict[str, Path]:
        """Where each folder of the library lies, by its name in the library."""
        rows = self._read("folder", "SELECT * FROM folder ORDER BY name")
        return {str(name): Path(str(location)) for name, location in rows}

    def sources(self, folder: str | None = None) -> dict[str, Source]:
        """Every file that was looked at, by its path; in one folder if it is named."""
        where, values = (" WHERE folder = ?", (folder,)) if folder is not None else ("", ())
        rows = self._read("source", f"SELECT * FROM source{where} ORDER BY path", values)
        return {str(row[0]): Source(*row) for row in rows}  # type: ignore[arg-type]  # SQLite's types

    def document_id(self, sha256: str, format: str) -> int | None:
        """Id of the document with that content, if it is stored."""
        found = self._ids(
            "SELECT id FROM document WHERE sha256 = ? AND format = ?", (sha256, format)
        )
        return found[0] if found else None

    def documents(self, ids: Iterable[int] | None = None) -> dict[int, DocumentFacts]:
        """The documents with those ids that are there, by id; all if none are named."""
        chosen = (
            self._ids("SELECT id FROM document ORDER BY id") if ids is None else sorted(set(ids))
        )
        found: dict[int, DocumentFacts] = {}
        for batch in _batches(chosen):
            marks = ",".join(map(str, batch))
            paths: dict[int, list[str]] = {id: [] for id in batch}
            for row in self._read(
                "source", f"SELECT * FROM source WHERE document IN ({marks}) ORDER BY path"
            ):
                paths[_int(row[7])].append(str(row[0]))
            for row in self._read("document", f"SELECT * FROM document WHERE id IN ({marks})"):
                id, sha256, _, title, page_starts, indexed_at = row
                found[_int(id)] = DocumentFacts(
                    id=_int(id),
                    paths=tuple(paths[_int(id)]),
                    title=str(title),
                    sha256=str(sha256),
                    page_starts=tuple(json.loads(str(page_starts))),
                    indexed_at=str(indexed_at),
                )
        return found

    def document(self, document: int) -> Document:
        """One document with its text.

        Raises:
            KeyError: There is none with that id.
        """
        facts = self.documents([document])[document]
        rows = self._read("content", "SELECT * FROM content WHERE document = ?", (document,))
        if not rows:
            raise _damaged(self.path, f"lacks the text of document {document}")
        _, text, blocks = rows[0]
        return Document(
            title=facts.title,
            text=str(text),
            blocks=tuple(Block(*block) for block in json.loads(str(blocks))),
            page_starts=facts.page_starts,
        )

    def text(self, document: int, start: int, end: int) -> str:
        """``Document.text[start:end]``, without fetching the rest."""
        found = self._rows(
            "SELECT substr(text, ?, ?) FROM content WHERE document = ?",
            (start + 1, end - start, document),
        )
        return str(found[0][0]) if found else ""

    def passages(self, ids: Sequence[int]) -> list[StoredPassage]:
        """The passages with those ids that are there, in the order of ``ids``."""
        found: dict[int, StoredPassage] = {}
        for batch in _batches(ids):
            marks = ",".join("?" * len(batch))
            for row in self._read("passage", f"SELECT * FROM passage WHERE id IN ({marks})", batch):
                stored = _passage(row)
                found[stored.id] = stored
        return [found[id] for id in ids if id in found]

    def passages_of(self, document: int) -> list[StoredPassage]:
        """The passages of one document, in order."""
        rows = self._read(
            "passage", "SELECT * FROM passage WHERE document = ? ORDER BY id", (document,)
        )
        return [_passage(row) for row in rows]

    def passage_counts(self) -> dict[int, int]:
        """Number of passages of each document, by its id."""
        rows = self._rows("SELECT document, count(*) FROM passage GROUP BY document")
        return {_int(document): _int(count) for document, count in rows}

    def passage_ids(self, within: Sequence[str] = ()) -> NDArray[np.int64]:
        """Ids of all passages, sorted; of those under the given library paths, if any."""
        if not within:
            ids = self._ids("SELECT id FROM passage ORDER BY id")
        else:
            condition, values = _under(within)
            ids = self._ids(
                "SELECT DISTINCT passage.id FROM passage JOIN source USING (document) "
                f"WHERE {condition} ORDER BY passage.id",
                values,
            )
        return np.array(ids, dtype=np.int64)

    def vectors(self, ids: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
        """The vectors of those passages, in batches of (ids ``(n,)``, vectors ``(n, dim)``)."""
        dimension = self.header.dimension
        for batch in _batches(ids.tolist(), 10_000):
            marks = ",".join(map(str, batch))
            rows = self._read("vector", f"SELECT * FROM vector WHERE passage IN ({marks})")
            if len(rows) != len(batch):
                raise _damaged(self.path, f"lacks {len(batch) - len(rows)} vectors")
            block = b"".join(bytes(vector) for _, vector in rows)  # type: ignore[call-overload]
            yield (
                np.array([passage for passage, _ in rows], dtype=np.int64),
                np.frombuffer(block, dtype=np.float32).reshape(len(rows), dimension),
            )

    def search_words(
        self, terms: Sequence[str], limit: int, within: Sequence[str] = ()
    ) -> list[tuple[int, float]]:
        """The passages with the highest BM25 scores: (passage id, score), best first.

        Okapi BM25 with k1 = 1.2 and b = 0.75 as FTS5 computes it, English stemming.

        Args:
            terms: Words of the question; a passage need not have all of them.
            limit: Number of passages at most.
            within: Library paths of documents or folders to search; all if empty.
        """
        quoted = " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)
        if not quoted:
            return []
        condition, values = _under(within) if within else ("", [])
        filtered = (
            " AND rowid IN (SELECT passage.id FROM passage JOIN source USING (document) "
            f"WHERE {condition})"
            if condition
            else ""
        )
        rows = self._rows(
            f"SELECT rowid, -rank FROM words WHERE words MATCH ?{filtered} ORDER BY rank LIMIT ?",
            (quoted, *values, limit),
        )
        return [(_int(id), float(str(score))) for id, score in rows]

    # Writing

    def put_folder(self, name: str, location: Path) -> None:
        """Remember a folder of the library."""
        self._insert("folder", (name, str(location)))

    def drop_folder(self, name: str) -> None:
        """Forget a folder that has no sources any more."""
        self._execute("DELETE FROM folder WHERE name = ?", (name,))

    def put_source(self, source: Source) -> None:
        """Remember what a file holds, in place of what it held before."""
        before = self._document_of(source.path)
        self._execute("DELETE FROM source WHERE path = ?", (source.path,))
        self._insert(
            "source",
            (
                source.path, source.folder, source.size, source.mtime_ns, source.ctime_ns,
                source.checked_ns, source.sha256, source.document, source.problem,
            ),
        )  # fmt: skip
        if before != source.document:
            self._drop_if_orphan(before)
            self._bump()

    def drop_source(self, path: str) -> None:
        """Forget a file, and its document if it lies nowhere else."""
        before = self._document_of(path)
        self._execute("DELETE FROM source WHERE path = ?", (path,))
        self._drop_if_orphan(before)
        self._bump()

    def put_document(
        self,
        sha256: str,
        format: str,
        document: Document,
        passages: Sequence[Passage],
        vectors: Vectors,
    ) -> int:
        """Store a document with its passages and their vectors ``(len(passages), dim)``.

        Returns:
            Its id; ``put_source`` must give it a path in the same transaction.

        Raises:
            ValueError: The vectors do not fit the passages or the index.
        """
        expected = (len(passages), self.header.dimension)
        if vectors.shape != expected:
            raise ValueError(f"expected vectors of shape {expected}, got {vectors.shape}")
        blocks = [[block.kind, block.start, block.end, block.level] for block in document.blocks]
        id = self._insert(
            "document",
            (
                sha256, format, document.title, json.dumps(document.page_starts),
                datetime.now(UTC).isoformat(timespec="seconds"),
            ),
            "sha256, format, title, page_starts, indexed_at",
        )  # fmt: skip
        self._insert("content", (id, document.text, json.dumps(blocks)))
        for passage, vector in zip(passages, vectors, strict=True):
            headings = json.dumps(passage.headings, ensure_ascii=False)
            passage_id = self._insert(
                "passage",
                (
                    id, passage.start, passage.end, passage.text, passage.context, headings,
                    passage.page,
                ),
                'document, start, "end", text, context, headings, page',
            )  # fmt: skip
            self._insert("vector", (passage_id, vector.astype("<f4").tobytes()))
        self._bump()
        return id

    def _document_of(self, path: str) -> int | None:
        found = self._rows("SELECT document FROM source WHERE path = ?", (path,))
        return found[0][0] if found else None  # type: ignore[return-value]  # NULL or INTEGER

    def _drop_if_orphan(self, document: int | None) -> None:
        used = self._rows("SELECT 1 FROM source WHERE document = ?", (document,))
        if document is None or used:
            return
        self._execute(
            "DELETE FROM vector WHERE passage IN (SELECT id FROM passage WHERE document = ?)",
            (document,),
        )
        self._execute("DELETE FROM passage WHERE document = ?", (document,))
        self._execute("DELETE FROM content WHERE document = ?", (document,))
        self._execute("DELETE FROM document WHERE id = ?", (document,))

    def _bump(self) -> None:
        header = self.header
        self._execute("DELETE FROM header")
        row = _header_row(replace(header, generation=header.generation + 1))
        self._insert("header", (1, *row))

    # Checking

    def damage(self) -> list[str]:
        """What is wrong with the database, one sentence each; reads all of it."""
        found = [f"SQLite: {line}" for (line,) in self._rows("PRAGMA integrity_check")]
        found = [line for line in found if line != "SQLite: ok"]
        try:
            self._rows("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
        except IndexDamaged:
            found.append("The word index does not agree with the passages.")
        for table in ("header", "folder", "source", "document", "content", "passage", "vector"):
            # A row at a time: a document alone may hold tens of megabytes.
            for row in self._execute(f"SELECT * FROM {table}"):
                try:
                    self._verified(table, row)
                except IndexDamaged as error:
                    found.append(str(error))
        return found

    # Plumbing

    def _execute(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        with _explained(self.path):
            return self._connection.execute(sql, values)

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        with _explained(self.path):
            return self._connection.execute(sql, values).fetchall()

    def _ids(self, sql: str, values: Sequence[object] = ()) -> list[int]:
        return [_int(id) for (id,) in self._rows(sql, values)]

    def _read(self, table: str, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Rows without their checksums, which were compared."""
        return [self._verified(table, row) for row in self._rows(sql, values)]

    def _verified(self, table: str, row: Row) -> Row:
        *values, stored = row
        keyed = values[1:] if table in ("document", "passage") else values
        if stored != checksum(keyed):
            raise _damaged(self.path, f"fails its checksum in table {table}, row {values[0]}")
        return tuple(values)

    def _insert(self, table: str, values: Row, columns: str = "") -> int:
        names = f" ({columns}, checksum)" if columns else ""
        marks = ",".join("?" * (len(values) + 1))
        cursor = self._execute(
            f"INSERT INTO {table}{names} VALUES ({marks})", (*values, checksum(values))
        )
        return cursor.lastrowid or 0


def _header_row(header: Header) -> Row:
    model = header.encoder
    return (
        header.library, model.name, model.digest, model.max_tokens, header.dimension,
        header.generation,
    )  # fmt: skip


def _passage(row: Row) -> StoredPassage:
    id, document, start, end, text, context, headings, page = row
    passage = Passage(
        start=_int(start),
        end=_int(end),
        text=str(text),
        context=str(context),
        headings=tuple(json.loads(str(headings))),
        page=None if page is None else _int(page),
    )
    return StoredPassage(_int(id), _int(document), passage)


def _int(value: object) -> int:
    assert isinstance(value, int), "columns declared INTEGER hold integers"
    return value


def _under(within: Sequence[str]) -> tuple[str, list[str]]:
    """SQL condition on ``source.path``: one of these paths, or inside one of them."""
    conditions: list[str] = []
    values: list[str] = []
    for path in within:
        # "0" is the character behind "/": the range holds everything that starts with "path/".
        conditions.append("source.path = ? OR (source.path >= ? AND source.path < ?)")
        values += [path, f"{path}/", f"{path}0"]
    return "(" + " OR ".join(conditions) + ")", values


def _batches(ids: Sequence[int], size: int = 500) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _statements(script: str) -> Iterator[str]:
    """Single statements: ``executescript`` would commit the transaction around them."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=10,
    )
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _mode(path: Path) -> str:
    """Readers of a write-ahead log write beside it; where they cannot, it is read as it lies."""
    return (
        "mode=rw" if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK) else "immutable=1"
    )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _damaged(path: Path, what: str) -> IndexDamaged:
    return IndexDamaged(
        f"The index at {path.parent} is damaged: {path.name} {what}. "
        "Delete that folder and index again; your documents are not touched."
    )


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turns SQLite's errors into what happened, where, and what to do."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            raise
        if code in _FULL:
            raise IndexNotWritable(
                f"The index at {path.parent} cannot be written: the disk is full. "
                "Free some room and run the same command again."
            ) from error
        if code & 0xFF in _NO_PERMISSION:
            raise IndexNotWritable(
                f"The index at {path.parent} cannot be written: no permission. "
                "Choose another place with --index, or change who may write there."
            ) from error
        if code & 0xFF in _BUSY:
            raise IndexLocked(
                f"The index at {path.parent} is in use by another process; try again in a moment."
            ) from error
        if code & 0xFF in _READ_ERRORS:
            raise _damaged(path, f"cannot be read ({error})") from error
        raise
