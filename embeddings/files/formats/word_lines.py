"""Paragraphs of a Word document that are lines of one thing: a field, or a table set with tabs."""

import re
from typing import Any

from docx.oxml.ns import qn

from embeddings.document import DocumentBuilder
from embeddings.files.formats.tables import add_table

_FIELD, _CODE, _TEXT = qn("w:fldChar"), qn("w:instrText"), qn("w:t")
_KIND = qn("w:fldCharType")
# Contents, indexes and reference lists, those that Zotero, EndNote and Mendeley write among them.
_FURNITURE_FIELDS = re.compile(r"(?:TOC|TOA|INDEX|BIBLIOGRAPHY)\b|ADDIN\s.*(?:BIBL|REFLIST)")
_LONGEST_NAME = 60

# All chosen by hand.
_FEWEST_ROWS = 3
_LONGEST_CELL = 100


class Fields:
    """The fields that go on from paragraph to paragraph."""

    def __init__(self) -> None:
        self._open: list[str] = []

    def in_furniture(self, paragraph: Any) -> bool:
        """Whether a paragraph, given in the order of the document, is made by such a field."""
        if not self._open and next(paragraph.iter(_FIELD), None) is None:
            return False
        inside = outside = 0
        for element in paragraph.iter(_FIELD, _CODE, _TEXT):
            kind = element.get(_KIND)
            if kind == "begin":
                self._open.append("")
            elif kind == "end":
                self._open = self._open[:-1]
            elif element.tag == _TEXT:
                length = len((element.text or "").strip())
                if self._is_furniture():
                    inside += length
                else:
                    outside += length
            elif self._open and element.tag == _CODE and not self._open[-1]:
                self._open[-1] = (element.text or "").strip()[:_LONGEST_NAME].upper()
        return inside > outside

    def _is_furniture(self) -> bool:
        return any(map(_FURNITURE_FIELDS.match, self._open))


def row_of_tabs(text: str) -> list[str]:
    r"""The cells of a line that is parted by tabs; none if it is not, or one of them is long.

    >>> row_of_tabs("Children\t\t6 euros"), row_of_tabs("\tChildren pay less.")
    (['Children', '6 euros'], [])
    """
    cells = [cell.strip() for cell in text.split("\t") if cell.strip()]
    short = len(cells) > 1 and all(len(cell) <= _LONGEST_CELL for cell in cells)
    return cells if short and "\n" not in text.strip() else []


class TabbedRows:
    """Lines parted by tabs that follow each other: a table, if they are alike."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, list[str]]] = []

    def add(self, builder: DocumentBuilder, text: str, cells: list[str]) -> None:
        """Append a line, and end the table before it if that has other columns."""
        if self._lines and len(self._lines[-1][1]) != len(cells):
            self.flush(builder)
        self._lines.append((text, cells))

    def flush(self, builder: DocumentBuilder) -> None:
        """Append the lines so far as a table, or as paragraphs if they are few."""
        lines, self._lines = self._lines, []
        if len(lines) >= _FEWEST_ROWS:
            add_table(builder, [cells for _, cells in lines])
            return
        for text, _ in lines:
            builder.add("paragraph", text)
