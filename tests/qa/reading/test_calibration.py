import json
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from qa.reading.calibration import (
    ANSWER_FEATURES,
    FILE,
    SPAN_FEATURES,
    AnswerFeatures,
    Calibration,
    SpanFeatures,
    feature_matrix,
)

SOME = Calibration(
    {name: float(at) for at, name in enumerate(SPAN_FEATURES)},
    -1.5,
    {name: float(at) for at, name in enumerate(ANSWER_FEATURES)},
    0.25,
)


def test_calibration_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    SOME.save(tmp_path)
    assert Calibration.load(tmp_path) == SOME
    assert set(json.loads((tmp_path / FILE).read_text())["span_weights"]) == set(SPAN_FEATURES)


def test_model_without_calibration_gets_the_default_one(tmp_path: Path) -> None:
    assert Calibration.load(tmp_path) == Calibration.default()


@pytest.mark.parametrize("content", ["{", "[]", '{"span_weights": {}}', '{"span_weights": 3}'])
def test_file_that_is_no_calibration_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(ModelError, match=r"calibration\.json has no calibration of this version"):
        Calibration.load(tmp_path)


def span_features(**features: float) -> SpanFeatures:
    return SpanFeatures(**dict.fromkeys(SPAN_FEATURES, 0.0) | features)


def answer_features(**features: float) -> AnswerFeatures:
    return AnswerFeatures(**dict.fromkeys(ANSWER_FEATURES, 0.0) | features)


def test_logits_are_weighted_sums() -> None:
    features = [span_features(), span_features(margin=5, answerable=2, sharpness=3)]
    assert SOME.span_logits(features).tolist() == [-1.5, -1.5 + 2 + 6]


def test_features_and_weights_are_matched_by_name() -> None:
    reordered = Calibration(
        dict(reversed(list(SOME.span_weights.items()))),
        SOME.span_bias,
        dict(reversed(list(SOME.answer_weights.items()))),
        SOME.answer_bias,
    )
    span, answer = span_features(hit=0.1, names=0.7), answer_features(hit=0.1, length=0.7)
    assert reordered.span_logits([span]) == SOME.span_logits([span])
    assert reordered.confidence(answer) == SOME.confidence(answer)


def test_matrix_has_a_row_for_each_object_and_a_column_for_each_name() -> None:
    features = [span_features(hit=1), span_features(names=2)]
    assert feature_matrix(features, ("names", "hit")).tolist() == [[0, 1], [2, 0]]
    assert feature_matrix([], SPAN_FEATURES).shape == (0, len(SPAN_FEATURES))


def test_confidence_is_the_logistic_function_of_the_weighted_sum() -> None:
    assert SOME.confidence(answer_features()) == pytest.approx(1 / (1 + np.exp(-0.25)))
    assert SOME.confidence(answer_features(answerable=1e9)) == pytest.approx(1)
    assert 0 <= SOME.confidence(answer_features(answerable=-1e9)) < 1e-20
