"""Places that speak of another thing than the question are not answers to it."""

import pytest

from qa.reading.other_statements import is_negated, is_row_of_another_day, names_another_code


@pytest.mark.parametrize(
    ("question", "passage", "other"),
    [
        ("What voltage does AX-4471-D need?", "The motor AX-4471-C runs on 48 volts.", True),
        ("What voltage does AX-4471-D need?", "AX-4471-C and AX-4471-D run on 48 volts.", False),
        ("What voltage does AX 4471 D need?", "The motor AX-4471-C runs on 48 volts.", False),
        ("What is E217?", "E-217: rinse the tank.", False),
        ("What is E217?", "E-271: replace the lamp.", True),
        ("What is E217?", "Rinse the tank.", False),
        ("Who spread COVID-19?", "The coronavirus spread in 2020.", False),
        ("Is the pool open at 8pm?", "The pool is open from 9am to 6pm.", False),
        ("What came in the 1990s?", "In 1995 came snow, unlike in the 1980s.", False),
        ("What is the tank's volume?", "AX-4471-C holds 3 litres.", False),
    ],
)
def test_passage_about_another_code(question: str, passage: str, other: bool) -> None:
    assert names_another_code(question, passage) is other


@pytest.mark.parametrize(
    ("question", "text", "negated"),
    [
        ("Who pays the fee?", "Members of old do not pay the locker fee.", True),
        ("Who doesn't pay the fee?", "Members of old do not pay the locker fee.", False),
        ("Does anybody pay the fee?", "Members of old do not pay the locker fee.", False),
        ("Who pays the fee?", "Members of old, who do not swim, pay the fee.", False),
        ("Who swims?", "Members of old don't swim.", True),
        ("Who pays the fee?", "Members of old pay the fee. Others do not pay.", False),
    ],
)
def test_clause_that_denies_the_question(question: str, text: str, negated: bool) -> None:
    assert is_negated(question, text, 0, len("Members of old")) is negated


@pytest.mark.parametrize(
    ("question", "row", "other"),
    [
        ("What was it like on January 5, 2019?", "2014-01-05\t0.0\tsun", True),
        ("What was it like on January 5, 2014?", "2014-01-05\t0.0\tsun", False),
        ("What was it like in January 2019?", "2014-01-05\t0.0\tsun", False),
        ("What was it like on January 5, 2019?", "On 2014-01-05 the sun shone.", False),
        ("What was it like on January 5, 2019?", "Lund\tsun", False),
    ],
)
def test_row_of_another_day(question: str, row: str, other: bool) -> None:
    assert is_row_of_another_day(question, row) is other
