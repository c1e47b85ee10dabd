"""Store: the SQLite database that is the truth about documents, passages and vectors.

Everything else (the FAISS file) is derived from it. A document is written in one
transaction: after a kill at any moment it is wholly there or not at all. SQLite notices
few flipped bits by itself, so each row carries a checksum that is compared whenever the
row is read.
"""

import json
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeddings.database import (
    TOKENIZER,
    check_format,
    checksum,
    connect,
    damaged,
    explained,
    make_tables,
    tables_are_ours,
)
from embeddings.document import Block, Document
from embeddings.encoder import EncoderModel, Vectors
from embeddings.errors import IndexDamaged, IndexMissing, IndexNotWritable
from embeddings.passages import Passage
from embeddings.word_index import WordIndex

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What the index was made with, and how often its passages have changed since.

    Attributes:
        library: Its name, 32 hexadecimal digits that no other index has.
        encoder: That made its vectors.
        dimension: Of the vectors.
        generation: Number of changes.
        stamp: 32 hexadecimal digits, other ones after each change: of two copies of an index
            that went different ways, the same generation has different ones.
    """

    library: str
    encoder: EncoderModel
    dimension: int
    generation: int
    stamp: str


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


class Store:
    """One database file. Safe to use from one thread at a time.

    Methods that change something are called inside ``with store.transaction():``.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._words = WordIndex(connection, TOKENIZER)

    @classmethod
    def create(cls, path: Path, encoder: EncoderModel, dimension: int) -> "Store":
        """A new, empty database.

        Raises:
            IndexNotWritable: It cannot be written there.
            ValueError: There is a file already.
        """
        if path.exists():
            raise ValueError(f"expected no file at {path}, found one")
        # Renamed once it is whole: a kill before that leaves no database without tables.
        new = path.with_name(f"{path.name}.new")
        for left in (new, new.with_name(f"{new.name}-journal")):
            left.unlink(missing_ok=True)
        with explained(path):
            store = cls(path, connect(new, create=True))
            try:
                with store.transaction():
                    make_tables(store._connection)
                    header = Header(uuid.uuid4().hex, encoder, dimension, 0, uuid.uuid4().hex)
                    store._insert("header", (1, *_header_row(header)))
                store._connection.execute("PRAGMA journal_mode = WAL")
            finally:
                store.close()
        for kind in ("-wal", "-shm"):
            # Left over from a database that was deleted, it would be replayed into this one.
            path.with_name(f"{path.name}{kind}").unlink(missing_ok=True)
        new.replace(path)
        return cls.open(path)

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
        with explained(path):
            connection = connect(path)
            with ExitStack() as unless_kept:
                # Until there is a store, nobody else closes it.
                unless_kept.callback(connection.close)
                check_format(path, connection)
                unless_kept.pop_all()
        store = cls(path, connection)
        _ = store.header
        return store

    def close(self) -> None:
        """Release the file."""
        self._words.close()
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
        if self._connection.in_transaction:
            raise ValueError("expected no open transaction or snapshot, found one")
        with explained(self.path):
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

    @property
    def header(self) -> Header:
        """What the index was made with."""
        rows = self._read("header", "SELECT * FROM header")
        if not rows:
            raise damaged(self.path, "has no header")
        _, library, name, digest, max_tokens, dimension, generation, stamp = rows[0]
        model = EncoderModel(str(name), str(digest), _int(max_tokens))
        return Header(str(library), model, _int(dimension), _int(generation), str(stamp))

    @property
    def generation(self) -> int:
        """Grows by one with each change of the passages."""
        return self.header.generation

    @property
    def version(self) -> int:
        """Another one whenever anybody has written through another connection."""
        return self._ids("PRAGMA data_version")[0]

    def folders(self) -> dict[str, Path]:
        """Where each folder of the library lies, by its name in the library."""
        rows = self._read("folder", "SELECT * FROM folder ORDER BY name")
        return {str(name): Path(str(location)) for name, location in rows}

    def sources(self, folder: str | None = None) -> dict[str, Source]:
        """Every file that was looked at, by its path; in one folder if it is named."""
        where, values = (" WHERE folder = ?", (folder,)) if folder is not None else ("", ())
        rows = self._read("source", f"SELECT * FROM source{where} ORDER BY path", values)
        # The schema declares the types of the columns, in the order of the attributes.
        return {str(row[0]): Source(*row) for row in rows}  # type: ignore[arg-type]  # by schema

    def document_id(self, sha256: str, format: str) -> int | None:
        """Id of the document with that content, if it is stored."""
        found = self._ids(
            "SELECT id FROM document WHERE sha256 = ? AND format = ?", (sha256, format)
        )
        return found[0] if found else None

    def document_at(self, path: str) -> int | None:
        """Id of the document at a path; none if there is none."""
        found = self._read("source", "SELECT * FROM source WHERE path = ?", (path,))
        return None if not found or found[0][7] is None else _int(found[0][7])

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
            raise damaged(self.path, f"lacks the text of document {document}")
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
        return {self._number(document): self._number(count) for document, count in rows}

    def vector_count(self) -> int:
        """Number of vectors; one for each passage in a sound index."""
        return self._ids("SELECT count(*) FROM vector")[0]

    def passage_ids(self, within: Sequence[str] = ()) -> NDArray[np.int64]:
        """Ids of all passages, sorted; of those under the given library paths, if any."""
        condition, values = _under(within)
        ids = self._ids(f"SELECT id FROM passage{condition} ORDER BY id", values)
        return np.array(ids, dtype=np.int64)

    def vectors(self, ids: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
        """The vectors of those passages, in batches of (ids ``(n,)``, vectors ``(n, dim)``)."""
        dimension = self.header.dimension
        for batch in _batches(ids.tolist(), 10_000):
            marks = ",".join(map(str, batch))
            rows = self._read("vector", f"SELECT * FROM vector WHERE passage IN ({marks})")
            if len(rows) != len(batch):
                raise damaged(self.path, f"lacks {len(batch) - len(rows)} vectors")
            # The schema declares the column BLOB, which the type checker cannot know.
            block = b"".join(bytes(vector) for _, vector in rows)  # type: ignore[call-overload]  # a BLOB
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
        among = self.passage_ids(within) if within else None
        with explained(self.path):
            return self._words.search(terms, limit, self.header.generation, among)

    # Writing

    def put_folder(self, name: str, location: Path) -> None:
        """Remember a folder of the library."""
        self._insert("folder", (name, str(location)))

    def drop_folder(self, name: str) -> None:
        """Forget a folder that has no sources any more."""
        self._execute("DELETE FROM folder WHERE name = ?", (name,))

    def put_source(self, source: Source) -> None:
        """Remember what a file holds, in place of what it held before."""
        before = self.document_at(source.path)
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
        before = self.document_at(path)
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
        new = replace(header, generation=header.generation + 1, stamp=uuid.uuid4().hex)
        row = _header_row(new)
        self._insert("header", (1, *row))

    # Checking

    def damage(self) -> list[str]:
        """What is wrong with the database, one sentence each; reads all of it."""
        found: list[str] = []
        try:
            with explained(self.path):
                if not tables_are_ours(self._connection):
                    found.append("The tables are not declared as this program declares them.")
            rows = self._rows("PRAGMA integrity_check")
            found += [f"SQLite: {line}" for (line,) in rows if line != "ok"]
        except IndexDamaged as error:
            found.append(str(error))
        try:
            self._rows("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
        except IndexDamaged:
            found.append("The word index does not agree with the passages.")
        except IndexNotWritable:
            pass  # The check looks like an insertion; who may only read must do without it.
        for table in ("header", "folder", "source", "document", "content", "passage", "vector"):
            try:
                # A row at a time: a document alone may hold tens of megabytes.
                for row in self._each(f"SELECT * FROM {table}"):
                    try:
                        self._verified(table, row)
                    except IndexDamaged as error:
                        found.append(str(error))
            except IndexDamaged as error:
                found.append(str(error))
        return found

    # Plumbing

    def _execute(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        with explained(self.path):
            return self._connection.execute(sql, values)

    def _each(self, sql: str) -> Iterator[Row]:
        with explained(self.path):
            yield from self._connection.execute(sql)

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        with explained(self.path):
            return self._connection.execute(sql, values).fetchall()

    def _ids(self, sql: str, values: Sequence[object] = ()) -> list[int]:
        return [self._number(id) for (id,) in self._rows(sql, values)]

    def _number(self, value: object) -> int:
        """The value of a column that is read without its row's checksum."""
        if not isinstance(value, int):
            raise damaged(self.path, f"holds {value!r} where a number belongs")
        return value

    def _read(self, table: str, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Rows without their checksums, which were compared."""
        return [self._verified(table, row) for row in self._rows(sql, values)]

    def _verified(self, table: str, row: Row) -> Row:
        *values, stored = row
        keyed = values[1:] if table in ("document", "passage") else values
        if stored != checksum(keyed):
            raise damaged(self.path, f"fails its checksum in table {table}, row {values[0]}")
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
        header.generation, header.stamp,
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
    """Condition on a passage: its document has one of these paths, or lies inside one."""
    if not within:
        return "", []
    # "0" is the character behind "/": the range holds everything that starts with "path/".
    condition = """
        WHERE document IN (
            SELECT source.document FROM json_each(?) AS wanted CROSS JOIN source
            ON source.path = wanted.value
            OR (source.path >= wanted.value || '/' AND source.path < wanted.value || '0')
        )"""
    return condition, [json.dumps(list(within))]


def _batches(ids: Sequence[int], size: int = 500) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
