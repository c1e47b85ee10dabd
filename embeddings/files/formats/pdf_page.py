"""A PDF's page: its lines and tables in reading order, and what is left out of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Any

from embeddings.files.formats.pdf_columns import Zone, zones_of
from embeddings.files.formats.pdf_drawings import PICTURE_SHARE, drawings_of
from embeddings.files.formats.pdf_hidden import Visibility
from embeddings.files.formats.pdf_lines import Line, line_from, lines_of
from embeddings.files.formats.pdf_margins import without_line_numbers
from embeddings.files.formats.pdf_ocr import recognised_words
from embeddings.files.formats.pdf_rows import Placed
from embeddings.files.formats.pdf_tables import Table, tables_of
from embeddings.files.formats.pdf_text import main_angle, words_of

Item = Line | Table

# Chosen by hand; none is fitted.
_MIN_TURNS = 4  # least times that the file goes from one column to the other and back
_WATERMARK_SCALE = 2.0  # size of slanting text, of the usual, that is no content
_MAX_BESIDE = 0.1  # most share of a column's lines that stand beside others, if it is sorted


@dataclass(frozen=True, slots=True)
class Page:
    """What is read of a page.

    Attributes:
        items: Lines and tables in reading order.
        turned: Lines that are turned against the rest, such as those in the margin.
        pictures: How many there are of some size.
    """

    items: list[Item]
    turned: list[Line]
    pictures: int


def read_page(page: Any, textpage: Any, languages: str = "") -> Page:
    """A page's lines and tables.

    Args:
        page: PDFium's.
        textpage: Its text, PDFium's.
        languages: In which the text of a scanned page is recognised; empty if it is not.
    """
    visibility = Visibility(page, textpage)
    words = list(words_of(textpage, visibility))
    if not words and languages:
        words = recognised_words(page, languages)
    angle = main_angle(words)
    upright = without_line_numbers([word for word in words if word.angle == angle])
    usual = median(word.size for word in upright) if upright else 0.0
    aside = [
        word
        for word in words
        if word.angle != angle and not (word.angle % 90 and word.size > _WATERMARK_SCALE * usual)
    ]
    left, bottom, right, top = visibility.box
    drawings = drawings_of(page, angle)
    size = (right - left) * (top - bottom)
    pictures = sum(
        (box[2] - box[0]) * (box[3] - box[1]) >= PICTURE_SHARE * size for box in drawings.pictures
    )
    placed = [Placed(at, word) for at, word in enumerate(upright)]
    zones = zones_of(placed)
    tables = list(tables_of(placed, [zone.words for zone in zones], drawings))
    return Page(
        items=_in_order(zones, tables),
        turned=[line_from(line) for line in lines_of(aside)],
        pictures=pictures,
    )


def _in_order(zones: Sequence[Zone], tables: Sequence[tuple[Table, set[int]]]) -> list[Item]:
    """Lines and tables as they are read."""
    used = {at for _, positions in tables for at in positions}
    starts = {min(positions): table for table, positions in tables}
    bands: dict[int, list[_Placed]] = {}
    for zone in zones:
        band = bands.setdefault(zone.band, [])
        band += (
            _Placed(zone.column, placed.at, starts[placed.at])
            for placed in zone.words
            if placed.at in starts
        )
        band += _lines(zone, used)
    found: list[tuple[tuple[int, int, int], Item]] = []
    for band in bands.values():
        band.sort(key=lambda each: each.at)
        first = min((each.at for each in band), default=0)
        columns = sorted({each.column for each in band})
        ordered = [_downwards([each for each in band if each.column == at]) for at in columns]
        if _goes_back_and_forth(band) or any(moved for moved, _ in ordered):
            for column, (_, items) in zip(columns, ordered, strict=True):
                found += (((first, column, place), each.item) for place, each in enumerate(items))
        else:
            found += (((each.at, 0, 0), each.item) for each in band)
    found.sort(key=lambda item: item[0])
    return [item for _, item in found]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A line or table, with its column and the position of its first word."""

    column: int
    at: int
    item: Item


def _lines(zone: Zone, used: set[int]) -> Iterator[_Placed]:
    remaining = [placed for placed in zone.words if placed.at not in used]
    start = 0
    for words in lines_of(placed.word for placed in remaining):
        line = replace(line_from(words), column=zone.column)
        yield _Placed(zone.column, remaining[start].at, line)
        start += len(words)


def _downwards(column: list[_Placed]) -> tuple[bool, list[_Placed]]:
    """A column's items from the top, and whether that changes their order.

    They stay as they are where some stand side by side, for these may be columns, too.
    """
    heights = [_height(each.item) for each in column]
    if all(low >= top - 1 for (low, _), (_, top) in pairwise(heights)):
        return False, column
    by_height = sorted(range(len(column)), key=lambda at: -heights[at][1])
    beside = 0
    for above, below in pairwise(by_height):
        overlap = min(heights[above][1], heights[below][1]) - max(
            heights[above][0], heights[below][0]
        )
        beside += overlap > 0.5 * min(top - low for low, top in (heights[above], heights[below]))
    if beside > _MAX_BESIDE * len(column):
        return False, column
    return by_height != list(range(len(column))), [column[at] for at in by_height]


def _height(item: Item) -> tuple[float, float]:
    """Its lower and upper end."""
    if isinstance(item, Table):
        return item.bottom, item.top + 0.7 * item.size
    return item.base, item.base + 0.7 * item.size


def _goes_back_and_forth(band: list[_Placed]) -> bool:
    columns = [each.column for each in band]
    turns = sum(one != other for one, other in pairwise(columns))
    fewest = min((columns.count(column) for column in set(columns)), default=0)
    return turns >= _MIN_TURNS and turns > 0.7 * fewest
