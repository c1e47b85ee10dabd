"""Word documents: paragraphs, headings, lists and tables in their order.

python-docx: MIT, maintained, resolves styles and relations; the text itself is
taken from its XML tree, as its own ``Paragraph.text`` leaves out tracked
insertions, content controls and text boxes, and is slow. Refused: mammoth, markitdown
and docx2python, which keep 6, 5 and 4 of ten facts that stand in numbers, notes, symbols,
formulas, merged cells, struck-out text and embedded pages; this reader keeps all ten.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import docx
from docx.oxml.ns import qn
from lxml import etree

from embeddings.document import Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats.archive import opened_office_file
from embeddings.files.formats.ooxml import (
    RELATION_ID,
    child_of,
    part_of,
    parts_of_kind,
    resolve_alternatives,
)
from embeddings.files.formats.running_text import add_running_texts
from embeddings.files.formats.tables import SAMPLE_ROWS
from embeddings.files.formats.tables import count_header_rows as likely_header_rows
from embeddings.files.formats.titles import useful_title
from embeddings.files.formats.word_background import has_background
from embeddings.files.formats.word_blocks import CHUNK, PARAGRAPH, TABLE, blocks
from embeddings.files.formats.word_embedded import add_chunk
from embeddings.files.formats.word_headings import LIKELY_LEVEL, captions_below, likely_headings
from embeddings.files.formats.word_lines import Fields, row_of_tabs
from embeddings.files.formats.word_notes import root_of
from embeddings.files.formats.word_numbering import DEEPEST, Numbering
from embeddings.files.formats.word_output import Output
from embeddings.files.formats.word_roles import Style
from embeddings.files.formats.word_styles import Styles
from embeddings.files.formats.word_tables import (
    cells_of,
    count_header_rows,
    regions_of,
    table_rows,
)
from embeddings.files.formats.word_text import TextReader
from embeddings.files.limits import LimitedBuilder, Limits

_PROPERTIES = qn("w:pPr")
_OUTLINE = qn("w:outlineLvl")
_MARK_DELETED = f"{qn('w:rPr')}/{qn('w:del')}"
_TYPED_BULLET = re.compile(r"[•◦▪▫‣∙●○■□☐☑☒✓✗✔➢*·–—-][ \t]+(?=\S)")
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_DEEPEST_CHUNK = 3
"""Documents inside documents that are read. Chosen by hand."""


def read(path: Path, limits: Limits) -> Document:
    """The document in a Word file, with its notes and comments near what they are about."""
    source = _opened(path, limits)
    builder = LimitedBuilder(limits, useful_title(source.core_properties.title))
    _Reader(builder, source).read()
    return builder.build(path.name)


def _opened(source: Path | IO[bytes], limits: Limits) -> Any:
    return opened_office_file(source, limits, "Word document", docx.Document)


class _Reader:
    """Reads one Word file into a builder."""

    def __init__(self, builder: LimitedBuilder, source: Any, depth: int = 0) -> None:
        resolve_alternatives(source.element)
        self.builder = builder
        self.part = source.part
        self.body = source.element.body
        self.depth = depth
        self.styles = Styles(source.styles.element, has_background(source))
        # Found by relation: python-docx would create a missing part from a template.
        numbering = next(parts_of_kind(source.part, "numbering"), None)
        self.numbering = Numbering(None if numbering is None else root_of(numbering))
        self.texts = TextReader(source.part, self.styles)
        self.output = Output(builder, source.part, self.texts)
        self._fields = Fields()
        self._carried = ""

    def read(self) -> None:
        """Append everything that the file says."""
        content = "".join(each.text or "" for each in self.body.iter(qn("w:t")))
        running = {kind: list(self._running(kind)) for kind in ("header", "footer")}
        self.texts.take_attached()
        add_running_texts(self.builder, running["header"], content)
        elements = list(blocks(self.body))
        moved = captions_below(elements, self._style)
        likely = likely_headings(elements, self._style, self.texts)
        for at, (element, furniture) in enumerate(elements):
            if at + 1 in moved:
                self._add_paragraph(*elements[at + 1])
            if element.tag == TABLE:
                self._add_table(element)
            elif element.tag == CHUNK:
                self._add_chunk(element)
            elif at not in moved:
                self._add_paragraph(element, furniture, LIKELY_LEVEL if at in likely else 0)
        if self._carried.strip():
            self.output.add("paragraph", self._carried)
        self.output.end()
        add_running_texts(self.builder, running["footer"], content)

    def _running(self, kind: str) -> Iterator[str]:
        for part in parts_of_kind(self.part, kind):
            root = root_of(part)
            resolve_alternatives(root)
            yield "\n".join(map(self.texts.text, root.iter(PARAGRAPH)))

    def _style(self, paragraph: Any) -> Style:
        return self.styles.meaning(self.styles.id_of(paragraph))

    def _add_paragraph(self, element: Any, furniture: bool, level: int = 0) -> None:
        text = self._carried + self.texts.text(element)
        properties = child_of(element, _PROPERTIES)
        if properties is not None and properties.find(_MARK_DELETED) is not None:
            # Accepting the deletion of its end joins a paragraph with the next.
            self._carried = text
            return
        self._carried = ""
        attached = self.texts.take_attached()
        furniture = self._fields.in_furniture(element) or furniture
        style = self._style(element)
        mark, is_listed = self._mark(element, properties, style)
        is_listed = is_listed or bool(_TYPED_BULLET.match(text))
        level = style.level or _outline(properties) or level
        if not text.strip():
            pass  # An empty item is counted too, and ends no list.
        elif furniture or style.is_furniture:
            self.output.collect("furniture", " ".join(text.split()))
        elif style.is_code:
            self.output.collect("code", text)
        elif is_listed and not level:
            self.output.collect("list", _marked(mark, text))
        elif level:
            line = " ".join(text.split())
            self.output.add("heading", _marked("" if mark == "-" else mark, line), level)
        elif style.is_term or style.is_definition:
            # A term and what it means are one block.
            if style.is_term:
                self.output.end_lines()
            self.output.collect("paragraph", text.strip())
        elif cells := row_of_tabs(text):
            self.output.add_tabbed(text, cells)
        else:
            self.output.add("paragraph", text)
        self.output.attach(attached)

    def _mark(self, element: Any, properties: Any, style: Style) -> tuple[str, bool]:
        """The number or bullet before a paragraph, and whether it is an item of a list."""
        numbers = None if properties is None else properties.numPr
        list_id, depth = style.list_id, style.depth
        if numbers is not None:
            list_id = list_id if numbers.numId is None else str(numbers.numId.val)
            depth = depth if numbers.ilvl is None else int(numbers.ilvl.val)
        if list_id in ("", "0"):
            # Zero takes a paragraph out of the list of its style.
            return "", style.is_list and not list_id
        if depth is None:
            depth = self.numbering.depth_of_style(list_id, self.styles.id_of(element))
        mark = self.numbering.mark(list_id, min(max(depth, 0), DEEPEST - 1))
        return mark, bool(mark) or style.is_list

    def _add_table(self, table: Any) -> None:
        rows = table_rows(table)
        header = count_header_rows(table, rows, self.styles, self.texts.is_bold)
        regions = regions_of(rows[:SAMPLE_ROWS])
        self.output.add_table(cells_of(rows, self._plain), header, regions)
        self.output.attach(self.texts.take_attached())

    def _plain(self, parent: Any) -> str:
        """The text of a cell, with its lists and nested tables."""
        parts = []
        for element, _ in blocks(parent):
            if element.tag == TABLE:
                parts.append(self._nested(element))
            elif element.tag == PARAGRAPH:
                properties = child_of(element, _PROPERTIES)
                mark, _ = self._mark(element, properties, self._style(element))
                if text := self.texts.text(element).strip():
                    parts.append(_marked(mark, text))
            else:
                self.builder.leave_out("embedded document", "embedded documents")
        return parts[0].removeprefix("- ") if len(parts) == 1 else " ".join(parts)

    def _nested(self, table: Any) -> str:
        """A table inside a cell in one line: "Seats: 40; Floor: 2"."""
        rows = table_rows(table)
        cells = list(cells_of(rows, self._plain, repeat=False))
        header = count_header_rows(table, rows, self.styles, self.texts.is_bold)
        if header is None:
            header = likely_header_rows(cells)
        names = cells[header - 1] if header else []
        lines: list[str] = []
        length = 0
        for row in cells[header:]:
            named = [
                f"{name}: {cell}" if name and cell else cell
                for name, cell in zip([*names, *[""] * len(row)], row, strict=False)
            ]
            lines.append((", " if names or len(row) != 2 else ": ").join(filter(None, named)))
            # Names are repeated in each row.
            length += len(lines[-1])
            self.builder.limits.check_characters(length)
        return "; ".join(lines)

    def _add_chunk(self, element: Any) -> None:
        self.output.end()
        chunk = part_of(self.part, element.get(RELATION_ID))
        if chunk is not None and add_chunk(self.builder, chunk):
            return
        is_word = chunk is not None and chunk.content_type.startswith(_DOCX)
        if is_word and self.depth < _DEEPEST_CHUNK:
            try:
                inner = _opened(BytesIO(chunk.blob), self.builder.limits)
            except (UnreadableFile, KeyError, ValueError, etree.XMLSyntaxError):
                pass  # The rest of the document is read nevertheless.
            else:
                _Reader(self.builder, inner, self.depth + 1).read()
                return
        self.builder.leave_out("embedded document", "embedded documents")


def _marked(mark: str, text: str) -> str:
    """The text behind its number or bullet."""
    line = text.strip()
    return f"{mark} {line}" if mark else line


def _outline(properties: Any) -> int:
    """The level of a heading that a paragraph's properties set; 0 if they set none."""
    outline = None if properties is None else child_of(properties, _OUTLINE)
    level = "" if outline is None else outline.get(qn("w:val"), "")
    return int(level) + 1 if level in ("0", "1", "2", "3", "4", "5") else 0
