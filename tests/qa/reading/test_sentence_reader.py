from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.document import CELL_SEPARATOR, normalise
from embeddings.models.encoder import SentenceTransformersEncoder
from qa import QuestionAnswerer
from qa.reading.sentence_reader import (
    FEATURES,
    MAX_SENTENCES,
    WEIGHTS,
    SentenceReader,
    answer_units,
)

TEXT = st.text(st.sampled_from("aB1 .?!\n-“”é😀()|")).map(
    lambda text: normalise(text).replace("|", CELL_SEPARATOR)
)


@pytest.fixture(scope="module")
def reader() -> SentenceReader:
    # In 8 bits a sentence's vector depends on what is encoded beside it.
    return SentenceReader(SentenceTransformersEncoder.load())


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


def test_row_of_a_table_is_a_unit_whatever_its_cells_say() -> None:
    text = "See below.\n\nName\tRemove it. It is old.\t\nNo row. Two sentences."
    assert [text[a:b] for a, b in answer_units(text)] == [
        "See below.",
        "Name\tRemove it. It is old.",
        "No row.",
        "Two sentences.",
    ]


def test_each_feature_has_a_weight_that_speaks_for_an_answer() -> None:
    assert tuple(WEIGHTS) == FEATURES
    assert all(weight > 0 for weight in WEIGHTS.values())


def test_every_sentence_but_headings_is_scored_best_first(
    answerer: QuestionAnswerer, reader: SentenceReader
) -> None:
    question = "How many members does the IOFS have?"
    hits = answerer.retriever.retrieve(question, 4)
    scored = reader.score(question, hits)
    units = [
        (at, hit.start + start, hit.start + end)
        for at, hit in enumerate(hits)
        for start, end in answer_units(hit.text)
        if hit.text[start:end] not in hit.headings
    ]
    assert sorted((unit.span.hit, unit.span.start, unit.span.end) for unit in scored) == sorted(
        units
    )
    probabilities = [unit.probability for unit in scored]
    assert probabilities == sorted(probabilities, reverse=True)
    best = scored[0].span
    hit = hits[best.hit]
    assert hit.text[best.start - hit.start : best.end - hit.start] == "The IOFS has 41 members."


def test_probability_grows_with_the_score_of_the_hit(
    answerer: QuestionAnswerer, reader: SentenceReader
) -> None:
    question = "How many members does the IOFS have?"
    hit = answerer.retriever.retrieve(question, 1)[0]
    low, high = (reader.score(question, [replace(hit, score=score)])[0] for score in (0.1, 0.9))
    assert low.probability < high.probability


def test_sentences_that_answer_together_say_different_things(
    answerer: QuestionAnswerer, reader: SentenceReader
) -> None:
    question = "What is said about the IOFS?"
    hit = answerer.retriever.retrieve(question, 1)[0]
    once = reader.read(question, [hit])[0]
    twice = reader.read(question, [hit, replace(hit, document=hit.document + 1, rank=2)])[0]
    assert 1 <= len(once.spans) <= MAX_SENTENCES
    assert once.joined
    assert [(span.start, span.end) for span in twice.spans] == [
        (span.start, span.end) for span in once.spans
    ]


def test_no_hits_have_no_sentences(reader: SentenceReader) -> None:
    assert reader.read("Why?", []) == []
