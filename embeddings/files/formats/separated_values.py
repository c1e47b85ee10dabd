"""Tables of values, separated by commas, semicolons, tabs or bars.

Each row becomes a paragraph, "Country: Syria; Tons: 50", because a row is what
an answer is found in and cited from: with its headings beside the values it can be
retrieved and understood by itself, which row 7,000 of one large table cannot.

The standard library's csv: fast and safe; its Sniffer is not used, as its regular
expressions can take minutes on hostile input.
"""

import csv
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from embeddings.document import Document
from embeddings.files.formats.decoding import read_text
from embeddings.files.limits import LimitedBuilder, Limits

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_ROWS = 20


def read(path: Path, limits: Limits) -> Document:
    """The document in a file of separated values, one paragraph a row."""
    text = read_text(path).removeprefix("\ufeff")
    limits.check_characters(len(text))
    builder = LimitedBuilder(limits)
    rows = _rows(text, _delimiter(text))
    first = next(rows, [])
    header: Sequence[str] = first if _is_header(first) else ()
    for row in rows if header else chain([first], rows):
        builder.add("paragraph", _sentence(header, row))
    if not builder.length:
        builder.add("paragraph", "; ".join(header))
    return builder.build(path.name)


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(len(text) + 1)
    lines = iter(text.splitlines(keepends=True))
    for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True):
        cells = [" ".join(cell.split()) for cell in row]
        if any(cells):
            yield cells


def _delimiter(text: str) -> str:
    """The delimiter with the most columns among those that give all rows equally many."""

    def columns(delimiter: str) -> tuple[bool, int]:
        widths = [len(row) for row in islice(_rows(text[:100_000], delimiter), _SAMPLE_ROWS)]
        # The last row of the sample may be cut off.
        widths = widths[:-1] if len(widths) > 2 else widths
        return len(set(widths)) == 1 and widths[0] > 1, max(widths, default=0)

    return max(_DELIMITERS, key=columns)


def _is_header(row: list[str]) -> bool:
    """Whether a row names columns: distinct names that are not numbers, none missing."""
    return len(row) > 1 and len(set(row)) == len(row) and all(map(_is_name, row))


def _is_name(cell: str) -> bool:
    return any(character.isalpha() for character in cell)


def _sentence(header: Sequence[str], row: list[str]) -> str:
    names = chain(header, [""] * len(row))
    pairs = zip(names, row, strict=False)
    return "; ".join(f"{name}: {value}" if name else value for name, value in pairs if value)
