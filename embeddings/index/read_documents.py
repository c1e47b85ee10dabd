"""Reading documents: the header, folders, files, and the documents with their text."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from sqlite3 import Row

from embeddings.document import Document
from embeddings.index.database import damaged
from embeddings.index.records import DocumentFacts, Header, Source
from embeddings.index.rows import facts_of, header_of, part_of, source_of
from embeddings.index.tables import Tables, batches, listed
from embeddings.parts import Part, joined_blocks, number_at


class DocumentReading(Tables):
    """Reads documents.

    Raises:
        IndexDamaged: What a method reads fails its checks.
    """

    @property
    def header(self) -> Header:
        """What the index was made with."""
        rows = self._read("header", "SELECT * FROM header")
        if not rows:
            raise damaged(self.path, "has no header")
        return header_of(rows[0])

    @property
    def generation(self) -> int:
        """Grows by one with each change of the passages."""
        return self.header.generation

    @property
    def version(self) -> int:
        """Differs whenever the database was written to through another connection."""
        return self._integers("PRAGMA data_version")[0]

    def folders(self) -> dict[str, Path]:
        """Location of each folder of the library, by its name in the library."""
        rows = self._read("folder", "SELECT * FROM folder ORDER BY name")
        return {row["name"]: Path(row["location"]) for row in rows}

    def sources(self, folder: str | None = None) -> dict[str, Source]:
        """Every file that was looked at, by its path; in one folder if it is named."""
        where, values = (" WHERE folder = ?", (folder,)) if folder is not None else ("", ())
        rows = self._read("source", f"SELECT * FROM source{where} ORDER BY path", values)
        if folder is None:
            self._require_rows("source", len(rows), self.header.sources)
        return {row["path"]: source_of(row) for row in rows}

    def document_id(self, sha256: str, format: str) -> int | None:
        """Id of the document with that content; none if it is not stored."""
        sql = "SELECT * FROM document WHERE sha256 = ? AND format = ?"
        found = self._read("document", sql, (sha256, format))
        return found[0]["id"] if found else None

    def document_at(self, path: str) -> int | None:
        """Id of the document at a path; none if there is none."""
        found = self._read("source", "SELECT * FROM source WHERE path = ?", (path,))
        return found[0]["document"] if found else None

    def documents(self, ids: Iterable[int] | None = None) -> dict[int, DocumentFacts]:
        """The documents with those ids that exist, by id; all if no ids are given."""
        if ids is None:
            chosen: Sequence[int] = self._integers("SELECT id FROM document ORDER BY id")
            self._require_rows("document", len(chosen), self.header.documents)
        else:
            chosen = sorted(set(ids))
        found: dict[int, DocumentFacts] = {}
        for batch in batches(chosen):
            sources: dict[int, list[Row]] = {id: [] for id in batch}
            where = f"document IN ({listed(batch)})"
            for row in self._read("source", f"SELECT * FROM source WHERE {where} ORDER BY path"):
                sources[row["document"]].append(row)
            where = f"id IN ({listed(batch)})"
            for row in self._read("document", f"SELECT * FROM document WHERE {where}"):
                with self._parsing("document"):
                    facts = facts_of(row, sources[row["id"]])
                if not facts.paths:
                    raise damaged(self.path, f"has lost the source of document {facts.id}")
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
        self._require_rows("part", len(parts), facts.parts)
        if len(text) != facts.characters:
            raise damaged(self.path, f"lacks some of the text of document {document}")
        return Document(
            facts.title,
            text,
            joined_blocks(parts),
            facts.page_starts,
            facts.page_labels,
            facts.not_read,
        )

    def part(self, facts: DocumentFacts, number: int | None, offset: int) -> tuple[int, Part]:
        """A part of a document, and its number.

        Args:
            facts: Of the document.
            number: Of the part, from 0, of too high a number the last; the one that holds
                ``offset`` if it is left out.
            offset: Into ``Document.text``.
        """
        sql = "SELECT start FROM part WHERE document = ? ORDER BY start"
        starts = self._integers(sql, (facts.id,))
        self._require_rows("part", len(starts), facts.parts)
        if number is None:
            number = number_at(starts, offset)
        number = min(number, len(starts) - 1)
        sql = "SELECT * FROM part WHERE document = ? AND start = ?"
        parts = self._parts(sql, (facts.id, starts[number]))
        self._require_rows("part", len(parts), 1)
        return number, parts[0]

    def _parts(self, sql: str, values: Sequence[object]) -> list[Part]:
        with self._parsing("part"):
            return [part_of(row) for row in self._read("part", sql, values)]

    def text(self, document: int, start: int, end: int) -> str:
        """``Document.text[start:end]``, without reading the rest."""
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
