"""Tables of Word documents as rows of cells, merged cells in each place that they cover."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from docx.oxml.ns import qn

from embeddings.files.formats.ooxml import is_on
from embeddings.files.formats.word_styles import Styles
from embeddings.files.formats.word_text import content_of

ROW, CELL = qn("w:tr"), qn("w:tc")
MAX_COLUMNS = 63
"""Columns that Word allows in a table."""

_VALUE = qn("w:val")
_ROW_PROPERTIES, _CELL_PROPERTIES = qn("w:trPr"), qn("w:tcPr")
_BEFORE, _HEADER, _GONE = qn("w:gridBefore"), qn("w:tblHeader"), (qn("w:del"), qn("w:hidden"))
_SPAN, _VERTICAL, _HORIZONTAL = qn("w:gridSpan"), qn("w:vMerge"), qn("w:hMerge")
_DELETED_CELL = qn("w:cellDel")
_CONTROL, _WRAPPERS = qn("w:sdt"), (qn("w:customXml"), qn("w:ins"), qn("w:smartTag"))
_FIRST_ROW = 0x20  # of the attribute w:val of w:tblLook


def table_rows(table: Any) -> list[Any]:
    """The elements of a table's rows, without those that are deleted or hidden."""
    return [
        row
        for row in _children(table, ROW)
        if not any(_is_on(_properties(row, _ROW_PROPERTIES), name) for name in _GONE)
    ]


def row_cells(row: Any) -> list[Any]:
    """The elements of a row's cells, without those that are deleted."""
    return [
        cell
        for cell in _children(row, CELL)
        if not _is_on(_properties(cell, _CELL_PROPERTIES), _DELETED_CELL)
    ]


def cells_of(
    rows: list[Any], text_of: Callable[[Any], str], *, repeat: bool = True
) -> Iterator[list[str]]:
    """The texts of the cells, row by row.

    Args:
        rows: Elements of rows.
        text_of: Gives the text of a cell's element.
        repeat: Whether a merged cell stands in each column that it covers, or in the first.
    """
    above: dict[int, str] = {}
    for row in rows:
        texts = [""] * _number(_properties(row, _ROW_PROPERTIES).get(_BEFORE), 0)
        merged: dict[int, str] = {}
        for cell in _children(row, CELL):
            properties = _properties(cell, _CELL_PROPERTIES)
            if _is_on(properties, _DELETED_CELL):
                continue
            text, at = text_of(cell), len(texts)
            if _continues(properties, _VERTICAL):
                text = above.get(at, text)
            elif _continues(properties, _HORIZONTAL) and texts:
                text = texts[-1]
            if _VERTICAL in properties:
                merged[at] = text
            span = min(_number(properties.get(_SPAN), 1), MAX_COLUMNS - at)
            texts += [text, *[text if repeat else ""] * (span - 1)]
        above = merged
        yield texts


def regions_of(rows: list[Any]) -> list[list[str]]:
    """Which cell stands in each place of the rows, as a number; see ``merged_header_rows``."""
    numbers = count()
    return list(cells_of(rows, lambda _: str(next(numbers))))


def count_header_rows(
    table: Any, rows: list[Any], styles: Styles, is_bold: Callable[[Any], bool]
) -> int | None:
    """How many of a table's first rows name its columns; none where its format does not say it.

    Args:
        table: Its element.
        rows: Its rows.
        styles: Of the document.
        is_bold: Whether all text of a paragraph is bold.
    """
    marked = 0
    while marked < len(rows) and _is_on(_properties(rows[marked], _ROW_PROPERTIES), _HEADER):
        marked += 1
    if not 0 < marked < len(rows):
        looks = _has_header_look(table, styles) or _is_set_apart(rows, is_bold)
        marked = int(looks and len(rows) > 1)
    return marked or None


def _has_header_look(table: Any, styles: Styles) -> bool:
    properties = table.find(qn("w:tblPr"))
    if properties is None:
        return False
    style, look = properties.find(qn("w:tblStyle")), properties.find(qn("w:tblLook"))
    if style is None or look is None or not styles.has_header_look(style.get(_VALUE, "")):
        return False
    first = look.get(qn("w:firstRow"))
    if first is not None:
        return first not in ("0", "false")
    try:
        return bool(int(look.get(_VALUE, "0"), 16) & _FIRST_ROW)
    except ValueError:
        return False


def _is_set_apart(rows: list[Any], is_bold: Callable[[Any], bool]) -> bool:
    """Whether the first row is bold and the second is not."""

    def bold(row: Any) -> bool:
        paragraphs = (each for cell in row_cells(row) for each in cell.iterchildren(qn("w:p")))
        texts = [each for each in paragraphs if next(each.iter(qn("w:t")), None) is not None]
        return bool(texts) and all(map(is_bold, texts))

    return len(rows) > 1 and bold(rows[0]) and not bold(rows[1])


def _children(parent: Any, tag: str) -> Iterator[Any]:
    """Children of a kind, also inside content controls and the like."""
    for element in parent:
        if element.tag == tag:
            yield element
        elif element.tag == _CONTROL:
            yield from _children(content_of(element), tag)
        elif element.tag in _WRAPPERS:
            yield from _children(element, tag)


def _properties(element: Any, name: str) -> dict[str, Any]:
    found = element.find(name)
    return {} if found is None else {each.tag: each for each in found}


def _is_on(properties: dict[str, Any], name: str) -> bool:
    found = properties.get(name)
    return found is not None and is_on(found, found.get(_VALUE))


def _continues(properties: dict[str, Any], name: str) -> bool:
    merge = properties.get(name)
    return merge is not None and merge.get(_VALUE, "continue") == "continue"


def _number(element: Any, default: int) -> int:
    text = "" if element is None else element.get(_VALUE, "")
    known = text.isdecimal() and len(text) < 4
    return min(max(int(text), default), MAX_COLUMNS) if known else default
