"""Sheets of any spreadsheet: rows of cells cut into tables by blank rows and columns.

A sheet holds notes, totals and several tables. What blank rows and columns part is a table of its
own; lines of one cell are paragraphs.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from embeddings.document import DocumentBuilder
from embeddings.files.formats.header_rows import count_header_rows
from embeddings.files.formats.tables import SAMPLE_ROWS, add_table
from embeddings.files.limits import LimitedBuilder

Row = Sequence[str]

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
        rows: The cells as they are shown, blank rows among them.
    """
    count = builder.length
    headed = bool(_GIVEN_NAME.fullmatch(name.strip()))
    above: list[Row] = []
    columns: list[int] = []
    named = False
    for filled, group in groupby(rows, lambda row: any(map(str.strip, row))):
        if not filled:
            continue
        if not headed:
            builder.add("heading", name, 2)
            headed = True
        part: list[Row] = []
        for row in group:
            count += sum(map(len, row)) + len(row)
            builder.limits.check_characters(count)
            part.append(row)
        if named and _columns(part) == columns and not count_header_rows(part[:SAMPLE_ROWS]):
            above += part
            continue
        _add_parts(builder, above)
        above, columns = part, _columns(part)
        # Rows below a blank one have no names of their own if these have the same columns.
        named = len(columns) > 1 and count_header_rows(part[:SAMPLE_ROWS]) > 0
    _add_parts(builder, above)


def _columns(rows: Sequence[Row]) -> list[int]:
    """Indexes of the columns that are not blank."""
    return sorted({at for row in rows for at, cell in enumerate(row) if cell.strip()})


def _add_parts(builder: DocumentBuilder, rows: Sequence[Row]) -> None:
    """Append rows without a blank one, those that blank columns part one after another."""
    places = _columns(rows)
    start = 0
    for at in range(1, len(places) + 1):
        if at == len(places) or places[at] > places[at - 1] + 1:
            first, last = places[start], places[at - 1] + 1
            start = at
            part = [row[first:last] for row in rows]
            if last - first > 1:
                add_table(builder, part)
            else:
                for row in part:
                    builder.add("paragraph", row[0] if row else "")
