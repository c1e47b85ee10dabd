"""A PDF's page: its lines and tables in reading order, and what is left out of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Any

from embeddings.files.formats.pdf_columns import Zone, zones_of
from embeddings.files.formats.pdf_drawings import PICTURE_SHARE, drawings_of
from embeddings.files.formats.pdf_hidden import Visibility
from embeddings.files.formats.pdf_lines import Line, line_from, lines_of
from embeddings.files.formats.pdf_margins import without_line_numbers
from embeddings.files.formats.pdf_rows import Placed
from embeddings.files.formats.pdf_tables import Table, tables_of
from embeddings.files.formats.pdf_text import main_angle, words_of

Item = Line | Table

# Chosen by hand; none is fitted.
_MIN_TURNS = 4  # least times that the file goes from one column to the other and back
_WATERMARK_SCALE = 2.0  # size of slanting text, of the usual, that is no content
_UPWARDS = 0.4  # share of lines that stand above the one before, where the order is not kept


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


def read_page(page: Any, textpage: Any) -> Page:
    """A page's lines and tables.

    Args:
        page: PDFium's.
        textpage: Its text, PDFium's.
    """
    visibility = Visibility(page, textpage)
    words = list(words_of(textpage, visibility))
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
    items: list[tuple[tuple[float, ...], Item]] = []
    used: set[int] = set()
    for table, positions in tables_of(placed, [zone.words for zone in zones], drawings):
        used |= positions
        items.append(((min(positions), 0, 0), table))
    items += _lines(zones, used)
    items.sort(key=lambda item: item[0])
    return Page(
        items=[item for _, item in items],
        turned=[line_from(line) for line in lines_of(aside)],
        pictures=pictures,
    )


def _lines(zones: Sequence[Zone], used: set[int]) -> list[tuple[tuple[float, ...], Line]]:
    """The lines of each zone with a key that sorts them as they are read."""
    bands: dict[int, list[tuple[int, int, Line]]] = {}
    for zone in zones:
        remaining = [placed for placed in zone.words if placed.at not in used]
        places = iter(remaining)
        for words in lines_of(placed.word for placed in remaining):
            at = next(places).at
            for _ in words[1:]:
                next(places)
            line = replace(line_from(words), column=zone.column)
            bands.setdefault(zone.band, []).append((zone.column, at, line))
    found: list[tuple[tuple[float, ...], Line]] = []
    for lines in bands.values():
        first = min(at for _, at, _ in lines)
        by_column = _goes_back_and_forth(lines)
        by_height = _goes_up_and_down(lines)
        for column, at, line in lines:
            if by_height:
                key: tuple[float, ...] = (first, column, -line.base, line.left)
            elif by_column:
                key = (first, column, at)
            else:
                key = (at, 0, 0)
            found.append((key, line))
    return found


def _goes_back_and_forth(lines: list[tuple[int, int, Line]]) -> bool:
    columns = [column for column, _, _ in sorted(lines, key=lambda line: line[1])]
    turns = sum(one != other for one, other in pairwise(columns))
    fewest = min(columns.count(column) for column in set(columns))
    return turns >= _MIN_TURNS and turns > 0.7 * fewest


def _goes_up_and_down(lines: list[tuple[int, int, Line]]) -> bool:
    steps = upwards = 0
    for column in {column for column, _, _ in lines}:
        own = [line for each, _, line in sorted(lines, key=lambda line: line[1]) if each == column]
        for above, below in pairwise(own):
            steps += 1
            upwards += below.base > above.base + above.size
    return steps >= 2 * _MIN_TURNS and upwards > _UPWARDS * steps
