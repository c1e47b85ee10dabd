"""Tables: which rows of a table name its columns, where its format does not say it.

Titles above a table's header, in a row of one cell, become paragraphs; the heuristics below were
chosen by hand.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import chain, islice

from embeddings.document import DocumentBuilder, normalise

SAMPLE_ROWS = 50
"""Rows of a table that are looked at to find its header."""

MAX_NAME_CHARACTERS = 80
"""A longer cell is no name of a column."""

_NUMBER = re.compile(r"[\W_]*\d[\d\W_]*[%€$£a-zA-Z°µ²³]{0,4}\W*")
_YEAR = re.compile(r"\D{0,3}(?:1[5-9]|20)\d\d\D{0,3}(?:[-–/](?:1[5-9]|20)?\d\d)?")


def add_table(
    builder: DocumentBuilder, rows: Iterable[Sequence[str]], header_rows: int | None = None
) -> None:
    """Append a table, and the titles above its header as paragraphs.

    A row is a unit that is found and quoted by itself, with the names of its columns; see
    ``DocumentBuilder.add_table``.

    Args:
        builder: To which to append.
        rows: The cells, as raw text. A merged cell is repeated in each place that it covers.
        header_rows: How many of the first rows (titles included) name the columns; found from
            the cells if it is left out.
    """
    remaining = iter(rows)
    sample = [row for row in islice(remaining, SAMPLE_ROWS) if any(cell.strip() for cell in row)]
    width = max(map(len, sample), default=0)
    while width > 1 and len(sample) > 1 and (title := _title(sample[0], width)):
        builder.add("paragraph", title)
        sample.pop(0)
        # A title that alone was declared as header says nothing of the rows below it.
        header_rows = None if header_rows in (None, 1) else max(0, header_rows - 1)
    if header_rows is None:
        header_rows = count_header_rows(sample)
    if header_rows == 1 and _is_below_groups(sample):
        header_rows = 2
    builder.add_table(chain(sample, remaining), header_rows)


def count_header_rows(rows: Sequence[Sequence[str]]) -> int:
    """How many of a table's first rows name its columns: 0 or 1.

    >>> count_header_rows([["Pump", "Speed"], ["P077", "654"], ["P078", "700"]])
    1
    >>> count_header_rows([["", "2023", "2024"], ["Lund", "1,200", "1,350"]])
    1
    >>> count_header_rows([["Boat", "Maja"], ["Harbour", "Simrishamn"]])
    0
    """
    if len(rows) < 2 or len(rows[0]) < 2:
        return 0
    first, *body = rows
    names = [normalise(cell) for cell in first]
    if any(len(name) > MAX_NAME_CHARACTERS for name in names) or not any(names):
        return 0
    columns = [
        [cell for row in body if at < len(row) and (cell := normalise(row[at]))]
        for at in range(len(names))
    ]
    for_header = against = 0
    for name, column in zip(names, columns, strict=True):
        if not name or not column:
            continue
        numeric = sum(map(_is_number, column)) > len(column) / 2
        if _YEAR.fullmatch(name):
            years = sum(bool(_YEAR.fullmatch(cell)) for cell in column) > len(column) / 2
            for_header += not years
            against += years
        elif _is_number(name):
            against += 1
        elif numeric:
            for_header += 1
        elif name in column:
            against += 1
    if for_header or against:
        return int(for_header > against)
    # Words only: two columns without numbers are pairs of a name and a value more often than not.
    distinct = len(set(names)) == len(names) and all(names)
    return int(distinct and len(names) > 2)


def _is_below_groups(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the second row names the columns of groups that the first row names.

    Merged cells are repeated: "Class 1, Class 1, Class 2, Class 2" above "A, B, A, B".
    """
    if len(rows) < 3:
        return False
    first, second = ([normalise(cell) for cell in row] for row in rows[:2])
    if len(first) != len(second) or second[0] not in ("", first[0]):
        return False
    groups: dict[str, list[str]] = {}
    for group, name in zip(first, second, strict=True):
        groups.setdefault(group, []).append(name)
    names = [name for group, names in groups.items() if group and len(names) > 1 for name in names]
    return len(set(names)) > 1 and all(name and not _is_number(name) for name in names)


def _is_number(cell: str) -> bool:
    return bool(_NUMBER.fullmatch(cell))


def _title(row: Sequence[str], width: int) -> str:
    """The text of a row that spans the table; empty if it has several cells."""
    texts = {normalise(cell) for cell in row} - {""}
    spans = len(row) in (1, width) and len(texts) == 1
    # A name of the second column alone is no title.
    return texts.pop() if spans and (normalise(row[0]) or len(row) == 1) else ""
