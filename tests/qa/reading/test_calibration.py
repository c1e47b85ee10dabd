import json
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from qa.reading.calibration import ANSWER_FEATURES, FILE, SPAN_FEATURES, Calibration

SOME = Calibration(
    tuple(float(at) for at in range(len(SPAN_FEATURES))),
    -1.5,
    tuple(float(at) for at in range(len(ANSWER_FEATURES))),
    0.25,
)


def test_calibration_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    SOME.save(tmp_path)
    assert Calibration.load(tmp_path) == SOME
    assert set(json.loads((tmp_path / FILE).read_text())["span_weights"]) == set(SPAN_FEATURES)


def test_model_without_calibration_gets_a_rough_one(tmp_path: Path) -> None:
    assert Calibration.load(tmp_path) == Calibration.rough()


@pytest.mark.parametrize("content", ["{", "[]", '{"span_weights": {}}', '{"span_weights": 3}'])
def test_file_that_is_no_calibration_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(ModelError, match=r"calibration\.json is no calibration of this version"):
        Calibration.load(tmp_path)


def test_logits_are_weighted_sums() -> None:
    features = np.zeros((2, len(SPAN_FEATURES)))
    features[1, :3] = (5, 2, 3)
    assert SOME.span_logits(features).tolist() == [-1.5, -1.5 + 2 + 6]


def test_confidence_is_the_logistic_function_of_the_weighted_sum() -> None:
    features = [0.0] * len(ANSWER_FEATURES)
    assert SOME.confidence(features) == pytest.approx(1 / (1 + np.exp(-0.25)))
    features[1] = 1e9
    assert SOME.confidence(features) == pytest.approx(1)
    features[1] = -1e9
    assert 0 <= SOME.confidence(features) < 1e-20
