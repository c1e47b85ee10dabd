"""Candidate spans of several passages, compared and grouped into answers."""

from dataclasses import replace

import numpy as np
import pytest

from embeddings.rendering import rendered
from qa.reading.calibration import SPAN_FEATURES, SpanFeatures
from qa.reading.candidates import (
    MAX_LEAD,
    CandidateSpans,
    answer_features,
    candidate_spans,
    group_answers,
)
from qa.reading.reader import Span
from qa.reading.spans import PassageSpan, read_passages
from tests.builders import a_hit
from tests.qa.reading.marked_model import MarkedModel, hit

ZERO = SpanFeatures(**dict.fromkeys(SPAN_FEATURES, 0.0))


@pytest.fixture(scope="module")
def model() -> MarkedModel:
    return MarkedModel()


def test_scores_of_passages_are_compared_without_a_softmax_of_each(model: MarkedModel) -> None:
    # The second passage has nothing else to offer, yet what it offers is worth less.
    hits = [hit(1, "Founded in < 2013 > or in < 1999 >."), hit(2, "Perhaps.")]
    margins = [
        [span.margin for span in spans]
        for spans in read_passages(model, [("When?", hit.shown) for hit in hits], ["", ""])
    ]
    assert margins[0][:2] == [6.0, 6.0]
    assert margins[1][0] == -2.0


def test_passage_longer_than_a_window_is_read_to_its_end(model: MarkedModel) -> None:
    text = "many words " * 200 + "founded in < 2013 >"
    (spans,) = read_passages(model, [("When?", rendered(text))], [""])
    assert text[spans[0].start : spans[0].end] == "2013"
    assert (spans[0].margin, spans[0].answerable) == (6.0, 2.0)


def test_heading_is_read_and_never_quoted(model: MarkedModel) -> None:
    (spans,) = read_passages(model, [("When?", rendered("Nobody knows."))], ["Founded in < 2013 >"])
    assert max(span.margin for span in spans) == -2.0


def test_features_count_what_question_and_hit_share(model: MarkedModel) -> None:
    first = replace(hit(1, "Aid of < 50 tons > to Syria.", 0.75), vector_score=0.6, word_score=6.0)
    hits = [first, hit(2, "Nothing.", 0.5)]
    question = "How much aid to Turkey?"
    read = read_passages(model, [(question, hit.shown) for hit in hits], ["", ""])
    features = candidate_spans(question, hits, read).features[0]
    assert (features.margin, features.answerable) == (6.0, 2.0)
    assert (features.hit, features.ahead, features.cosine) == (0.75, 0.25, 0.6)
    # Two terms are searched for, and one of them is here; Turkey, the only name, is not.
    assert (features.bm25, features.words, features.names) == (3.0, 0.5, 0.0)


def spans_of(
    spans: list[Span], texts: list[str], tables: list[int | None] | None = None
) -> CandidateSpans:
    found = CandidateSpans()
    for span, text, table in zip(spans, texts, tables or [None] * len(spans), strict=True):
        found.add(span, text, ZERO, table)
    return found


def test_answers_lead_each_other_by_their_logits() -> None:
    spans = [Span(0, 0, 4), Span(1, 0, 4), Span(2, 0, 4), Span(0, 9, 12)]
    found = spans_of(spans, ["2013", "1999", "2013", "doha"])
    first, second, third = group_answers(found, np.array([2.0, 1.5, 0.0, -9.0]))
    assert (first.places, second.places, third.places) == ([0, 2], [1], [3])
    assert (first.lead, first.support) == (0.5, 0.5)
    assert (second.lead, second.support) == (-0.5, 0.0)
    features = answer_features(found, first)
    assert (features.lead, features.support) == (0.5, 0.5)
    assert features.length == pytest.approx(np.log(2))


def test_only_answer_leads_by_the_most() -> None:
    found = spans_of([Span(0, 0, 4)], ["2013"])
    assert group_answers(found, np.array([1.0]))[0].lead == MAX_LEAD


def test_second_place_in_one_passage_is_no_support() -> None:
    found = spans_of([Span(0, 0, 4), Span(0, 9, 13)], ["2013", "2013"])
    (answer,) = group_answers(found, np.array([1.0, 0.5]))
    assert (answer.places, answer.support) == ([0], 0.0)


def test_place_far_less_likely_than_the_best_is_not_cited() -> None:
    spans = [Span(0, 0, 4), Span(1, 0, 4), Span(2, 0, 4)]
    found = spans_of(spans, ["2013"] * 3)
    (answer,) = group_answers(found, np.array([1.0, -1.9, -2.1]))
    assert answer.places == [0, 1]


def test_equal_cells_of_other_rows_of_a_table_are_no_other_places() -> None:
    spans = [Span(at, 0, 6) for at in range(4)]
    found = spans_of(spans, ["closed"] * 4, [1, 1, 2, None])
    (answer,) = group_answers(found, np.array([1.0, 0.9, 0.8, 0.7]))
    assert answer.places == [0, 2, 3]


@pytest.mark.parametrize(
    ("text", "answer", "kept"),
    [
        ("1 Size\n\nIt is small.\n\n2 Refrigerant\n\nIt holds 1.9 kg.", "2", False),
        ("42 Employees\n\nWe grew fast.", "42", True),
        ("Intro\n\n4.1 Warranty\n\nSeven years.", "4.1", False),
        ("2 eggs\n\nStir.", "2", True),
        ("There are 2 Houses\n\nin it.", "2", True),
        ("2 Refrigerant\n\nThe device holds 1.9 kg.", "Refrigerant", True),
    ],
)
def test_number_of_a_heading_is_no_answer(text: str, answer: str, kept: bool) -> None:
    start = text.index(answer)
    span = PassageSpan(start, start + len(answer), 1.0, 1.0, 0.0)
    found = candidate_spans("How much is in it?", [a_hit(text)], [[span]])
    assert len(found.spans) == kept
