"""Rendering: a passage as encoder, word index and reader are shown it.

A table's row is stored as its cells, and shown with the names of its columns: "Pump: P077; Speed:
654". What is shown and not stored cannot be quoted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from embeddings.document import CELL_SEPARATOR

_NAME_END = ": "
_CELL_END = "; "


@dataclass(frozen=True, slots=True)
class Rendering:
    """A passage as it is shown.

    Attributes:
        text: What is shown.
        segments: The stretches of it that the passage has, too, in order: offset into ``text``,
            offset into the passage's text, number of characters.
    """

    text: str
    segments: tuple[tuple[int, int, int], ...]


def rendered(text: str, columns: Sequence[str] = ()) -> Rendering:
    r"""A passage's text as it is shown.

    Args:
        text: Of the passage; rows of a table where it has cells.
        columns: Names of a table's columns, from the first of the passage on.

    >>> rendered("P077\t654\t", ["Pump", "Speed", "Note"]).text
    'Pump: P077; Speed: 654'
    >>> rendered("Berth\t14").text, rendered("No cells.").text
    ('Berth: 14', 'No cells.')
    """
    if CELL_SEPARATOR not in text and not columns:
        return Rendering(text, ((0, 0, len(text)),))
    pieces: list[str] = []
    segments: list[tuple[int, int, int]] = []
    length = at = 0
    for line in text.split("\n"):
        for before, start, end in _cells(line, columns):
            pieces += (before, line[start:end])
            length += len(before)
            segments.append((length, at + start, end - start))
            length += end - start
        at += len(line) + 1
        if at <= len(text):
            pieces.append("\n")
            length += 1
    return Rendering("".join(pieces), tuple(segments))


def _cells(line: str, columns: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """What is shown before each cell that is not blank, and its offsets into the row."""
    cells = line.split(CELL_SEPARATOR)
    is_pair = len(cells) == 2 and all(cells) and not columns
    at = shown = 0
    for number, cell in enumerate(cells):
        if cell:
            between = (_NAME_END if is_pair else _CELL_END) if shown else ""
            name = columns[number] if number < len(columns) else ""
            yield f"{between}{name}{_NAME_END}" if name else between, at, at + len(cell)
            shown += 1
        at += len(cell) + 1
