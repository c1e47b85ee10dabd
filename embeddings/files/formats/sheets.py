"""Sheets of any spreadsheet: rows of cells cut into tables by blank rows and columns.

A sheet holds notes, totals and several tables. What blank rows and columns part is a table of its
own; lines of one cell are paragraphs.
"""

import re
from collections.abc import Hashable, Iterable, Sequence
from itertools import groupby, takewhile
from typing import NamedTuple

from embeddings.document import DocumentBuilder
from embeddings.files.formats.header_rows import count_header_rows
from embeddings.files.formats.merged_header_rows import count_merged_header_rows
from embeddings.files.formats.tables import SAMPLE_ROWS, add_table
from embeddings.files.limits import LimitedBuilder

Area = tuple[int, int, int, int]
"""First column and row, last column and row of merged cells, from 1."""


class Row(NamedTuple):
    """A row of a sheet.

    Attributes:
        cells: As they are shown, merged ones repeated.
        merged: The merged cells that reach into the row.
    """

    cells: Sequence[str]
    merged: Sequence[Area] = ()


# What programs call a sheet that nobody has named.
_GIVEN_NAME = re.compile(
    r"(?:sheet|table|tabelle|tabellenblatt|feuil|feuille|hoja|foglio|folha|planilha|blad|ark|arkusz"
    r"|taulukko|лист|工作表)\s?\d*",
    re.IGNORECASE,
)


def add_sheet(builder: LimitedBuilder, name: str, rows: Iterable[Row]) -> None:
    """Append a sheet: its name as a heading, and its tables.

    Args:
        builder: To which to append.
        name: Of the sheet; no heading if a program gave it.
        rows: Blank rows among them.
    """
    count = builder.length
    headed = bool(_GIVEN_NAME.fullmatch(name.strip()))
    above: list[Row] = []
    # Merged rows that are a title of the next table, or a part of the one above.
    between: list[Row] = []
    columns: list[int] = []
    named = False
    for filled, group in groupby(rows, lambda row: any(map(str.strip, row.cells))):
        if not filled:
            continue
        if not headed:
            builder.add("heading", name, 2)
            headed = True
        part: list[Row] = []
        for row in group:
            count += sum(map(len, row.cells)) + len(row.cells)
            builder.limits.check_characters(count)
            # Only the first rows are asked for it, and merged cells may be many.
            part.append(row if len(part) < SAMPLE_ROWS else Row(row.cells))
        below = part[_count_titles(part) :]
        if named and not below and _columns(part) == columns:
            between += part
            continue
        has_names = bool(below) and _has_names(below[:SAMPLE_ROWS])
        if named and _columns(part) == columns and not has_names:
            above += [Row(row.cells) for row in between + part]
            between = []
            continue
        _add_parts(builder, above)
        _add_parts(builder, between)
        above, between, columns = part, [], _columns(below)
        # Rows below a blank one have no names of their own if these have the same columns.
        named = len(columns) > 1 and has_names
    _add_parts(builder, above)
    _add_parts(builder, between)


def regions_of(rows: Sequence[Row], first: int, last: int) -> list[list[Hashable]]:
    """Which cell stands in each place of rows; see ``merged_header_rows``. None if none is merged.

    Args:
        rows: The first ones of a table.
        first: Index of its first column.
        last: Index behind its last column.
    """
    if not any(row.merged for row in rows):
        return []
    found: list[list[Hashable]] = []
    for number, row in enumerate(rows):
        found.append([(number, at) for at in range(first, last)])
        for area in row.merged:
            for at in range(max(area[0] - 1, first), min(area[2], last)):
                found[-1][at - first] = area
    return found


def _count_titles(rows: Sequence[Row]) -> int:
    """How many of the first rows are one merged cell each."""
    places = _columns(rows)
    regions = regions_of(rows[:SAMPLE_ROWS], places[0], places[-1] + 1) if places[1:] else []
    return sum(1 for _ in takewhile(lambda row: len(set(row)) == 1, regions))


def _has_names(rows: Sequence[Row]) -> bool:
    cells = [row.cells for row in rows]
    regions = regions_of(rows, 0, max(map(len, cells)))
    return count_header_rows(cells, count_merged_header_rows(cells, regions)) > 0


def _columns(rows: Sequence[Row]) -> list[int]:
    """Indexes of the columns that are not blank."""
    return sorted({at for row in rows for at, cell in enumerate(row.cells) if cell.strip()})


def _add_parts(builder: DocumentBuilder, rows: Sequence[Row]) -> None:
    """Append rows without a blank one, those that blank columns part one after another."""
    places = _columns(rows)
    start = 0
    for at in range(1, len(places) + 1):
        if at == len(places) or places[at] > places[at - 1] + 1:
            first, last = places[start], places[at - 1] + 1
            start = at
            part = [row.cells[first:last] for row in rows]
            if last - first > 1:
                add_table(builder, part, regions=regions_of(rows[:SAMPLE_ROWS], first, last))
            else:
                for row in part:
                    builder.add("paragraph", row[0] if row else "")
