"""Sentence reader: from the passages to the sentences that fit a question best.

Some questions no short span can answer: why, how, what is said about something. They are
answered with one to three sentences. Each sentence of the hits is compared with the question,
by meaning and by words, and a logistic model estimates the probability that it answers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from embeddings.document import CELL_SEPARATOR
from embeddings.models.encoder import Encoder
from embeddings.sentences import sentence_spans
from qa.cancellation import check_wanted
from qa.reading.calibration import feature_matrix
from qa.reading.lists import ITEM
from qa.reading.question_type import fits_answer_type, topic_terms
from qa.reading.reader import ReadAnswer, Span, quoted
from qa.results import Hit
from qa.text import stem, stems

MAX_SENTENCES = 3
"""Sentences of one answer. Chosen by hand; not fitted."""

MIN_PROBABILITY_SHARE = 0.6
"""Share of the best sentence's probability below which a sentence is not part of the answer.
Chosen by hand; not fitted."""

MAX_OVERLAP = 0.6
"""Share of words in common (Jaccard) from which a sentence repeats another. Chosen by hand; not
fitted."""

MIN_WORDS = 4
"""Words of a sentence that can answer. Chosen by hand."""

MAX_OTHERS = 10
"""Sentences offered as other answers. Chosen by hand; not fitted."""


@dataclass(frozen=True, slots=True)
class SentenceFeatures:
    """What is known of a sentence.

    Attributes:
        meaning: Cosine of its and the question's vectors.
        words: Share of the question's words that it or its headings hold.
        kind: Whether it holds the kind of thing asked for: 1 yes, 0 no, 0.5 unknown.
        hit: Score of its hit.
    """

    meaning: float
    words: float
    kind: float
    hit: float


FEATURES = tuple(field.name for field in fields(SentenceFeatures))

_LINE = re.compile(r"\S.*\S|\S")

# Fitted by `python -m qa.training calibrate --sentences` on 600 questions of SQuAD 1.1.
WEIGHTS = {"meaning": 2.87, "words": 3.45, "kind": 0.45, "hit": 6.45}
BIAS = -9.10


@dataclass(frozen=True, slots=True)
class ScoredSentence:
    """A sentence and the estimated probability that it answers, 0 to 1."""

    span: Span
    probability: float


class SentenceReader:
    """Answers with the one to three sentences that fit the question best."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder

    def read(self, question: str, hits: Sequence[Hit]) -> list[ReadAnswer]:
        """The best sentences as one answer, then each of the next ones as another."""
        scored = self.score(question, hits)
        if not scored:
            return []
        chosen = _distinct_sentences(scored, hits)
        spans = tuple(sentence.span for sentence in chosen)
        best = ReadAnswer(spans, scored[0].probability, joined=True)
        others = [
            ReadAnswer((sentence.span,), sentence.probability, joined=True)
            for sentence in scored
            if sentence not in chosen
        ]
        return [best, *others[:MAX_OTHERS]]

    def score(self, question: str, hits: Sequence[Hit]) -> list[ScoredSentence]:
        """Each sentence of the hits with its probability, best first."""
        units = [
            (Span(at, hit.start + start, hit.start + end), _is_statement(hit.text[start:end]))
            for at, hit in enumerate(hits)
            for start, end in answer_units(hit.text)
        ]
        # Notes without a full stop are all that some documents have.
        some = any(is_statement for _, is_statement in units)
        spans = [span for span, is_statement in units if is_statement or not some]
        if not spans:
            return []
        features = feature_matrix(self.features(question, hits, spans), FEATURES)
        logits = features @ np.array([WEIGHTS[name] for name in FEATURES]) + BIAS
        scored = [
            ScoredSentence(span, float(probability))
            for span, probability in zip(spans, 1 / (1 + np.exp(-logits)), strict=True)
        ]
        return sorted(
            scored,
            key=lambda sentence: (-sentence.probability, sentence.span.hit, sentence.span.start),
        )

    def features(
        self, question: str, hits: Sequence[Hit], spans: Sequence[Span]
    ) -> list[SentenceFeatures]:
        """How each sentence fits the question.

        Args:
            question: As asked.
            hits: The passages read.
            spans: The sentences.
        """
        texts = [quoted(hits, span) for span in spans]
        # The headings name the subject of a sentence that only says "it".
        in_context = [
            f"{hits[span.hit].context}\n{text}" for span, text in zip(spans, texts, strict=True)
        ]
        vector = self.encoder.encode([question], role="question")[0]
        cosines = self.encoder.encode(in_context, progress=check_wanted) @ vector
        topic = [stem(term) for term in topic_terms(question)]
        features: list[SentenceFeatures] = []
        for span, text, with_headings, cosine in zip(
            spans, texts, in_context, cosines, strict=True
        ):
            sentence_stems = stems(with_headings)
            shared = sum(word in sentence_stems for word in topic)
            features.append(
                SentenceFeatures(
                    meaning=float(cosine),
                    words=shared / len(topic) if topic else 0.0,
                    kind=fits_answer_type(question, text),
                    hit=hits[span.hit].score,
                )
            )
        return features


def _distinct_sentences(
    scored: Sequence[ScoredSentence], hits: Sequence[Hit]
) -> list[ScoredSentence]:
    """The best sentences of one document that do not repeat each other, in reading order.

    Sentences of several documents in a row would make a statement that none of them makes.
    """
    chosen: list[tuple[ScoredSentence, set[str]]] = []
    document = hits[scored[0].span.hit].document
    for sentence in scored:
        if hits[sentence.span.hit].document != document:
            continue
        words = stems(quoted(hits, sentence.span))
        if sentence.probability < MIN_PROBABILITY_SHARE * scored[0].probability:
            break
        if all(len(words & other) < MAX_OVERLAP * len(words | other) for _, other in chosen):
            chosen.append((sentence, words))
        if len(chosen) == MAX_SENTENCES:
            break
    first = chosen[0][0].span.hit
    # The best passage leads, and sentences of one passage keep its order.
    return sorted(
        (sentence for sentence, _ in chosen),
        key=lambda sentence: (
            sentence.span.hit != first,
            sentence.span.hit,
            sentence.span.start,
        ),
    )


def _is_statement(unit: str) -> bool:
    """Whether a unit is a sentence, an item or a row, rather than a heading or a line of code."""
    if CELL_SEPARATOR in unit or ITEM.match(unit):
        return True
    is_ended = unit.rstrip("\"'”’)]")[-1:] in tuple(".!?:;…")
    return is_ended and len(unit.split()) >= MIN_WORDS


def answer_units(text: str) -> list[tuple[int, int]]:
    r"""Start and end of the sentences of a passage; each line of a list or table is one.

    What the sentences of one cell say is often the reason for those of another.

    >>> answer_units("It is old. See below.\n\nName\tRemove. It is private.")
    [(0, 10), (11, 21), (23, 50)]
    """
    rows = [line.span() for line in _LINE.finditer(text) if CELL_SEPARATOR in line[0]]
    in_rows = {at for row in rows for at in range(*row)}
    lines = (
        (start + line.start(), start + line.end())
        for start, end in sentence_spans(text)
        for line in _LINE.finditer(text[start:end])
    )
    return sorted([*rows, *(line for line in lines if line[0] not in in_rows)])
