"""Running heads, footers and page numbers of a PDF, found by repetition over its pages.

A running line stands at the edge of several pages, in the same place and with the same words; the
numbers in it are the same, too, or count up with the pages. Lines that differ in other numbers,
such as totals, are content.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from embeddings.files.formats.pdf_lines import Line
from embeddings.files.formats.pdf_page import Item
from embeddings.files.formats.pdf_tables import Table
from embeddings.files.formats.running_text import tells_contact

_NUMBER = re.compile(r"\d{1,5}|(?<![^\W_])[ivxl]{1,7}(?![^\W_])")
_PAGE_NUMBER = re.compile(
    r"\W*(?:page|seite|pagina|página|p\.|s\.)?\W*#(?:\W*(?:of|/|von|de|di|sur)\W*#)?\W*", re.I
)
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50}
# Chosen by hand; none is fitted.
_MAX_CHARACTERS = 200  # of a running line
_EDGE_ROWS = 3  # rows of print at the top and bottom of a page that may be running
_SAME_ROW = 3.0  # points: baselines nearer than this are one row, also over pages
_MIN_PAGES = 3  # least pages with the same words
_NEAR_PAGES = 2  # pages this near are enough if there are two of them only
_SMALL = 0.9  # most size of small print, of the body's
_HEADING_SCALE = 1.15  # a line of at least this size, of the body's, stays where it is first


@dataclass(slots=True)
class _Edge:
    """A line at the edge of a page, with the numbers in it."""

    page: int
    place: int
    line: Line
    numbers: tuple[int, ...]


def without_running_lines(pages: Sequence[list[Item]], body: float) -> list[list[Item]]:
    """Pages without running heads, footers and page numbers.

    Args:
        pages: Their lines and tables.
        body: Size of most of the text.
    """
    edges = [list(_edges(page)) for page in pages]
    groups: defaultdict[tuple[bool, str, int], list[_Edge]] = defaultdict(list)
    for number, rows in enumerate(edges):
        for at_top, row in rows:
            for place in row:
                line = _outer_line(pages[number][place], at_top=at_top)
                if len(line.text) <= _MAX_CHARACTERS:
                    numbers = tuple(map(_value, _NUMBER.findall(line.text)))
                    key = _NUMBER.sub("#", line.text)
                    groups[at_top, key, len(numbers)].append(_Edge(number, place, line, numbers))
    running: set[tuple[bool, int, int]] = set()
    for (at_top, key, _), group in groups.items():
        first = not _PAGE_NUMBER.fullmatch(key) and group[0].line.size >= _HEADING_SCALE * body
        # What is the row of a table on each page is that table's header.
        if any(isinstance(pages[edge.page][edge.place], Line) for edge in group):
            found = list(_running(key, group, len(pages)))[first:]
            if tells_contact(key):
                # The last one stays: nothing else may say it.
                found = [edge for edge in found if edge.page < found[-1].page]
            running |= {(at_top, edge.page, edge.place) for edge in found}
    remaining = []
    for number, (page, rows) in enumerate(zip(pages, edges, strict=True)):
        drop = _peeled(page, number, rows, running, body)
        kept = (
            _without_row(item, at_top=drop[place]) if place in drop else item
            for place, item in enumerate(page)
        )
        remaining.append([item for item in kept if item is not None])
    return remaining if any(remaining) else list(pages)


def _edges(page: list[Item]) -> Iterator[tuple[bool, list[int]]]:
    """Places of the lines in the rows at the top of a page, then at its bottom; outermost first."""
    by_height = sorted(
        range(len(page)),
        key=lambda place: -_top(page[place]),
    )
    rows: list[list[int]] = []
    height = 0.0
    for place in by_height:
        if rows and height - _top(page[place]) < _SAME_ROW:
            rows[-1].append(place)
        else:
            rows.append([place])
            height = _top(page[place])
    # One more, by which the innermost is told from what follows.
    for at_top, edge in ((True, rows[: _EDGE_ROWS + 1]), (False, rows[::-1][: _EDGE_ROWS + 1])):
        for row in edge:
            yield at_top, row


def _outer_line(item: Item, *, at_top: bool) -> Line:
    """A line, or the first or last row of a table as one: a running line may be taken for it."""
    if isinstance(item, Line):
        return item
    row, base = (item.rows[0], item.top) if at_top else (item.rows[-1], item.bottom)
    text = " ".join(dict.fromkeys(filter(None, row)))
    return Line(text, item.left, item.right, base, item.size)


def _without_row(item: Item, *, at_top: bool) -> Item | None:
    """A table without its first or last row; nothing of a line."""
    if isinstance(item, Line) or len(item.rows) < 2:
        return None
    rows = item.rows[1:] if at_top else item.rows[:-1]
    return replace(item, rows=rows, header_rows=max(0, item.header_rows - at_top))


def _top(item: Item) -> float:
    return item.top if isinstance(item, Table) else item.base


def _value(number: str) -> int:
    if number.isdecimal():
        return int(number)
    values = [_ROMAN[letter] for letter in number]
    following = [*values[1:], 0]
    return sum(-one if one < after else one for one, after in zip(values, following, strict=True))


def _running(key: str, group: list[_Edge], pages: int) -> Iterator[_Edge]:
    """The lines of a group with the same words that are running."""
    alone = bool(_PAGE_NUMBER.fullmatch(key))
    if not alone and sum(map(str.isalpha, key)) < 3:  # A row of a table.
        return
    usual = median(edge.line.base for edge in group)
    # Pages may differ in size.
    anywhere = alone or len({edge.page for edge in group}) >= max(_MIN_PAGES, pages / 2)
    fitting = [edge for edge in group if anywhere or abs(edge.line.base - usual) <= 2 * _SAME_ROW]
    for slot in range(len(group[0].numbers)):
        same = Counter(edge.numbers[slot] for edge in fitting)
        counting = Counter(edge.numbers[slot] - edge.page for edge in fitting)
        value, equal = max(same.items(), key=lambda each: each[1], default=(0, 0))
        steps = max(counting.values(), default=0)
        if steps >= equal or (alone and slot == 0):
            best = [offset for offset, count in counting.items() if count == steps][:1]
            # Pages without a number of their own may stand between.
            best += [offset for offset, count in counting.items() if count >= _MIN_PAGES]
            fitting = [edge for edge in fitting if edge.numbers[slot] - edge.page in best]
        else:
            fitting = [edge for edge in fitting if edge.numbers[slot] == value]
    found = sorted({edge.page for edge in fitting})
    near = len(found) == 2 and found[1] - found[0] <= _NEAR_PAGES
    if len(found) >= _MIN_PAGES or near:
        yield from fitting


def _peeled(
    page: Sequence[Item],
    number: int,
    rows: Sequence[tuple[bool, list[int]]],
    running: set[tuple[bool, int, int]],
    body: float,
) -> dict[int, bool]:
    """Places of the running lines of a page, each with whether it is at the top.

    From each edge up to the first row without any; the second and third row must be in small print
    or nearer to the row outside of them than to the one inside.
    """
    drop: dict[int, bool] = {}
    for edge in (True, False):
        places = [row for at_top, row in rows if at_top == edge]
        heights = [_top(page[row[0]]) for row in places]
        for depth, row in enumerate(places):
            if depth:
                outside = abs(heights[depth] - heights[depth - 1])
                inside = [abs(heights[depth] - height) for height in heights[depth + 1 :]][:1]
                near = any(distance < 1.3 * outside for distance in inside)
                if near and not _is_small(page, row, body):
                    break
            found = [place for place in row if (edge, number, place) in running]
            if not found:
                break
            drop |= dict.fromkeys(found, edge)
    return drop


def _is_small(page: Sequence[Item], row: list[int], body: float) -> bool:
    """Whether a row is a page number, or in smaller print than the body."""
    for place in row:
        item = page[place]
        if isinstance(item, Table) or item.size > _SMALL * body:
            return isinstance(item, Line) and bool(
                _PAGE_NUMBER.fullmatch(_NUMBER.sub("#", item.text))
            )
    return True
