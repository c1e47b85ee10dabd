"""Writing documents: folders, files, and the documents with their passages and vectors."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from embeddings.document import Document
from embeddings.index.read_passages import PassageReading
from embeddings.index.records import Source
from embeddings.index.rows import part_columns, passage_range, source_columns
from embeddings.index.sections import Section, difference, in_full
from embeddings.models.encoder import Vectors
from embeddings.parts import parts_of
from embeddings.passages import Passage


class DocumentWriting(PassageReading):
    """Writes documents; all methods are called inside a transaction."""

    def put_folder(self, name: str, location: Path) -> None:
        """Add a folder to the library."""
        self._insert("folder", name=name, location=str(location))

    def move_folder(self, name: str, location: Path) -> None:
        """Give a folder another location; its sources stay as they are."""
        # Its row is written anew; until then its sources have no folder.
        self._execute("PRAGMA defer_foreign_keys = ON")
        self.drop_folder(name)
        self.put_folder(name, location)

    def drop_folder(self, name: str) -> None:
        """Remove a folder that has no sources."""
        self._delete("folder", "name = ?", (name,))

    def put_source(self, source: Source) -> None:
        """Store what a file holds, in place of what it held before."""
        before = self.document_at(source.path)
        self._delete("source", "path = ?", (source.path,))
        self._insert("source", **source_columns(source))
        if before != source.document:
            self._drop_if_orphan(before)
            sha256 = None if source.document is None else source.sha256
            self._changes.paths[source.path] = sha256

    def drop_source(self, path: str) -> None:
        """Remove a file, and its document if no other file has the same content."""
        before = self.document_at(path)
        self._delete("source", "path = ?", (path,))
        self._drop_if_orphan(before)
        self._changes.paths[path] = None

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
            id=id,
            sha256=sha256,
            format=format,
            title=document.title,
            page_starts=json.dumps(document.page_starts),
            page_labels=json.dumps(document.page_labels, ensure_ascii=False),
            not_read=json.dumps(document.not_read, ensure_ascii=False),
            indexed_at=datetime.now(UTC).isoformat(timespec="seconds"),
            first_passage=first,
            passages=len(passages),
            characters=len(document.text),
            parts=len(parts),
        )
        for part in parts:
            self._insert("part", **part_columns(id, part))
        sections = self._put_sections(id, passages)
        for passage_id, (passage, section, vector) in enumerate(
            zip(passages, sections, vectors, strict=True), first
        ):
            self._insert(
                "passage",
                id=passage_id,
                document=id,
                section=section,
                start=passage.start,
                end=passage.end,
                text=passage.text,
                page=passage.page,
            )
            self._insert("vector", passage=passage_id, vector=vector.astype("<f4").tobytes())
        return id

    def _put_sections(self, document: int, passages: Sequence[Passage]) -> Iterator[int]:
        """Ids of the passages' sections, each stored when its id is asked for."""
        id = self._next_id("section") - 1
        before: Section | None = None
        base: tuple[int, Section] | None = None
        for passage in passages:
            section = Section(passage.context, passage.headings, passage.columns)
            if section != before:
                id, before = id + 1, section
                stored = difference(section, base[1]) if base else None
                base_id = base[0] if base and stored else None
                if base_id is None:
                    base = id, section
                stored = stored or in_full(section)
                self._insert(
                    "section",
                    id=id,
                    document=document,
                    base=base_id,
                    context_kept=stored.context_kept,
                    context=stored.context,
                    headings_kept=stored.headings_kept,
                    headings=json.dumps(stored.headings, ensure_ascii=False),
                    columns=json.dumps(stored.columns, ensure_ascii=False),
                )
            yield id

    def _drop_if_orphan(self, document: int | None) -> None:
        used = self._rows("SELECT 1 FROM source WHERE document = ?", (document,))
        if document is None or used:
            return
        rows = self._read("document", "SELECT * FROM document WHERE id = ?", (document,))
        self._require_rows("document", len(rows), 1)
        ids = passage_range(rows[0])
        ends = ids.start, ids.stop - 1
        sections = self._rows(
            "SELECT min(section), max(section) FROM passage WHERE id BETWEEN ? AND ?", ends
        )
        self._delete("vector", "passage BETWEEN ? AND ?", ends)
        self._delete("passage", "id BETWEEN ? AND ?", ends)
        self._delete("section", "id BETWEEN ? AND ?", tuple(sections[0]))
        self._delete("part", "document = ?", (document,))
        self._delete("document", "id = ?", (document,))
