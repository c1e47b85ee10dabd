"""Dates and codes are found in whatever notation a document has them."""

import pytest

from qa.notations import Date, code_key, codes, dates, other_notations


@pytest.mark.parametrize(
    "written",
    ["March 5, 2024", "5 March 2024", "5th of March 2024", "Mar. 5 2024", "2024-03-05", "5.3.2024"],
)
def test_date_is_read_in_any_notation(written: str) -> None:
    assert dates(f"What happened on {written}?") == [Date(2024, 3, 5)]


@pytest.mark.parametrize("written", ["32 March 2024", "2024-13-05", "March 2024-05", "in 2024"])
def test_what_is_no_day_is_not_read_as_one(written: str) -> None:
    assert [date for date in dates(written) if date.day is not None] == []


def test_month_stands_for_itself_and_question_words_are_not_repeated() -> None:
    assert dates("in October 2008") == [Date(2008, 10, None)]
    assert other_notations("Who came in October 2008?") == ["2008 10", "october 2008", "oct 2008"]
    assert other_notations("Who came?") == []


def test_codes_are_equal_in_all_ways_of_writing_them() -> None:
    assert codes("E-217, ERR_CONN, pump 3, P077, COVID-19 and 0x80070057") == [
        "E-217",
        "P077",
        "COVID-19",
        "0x80070057",
    ]
    assert code_key("AX‑4471-d") == code_key("ax 4471 D") == "ax4471d"
    assert other_notations("Where is AX-4471-D?") == ["ax 4471 d", "ax4471d"]


def test_month_with_a_long_s_is_read() -> None:
    assert dates("in ſeptember 2024, on 5 auguſt 2024") == [
        Date(2024, 8, 5),
        Date(2024, 9, None),
    ]
