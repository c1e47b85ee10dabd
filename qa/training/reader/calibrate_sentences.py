"""Fits the weights of the sentence reader, which answers what no short span can.

Each question is read twice: with all hits, and without its own context, so that half of the
readings have no answer.
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
class Reading:
    """One question as it was read.

    Attributes:
        features: ``(sentences, len(FEATURES))``.
        right: ``(sentences,)``, whether a sentence of the own context holds the answer.
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
) -> Iterator[Reading]:
    """The question read over the whole library, and without its own context.

    Args:
        question: With answers.
        document: Its context's document id.
        own: Ids of that document's passages.
        retriever: Of the library.
        reader: The sentence reader.
        count: Passages read for a question.
    """
    for excluded in (frozenset[int](), own):
        hits = retriever.retrieve(question.text, count, excluded=excluded)
        spans = [
            Span(number, hit.start + start, hit.start + end)
            for number, hit in enumerate(hits)
            for start, end in answer_units(hit.text)
        ]
        right = [
            hits[span.hit].document == document
            and any(gold.text in quoted(hits, span) for gold in question.answers)
            for span in spans
        ]
        features = feature_matrix(reader.features(question.text, hits, spans), FEATURES)
        yield Reading(features, np.array(right), answerable=not excluded)


def fit(readings: Sequence[Reading]) -> tuple[NDArray[np.float64], float]:
    """Weights ``(len(FEATURES),)`` and bias.

    A logistic model over all sentences orders them; its logit is then scaled (Platt, 1999) so
    that the best sentence of a question gets the probability of being right.
    """
    # A weak regularisation; chosen by hand, not fitted.
    model = LogisticRegression(C=10, max_iter=2000)
    model.fit(
        np.concatenate([reading.features for reading in readings]),
        np.concatenate([reading.right for reading in readings]),
    )
    weights, bias = model.coef_[0], float(model.intercept_[0])
    logits, right = best_of_each(readings, weights, bias)
    scale = LogisticRegression(C=1e6).fit(logits[:, None], right)
    factor = float(scale.coef_[0, 0])
    return weights * factor, bias * factor + float(scale.intercept_[0])


def best_of_each(
    readings: Sequence[Reading], weights: NDArray[np.float64], bias: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The highest logit of each question, and whether its sentence is right."""
    logits, right = [], []
    for reading in readings:
        scores = reading.features @ weights + bias
        best = int(np.argmax(scores))
        logits.append(float(scores[best]))
        right.append(bool(reading.right[best]))
    return np.array(logits), np.array(right)
