"""What is drawn on a PDF's page besides text: ruling lines of tables, and pictures."""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pypdfium2 import raw

from embeddings.files.formats.pdf_hidden import MAX_OBJECTS
from embeddings.files.formats.pdf_text import Box, turned

PICTURE_SHARE = 0.05
"""Share of a page that a picture takes up at least if it is worth telling. Chosen by hand."""

# Chosen by hand; none is fitted.
_DEEPEST_FORM = 5  # levels of forms within forms that are examined
_THICK = 3.0  # points: a wider line is a bar
_SHORT = 4.0  # points: a shorter line is part of a letter or a dash
_MAX_SEGMENTS = 5_000  # of the paths of a page, that are examined
_MAX_RULES = 20_000  # of a page

_Matrix = tuple[float, float, float, float, float, float]


class Rule(NamedTuple):
    """A ruling line, parallel to an axis.

    Attributes:
        at: Its y if it is horizontal, its x if it is vertical.
        start: Where it begins on the other axis.
        end: Where it ends.
    """

    at: float
    start: float
    end: float


@dataclass(slots=True)
class Drawings:
    """Ruling lines and pictures of a page; lines as ``turned``."""

    horizontal: list[Rule] = field(default_factory=list)
    vertical: list[Rule] = field(default_factory=list)
    pictures: list[Box] = field(default_factory=list)


def drawings_of(page: Any, angle: int) -> Drawings:
    """What is drawn on a page.

    Args:
        page: PDFium's.
        angle: Of its text: lines are turned as words are.
    """
    found = Drawings()
    budget = _Budget(MAX_OBJECTS, _MAX_SEGMENTS)
    count = raw.FPDFPage_CountObjects(page)
    objects = (raw.FPDFPage_GetObject(page, at) for at in range(count))
    for kind, box in _shapes(objects, None, 0, budget):
        if kind == raw.FPDF_PAGEOBJ_IMAGE:
            found.pictures.append(box)
            continue
        left, bottom, right, top = turned(box, angle)
        if top - bottom <= _THICK and right - left >= _SHORT:
            found.horizontal.append(Rule((bottom + top) / 2, left, right))
        elif right - left <= _THICK and top - bottom >= _SHORT:
            found.vertical.append(Rule((left + right) / 2, bottom, top))
        if len(found.horizontal) + len(found.vertical) > _MAX_RULES:
            break
    return found


@dataclass(slots=True)
class _Budget:
    objects: int
    segments: int


def _shapes(
    objects: Iterator[Any], matrix: _Matrix | None, depth: int, budget: _Budget
) -> Iterator[tuple[int, Box]]:
    """Kind and box of each picture, and of each straight line of a path."""
    for drawn in objects:
        kind = raw.FPDFPageObj_GetType(drawn)
        if kind == raw.FPDF_PAGEOBJ_TEXT:
            continue
        budget.objects -= 1
        if budget.objects < 0:
            return
        if kind == raw.FPDF_PAGEOBJ_FORM:
            if depth < _DEEPEST_FORM:
                count = raw.FPDFFormObj_CountObjects(drawn)
                inner = (raw.FPDFFormObj_GetObject(drawn, at) for at in range(count))
                yield from _shapes(inner, _times(_matrix(drawn), matrix), depth + 1, budget)
        elif kind == raw.FPDF_PAGEOBJ_IMAGE:
            if box := _bounds(drawn):
                yield kind, _mapped(box, matrix)
        elif kind == raw.FPDF_PAGEOBJ_PATH and (box := _bounds(drawn)):
            box = _mapped(box, matrix)
            if min(box[2] - box[0], box[3] - box[1]) <= _THICK:
                if _is_drawn(drawn):
                    yield kind, box
            else:
                for line in _segments(drawn, budget):
                    yield kind, _mapped(line, matrix)


def _is_drawn(drawn: Any) -> bool:
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(drawn, fill, stroke)
    return bool(stroke.value or fill.value != raw.FPDF_FILLMODE_NONE)


def _segments(drawn: Any, budget: _Budget) -> Iterator[Box]:
    """The lines of a stroked path that are parallel to an axis; a rectangle has four."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    if not raw.FPDFPath_GetDrawMode(drawn, fill, stroke) or not stroke.value:
        return
    count = raw.FPDFPath_CountSegments(drawn)
    budget.segments -= count
    if budget.segments < 0:
        return
    matrix = _matrix(drawn)
    x, y = ctypes.c_float(), ctypes.c_float()
    begin = previous = (0.0, 0.0)
    for at in range(count):
        segment = raw.FPDFPath_GetPathSegment(drawn, at)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        here = _point(x.value, y.value, matrix)
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            begin = here
        elif kind == raw.FPDF_SEGMENT_LINETO:
            yield _spanned(previous, here)
        if raw.FPDFPathSegment_GetClose(segment):
            yield _spanned(here, begin)
        previous = here


def _spanned(one: tuple[float, float], other: tuple[float, float]) -> Box:
    (x, y), (u, v) = one, other
    return min(x, u), min(y, v), max(x, u), max(y, v)


def _bounds(drawn: Any) -> Box | None:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not raw.FPDFPageObj_GetBounds(drawn, left, bottom, right, top):
        return None
    return left.value, bottom.value, right.value, top.value


def _matrix(drawn: Any) -> _Matrix | None:
    matrix = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(drawn, matrix):
        return None
    return matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f


def _times(inner: _Matrix | None, outer: _Matrix | None) -> _Matrix | None:
    """The matrix that applies the inner one first."""
    if inner is None or outer is None:
        return inner or outer
    a, b, c, d, e, f = inner
    g, h, i, j, k, m = outer
    x, y = e * g + f * i + k, e * h + f * j + m
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, x, y


def _point(x: float, y: float, matrix: _Matrix | None) -> tuple[float, float]:
    if matrix is None:
        return x, y
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _mapped(box: Box, matrix: _Matrix | None) -> Box:
    if matrix is None:
        return box
    return _spanned(_point(box[0], box[1], matrix), _point(box[2], box[3], matrix))
