"""Hidden text of PDF files: text that is not visible on the printed page.

Text recognition lays invisible text over the picture of a page: that is what the page says, and
is read. In doubt text is kept.
"""

import ctypes
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from pypdfium2 import raw

MIN_POINTS = 1.0
"""Points: smaller letters cannot be read. Chosen by hand."""

SCAN_SHARE = 0.5
"""Share of a page that pictures cover at least if it was scanned. Chosen by hand."""

MAX_OBJECTS = 10_000
"""Objects of a page that are examined for a background of white text. Chosen by hand."""

MIN_STROKE_POINTS = 3.0
"""Points: lines at least this wide may be the background of text. Chosen by hand."""

# Chosen by hand; none is fitted.
_WHITE = 250  # least red, green and blue of white, of 255
_CLEAR = 10  # highest opacity of invisible text, of 255
_CELLS = 64  # rows and columns of the grid on which the backgrounds of a page are marked
_DEEPEST_FORM = 5  # levels of forms within forms that are examined

_Box = tuple[float, float, float, float]


class Visibility:
    """Visibility of the characters of a page."""

    def __init__(self, page: Any, textpage: Any) -> None:
        self._page = page
        self._textpage = textpage
        self.box: _Box = page.get_bbox()
        self._seen: dict[int, bool] = {}
        # PDFium writes its results here; allocating them for each call doubles its time.
        self._rgba = tuple(ctypes.c_uint() for _ in range(4))
        self._loose = raw.FS_RECTF()

    def shows(self, index: int) -> bool:
        """Whether a character is visible, judged by how it is drawn."""
        drawn = raw.FPDFText_GetTextObject(self._textpage, index)
        if not drawn:  # A character that PDFium inserted itself.
            return True
        place = ctypes.cast(drawn, ctypes.c_void_p).value or 0
        if place not in self._seen:
            self._seen[place] = self._is_seen(drawn, index)
        return self._seen[place]

    def is_on_page(self, left: float, bottom: float, right: float, top: float) -> bool:
        """Whether any of a box is on the page."""
        first, lowest, last, highest = self.box
        return right > first and left < last and top > lowest and bottom < highest

    def _is_seen(self, drawn: Any, index: int) -> bool:
        mode = raw.FPDFTextObj_GetTextRenderMode(drawn)
        if mode == raw.FPDF_TEXTRENDERMODE_INVISIBLE and not self._is_scan:
            return False
        loose = self._loose
        # The box with the height of the line: the box of a dot alone is small.
        raw.FPDFText_GetLooseCharBox(self._textpage, index, loose)
        left, right = sorted((loose.left, loose.right))
        bottom, top = sorted((loose.bottom, loose.top))
        if 0 < max(right - left, top - bottom) < MIN_POINTS:
            return False
        if mode == raw.FPDF_TEXTRENDERMODE_CLIP:
            # Transparent letters show what is behind them, if anything.
            return self._is_scan or self._has_ground((left, bottom, right, top))
        if mode != raw.FPDF_TEXTRENDERMODE_FILL:
            return True
        if not raw.FPDFText_GetFillColor(self._textpage, index, *self._rgba):
            return True
        *colours, alpha = (each.value for each in self._rgba)
        if alpha <= _CLEAR:
            return self._is_scan
        return min(colours) < _WHITE or self._has_ground((left, bottom, right, top))

    def _has_ground(self, box: _Box) -> bool:
        rows, columns = self._cells(box)
        return any(self._grounds[row] & columns for row in rows)

    def _cells(self, box: _Box) -> tuple[range, int]:
        """Cells of the page's grid that a box touches: rows, and columns as bits of a number."""
        first, bottom, last, top = self.box
        width, height = max(last - first, 1.0), max(top - bottom, 1.0)

        def across(low: float, high: float, start: float, length: float) -> range:
            begin, end = ((edge - start) / length * _CELLS for edge in (low, high))
            begin, end = max(0.0, min(begin, _CELLS - 1)), max(0.0, min(end, _CELLS - 1))
            return range(int(begin), int(end) + 1)

        columns = across(box[0], box[2], first, width)
        return across(box[1], box[3], bottom, height), (1 << columns.stop) - (1 << columns.start)

    @cached_property
    def _grounds(self) -> list[int]:
        """Cells of the page that may not be white: for each row its columns as bits."""
        grounds = [0] * _CELLS
        for count, (drawn, kind) in enumerate(self._objects):
            if count >= MAX_OBJECTS:
                return [(1 << _CELLS) - 1] * _CELLS
            box = _bounds(drawn)
            if box is None or _may_be_ground(drawn, kind, 0):
                rows, columns = self._cells(box or self.box)
                for row in rows:
                    grounds[row] |= columns
        return grounds

    @cached_property
    def _is_scan(self) -> bool:
        """Whether the page is a scan with invisible text from text recognition."""
        first, bottom, last, top = self.box
        covered = 0.0
        for drawn, kind in self._objects:
            box = _bounds(drawn)
            if box and _has_picture(drawn, kind, 0):
                across = min(box[2], last) - max(box[0], first)
                down = min(box[3], top) - max(box[1], bottom)
                covered += max(0.0, across) * max(0.0, down)
        return covered >= SCAN_SHARE * (last - first) * (top - bottom)

    @property
    def _objects(self) -> Iterator[tuple[Any, int]]:
        """What is drawn on the page besides text."""
        for at in range(min(raw.FPDFPage_CountObjects(self._page), 10 * MAX_OBJECTS)):
            drawn = raw.FPDFPage_GetObject(self._page, at)
            kind = raw.FPDFPageObj_GetType(drawn)
            if kind != raw.FPDF_PAGEOBJ_TEXT:
                yield drawn, kind


def _bounds(drawn: Any) -> _Box | None:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not raw.FPDFPageObj_GetBounds(drawn, left, bottom, right, top):
        return None
    return left.value, bottom.value, right.value, top.value


def _inside(form: Any) -> Iterator[tuple[Any, int]]:
    """Objects of a form XObject."""
    for at in range(min(raw.FPDFFormObj_CountObjects(form), MAX_OBJECTS)):
        drawn = raw.FPDFFormObj_GetObject(form, at)
        yield drawn, raw.FPDFPageObj_GetType(drawn)


def _has_picture(drawn: Any, kind: int, depth: int) -> bool:
    if kind != raw.FPDF_PAGEOBJ_FORM:
        return bool(kind == raw.FPDF_PAGEOBJ_IMAGE)
    return depth < _DEEPEST_FORM and any(
        _has_picture(inner, inner_kind, depth + 1) for inner, inner_kind in _inside(drawn)
    )


def _may_be_ground(drawn: Any, kind: int, depth: int) -> bool:
    """Whether white text can be read on it."""
    if kind == raw.FPDF_PAGEOBJ_TEXT:
        return False
    if kind == raw.FPDF_PAGEOBJ_FORM:
        return depth >= _DEEPEST_FORM or any(
            _may_be_ground(inner, inner_kind, depth + 1) for inner, inner_kind in _inside(drawn)
        )
    if kind != raw.FPDF_PAGEOBJ_PATH:
        return True
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    if raw.FPDFPath_GetDrawMode(drawn, fill, stroke) and fill.value == raw.FPDF_FILLMODE_NONE:
        width = ctypes.c_float()
        raw.FPDFPageObj_GetStrokeWidth(drawn, width)
        return bool(stroke.value) and width.value >= MIN_STROKE_POINTS
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not raw.FPDFPageObj_GetFillColor(drawn, red, green, blue, alpha):
        return True
    return min(red.value, green.value, blue.value) < _WHITE
