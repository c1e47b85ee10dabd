"""Calibration: weights that turn what a span model says into an order and a confidence.

They belong to one model and lie beside it, in ``calibration.json``; ``python -m qa.training
calibrate`` fits them on questions that the model was not trained on.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from embeddings.errors import ModelError

FILE = "calibration.json"

SPAN_FEATURES = (
    "margin",
    "answerable",
    "sharpness",
    "hit",
    "ahead",
    "cosine",
    "bm25",
    "words",
    "names",
)
"""What is known of a span: its score above the null span's; the logit of there being an answer
in its window; its log-probability among the spans of its passage; the score of its hit, and how
far that is above the score of the best other hit; the cosine of its hit, and its BM25 for each
term of the question; the share of the question's words, and of its names and numbers, that the
passage or its headings hold."""

ANSWER_FEATURES = (*SPAN_FEATURES, "lead", "support", "length")
"""What is known of the best answer: the features of its span; how far its score is above that of
the best different answer; how many other passages give it, weighted by how likely they are
right; and the logarithm of its length in words."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights of two logistic models.

    Attributes:
        span_weights: For ``SPAN_FEATURES``: how likely a span is right.
        span_bias: Of that logit.
        answer_weights: For ``ANSWER_FEATURES``: how likely the best answer is right.
        answer_bias: Of that logit.
    """

    span_weights: tuple[float, ...]
    span_bias: float
    answer_weights: tuple[float, ...]
    answer_bias: float

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The calibration beside a model; of a model without one, a rough one.

        Raises:
            ModelError: The file is not a calibration for these features.
        """
        path = folder / FILE
        if not path.is_file():
            return cls.rough()
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
            span, answer = read["span_weights"], read["answer_weights"]
            if set(span) != set(SPAN_FEATURES) or set(answer) != set(ANSWER_FEATURES):
                raise KeyError("features")
            return cls(
                tuple(float(span[name]) for name in SPAN_FEATURES),
                float(read["span_bias"]),
                tuple(float(answer[name]) for name in ANSWER_FEATURES),
                float(read["answer_bias"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"{path} is no calibration of this version ({type(error).__name__}: {error}); "
                "make it anew: python -m qa.training calibrate."
            ) from error

    @classmethod
    def rough(cls) -> Self:
        """The span's margin and the hit's score alone, for a model that nobody calibrated."""
        return cls(
            _named(SPAN_FEATURES, margin=0.3, hit=6.0),
            -4.0,
            _named(ANSWER_FEATURES, margin=0.3, hit=6.0),
            -4.0,
        )

    def save(self, folder: Path) -> None:
        """Write it beside a model."""
        fields = asdict(self)
        fields["span_weights"] = dict(zip(SPAN_FEATURES, self.span_weights, strict=True))
        fields["answer_weights"] = dict(zip(ANSWER_FEATURES, self.answer_weights, strict=True))
        (folder / FILE).write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")

    def span_logits(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(n,)`` from ``(n, len(SPAN_FEATURES))``."""
        logits: NDArray[np.float64] = features @ np.array(self.span_weights) + self.span_bias
        return logits

    def confidence(self, features: Sequence[float]) -> float:
        """The probability that an answer with these ``ANSWER_FEATURES`` is right, 0 to 1."""
        logit = float(np.dot(features, self.answer_weights)) + self.answer_bias
        return 1 / (1 + float(np.exp(-np.clip(logit, -50, 50))))


def _named(names: Sequence[str], **weights: float) -> tuple[float, ...]:
    return tuple(weights.get(name, 0.0) for name in names)
