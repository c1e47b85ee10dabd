"""OpenDocument: texts, spreadsheets and presentations of LibreOffice and others.

lxml over the archive's one part of content; odfpy was refused: without a release since 2020, and a
cell that a file repeats a million times it leaves to its caller, whom a sheet's empty end has so.
https://docs.oasis-open.org/office/OpenDocument/v1.3/os/part3-schema/OpenDocument-v1.3-os-part3-schema.html
"""

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from lxml import etree

from embeddings.document import Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats.archive import open_archive, without_controls
from embeddings.files.formats.sheets import Area, Row, add_sheet, regions_of
from embeddings.files.formats.tables import SAMPLE_ROWS, add_table
from embeddings.files.formats.titles import useful_title
from embeddings.files.limits import LimitedBuilder, Limits

_NAME = "OpenDocument file"
_MANIFEST = "META-INF/manifest.xml"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_PRESENTATION = "{urn:oasis:names:tc:opendocument:xmlns:presentation:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
# Cells at the end of rows, and rows at the end of sheets, are repeated to the edge of the sheet;
# equal ones that say something are few. Chosen by hand.
_MOST_REPEATED = 250
_MOST_COLUMNS = 16_384
# Merged cells that may reach into a row and tell a header. Chosen by hand.
_MOST_MERGED = 500
_DEEPEST = 100
_LEFT_OUT = frozenset(
    (
        f"{_TEXT}tracked-changes",
        f"{_TEXT}sequence-decls",
        f"{_OFFICE}forms",
        f"{_OFFICE}annotation-end",
        f"{_TEXT}bibliography-source",
        f"{_TABLE}shapes",
    )
)
_INDEXES = ("table-of-content", "alphabetical-index", "illustration-index", "table-index")
_FURNITURE = frozenset(f"{_TEXT}{name}" for name in (*_INDEXES, "bibliography", "user-index"))


def read(path: Path, limits: Limits) -> Document:
    """The document in an OpenDocument file."""
    with open_archive(path, limits, _NAME) as archive:
        names = archive.namelist()
        if "content.xml" not in names:
            raise UnreadableFile(f"is not a valid {_NAME}")
        manifest = archive.read(_MANIFEST) if _MANIFEST in names else b""
        if b"encryption-data" in manifest:
            raise UnreadableFile("is encrypted; remove its password first")
        root = _parsed(archive.read("content.xml"))
        title = None
        if "meta.xml" in names:
            title = _parsed(archive.read("meta.xml")).findtext(f".//{_TITLE}")
    builder = LimitedBuilder(limits, useful_title(title))
    body = root.find(f"{_OFFICE}body")
    if body is None:
        raise UnreadableFile(f"is not a valid {_NAME}")
    reader = _Reader(builder, root)
    for content in body:
        reader.add_children(content)
    reader.add_notes()
    return builder.build(path.name)


def _parsed(data: bytes) -> Any:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        # Their tails are text, which walks over elements alone would lose.
        remove_comments=True,
        remove_pis=True,
    )
    if b"<!DOCTYPE" in data[:1024]:
        raise UnreadableFile("is unsafe: it defines XML entities")
    return etree.fromstring(without_controls(data), parser)


class _Reader:
    """Adds the blocks of the parts of a document."""

    def __init__(self, builder: LimitedBuilder, root: Any) -> None:
        self.builder = builder
        self.notes: list[str] = []
        self.hidden = {
            style.get(f"{_STYLE}name")
            for style in root.iter(f"{_STYLE}style")
            for kept in style.iter(f"{_STYLE}table-properties")
            if kept.get(f"{_TABLE}display") == "false"
        }

    def add_children(self, parent: Any, depth: int = 0) -> None:
        """Add the blocks below an element."""
        if depth > _DEEPEST:
            raise UnreadableFile("is nested too deeply to read")
        for element in parent:
            self._add(element, depth)

    def add_notes(self) -> None:
        """Add the footnotes and endnotes, each with its mark."""
        for note in self.notes:
            self.builder.add("paragraph", note)
        self.notes = []

    def _add(self, element: Any, depth: int) -> None:
        tag = element.tag
        if not isinstance(tag, str) or tag in _LEFT_OUT:
            return
        if tag in _FURNITURE:
            body = element.find(f"{_TEXT}index-body")
            lines = [self._text(each) for each in element.iter(f"{_TEXT}p", f"{_TEXT}h")]
            if body is not None:
                self.builder.add("furniture", "\n".join(lines))
        elif tag == f"{_TEXT}h":
            level = element.get(f"{_TEXT}outline-level") or "1"
            self.builder.add("heading", self._line(element), _level(level))
            self._add_inside(element, depth)
        elif tag == f"{_TEXT}p":
            self.builder.add("paragraph", self._text(element))
            self._add_inside(element, depth)
        elif tag == f"{_TEXT}list":
            self.builder.add("list", "\n".join(self._items(element)))
        elif tag == f"{_TABLE}table":
            self._add_table(element, depth)
        elif tag == f"{_DRAW}page":
            self._add_slide(element, depth)
        elif tag == f"{_OFFICE}annotation":
            self.builder.add("paragraph", " ".join(map(self._line, element.iter(f"{_TEXT}p"))))
        else:
            self._count_left_out(tag)
            self.add_children(element, depth + 1)

    def _add_inside(self, element: Any, depth: int) -> None:
        """Add what is anchored in a paragraph: text boxes, pictures and comments."""
        for inner in element.iter(f"{_DRAW}frame", f"{_OFFICE}annotation"):
            if _frame_around(inner, element) is not None:
                continue
            if inner.tag == f"{_OFFICE}annotation":
                self._add(inner, depth + 1)
            else:
                self.add_children(inner, depth + 1)

    def _count_left_out(self, tag: str) -> None:
        if tag == f"{_DRAW}image":
            self.builder.leave_out("picture", "pictures")
        elif tag in (f"{_DRAW}object", f"{_DRAW}object-ole"):
            self.builder.leave_out("embedded object", "embedded objects")

    def _add_slide(self, page: Any, depth: int) -> None:
        self.builder.start_page()
        parts = sorted(page, key=lambda part: part.get(f"{_PRESENTATION}class") != "title")
        for part in parts:
            kind = part.get(f"{_PRESENTATION}class")
            if kind == "title":
                lines = map(self._line, part.iter(f"{_TEXT}p"))
                self.builder.add("heading", " ".join(lines), 2)
            elif kind not in ("page-number", "date-time", "footer", "header"):
                self._add(part, depth + 1)

    def _line(self, element: Any) -> str:
        return " ".join(self._text(element).split())

    def _text(self, element: Any) -> str:
        """The text of a paragraph, with the marks of its notes, whose text follows at the end."""
        parts: list[str] = []
        walker = etree.iterwalk(element, events=("start", "end"))
        for event, child in walker:
            tag = child.tag
            if event == "end":
                if child is not element:
                    parts.append(child.tail or "")
                continue
            if tag == f"{_TEXT}note":
                self._keep_note(child)
                mark = child.findtext(f"{_TEXT}note-citation") or "*"
                parts.append(f"[{mark}]")
                walker.skip_subtree()
            elif tag in (f"{_DRAW}frame", f"{_OFFICE}annotation") or tag in _LEFT_OUT:
                walker.skip_subtree()
            elif tag == f"{_TEXT}line-break":
                parts.append("\n")
            elif tag in (f"{_TEXT}s", f"{_TEXT}tab"):
                parts.append(" ")
            elif tag == f"{_TEXT}p" and parts:
                parts += ["\n", child.text or ""]
            else:
                parts.append(child.text or "")
        return "".join(parts)

    def _keep_note(self, note: Any) -> None:
        mark = note.findtext(f"{_TEXT}note-citation") or "*"
        body = note.find(f"{_TEXT}note-body")
        if body is not None:
            paragraphs = (" ".join("".join(each.itertext()).split()) for each in body)
            self.notes.append(f"[{mark}] {' '.join(paragraphs)}")

    def _items(self, element: Any, depth: int = 0) -> Iterator[str]:
        """One line for each item, with those of nested lists among them."""
        if depth > _DEEPEST:
            raise UnreadableFile("is nested too deeply to read")
        for item in element:
            mark = "- "
            for child in item:
                if child.tag == f"{_TEXT}list":
                    yield from self._items(child, depth + 1)
                elif child.tag in (f"{_TEXT}p", f"{_TEXT}h") and (line := self._line(child)):
                    yield mark + line
                    mark = ""

    def _add_table(self, table: Any, depth: int) -> None:
        """Add a table, and behind it the tables, boxes and comments in its cells."""
        header = table.find(f"{_TABLE}table-header-rows")
        is_sheet = table.getparent().tag == f"{_OFFICE}spreadsheet"
        if not is_sheet:
            named = None if header is None else len(header)
            rows = self._rows(table)
            first = list(islice(rows, SAMPLE_ROWS))
            regions = regions_of(first, 0, max((len(row.cells) for row in first), default=0))
            add_table(self.builder, (row.cells for row in chain(first, rows)), named, regions)
        elif table.get(f"{_TABLE}style-name") in self.hidden:
            self.builder.leave_out("hidden sheet", "hidden sheets")
            return
        else:
            add_sheet(self.builder, table.get(f"{_TABLE}name") or "", self._rows(table))
        for inner in table.iter(f"{_TABLE}table", f"{_DRAW}frame", f"{_OFFICE}annotation"):
            if next(inner.iterancestors(f"{_TABLE}table", f"{_DRAW}frame"), None) is not table:
                continue
            if inner.tag == f"{_DRAW}frame":
                self.add_children(inner, depth + 1)
            else:
                self._add(inner, depth + 1)

    def _rows(self, table: Any) -> Iterator[Row]:
        """The rows of a table, with repeated and merged cells in each place that they cover."""
        reaching: dict[int, tuple[int, str]] = {}
        merged: list[Area] = []
        for number, row in enumerate(table.iter(f"{_TABLE}table-row"), start=1):
            if _table_of(row) is not table:
                continue
            cells: list[str] = []
            merged = [area for area in merged if area[3] >= number]
            below: dict[int, tuple[int, str]] = {}
            for cell in row:
                if cell.tag == f"{_TABLE}covered-table-cell":
                    for _ in range(_count(cell, "number-columns-repeated")):
                        left, text = reaching.get(len(cells), (0, ""))
                        if left > 1:
                            below[len(cells)] = (left - 1, text)
                        cells.append(text)
                elif cell.tag == f"{_TABLE}table-cell":
                    text = self._cell(cell)
                    down = _count(cell, "number-rows-spanned")
                    right = _count(cell, "number-columns-spanned")
                    if text and down * right > 1 and len(merged) < _MOST_MERGED:
                        left = len(cells) + 1
                        merged.append((left, number, left + right - 1, number + down - 1))
                    for at in range(right):
                        if down > 1:
                            below[len(cells) + at] = (down - 1, text)
                        if at and text:
                            # The covered cells of this row follow, and take it from here.
                            reaching[len(cells) + at] = (1, text)
                    cells += [text] * _count(cell, "number-columns-repeated")
                if len(cells) > _MOST_COLUMNS:
                    break
            while cells and not cells[-1]:
                cells.pop()
            times = _count(row, "number-rows-repeated")
            yield from [Row(cells, merged)] * (times if cells else 1)
            reaching = below

    def _cell(self, cell: Any) -> str:
        """A cell's text as shown, without the comments on it."""
        found = [self._text(each) for each in cell if each.tag in (f"{_TEXT}p", f"{_TEXT}h")]
        lists = [line for each in cell.findall(f"{_TEXT}list") for line in self._items(each)]
        return " ".join(" ".join((*found, *lists)).split())


def _frame_around(inner: Any, element: Any) -> Any:
    """The frame around what is in an element; none if it is in no frame there."""
    for above in inner.iterancestors():
        if above is element:
            return None
        if above.tag == f"{_DRAW}frame":
            return above
    return None


def _table_of(row: Any) -> Any:
    """The innermost table around a row."""
    return next(row.iterancestors(f"{_TABLE}table"), None)


def _count(element: Any, name: str) -> int:
    """How often an element says to be repeated or spanned, within reason."""
    value = element.get(f"{_TABLE}{name}") or "1"
    return min(int(value), _MOST_REPEATED) if value.isdecimal() and value.isascii() else 1


def _level(value: str) -> int:
    return min(max(int(value), 1), 6) if value.isdecimal() and len(value) < 4 else 1
