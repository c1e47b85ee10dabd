"""PowerPoint presentations: a slide is a page, its title a heading.

python-pptx: MIT, the only maintained reader; placeholders distinguish titles from text. Texts
are taken from its XML tree, as its own ``text`` keeps what is struck out and loses formulas.
"""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pptx
from pptx.enum.shapes import PP_PLACEHOLDER

from embeddings.document import Document
from embeddings.files.formats.archive import opened_office_file
from embeddings.files.formats.charts import add_chart
from embeddings.files.formats.diagrams import add_diagram
from embeddings.files.formats.ooxml import (
    CHART,
    CHART_EX,
    DIAGRAM,
    DIAGRAM_DATA,
    DRAWING,
    RELATION_ID,
    element_of,
    part_of,
    resolve_alternatives,
)
from embeddings.files.formats.powerpoint_comments import Comments
from embeddings.files.formats.powerpoint_text import PARAGRAPH, add_text, text_of, texts_of
from embeddings.files.formats.running_text import add_running_texts
from embeddings.files.formats.tables import SAMPLE_ROWS, add_table
from embeddings.files.formats.titles import useful_title
from embeddings.files.limits import LimitedBuilder, Limits

_PRESENTATION = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_BODY, _PICTURE, _OBJECT = (f"{_PRESENTATION}{name}" for name in ("txBody", "pic", "oleObj"))
_NAMED = f".//{_PRESENTATION}cNvPr"
_COUNTED = (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.SLIDE_NUMBER)
_RUNNING = (PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.HEADER)
_BODIES = (PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.VERTICAL_BODY)
_DEEPEST_GROUP = 50
_LONGEST_HEADING = 100
"""Characters of a text that stands for the title of a slide without one. Chosen by hand."""


def read(path: Path, limits: Limits) -> Document:
    """The document in a presentation, with the speaker's notes and comments below each slide."""
    source = opened_office_file(path, limits, "PowerPoint presentation", pptx.Presentation)
    limits.check_pages(len(source.slides), "slides")
    builder = LimitedBuilder(limits, useful_title(source.core_properties.title))
    reader = _Reader(builder, source)
    for number, slide in enumerate(source.slides, start=1):
        reader.add_slide(slide, number)
    return builder.build(path.name)


class _Reader:
    """Reads the slides of a presentation into a builder."""

    def __init__(self, builder: LimitedBuilder, source: Any) -> None:
        self.builder = builder
        self.page = (source.slide_width or 0, source.slide_height or 0)
        self.comments = Comments(source.part)
        self._footers: set[str] = set()

    def add_slide(self, slide: Any, number: int) -> None:
        """Append a slide as a page."""
        self.builder.start_page()
        resolve_alternatives(slide._element)
        shapes = [
            shape
            for shape in _shapes(slide.shapes)
            if not _is_hidden(shape) and not _is_off_the_slide(shape, *self.page)
        ]
        heading = slide.shapes.title
        if heading is None or not _text(heading).strip():
            heading = _likely_heading(shapes)
        if heading is not None:
            text = " ".join(_text(heading).split())
            self.builder.add("heading", text, level=1 if number == 1 else 2)
        for shape in shapes:
            if heading is None or shape._element is not heading._element:
                self._add_shape(shape, slide.part)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            notes = slide.notes_slide.notes_text_frame._txBody
            self.builder.add("paragraph", texts_of(notes))
        for comment in self.comments.of_slide(slide.part):
            self.builder.add("paragraph", comment)

    def _add_shape(self, shape: Any, part: Any) -> None:
        element = shape._element
        kind = shape.placeholder_format.type if shape.is_placeholder else None
        if kind in _COUNTED:
            return
        if kind in _RUNNING:
            text = _text(shape)
            if text not in self._footers:
                self._footers.add(text)
                add_running_texts(self.builder, [text], "")
        elif element.tag == _PICTURE:
            self._leave_out_picture(element)
        elif getattr(shape, "has_table", False):
            self._add_table(element)
        elif element.find(_BODY) is not None:
            add_text(self.builder, element.find(_BODY), kind in _BODIES)
        else:
            self._add_graphic(element, part)

    def _leave_out_picture(self, element: Any) -> None:
        if next(element.iter(f"{DRAWING}videoFile"), None) is not None:
            self.builder.leave_out("video", "videos")
        elif next(element.iter(f"{DRAWING}audioFile"), None) is not None:
            self.builder.leave_out("sound recording", "sound recordings")
        else:
            self.builder.leave_out("picture", "pictures")

    def _add_graphic(self, element: Any, part: Any) -> None:
        for inner in element.iter(CHART, CHART_EX, DIAGRAM, _OBJECT):
            if inner.tag == _OBJECT:
                self.builder.leave_out("embedded object", "embedded objects")
            elif inner.tag == DIAGRAM:
                diagram = part_of(part, inner.get(DIAGRAM_DATA))
                if not add_diagram(self.builder, element_of(diagram)):
                    self.builder.leave_out("diagram", "diagrams")
            else:
                chart = part_of(part, inner.get(RELATION_ID))
                if not add_chart(self.builder, element_of(chart)):
                    self.builder.leave_out("chart", "charts")

    def _add_table(self, element: Any) -> None:
        table = next(element.iter(f"{DRAWING}tbl"))
        properties = table.find(f"{DRAWING}tblPr")
        marked = properties is not None and properties.get("firstRow") in ("1", "true")
        rows = table.findall(f"{DRAWING}tr")
        numbers = count()
        regions = list(_cells(rows[:SAMPLE_ROWS], lambda _: str(next(numbers))))
        header = 1 if marked and len(rows) > 1 else None
        add_table(self.builder, _cells(rows, _cell_text), header, regions)


def _cells(rows: list[Any], text_of_cell: Callable[[Any], str]) -> Iterator[list[str]]:
    """The texts of a table's cells, those of merged cells in each place that they cover."""
    above: list[str] = []
    for row in rows:
        texts: list[str] = []
        for cell in row.iterchildren(f"{DRAWING}tc"):
            at = len(texts)
            if cell.get("vMerge") in ("1", "true") and at < len(above):
                texts.append(above[at])
            elif cell.get("hMerge") in ("1", "true") and texts:
                texts.append(texts[-1])
            else:
                texts.append(text_of_cell(cell))
        above = texts
        yield texts


def _cell_text(cell: Any) -> str:
    return " ".join(map(text_of, cell.iter(PARAGRAPH)))


def _text(shape: Any) -> str:
    body = shape._element.find(_BODY)
    return "" if body is None else texts_of(body)


def _likely_heading(shapes: list[Any]) -> Any:
    """The short text that stands highest, on a slide without a title."""
    placed: list[tuple[int, int, Any]] = []
    for shape in shapes:
        element = shape._element
        if shape.is_placeholder or element.y is None or element.getparent().tag.endswith("}grpSp"):
            continue
        if _text(shape).strip() or getattr(shape, "has_table", False):
            placed.append((element.y, len(placed), shape))
    if len(placed) < 2:
        return None
    top, _, shape = min(placed)
    # Side by side with others it is a label.
    if any(other < top + (shape._element.cy or 0) // 2 for other, _, _ in sorted(placed)[1:]):
        return None
    lines = [line for line in _text(shape).split("\n") if line.strip()]
    is_short = len(lines) == 1 and len(lines[0]) <= _LONGEST_HEADING
    return shape if is_short and not lines[0].rstrip().endswith((".", ":", ",", ";")) else None


def _is_hidden(shape: Any) -> bool:
    named = shape._element.find(_NAMED)
    return named is not None and named.get("hidden") in ("1", "true")


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
        else:
            yield shape
