"""Reader: from the passages to the span that answers.

``Reader`` is what answering knows. ``SentenceReader`` answers with a whole sentence: it
compares each sentence of the hits with the question, by meaning and by words, and estimates
the probability that it is the answer with a logistic model.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import Encoder
from embeddings.sentences import sentence_spans
from qa.answer import Hit
from qa.words import stem, stems, terms


@dataclass(frozen=True, slots=True)
class Span:
    """An answer found in a hit.

    Attributes:
        hit: Position of the hit in the list that was read.
        start: Offset of its first character, into ``Document.text``.
        end: Offset behind its last character.
        confidence: Estimated probability that it answers the question, 0 to 1.
    """

    hit: int
    start: int
    end: int
    confidence: float


class Reader(Protocol):
    """Finds the answer in the passages that were retrieved."""

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        """Spans that may answer the question, best first, none inside another."""
        ...


FEATURES = ("meaning", "words", "kind", "hit")
"""What is known about a sentence: the cosine of its and the question's vectors, the share of
the question's words that it or its headings hold, whether it holds the kind of thing asked
for, and the score of its hit."""

# Fitted by `python -m qa.calibrate`, which says on what.
WEIGHTS = (2.87, 3.45, 0.45, 6.45)
BIAS = -9.10

_QUANTITY = re.compile(r"\bhow (many|much|long|often|far|old|large|big|high)\b|\bnumber of\b", re.I)
_TIME = re.compile(r"\bwhen\b|\b(what|which) (year|date|day|month|time|century)\b", re.I)
_NAME = re.compile(r"\b(who|whom|whose|where)\b|\bwhat (city|country|place|company|person)\b", re.I)
_NUMBER = re.compile(
    r"\d|\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|hundreds?|thousands?|"
    r"millions?|billions?|dozens?|half|none|several)\b",
    re.I,
)
_DATE = re.compile(
    r"\d{3,4}|\b(january|february|march|april|may|june|july|august|september|october|november|"
    r"december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|century|today|"
    r"yesterday|annually)\b",
    re.I,
)
_PROPER_NAME = re.compile(r"(?<!^)(?<![.!?]\s)\b[A-Z]\w+")


class SentenceReader:
    """Answers with the sentence that fits the question best."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        """Each sentence of the hits with its probability, best first."""
        spans = [
            (at, hit.start + start, hit.start + end)
            for at, hit in enumerate(hits)
            for start, end in answer_units(hit.text)
        ]
        features = self.features(question, hits, spans)
        probabilities = 1 / (1 + np.exp(-(features @ np.array(WEIGHTS) + BIAS)))
        read = [
            Span(*span, confidence=float(probability))
            for span, probability in zip(spans, probabilities, strict=True)
        ]
        return sorted(read, key=lambda span: (-span.confidence, span.hit, span.start))

    def features(
        self, question: str, hits: Sequence[Hit], spans: Sequence[tuple[int, int, int]]
    ) -> NDArray[np.float64]:
        """``(len(spans), len(FEATURES))``: how each sentence fits the question.

        Args:
            question: As asked.
            hits: The passages read.
            spans: (position of the hit, start, end) of each sentence.
        """
        texts = [
            hits[at].text[start - hits[at].start : end - hits[at].start] for at, start, end in spans
        ]
        # The headings say what a sentence is about that only says "it".
        in_context = [
            f"{hits[at].context}\n{text}" for (at, _, _), text in zip(spans, texts, strict=True)
        ]
        vector = self.encoder.encode([question], role="question")[0]
        cosines = self.encoder.encode(in_context) @ vector
        asked = [stem(term) for term in terms(question)]
        found = np.zeros((len(spans), len(FEATURES)))
        for row, ((at, _, _), text) in enumerate(zip(spans, in_context, strict=True)):
            here = stems(text)
            share = sum(word in here for word in asked) / len(asked) if asked else 0.0
            found[row] = (cosines[row], share, fits_kind(question, texts[row]), hits[at].score)
        return found


def answer_units(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a passage stand; each line of a list or table is one."""
    units: list[tuple[int, int]] = []
    for start, end in sentence_spans(text):
        line_start = start
        for line in text[start:end].splitlines(keepends=True):
            stripped = line.strip()
            if stripped:
                at = line_start + line.index(stripped)
                units.append((at, at + len(stripped)))
            line_start += len(line)
    return units


def fits_kind(question: str, sentence: str) -> float:
    """Whether the sentence holds the kind of thing asked for: 1 yes, 0 no, 0.5 unknown kind.

    >>> fits_kind("When was it founded?", "It was founded in 2013.")
    1.0
    >>> fits_kind("When was it founded?", "It has many members.")
    0.0
    """
    for asks, holds in ((_QUANTITY, _NUMBER), (_TIME, _DATE), (_NAME, _PROPER_NAME)):
        if asks.search(question):
            return float(bool(holds.search(sentence)))
    return 0.5
