"""Reader: what finds the answer in the passages that were retrieved.

``Reader`` is what the pipeline knows. Its kinds are ``SpanReader``, ``SentenceReader`` and
``TableReader``; ``CombinedReader`` chooses between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from qa.results import Hit


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

    def overlaps(self, other: "Span") -> bool:
        """Whether both have a character in common."""
        return other.hit == self.hit and other.start < self.end and self.start < other.end


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
