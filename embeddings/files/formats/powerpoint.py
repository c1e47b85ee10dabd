"""PowerPoint presentations: a slide is a page, its title a heading.

python-pptx: MIT, the only maintained reader; placeholders distinguish titles from text.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pptx
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.table import _Row

from embeddings.document import Document
from embeddings.files.formats.archive import opened_office_file
from embeddings.files.formats.tables import add_table
from embeddings.files.limits import LimitedBuilder, Limits

_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
# Page furniture that is the same on every slide.
_FURNITURE = (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER)
_BODIES = (PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.VERTICAL_BODY)
_DEEPEST_GROUP = 50


def read(path: Path, limits: Limits) -> Document:
    """The document in a presentation, with the speaker's notes below each slide."""
    source = opened_office_file(path, limits, "PowerPoint presentation", pptx.Presentation)
    page = (source.slide_width or 0, source.slide_height or 0)
    limits.check_pages(len(source.slides), "slides")
    title = source.core_properties.title
    # Default titles of python-pptx and PowerPoint.
    generic = title.strip().lower() in ("", "powerpoint presentation", "presentation")
    builder = LimitedBuilder(limits, None if generic else title)
    for number, slide in enumerate(source.slides, start=1):
        builder.start_page()
        heading = slide.shapes.title
        if heading is not None and heading.has_text_frame:
            text = " ".join(heading.text_frame.text.split())
            builder.add("heading", text, level=1 if number == 1 else 2)
        for shape in _shapes(slide.shapes):
            is_heading = heading is not None and shape.shape_id == heading.shape_id
            if not is_heading and not _is_off_the_slide(shape, *page):
                _add_shape(builder, shape)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            builder.add("paragraph", _text(slide.notes_slide.notes_text_frame))
    return builder.build(path.name)


def _is_off_the_slide(shape: Any, width: int, height: int) -> bool:
    """Whether nothing of a shape is on the slide; not where it is placed by a group or layout."""
    element = shape._element
    x, y, across, down = element.x, element.y, element.cx, element.cy
    if not (width and height) or None in (x, y, across, down) or shape.rotation:
        return False
    if element.getparent().tag.endswith("}grpSp"):
        return False
    return bool(x + across <= 0 or y + down <= 0 or x >= width or y >= height)


def _shapes(shapes: Any, depth: int = 0) -> Iterator[Any]:
    """Shapes in the order of the file, those inside groups among them."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            if depth < _DEEPEST_GROUP:
                yield from _shapes(shape.shapes, depth + 1)
        elif not (shape.is_placeholder and shape.placeholder_format.type in _FURNITURE):
            yield shape


def _add_shape(builder: LimitedBuilder, shape: Any) -> None:
    if getattr(shape, "has_table", False):
        add_table(builder, _rows(shape.table))
    if not shape.has_text_frame:
        return
    is_body = shape.is_placeholder and shape.placeholder_format.type in _BODIES
    paragraphs = [paragraph for paragraph in shape.text_frame.paragraphs if paragraph.text.strip()]
    items: list[str] = []
    for paragraph in paragraphs:
        if len(paragraphs) > 1 and _has_bullet(paragraph, is_body):
            items.append("- " + " ".join(paragraph.text.split()))
            continue
        builder.add("list", "\n".join(items))
        items.clear()
        builder.add("paragraph", paragraph.text)
    builder.add("list", "\n".join(items))


def _has_bullet(paragraph: Any, is_body: bool) -> bool:
    """Whether a paragraph has a bullet: by its own properties, else if it is body text."""
    properties = paragraph._p.pPr
    for child in () if properties is None else properties:
        if child.tag == _DRAWING + "buNone":
            return False
        if child.tag in (_DRAWING + "buChar", _DRAWING + "buAutoNum", _DRAWING + "buBlip"):
            return True
    return is_body


def _text(frame: Any) -> str:
    return "\n".join(paragraph.text for paragraph in frame.paragraphs)


def _rows(table: Any) -> Iterator[list[str]]:
    # Its own ``rows[at]`` looks for all of them each time.
    trs = (_Row(tr, table.rows) for tr in table._tbl.tr_lst)
    return ([cell.text for cell in row.cells] for row in trs)
