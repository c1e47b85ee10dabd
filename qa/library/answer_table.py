"""Answer table: what each document says to one question, as rows of CSV."""

import csv
from collections.abc import Iterable
from io import StringIO

from qa.results import Answer
from qa.text import join_whitespace

COLUMNS = (
    "document",
    "path",
    "answer",
    "confidence",
    "page",
    "start",
    "end",
    "sha256",
    "sentence",
)
"""Of the table; start and end are characters, half-open, into ``Document.text``."""

BYTE_ORDER_MARK = "\ufeff"
"""Spreadsheets take a file without it for one in the encoding of their country."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row = tuple[str, Answer]
"""Library path of a document, and what it says."""


def by_confidence(rows: Iterable[Row]) -> list[Row]:
    """The rows with an answer, the surest first, then those without, by path."""
    return sorted(rows, key=lambda row: (row[1].text is None, -_shown_confidence(row), row[0]))


def as_csv(rows: Iterable[Row], titles: dict[str, str]) -> str:
    """The rows as CSV (RFC 4180), with a byte-order mark.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it.

    Args:
        rows: In the order in which they are written.
        titles: Of the documents, by path; of one that is missing its path is written.
    """
    written = StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for path, answer in rows:
        cited = answer.citations[0] if answer.text is not None and answer.citations else None
        writer.writerow(
            _as_text(cell)
            for cell in (
                titles.get(path, path),
                path,
                "" if answer.text is None else join_whitespace(answer.text),
                f"{answer.confidence:.2f}" if cited else "",
                cited.page or "" if cited else "",
                cited.start if cited else "",
                cited.end if cited else "",
                cited.sha256 if cited else "",
                join_whitespace("".join(cited.sentence)) if cited else "",
            )
        )
    return BYTE_ORDER_MARK + written.getvalue()


def _shown_confidence(row: Row) -> float:
    _, answer = row
    return 0.0 if answer.text is None else answer.confidence


def _as_text(cell: object) -> str:
    """The cell as a spreadsheet shows it, and never computes it.

    >>> _as_text("=1+1"), _as_text("  @A1"), _as_text("a-b")
    ("'=1+1", "'  @A1", 'a-b')
    """
    text = str(cell)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
