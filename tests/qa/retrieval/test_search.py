"""Scores of the two searches, fused."""

import pytest

from qa.retrieval.search import fuse


@pytest.mark.parametrize(
    ("cosine", "bm25", "highest", "weight", "score"),
    [(0.6, 4.0, 8.0, 0.5, 0.55), (-0.2, 8.0, 8.0, 0.3, 0.3), (0.5, 0.0, 0.0, 0.3, 0.35)],
)
def test_scores_are_fused_as_by_hand(
    cosine: float, bm25: float, highest: float, weight: float, score: float
) -> None:
    assert fuse(cosine, bm25, highest, weight) == pytest.approx(score)
