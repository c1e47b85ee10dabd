"""Sentences stand where they say, and no text keeps the splitter busy for long."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.document import normalise
from embeddings.sentences import WINDOW_CHARACTERS, sentence_spans

MAX_SECONDS = 5.0


def check_spans(text: str, spans: tuple[tuple[int, int], ...]) -> None:
    position = 0
    for start, end in spans:
        assert position <= start < end <= len(text), (spans, text)
        assert not text[position:start].strip(), f"{text[position:start]!r} is in no sentence"
        assert text[start:end] == text[start:end].strip()
        position = end
    assert not text[position:].strip(), f"{text[position:]!r} is in no sentence"


SENTENCE_LIKE = st.lists(
    st.sampled_from(
        [
            "Dr.",
            "e.g.",
            "Aid",
            "came",
            ".",
            "!",
            "?",
            "。",
            "”",
            "“",
            "(",
            ")",
            "\n",
            " ",
            "1.",
            "…",
        ]
    )
).map("".join)


@given(st.text(st.characters(codec=None, exclude_categories=())) | SENTENCE_LIKE)
def test_spans_are_ordered_disjoint_inside_and_leave_out_only_spaces(raw: str) -> None:
    text = normalise(raw)
    check_spans(text, sentence_spans(text))


@pytest.mark.slow
@given(st.integers(0, 10**6))
def test_spans_hold_across_windows(seed: int) -> None:
    words = random.Random(seed).choices(
        ["aid", "Syria.", "“Yes!”", "x" * 300, "é", "語。", "\n", "Dr."], k=2_000
    )
    text = normalise(" ".join(words))
    assert len(text) > 2 * WINDOW_CHARACTERS
    check_spans(text, sentence_spans(text))


@pytest.mark.parametrize(
    "sentences",
    [
        ("Dr. Smith came at 3 p.m. yesterday.", "He left."),
        ("The U.S. sent 3.5 tons.", "Nobody asked."),
        ("Mr. and Mrs. Lee vs. Ms. Ray, e.g. on p. 7.", "Then what?", "Nothing!"),
        ("He said: “It works.”", "She agreed."),
        ("See Fig. 3.", "It shows aid."),
        ("Prices rose by 2.4% in Jan. 2024.", "They fell later."),
    ],
)
def test_abbreviations_and_numbers_end_no_sentence(sentences: tuple[str, ...]) -> None:
    text = " ".join(sentences)
    assert tuple(text[start:end] for start, end in sentence_spans(text)) == sentences


def test_no_window_cuts_a_sentence() -> None:
    sentences = [
        f"Sentence number {at} tells of {'aid ' * (at % 40)}and ends." for at in range(400)
    ]
    text = " ".join(sentences)
    assert len(text) > 5 * WINDOW_CHARACTERS
    assert [text[start:end] for start, end in sentence_spans(text)] == sentences


def test_no_sentence_in_nothing() -> None:
    assert sentence_spans("") == sentence_spans(" \n\n ") == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        "“", "‘", '"', "'", "«", "(", "[", "(“", ".", "!", "?", "…", "a.", ". ", "Dr. ", "“a. ",
        "A.B.", "1.", "\n", "(a ", ".\n", "！", "語", "a", "e.g. ", "'s ", "…\" ", "Mr.Mr.",
        "\u0301", "🏳️\u200d🌈",
    ],
)  # fmt: skip
def test_a_million_of_anything_takes_bounded_time(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    started = time.perf_counter()
    spans = sentence_spans(text)
    seconds = time.perf_counter() - started
    check_spans(text, spans)
    assert seconds < MAX_SECONDS, f"{seconds:.1f} s for a megabyte of {unit!r}"


@pytest.mark.parametrize(
    "text",
    [
        # Published and like inputs that hang splitters made of backtracking expressions.
        "a" * 31 + "!",
        "." * 31 + "a",
        "A. " * 31,
        "a.a" * 50 + "!",
        "'" * 31 + ".",
        "((((((((((((((((((((((((((((((a",
        "1" * 31 + ".",
        "\u2026" * 31,
        "www." * 31,
        " ." * 5_000,
        ". " + " " * 50_000 + "a",
    ],
)
def test_text_that_hangs_backtracking_splitters_is_split_at_once(text: str) -> None:
    started = time.perf_counter()
    check_spans(text, sentence_spans(text))
    assert time.perf_counter() - started < 1.0
