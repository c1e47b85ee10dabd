"""Reader: from the passages to the spans that may answer, compared across passages.

``Reader`` is what the pipeline knows; its kinds stand in ``span_reader`` and ``sentence_reader``.
"""

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qa.reading.base import Logits, SpanModel
from qa.reading.calibration import SPAN_FEATURES
from qa.reading.lists import asks_for_list, whole_list
from qa.reading.repeated import places
from qa.reading.spans import best_spans
from qa.reading.windows import Window
from qa.results import Hit
from qa.text import STOP_WORDS, normalise, search_terms, stem, stems, terms

SPANS_READ = 8
"""Spans of each passage that are compared with those of the others."""

_WORD = re.compile(r"\w+")
_TELLING = re.compile(r"\b[A-Z][\w’'-]*|\d[\w.,]*\w|\d")


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
        joined: Whether the spans are sentences that answer together; else each of them says
            the same.
        contradicted_by: What other documents say to the question instead, the likeliest first.
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


@dataclass(frozen=True, slots=True)
class Found:
    """Spans of all hits with what is known of them.

    Attributes:
        spans: All of them.
        said: What each says, normalised: equal answers say the same.
        features: ``(len(spans), len(SPAN_FEATURES))``.
    """

    spans: list[Span]
    said: list[str]
    features: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PassageSpan:
    """A span of a passage's text with what the model says of it.

    Attributes:
        start: Offset of its first character, into the passage's text.
        end: Offset behind its last character.
        margin: Its score above the null span's of its window.
        answerable: Logit of there being an answer in its window.
        sharpness: Log-probability among the best spans of the passage.
    """

    start: int
    end: int
    margin: float
    answerable: float
    sharpness: float


def read_passages(
    model: SpanModel, pairs: Sequence[tuple[str, str]], headings: Sequence[str]
) -> list[list[PassageSpan]]:
    """The best spans of each passage, best first.

    Args:
        model: To read with.
        pairs: Questions and passages.
        headings: What is read before each passage, to know what it is about.
    """
    cut = model.window_tokenizer.split(pairs, headings)
    by_passage: list[list[tuple[Window, Logits]]] = [[] for _ in pairs]
    for window, logits in zip(cut, model.read(cut), strict=True):
        by_passage[window.passage].append((window, logits))
    return [_in_passage(read, text) for read, (_, text) in zip(by_passage, pairs, strict=True)]


def compare(question: str, hits: Sequence[Hit], read: Sequence[Sequence[PassageSpan]]) -> Found:
    """The spans of all hits with the features that tell them apart.

    Args:
        question: As asked.
        hits: The passages.
        read: The best spans of each.
    """
    spans: list[Span] = []
    said: list[str] = []
    rows: list[tuple[float, ...]] = []
    several = asks_for_list(question)
    each = zip(hits, read, _of_hits(question, hits), strict=True)
    for at, (hit, in_passage, about) in enumerate(each):
        asked_again = places(question, hit.text)
        for one in in_passage:
            start, end = one.start, one.end
            if any(first < end and start < last for first, last in asked_again):
                continue  # What repeats the question does not answer it.
            if several:
                start, end = whole_list(hit.text, start, end)
            spans.append(Span(at, hit.start + start, hit.start + end))
            said.append(normalise(hit.text[start:end]))
            rows.append((one.margin, one.answerable, one.sharpness, *about))
    return Found(spans, said, np.array(rows).reshape(-1, len(SPAN_FEATURES)))


MAX_ANSWERS = 12
"""Different answers that are told apart; the rest are hopeless."""

MOST_LEAD = 6.0
"""Where one logit leads by so much, more means nothing."""

MOST_BEHIND = 3.0
"""A place whose logit is further behind that of the best one holds the same words by chance."""


@dataclass(frozen=True, slots=True)
class FoundAnswer:
    """One answer and where it was found.

    Attributes:
        places: Positions in ``Found.spans``, the best first, one for each passage.
        lead: Its best logit above the best logit of the next different answer.
        support: Probabilities of its other places, summed.
    """

    places: list[int]
    lead: float
    support: float


def answers_of(found: Found, logits: NDArray[np.float64]) -> list[FoundAnswer]:
    """The different answers, best first. A span that overlaps a better one is not different.

    Args:
        found: The spans.
        logits: ``(len(spans),)``, of each being right.
    """
    order = sorted(range(len(found.spans)), key=lambda at: (-logits[at], at))
    places: dict[str, list[int]] = {}
    for at in order:
        said = found.said[at]
        if said in places:
            near = logits[at] >= logits[places[said][0]] - MOST_BEHIND
            if near and all(
                found.spans[at].hit != found.spans[place].hit for place in places[said]
            ):
                places[said].append(at)
        elif len(places) < MAX_ANSWERS and not _overlaps(found, at, places):
            places[said] = [at]
    best = [float(logits[equal[0]]) for equal in places.values()]
    answers: list[FoundAnswer] = []
    for rank, equal in enumerate(places.values()):
        others = best[:rank] + best[rank + 1 :]
        lead = best[rank] - max(others, default=best[rank] - MOST_LEAD)
        support = float(sum(1 / (1 + np.exp(-logits[other])) for other in equal[1:]))
        answers.append(FoundAnswer(equal, min(lead, MOST_LEAD), support))
    return answers


def answer_features(
    found: Found, logits: NDArray[np.float64], answer: FoundAnswer
) -> tuple[float, ...]:
    """The ``ANSWER_FEATURES`` of an answer."""
    best = answer.places[0]
    words = len(found.said[best].split())
    return (*found.features[best], answer.lead, answer.support, float(np.log1p(words)))


def _overlaps(found: Found, at: int, places: dict[str, list[int]]) -> bool:
    span = found.spans[at]
    taken = (found.spans[other] for others in places.values() for other in others)
    return any(
        one.hit == span.hit and one.start < span.end and span.start < one.end for one in taken
    )


def _in_passage(read: Sequence[tuple[Window, Logits]], text: str) -> list[PassageSpan]:
    best: dict[tuple[int, int], tuple[float, float]] = {}
    for window, logits in read:
        for span in best_spans(logits.starts, logits.ends, window, text, SPANS_READ):
            margin = span.score - logits.null
            there = margin if logits.answerable is None else logits.answerable
            place = (span.start, span.end)
            # Windows overlap: the one that sees more of what is around a span knows it better.
            if place not in best or best[place][0] < margin:
                best[place] = (margin, there)
    ordered = sorted(best.items(), key=lambda one: (-one[1][0], one[0]))[:SPANS_READ]
    margins = np.array([margin for _, (margin, _) in ordered])
    total = float(np.logaddexp.reduce(margins)) if ordered else 0.0
    return [
        PassageSpan(start, end, margin, there, margin - total)
        for (start, end), (margin, there) in ordered
    ]


def _of_hits(question: str, hits: Sequence[Hit]) -> Iterator[tuple[float, ...]]:
    """The features of each hit, those of ``SPAN_FEATURES`` from ``hit`` on."""
    asked = [stem(term) for term in terms(question)]
    words = [word for one in _TELLING.findall(question) for word in _WORD.findall(one.lower())]
    telling = [stem(word) for word in words if word not in STOP_WORDS]
    searched = max(1, len(search_terms(question)))
    for hit in hits:
        here = stems(f"{hit.context} {hit.text}")
        others = max((one.score for one in hits if one is not hit), default=0.0)
        yield (
            hit.score,
            hit.score - others,
            hit.vector_score,
            hit.word_score / searched,
            _share(asked, here),
            _share(telling, here),
        )


def _share(words: Sequence[str], here: Set[str]) -> float:
    """Share of the words that are here; all of them if there are none."""
    return sum(word in here for word in words) / len(words) if words else 1.0
