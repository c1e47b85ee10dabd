"""Header rows: which first rows of a table name its columns, told from the cells alone.

A row of names differs from what stands below it: it has words above numbers, dates or codes, years
above amounts, small letters above capitals. All weights and shares were chosen by hand.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from embeddings.document import normalise

MAX_NAME_CHARACTERS = 200
"""A longer cell is no name of a column."""

_MOST_ROWS = 4
_LONGEST_NUMBER = 40
_NUMBER = re.compile(r"[\W_]*\d[\d\W_]*[^\W\d_]{0,8}[%€$£°²³/\w]{0,6}\W{0,3}")
_YEAR = re.compile(r"\D{0,3}(?:1[5-9]|20)\d\d\D{0,3}(?:[-–/](?:1[5-9]|20)?\d\d)?")
# Stands for a value that is not known; says nothing of its row.
_MISSING = re.compile(r"[-–—.…?*/]*|n\.?/?a\.?|nan|null|none|nil|x", re.IGNORECASE)
_HAS_DIGIT = re.compile(r"[\d@]|https?:")
_NAMES = frozenset(
    "id no nr number name title type kind date year month day time from to start end value amount"
    " price cost total quantity unit code key term word definition meaning description note notes"
    " comment remarks category group status country city place address phone email person role"
    " owner author question answer item product model size colour color language population".split()
)


def count_header_rows(rows: Sequence[Sequence[str]], known: int = 0) -> int:
    """How many of a table's first rows name its columns.

    Args:
        rows: The cells.
        known: How many of the first rows are known to name the columns.

    >>> count_header_rows([["Pump", "Speed"], ["P077", "654"], ["P078", "700"]])
    1
    >>> count_header_rows([["", "2023", "2024"], ["Lund", "1,200", "1,350"]])
    1
    >>> count_header_rows([["Pump", "Speed"], ["", "rpm"], ["P077", "654"], ["P078", "700"]])
    2
    >>> count_header_rows([["Boat", "Maja"], ["Harbour", "Simrishamn"]])
    0
    """
    cells = [[normalise(cell) for cell in row] for row in rows]
    count = known
    while count < min(_MOST_ROWS, len(cells) - 1) and _is_header(cells, count):
        count += 1
    return count


def _is_header(rows: Sequence[Sequence[str]], at: int) -> bool:
    """Whether a row, those above it being names of columns, names columns as well."""
    names, body = rows[at], rows[at + 1 :]
    if len(names) < 2 or not any(names) or max(map(len, names)) > MAX_NAME_CHARACTERS:
        return False
    columns = [
        [row[place] for row in body if place < len(row) and not _MISSING.fullmatch(row[place])]
        for place in range(len(names))
    ]
    if at:
        return _names_more(names, columns)
    if _counts_up(names) and not any(map(_counts_up, body[:3])):
        return True
    votes = [_vote(name, column) for name, column in zip(names, columns, strict=True)]
    if any(votes):
        return sum(votes) > 0
    # Words alone: two columns are pairs of a name and a value more often than not.
    known = sum(name.lower().rstrip(":") in _NAMES for name in names)
    distinct = len(set(names)) == len(names) and all(names)
    return distinct and (len(names) > 2 or known == len(names))


def _vote(name: str, column: Sequence[str]) -> int:
    """How much a cell and the cells below it speak for names of columns, or against them."""
    if not name or not column:
        return 0
    numbers = sum(map(is_number, column)) > len(column) / 2
    if _YEAR.fullmatch(name):
        years = sum(bool(_YEAR.fullmatch(cell)) for cell in column) > len(column) / 2
        return -1 if years else 1
    if is_number(name):
        return -1
    if numbers:
        return 1
    if name in column:
        return -1
    digits = sum(bool(_HAS_DIGIT.search(cell)) for cell in column) >= 0.8 * len(column)
    if _HAS_DIGIT.search(name):
        return -1 if digits else 0
    if digits and len(column) > 1:
        return 1
    small = name.islower() and sum(cell[:1].isupper() for cell in column) > 0.8 * len(column)
    return int(small and len(column) > 1)


def _names_more(names: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Whether a row below a header goes on naming: units or words above columns of numbers."""
    if any(is_number(name) and not _YEAR.fullmatch(name) for name in names):
        return False
    numeric = [
        name
        for name, column in zip(names, columns, strict=True)
        if len(column) > 1 and sum(map(is_number, column)) > len(column) / 2
    ]
    named = sum(not _MISSING.fullmatch(name) for name in numeric)
    return named > 0 and named >= 0.6 * len(numeric)


def _counts_up(row: Sequence[str]) -> bool:
    """Whether a row has three or more whole numbers that grow by the same step."""
    numbers = [int(cell) for cell in row if cell.isdecimal() and len(cell) <= 6]
    steps = {after - before for before, after in pairwise(numbers)}
    return len(numbers) > 2 and len(numbers) >= len(row) - 2 and len(steps) == 1 and 0 not in steps


def is_name(cell: str) -> bool:
    """Whether a cell may name a column: no number but a year, no label before a value.

    >>> is_name("Winter"), is_name("2024"), is_name("12 euros"), is_name("Born:")
    (True, True, False, False)
    """
    if cell.endswith(":") or len(cell) > MAX_NAME_CHARACTERS:
        return False
    return bool(_YEAR.fullmatch(cell)) or not is_number(cell)


def is_number(cell: str) -> bool:
    """Whether a cell holds a number, with its sign, currency or unit.

    >>> is_number("€ 1.200,50"), is_number("12 euros"), is_number("P077")
    (True, True, False)
    """
    return len(cell) <= _LONGEST_NUMBER and bool(_NUMBER.fullmatch(cell))
