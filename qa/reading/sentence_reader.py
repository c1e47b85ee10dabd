"""Sentence reader: from the passages to the sentences that fit a question best.

Some questions no short span can answer: why, how, what is said about something. They are
answered with one to three sentences. Each sentence of the hits is compared with the question,
by meaning and by words, and a logistic model estimates the probability that it answers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embeddings.models.encoder import Encoder
from embeddings.sentences import sentence_spans
from qa.reading.reader import ReadAnswer, Span, quoted
from qa.results import Hit
from qa.text import stem, stems, terms

FEATURES = ("meaning", "words", "kind", "hit")
"""What is known about a sentence: the cosine of its and the question's vectors, the share of
the question's words that it or its headings hold, whether it holds the kind of thing asked
for, and the score of its hit."""

# Fitted by `python -m qa.training calibrate --sentences` on 600 questions of SQuAD 1.1.
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


MOST_SENTENCES = 3

LEAST_SHARE = 0.6
"""Of the best sentence's probability: a sentence below it is not needed for the answer."""

MOST_ALIKE = 0.6
"""Share of words in common (Jaccard) from which a sentence repeats another."""

MAX_OTHERS = 10

_OPEN = re.compile(
    r"^\W*(explain|describe|summari[sz]e|tell|outline|discuss)\b|\bsa(y|id|ys) about\b", re.I
)
_ASKING = frozenset(
    "describe describes described discuss explain outline say says said summarise summarize".split()
)

_OPEN_UNLESS_SHORT = re.compile(
    r"\bwhy\b|\bhow\b(?! (many|much|long|often|far|old|large|big|high|tall|deep|fast|late|early)\b)"
    r"|\bfor what (reason|purpose)\b|\bwhat (is|are) the (purpose|reason|difference|role|idea)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class ScoredSentence:
    """A sentence and the estimated probability that it answers, 0 to 1."""

    span: Span
    probability: float


def asks_for_sentences(question: str) -> bool:
    """Whether no short span can answer the question.

    >>> asks_for_sentences("What is said about hunger?"), asks_for_sentences("Who said it?")
    (True, False)
    """
    return bool(_OPEN.search(question))


def may_need_sentences(question: str) -> bool:
    """Whether a span may be too short an answer to the question.

    >>> may_need_sentences("Why did it end?"), may_need_sentences("How many are there?")
    (True, False)
    """
    return bool(_OPEN_UNLESS_SHORT.search(question)) or asks_for_sentences(question)


def topic_terms(question: str) -> list[str]:
    """The words that say what a question is about, without those that only ask for an account.

    >>> topic_terms("What is said about hunger?"), topic_terms("Explain!")
    (['hunger'], ['explain'])
    """
    found = terms(question)
    return [term for term in found if term not in _ASKING] or found


class SentenceReader:
    """Answers with the one to three sentences that fit the question best."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder

    def read(self, question: str, hits: Sequence[Hit]) -> list[ReadAnswer]:
        """The best sentences as one answer, then each of the next ones as another."""
        scored = self.score(question, hits)
        if not scored:
            return []
        chosen = _different(scored, hits)
        together = ReadAnswer(tuple(one.span for one in chosen), scored[0].probability, True)
        others = [
            ReadAnswer((one.span,), one.probability, True) for one in scored if one not in chosen
        ]
        return [together, *others[:MAX_OTHERS]]

    def score(self, question: str, hits: Sequence[Hit]) -> list[ScoredSentence]:
        """Each sentence of the hits with its probability, best first."""
        spans = [
            Span(at, hit.start + start, hit.start + end)
            for at, hit in enumerate(hits)
            for start, end in answer_units(hit.text)
        ]
        logits = self.features(question, hits, spans) @ np.array(WEIGHTS) + BIAS
        scored = [
            ScoredSentence(span, float(probability))
            for span, probability in zip(spans, 1 / (1 + np.exp(-logits)), strict=True)
        ]
        return sorted(scored, key=lambda one: (-one.probability, one.span.hit, one.span.start))

    def features(
        self, question: str, hits: Sequence[Hit], spans: Sequence[Span]
    ) -> NDArray[np.float64]:
        """``(len(spans), len(FEATURES))``: how each sentence fits the question.

        Args:
            question: As asked.
            hits: The passages read.
            spans: The sentences.
        """
        texts = [quoted(hits, span) for span in spans]
        # The headings say what a sentence is about that only says "it".
        in_context = [
            f"{hits[span.hit].context}\n{text}" for span, text in zip(spans, texts, strict=True)
        ]
        vector = self.encoder.encode([question], role="question")[0]
        cosines = self.encoder.encode(in_context) @ vector
        asked = [stem(term) for term in topic_terms(question)]
        found = np.zeros((len(spans), len(FEATURES)))
        for row, (span, text) in enumerate(zip(spans, in_context, strict=True)):
            here = stems(text)
            share = sum(word in here for word in asked) / len(asked) if asked else 0.0
            fits = fits_kind(question, texts[row])
            found[row] = (cosines[row], share, fits, hits[span.hit].score)
        return found


def _different(scored: Sequence[ScoredSentence], hits: Sequence[Hit]) -> list[ScoredSentence]:
    """The best sentences of one document that say different things, in the order to read them.

    Sentences of several documents, one after another, would be what none of them says.
    """
    chosen: list[tuple[ScoredSentence, set[str]]] = []
    document = hits[scored[0].span.hit].document
    for scored_sentence in scored:
        if hits[scored_sentence.span.hit].document != document:
            continue
        words = stems(quoted(hits, scored_sentence.span))
        if scored_sentence.probability < LEAST_SHARE * scored[0].probability:
            break
        if all(len(words & other) < MOST_ALIKE * len(words | other) for _, other in chosen):
            chosen.append((scored_sentence, words))
        if len(chosen) == MOST_SENTENCES:
            break
    first = chosen[0][0].span.hit
    # The best passage leads, and sentences of one passage keep its order.
    return sorted(
        (one for one, _ in chosen),
        key=lambda one: (one.span.hit != first, one.span.hit, one.span.start),
    )


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
