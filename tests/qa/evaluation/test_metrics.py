"""EM and F1 against examples worked by hand after the rules of SQuAD's evaluation."""

import numpy as np
import pytest

from qa.evaluation.metrics import (
    best,
    best_threshold,
    calibration_error,
    exact_match,
    f1,
    risk_at_coverage,
)


@pytest.mark.parametrize(
    ("given", "right", "exact", "overlap"),
    [
        ("the Denver Broncos", "Denver Broncos!", 1, 1),
        ("Broncos", "Denver Broncos", 0, 2 / 3),
        # Words count as often as they stand: 2 in common of 3 and 2.
        ("new new york", "new york", 0, 0.8),
        ("7 February 2016", "February 7, 2016", 0, 1),
        ("Carolina", "Denver", 0, 0),
        ("", "Denver", 0, 0),
        ("", "", 1, 1),
        ("the", "", 1, 1),
    ],
)
def test_exact_match_and_f1_are_those_of_squad(
    given: str, right: str, exact: float, overlap: float
) -> None:
    assert exact_match(given, right) == exact
    assert f1(given, right) == pytest.approx(overlap)


def test_best_of_several_right_answers_counts() -> None:
    assert best(f1, "Santa Clara", ["Levi's Stadium", "Santa Clara, California"]) == 0.8
    assert best(exact_match, "", []) == 1
    assert best(exact_match, "Santa Clara", []) == 0


def test_calibration_error_of_a_confident_and_wrong_reader_is_one() -> None:
    assert calibration_error(np.array([1.0, 1.0]), np.array([False, False])) == 1.0


def test_calibration_error_weighs_bins_by_their_size() -> None:
    confidences = np.array([0.95, 0.95, 0.95, 0.05])
    right = np.array([True, True, False, True])
    # Three in the highest bin, right in 2/3; one in the lowest, right.
    assert calibration_error(confidences, right) == pytest.approx(
        0.75 * (0.95 - 2 / 3) + 0.25 * 0.95
    )


def test_risk_grows_with_coverage_where_confident_answers_are_right() -> None:
    confidences = np.arange(10) / 10
    curve = risk_at_coverage(confidences, confidences >= 0.5)
    assert curve[4] == (0.5, 0.0)
    assert curve[9] == (1.0, 0.5)
    assert curve[7] == pytest.approx((0.8, 3 / 8))


def test_threshold_weighs_answerable_and_unanswerable_alike() -> None:
    confidences = np.array([0.9, 0.8, 0.7, 0.6])
    scores = np.array([1.0, 0.5, 0.0, 0.0])
    answerable = np.array([True, True, False, True])
    # At 0.71 two of three answerable ones score 1 and 0.5, and the unanswerable one is left open.
    threshold, mean = best_threshold(confidences, scores, answerable)
    assert threshold == 0.71
    assert mean == pytest.approx((0.5 + 1.0) / 2)
