"""Columns of print on a PDF's page, and the order in which they are read.

The order of the file is that of reading in almost all files, and is kept unless the file goes
back and forth between two columns, or up and down.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from embeddings.files.formats.pdf_rows import Placed, Row, extent, rows_of, segments_of, strips_of

# Chosen by hand; none is fitted.
_MIN_ROWS = 5  # least rows of print of a column
_MIN_WORDS = 4.0  # words that a line of prose has on average at least
_CROSSING = 0.3  # share of a page's rows that may reach over both of its columns
_MIDDLE = (0.2, 0.8)  # where the white between columns can be, of the width
_DEEPEST = 2  # columns are looked for in columns that often


@dataclass(frozen=True, slots=True)
class Zone:
    """Words that stand in one column, or over all of them.

    Attributes:
        words: In the order of the file.
        band: The number of the stretch of the page, from its top.
        column: From the left, 0 for the first.
    """

    words: list[Placed]
    band: int
    column: int


def zones_of(words: Sequence[Placed]) -> list[Zone]:
    """The words of a page by column."""
    zones: list[Zone] = []
    _part(list(words), 0, zones)
    return zones


def _part(words: list[Placed], depth: int, zones: list[Zone]) -> None:
    rows = rows_of(words)
    gutter = _gutter(rows) if depth < _DEEPEST else None
    if gutter is None:
        if words:
            zones.append(Zone(sorted(words, key=lambda placed: placed.at), len(zones), 0))
        return
    band: list[Row] = []
    whole: list[Placed] = []
    for row in rows:
        if _crosses(row, gutter):
            _add_band(band, gutter, depth, zones)
            band = []
            whole += row
        else:
            if whole:
                zones.append(Zone(sorted(whole, key=lambda placed: placed.at), len(zones), 0))
                whole = []
            band.append(row)
    _add_band(band, gutter, depth, zones)
    if whole:
        zones.append(Zone(sorted(whole, key=lambda placed: placed.at), len(zones), 0))


def _add_band(band: list[Row], gutter: float, depth: int, zones: list[Zone]) -> None:
    sides: tuple[list[Placed], list[Placed]] = ([], [])
    for row in band:
        for placed in row:
            sides[placed.word.left > gutter].append(placed)
    number = len(zones)
    for column, side in enumerate(sides):
        parts: list[Zone] = []
        _part(side, depth + 1, parts)
        zones += [
            Zone(part.words, number, 100 * column + part.band + part.column) for part in parts
        ]


def _gutter(rows: list[Row]) -> float | None:
    """The x between two columns of prose; none if there is one column, or a table."""
    if len(rows) < _MIN_ROWS:
        return None
    segments = [segments_of(row) for row in rows]
    left, right = extent(placed for row in rows for placed in row)
    strips = [
        strip
        for strip in strips_of(segments, _CROSSING)
        if left + _MIDDLE[0] * (right - left) < sum(strip) / 2 < left + _MIDDLE[1] * (right - left)
    ]
    for low, high in sorted(strips, key=lambda strip: strip[0] - strip[1])[:3]:
        gutter = (low + high) / 2
        if all(_is_prose(side) for side in _sides(segments, gutter)):
            return gutter
    return None


def _sides(segments: list[list[Row]], gutter: float) -> tuple[list[list[Row]], list[list[Row]]]:
    """The segments of each row that are left and right of it, without rows that cross it."""
    sides: tuple[list[list[Row]], list[list[Row]]] = ([], [])
    for row in segments:
        if any(seg[0].word.left < gutter < seg[-1].word.right for seg in row):
            continue
        for side, wanted in zip(sides, (False, True), strict=True):
            if chosen := [seg for seg in row if (seg[0].word.left > gutter) == wanted]:
                side.append(chosen)
    return sides


def _is_prose(rows: list[list[Row]]) -> bool:
    """Whether the rows of one side are lines of prose: of one segment and several words."""
    if len(rows) < _MIN_ROWS:
        return False
    single = [row for row in rows if len(row) == 1]
    words = sum(len(segment) for row in single for segment in row)
    return 2 * len(single) >= len(rows) and words >= _MIN_WORDS * len(single)


def _crosses(row: Row, gutter: float) -> bool:
    """Whether a row reaches over the white between columns, or has cells on both sides."""
    segments = segments_of(row, 0.6)
    if any(segment[0].word.left < gutter < segment[-1].word.right for segment in segments):
        return True
    left = sum(segment[-1].word.right <= gutter for segment in segments_of(row))
    return left >= 2 and len(segments_of(row)) - left >= 2
