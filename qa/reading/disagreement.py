"""Disagreement: what other documents say to a question than the one that was answered from.

The confidence of an answer is lower where another one competes with it. What a document says is
therefore judged as if no other had been read: the spans are those that were read anyway, so that
this costs no second reading.
"""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Self

from qa.reading.agreement import agree, statement
from qa.reading.calibration import SPAN_FEATURES, Calibration
from qa.reading.lists import asks_for_list
from qa.reading.reader import Found, ReadAnswer, Span, answer_features, answers_of, quoted
from qa.reading.repeated import without
from qa.results import Hit
from qa.text import stem, stems, terms

LEAST_ALONE = 0.35
"""Confidence from which a document, read alone, is taken to answer the question."""

LEAST_OF_WORDS = 0.2
"""Confidence, among all answers, from which one that is neither a number nor a name is told: "the
old hall" for "the market" may be another way to say it. Fitted on 150 questions that training held
back of SQuAD: with it 1.5% of their answers are contradicted though nothing is forged, without it
3.1%; of documents that were forged for them as many are told. On 100 questions of its development
set, looked at afterwards, 4 of 82 answers are contradicted."""

MOST_TOLD = 3
"""Answers that are told beside the first one."""

_KIND = re.compile(r"\b(?:what|which)\s+(\w+)", re.I)
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_WORD_AND_NUMBER = re.compile(r"([^\W\d_]+)\W{1,3}(\d+(?:\.\d+)*)")

_AHEAD = SPAN_FEATURES.index("ahead")


@dataclass(frozen=True, slots=True)
class Alone:
    """What one document says, read alone.

    Attributes:
        document: Its id.
        places: Where it says so, the best place first.
        text: The quote.
        confidence: That it would have, were nothing else in the library.
    """

    document: int
    places: tuple[Span, ...]
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a passage that answers has of the question: what another must have to contradict it.

    Attributes:
        words: Of the question, as stems.
        numbered: Words of its headings with the numbers behind them that the question names.
    """

    words: Set[str]
    numbered: Mapping[str, Set[str]]

    @classmethod
    def of(cls, question: str, hit: Hit) -> Self:
        """Of a passage that answers."""
        # Who writes the question down has not yet said anything about it.
        told = stems(without(question, _text(hit)))
        # "Colour" in "What colour is it?" says what is asked for: "green" need not stand beside it.
        kinds = {stem(word) for word in _KIND.findall(question)}
        words = ({stem(term) for term in terms(question)} - kinds) & told
        asked = set(_NUMBER.findall(question))
        numbered = {
            word: found for word, numbers in _numbered(hit).items() if (found := numbers & asked)
        }
        return cls(words, numbered)

    def is_of(self, hit: Hit) -> bool:
        """Whether another passage is about the same.

        One of "version 3" may well speak of version 2, and yet not say what that says.
        """
        if not self.words <= stems(_text(hit)):
            return False
        others = _numbered(hit)
        return all(
            word not in others or others[word] & self.numbered[word] for word in self.numbered
        )


def contradictions(
    question: str,
    hits: Sequence[Hit],
    found: Found,
    calibration: Calibration,
    read: Sequence[ReadAnswer],
) -> tuple[ReadAnswer, ...]:
    """What other documents say instead of the first answer, the likeliest first.

    Args:
        question: As asked.
        hits: The passages.
        found: Their spans.
        calibration: Of the model that found them.
        read: The answers, at least one, the first of which is to be contradicted.
    """
    first = read[0]
    said = quoted(hits, first.spans[0])
    if asks_for_list(question) and statement(said).kind != "number":
        return ()  # Several answers can be right at once.
    here = {hits[span.hit].document for span in first.spans}
    others = [
        alone(hits, found, calibration, document)
        for document in dict.fromkeys(hit.document for hit in hits)
        if document not in here
    ]
    subject = _Subject.of(question, hits[first.spans[0].hit])
    against = [
        other
        for other in others
        if other is not None
        and other.confidence >= LEAST_ALONE
        and differs(other.text, said)
        and subject.is_of(hits[other.places[0].hit])
    ]
    together = _together(against, read)
    if statement(said).kind == "words":
        together = tuple(one for one in together if one.confidence >= LEAST_OF_WORDS)
    return together[:MOST_TOLD]


def differs(one: str, other: str) -> bool:
    """Whether two answers give different things of one kind.

    >>> differs("2013", "2009"), differs("2013", "in 2013"), differs("2013", "Astana")
    (True, False, False)
    """
    return statement(one).kind == statement(other).kind and not agree(one, other)


def alone(
    hits: Sequence[Hit], found: Found, calibration: Calibration, document: int
) -> Alone | None:
    """What a document says, as if it alone had been read; none if nothing was found in it.

    Args:
        hits: The passages of all documents.
        found: Their spans.
        calibration: Of the model that found them.
        document: Its id.
    """
    own = [at for at, span in enumerate(found.spans) if hits[span.hit].document == document]
    if not own:
        return None
    features = found.features[own]
    scores = {at: hit.score for at, hit in enumerate(hits) if hit.document == document}
    for row, at in enumerate(own):
        mine = found.spans[at].hit
        others = max((score for hit, score in scores.items() if hit != mine), default=0.0)
        features[row, _AHEAD] = scores[mine] - others
    spans = [found.spans[at] for at in own]
    only = Found(spans, [found.said[at] for at in own], features)
    logits = calibration.span_logits(features)
    best = answers_of(only, logits)[0]
    places = tuple(spans[at] for at in best.places)
    confidence = calibration.confidence(answer_features(only, logits, best))
    return Alone(document, places, quoted(hits, places[0]), confidence)


def _numbered(hit: Hit) -> dict[str, set[str]]:
    """The words in the headings behind which numbers stand, and the numbers."""
    found: dict[str, set[str]] = {}
    for word, number in _WORD_AND_NUMBER.findall(hit.context):
        found.setdefault(stem(word), set()).add(number)
    return found


def _text(hit: Hit) -> str:
    """A passage with its headings."""
    return f"{hit.context} {hit.text}"


def _together(against: Sequence[Alone], read: Sequence[ReadAnswer]) -> tuple[ReadAnswer, ...]:
    """Those that agree with one another as one answer each, the surest first."""
    groups: list[list[Alone]] = []
    for one in sorted(against, key=lambda one: -one.confidence):
        group = next((group for group in groups if agree(group[0].text, one.text)), None)
        if group:
            group.append(one)
        else:
            groups.append([one])
    return tuple(
        ReadAnswer(tuple(one.places[0] for one in group), _confidence(group[0].places[0], read))
        for group in groups
    )


def _confidence(place: Span, read: Sequence[ReadAnswer]) -> float:
    """Of what stands there among all answers."""
    return next(
        (read_answer.confidence for read_answer in read if place in read_answer.spans),
        read[-1].confidence,
    )
