"""Header rows of a table in a PDF: by ruling lines, bold letters, or their cells."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from embeddings.files.formats.header_rows import count_header_rows
from embeddings.files.formats.pdf_drawings import Rule
from embeddings.files.formats.pdf_rows import Row, extent, segments_of, text_in

MAX_HEADER_ROWS = 4
"""Rows of print that name columns. Chosen by hand."""

_CELL_GAP = 0.4  # least gap between cells of which the bound is known, of the font size


def count_header_rows_below_titles(rows: Sequence[Sequence[str]], *, bold: bool) -> int:
    """How many first rows are titles of one cell, or name the columns; 0 if none names them."""
    titles = 0
    while titles < len(rows) - 1 and len(set(filter(None, rows[titles]))) == 1:
        titles += 1
    below = [list(row) for row in rows[titles : titles + 50]]
    found = count_header_rows(below)
    if not found and bold and len(set(below[0]) - {""}) > 1:
        found = 1
    return titles + found if found else 0


def ruled_header(block: list[Row], rules: Sequence[Rule]) -> int:
    """How many rows of print stand above the first line that is drawn across the table."""
    left, right = extent(placed for row in block for placed in row)
    for count in range(1, min(MAX_HEADER_ROWS, len(block) - 1) + 1):
        above, below = block[count - 1][0].word, block[count][0].word
        for rule in rules:
            between = below.base + 0.5 * below.size < rule.at < above.base + 0.2 * above.size
            covered = min(rule.end, right) - max(rule.start, left)
            if between and covered > 0.6 * (right - left):
                return count
    return 0


def bold_rows(rows: list[Row]) -> int:
    """How many rows of print at the beginning are bold, if the others are not."""
    bold = [all(placed.word.bold for placed in row) for row in rows]
    count = 0
    while count < len(bold) and bold[count]:
        count += 1
    usual = sum(bold[count:]) < 0.5 * len(bold[count:])
    return count if 0 < count <= MAX_HEADER_ROWS and usual else 0


def with_more(block: list[Row], header: int) -> int:
    """Rows of names, with those that follow it and are bold, too."""
    while 0 < header < min(MAX_HEADER_ROWS, len(block) - 1):
        row = block[header]
        if len(segments_of(row)) < 2 or not all(placed.word.bold for placed in row):
            break
        header += 1
    return header


def named_columns(
    rows: list[list[Row]], bounds: Sequence[float], body: list[list[Row]]
) -> list[list[str]]:
    """Header rows; a name that stands over several columns is repeated in each."""
    columns = [
        extent(placed for row in body for placed in row[at])
        if any(row[at] for row in body)
        else None
        for at in range(len(bounds) + 1)
    ]
    named = []
    for segments in rows:
        cells = [""] * len(columns)
        for segment in (piece for each in segments for piece in parted_at(each, bounds)):
            left, right = extent(segment)
            below = [
                at
                for at, column in enumerate(columns)
                if column
                and min(right, column[1]) - max(left, column[0])
                > 0.5 * min(right - left, column[1] - column[0])
            ]
            for column in below or [bisect_right(bounds, (left + right) / 2)]:
                cells[column] = f"{cells[column]} {text_in(segment)}".strip()
        named.append(cells)
    return named


def parted_at(segment: Row, bounds: Sequence[float]) -> Iterator[Row]:
    """A segment, parted where a gap wider than that of words is at the bound of a column."""
    start = 0
    for at in range(1, len(segment)):
        left, right = segment[at - 1].word, segment[at].word
        if right.left - left.right < _CELL_GAP * right.size:
            continue
        columns = bisect_right(bounds, left.left + 1), bisect_right(bounds, right.right - 1)
        if columns[0] != columns[1]:
            yield segment[start:at]
            start = at
    yield segment[start:]
