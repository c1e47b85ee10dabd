"""Whether two answers are the same or different."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.reading.agreement import agree, statement

SAME = [
    ("50 tons", "50 tons of aid"),
    ("2013", "in 2013"),
    ("2013", "on 12 November 2013"),
    ("1,000", "1000"),
    ("1 000 euros", "1000 euros"),
    ("1.2 million", "1,200,000"),
    ("two hundred and fifty", "250"),
    ("twenty-five", "25"),
    ("the seventh", "7th"),
    ("7 February 2024", "February 7, 2024"),
    ("7 February 2024", "2024-02-07"),
    ("7 Feb 2024", "07.02.2024"),
    ("10 p.m.", "22:00"),
    ("12 am", "0:00"),
    ("Zhienbayev", "Miras Zhienbayev"),
    ("IOFS", "Islamic Organization for Food Security"),
    ("the green tiles", "green tile"),
    ("\uff12\uff10\uff11\uff13", "2013"),
]
DIFFERENT = [
    ("50 tons", "80 tons"),
    ("2013", "2009"),
    ("3 March 2025", "3 April 2025"),
    ("3 March", "March 5"),
    ("Astana", "Almaty"),
    ("Agnes Morel", "Henri Duval"),
    ("allowed", "not allowed"),
    ("1.2 million", "1.2 billion"),
    ("-5", "5"),
    ("10 a.m.", "10 p.m."),
    ("first", "second"),
    ("41", "141"),
    ("4111111111111111", "4111111111111112"),
    ("2013", "Astana"),
    ("red", "green"),
    ("5 million crowns", "5 million dollars"),
    ("1,200 metres", "1,200 kilometres"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_same_thing_in_another_notation_agrees(one: str, other: str) -> None:
    assert agree(one, other) and agree(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_things_do_not_agree(one: str, other: str) -> None:
    assert not agree(one, other) and not agree(other, one)


@given(st.text(), st.text())
def test_agreement_is_symmetric_and_everything_agrees_with_itself(one: str, other: str) -> None:
    assert agree(one, other) == agree(other, one)
    assert agree(one, one)


def test_kind_separates_numbers_names_and_words() -> None:
    kinds = [statement(text).kind for text in ("in 2013", "six", "Petra Holm", "green", "May 3")]
    assert kinds == ["number", "number", "name", "words", "number"]
