"""About: what can be said of a document without reading it: outline, length, central sentences.

All words are the document's own. Its central sentences are those nearest to its centroid, the
mean of its passages' vectors: Radev et al., "Centroid-based summarization of multiple documents",
Information Processing & Management 40 (2004), with vectors of sentences in place of counted words
as in Rossiello et al., "Centroid-based Text Summarization through Compositionality of Word
Embeddings", MultiLing 2017, whose way of leaving out what repeats is used, too.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from embeddings.document import Block, Document, page_at
from embeddings.files.formats import named_format
from embeddings.index.protocols import Contents, SearchIndex
from embeddings.index.records import DocumentFacts, StoredPassage
from embeddings.models.encoder import Encoder, Vectors
from embeddings.sentences import iter_sentences
from qa.results import page_name

SENTENCES = 3
"""Central sentences of a document."""

PASSAGES = 16
"""Passages nearest to the centroid whose sentences are compared. Chosen by hand."""

MAX_ENCODED = 48
"""Sentences that are encoded, in a third of a second. Chosen by hand."""

SHORTEST, LONGEST = 40, 400
"""Characters of a sentence that can be central. Chosen by hand."""

ALIKE = 0.9
"""Cosine from which a sentence repeats another. Chosen by hand."""

MAX_HEADINGS = 500
"""Headings of the outline; those beyond are counted. Chosen by hand."""

_ENDINGS = (".", "!", "?", "…", "。", "！", "？", "؟", "।")


@dataclass(frozen=True, slots=True)
class Place:
    """Words of a document, ``Document.text[start:end]``.

    Attributes:
        text: Of the document.
        start: Offset of the first character.
        end: Offset behind the last character.
        page: On which they begin, as ``page_name`` words it; empty without pages.
        level: Of a heading, 1 to 6; 0 of a sentence.
    """

    text: str
    start: int
    end: int
    page: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a document.

    Attributes:
        path: In the library.
        title: Of the document.
        sha256: Of its file.
        kind: Of its file, such as "PDF"; empty if it is not known any more.
        characters: Of its text.
        passages: Number of passages.
        pages: Number of pages; 0 where its format has none.
        dated: Day on which the file was changed last, ISO 8601, UTC; empty if unknown.
        indexed_at: ISO 8601, UTC.
        not_read: What the file holds and its text does not, as in ``Document``.
        headings: Its outline, at most ``MAX_HEADINGS``.
        more_headings: Number of the others.
        sentences: Its most central sentences, in the document's order.
    """

    path: str
    title: str
    sha256: str
    kind: str
    characters: int
    passages: int
    pages: int
    dated: str
    indexed_at: str
    not_read: tuple[str, ...]
    headings: tuple[Place, ...]
    more_headings: int
    sentences: tuple[Place, ...]


def about(index: SearchIndex, encoder: Encoder, path: str) -> About | None:
    """What is known of the document at a library path; none if there is none.

    Args:
        index: That holds it.
        encoder: Of the index; some dozens of sentences are encoded.
        path: In the library.

    Raises:
        IndexDamaged: What is stored fails its checks.
    """
    facts = index.facts(path)
    if facts is None:
        return None
    with index.contents() as contents:
        # It may have been removed meanwhile.
        if facts.id not in contents.documents([facts.id]):
            return None
        document = contents.document(facts.id)
        sentences = _central_sentences(contents, encoder, facts, document)
    headings = [block for block in document.blocks if block.kind == "heading"]
    format = named_format(Path(path))
    return About(
        path=path,
        title=facts.title_at(path),
        sha256=facts.sha256,
        kind=format.name if format else "",
        characters=facts.characters,
        passages=facts.passages,
        pages=len(facts.page_starts),
        dated=_day(facts.modified_ns[facts.paths.index(path)]),
        indexed_at=facts.indexed_at,
        not_read=facts.not_read,
        headings=tuple(
            _place(document, block.start, block.end, block.level)
            for block in headings[:MAX_HEADINGS]
        ),
        more_headings=max(0, len(headings) - MAX_HEADINGS),
        sentences=sentences,
    )


def _place(document: Document, start: int, end: int, level: int = 0) -> Place:
    page = page_at(document.page_starts, start)
    label = document.page_labels[page - 1] if page and document.page_labels else ""
    return Place(document.text[start:end], start, end, page_name(page, label), level)


def _day(modified_ns: int) -> str:
    try:
        return datetime.fromtimestamp(modified_ns / 1e9, UTC).date().isoformat()
    except (OverflowError, OSError, ValueError):
        return ""


def _central_sentences(
    contents: Contents, encoder: Encoder, facts: DocumentFacts, document: Document
) -> tuple[Place, ...]:
    """The sentences nearest to the document's centroid that do not repeat each other."""
    passages = contents.passages_of(facts.id)
    if not passages:
        return ()
    ids = np.array([stored.id for stored in passages], dtype=np.int64)
    total = np.zeros(0, dtype=np.float64)
    for _, vectors in contents.vectors(ids):
        total = vectors.sum(axis=0, dtype=np.float64) + (total if total.size else 0)
    length = float(np.linalg.norm(total))
    if not length:
        return ()
    centroid = (total / length).astype(np.float32)
    scores = {
        int(id): float(score)
        for found, vectors in contents.vectors(ids)
        for id, score in zip(found, vectors @ centroid, strict=True)
    }
    nearest = sorted(passages, key=lambda stored: (-scores[stored.id], stored.id))
    spans = list(dict.fromkeys(_sentences(nearest, document)))[:MAX_ENCODED]
    if not spans:
        return ()
    vectors = encoder.encode([document.text[start:end] for start, end in spans])
    order = sorted(range(len(spans)), key=lambda at: (-float(vectors[at] @ centroid), spans[at]))
    chosen = _unlike(order, vectors)
    return tuple(_place(document, *span) for span in sorted(spans[at] for at in chosen))


def _unlike(order: Sequence[int], vectors: Vectors) -> list[int]:
    """The first of these sentences that are not like one before."""
    chosen: list[int] = []
    for at in order:
        if all(float(vectors[at] @ vectors[other]) < ALIKE for other in chosen):
            chosen.append(at)
        if len(chosen) == SENTENCES:
            break
    return chosen


def _sentences(nearest: Sequence[StoredPassage], document: Document) -> Iterator[tuple[int, int]]:
    """The sentences of running text in the first of these passages that have any."""
    starts = [block.start for block in document.blocks]
    used = 0
    for stored in nearest:
        if used == PASSAGES:
            return
        passage = stored.passage
        first = max(0, bisect_right(starts, passage.start) - 1)
        found = False
        for block in document.blocks[first:]:
            if block.start >= passage.end:
                break
            for span in _of_block(block, document.text, passage.start, passage.end):
                found = True
                yield span
        used += found


def _of_block(block: Block, text: str, begin: int, stop: int) -> Iterator[tuple[int, int]]:
    """The whole sentences of a block between two offsets; of running text alone."""
    if block.kind not in ("paragraph", "list"):
        return
    begin, stop = max(begin, block.start), min(stop, block.end)
    for start, end in iter_sentences(text[begin:stop]):
        sentence = text[begin + start : begin + end]
        if (
            SHORTEST <= len(sentence) <= LONGEST
            and "\n" not in sentence
            and sentence.rstrip("\"'”’»)]").endswith(_ENDINGS)
            and sentence[0].isalnum()
        ):
            yield begin + start, begin + end
