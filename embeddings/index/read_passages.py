"""Reading passages: their text, their vectors, and which of them hold a question's words."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeddings.index.database import TOKENIZER, damaged, sqlite_errors
from embeddings.index.paths import SOURCES_WITHIN
from embeddings.index.read_documents import DocumentReading
from embeddings.index.records import Header, StoredPassage
from embeddings.index.rows import passage_of, passage_range, section_difference_of
from embeddings.index.sections import Section, restored
from embeddings.index.tables import batches, listed
from embeddings.index.word_index import WordIndex
from embeddings.models.encoder import Vectors

Ids = NDArray[np.int64]

MAX_CACHED_LIMITS = 16
"""Choices of paths whose passage ids are cached; chosen by hand."""


class PassageReading(DocumentReading):
    """Reads and searches passages.

    Raises:
        IndexDamaged: What a method reads fails its checks.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        super().__init__(path, connection)
        self._words = WordIndex(connection, TOKENIZER)
        # Valid for one state of the passages.
        self._ids_state: tuple[str, int] | None = None
        self._ids_within: dict[tuple[str, ...], Ids] = {}

    def passages(self, ids: Sequence[int]) -> list[StoredPassage]:
        """The passages with those ids that exist, in the order of ``ids``."""
        found: dict[int, StoredPassage] = {}
        for batch in batches(ids):
            marks = ",".join("?" * len(batch))
            rows = self._read("passage", f"SELECT * FROM passage WHERE id IN ({marks})", batch)
            found |= {stored.id: stored for stored in self._with_sections(rows)}
        return [found[id] for id in ids if id in found]

    def passages_of(self, document: int) -> list[StoredPassage]:
        """The passages of one document, in order."""
        rows = self._read("document", "SELECT * FROM document WHERE id = ?", (document,))
        ids = self._ids_of(rows).tolist()
        found = self.passages(ids)
        self._require_rows("passage", len(found), len(ids))
        return found

    def _with_sections(self, rows: Sequence[sqlite3.Row]) -> list[StoredPassage]:
        sections = self._sections({row["section"] for row in rows})
        with self._parsing("passage"):
            return [passage_of(row, sections[row["section"]]) for row in rows]

    def _sections(self, ids: set[int]) -> dict[int, Section]:
        rows = self._section_rows(ids)
        bases = {row["base"] for row in rows.values() if row["base"] is not None}
        rows |= self._section_rows(bases - ids)
        with self._parsing("section"):
            stored = {id: section_difference_of(row) for id, row in rows.items()}
            base_of = {id: row["base"] for id, row in rows.items()}
            # A base has none itself.
            found = {id: restored(stored[id], None) for id in rows if base_of[id] is None}
            return found | {
                id: restored(stored[id], found[base_of[id]]) for id in rows if id not in found
            }

    def _section_rows(self, ids: set[int]) -> dict[int, sqlite3.Row]:
        found: dict[int, sqlite3.Row] = {}
        for batch in batches(sorted(ids)):
            sql = f"SELECT * FROM section WHERE id IN ({listed(batch)})"
            found |= {row["id"]: row for row in self._read("section", sql)}
        return found

    def passage_ids(self, within: Sequence[str] = ()) -> Ids:
        """Ids of all passages, sorted; of those within the given library paths, if any."""
        header = self.header
        # What a transaction has changed so far has no stamp of its own.
        state = header.stamp, self._connection.total_changes
        if state != self._ids_state or len(self._ids_within) >= MAX_CACHED_LIMITS:
            self._ids_state, self._ids_within = state, {}
        key = tuple(within)
        if key not in self._ids_within:
            self._ids_within[key] = self._find_ids(within, header)
        return self._ids_within[key]

    def _find_ids(self, within: Sequence[str], header: Header) -> Ids:
        if not within:
            rows = self._read("document", "SELECT * FROM document ORDER BY id")
            self._require_rows("document", len(rows), header.documents)
            ids = self._ids_of(rows)
            self._require_rows("passage", len(ids), header.passages)
            return ids
        sources = self._read("source", SOURCES_WITHIN, (json.dumps(list(within)),))
        documents = sorted({row["document"] for row in sources if row["document"] is not None})
        rows = []
        for batch in batches(documents):
            sql = f"SELECT * FROM document WHERE id IN ({listed(batch)})"
            rows += self._read("document", sql)
        self._require_rows("document", len(rows), len(documents))
        return self._ids_of(rows)

    def _ids_of(self, documents: Sequence[sqlite3.Row]) -> Ids:
        """Ids of the passages of documents, sorted."""
        ranges = [passage_range(row) for row in documents]
        found = [np.arange(ids.start, ids.stop, dtype=np.int64) for ids in ranges]
        return np.sort(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)

    def vectors(self, ids: Ids) -> Iterator[tuple[Ids, Vectors]]:
        """The vectors of those passages, in batches of (ids ``(n,)``, vectors ``(n, dim)``)."""
        dimension = self.header.dimension
        for batch in batches(ids.tolist(), 10_000):
            sql = f"SELECT * FROM vector WHERE passage IN ({listed(batch)})"
            rows = self._read("vector", sql)
            if len(rows) != len(batch):
                raise damaged(self.path, f"lacks {len(batch) - len(rows)} vectors")
            with self._parsing("vector"):
                block = b"".join([row["vector"] for row in rows])
                found = np.array([row["passage"] for row in rows], dtype=np.int64)
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
            # FTS5 stores no checksums: any number of its own tables can be something else.
            raise damaged(self.path, f"has a word index that cannot be read ({error})") from error

    def close(self) -> None:
        """Release the file."""
        self._words.close()
        self._connection.close()
