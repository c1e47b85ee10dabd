"""Word documents: paragraphs, headings, lists and tables in their order.

python-docx: MIT, maintained, resolves styles and relations; the text itself is
taken from its XML tree, as its own ``Paragraph.text`` leaves out tracked
insertions, content controls and text boxes, and is slow.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
from docx.oxml.ns import qn

from embeddings.document import Document
from embeddings.files.formats.archive import opened_office_file
from embeddings.files.formats.tables import add_table
from embeddings.files.formats.word_styles import DEEPEST, Numbering, Style, Styles
from embeddings.files.limits import LimitedBuilder, Limits

_P, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_TEXTS = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
_TEXT, _RUN = qn("w:t"), qn("w:r")
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


def read(path: Path, limits: Limits) -> Document:
    """The document in a Word file; headers, footers, footnotes and comments are left out."""
    source = opened_office_file(path, limits, "Word document", docx.Document)
    title = source.core_properties.title
    # The default title of python-docx.
    builder = LimitedBuilder(limits, None if title == "Word Document" else title)
    styles = Styles(source.styles.element, _has_ground(source))
    numbering = Numbering(_numbering(source))
    items: list[str] = []
    for element in _blocks(source.element.body):
        if element.tag == _TABLE:
            _add_list(builder, items)
            add_table(builder, _rows(element, styles))
            continue
        text = _text(element, styles).strip()
        style = styles.meaning(element.style or "")
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


def _has_ground(source: Any) -> bool:
    """Whether text may have a background: a page colour, or drawings behind it."""
    background = source.element.find(qn("w:background"))
    if background is not None and background.get(qn("w:color"), "").upper() != "FFFFFF":
        return True
    related = source.part.rels.values()
    headers = (
        each.target_part
        for each in related
        if each.reltype.endswith("/header") and not each.is_external
    )
    roots = [source.element, *(getattr(header, "element", None) for header in headers)]
    return any(
        anchor.get("behindDoc") in ("1", "true")
        for root in roots
        if root is not None
        for anchor in root.iter(qn("wp:anchor"))
    )


def _blocks(parent: Any) -> Iterator[Any]:
    """Paragraph and table elements in order, also those in content controls and text boxes."""
    for element in parent:
        if element.tag == _P:
            yield element
            for box in _boxes(element):
                yield from _blocks(box)
        elif element.tag == _TABLE:
            cells = list(element.iter(_CELL))
            # A table of one cell is a frame around ordinary text.
            yield from _blocks(cells[0]) if len(cells) == 1 else [element]
        elif element.tag in _CONTAINERS:
            yield from _blocks(element)


def _boxes(paragraph: Any) -> Iterator[Any]:
    """The text boxes of a paragraph, without nested ones, which belong to inner paragraphs."""
    if next(paragraph.iter(_BOX), None) is None:
        return
    stack = list(reversed(paragraph))
    while stack:
        element = stack.pop()
        if element.tag == _BOX:
            yield element
        elif element.tag not in _SKIPPED:
            stack.extend(reversed(element))


def _text(paragraph: Any, styles: Styles) -> str:
    """Visible text of a paragraph with tracked changes accepted, without its text boxes."""
    parts: list[str] = []
    stack = list(reversed(paragraph))
    while stack:
        element = stack.pop()
        if element.tag == _TEXT:
            parts.append(element.text or "")
        elif element.tag in _TEXTS:
            parts.append(_TEXTS[element.tag])
        elif element.tag == _RUN and styles.hides(element):
            continue
        elif element.tag not in _SKIPPED and element.tag != _BOX:
            stack.extend(reversed(element))
    return "".join(parts)


def _rows(table: Any, styles: Styles) -> Iterator[list[str]]:
    for row in table.iter(_ROW):
        cells = row.iterchildren(_CELL)
        yield [" ".join(_text(paragraph, styles) for paragraph in cell.iter(_P)) for cell in cells]


def _list_place(paragraph: Any, style: Style) -> tuple[str, int]:
    """Which list a paragraph belongs to, if any, and how deep it is nested there."""
    properties = paragraph.pPr
    numbers = None if properties is None else properties.numPr
    list_id, depth = style.list_id, 0
    if numbers is not None:
        list_id = list_id if numbers.numId is None else str(numbers.numId.val)
        depth = 0 if numbers.ilvl is None else min(int(numbers.ilvl.val), DEEPEST - 1)
    return ("" if list_id == "0" else list_id), depth


def _numbering(source: Any) -> Any:
    """The element that defines the lists of a document; none if it has none."""
    # Found by relation: python-docx would create a missing part from a template.
    parts = (
        each.target_part
        for each in source.part.rels.values()
        if each.reltype.endswith("/numbering")
    )
    return next((part.element for part in parts), None)
