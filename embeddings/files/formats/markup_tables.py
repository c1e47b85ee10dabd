"""Tables of web pages: the cells of each row, with merged cells repeated where they reach."""

from collections.abc import Callable, Iterator
from itertools import count, islice
from typing import Any

from embeddings.files.formats.elements import HEADINGS, tag_of

_LAYOUT_TAGS = HEADINGS | {"form", "article", "section", "main", "nav", "details", "hr"}
_LAYOUT_ROLES = ("presentation", "none")
_LONG_CELL = 1_500
"""Characters of a cell without a header, above which a table lays out a page. Chosen by hand."""
_MOST_SEEN = 20_000
"""Elements of a table that are looked at; tables inside of tables are looked at again."""
_WIDEST = 1_000
"""Cells of a row, above which merged cells are no longer repeated; also the limit of HTML."""
_TALLEST = 65_534
_PARTS = ("thead", "tbody", "tfoot")


def rows_of(table: Any) -> Iterator[Any]:
    """The rows of a table in the order in which they are shown, without those of inner tables."""
    parts: dict[str, list[Any]] = {"thead": [], "tbody": [], "tfoot": []}
    for child in table:
        tag = tag_of(child)
        if tag == "tr":
            parts["tbody"].append(child)
        elif tag in parts:
            parts[tag] += (row for row in child if tag_of(row) == "tr")
    for tag in _PARTS:
        yield from parts[tag]


def cells_of(row: Any) -> Iterator[Any]:
    """The cells of a row."""
    return (cell for cell in row if tag_of(cell) in ("td", "th"))


def is_data_table(table: Any) -> bool:
    """Whether a table holds values rather than laying out a page."""
    if (table.get("role") or "").strip().lower() in _LAYOUT_ROLES:
        return False
    wide = named = 0
    for row in rows_of(table):
        tags = [tag_of(cell) for cell in cells_of(row)]
        wide += len(tags) > 1
        named += "th" in tags and len(tags) > 1
    if not wide or (wide < 2 and not named):
        return False
    return bool(named) or not _lays_out(table)


def _lays_out(table: Any) -> bool:
    """Whether a table without named columns is made of parts of a page."""
    inner = whole = seen = 0
    for row in rows_of(table):
        for cell in cells_of(row):
            length = 0
            for element in cell.iter():
                tag = tag_of(element)
                if tag in _LAYOUT_TAGS:
                    return True
                inner += tag == "table"
                length += len(element.text or "")
                seen += 1
            if length > _LONG_CELL or seen > _MOST_SEEN:
                return True
            whole += 1
    return 2 * inner >= whole


def header_rows(table: Any) -> int | None:
    """How many of a table's first rows name its columns; none where its elements do not say."""
    head = 0
    for row in rows_of(table):
        parent = row.getparent()
        in_head = parent is not None and tag_of(parent) == "thead"
        tags = [tag_of(cell) for cell in cells_of(row)]
        if not in_head and (not tags or set(tags) != {"th"}):
            break
        head += 1
    return head or None


def grid(table: Any, text_of: Callable[[Any], str]) -> Iterator[list[str]]:
    """The cells of each row as text, merged ones repeated in each place that they cover.

    A row of one cell that reaches over the whole table names what is below it, and is not repeated.

    Args:
        table: Element of the table.
        text_of: The text of a cell.
    """
    rows = list(rows_of(table))
    above: dict[int, tuple[str, int]] = {}
    for number, row in enumerate(rows):
        left = len(rows) - number
        cells: list[str] = []
        below: dict[int, tuple[str, int]] = {}
        own = 0
        for cell in cells_of(row):
            _reach(above, cells, below)
            own += 1
            text = text_of(cell)
            height = min(_span(cell, "rowspan", _TALLEST) or left, left)
            width = _span(cell, "colspan", _WIDEST) or 1
            for _ in range(width if len(cells) + width <= _WIDEST else 1):
                if height > 1:
                    below[len(cells)] = (text, height - 1)
                cells.append(text)
        for at in (len(cells), *sorted(above)):
            # A cell from above may stand behind a gap.
            cells += [""] * (at - len(cells))
            _reach(above, cells, below)
        above = below
        over_all = own == 1 < len(cells) and number and len(set(cells)) == 1
        yield [cells[0], *[""] * (len(cells) - 1)] if over_all else cells


def regions(table: Any, most: int) -> list[list[str]]:
    """Which cell stands in each place of the first rows, as a number; see ``merged_header_rows``.

    Args:
        table: Element of the table.
        most: Rows that are looked at.
    """
    numbers = count()
    return list(islice(grid(table, lambda _: str(next(numbers))), most))


def _reach(
    above: dict[int, tuple[str, int]], cells: list[str], below: dict[int, tuple[str, int]]
) -> None:
    """Add the cells of earlier rows that reach into the row here, by column."""
    while (held := above.pop(len(cells), None)) is not None:
        text, left = held
        if left > 1:
            below[len(cells)] = (text, left - 1)
        cells.append(text)


def _span(cell: Any, name: str, most: int) -> int:
    value = (cell.get(name) or "1").strip()
    return min(int(value), most) if value.isascii() and value.isdecimal() and len(value) < 9 else 1
