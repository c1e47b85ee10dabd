"""Candidates: the spans of all passages with their features, and the answers that they give.

Scores of spans are compared across passages without a softmax of each passage; equal answers of
several passages are one answer, which they support.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from embeddings.document import CELL_SEPARATOR
from qa.reading.calibration import AnswerFeatures, SpanFeatures
from qa.reading.lists import answer_list, lists
from qa.reading.other_statements import is_negated
from qa.reading.reader import Span
from qa.reading.repetition import repeats_question, repetitions
from qa.reading.spans import PassageSpan
from qa.results import Hit
from qa.text import STOP_WORDS, join_whitespace, normalise, search_terms, stem, stems, terms

MAX_ANSWERS = 12
"""Different answers that are returned; the confidence of later ones is near 0. Chosen by hand; not
fitted."""

MAX_LEAD = 6.0
"""Lead of a logit that counts as certain, also that of the only answer: the odds are 400 to 1.
Chosen by hand; the weight of the capped lead is fitted (``calibration.json``)."""

MAX_LOGIT_GAP = 3.0
"""An equal text whose logit is further behind the best place is not cited: its odds are a
twentieth, so the words stand there by chance. Chosen by hand; not fitted."""

_NUMBERED = re.compile(r"(?:\d+(?:\.\d+)*|[A-Z](?:\.\d+)+|[A-Z]|[IVXL]+)\.?\s+\S")
_SECTION = re.compile(
    r"(?:\A|(?<=\n\n))(?P<number>\d{1,3}(?:\.\d{1,3})*)\.?[ \t]+"
    r"(?P<title>[^\W\d_a-z][^\n.!?:;]{0,60})(?=\n\n)"
)
_WORD = re.compile(r"\w+")
_NAME_OR_NUMBER = re.compile(r"\b[A-Z][\w’'-]*|\d[\w.,]*\w|\d")


@dataclass(frozen=True, slots=True)
class CandidateSpans:
    """Spans of all hits; the four lists are parallel.

    Attributes:
        spans: All of them.
        normalised: The text of each, normalised: equal texts are equal answers.
        features: Of each.
        tables: ``table_of`` the passage of each.
    """

    spans: list[Span] = field(default_factory=list)
    normalised: list[str] = field(default_factory=list)
    features: list[SpanFeatures] = field(default_factory=list)
    tables: list[int | None] = field(default_factory=list)

    def add(
        self, span: Span, normalised: str, features: SpanFeatures, table: int | None = None
    ) -> None:
        """Append a span; arguments as the attributes."""
        self.spans.append(span)
        self.normalised.append(normalised)
        self.features.append(features)
        self.tables.append(table)

    def are_apart(self, at: int, place: int) -> bool:
        """Whether two spans stand in passages of which each can say the same by itself.

        Rows of a document's tables are about different things: equal cells do not agree.
        """
        in_one_table = self.tables[at] is not None and self.tables[at] == self.tables[place]
        return self.spans[at].hit != self.spans[place].hit and not in_one_table


@dataclass(frozen=True, slots=True)
class AnswerGroup:
    """One answer and the spans that give it.

    Attributes:
        places: Positions in ``CandidateSpans.spans``, the best first, one for each passage.
        lead: Its best logit above the best logit of the next different answer.
        support: Probabilities of its other places, summed.
    """

    places: list[int]
    lead: float
    support: float


def table_of(hit: Hit) -> int | None:
    """The document of the table whose rows a passage is; none if it is no row."""
    return hit.document if CELL_SEPARATOR in hit.text else None


def candidate_spans(
    question: str, hits: Sequence[Hit], passage_spans: Sequence[Sequence[PassageSpan]]
) -> CandidateSpans:
    """The spans of all hits with their features.

    Args:
        question: As asked.
        hits: The passages.
        passage_spans: The best spans of each.
    """
    candidates = CandidateSpans()
    rows = zip(hits, passage_spans, _hit_features(question, hits), strict=True)
    sections: dict[int, set[str]] = defaultdict(set)
    for hit in hits:
        sections[hit.document] |= {found["number"] for found in _SECTION.finditer(hit.text)}
    for at, (hit, in_passage, hit_features) in enumerate(rows):
        repeated = repetitions(question, hit.text)
        in_hit = list(lists(hit.text, hit.context))
        for span in in_passage:
            start, end = span.start, span.end
            if any(first < end and start < last for first, last in repeated):
                continue  # What repeats the question does not answer it.
            if _is_numbered_heading(hit, start, end):
                continue
            if _is_section_number(hit, start, end, sections[hit.document]):
                continue
            if is_negated(question, hit.text, start, end):
                continue
            if repeats_question(question, hit.text[start:end]):
                continue
            if around := answer_list(question, in_hit, start, end):
                start, end = around
            candidates.add(
                Span(at, hit.start + start, hit.start + end),
                normalise(hit.text[start:end]),
                SpanFeatures(
                    margin=span.margin,
                    answerable=span.answerable,
                    sharpness=span.sharpness,
                    **hit_features,
                ),
                table_of(hit),
            )
    return candidates


def group_answers(candidates: CandidateSpans, logits: NDArray[np.float64]) -> list[AnswerGroup]:
    """The different answers, best first. A span that overlaps a better one is not different.

    Args:
        candidates: The spans.
        logits: ``(len(spans),)``, of each being right.
    """
    order = sorted(range(len(candidates.spans)), key=lambda at: (-logits[at], at))
    places: dict[str, list[int]] = {}
    for at in order:
        text, span = candidates.normalised[at], candidates.spans[at]
        if text in places:
            near = logits[at] >= logits[places[text][0]] - MAX_LOGIT_GAP
            if near and all(candidates.are_apart(at, place) for place in places[text]):
                places[text].append(at)
        elif len(places) < MAX_ANSWERS:
            earlier = (candidates.spans[place] for equal in places.values() for place in equal)
            if not any(map(span.overlaps, earlier)):
                places[text] = [at]
    best = [float(logits[equal[0]]) for equal in places.values()]
    groups: list[AnswerGroup] = []
    for rank, equal in enumerate(places.values()):
        others = best[:rank] + best[rank + 1 :]
        lead = best[rank] - max(others, default=best[rank] - MAX_LEAD)
        support = float(sum(1 / (1 + np.exp(-logits[place])) for place in equal[1:]))
        groups.append(AnswerGroup(equal, min(lead, MAX_LEAD), support))
    return groups


def answer_features(candidates: CandidateSpans, answer: AnswerGroup) -> AnswerFeatures:
    """The features of an answer."""
    best = answer.places[0]
    words = len(candidates.normalised[best].split())
    return AnswerFeatures(
        **asdict(candidates.features[best]),
        lead=answer.lead,
        support=answer.support,
        length=float(np.log1p(words)),
    )


def _is_numbered_heading(hit: Hit, start: int, end: int) -> bool:
    """Whether a span is all of a heading with its number, which names a section and says nothing.

    A heading that says something, such as "2.4.0 (11 March 2025)", is quoted in part.
    """
    span = join_whitespace(hit.text[start:end])
    return span in hit.headings and bool(_NUMBERED.match(span))


def _is_section_number(hit: Hit, start: int, end: int, sections: Set[str]) -> bool:
    """Whether a span is the number of a heading, also of one that is set as a paragraph.

    Args:
        hit: With the span.
        start: Offset of its first character, into the passage.
        end: Offset behind its last one.
        sections: What may be such numbers in the passages of the document: a number alone is one
            where the next or the one before it is there, too. "42 Employees" is none.
    """
    heading = _SECTION.match(hit.text, start)
    if heading is None or end > heading.start("title"):
        return False
    number = heading["number"]
    return "." in number or not sections.isdisjoint((str(int(number) - 1), str(int(number) + 1)))


def _hit_features(question: str, hits: Sequence[Hit]) -> Iterator[dict[str, float]]:
    """The features that all spans of a hit share, for each hit."""
    question_stems = [stem(term) for term in terms(question)]
    names = [
        stem(word)
        for name in _NAME_OR_NUMBER.findall(question)
        for word in _WORD.findall(name.lower())
        if word not in STOP_WORDS
    ]
    searched = max(1, len(search_terms(question)))
    for hit in hits:
        hit_stems = stems(f"{hit.context} {hit.shown.text}")
        best_other = max((other.score for other in hits if other is not hit), default=0.0)
        yield {
            "hit": hit.score,
            "ahead": hit.score - best_other,
            "cosine": hit.vector_score,
            "bm25": hit.word_score / searched,
            "words": _share(question_stems, hit_stems),
            "names": _share(names, hit_stems),
        }


def _share(words: Sequence[str], text_stems: Set[str]) -> float:
    """Share of the words that are in a text; 1 if there are no words."""
    return sum(word in text_stems for word in words) / len(words) if words else 1.0
