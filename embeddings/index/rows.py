"""Rows: from rows of the database, by the names of their columns, to records, and back.

The rows are verified: the checksum covers the types of the values as well.
"""

import json
from collections.abc import Sequence
from dataclasses import astuple
from sqlite3 import Row
from typing import Any

from embeddings.document import Block
from embeddings.index.records import DocumentFacts, Header, Source, StoredPassage
from embeddings.index.sections import Section, SectionDifference
from embeddings.models.encoder import EncoderModel
from embeddings.parts import Part, Piece
from embeddings.passages import Passage


def header_of(row: Row) -> Header:
    """A row of ``header``."""
    return Header(
        library=row["library"],
        encoder=EncoderModel(row["encoder"], row["encoder_digest"], row["max_tokens"]),
        dimension=row["dimension"],
        generation=row["generation"],
        stamp=row["stamp"],
        sources=row["sources"],
        documents=row["documents"],
        passages=row["passages"],
        digest=row["digest"],
    )


def header_columns(header: Header) -> dict[str, Any]:
    """The columns of ``header``, which has one row."""
    return {
        "id": 1,
        "library": header.library,
        "encoder": header.encoder.name,
        "encoder_digest": header.encoder.digest,
        "max_tokens": header.encoder.max_tokens,
        "dimension": header.dimension,
        "generation": header.generation,
        "stamp": header.stamp,
        "sources": header.sources,
        "documents": header.documents,
        "passages": header.passages,
        "digest": header.digest,
    }


def source_of(row: Row) -> Source:
    """A row of ``source``."""
    return Source(
        path=row["path"],
        folder=row["folder"],
        size=row["size"],
        mtime_ns=row["mtime_ns"],
        ctime_ns=row["ctime_ns"],
        checked_ns=row["checked_ns"],
        sha256=row["sha256"],
        document=row["document"],
        problem=row["problem"],
        set_aside=bool(row["set_aside"]),
    )


def source_columns(source: Source) -> dict[str, Any]:
    """The columns of ``source``."""
    return {
        "path": source.path,
        "folder": source.folder,
        "size": source.size,
        "mtime_ns": source.mtime_ns,
        "ctime_ns": source.ctime_ns,
        "checked_ns": source.checked_ns,
        "sha256": source.sha256,
        "document": source.document,
        "problem": source.problem,
        # SQLite has no booleans, and the checksum covers the type.
        "set_aside": int(source.set_aside),
    }


def facts_of(row: Row, sources: Sequence[Row]) -> DocumentFacts:
    """A row of ``document``, given those of ``source`` that hold it, sorted by path."""
    return DocumentFacts(
        id=row["id"],
        paths=tuple(source["path"] for source in sources),
        title=row["title"],
        sha256=row["sha256"],
        page_starts=tuple(json.loads(row["page_starts"])),
        page_labels=tuple(json.loads(row["page_labels"])),
        not_read=tuple(json.loads(row["not_read"])),
        indexed_at=row["indexed_at"],
        passages=row["passages"],
        characters=row["characters"],
        parts=row["parts"],
        modified_ns=tuple(source["mtime_ns"] for source in sources),
    )


def passage_range(document: Row) -> range:
    """Ids of the passages of a row of ``document``, which are consecutive."""
    first = document["first_passage"]
    return range(first, first + document["passages"])


def part_of(row: Row) -> Part:
    """A row of ``part``."""
    return Part(
        start=row["start"],
        text=row["text"],
        pieces=tuple(
            Piece(Block(*block), continued) for *block, continued in json.loads(row["pieces"])
        ),
    )


def part_columns(document: int, part: Part) -> dict[str, Any]:
    """The columns of ``part``."""
    pieces = [[*astuple(piece.block), piece.continued] for piece in part.pieces]
    return {
        "document": document,
        "start": part.start,
        "text": part.text,
        "pieces": json.dumps(pieces),
    }


def section_difference_of(row: Row) -> SectionDifference:
    """A row of ``section``."""
    return SectionDifference(
        context_kept=row["context_kept"],
        context=row["context"],
        headings_kept=row["headings_kept"],
        headings=tuple(json.loads(row["headings"])),
        columns=tuple(json.loads(row["columns"])),
    )


def passage_of(row: Row, section: Section) -> StoredPassage:
    """A row of ``passage``, given its section."""
    passage = Passage(
        start=row["start"],
        end=row["end"],
        text=row["text"],
        context=section.context,
        headings=section.headings,
        columns=section.columns,
        page=row["page"],
    )
    return StoredPassage(row["id"], row["document"], passage)
