"""What each document says, as CSV that no spreadsheet computes."""

import csv
from dataclasses import replace
from io import StringIO

import pytest

from qa.library.answer_table import COLUMNS, as_csv, by_confidence
from qa.results import Answer
from tests.qa.web.html.test_page import ANSWER, NO_ANSWER


def rows_of(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff" + ",".join(COLUMNS) + "\r\n")
    return list(csv.DictReader(StringIO(text.removeprefix("\ufeff"), newline="")))


def answer(confidence: float) -> Answer:
    return replace(ANSWER, confidence=confidence)


def test_row_has_the_answer_and_where_it_stands() -> None:
    quoted = ANSWER.citations[0]
    (row,) = rows_of(as_csv([("docs/a.pdf", answer(0.876))], {"docs/a.pdf": 'The "body", old'}))
    assert row == {
        "document": 'The "body", old',
        "path": "docs/a.pdf",
        "answer": ANSWER.text,
        "confidence": "0.88",
        "page": str(quoted.page),
        "start": str(quoted.start),
        "end": str(quoted.end),
        "sha256": quoted.sha256,
        "sentence": "".join(quoted.sentence),
    }


def test_row_without_an_answer_is_empty() -> None:
    (row,) = rows_of(as_csv([("docs/a.pdf", NO_ANSWER)], {}))
    assert row.pop("document") == row.pop("path") == "docs/a.pdf"
    assert set(row.values()) == {""}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", "  ="])
def test_cell_that_would_be_a_formula_is_text(start: str) -> None:
    formula = f'{start}HYPERLINK("http://evil","x")'
    hostile = replace(ANSWER, text=formula)
    (row,) = rows_of(as_csv([(formula, hostile)], {formula: formula}))
    for name in ("document", "path", "answer"):
        assert row[name].startswith("'")


def test_surest_answer_is_first_and_those_without_are_last() -> None:
    rows = [("c", NO_ANSWER), ("b", answer(0.4)), ("a", answer(0.9)), ("0", NO_ANSWER)]
    assert [path for path, _ in by_confidence(rows)] == ["a", "b", "0", "c"]
