"""Marked model: reads answers that are marked in the text, with known logits."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from embeddings.models.encoder import SentenceTransformersEncoder
from embeddings.models.model_folder import load_tokenizer
from qa.reading.base import Logits
from qa.reading.calibration import ANSWER_FEATURES, SPAN_FEATURES, Calibration
from qa.reading.reader import Span
from qa.reading.windows import Window, WindowTokenizer
from qa.results import Hit
from tests.qa.test_results import HIT

PLAIN = Calibration(
    dict.fromkeys(SPAN_FEATURES, 0.0) | {"margin": 1.0},
    0.0,
    dict.fromkeys(ANSWER_FEATURES, 0.0) | {"margin": 1.0, "lead": 0.5, "support": 1.0},
    0.0,
)
"""A span's logit is its margin; an answer's that, half its lead and its support."""


class MarkedModel:
    """Sees an answer in what stands between ``<`` and ``>``; in nothing else."""

    def __init__(self, max_tokens: int = 64) -> None:
        tokenizer = load_tokenizer(SentenceTransformersEncoder.load().folder)
        self.window_tokenizer = WindowTokenizer(tokenizer, max_tokens)
        self.calibration = PLAIN
        self.ids = {mark: tokenizer.token_to_id(mark) for mark in "<>"}

    def load_weights(self) -> None:
        """It has none."""

    def read(self, windows: Sequence[Window]) -> list[Logits]:
        return [self._one(window) for window in windows]

    def _one(self, window: Window) -> Logits:
        starts = np.zeros(len(window.ids), np.float32)
        ends = np.zeros(len(window.ids), np.float32)
        starts[1:] = np.where(window.ids[:-1] == self.ids["<"], 4, 0)
        ends[:-1] = np.where(window.ids[1:] == self.ids[">"], 4, 0)
        return Logits(starts, ends, 2.0, float(starts.max() - 2))


def hit(number: int, text: str, score: float = 0.5) -> Hit:
    return replace(
        HIT, document=number, rank=number, text=text, start=100, end=100 + len(text), score=score
    )


def quotes(hits: Sequence[Hit], spans: Sequence[Span]) -> list[str]:
    return [hits[span.hit].text[span.start - 100 : span.end - 100] for span in spans]
