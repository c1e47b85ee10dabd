"""Blocks of a Word document: its paragraphs, tables and embedded documents in their order."""

from collections.abc import Iterator
from typing import Any

from docx.oxml.ns import qn

from embeddings.files.formats.word_tables import row_cells, table_rows
from embeddings.files.formats.word_text import BOX, visible_content

PARAGRAPH, TABLE, CHUNK = qn("w:p"), qn("w:tbl"), qn("w:altChunk")

_CONTROL = qn("w:sdt")
# Around paragraphs: custom XML, tracked insertions of whole paragraphs.
_CONTAINERS = {qn("w:customXml"), qn("w:ins"), qn("w:moveTo"), qn("w:smartTag")}
_SKIPPED = {qn("w:moveFrom"), qn("w:del"), qn("w:pPr"), qn("w:rPr")}
_GALLERY = "/".join(map(qn, ("w:sdtPr", "w:docPartObj", "w:docPartGallery")))
_FURNITURE_GALLERIES = ("Table of Contents", "Bibliographies")
_RICH_CELL = 3
"""More paragraphs make a cell a part of the page. Chosen by hand."""


def blocks(parent: Any, furniture: bool = False) -> Iterator[tuple[Any, bool]]:
    """Elements of paragraphs, tables and embedded documents, each with whether it is furniture.

    Those in content controls and text boxes are among them, and those of tables that are frames
    around parts of the page.
    """
    for element in parent:
        tag = element.tag
        if tag == PARAGRAPH:
            yield element, furniture
            for box in _boxes(element):
                yield from blocks(box, furniture)
        elif tag == TABLE:
            rows = table_rows(element)
            if _is_frame(rows):
                for row in rows:
                    for cell in row_cells(row):
                        yield from blocks(cell, furniture)
            elif rows:
                yield element, furniture
        elif tag == CHUNK:
            yield element, furniture
        elif tag == _CONTROL:
            gallery = element.find(_GALLERY)
            name = "" if gallery is None else gallery.get(qn("w:val"))
            yield from blocks(visible_content(element), furniture or name in _FURNITURE_GALLERIES)
        elif tag in _CONTAINERS:
            yield from blocks(element, furniture)


def _boxes(paragraph: Any) -> Iterator[Any]:
    """The text boxes of a paragraph, without nested ones, which belong to inner paragraphs."""
    if next(paragraph.iter(BOX), None) is None:
        return
    stack = list(reversed(paragraph))
    while stack:
        element = stack.pop()
        if element.tag == BOX:
            yield element
        elif element.tag not in _SKIPPED:
            stack.extend(reversed(element))


def _is_frame(rows: list[Any]) -> bool:
    """Whether a table has one cell, or only a row or column of cells with much in them."""
    cells = [row_cells(row) for row in rows]
    if sum(map(len, cells)) == 1:
        return True
    in_line = len(cells) == 1 or all(len(row) == 1 for row in cells)
    return in_line and any(_is_rich(cell) for row in cells for cell in row)


def _is_rich(cell: Any) -> bool:
    paragraphs = sum(1 for _ in cell.iterchildren(PARAGRAPH))
    return paragraphs > _RICH_CELL or cell.find(TABLE) is not None
