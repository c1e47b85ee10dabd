"""Header rows told from merged cells: names of groups above the names of their columns.

Most such tables hold words alone, so that only the merges tell names from values. All limits were
chosen by hand.
"""

from collections.abc import Hashable, Sequence
from itertools import groupby

from embeddings.document import normalise
from embeddings.files.formats.header_rows import is_name

Regions = Sequence[Sequence[Hashable]]
"""Which cell stands in each place of the first rows; a merged cell is the same in several."""

_MOST_ROWS = 4


def count_merged_header_rows(rows: Sequence[Sequence[str]], regions: Regions) -> int:
    """How many of the first rows merged cells show to name the columns; 0 if they do not show it.

    A form has merged cells as well ("Name" beside a wide cell). So each column that is in no group
    has to reach down to the last of these rows, or be blank in some of them.

    Args:
        rows: The cells, those of titles left out. A merged cell is repeated; blank ones at the
            end of a row may be missing.
        regions: Of the same rows, or of the first of them.

    >>> rows = [["Role", "Duty", "Duty"], ["Role", "In port", "At sea"], ["Mate", "Oils", "Steers"]]
    >>> count_merged_header_rows(rows, ["ABB", "ACD", "EFG"]), count_merged_header_rows(rows, [])
    (2, 0)
    """
    end = _end(regions)
    if not 1 < end < min(len(rows), len(regions)) or end > _MOST_ROWS:
        return 0
    width = len(regions[0])
    if any(len(row) > width for row in rows[:end]) or any(len(r) != width for r in regions[:end]):
        return 0
    cells = [[*map(normalise, row), *[""] * (width - len(row))] for row in rows[:end]]
    columns = list(zip(*cells, strict=True))
    top, last, groups = regions[0], regions[end - 1], _groups(regions[0])
    grouped = {place for group in groups for place in group}
    single = [place for place in range(width) if place not in grouped]
    reaching = all(top[place] == last[place] or not all(columns[place]) for place in single)
    named = all(is_name(cell) for row in cells for cell in row if cell)
    divided = any(last[place] != last[group[0]] for group in groups for place in group)
    complete = all(cells[0][place] and cells[-1][place] for place in grouped)
    filled = [place for place in range(width) if any(columns[place])]
    distinct = len({columns[at] for at in filled}) == len({last[at] for at in filled})
    # Without a column beside the groups, a row of pairs looks the same.
    if not single and len({tuple(cells[-1][place] for place in group) for group in groups}) > 1:
        return 0
    shown = reaching and named and divided and complete and distinct
    return end if shown and _is_header_alone(regions, end) else 0


def _end(regions: Regions) -> int:
    """Behind which row the cells of the first row end, if some span columns; else 0."""
    if not regions or not _groups(regions[0]):
        return 0
    top = set(regions[0])
    end = 1
    while end < len(regions) and top & set(regions[end]):
        end += 1
    return max(end, 2)


def _groups(row: Sequence[Hashable]) -> list[list[int]]:
    """The places of each cell that spans several columns, but not all."""
    found = [list(places) for _, places in groupby(range(len(row)), lambda place: row[place])]
    return [places for places in found if 1 < len(places) < len(row)]


def _is_header_alone(regions: Regions, end: int) -> bool:
    """Whether the rows below are parted into the columns, and not merged in the same way."""
    if set(regions[end - 1]) & set(regions[end]):
        return False
    parts = len(set(regions[end - 1]))
    if all(len(set(row)) < parts for row in regions[end:]):
        return False
    return _shape(regions[:end]) != _shape(regions[end : 2 * end])


def _shape(regions: Regions) -> list[list[int]]:
    """The regions numbered in their order, to compare them elsewhere."""
    numbers: dict[Hashable, int] = {}
    return [[numbers.setdefault(region, len(numbers)) for region in row] for row in regions]
