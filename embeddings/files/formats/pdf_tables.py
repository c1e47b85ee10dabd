"""Tables of a PDF's page: by their ruling lines, or by columns of short cells that line up.

pdfplumber (MIT) was measured against it: it gives the same cells of ruled tables, reads a table
without ruling lines as one cell a row, and takes 620 to 930 ms a page of a full-page table, ten
times what PDFium and this take together. So PDFium's words and lines are used.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from statistics import median

from embeddings.files.formats.pdf_drawings import Drawings, Rule
from embeddings.files.formats.pdf_grid import Grid, fill, grids_of
from embeddings.files.formats.pdf_header_rows import (
    MAX_HEADER_ROWS,
    bold_rows,
    count_header_rows_below_titles,
    named_columns,
    parted_at,
    ruled_header,
    with_more,
)
from embeddings.files.formats.pdf_rows import (
    Placed,
    Row,
    extent,
    rows_of,
    segments_of,
    strips_of,
    text_in,
)

_MARKER = re.compile(r"[•◦▪■□●○‣∙·➢✓–—*-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.):]+|\[\w{1,8}\]")
_CAPTION = re.compile(r"(?:Fig(?:ure|\.)|Table|Tab\.|TABLE|FIGURE|Tabelle|Abb\.)\s*[\dIVXA-Z]")
_LEADERS = re.compile(r"(?:\.\s?){5}")
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
_NUMBER = re.compile(r"[\W_]*\d[\d\W_]*\w{0,3}\W*")
# Chosen by hand; none is fitted.
_MAX_GRIDS = 100  # of a page, that are looked at
_MIN_ROWS = 3  # least rows of a table without ruling lines
_MAX_STEP = 3.2  # most distance between its rows, of the font size
_MAX_BETWEEN = 2  # most rows of one cell between rows of several
_TOLERATED = 0.12  # share of the rows that may reach over several columns
_MAX_WORDS = 5.0  # most words a cell has on average in a table of two columns
_MAX_WORDS_OF_MORE = 9.0  # the same for a table of more
_MAX_UNWRAPPED = 0.7  # most rows left of lines of print, where a column holds wrapped text
_MIN_PAIRS = 0.9  # share of the rows of labels and values whose labels alone are bold


@dataclass(slots=True)
class Table:
    """A table of a page.

    Attributes:
        rows: Its cells; a merged one is repeated in each place that it covers.
        header_rows: How many of the first rows name the columns.
        left: Where it begins, in points.
        right: Where it ends.
        top: The base of its first row.
        bottom: The base of its last row.
        xs: Where each of its columns begins.
        size: Of its font.
    """

    rows: list[list[str]]
    header_rows: int
    left: float
    right: float
    top: float
    bottom: float
    xs: tuple[float, ...]
    size: float


def tables_of(
    words: Sequence[Placed], zones: Sequence[Sequence[Placed]], drawings: Drawings
) -> Iterator[tuple[Table, set[int]]]:
    """The tables among words, each with the positions of its words.

    Args:
        words: Of a page.
        zones: The same words, those of each column of the page apart.
        drawings: Of the page.
    """
    grids = []
    used: set[int] = set()
    for grid in islice(grids_of(drawings.horizontal, drawings.vertical), _MAX_GRIDS):
        inside = [placed for placed in words if placed.at not in used]
        if fill(grid, inside):
            grids.append(grid)
            used |= grid.used
    taken: set[int] = set()
    for block in (
        block
        for zone in zones
        for block in _blocks(rows_of(placed for placed in zone if placed.at not in used))
    ):
        above = _header_above(block, [grid for grid in grids if id(grid) not in taken])
        table = _aligned(block, drawings.horizontal, above)
        if table is None:
            continue
        positions = {placed.at for row in block for placed in row}
        if above is not None:
            taken.add(id(above))
            positions |= above.used
        yield table, positions
    for grid in grids:
        if id(grid) not in taken and (table := _ruled(grid, words)):
            yield table, grid.used


def _ruled(grid: Grid, words: Sequence[Placed]) -> Table | None:
    rows = [row for row in grid.cells if any(row)]
    if len(rows) < 2:
        return None
    placed = [each for each in words if each.at in grid.used]
    bases = [each.word.base for each in placed]
    header = grid.header_rows
    blank = len([row for row in grid.cells[:header] if not any(row)])
    header = max(0, header - blank)
    # A row of numbers is no row of names.
    header = next(
        (
            at
            for at, row in enumerate(rows[:header])
            if 2 * sum(_is_amount(cell) for cell in row) > sum(map(bool, row))
        ),
        header,
    )
    if not header:
        header = bold_rows(rows_of(placed)) and count_header_rows_below_titles(rows, bold=True)
    if not header:
        header = count_header_rows_below_titles(rows, bold=False)
    return Table(
        rows=rows,
        header_rows=header,
        left=grid.xs[0],
        right=grid.xs[-1],
        top=max(bases),
        bottom=min(bases),
        xs=tuple(grid.xs[:-1]),
        size=median(each.word.size for each in placed),
    )


def _blocks(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Runs of rows of several cells, with few of one cell between."""
    block: list[Row] = []
    single = 0
    for row in rows:
        several = len(segments_of(row)) > 1
        caption = _CAPTION.match(" ".join(placed.word.text for placed in row[:3]))
        if caption and block:
            yield _trimmed(block, single)
            block, single = [], 0
        if caption:
            continue
        if block and not several and _is_title(block[-1], row):
            yield _trimmed(block, single)
            block, single = [], 0
            continue
        if block:
            above = block[-1][0].word
            far = above.base - row[0].word.base > _MAX_STEP * max(above.size, row[0].word.size)
            if far or (not several and single == _MAX_BETWEEN):
                yield _trimmed(block, single)
                block, single = [], 0
        if several:
            block.append(row)
            single = 0
        elif block:
            block.append(row)
            single += 1
    if block:
        yield _trimmed(block, single)


def _is_title(above: Row, row: Row) -> bool:
    """Whether a row of one cell is set off from the rows above it: bold, and in the middle."""
    starts = [segment[0].word.left for segment in segments_of(above)]
    first = row[0].word
    aside = all(abs(first.left - start) > 3 for start in starts) and first.left > starts[0]
    return aside and all(placed.word.bold for placed in row) and len(starts) > 1


def _trimmed(block: list[Row], single: int) -> list[Row]:
    """A block without rows of one cell at its end that do not continue a cell above."""
    end = len(block) - single
    starts = [segment[0].word.left for segment in segments_of(block[end - 1])][1:]
    step = 1.6 * block[end - 1][0].word.size
    while end < len(block):
        above, first = block[end - 1][0].word, block[end][0].word
        if above.base - first.base > step or all(abs(first.left - x) > 3 for x in starts):
            break
        end += 1
    return block[:end]


def _header_above(block: list[Row], grids: list[Grid]) -> Grid | None:
    """The grid of a few rows right above a block, which names its columns."""
    if not block:
        return None
    first = block[0][0].word
    left, right = extent(placed for row in block for placed in row)
    for grid in grids:
        near = -2 < grid.bottom - first.base < _MAX_STEP * 2 * first.size
        wide = grid.xs[0] <= left + 5 and grid.xs[-1] >= right - 5
        whole = bool(grid.cells) and len(grid.cells[0]) == len(grid.xs) - 1
        if near and wide and whole and len(grid.cells) <= MAX_HEADER_ROWS:
            return grid
    return None


def _aligned(block: list[Row], rules: Sequence[Rule], above: Grid | None) -> Table | None:
    """The table of a block of rows; none if they are prose, a list or program code."""
    if len(block) < _MIN_ROWS and above is None:
        return None
    words = [placed.word for row in block for placed in row]
    if 2 * sum(word.mono for word in words) > len(words):
        return None
    segments = [segments_of(row) for row in block]
    if above is not None:
        bounds = above.xs[1:-1]
    else:
        strips = strips_of(segments, _TOLERATED)
        bounds = [(left + right) / 2 for left, right in strips]
    if not bounds:
        return None
    placed_cells = [_cells(row_segments, bounds) for row_segments in segments]
    if above is None and not _is_tabular(placed_cells, len(bounds) + 1):
        return None
    groups = _grouped(block, placed_cells)
    if above is None and len(groups) > _MAX_UNWRAPPED * len(block) and _has_prose(placed_cells):
        return None
    if pairs := _pairs(groups) or _pairs(groups[1:], title=groups[0]):
        groups, bounds = pairs, bounds[:1]
    rows = [[text_in(cell) for cell in group] for group in groups]
    size = median(word.size for word in words)
    if above is not None:
        header = len(above.cells)
        rows = above.cells + rows
    elif pairs:
        header = 0
    else:
        header = with_more(block, ruled_header(block, rules)) or bold_rows(block)
        if header:
            end = _group_of(block, groups, header)
            rows[:end] = named_columns(segments[:header], bounds, groups[end:])
        else:
            header = count_header_rows_below_titles(rows, bold=False)
    filled = [cell for row in rows for cell in row if cell]
    if not header and sum(bool(_NUMBER.fullmatch(cell)) for cell in filled) > 0.6 * len(filled):
        return None  # The axes of a chart.
    left, right = extent(placed for row in block for placed in row)
    return Table(
        rows=rows,
        header_rows=header,
        left=left,
        right=right,
        top=block[0][0].word.base,
        bottom=block[-1][0].word.base,
        xs=(left, *bounds),
        size=size,
    )


def _cells(segments: list[Row], bounds: Sequence[float]) -> list[Row]:
    """The words of a row by column; what reaches over a bound belongs where it begins."""
    cells: list[Row] = [[] for _ in range(len(bounds) + 1)]
    for segment in segments:
        for piece in parted_at(segment, bounds):
            first, last = piece[0].word, piece[-1].word
            at = bisect_right(bounds, first.left + 1)
            # A number that begins a little before its column.
            if at < len(bounds) and bounds[at] - first.left < 0.3 * (last.right - first.left):
                at = bisect_right(bounds, (first.left + last.right) / 2)
            cells[at] += piece
    return cells


def _is_tabular(rows: list[list[Row]], columns: int) -> bool:
    """Whether cells are those of a table: several in most rows, and short."""
    several = [row for row in rows if sum(map(bool, row)) > 1]
    if len(several) < _MIN_ROWS or 2 * len(several) < len(rows):
        return False
    counts = [[len(row[column]) for row in rows if row[column]] for column in range(columns)]
    if sum(len(count) >= 2 for count in counts) < 2:
        return False
    means = [sum(count) / len(count) for count in counts if count]
    if max(means) > (_MAX_WORDS if columns == 2 else _MAX_WORDS_OF_MORE):
        # A term or name and what it means is a table, two columns of prose are not.
        others = sorted(means)[:-1]
        if columns != 2 or others[0] > 3 or max(means) > 3 * _MAX_WORDS:
            return False
    first = [text_in(row[0]) for row in rows if row[0]]
    if columns == 2 and sum(bool(_MARKER.fullmatch(text)) for text in first) > 0.6 * len(first):
        return False
    texts = [" ".join(text_in(cell) for cell in row if cell) for row in rows]
    if 3 * sum(bool(_LEADERS.search(text)) for text in texts) > len(texts):
        return False
    letters = sum(map(str.isalpha, "".join(texts)))
    # Formulas line up, too: their cells are signs and single letters.
    long = sum(len(placed.word.text) > 2 for row in rows for cell in row for placed in cell)
    total = sum(len(cell) for row in rows for cell in row)
    return letters > 0 and 2.2 * long > total


def _has_prose(rows: list[list[Row]]) -> bool:
    """Whether a column has lines of several words that fill it, as wrapped text does."""
    for column in range(len(rows[0])):
        cells = [row[column] for row in rows if row[column]]
        if len(cells) < _MIN_ROWS or sum(map(len, cells)) < _MAX_WORDS * len(cells):
            continue
        widths = [cell[-1].word.right - cell[0].word.left for cell in cells]
        if sum(width > 0.75 * max(widths) for width in widths) > 0.6 * len(widths):
            return True
    return False


def _grouped(block: list[Row], rows: list[list[Row]]) -> list[list[Row]]:
    """Rows of cells, with the lines of a wrapped cell in one row."""
    steps = [above[0].word.base - below[0].word.base for above, below in pairwise(block)]
    least = min(steps, default=0.0)
    apart = [
        step
        for step, row in zip(steps, rows[1:], strict=True)
        if row[0] and sum(map(bool, row)) > 1
    ]
    # Where rows are further apart than lines, lines that are near continue a row.
    pitch = min(apart, default=0.0)
    spaced = pitch > 1.2 * least
    usual = median(steps) if steps else 0.0
    grouped = [[list(cell) for cell in rows[0]]]
    for step, row in zip(steps, rows[1:], strict=True):
        above = grouped[-1]
        filled = [column for column, cell in enumerate(row) if cell]
        alone = len(filled) == 1 and filled[0] > 0 and bool(above[filled[0]])
        numbers = any(_is_number(row[column]) and _is_number(above[column]) for column in filled)
        near = spaced and step < 0.9 * pitch and all(above[column] for column in filled)
        if (near or (alone and step < 1.3 * usual)) and not numbers:
            for column in filled:
                above[column] += row[column]
        else:
            grouped.append([list(cell) for cell in row])
    return grouped


def _is_amount(cell: str) -> bool:
    """Whether a cell is a number, and no year: years name columns."""
    return bool(_NUMBER.fullmatch(cell)) and not _YEAR.fullmatch(cell)


def _is_number(cell: Row) -> bool:
    return bool(cell) and bool(_NUMBER.fullmatch(text_in(cell)))


def _pairs(groups: list[list[Row]], title: list[Row] | None = None) -> list[list[Row]]:
    """Rows of a bold label and its value, one for each pair of columns; none if it is no form.

    Args:
        groups: Rows of cells.
        title: What stands above the pairs.
    """
    columns = len(groups[0]) if len(groups) > 1 else 1
    if columns % 2:
        return []
    labels = [cell for row in groups for cell in row[::2] if cell]
    values = [cell for row in groups for cell in row[1::2] if cell]
    bold = sum(all(placed.word.bold for placed in cell) for cell in labels)
    plain = sum(not any(placed.word.bold for placed in cell) for cell in values)
    if bold < _MIN_PAIRS * len(labels) or plain < _MIN_PAIRS * len(values):
        return []
    pairs = []
    for at in range(0, columns, 2):
        if title and any(title[at : at + 2]):
            pairs.append([title[at] + title[at + 1], []])
        pairs += [row[at : at + 2] for row in groups if any(row[at : at + 2])]
    return pairs


def _group_of(block: list[Row], groups: list[list[Row]], count: int) -> int:
    """How many groups the first rows of print are."""
    last = {placed.at for placed in block[count - 1]}
    for number, group in enumerate(groups):
        if any(placed.at in last for cell in group for placed in cell):
            return number + 1
    return 0
