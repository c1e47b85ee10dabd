"""Calibrate: fits the weights that order spans and turn them into confidences.

The contexts of the questions that training held back make one library. Each question is read
twice: over the whole library, and without its own context, so that half of the readings have no
answer.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from qa.evaluation.datasets import Question
from qa.evaluation.metrics import RIGHT_F1, best, f1
from qa.reading.base import SpanModel
from qa.reading.calibration import (
    ANSWER_FEATURES,
    SPAN_FEATURES,
    AnswerFeatures,
    Calibration,
    feature_matrix,
)
from qa.reading.candidates import (
    CandidateSpans,
    answer_features,
    candidate_spans,
    group_answers,
)
from qa.reading.spans import PassageSpan, read_passages
from qa.retrieval.retriever import Retriever
from qa.text import join_whitespace

FOLDS = 5
"""Of the cross-validation."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One question as it was read.

    Attributes:
        question: Its id; the same for both of its readings.
        found: The spans.
        scores: ``(spans,)``, F1 of each span; all 0 if the question's context was taken out.
        answerable: Whether its context was in the library.
    """

    question: str
    found: CandidateSpans
    scores: NDArray[np.float64]
    answerable: bool


def read_twice(
    question: Question, own: Set[int], retriever: Retriever, model: SpanModel, count: int
) -> Iterator[Reading]:
    """The question read over the whole library, and without its own context.

    Args:
        question: With answers.
        own: Ids of its context's passages.
        retriever: Of the library.
        model: The span model.
        count: Passages read for a question.
    """
    text = join_whitespace(question.text)
    golds = [gold.text for gold in question.answers]
    passages: dict[tuple[int, int], list[PassageSpan]] = {}
    for excluded in (frozenset[int](), own):
        hits = retriever.retrieve(text, count, excluded=excluded)
        new = [hit for hit in hits if (hit.document, hit.start) not in passages]
        pairs, headings = [(text, hit.shown) for hit in new], [hit.context for hit in new]
        for hit, spans in zip(new, read_passages(model, pairs, headings), strict=True):
            passages[hit.document, hit.start] = spans
        found = candidate_spans(text, hits, [passages[hit.document, hit.start] for hit in hits])
        scores = [0.0 if excluded else best(f1, span, golds) for span in found.normalised]
        yield Reading(question.id, found, np.array(scores), answerable=not excluded)


def fit(readings: Sequence[Reading]) -> Calibration:
    """The calibration that fits the readings best.

    A logistic model over all spans orders them. The answers that come first in that order then
    fit a second one, which has features that the first cannot have: how far an answer leads, and
    how many passages support it (Platt, 1999).
    """
    # A weak regularisation; chosen by hand, not fitted.
    spans = LogisticRegression(C=10, max_iter=5000)
    with_spans = [reading for reading in readings if len(reading.scores)]
    spans.fit(
        feature_matrix(
            [row for reading in with_spans for row in reading.found.features], SPAN_FEATURES
        ),
        np.concatenate([reading.scores >= RIGHT_F1 for reading in with_spans]),
    )
    weights = dict(zip(SPAN_FEATURES, map(float, spans.coef_[0]), strict=True))
    partial = Calibration(
        weights, float(spans.intercept_[0]), dict.fromkeys(ANSWER_FEATURES, 0.0), 0.0
    )
    firsts = [first_answer(reading, partial) for reading in with_spans]
    answers = LogisticRegression(C=10, max_iter=5000)
    answers.fit(
        feature_matrix([features for features, _ in firsts], ANSWER_FEATURES),
        np.array([score >= RIGHT_F1 for _, score in firsts]),
    )
    return Calibration(
        weights,
        float(spans.intercept_[0]),
        dict(zip(ANSWER_FEATURES, map(float, answers.coef_[0]), strict=True)),
        float(answers.intercept_[0]),
    )


def first_answer(reading: Reading, calibration: Calibration) -> tuple[AnswerFeatures, float]:
    """The features and the F1 of the answer that comes first."""
    logits = calibration.span_logits(reading.found.features)
    answer = group_answers(reading.found, logits)[0]
    return answer_features(reading.found, answer), float(reading.scores[answer.places[0]])


def cross_validated(
    readings: Sequence[Reading],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Confidence, F1 and answerable of each reading, by weights fitted on the other folds.

    Both readings of a question are in the same fold.
    """
    questions = list(dict.fromkeys(reading.question for reading in readings))
    folds = {question: number % FOLDS for number, question in enumerate(questions)}
    rows: list[tuple[float, float, bool]] = []
    for fold in range(FOLDS):
        calibration = fit([reading for reading in readings if folds[reading.question] != fold])
        for reading in readings:
            if folds[reading.question] == fold and len(reading.scores):
                features, score = first_answer(reading, calibration)
                rows.append((calibration.confidence(features), score, reading.answerable))
    confidences, scores, answerable = zip(*rows, strict=True)
    return np.array(confidences), np.array(scores), np.array(answerable)
