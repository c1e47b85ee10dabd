"""Rows of print across a PDF's page, and the white strips between columns of words."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from embeddings.files.formats.pdf_lines import text_of
from embeddings.files.formats.pdf_text import HYPHEN, Word

# Chosen by hand; none is fitted.
_SAME_ROW = 0.5  # most distance between baselines of one row, of the font size
WIDE_GAP = 0.85  # least gap between cells, of the font size
MIN_STRIP = 3.0  # points: least width of a white strip between columns


class Placed(NamedTuple):
    """A word, and its position among the words of the page."""

    at: int
    word: Word


Row = list[Placed]
"""Words that stand on one baseline, from left to right."""


def rows_of(words: Iterable[Placed]) -> list[Row]:
    """Words by baseline, from the top."""
    rows: list[Row] = []
    base = size = 0.0
    for placed in sorted(words, key=lambda placed: -placed.word.base):
        word = placed.word
        smaller, larger = sorted((size, word.size))
        reach = larger if smaller < 0.88 * larger else smaller  # A superscript is of its line.
        if rows and base - word.base < _SAME_ROW * reach:
            rows[-1].append(placed)
            if word.size > 1.1 * size:
                base, size = word.base, word.size
        else:
            rows.append([placed])
            base, size = word.base, word.size
    for row in rows:
        row.sort(key=lambda placed: placed.word.left)
    return rows


def segments_of(row: Row, gap: float = WIDE_GAP) -> list[Row]:
    """A row's stretches without wide gaps."""
    segments: list[Row] = [[row[0]]]
    right = row[0].word.right
    for placed in row[1:]:
        word = placed.word
        if word.left - right > gap * word.size:
            segments.append([])
        segments[-1].append(placed)
        right = max(right, word.right)
    return segments


def extent(words: Iterable[Placed]) -> tuple[float, float]:
    """Left and right ends."""
    placed = list(words)
    return min(each.word.left for each in placed), max(each.word.right for each in placed)


def text_in(words: Sequence[Placed]) -> str:
    """The text of a cell, its lines joined."""
    text = ""
    for row in rows_of(words):
        line = [placed.word for placed in row]
        size = max(word.size for word in line)
        base = next(word.base for word in line if word.size == size)
        piece = text_of(line, size, base)
        if text.endswith(HYPHEN):
            text = text[:-1] + ("" if piece[:1].islower() else "-") + piece
        else:
            text += f" {piece}" if text else piece
    return text.replace(HYPHEN, "-")


def strips_of(rows: Sequence[Sequence[Row]], tolerated: float) -> list[tuple[float, float]]:
    """White strips that few rows cross, from left to right.

    Args:
        rows: Segments of each row.
        tolerated: Share of the rows that may cross a strip.
    """
    events: list[tuple[float, int]] = []
    for segments in rows:
        for segment in segments:
            left, right = extent(segment)
            events += ((left, 1), (right, -1))
    events.sort()
    most = int(tolerated * len(rows))
    strips: list[tuple[float, float]] = []
    depth, since = 0, float("-inf")
    for at, change in events:
        before = depth
        depth += change
        if before > most >= depth:
            since = at
        elif before <= most < depth and since > float("-inf") and at - since >= MIN_STRIP:
            strips.append((since, at))
    return strips
