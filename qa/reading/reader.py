"""Reader: what finds the answer in the passages that were retrieved.

``Reader`` is what the pipeline knows. Its kinds are ``SpanReader``, ``SentenceReader`` and
``TableReader``; ``CombinedReader`` chooses between them by the question and what they find.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from qa.reading.question_type import asks_for_sentences, may_need_sentences
from qa.results import Hit

MIN_SPAN_CONFIDENCE = 0.5
"""Confidence from which a short span is enough for a question that may need sentences. Chosen by
hand; not fitted."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text in a hit.

    Attributes:
        hit: Position of the hit in the list that was read.
        start: Offset of its first character, into ``Document.text``.
        end: Offset behind its last character.
    """

    hit: int
    start: int
    end: int


def quoted(hits: Sequence[Hit], span: Span) -> str:
    """The characters of a span."""
    hit = hits[span.hit]
    return hit.text[span.start - hit.start : span.end - hit.start]


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """An answer found in the hits.

    Attributes:
        spans: Where it stands, the best place first.
        confidence: Estimated probability that it is right, 0 to 1.
        joined: Whether the spans are sentences that together make up the answer; else each of
            them gives the same answer.
        contradicted_by: Different answers of other documents, the likeliest first.
    """

    spans: tuple[Span, ...]
    confidence: float
    joined: bool = False
    contradicted_by: tuple["ReadAnswer", ...] = ()


class Reader(Protocol):
    """Finds the answer in the passages that were retrieved."""

    def read(self, question: str, hits: Sequence[Hit]) -> list[ReadAnswer]:
        """Different answers, the likeliest first."""
        ...


class CombinedReader:
    """Cells that are looked up, else short spans, and whole sentences where these cannot answer."""

    def __init__(self, spans: Reader, sentences: Reader, tables: Reader) -> None:
        self.spans = spans
        self.sentences = sentences
        self.tables = tables

    def read(self, question: str, hits: Sequence[Hit]) -> list[ReadAnswer]:
        """Different answers, the likeliest first."""
        if asks_for_sentences(question):
            return self.sentences.read(question, hits)
        spans = _with_lookup(self.tables.read(question, hits), self.spans.read(question, hits))
        span_is_enough = bool(spans) and spans[0].confidence >= MIN_SPAN_CONFIDENCE
        if span_is_enough or not may_need_sentences(question):
            return spans
        sentences = self.sentences.read(question, hits)[:1]
        return sorted([*sentences, *spans], key=lambda answer: -answer.confidence)


def _with_lookup(lookups: Sequence[ReadAnswer], spans: list[ReadAnswer]) -> list[ReadAnswer]:
    """The cell that was looked up before the spans, if it is the likelier answer."""
    if not lookups or (spans and spans[0].confidence >= lookups[0].confidence):
        return spans
    cell = lookups[0].spans[0]
    others = [answer for answer in spans if not _overlap(answer.spans[0], cell)]
    same = spans and len(others) < len(spans) and spans[0] not in others
    contradicted_by = spans[0].contradicted_by if same else ()
    return [replace(lookups[0], contradicted_by=contradicted_by), *others]


def _overlap(one: Span, other: Span) -> bool:
    return one.hit == other.hit and one.start < other.end and other.start < one.end
