from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.document import normalise
from qa import QuestionAnswerer
from qa.reader import FEATURES, WEIGHTS, answer_units, fits_kind

TEXT = st.text(st.sampled_from("aB1 .?!\n-“”é😀()")).map(normalise)


@given(TEXT)
def test_units_are_in_order_and_hold_every_character_but_spaces(text: str) -> None:
    units = answer_units(text)
    assert all(end <= start for (_, end), (start, _) in pairwise(units))
    kept = "".join(text[start:end] for start, end in units)
    assert "".join(kept.split()) == "".join(text.split())
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in units)


def test_each_line_of_a_list_is_a_unit() -> None:
    text = "The tasks are these:\n- fight hunger\n- give help"
    assert [text[a:b] for a, b in answer_units(text)] == [
        "The tasks are these:",
        "- fight hunger",
        "- give help",
    ]


@pytest.mark.parametrize(
    ("question", "sentence", "fits"),
    [
        ("How many members are there?", "It has 41 members.", 1.0),
        ("How many members are there?", "It has six members.", 1.0),
        ("How many members are there?", "It has members.", 0.0),
        ("In which year did it meet?", "It met in 1999.", 1.0),
        ("Who leads it?", "The head is Dana Omarova.", 1.0),
        ("Who leads it?", "The head is away.", 0.0),
        ("Why was it founded?", "It met in 1999.", 0.5),
    ],
)
def test_kind_asked_for_is_looked_for(question: str, sentence: str, fits: float) -> None:
    assert fits_kind(question, sentence) == fits


def test_each_feature_has_a_weight_that_speaks_for_an_answer() -> None:
    assert len(FEATURES) == len(WEIGHTS)
    assert all(weight > 0 for weight in WEIGHTS)


def test_spans_are_sentences_of_their_hits_in_order_of_confidence(
    answerer: QuestionAnswerer,
) -> None:
    question = "How many members does the IOFS have?"
    hits = answerer.retriever.retrieve(question, 5)
    spans = answerer.reader.read(question, hits)
    units = [
        (at, hit.start + start, hit.start + end)
        for at, hit in enumerate(hits)
        for start, end in answer_units(hit.text)
    ]
    assert sorted((span.hit, span.start, span.end) for span in spans) == sorted(units)
    confidences = [span.confidence for span in spans]
    assert confidences == sorted(confidences, reverse=True)
    best = spans[0]
    hit = hits[best.hit]
    assert hit.text[best.start - hit.start : best.end - hit.start] == "The IOFS has 41 members."


def test_confidence_grows_with_the_score_of_the_hit(answerer: QuestionAnswerer) -> None:
    question = "How many members does the IOFS have?"
    hit = answerer.retriever.retrieve(question, 1)[0]
    low, high = (
        answerer.reader.read(question, [replace(hit, score=score)])[0] for score in (0.1, 0.9)
    )
    assert low.confidence < high.confidence


def test_no_hits_have_no_spans(answerer: QuestionAnswerer) -> None:
    assert answerer.reader.read("Why?", []) == []
