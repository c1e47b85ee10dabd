"""Numbers of lists in the formats of Office."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.files.formats.numerals import formatted

CASES = [
    ("decimal", {1: "1", 12: "12", 0: "0"}),
    ("decimalZero", {3: "03", 12: "12"}),
    ("lowerLetter", {1: "a", 26: "z", 27: "aa", 53: "aaa"}),
    ("upperLetter", {2: "B", 28: "BB"}),
    ("lowerRoman", {4: "iv", 9: "ix", 14: "xiv", 1994: "mcmxciv", 5000: "5000"}),
    ("upperRoman", {3: "III", 40: "XL"}),
    ("ordinal", {1: "1st", 2: "2nd", 3: "3rd", 11: "11th", 13: "13th", 22: "22nd", 112: "112th"}),
    ("cardinalText", {1: "One", 12: "Twelve", 20: "Twenty", 21: "Twenty-one", 100: "100"}),
    ("ordinalText", {1: "First", 3: "Third", 12: "Twelfth", 20: "Twentieth", 25: "Twenty-fifth"}),
    ("chineseCounting", {1: "一", 10: "十", 12: "十二", 30: "三十", 45: "四十五"}),
    ("decimalEnclosedCircle", {1: "①", 20: "⑳", 21: "21"}),
    ("russianUpper", {1: "А", 3: "В"}),
    ("none", {5: ""}),
    ("a format of the future", {7: "7"}),
]


@pytest.mark.parametrize(("format", "numbers"), CASES)
def test_numbers_are_written_in_their_format(format: str, numbers: dict[int, str]) -> None:
    assert {number: formatted(number, format) for number in numbers} == numbers


@given(st.integers(-5, 10**9), st.sampled_from([format for format, _ in CASES]))
def test_any_number_is_short(number: int, format: str) -> None:
    assert len(formatted(number, format)) <= 40
