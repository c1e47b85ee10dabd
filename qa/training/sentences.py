"""Fits the weights of the sentence reader, which answers what no short span can.

Each question is read twice: as it is, and with its own context taken out of the hits, so that
half of the readings have no answer.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from qa.evaluation.datasets import Question
from qa.reading.calibration import feature_matrix
from qa.reading.reader import Span, quoted
from qa.reading.sentence_reader import FEATURES, SentenceReader, answer_units
from qa.retrieval.retriever import Retriever


@dataclass(frozen=True, slots=True)
class Read:
    """One question as it was read.

    Attributes:
        features: ``(sentences, len(FEATURES))``.
        right: ``(sentences,)``, whether a sentence holds the answer in its own context.
        answerable: Whether its context was in the library.
    """

    features: NDArray[np.float64]
    right: NDArray[np.bool_]
    answerable: bool


def read_twice(
    question: Question,
    document: int,
    own: Set[int],
    retriever: Retriever,
    reader: SentenceReader,
    count: int,
) -> Iterator[Read]:
    """The question read in the whole library, and without its own context.

    Args:
        question: With answers.
        document: Its context's document id.
        own: Ids of that document's passages.
        retriever: Of the library.
        reader: To read with.
        count: Passages read for a question.
    """
    for passed_over in (frozenset[int](), own):
        hits = retriever.retrieve(question.text, count, excluded=passed_over)
        spans = [
            Span(at, hit.start + start, hit.start + end)
            for at, hit in enumerate(hits)
            for start, end in answer_units(hit.text)
        ]
        right = [
            hits[span.hit].document == document
            and any(gold.text in quoted(hits, span) for gold in question.answers)
            for span in spans
        ]
        features = feature_matrix(reader.features(question.text, hits, spans), FEATURES)
        yield Read(features, np.array(right), not passed_over)


def fit(readings: Sequence[Read]) -> tuple[NDArray[np.float64], float]:
    """Weights ``(len(FEATURES),)`` and bias.

    A logistic model over all sentences orders them; its logit is then scaled (Platt, 1999) so
    that the best sentence of a question gets the probability of being right.
    """
    every = LogisticRegression(C=10, max_iter=2000)
    every.fit(
        np.concatenate([reading.features for reading in readings]),
        np.concatenate([reading.right for reading in readings]),
    )
    weights, bias = every.coef_[0], float(every.intercept_[0])
    logits, right = first(readings, weights, bias)
    scale = LogisticRegression(C=1e6).fit(logits[:, None], right)
    factor = float(scale.coef_[0, 0])
    return weights * factor, bias * factor + float(scale.intercept_[0])


def first(
    readings: Sequence[Read], weights: NDArray[np.float64], bias: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The highest logit of each question, and whether its sentence is right."""
    logits, right = [], []
    for reading in readings:
        scores = reading.features @ weights + bias
        at = int(np.argmax(scores))
        logits.append(float(scores[at]))
        right.append(bool(reading.right[at]))
    return np.array(logits), np.array(right)
