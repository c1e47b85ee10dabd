r"""Tables in plain text: drawn with bars, parted by tabs, or set in aligned columns.

A table is told from prose and drawings by what all of its lines have in common: bars at the same
places, as many tabs, or columns of blanks.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from embeddings.files.formats.tables import count_header_rows

_DRAWN = re.compile(r"\+[-=+]{2,}|[-=]{3,}\+|\|.*\||<--|-->|^\s*\|")
_HEX_DUMP = re.compile(r"[0-9a-f]{4} [0-9a-f]{4} ")
_UNDERLINES = re.compile(r"[-=]{2,}(?:\s+[-=]{2,})+")
_FEWEST_LINES = 3
# Wider cells are columns of prose. Chosen by hand.
_LONGEST_LABEL = 40
_LONGEST_CELL = 120
# Columns beyond it are not looked for: no line is that wide. Chosen by hand.
_WIDEST_LINE = 400


@dataclass(frozen=True, slots=True)
class TextTable:
    """Rows of cells; how many of the first name the columns, if the drawing says so."""

    rows: list[list[str]]
    header_rows: int | None = None


def find_tables(lines: Sequence[str]) -> Iterator[tuple[int, int, TextTable]]:
    """The tables among lines without blank ones: where each begins and ends, and its cells."""
    barred = False
    start = 0
    for has_bars, group in groupby(lines, _is_barred):
        end = start + sum(1 for _ in group)
        if has_bars and (table := _barred(lines[start:end])):
            barred = True
            yield start, end, table
        start = end
    if not barred and (table := _tabbed(lines) or _aligned(lines)):
        yield 0, len(lines), table


def holds_table(lines: Sequence[str]) -> bool:
    """Whether a table is among lines without blank ones."""
    return next(find_tables(lines), None) is not None


def is_drawing(lines: Sequence[str]) -> bool:
    """Whether most of the lines draw: boxes, arrows, the bits of a packet."""
    drawn = sum(len(line) <= _WIDEST_LINE and bool(_DRAWN.search(line)) for line in lines)
    return drawn >= 2 and 2 * drawn >= len(lines)


def _is_border(line: str) -> bool:
    marks = set(line.strip())
    return len(line.strip()) > 2 and marks <= set("-+|=: ") and bool(marks & set("-+="))


def _is_barred(line: str) -> bool:
    stripped = line.strip()
    return _is_border(line) or "|" in stripped


def _barred(lines: Sequence[str]) -> TextTable | None:
    """A table whose columns are parted by bars: a grid, or rows with outer bars or without."""
    rows: list[list[str]] = []
    borders = [at for at, line in enumerate(lines) if _is_border(line)]
    inside = [line for line in lines if not _is_border(line)]
    if len(inside) < 2 or not any("|" in line for line in inside):
        return None
    places = {tuple(at for at, mark in enumerate(line) if mark == "|") for line in inside}
    counts = {len(place) for place in places}
    # A drawing has its bars wherever it needs them.
    if len(counts) > 1 or (len(places) > 1 and not borders and len(inside) < _FEWEST_LINES):
        return None
    if len(places) > 1 and borders and any("+" in lines[at] for at in borders):
        return None
    outer = all(line.strip().startswith("|") for line in inside)
    if counts == {2} and outer:
        return None  # A box around text.
    between = [at for at in borders if 0 < at < len(lines) - 1]
    grid = len(between) > 1 and len(between) >= len(inside) / 3
    groups = [list(group) for border, group in groupby(lines, key=_is_border) if not border]
    if grid:
        for group in groups:
            cells = [_cells(line) for line in group]
            rows.append([" ".join(filter(None, column)) for column in zip(*cells, strict=True)])
    else:
        rows = [_cells(line) for line in inside]
    if all(len(row) < 2 for row in rows) or any(_HEX_DUMP.match(row[0]) for row in rows):
        return None
    named = len(groups[0]) if between and not grid and len(groups) > 1 else None
    return TextTable(rows, named if named is None or named <= 3 else None)


def _cells(line: str) -> list[str]:
    stripped = line.strip()
    stripped = stripped.removeprefix("|").removesuffix("|")
    return [cell.strip() for cell in stripped.split("|")]


def _tabbed(lines: Sequence[str]) -> TextTable | None:
    counts = {line.strip("\n").count("\t") for line in lines}
    if len(lines) < _FEWEST_LINES or len(counts) != 1 or 0 in counts or lines[0].startswith("\t"):
        return None
    return TextTable([[cell.strip() for cell in line.split("\t")] for line in lines])


def _aligned(lines: Sequence[str]) -> TextTable | None:
    """A table whose columns are parted by two or more blanks at the same places in all lines."""
    lines = [line.expandtabs().rstrip() for line in lines]
    underlined = next(
        (at for at, line in enumerate(lines[:4]) if _UNDERLINES.fullmatch(line.strip())), None
    )
    body = [line for line in lines if not re.fullmatch(r"[-=\s]*", line)]
    if len(body) < _FEWEST_LINES or max(map(len, lines)) > _WIDEST_LINE:
        return None
    columns = _columns(body)
    if len(columns) < 2:
        return None
    rows = [[line[start:end].strip() for start, end in columns] for line in body]
    if any(len(cell) > _LONGEST_CELL for row in rows for cell in row):
        return None
    if any(len(row[0]) > _LONGEST_LABEL or _HEX_DUMP.match(row[0]) for row in rows):
        return None
    # A column of signs alone parts the two sides of rules in a grammar or program.
    if any(
        all(not any(map(str.isalnum, cell)) for cell in column)
        for column in zip(*rows, strict=True)
    ):
        return None
    filled = sum(bool(cell) for row in rows for cell in row)
    if filled < 0.6 * len(rows) * len(columns):
        return None
    header_rows = underlined if underlined else None
    if len(columns) == 2 and header_rows is None and not _is_pairs_table(rows):
        return None
    return TextTable(_with_wrapped_cells(rows), header_rows)


def _is_pairs_table(rows: list[list[str]]) -> bool:
    """Whether two columns are a table rather than terms with their meanings."""
    numeric = sum(bool(re.fullmatch(r"[^\w]*\d[\d.,:%/ -]*\S{0,3}", row[1])) for row in rows)
    return bool(count_header_rows(rows)) or numeric > 0.6 * len(rows)


def _columns(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Where columns begin and end: between gutters that are two or more blanks wide."""
    width = max(map(len, lines))
    used = [False] * width
    for line in lines:
        for at, character in enumerate(line):
            if character != " ":
                used[at] = True
    columns: list[tuple[int, int]] = []
    for blank, group in groupby(range(width), lambda at: not used[at]):
        places = list(group)
        if not blank:
            if columns and places[0] - columns[-1][1] < 2:
                columns[-1] = (columns[-1][0], places[-1] + 1)
            else:
                columns.append((places[0], places[-1] + 1))
    return columns


def _with_wrapped_cells(rows: list[list[str]]) -> list[list[str]]:
    """The rows, with lines that only go on in later columns joined to the row above."""
    joined: list[list[str]] = []
    for row in rows:
        if joined and not row[0] and 2 * sum(map(bool, row)) <= len(row):
            pairs = zip(joined[-1], row, strict=True)
            joined[-1] = [" ".join(filter(None, pair)) for pair in pairs]
        else:
            joined.append(row)
    return joined
