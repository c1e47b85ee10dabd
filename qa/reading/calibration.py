"""Calibration: weights that turn the features of spans and answers into an order and a confidence.

They belong to one model and lie beside it, in ``calibration.json``; ``python -m qa.training
calibrate`` fits them on questions that the model was not trained on. Features and weights are
matched by name.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from embeddings.errors import ModelError, Remedy

FILE = "calibration.json"


@dataclass(frozen=True, slots=True)
class SpanFeatures:
    """What is known of a span.

    Attributes:
        margin: Its score above the null span's.
        answerable: Logit of there being an answer in its window.
        sharpness: Its log-probability among the spans of its passage.
        hit: Score of its hit.
        ahead: How far that is above the score of the best other hit.
        cosine: Of its hit.
        bm25: Of its hit, for each term of the question.
        words: Share of the question's words that the passage or its headings hold.
        names: The same share of its names and numbers.
    """

    margin: float
    answerable: float
    sharpness: float
    hit: float
    ahead: float
    cosine: float
    bm25: float
    words: float
    names: float


@dataclass(frozen=True, slots=True)
class AnswerFeatures(SpanFeatures):
    """What is known of the best answer: the features of its best span, and these.

    Attributes:
        lead: Its logit above that of the best different answer.
        support: Number of other passages that give it, each weighted by its probability.
        length: Logarithm of its length in words.
    """

    lead: float
    support: float
    length: float


SPAN_FEATURES = tuple(field.name for field in fields(SpanFeatures))

ANSWER_FEATURES = tuple(field.name for field in fields(AnswerFeatures))


def feature_matrix(features: Sequence[object], names: Sequence[str]) -> NDArray[np.float64]:
    """``(len(features), len(names))``: the attributes of those names, one row for each object."""
    rows = [[getattr(row, name) for name in names] for row in features]
    return np.array(rows, dtype=np.float64).reshape(-1, len(names))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights of two logistic models.

    Attributes:
        span_weights: For each of ``SPAN_FEATURES``: how likely a span is right.
        span_bias: Of that logit.
        answer_weights: For each of ``ANSWER_FEATURES``: how likely the best answer is right.
        answer_bias: Of that logit.
    """

    span_weights: Mapping[str, float]
    span_bias: float
    answer_weights: Mapping[str, float]
    answer_bias: float

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The calibration beside a model; of a model without one, the default.

        Raises:
            ModelError: The file is not a calibration for these features.
        """
        path = folder / FILE
        if not path.is_file():
            return cls.default()
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
            span, answer = read["span_weights"], read["answer_weights"]
            if set(span) != set(SPAN_FEATURES) or set(answer) != set(ANSWER_FEATURES):
                raise KeyError("features")
            return cls(
                {name: float(span[name]) for name in SPAN_FEATURES},
                float(read["span_bias"]),
                {name: float(answer[name]) for name in ANSWER_FEATURES},
                float(read["answer_bias"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                "has no calibration of this version",
                path,
                Remedy.CALIBRATE_AGAIN,
                detail=f"{type(error).__name__}: {error}",
            ) from error

    @classmethod
    def default(cls) -> Self:
        """The span's margin and the hit's score alone, for a model without calibration.

        The weights were chosen by hand; not fitted.
        """
        weights = {"margin": 0.3, "hit": 6.0}
        return cls(
            {name: weights.get(name, 0.0) for name in SPAN_FEATURES},
            -4.0,
            {name: weights.get(name, 0.0) for name in ANSWER_FEATURES},
            -4.0,
        )

    def save(self, folder: Path) -> None:
        """Write it beside a model."""
        (folder / FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    def span_logits(self, features: Sequence[SpanFeatures]) -> NDArray[np.float64]:
        """``(len(features),)``, of each span being right."""
        weights = np.array([self.span_weights[name] for name in SPAN_FEATURES])
        logits: NDArray[np.float64] = (
            feature_matrix(features, SPAN_FEATURES) @ weights + self.span_bias
        )
        return logits

    def confidence(self, features: AnswerFeatures) -> float:
        """The probability that an answer with these features is right, 0 to 1."""
        weights = [self.answer_weights[name] for name in ANSWER_FEATURES]
        row = feature_matrix([features], ANSWER_FEATURES)[0]
        logit = float(np.dot(row, weights)) + self.answer_bias
        return 1 / (1 + float(np.exp(-np.clip(logit, -50, 50))))
