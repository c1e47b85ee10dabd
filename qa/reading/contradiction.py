"""Contradiction: different answers of other documents than the one that was answered from.

The confidence of an answer is lower where another one competes with it. So each document is judged
as if it alone had been retrieved. The spans are those that were read anyway: this costs no second
reading.
"""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Self

from qa.reading.agreement import agree, statement
from qa.reading.calibration import Calibration
from qa.reading.candidates import CandidateSpans, answer_features, group_answers
from qa.reading.question_type import asks_for_list, expected_nouns
from qa.reading.reader import ReadAnswer, Span, quoted
from qa.reading.repetition import remove_repetitions
from qa.results import Hit
from qa.text import stem, stems, terms

MIN_DOCUMENT_CONFIDENCE = 0.35
"""Confidence from which a document, judged by itself, is taken to answer the question. Chosen by
hand; not fitted."""

MIN_PHRASE_CONFIDENCE = 0.2
"""Confidence, among all answers, from which one that is neither a number nor a name contradicts:
"the old hall" for "the market" may be another way to say it. Fitted on 150 questions that training
held back of SQuAD: with it 1.5% of their answers are contradicted though nothing is forged, without
it 3.1%; of documents that were forged for them as many are reported. On 100 questions of its
development set, looked at afterwards, 4 of 82 answers are contradicted."""

MIN_SHARE = 0.15
"""Confidence, among all answers, from which a number or a name contradicts, as a share of that of
the answer which it contradicts. Of the 149 that the tests' forgeries bring about the lowest has
0.22. Chosen by hand."""

MAX_CONTRADICTIONS = 3
"""Answers reported beside the first one. Chosen by hand, to keep an answer small."""

_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_WORD_AND_NUMBER = re.compile(r"([^\W\d_]+)\W{1,3}(\d+(?:\.\d+)*)")


@dataclass(frozen=True, slots=True)
class DocumentAnswer:
    """The answer of one document, judged by itself.

    Attributes:
        document: Its id.
        places: Where the answer stands, the best place first.
        text: The quote.
        confidence: That the answer would have if the library held nothing else.
    """

    document: int
    places: tuple[Span, ...]
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class _Subject:
    """Terms of the question in the passage that answers; a contradicting one has to share them.

    Attributes:
        words: Stems of words of the question.
        numbered: Words of its headings with the numbers behind them that the question names.
    """

    words: Set[str]
    numbered: Mapping[str, Set[str]]

    @classmethod
    def of(cls, question: str, hit: Hit) -> Self:
        """The subject of a passage that answers."""
        # A copy of the question in a passage is no statement about its subject.
        passage_stems = stems(remove_repetitions(question, _text(hit)))
        # "Colour" in "What colour is it?" names the kind of answer: a passage need not hold it.
        expected = {stem(word) for word in expected_nouns(question)}
        words = ({stem(term) for term in terms(question)} - expected) & passage_stems
        in_question = set(_NUMBER.findall(question))
        numbered = {
            word: shared
            for word, numbers in _heading_numbers(hit).items()
            if (shared := numbers & in_question)
        }
        return cls(words, numbered)

    def is_shared_by(self, hit: Hit) -> bool:
        """Whether another passage has the same subject.

        A passage of "version 3" may mention version 2 and still not contradict what that says.
        """
        if not self.words <= stems(_text(hit)):
            return False
        others = _heading_numbers(hit)
        return all(
            word not in others or others[word] & self.numbered[word] for word in self.numbered
        )


def contradictions(
    question: str,
    hits: Sequence[Hit],
    candidates: CandidateSpans,
    calibration: Calibration,
    answers: Sequence[ReadAnswer],
) -> tuple[ReadAnswer, ...]:
    """Answers of other documents that contradict the first answer, the likeliest first.

    Args:
        question: As asked.
        hits: The passages.
        candidates: Their spans.
        calibration: Of the model that found them.
        answers: At least one; the first is the one to contradict.
    """
    first = answers[0]
    text = quoted(hits, first.spans[0])
    if asks_for_list(question) and statement(text).kind != "number":
        return ()  # Several answers can be right at once.
    own_documents = {hits[span.hit].document for span in first.spans}
    others = [
        answer_of_document(hits, candidates, calibration, document)
        for document in dict.fromkeys(hit.document for hit in hits)
        if document not in own_documents
    ]
    subject = _Subject.of(question, hits[first.spans[0].hit])
    contradicting = [
        other
        for other in others
        if other is not None
        and other.confidence >= MIN_DOCUMENT_CONFIDENCE
        and differs(other.text, text)
        and subject.is_shared_by(hits[other.places[0].hit])
    ]
    merged = _merge_equal(contradicting, answers)
    phrase = statement(text).kind == "words"
    least = MIN_PHRASE_CONFIDENCE if phrase else MIN_SHARE * first.confidence
    return tuple(answer for answer in merged if answer.confidence >= least)[:MAX_CONTRADICTIONS]


def differs(one: str, other: str) -> bool:
    """Whether two answers give different things of one kind.

    >>> differs("2013", "2009"), differs("2013", "in 2013"), differs("2013", "Astana")
    (True, False, False)
    """
    return statement(one).kind == statement(other).kind and not agree(one, other)


def answer_of_document(
    hits: Sequence[Hit], candidates: CandidateSpans, calibration: Calibration, document: int
) -> DocumentAnswer | None:
    """The answer of a document, as if it alone had been retrieved; none without a span in it.

    Args:
        hits: The passages of all documents.
        candidates: Their spans.
        calibration: Of the model that found them.
        document: Its id.
    """
    scores = {at: hit.score for at, hit in enumerate(hits) if hit.document == document}
    own = CandidateSpans()
    for span, normalised, features, table in zip(
        candidates.spans,
        candidates.normalised,
        candidates.features,
        candidates.tables,
        strict=True,
    ):
        if span.hit in scores:
            others = (score for hit, score in scores.items() if hit != span.hit)
            ahead = scores[span.hit] - max(others, default=0.0)
            own.add(span, normalised, replace(features, ahead=ahead), table)
    if not own.spans:
        return None
    best = group_answers(own, calibration.span_logits(own.features))[0]
    places = tuple(own.spans[at] for at in best.places)
    confidence = calibration.confidence(answer_features(own, best))
    return DocumentAnswer(document, places, quoted(hits, places[0]), confidence)


def _heading_numbers(hit: Hit) -> dict[str, set[str]]:
    """The words in the headings that numbers follow, and these numbers."""
    numbers: dict[str, set[str]] = {}
    for word, number in _WORD_AND_NUMBER.findall(hit.context):
        numbers.setdefault(stem(word), set()).add(number)
    return numbers


def _text(hit: Hit) -> str:
    """A passage with its headings."""
    return f"{hit.context} {hit.text}"


def _merge_equal(
    contradicting: Sequence[DocumentAnswer], answers: Sequence[ReadAnswer]
) -> tuple[ReadAnswer, ...]:
    """One answer for all that agree with one another, the highest confidence first."""
    groups: list[list[DocumentAnswer]] = []
    for answer in sorted(contradicting, key=lambda answer: -answer.confidence):
        group = next((group for group in groups if agree(group[0].text, answer.text)), None)
        if group:
            group.append(answer)
        else:
            groups.append([answer])
    return tuple(
        ReadAnswer(
            tuple(answer.places[0] for answer in group),
            _confidence_among(answers, group[0].places[0]),
        )
        for group in groups
    )


def _confidence_among(answers: Sequence[ReadAnswer], place: Span) -> float:
    """The confidence, among all answers, of the one at a place."""
    return next(
        (answer.confidence for answer in answers if place in answer.spans),
        answers[-1].confidence,
    )
