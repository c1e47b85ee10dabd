"""Scores: figures computed from the outcomes of questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.evaluation.datasets import Question
from qa.evaluation.metrics import (
    RIGHT_F1,
    best,
    calibration_error,
    exact_match,
    f1,
    risk_at_coverage,
)

RANKS = (1, 5, 20)

MAX_MISTAKES = 10
"""Mistakes that are listed, those with the highest confidence."""


@dataclass(frozen=True, slots=True)
class RetrievalScores:
    """How often and how high the right context was found.

    Attributes:
        name: Of the way to order passages.
        recall: Share of the questions whose context is among the first k, by k.
        mrr: Mean reciprocal rank, 0 for a context that is not found.
    """

    name: str
    recall: dict[int, float]
    mrr: float


@dataclass(frozen=True, slots=True)
class Mistake:
    """A question that was answered wrongly, and the confidence of the answer."""

    question: str
    given: str
    right: tuple[str, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class AnswerScores:
    """How well questions were answered.

    Attributes:
        answerable: Number of questions that have an answer.
        unanswerable: Number of those that have none.
        exact: EM of the best answer over the answerable ones, abstaining or not, 0 to 1.
        f1: F1 likewise.
        with_threshold: F1 over the answerable ones where abstaining scores 0; none if there
            are no answerable ones.
        refused: Share of the unanswerable ones that were left open; none if there are none.
        precision: Of the questions that were answered, the share that are answerable.
        recall: Of the answerable ones, the share that were answered.
        auroc: Of the confidence, answerable against unanswerable; none without both kinds.
        calibration_error: Expected calibration error of the confidence, over both kinds.
        risk: (coverage, share that is wrong) at each tenth, the highest confidence first, over both
            kinds.
        risk_answerable: The same over the answerable ones alone.
        citations: Number of citations, each compared with its document's text.
        exact_citations: Of those, the share that quote their document exactly.
        seconds: Median and 95th percentile of the time for one question.
        mistakes: The wrong answers with the highest confidence.
    """

    answerable: int
    unanswerable: int
    exact: float
    f1: float
    with_threshold: float | None
    refused: float | None
    precision: float
    recall: float
    auroc: float | None
    calibration_error: float
    risk: list[tuple[float, float]]
    risk_answerable: list[tuple[float, float]]
    citations: int
    exact_citations: float
    seconds: tuple[float, float]
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one question.

    Attributes:
        question: With its right answers; none of them if it was asked without its context.
        given: The best answer found; empty for none.
        confidence: Of it, 0 to 1.
        seconds: Time it took.
        citations: Citations of the answer.
        exact_citations: Of those, the number that quote their document exactly.
    """

    question: Question
    given: str
    confidence: float
    seconds: float
    citations: int = 0
    exact_citations: int = 0


def retrieval_scores(name: str, ranks: Sequence[int | None]) -> RetrievalScores:
    """Recall and MRR of ranks from 1, none where the right context was not found.

    >>> retrieval_scores("x", [1, 4, None, 2]).recall[1], retrieval_scores("x", [1, 4, None, 2]).mrr
    (0.25, 0.4375)
    """
    recall = {k: sum(rank is not None and rank <= k for rank in ranks) / len(ranks) for k in RANKS}
    return RetrievalScores(name, recall, sum(1 / rank for rank in ranks if rank) / len(ranks))


def half_unanswerable(
    outcomes: Sequence[Outcome], without_context: Mapping[int, Outcome]
) -> list[Outcome]:
    """The questions asked without their context, and as many others that can be answered.

    Args:
        outcomes: Of each question.
        without_context: By position, those of the questions asked without their context.
    """
    others = [
        outcome
        for at, outcome in enumerate(outcomes)
        if outcome.question.answers and at not in without_context
    ]
    return [*without_context.values(), *others[: len(without_context)]]


def score(outcomes: Sequence[Outcome], threshold: float) -> AnswerScores:
    """The figures of answered questions.

    Args:
        outcomes: At least one.
        threshold: Confidence below which a question is left open.
    """
    from sklearn.metrics import roc_auc_score

    golds = [[gold.text for gold in outcome.question.answers] for outcome in outcomes]
    pairs = [(outcome.given, gold) for outcome, gold in zip(outcomes, golds, strict=True)]
    answerable = np.array([bool(gold) for gold in golds])
    matches = np.array([best(exact_match, *pair) for pair in pairs])
    scores = np.array([best(f1, *pair) for pair in pairs])
    right = answerable & (scores >= RIGHT_F1)
    confidences = np.array([outcome.confidence for outcome in outcomes])
    given = confidences >= threshold
    both = bool(answerable.any() and not answerable.all())
    seconds = np.array([outcome.seconds for outcome in outcomes])
    citations = sum(outcome.citations for outcome in outcomes)
    exact_citations = sum(outcome.exact_citations for outcome in outcomes)
    return AnswerScores(
        answerable=int(answerable.sum()),
        unanswerable=int((~answerable).sum()),
        exact=_mean(matches[answerable]) or 0.0,
        f1=_mean(scores[answerable]) or 0.0,
        with_threshold=_mean(np.where(given, scores, 0.0)[answerable]),
        refused=_mean(~given[~answerable]),
        precision=_mean(answerable[given]) or 0.0,
        recall=_mean(given[answerable]) or 0.0,
        auroc=float(roc_auc_score(answerable, confidences)) if both else None,
        calibration_error=calibration_error(confidences, right),
        risk=risk_at_coverage(confidences, right),
        risk_answerable=risk_at_coverage(confidences[answerable], right[answerable])
        if answerable.any()
        else [],
        citations=citations,
        exact_citations=exact_citations / citations if citations else 1.0,
        seconds=(float(np.percentile(seconds, 50)), float(np.percentile(seconds, 95))),
        mistakes=_mistakes(outcomes, golds, right),
    )


def _mean(values: NDArray[np.float64] | NDArray[np.bool_]) -> float | None:
    return float(values.mean()) if len(values) else None


def _mistakes(
    outcomes: Sequence[Outcome], golds: Sequence[list[str]], right: NDArray[np.bool_]
) -> tuple[Mistake, ...]:
    wrong = [at for at in range(len(outcomes)) if not right[at]]
    most_confident = sorted(wrong, key=lambda at: -outcomes[at].confidence)[:MAX_MISTAKES]
    return tuple(
        Mistake(
            outcomes[at].question.text,
            outcomes[at].given,
            tuple(dict.fromkeys(golds[at])),
            outcomes[at].confidence,
        )
        for at in most_confident
    )
