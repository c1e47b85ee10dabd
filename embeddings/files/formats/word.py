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

from embeddings.document import BlockKind, Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats.archive import opened_office_file
from embeddings.files.formats.ooxml import (
    RELATION_ID,
    part_of,
    parts_of_kind,
    resolve_alternatives,
)
from embeddings.files.formats.references import Sections
from embeddings.files.formats.running_text import add_running_texts
from embeddings.files.formats.tables import add_table
from embeddings.files.formats.tables import count_header_rows as likely_header_rows
from embeddings.files.formats.titles import useful_title
from embeddings.files.formats.word_blocks import CHUNK, PARAGRAPH, TABLE, blocks
from embeddings.files.formats.word_embedded import add_chunk, add_drawn
from embeddings.files.formats.word_headings import LIKELY_LEVEL, captions_below, likely_headings
from embeddings.files.formats.word_lines import Fields, TabbedRows, row_of_tabs
from embeddings.files.formats.word_notes import root_of
from embeddings.files.formats.word_numbering import DEEPEST, Numbering
from embeddings.files.formats.word_styles import Style, Styles
from embeddings.files.formats.word_tables import cells_of, count_header_rows, table_rows
from embeddings.files.formats.word_text import Attached, TextReader
from embeddings.files.limits import LimitedBuilder, Limits

_PROPERTIES = qn("w:pPr")
_OUTLINE = f"{_PROPERTIES}/{qn('w:outlineLvl')}"
_MARK_DELETED = f"{_PROPERTIES}/{qn('w:rPr')}/{qn('w:del')}"
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
        self.sections = Sections(builder)
        self.styles = Styles(source.styles.element, _has_ground(source))
        # Found by relation: python-docx would create a missing part from a template.
        numbering = next(parts_of_kind(source.part, "numbering"), None)
        self.numbering = Numbering(None if numbering is None else root_of(numbering))
        self.texts = TextReader(source.part, self.styles)
        self._kind: BlockKind = "list"
        self._lines: list[str] = []
        self._tabbed = TabbedRows()
        self._fields = Fields()
        self._carried = ""
        self._attached: list[Attached] = []

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
        self._flush()
        self._add_attached()
        self.sections.open()
        add_running_texts(self.builder, running["footer"], content)

    def _running(self, kind: str) -> Iterator[str]:
        for part in parts_of_kind(self.part, kind):
            root = root_of(part)
            resolve_alternatives(root)
            yield "\n".join(map(self.texts.text, root.iter(PARAGRAPH)))

    def _style(self, paragraph: Any) -> Style:
        return self.styles.meaning(paragraph.style or "")

    def _add_paragraph(self, element: Any, furniture: bool, level: int = 0) -> None:
        text = self._carried + self.texts.text(element)
        if element.find(_MARK_DELETED) is not None:
            # Accepting the deletion of its end joins a paragraph with the next.
            self._carried = text
            return
        self._carried = ""
        attached = self.texts.take_attached()
        furniture = self._fields.in_furniture(element) or furniture
        style = self._style(element)
        mark, is_listed = self._mark(element, style)
        is_listed = is_listed or bool(_TYPED_BULLET.match(text))
        level = style.level or _outline(element) or level
        if not text.strip():
            pass  # An empty item is counted too, and ends no list.
        elif furniture or style.is_furniture:
            self._collect("furniture", " ".join(text.split()))
        elif style.is_code:
            self._collect("code", text)
        elif is_listed and not level:
            self._collect("list", _marked(mark, text))
        elif level:
            line = " ".join(text.split())
            self._add("heading", _marked("" if mark == "-" else mark, line), level)
        elif style.is_term or style.is_definition:
            # A term and what it means are one block.
            if style.is_term:
                self._flush()
            self._collect("paragraph", text.strip())
        elif cells := row_of_tabs(text):
            self._flush_lines()
            self.sections.open()
            self._tabbed.add(self.builder, text, cells)
        else:
            self._add("paragraph", text)
        self._attached.append(attached)

    def _mark(self, element: Any, style: Style) -> tuple[str, bool]:
        """The number or bullet before a paragraph, and whether it is an item of a list."""
        properties = element.pPr
        numbers = None if properties is None else properties.numPr
        list_id, depth = style.list_id, style.depth
        if numbers is not None:
            list_id = list_id if numbers.numId is None else str(numbers.numId.val)
            depth = depth if numbers.ilvl is None else int(numbers.ilvl.val)
        if list_id in ("", "0"):
            # Zero takes a paragraph out of the list of its style.
            return "", style.is_list and not list_id
        if depth is None:
            depth = self.numbering.depth_of_style(list_id, element.style or "")
        mark = self.numbering.mark(list_id, min(max(depth, 0), DEEPEST - 1))
        return mark, bool(mark) or style.is_list

    def _add_table(self, table: Any) -> None:
        self._flush()
        self.sections.open()
        rows = table_rows(table)
        header = count_header_rows(table, rows, self.styles, self.texts.is_bold)
        add_table(self.builder, cells_of(rows, self._plain), header)
        self._attached.append(self.texts.take_attached())

    def _plain(self, parent: Any) -> str:
        """The text of a cell, with its lists and nested tables."""
        parts = []
        for element, _ in blocks(parent):
            if element.tag == TABLE:
                parts.append(self._nested(element))
            elif element.tag == PARAGRAPH:
                mark, _ = self._mark(element, self._style(element))
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
        self._flush()
        self._add_attached()
        self.sections.open()
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

    def _add(self, kind: BlockKind, text: str, level: int = 0) -> None:
        self._flush()
        self._add_attached()
        if level:
            self.sections.add_heading(text, level)
        else:
            self.sections.add(kind, text, share=0.0)

    def _collect(self, kind: BlockKind, line: str) -> None:
        """Append a line to a block of that kind that goes on, or begin one."""
        self._tabbed.flush(self.builder)
        if kind != self._kind:
            self._flush_lines()
        self._kind = kind
        self._lines.append(line)

    def _flush(self) -> None:
        """Append the block whose lines were collected."""
        self._tabbed.flush(self.builder)
        self._flush_lines()

    def _flush_lines(self) -> None:
        lines, self._lines = self._lines, []
        self.sections.add(self._kind, "\n".join(lines), share=0.0)

    def _add_attached(self) -> None:
        """Append what hangs on the blocks so far: behind a list or table, if one follows."""
        waiting, self._attached = self._attached, []
        if any(each.drawn or each.notes or each.comments for each in waiting):
            self.sections.open()
        for attached in waiting:
            for drawn in attached.drawn:
                add_drawn(self.builder, self.part, drawn)
            for mark, note in attached.notes:
                if text := self._whole(note):
                    self.builder.add("paragraph", f"{mark} {text}")
            for comment in attached.comments:
                author = comment.get(qn("w:author"), "").strip()
                if text := self._whole(comment):
                    name = f"Comment ({author})" if author else "Comment"
                    self.builder.add("paragraph", f"{name}: {text}")

    def _whole(self, note: Any) -> str:
        return "\n".join(map(self.texts.text, note.iter(PARAGRAPH))).strip()


def _marked(mark: str, text: str) -> str:
    """The text behind its number or bullet."""
    line = text.strip()
    return f"{mark} {line}" if mark else line


def _outline(paragraph: Any) -> int:
    """The level of a heading that a paragraph sets by itself; 0 if it sets none."""
    outline = paragraph.find(_OUTLINE)
    level = "" if outline is None else outline.get(qn("w:val"), "")
    return int(level) + 1 if level in ("0", "1", "2", "3", "4", "5") else 0


def _has_ground(source: Any) -> bool:
    """Whether text may have a background: a page colour, or drawings behind it."""
    background = source.element.find(qn("w:background"))
    if background is not None and background.get(qn("w:color"), "").upper() != "FFFFFF":
        return True
    headers = parts_of_kind(source.part, "header")
    roots = [source.element, *(getattr(header, "element", None) for header in headers)]
    return any(
        anchor.get("behindDoc") in ("1", "true")
        for root in roots
        if root is not None
        for anchor in root.iter(qn("wp:anchor"))
    )
