"""How spans of several passages are compared, on a model whose logits are known."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from embeddings.models.encoder import SentenceTransformersEncoder
from embeddings.models.model_folder import load_tokenizer
from qa.reading.base import Logits
from qa.reading.calibration import ANSWER_FEATURES, SPAN_FEATURES, Calibration, SpanFeatures
from qa.reading.candidates import (
    MAX_LEAD,
    CandidateSpans,
    answer_features,
    candidate_spans,
    group_answers,
)
from qa.reading.reader import Span
from qa.reading.span_reader import SpanReader
from qa.reading.spans import read_passages
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


ZERO = SpanFeatures(**dict.fromkeys(SPAN_FEATURES, 0.0))


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


@pytest.fixture(scope="module")
def model() -> MarkedModel:
    return MarkedModel()


def hit(number: int, text: str, score: float = 0.5) -> Hit:
    return replace(
        HIT, document=number, rank=number, text=text, start=100, end=100 + len(text), score=score
    )


def quotes(hits: Sequence[Hit], spans: Sequence[Span]) -> list[str]:
    return [hits[span.hit].text[span.start - 100 : span.end - 100] for span in spans]


def test_best_span_is_the_one_that_the_model_means(model: MarkedModel) -> None:
    hits = [hit(1, "It has many members."), hit(2, "It was founded in < 2013 > by them.")]
    (best, *_) = SpanReader(model).read("When was it founded?", hits)
    assert quotes(hits, best.spans) == ["2013"]
    assert best.spans == (Span(1, 120, 124),)
    assert not best.joined


def test_equal_answers_are_one_and_support_each_other(model: MarkedModel) -> None:
    alone = [hit(1, "Founded in < 2013 >."), hit(2, "It met in < 1999 >.")]
    agreed = [*alone, hit(3, "In < The 2013 > it began.")]
    one, other = (SpanReader(model).read("When?", hits)[0] for hits in (alone, agreed))
    assert quotes(agreed, other.spans) == ["2013", "The 2013"]
    assert other.confidence > one.confidence


def test_different_answers_stay_apart_and_overlapping_ones_do_not(model: MarkedModel) -> None:
    hits = [hit(1, "Founded in < the year 2013 >, it met in < 1999 >.")]
    answers = [quotes(hits, answer.spans)[0] for answer in SpanReader(model).read("When?", hits)]
    assert answers[0] in ("the year 2013", "1999")
    assert {"the year 2013", "1999"} <= set(answers)
    assert not {"year 2013", "2013"} & set(answers)


def test_scores_of_passages_are_compared_without_a_softmax_of_each(model: MarkedModel) -> None:
    # The second passage has nothing else to offer, yet what it offers is worth less.
    hits = [hit(1, "Founded in < 2013 > or in < 1999 >."), hit(2, "Perhaps.")]
    margins = [
        [span.margin for span in spans]
        for spans in read_passages(model, [("When?", hit.text) for hit in hits], ["", ""])
    ]
    assert margins[0][:2] == [6.0, 6.0]
    assert margins[1][0] == -2.0


def test_passage_longer_than_a_window_is_read_to_its_end(model: MarkedModel) -> None:
    text = "many words " * 200 + "founded in < 2013 >"
    (spans,) = read_passages(model, [("When?", text)], [""])
    assert text[spans[0].start : spans[0].end] == "2013"
    assert (spans[0].margin, spans[0].answerable) == (6.0, 2.0)


def test_heading_is_read_and_never_quoted(model: MarkedModel) -> None:
    (spans,) = read_passages(model, [("When?", "Nobody knows.")], ["Founded in < 2013 >"])
    assert max(span.margin for span in spans) == -2.0


def test_features_count_what_question_and_hit_share(model: MarkedModel) -> None:
    first = replace(hit(1, "Aid of < 50 tons > to Syria.", 0.75), vector_score=0.6, word_score=6.0)
    hits = [first, hit(2, "Nothing.", 0.5)]
    question = "How much aid to Turkey?"
    read = read_passages(model, [(question, hit.text) for hit in hits], ["", ""])
    features = candidate_spans(question, hits, read).features[0]
    assert (features.margin, features.answerable) == (6.0, 2.0)
    assert (features.hit, features.ahead, features.cosine) == (0.75, 0.25, 0.6)
    # Two terms are searched for, and one of them is here; Turkey, the only name, is not.
    assert (features.bm25, features.words, features.names) == (3.0, 0.5, 0.0)


def test_answers_lead_each_other_by_their_logits() -> None:
    spans = [Span(0, 0, 4), Span(1, 0, 4), Span(2, 0, 4), Span(0, 9, 12)]
    found = CandidateSpans(spans, ["2013", "1999", "2013", "doha"], [ZERO] * 4)
    first, second, third = group_answers(found, np.array([2.0, 1.5, 0.0, -9.0]))
    assert (first.places, second.places, third.places) == ([0, 2], [1], [3])
    assert (first.lead, first.support) == (0.5, 0.5)
    assert (second.lead, second.support) == (-0.5, 0.0)
    features = answer_features(found, first)
    assert (features.lead, features.support) == (0.5, 0.5)
    assert features.length == pytest.approx(np.log(2))


def test_only_answer_leads_by_the_most() -> None:
    found = CandidateSpans([Span(0, 0, 4)], ["2013"], [ZERO] * 1)
    assert group_answers(found, np.array([1.0]))[0].lead == MAX_LEAD


def test_second_place_in_one_passage_is_no_support() -> None:
    found = CandidateSpans([Span(0, 0, 4), Span(0, 9, 13)], ["2013", "2013"], [ZERO] * 2)
    (answer,) = group_answers(found, np.array([1.0, 0.5]))
    assert (answer.places, answer.support) == ([0], 0.0)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What are its tasks?", "- < fight hunger >\n- give aid"),
        ("Which is its first task?", "fight hunger"),
    ],
)
def test_question_for_several_things_is_answered_with_the_whole_list(
    model: MarkedModel, question: str, answer: str
) -> None:
    hits = [hit(1, "It has these tasks:\n- < fight hunger >\n- give aid\nIt is old.")]
    (best, *others) = SpanReader(model).read(question, hits)
    assert quotes(hits, best.spans) == [answer]
    assert all("give aid" not in quotes(hits, other.spans) for other in others if len(answer) > 20)


def test_place_far_less_likely_than_the_best_is_not_cited() -> None:
    spans = [Span(0, 0, 4), Span(1, 0, 4), Span(2, 0, 4)]
    found = CandidateSpans(spans, ["2013"] * 3, [ZERO] * 3)
    (answer,) = group_answers(found, np.array([1.0, -1.9, -2.1]))
    assert answer.places == [0, 1]


def test_no_hits_have_no_answers(model: MarkedModel) -> None:
    assert SpanReader(model).read("Why?", []) == []
