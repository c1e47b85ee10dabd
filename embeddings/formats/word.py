"""Word documents: paragraphs, headings, lists and tables in their order.

python-docx: MIT, maintained, resolves styles and relations; the text itself is
taken from its XML tree, as its own ``Paragraph.text`` leaves out tracked
insertions, content controls and text boxes, and is slow.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docx
from docx.oxml.ns import qn

from embeddings.document import Document
from embeddings.formats.archive import check_office_file
from embeddings.limits import LimitedBuilder, Limits

_P, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_TEXTS = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
_TEXT = qn("w:t")
_BOX = qn("w:txbxContent")
# Moved away, or repeated for programs that cannot show the original.
_SKIPPED = {
    qn("w:moveFrom"),
    qn("w:del"),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
    qn("w:pPr"),
    qn("w:rPr"),
}
# Around paragraphs: content controls, custom XML, tracked insertions of whole paragraphs.
_CONTAINERS = {qn("w:sdt"), qn("w:sdtContent"), qn("w:customXml"), qn("w:ins"), qn("w:smartTag")}


@dataclass(frozen=True, slots=True)
class _Style:
    """What a paragraph style means: a heading level, a list, or neither."""

    level: int = 0
    list_id: str = ""
    is_list: bool = False
    is_contents: bool = False


@dataclass(slots=True)
class _Numbering:
    """Formats of the numbered lists, and how far each has been counted."""

    formats: dict[tuple[str, int], tuple[str, int]]
    counts: dict[tuple[str, int], int] = field(default_factory=dict)

    def mark(self, list_id: str, depth: int) -> str:
        kind, start = self.formats.get((list_id, depth), ("bullet", 1))
        if kind != "decimal":
            return "- "
        number = self.counts.get((list_id, depth), start - 1) + 1
        self.counts[list_id, depth] = number
        # A new outer item starts the inner numbers afresh.
        for key in [key for key in self.counts if key[0] == list_id and key[1] > depth]:
            del self.counts[key]
        return f"{number}. "


def read(path: Path, limits: Limits) -> Document:
    """The document in a Word file; headers, footers, footnotes and comments are left out."""
    check_office_file(path, limits, "Word document")
    source = docx.Document(str(path))
    title = source.core_properties.title
    # What python-docx gives where a file says nothing about itself.
    builder = LimitedBuilder(limits, None if title == "Word Document" else title)
    styles = {style.style_id: _style(style) for style in source.styles if style.type == 1}
    numbering = _Numbering(_list_formats(source))
    items: list[str] = []
    for element in _blocks(source.element.body):
        if element.tag == _TABLE:
            _add_list(builder, items)
            builder.add("table", _table(element))
            continue
        text = _text(element).strip()
        style = styles.get(element.style or "", _Style())
        list_id, depth = _list_place(element, style)
        if style.is_contents or not text:
            continue
        if style.level == 0 and (list_id or style.is_list):
            items.append(numbering.mark(list_id, depth) + " ".join(text.split()))
            continue
        _add_list(builder, items)
        if style.level:
            builder.add("heading", " ".join(text.split()), level=style.level)
        else:
            builder.add("paragraph", text)
    _add_list(builder, items)
    return builder.build(path.name)


def _add_list(builder: LimitedBuilder, items: list[str]) -> None:
    builder.add("list", "\n".join(items))
    items.clear()


def _blocks(parent: Any) -> Iterator[Any]:
    """Paragraph and table elements in order, with what stands in content controls and boxes."""
    for element in parent:
        if element.tag == _P:
            yield element
            for box in element.iter(_BOX):
                if not any(each.tag in _SKIPPED for each in box.iterancestors()):
                    yield from _blocks(box)
        elif element.tag == _TABLE:
            cells = list(element.iter(_CELL))
            # A table of one cell is a frame around ordinary text.
            yield from _blocks(cells[0]) if len(cells) == 1 else [element]
        elif element.tag in _CONTAINERS:
            yield from _blocks(element)


def _text(paragraph: Any) -> str:
    """Text of a paragraph with tracked changes accepted, without its text boxes."""
    parts: list[str] = []
    stack = list(reversed(paragraph))
    while stack:
        element = stack.pop()
        if element.tag == _TEXT:
            parts.append(element.text or "")
        elif element.tag in _TEXTS:
            parts.append(_TEXTS[element.tag])
        elif element.tag not in _SKIPPED and element.tag != _BOX:
            stack.extend(reversed(element))
    return "".join(parts)


def _table(table: Any) -> str:
    """One row a line, cells parted by bars."""
    lines = []
    for row in table.iter(_ROW):
        cells = row.iterchildren(_CELL)
        texts = [" ".join(" ".join(map(_text, cell.iter(_P))).split()) for cell in cells]
        if any(texts):
            lines.append(" | ".join(texts))
    return "\n".join(lines)


def _style(style: Any) -> _Style:
    """The meaning of a style, from its own name and properties or those it is based on."""
    seen = set()
    while style is not None and style.style_id not in seen:
        seen.add(style.style_id)
        name = (style.name or "").lower()
        if name == "title":
            return _Style(level=1)
        if name.startswith("heading ") and name[8:].isdecimal():
            return _Style(level=min(6, max(1, int(name[8:]))))
        if name.startswith("toc ") and name != "toc heading":
            return _Style(is_contents=True)
        list_ids = style.element.xpath("w:pPr/w:numPr/w:numId/@w:val")
        if list_ids or (name.startswith("list ") and name != "list paragraph"):
            return _Style(list_id=str(list_ids[0]) if list_ids else "", is_list=True)
        outline = style.element.xpath("w:pPr/w:outlineLvl/@w:val")
        if outline and str(outline[0]) in "012345":
            return _Style(level=int(outline[0]) + 1)
        style = style.base_style
    return _Style()


def _list_place(paragraph: Any, style: _Style) -> tuple[str, int]:
    """Which list a paragraph belongs to, if any, and how deep it is nested there."""
    properties = paragraph.pPr
    numbers = None if properties is None else properties.numPr
    list_id, depth = style.list_id, 0
    if numbers is not None:
        list_id = list_id if numbers.numId is None else str(numbers.numId.val)
        depth = 0 if numbers.ilvl is None else int(numbers.ilvl.val)
    return ("" if list_id == "0" else list_id), depth


def _list_formats(source: Any) -> dict[tuple[str, int], tuple[str, int]]:
    """Number format and first number of each depth of each list."""
    # Asked for by relation: python-docx would make a missing part from a template.
    parts = [
        each.target_part
        for each in source.part.rels.values()
        if each.reltype.endswith("/numbering")
    ]
    if not parts:
        return {}
    root = parts[0].element
    abstract = {
        each.get(qn("w:abstractNumId")): each for each in root.iterchildren(qn("w:abstractNum"))
    }
    formats = {}
    for number in root.iterchildren(qn("w:num")):
        reference = number.find(qn("w:abstractNumId"))
        definition = None if reference is None else abstract.get(reference.get(qn("w:val")))
        for level in () if definition is None else definition.iterchildren(qn("w:lvl")):
            key = (str(number.get(qn("w:numId"))), int(level.get(qn("w:ilvl")) or 0))
            formats[key] = (_value(level, "w:numFmt", "bullet"), int(_value(level, "w:start", "1")))
    return formats


def _value(element: Any, name: str, default: str) -> str:
    child = element.find(qn(name))
    return default if child is None else str(child.get(qn("w:val")) or default)
