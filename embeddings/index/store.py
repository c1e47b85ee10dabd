"""Store: the SQLite database that is the truth about documents, passages and vectors.

Everything else (the FAISS file) is derived from it. A document is written in one
transaction: after a kill at any moment it is wholly there or not at all. SQLite notices
few flipped bits by itself, so each row carries a checksum that is compared whenever the
row is read; the header tells how many rows there are and holds the sum of their checksums,
for a row that is gone fails none; and what was committed is told once more in ``Commits``,
for SQLite takes back without a word what a damaged log held.
"""

import json
import logging
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import astuple, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeddings.document import Block, Document
from embeddings.errors import IndexDamaged, IndexMissing, IndexNotWritable, Remedy
from embeddings.index.commits import Change, Commit, Commits, is_older, lost
from embeddings.index.database import (
    TOKENIZER,
    check_format,
    check_tables,
    checksum,
    columns,
    connect,
    damaged,
    make_tables,
    sqlite_errors,
)
from embeddings.index.paths import SOURCES_WITHIN
from embeddings.index.records import DocumentFacts, Header, Source, StoredPassage
from embeddings.index.sections import Rest, Section, joined, rest_of, whole
from embeddings.index.word_index import WordIndex
from embeddings.models.encoder import EncoderModel, Vectors
from embeddings.parts import Part, Piece, joined_blocks, number_at, parts_of
from embeddings.passages import Passage

Row = tuple[object, ...]

COUNTED = ("source", "document", "passage")
"""Tables whose rows the header counts."""

TABLES = ("folder", *COUNTED, "part", "section", "vector")
"""Tables whose checksums the header sums up."""

SECONDS_FOR_READERS = 1
"""How long merging the log waits for those who read; else the next run merges it."""

PLACES_KEPT = 16
"""Choices of places for which the ids of their passages are kept."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Tally:
    """What a transaction has changed so far."""

    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    digest: int = 0
    changes: dict[str, str | None] = field(default_factory=dict)

    def count(self, table: str, checksum: bytes, sign: int) -> None:
        if table in self.rows:
            self.rows[table] += sign
        if table in TABLES:
            self.digest += sign * int.from_bytes(checksum, "big")


class Store:
    """One database file. Safe to use from one thread at a time.

    Methods that change something are called inside ``with store.transaction():``.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._words = WordIndex(connection, TOKENIZER)
        self._commits = Commits(path)
        self._tally = _Tally()
        self._state: tuple[str, int] | None = None
        self._within: dict[tuple[str, ...], NDArray[np.int64]] = {}

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
        with sqlite_errors(path):
            store = cls(path, connect(new, create=True))
            try:
                with store.transaction():
                    make_tables(store._connection)
                    header = Header(uuid.uuid4().hex, encoder, dimension, 0, uuid.uuid4().hex)
                    store._insert("header", _header_row(header))
                store._connection.execute("PRAGMA journal_mode = WAL")
            finally:
                store.close()
        for kind in ("-wal", "-shm"):
            # Left over from a database that was deleted, it would be replayed into this one.
            path.with_name(f"{path.name}{kind}").unlink(missing_ok=True)
        new.replace(path)
        store = cls.open(path)
        with store._telling():
            store._commits.begin(_commit_of(header))
        return store

    @classmethod
    def open(cls, path: Path) -> "Store":
        """The database at ``path``.

        Raises:
            IndexMissing: There is none.
            IndexMismatch: Another version of the format.
            IndexNotWritable: No permission.
            IndexDamaged: It is not such a database, or its header fails its checksum.
        """
        try:
            there = path.is_file()
        except OSError as error:
            raise IndexNotWritable(
                f"cannot be opened ({error.strerror})", path.parent, Remedy.ALLOW_READING_INDEX
            ) from error
        if not there:
            raise IndexMissing("does not exist", path.parent, Remedy.INDEX_FIRST)
        with sqlite_errors(path):
            connection = connect(path)
            with ExitStack() as unless_kept:
                # Until there is a store, nobody else closes it.
                unless_kept.callback(connection.close)
                check_format(path, connection)
                check_tables(path, connection)
                unless_kept.pop_all()
        store = cls(path, connection)
        with ExitStack() as unless_sound:
            unless_sound.callback(store.close)
            _ = store.header
            unless_sound.pop_all()
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
            self._tally = _Tally()
            yield
            commit = self._put_header()
        if commit:
            with self._telling():
                self._commits.add(commit)

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

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise IndexNotWritable(
                f"cannot be written: {self._commits.path.name} ({error.strerror})",
                self._commits.path.parent,
                Remedy.MAKE_WRITABLE,
            ) from error

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
        with self._as_written("header"):
            _, library, name, digest, max_tokens, dimension, generation, stamp, *rest = rows[0]
            sources, documents, passages, rows_digest = rest
            return Header(
                library=str(library),
                encoder=EncoderModel(str(name), str(digest), _int(max_tokens)),
                dimension=_int(dimension),
                generation=_int(generation),
                stamp=str(stamp),
                sources=_int(sources),
                documents=_int(documents),
                passages=_int(passages),
                digest=str(rows_digest),
            )

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
        if folder is None:
            self._all_there("source", len(rows), self.header.sources)
        # The schema declares the types of the columns, in the order of the attributes.
        return {
            str(row[0]): Source(*row[:-1], bool(row[-1]))  # type: ignore[arg-type, call-arg]  # by schema
            for row in rows
        }

    def document_id(self, sha256: str, format: str) -> int | None:
        """Id of the document with that content, if it is stored."""
        found = self._read(
            "document", "SELECT * FROM document WHERE sha256 = ? AND format = ?", (sha256, format)
        )
        return _int(found[0][0]) if found else None

    def document_at(self, path: str) -> int | None:
        """Id of the document at a path; none if there is none."""
        found = self._read("source", "SELECT * FROM source WHERE path = ?", (path,))
        return None if not found or found[0][7] is None else _int(found[0][7])

    def documents(self, ids: Iterable[int] | None = None) -> dict[int, DocumentFacts]:
        """The documents with those ids that are there, by id; all if none are named."""
        if ids is None:
            chosen: Sequence[int] = self._ids("SELECT id FROM document ORDER BY id")
            self._all_there("document", len(chosen), self.header.documents)
        else:
            chosen = sorted(set(ids))
        found: dict[int, DocumentFacts] = {}
        for batch in _batches(chosen):
            marks = ",".join(map(str, batch))
            paths: dict[int, list[str]] = {id: [] for id in batch}
            modified: dict[int, list[int]] = {id: [] for id in batch}
            for row in self._read(
                "source", f"SELECT * FROM source WHERE document IN ({marks}) ORDER BY path"
            ):
                paths[_int(row[7])].append(str(row[0]))
                modified[_int(row[7])].append(_int(row[3]))
            for row in self._read("document", f"SELECT * FROM document WHERE id IN ({marks})"):
                with self._as_written("document"):
                    facts = _facts(row, paths, modified)
                if not facts.paths:
                    raise damaged(self.path, f"has lost where document {facts.id} lies")
                found[facts.id] = facts
        return found

    def document(self, document: int) -> Document:
        """One document with its text.

        Raises:
            KeyError: There is none with that id.
        """
        facts = self.documents([document])[document]
        parts = self._parts("SELECT * FROM part WHERE document = ? ORDER BY start", (document,))
        text = "".join(part.text for part in parts)
        self._all_there("part", len(parts), facts.parts)
        if len(text) != facts.characters:
            raise damaged(self.path, f"lacks some of the text of document {document}")
        return Document(facts.title, text, joined_blocks(parts), facts.page_starts)

    def part(self, facts: DocumentFacts, number: int | None, offset: int) -> tuple[int, Part]:
        """A part of a document, and its number.

        Args:
            facts: Of the document.
            number: Of the part, from 0, of too high a number the last; the one that holds
                ``offset`` if it is left out.
            offset: Into ``Document.text``.
        """
        starts = self._ids("SELECT start FROM part WHERE document = ? ORDER BY start", (facts.id,))
        self._all_there("part", len(starts), facts.parts)
        if number is None:
            number = number_at(starts, offset)
        number = min(number, len(starts) - 1)
        parts = self._parts(
            "SELECT * FROM part WHERE document = ? AND start = ?", (facts.id, starts[number])
        )
        self._all_there("part", len(parts), 1)
        return number, parts[0]

    def _parts(self, sql: str, values: Sequence[object]) -> list[Part]:
        with self._as_written("part"):
            return [_part(row) for row in self._read("part", sql, values)]

    def text(self, document: int, start: int, end: int) -> str:
        """``Document.text[start:end]``, without fetching the rest."""
        found = self._rows(
            """
            SELECT substr(text, max(?1 - start, 0) + 1, ?2 - max(?1, start)) FROM part
            WHERE document = ?3 AND start < ?2
            AND start >= (SELECT max(start) FROM part WHERE document = ?3 AND start <= ?1)
            ORDER BY start
            """,
            (start, end, document),
        )
        return "".join(str(text) for (text,) in found)

    def passages(self, ids: Sequence[int]) -> list[StoredPassage]:
        """The passages with those ids that are there, in the order of ``ids``."""
        found: dict[int, StoredPassage] = {}
        for batch in _batches(ids):
            marks = ",".join("?" * len(batch))
            rows = self._read("passage", f"SELECT * FROM passage WHERE id IN ({marks})", batch)
            found |= {stored.id: stored for stored in self._passages(rows)}
        return [found[id] for id in ids if id in found]

    def passages_of(self, document: int) -> list[StoredPassage]:
        """The passages of one document, in order."""
        rows = self._read("document", "SELECT * FROM document WHERE id = ?", (document,))
        ids = self._ids_of(rows).tolist()
        found = self.passages(ids)
        self._all_there("passage", len(found), len(ids))
        return found

    def _passages(self, rows: Sequence[Row]) -> list[StoredPassage]:
        sections = self._sections({_int(row[2]) for row in rows})
        with self._as_written("passage"):
            return [_passage(row, sections[_int(row[2])]) for row in rows]

    def _sections(self, ids: set[int]) -> dict[int, Section]:
        rows = self._section_rows(ids)
        bases = {_int(row[2]) for row in rows.values() if row[2] is not None}
        rows |= self._section_rows(bases - ids)
        with self._as_written("section"):
            rests = {id: _rest(row) for id, row in rows.items()}
            first = {id: joined(rests[id], None) for id, row in rows.items() if row[2] is None}
            return {
                id: first[id] if row[2] is None else joined(rests[id], first[_int(row[2])])
                for id, row in rows.items()
            }

    def _section_rows(self, ids: set[int]) -> dict[int, Row]:
        found: dict[int, Row] = {}
        for batch in _batches(sorted(ids)):
            marks = ",".join(map(str, batch))
            rows = self._read("section", f"SELECT * FROM section WHERE id IN ({marks})")
            found |= {_int(row[0]): row for row in rows}
        return found

    def passage_ids(self, within: Sequence[str] = ()) -> NDArray[np.int64]:
        """Ids of all passages, sorted; of those under the given library paths, if any."""
        header = self.header
        # What a transaction has changed so far has no stamp of its own.
        state = header.stamp, self._connection.total_changes
        if state != self._state or len(self._within) >= PLACES_KEPT:
            self._state, self._within = state, {}
        key = tuple(within)
        if key not in self._within:
            self._within[key] = self._passage_ids(within, header)
        return self._within[key]

    def _passage_ids(self, within: Sequence[str], header: Header) -> NDArray[np.int64]:
        if not within:
            rows = self._read("document", "SELECT * FROM document ORDER BY id")
            self._all_there("document", len(rows), header.documents)
            ids = self._ids_of(rows)
            self._all_there("passage", len(ids), header.passages)
            return ids
        sources = self._read("source", SOURCES_WITHIN, (json.dumps(list(within)),))
        documents = sorted({_int(row[7]) for row in sources if row[7] is not None})
        rows = []
        for batch in _batches(documents):
            marks = ",".join(map(str, batch))
            rows += self._read("document", f"SELECT * FROM document WHERE id IN ({marks})")
        self._all_there("document", len(rows), len(documents))
        return self._ids_of(rows)

    def _ids_of(self, documents: Sequence[Row]) -> NDArray[np.int64]:
        """Ids of the passages of documents, sorted."""
        with self._as_written("document"):
            ranges = [_range(row) for row in documents]
        found = [np.arange(one.start, one.stop, dtype=np.int64) for one in ranges]
        return np.sort(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)

    def vectors(self, ids: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
        """The vectors of those passages, in batches of (ids ``(n,)``, vectors ``(n, dim)``)."""
        dimension = self.header.dimension
        for batch in _batches(ids.tolist(), 10_000):
            marks = ",".join(map(str, batch))
            rows = self._read("vector", f"SELECT * FROM vector WHERE passage IN ({marks})")
            if len(rows) != len(batch):
                raise damaged(self.path, f"lacks {len(batch) - len(rows)} vectors")
            # The schema declares the column BLOB, which the type checker cannot know.
            with self._as_written("vector"):
                block = b"".join(bytes(vector) for _, vector in rows)  # type: ignore[call-overload]  # a BLOB
                found = np.array([passage for passage, _ in rows], dtype=np.int64)
                vectors = np.frombuffer(block, dtype=np.float32).reshape(len(rows), dimension)
            yield found, vectors

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
        try:
            with sqlite_errors(self.path):
                return self._words.search(terms, limit, self.header.stamp, among)
        except (ArithmeticError, TypeError, ValueError) as error:
            # FTS5 keeps no checksums: any number of its own tables can be something else.
            raise damaged(self.path, f"has a word index that cannot be read ({error})") from error

    # Writing

    def put_folder(self, name: str, location: Path) -> None:
        """Remember a folder of the library."""
        self._insert("folder", (name, str(location)))

    def drop_folder(self, name: str) -> None:
        """Forget a folder that has no sources any more."""
        self._delete("folder", "name = ?", (name,))

    def put_source(self, source: Source) -> None:
        """Remember what a file holds, in place of what it held before."""
        before = self.document_at(source.path)
        self._delete("source", "path = ?", (source.path,))
        self._insert(
            "source",
            (
                source.path, source.folder, source.size, source.mtime_ns, source.ctime_ns,
                source.checked_ns, source.sha256, source.document, source.problem,
                int(source.set_aside),
            ),
        )  # fmt: skip
        if before != source.document:
            self._drop_if_orphan(before)
            self._tally.changes[source.path] = None if source.document is None else source.sha256

    def drop_source(self, path: str) -> None:
        """Forget a file, and its document if it lies nowhere else."""
        before = self.document_at(path)
        self._delete("source", "path = ?", (path,))
        self._drop_if_orphan(before)
        self._tally.changes[path] = None

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
        parts = list(parts_of(document))
        id = self._next_id("document")
        first = self._next_id("passage")
        self._insert(
            "document",
            (
                id, sha256, format, document.title, json.dumps(document.page_starts),
                datetime.now(UTC).isoformat(timespec="seconds"), first, len(passages),
                len(document.text), len(parts),
            ),
        )  # fmt: skip
        for part in parts:
            pieces = [[*astuple(piece.block), piece.continued] for piece in part.pieces]
            self._insert("part", (id, part.start, part.text, json.dumps(pieces)))
        sections = self._put_sections(id, passages)
        for at, (passage, section, vector) in enumerate(
            zip(passages, sections, vectors, strict=True), first
        ):
            values = at, id, section, passage.start, passage.end, passage.text, passage.page
            self._insert("passage", values)
            self._insert("vector", (at, vector.astype("<f4").tobytes()))
        return id

    def _put_sections(self, document: int, passages: Sequence[Passage]) -> Iterator[int]:
        """Ids of the passages' sections, each stored when it is asked for."""
        id = self._next_id("section") - 1
        before: Section | None = None
        base: tuple[int, Section] | None = None
        for passage in passages:
            section = Section(passage.context, passage.headings)
            if section != before:
                id, before = id + 1, section
                rest = rest_of(section, base[1]) if base else None
                at = base[0] if base and rest else None
                if at is None:
                    base = id, section
                rest = rest or whole(section)
                headings = json.dumps(rest.headings, ensure_ascii=False)
                self._insert(
                    "section",
                    (
                        id, document, at, rest.context_kept, rest.context, rest.headings_kept,
                        headings,
                    ),
                )  # fmt: skip
            yield id

    def _drop_if_orphan(self, document: int | None) -> None:
        used = self._rows("SELECT 1 FROM source WHERE document = ?", (document,))
        if document is None or used:
            return
        rows = self._read("document", "SELECT * FROM document WHERE id = ?", (document,))
        self._all_there("document", len(rows), 1)
        ids = _range(rows[0])
        ends = ids.start, ids.stop - 1
        sections = self._rows(
            "SELECT min(section), max(section) FROM passage WHERE id BETWEEN ? AND ?", ends
        )
        self._delete("vector", "passage BETWEEN ? AND ?", ends)
        self._delete("passage", "id BETWEEN ? AND ?", ends)
        self._delete("section", "id BETWEEN ? AND ?", sections[0])
        self._delete("part", "document = ?", (document,))
        self._delete("document", "id = ?", (document,))

    def _put_header(self) -> Commit | None:
        """Write down what the transaction has changed; what is to be told of it, if anything."""
        tally, header = self._tally, self.header
        rows, changes = tally.rows, tuple(tally.changes.items())
        digest = (int(header.digest, 16) + tally.digest) % 2**64
        new = replace(
            header,
            sources=header.sources + rows["source"],
            documents=header.documents + rows["document"],
            passages=header.passages + rows["passage"],
            digest=f"{digest:016x}",
        )
        if changes:
            new = replace(new, generation=header.generation + 1, stamp=uuid.uuid4().hex)
        if new != header:
            self._execute("DELETE FROM header")
            self._insert("header", _header_row(new))
        return _commit_of(new, changes) if changes else None

    # What the log has lost

    def lost(self) -> dict[str, str | None]:
        """What paths should hold by what was committed, but do not: as in ``Change``.

        Whole folders, with "/" behind their names, where the database is older than the beginning
        of what is told: it was put back from a copy without it.
        """
        # Before the database: another process may be writing.
        commits = self._commits.read()
        inside = self._connection.in_transaction
        with nullcontext() if inside else self.snapshot():
            header = self.header
            known = header.library, header.generation, header.stamp
            wanted = lost(commits, *known)
            if is_older(commits, *known):
                wanted |= {f"{name}/": "" for name in self.folders() or [""]}
            if not wanted:
                return {}
            held = {
                path: source.sha256
                for path, source in self.sources().items()
                if source.document is not None
            }
        return {path: sha256 for path, sha256 in wanted.items() if held.get(path) != sha256}

    def mend(self) -> None:
        """Go on from what the database holds, remembering what it has lost.

        Raises:
            IndexDamaged: It has lost more than what was committed last.
        """
        missing = self.lost()
        if not missing:
            return
        spoilt = self.spoilt()
        if spoilt:
            raise damaged(self.path, f"has lost part of its log ({spoilt[0]})")
        _log.warning(
            "%s had lost what was committed of: %s. It is there again once the folders that hold "
            "it are indexed again.",
            self.path,
            ", ".join(missing),
        )
        self._begin(missing)

    def checkpoint(self, folder: str = "") -> None:
        """Merge the log into the database, so that nothing depends on it any more.

        Args:
            folder: Name in the library of one that has just been indexed: nothing of it is
                missing any longer.
        """
        missing = self.lost()
        for path in list(missing):
            if folder and path.startswith((f"{folder}/", "/")):
                del missing[path]
        self._execute(f"PRAGMA busy_timeout = {1_000 * SECONDS_FOR_READERS}")
        ((busy, _, _),) = self._rows("PRAGMA wal_checkpoint(TRUNCATE)")
        if not busy:
            self._begin(missing)

    def _begin(self, missing: dict[str, str | None]) -> None:
        with self._telling():
            self._commits.begin(_commit_of(self.header, tuple(missing.items())))

    # Checking

    def check(self) -> None:
        """Compare what can be compared at each opening: all but the texts and their vectors.

        Raises:
            IndexDamaged: Something is wrong.
        """
        for table in ("folder", "source", "document"):
            told = [line for (line,) in self._rows(f"PRAGMA integrity_check({table})")]
            if told != ["ok"]:
                raise damaged(self.path, f"fails SQLite's check ({told[0]})")
        with self.snapshot():
            self.check_counts()

    def check_counts(self) -> None:
        """Compare how many files and documents there are with how many there should be.

        Raises:
            IndexDamaged: Some are lost.
        """
        header = self.header
        for table, expected in (("source", header.sources), ("document", header.documents)):
            (count,) = self._ids(f"SELECT count(*) FROM {table} NOT INDEXED")
            self._all_there(table, count, expected)

    def damage(self) -> list[str]:
        """What is wrong with the database, one sentence each; reads all of it."""
        return [*self.spoilt(), *self.missing()]

    def missing(self) -> list[str]:
        """What had been committed and is missing, one sentence for each path."""
        try:
            return [_missing(path, sha256) for path, sha256 in self.lost().items()]
        except IndexDamaged as error:
            return [f"{error.summary}."]

    def spoilt(self) -> list[str]:
        """As ``damage``, but for what had been committed and is missing."""
        found: list[str] = []
        try:
            rows = self._rows("PRAGMA integrity_check")
            found += [f"SQLite: {line}" for (line,) in rows if line != "ok"]
        except IndexDamaged as error:
            found.append(f"{error.summary}.")
        try:
            self._rows("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
        except IndexDamaged:
            found.append("The word index does not agree with the passages.")
        except IndexNotWritable:
            pass  # The check looks like an insertion; who may only read must do without it.
        tally = _Tally()
        for table in ("header", *TABLES):
            try:
                # A row at a time: a document alone may hold tens of megabytes.
                for row in self._each(f"SELECT * FROM {table}"):
                    try:
                        self._verified(table, row)
                        tally.count(table, bytes(row[-1]), 1)  # type: ignore[call-overload]  # a BLOB
                    except IndexDamaged as error:
                        found.append(f"{error.summary}.")
            except IndexDamaged as error:
                found.append(f"{error.summary}.")
        if not found:
            header = self.header
            counts = dict(
                zip(COUNTED, (header.sources, header.documents, header.passages), strict=True)
            )
            if counts != tally.rows or int(header.digest, 16) != tally.digest % 2**64:
                found.append("Rows are lost: the checksums of those that are there do not add up.")
        return found

    # Plumbing

    def _execute(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        with sqlite_errors(self.path):
            return self._connection.execute(sql, values)

    def _each(self, sql: str) -> Iterator[Row]:
        with sqlite_errors(self.path):
            yield from self._connection.execute(sql)

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        with sqlite_errors(self.path):
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
        if len(row) != len(columns(table)) or stored != checksum(values):
            raise damaged(self.path, f"fails its checksum in table {table}, row {values[0]}")
        return tuple(values)

    @contextmanager
    def _as_written(self, table: str) -> Iterator[None]:
        """Takes what cannot be read of verified rows for damage as well."""
        try:
            yield
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(self.path, f"cannot be read in table {table} ({error!r})") from error

    def _all_there(self, table: str, found: int, expected: int) -> None:
        if found != expected:
            raise damaged(self.path, f"holds {found} rows of {expected} in table {table}")

    def _next_id(self, table: str) -> int:
        """Never given before."""
        found = self._ids("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,))
        return found[0] + 1 if found else 1

    def _insert(self, table: str, values: Row) -> None:
        marks = ",".join("?" * (len(values) + 1))
        found = checksum(values)
        self._execute(f"INSERT INTO {table} VALUES ({marks})", (*values, found))
        self._tally.count(table, found, 1)

    def _delete(self, table: str, condition: str, values: Row) -> None:
        sql = f"DELETE FROM {table} WHERE {condition} RETURNING checksum"
        for (found,) in self._rows(sql, values):
            self._tally.count(table, bytes(found), -1)  # type: ignore[call-overload]  # a BLOB


def _header_row(header: Header) -> Row:
    model = header.encoder
    return (
        1, header.library, model.name, model.digest, model.max_tokens, header.dimension,
        header.generation, header.stamp, header.sources, header.documents, header.passages,
        header.digest,
    )  # fmt: skip


def _commit_of(header: Header, changes: tuple[Change, ...] = ()) -> Commit:
    return Commit(header.library, header.generation, header.stamp, changes)


def _missing(path: str, sha256: str | None) -> str:
    if path.endswith("/"):
        return f"{path} is older than what had been committed; index it again."
    if sha256 is None:
        return f"{path} had been removed and is back; index its folder again."
    return f"{path} had been indexed and is missing; index its folder again."


def _facts(row: Row, paths: dict[int, list[str]], modified: dict[int, list[int]]) -> DocumentFacts:
    id, sha256, _, title, page_starts, indexed_at, _, passages, characters, parts = row
    return DocumentFacts(
        id=_int(id),
        paths=tuple(paths[_int(id)]),
        title=str(title),
        sha256=str(sha256),
        page_starts=tuple(json.loads(str(page_starts))),
        indexed_at=str(indexed_at),
        passages=_int(passages),
        characters=_int(characters),
        parts=_int(parts),
        modified_ns=tuple(modified[_int(id)]),
    )


def _part(row: Row) -> Part:
    _, start, text, pieces = row
    return Part(
        start=_int(start),
        text=str(text),
        pieces=tuple(
            Piece(Block(kind, begin, end, level), continued)
            for kind, begin, end, level, continued in json.loads(str(pieces))
        ),
    )


def _rest(row: Row) -> Rest:
    _, _, _, context_kept, context, headings_kept, headings = row
    return Rest(
        _int(context_kept), str(context), _int(headings_kept), tuple(json.loads(str(headings)))
    )


def _passage(row: Row, section: Section) -> StoredPassage:
    id, document, _, start, end, text, page = row
    passage = Passage(
        start=_int(start),
        end=_int(end),
        text=str(text),
        context=section.context,
        headings=section.headings,
        page=None if page is None else _int(page),
    )
    return StoredPassage(_int(id), _int(document), passage)


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise ValueError(f"expected a number, got {value!r}")
    return value


def _range(document: Row) -> range:
    """Ids of a document's passages."""
    first, count = _int(document[6]), _int(document[7])
    return range(first, first + count)


def _batches(ids: Sequence[int], size: int = 500) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
