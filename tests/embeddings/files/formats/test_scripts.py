"""Superscripts and subscripts as characters: exponents join their base, marks stand apart."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.files.formats.scripts import Script, joined

Pieces = list[tuple[str, Script]]


@pytest.mark.parametrize(
    ("before", "raised", "after", "expected"),
    [
        # Exponents.
        ("3.6 × 10", "9", " J", "3.6 × 10⁹ J"),
        ("about 10", "6", " cells", "about 10⁶ cells"),
        ("10", "−3", "", "10⁻³"),
        ("a hall of 12 m", "2", "", "a hall of 12 m²"),
        ("the cm", "3", "", "the cm³"),
        ("9.81 m/s", "2", "", "9.81 m/s²"),
        ("kg m", "-3", "", "kg m⁻³"),
        ("x", "2", " + y", "x² + y"),
        ("E = mc", "2", "", "E = mc²"),
        ("(a + b)", "2", "", "(a + b)²"),
        ("Ca", "2+", "", "Ca²⁺"),
        ("2", "3", " = 8", "2³ = 8"),
        ("x", "n+1", "", "xⁿ⁺¹"),
        ("x", "0.5", "", "x^0.5"),
        # Marks of notes.
        ("a population of 4,310", "2", " in", "a population of 4,310 ² in"),
        ("58 thousand", "1", ".", "58 thousand ¹."),
        ("120 kg", "3", "", "120 kg ³"),
        ("permit 77", "4", " and", "permit 77 ⁴ and"),
        ("in 1994", "1,2", "", "in 1994 ¹,²"),
        ("(see above)", "2", "", "(see above) ²"),
        ("the word", "a", "", "the word ᵃ"),
        ("the word", "12", "and", "the word ¹² and"),
        ("", "1", "Source: the club", "¹ Source: the club"),
        ("price", "*", "", "price*"),
        # Neither.
        ("the 5", "th", " boat", "the 5th boat"),
        ("le 1", "er", " mai", "le 1er mai"),
        ("Veltrane", "TM", "", "Veltrane™"),
        ("", "14", "C dating", "¹⁴C dating"),
        ("some ", "superscript", " words", "some superscript words"),
        ("see ", "a sentence that is raised", "", "see a sentence that is raised"),
    ],
)
def test_raised_text_is_an_exponent_or_stands_apart(
    before: str, raised: str, after: str, expected: str
) -> None:
    assert joined([(before, ""), (raised, "super"), (after, "")]) == expected


@pytest.mark.parametrize(
    ("before", "lowered", "expected"),
    [("CO", "2", "CO₂"), ("v", "max", "v_max"), ("x", "i,j", "x_(i,j)"), ("x", "10", "x₁₀")],
)
def test_lowered_text_joins_its_base(before: str, lowered: str, expected: str) -> None:
    assert joined([(before, ""), (lowered, "sub")]) == expected


def test_mark_that_is_known_as_one_stands_apart_from_any_base() -> None:
    assert joined([("12 m", ""), ("2", "mark"), (" long", "")]) == "12 m ² long"


def test_runs_of_one_script_are_one() -> None:
    assert joined([("10", ""), ("1", "super"), ("", ""), ("2", "super")]) == "10¹²"


SCRIPTS: st.SearchStrategy[Script] = st.sampled_from(["", "super", "sub", "mark"])


@given(st.lists(st.tuples(st.text(max_size=15), SCRIPTS), max_size=8))
def test_plain_text_stays_as_it_is(pieces: Pieces) -> None:
    text = joined(pieces)
    for plain, script in pieces:
        if not script:
            assert plain in text


@pytest.mark.parametrize("unit", ["1", "(", "a", "1 ", "=a"])
def test_time_grows_with_the_text(unit: str) -> None:
    started = time.perf_counter()
    joined([(unit * 20_000, ""), ("2", "super")] * 20)
    assert time.perf_counter() - started < 2
