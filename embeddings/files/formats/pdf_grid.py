"""Tables of a PDF that are drawn with ruling lines: a grid of cells, some of them merged."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from embeddings.files.formats.pdf_drawings import Rule
from embeddings.files.formats.pdf_rows import Placed, Row, rows_of, segments_of, text_in

# Chosen by hand; none is fitted.
_NEAR = 2.0  # points: lines nearer than this meet
_MAX_CROSSINGS = 400_000  # pairs of lines of a page that are compared
_MAX_CELLS = 20_000  # of a grid
_MIN_OPEN_ROWS = 3  # least rows that stand in a cell without lines between
_MIN_FILLED = 0.3  # least share of the places of a grid that hold text
_MAX_MERGED = 0.6  # most share of them that are part of a merged cell
_MAX_WIDE = 0.2  # most share of cells that hold rows of several cells


@dataclass(slots=True)
class Grid:
    """Columns and rows between ruling lines.

    Attributes:
        xs: The x of the lines between columns, from the left.
        ys: The y of the lines between rows, from the top.
        region: For each row and column the cell that it is part of; merged ones have one number.
        cells: For each row and column what stands in it, as ``fill`` found.
        header_rows: How many of them name the columns, as far as merged cells tell.
        bottom: The y below the last of them.
        used: Positions of the words in it.
    """

    xs: list[float]
    ys: list[float]
    region: list[list[int]]
    cells: list[list[str]] = field(default_factory=list)
    header_rows: int = 0
    bottom: float = 0.0
    used: set[int] = field(default_factory=set)


def grids_of(horizontal: Sequence[Rule], vertical: Sequence[Rule]) -> Iterator[Grid]:
    """Grids of lines that meet, of at least two columns."""
    rows, columns = _merged(horizontal), _merged(vertical)
    if not rows or not columns or len(rows) * len(columns) > _MAX_CROSSINGS:
        return
    for across, down in _connected(rows, columns):
        xs = _distinct([line.at for line in down])
        ys = _distinct([line.at for line in across])
        left, right = min(line.start for line in across), max(line.end for line in across)
        bottom, top = min(line.start for line in down), max(line.end for line in down)
        # Outer columns and rows may be open.
        xs = [left] * (left < xs[0] - 8) + xs + [right] * (right > xs[-1] + 8)
        ys = [bottom] * (bottom < ys[0] - 8) + ys + [top] * (top > ys[-1] + 8)
        ys.reverse()
        if len(xs) > 2 and len(ys) > 1 and len(xs) * len(ys) <= _MAX_CELLS:
            yield Grid(xs, ys, _regions(xs, ys, across, down))


def _merged(rules: Sequence[Rule]) -> list[Rule]:
    """Lines of which those that continue one another are one."""
    merged: list[Rule] = []
    groups: list[list[Rule]] = []
    for rule in sorted(rules):
        if groups and rule.at - groups[-1][0].at < _NEAR / 2:
            groups[-1].append(rule)
        else:
            groups.append([rule])
    for group in groups:
        group.sort(key=lambda rule: rule.start)
        start, end = group[0].start, group[0].end
        for rule in group[1:]:
            if rule.start <= end + _NEAR:
                end = max(end, rule.end)
            else:
                merged.append(Rule(group[0].at, start, end))
                start, end = rule.start, rule.end
        merged.append(Rule(group[0].at, start, end))
    return merged


def _connected(rows: list[Rule], columns: list[Rule]) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """Lines that meet, directly or by others."""
    parent = list(range(len(rows) + len(columns)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    for number, row in enumerate(rows):
        for other, column in enumerate(columns):
            if (
                row.start - _NEAR <= column.at <= row.end + _NEAR
                and column.start - _NEAR <= row.at <= column.end + _NEAR
            ):
                parent[root(number)] = root(len(rows) + other)
    found: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for number, row in enumerate(rows):
        found.setdefault(root(number), ([], []))[0].append(row)
    for other, column in enumerate(columns):
        found.setdefault(root(len(rows) + other), ([], []))[1].append(column)
    yield from (group for group in found.values() if group[0] and group[1])


def _distinct(places: list[float]) -> list[float]:
    distinct: list[float] = []
    for place in sorted(places):
        if not distinct or place - distinct[-1] > 2 * _NEAR:
            distinct.append(place)
    return distinct


def _regions(
    xs: list[float], ys: list[float], across: list[Rule], down: list[Rule]
) -> list[list[int]]:
    """For each row and column the number of the cell that it is part of."""
    width, height = len(xs) - 1, len(ys) - 1
    parent = list(range(width * height))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    parted = {x: [line for line in down if abs(line.at - x) <= 2 * _NEAR] for x in xs}
    level = {y: [line for line in across if abs(line.at - y) <= 2 * _NEAR] for y in ys}
    for row in range(height):
        middle = (ys[row] + ys[row + 1]) / 2
        for column in range(width):
            here = row * width + column
            if column + 1 < width and not _covers(parted[xs[column + 1]], middle):
                parent[root(here)] = root(here + 1)
            centre = (xs[column] + xs[column + 1]) / 2
            if row + 1 < height and not _covers(level[ys[row + 1]], centre):
                parent[root(here)] = root(here + width)
    region = [[root(row * width + column) for column in range(width)] for row in range(height)]
    for number in _ragged(region):
        # A cell of another shape than a rectangle is as many cells as it has rows.
        for row, numbers in enumerate(region):
            if number in numbers:
                own = -1 - row * width - numbers.index(number)
                numbers[:] = [own if each == number else each for each in numbers]
    return region


def _ragged(region: list[list[int]]) -> list[int]:
    """Numbers of cells that are no rectangles."""
    spans: dict[int, list[tuple[int, int, int]]] = {}
    for row, numbers in enumerate(region):
        for number in set(numbers):
            first = numbers.index(number)
            last = len(numbers) - 1 - numbers[::-1].index(number)
            spans.setdefault(number, []).append((first, last, row))
    return [
        number
        for number, found in spans.items()
        if any(span[:2] != found[0][:2] for span in found)
        or found[-1][2] - found[0][2] >= len(found)
    ]


def _covers(lines: list[Rule], at: float) -> bool:
    return any(line.start - _NEAR <= at <= line.end + _NEAR for line in lines)


def fill(grid: Grid, words: Sequence[Placed]) -> bool:
    """Put words into a grid's cells. False if it is no table, but a frame around other things."""
    inside: dict[int, list[Placed]] = {}
    for placed in words:
        word = placed.word
        x, y = (word.left + word.right) / 2, word.base + 0.3 * word.size
        if grid.xs[0] <= x <= grid.xs[-1] and grid.ys[-1] <= y <= grid.ys[0]:
            column = min(bisect_right(grid.xs, x), len(grid.xs) - 1) - 1
            row = bisect_right([-each for each in grid.ys], -y) - 1
            row = min(row, len(grid.ys) - 2)
            inside.setdefault(grid.region[row][column], []).append(placed)
    texts = {number: rows_of(found) for number, found in inside.items()}
    if _is_drawing(grid, texts):
        return False
    kept: list[int] = []
    for row, numbers in enumerate(grid.region):
        own = [number for number in dict.fromkeys(numbers) if number in texts]
        columns = [texts.get(number, []) for number in numbers]
        if len(set(numbers)) == len(numbers) > 1 and _are_rows(columns):
            kept.append(row)
            continue
        open_ = sum(_is_open(texts[number], grid, numbers, number) for number in own)
        if open_ < min(2, len(own)) or not own:
            kept.append(row)
    numbers_of = [grid.region[row] for row in kept]
    if not numbers_of or max(len(set(numbers)) for numbers in numbers_of) < 2:
        return False
    counts = [len(inside.get(number, ())) for row in numbers_of for number in set(row)]
    filled = sum(count > 0 for count in counts)
    # A frame around a page or its columns: little in number, long in text.
    if filled < 3 or (filled < 7 and max(counts) > 80) or max(counts) > 400:
        return False
    for numbers in numbers_of:
        grid.cells += _rows(grid, numbers, texts)
    filled_columns = [any(row[at] for row in grid.cells) for at in range(len(grid.xs) - 1)]
    grid.cells = [
        [cell for cell, keep in zip(row, filled_columns, strict=True) if keep] for row in grid.cells
    ]
    grid.header_rows = _header_rows(grid, kept)
    grid.bottom = grid.ys[kept[-1] + 1]
    for numbers in numbers_of:
        for number in set(numbers):
            grid.used.update(placed.at for placed in inside.get(number, ()))
    return True


def _is_drawing(grid: Grid, texts: dict[int, list[Row]]) -> bool:
    """Whether most of the grid is blank or merged, or its cells hold rows of several cells."""
    cells = [number for numbers in grid.region for number in numbers]
    filled = sum(number in texts for number in cells)
    merged = sum(
        numbers.count(number) > 1
        for numbers in grid.region
        for number in numbers
        if number in texts
    )
    if filled < _MIN_FILLED * len(cells) or merged > _MAX_MERGED * len(cells):
        return True
    wide = sum(any(len(segments_of(row, 1.5)) > 3 for row in rows) for rows in texts.values())
    return wide > _MAX_WIDE * len(texts)


def _is_open(rows: list[Row], grid: Grid, numbers: list[int], number: int) -> bool:
    """Whether several rows with cells of their own stand in one cell of the grid."""
    if len(rows) < _MIN_OPEN_ROWS:
        return False
    wide = sum(len(segments_of(row, 1.5)) > 1 for row in rows)
    if 3 * wide > len(rows):
        return True
    # Text that is wrapped fills its lines.
    first = numbers.index(number)
    width = grid.xs[first + numbers.count(number)] - grid.xs[first]
    short = sum(row[-1].word.right - row[0].word.left < 0.55 * width for row in rows)
    return len(rows) > _MIN_OPEN_ROWS and short > 0.7 * len(rows)


def _rows(grid: Grid, numbers: list[int], texts: dict[int, list[Row]]) -> Iterator[list[str]]:
    """The rows of print in a row of the grid: one, unless lines between rows are left out."""
    distinct = list(dict.fromkeys(numbers))
    columns = [texts.get(number, []) for number in distinct]
    if len(distinct) == len(numbers) and len(distinct) > 1 and _are_rows(columns):
        for row in rows_of(placed for rows in columns for line in rows for placed in line):
            cells: list[Row] = [[] for _ in numbers]
            for placed in row:
                x = (placed.word.left + placed.word.right) / 2
                at = min(max(bisect_right(grid.xs, x) - 1, 0), len(numbers) - 1)
                cells[at].append(placed)
            yield [text_in(cell) for cell in cells]
        return
    yield [_cell(grid, column, numbers, texts) for column in range(len(numbers))]


def _are_rows(columns: list[list[Row]]) -> bool:
    """Whether the lines in the cells of a row of the grid are rows of their own."""
    counts = [len(rows) for rows in columns]
    most = max(counts)
    if most < _MIN_OPEN_ROWS or sum(count == most for count in counts) < 2:
        return False
    if counts[0] < 0.7 * most:
        return False
    bases = [{round(row[0].word.base / 2) for row in rows} for rows in columns]
    if len(set().union(*bases)) > 1.3 * most:
        return False
    # Text that is wrapped has lines of several words in each column.
    short = [len(rows) == most and all(len(row) <= 2 for row in rows) for rows in columns]
    few = all(sum(map(len, rows)) <= 4 * max(1, len(rows)) for rows in columns)
    return short[0] or (any(short) and few)


def _cell(grid: Grid, column: int, numbers: list[int], texts: dict[int, list[Row]]) -> str:
    rows = texts.get(numbers[column], [])
    first = numbers.index(numbers[column])
    last = len(numbers) - 1 - numbers[::-1].index(numbers[column])
    if first == last:
        return text_in([placed for row in rows for placed in row])
    pieces = []
    for row in rows:
        segments = segments_of(row, 0.4)
        parts = [_column_of(grid, segment) for segment in segments]
        if len(segments) > 1 and len(set(parts)) == len(parts) and -1 not in parts:
            # Names of single columns within a merged cell.
            pieces += [
                text_in(segment)
                for segment, part in zip(segments, parts, strict=True)
                if part == column
            ]
        else:
            pieces.append(text_in(row))
    return " ".join(filter(None, pieces))


def _column_of(grid: Grid, segment: Row) -> int:
    """The column that holds a segment; -1 if it reaches over several."""
    left, right = segment[0].word.left, segment[-1].word.right
    at = bisect_right(grid.xs, (left + right) / 2) - 1
    if not 0 <= at < len(grid.xs) - 1:
        return -1
    slack = 0.15 * (grid.xs[at + 1] - grid.xs[at])
    return at if grid.xs[at] - slack <= left and right <= grid.xs[at + 1] + slack else -1


def _header_rows(grid: Grid, kept: list[int]) -> int:
    """How many rows of cells that reach over several columns or rows begin the grid; 0 if none.

    A row that is one cell is a title, and counts.
    """
    region = [grid.region[row] for row in kept]
    count = 0
    while count < len(region) and len(set(region[count])) == 1:
        count += 1
    if count == len(region):
        return 0
    top = region[count]
    numbers = {number for number in set(top) if any(number in row for row in region[count + 1 :])}
    end = count + 1
    while end < len(region) and numbers & set(region[end]):
        end += 1
    merged = len(set(top)) < len(top)
    if end == count + 1 and merged and end < len(region):
        end += 1
    if end == count + 1:
        return 0
    return min(end, 5)
