"""Rendering: a passage as encoder, word index and reader are shown it.

A table's row is stored as its cells, and shown with the names of its columns: "Pump: P077; Speed:
654". What is shown and not stored cannot be quoted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from embeddings.document import CELL_SEPARATOR

_NAME_END = ": "
_CELL_END = "; "

Role = Literal["passage", "sentence", "quote"]
"""What a stretch of a shown passage is: quoted, of the sentence around the quote, or neither."""


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

    def pieces(
        self, quote: tuple[int, int], sentence: tuple[int, int]
    ) -> tuple[tuple[str, Role], ...]:
        r"""What is shown, cut where its role changes; names of columns are never quoted.

        >>> rendered("P077\t654", ["Pump", "Speed"]).pieces((5, 8), (0, 8))
        (('Pump: P077; Speed: ', 'sentence'), ('654', 'quote'))

        Args:
            quote: Offsets of its first character and behind its last, into the passage's text.
            sentence: Those of the sentence around it.
        """
        pieces: list[tuple[str, Role]] = []

        def add(text: str, role: Role) -> None:
            if pieces and pieces[-1][1] == role:
                text = pieces.pop()[0] + text
            if text:
                pieces.append((text, role))

        def role_at(offset: int) -> Role:
            return "sentence" if sentence[0] <= offset < sentence[1] else "passage"

        shown = behind = 0
        for place, at, length in self.segments:
            inside = {edge for edge in (*quote, *sentence) if at < edge < at + length}
            ending, line_break, name = self.text[shown:place].rpartition("\n")
            add(ending + line_break, role_at(behind))
            # The name of its column goes with a cell.
            add(name, role_at(at))
            for start, end in pairwise(sorted({at, at + length} | inside)):
                is_quoted = quote[0] <= start < quote[1]
                text = self.text[place + start - at : place + end - at]
                add(text, "quote" if is_quoted else role_at(start))
            shown, behind = place + length, at + length
        add(self.text[shown:], "passage")
        return tuple(pieces)


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
