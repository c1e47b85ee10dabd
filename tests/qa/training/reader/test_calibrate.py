import numpy as np
import pytest

from qa.evaluation.metrics import calibration_error
from qa.reading.calibration import SPAN_FEATURES, SpanFeatures
from qa.reading.candidates import CandidateSpans
from qa.reading.reader import Span
from qa.training.reader.calibrate import Reading, cross_validated, first_answer, fit


def readings(count: int) -> list[Reading]:
    """Two spans a reading; the larger the margin, the likelier the first span is right."""
    random = np.random.default_rng(0)
    found = []
    for number in range(count):
        margins, noise = random.normal(size=2) * 3, random.normal(size=2)
        zeros = dict.fromkeys(SPAN_FEATURES, 0.0)
        features = [
            SpanFeatures(**zeros | {"margin": float(margin), "sharpness": float(other)})
            for margin, other in zip(margins, noise, strict=True)
        ]
        answerable = number % 2 == 0
        probability = 1 / (1 + np.exp(-margins))
        scores = (random.random(2) < probability).astype(float)
        spans = [Span(0, 0, 4), Span(1, 0, 4)]
        found.append(
            Reading(
                str(number // 2),
                CandidateSpans(spans, ["a", "b"], features, [None, None]),
                scores,
                answerable,
            )
        )
    return found


def test_informative_feature_gets_the_weight() -> None:
    fitted = fit(readings(2000))
    margin, noise = fitted.span_weights["margin"], fitted.span_weights["sharpness"]
    assert margin > 0.3
    assert abs(noise) < margin / 4


def test_first_answer_is_the_one_with_the_higher_logit() -> None:
    some = readings(2000)
    fitted = fit(some)
    for reading in some[:50]:
        features, score = first_answer(reading, fitted)
        best = int(np.argmax(fitted.span_logits(reading.found.features)))
        assert features.margin == reading.found.features[best].margin
        assert score == reading.scores[best]


@pytest.mark.slow
def test_confidence_is_calibrated_on_questions_left_out() -> None:
    confidences, scores, answerable = cross_validated(readings(4000))
    assert len(confidences) == 4000
    assert answerable.sum() == 2000
    assert calibration_error(confidences, scores >= 0.5) < 0.03
