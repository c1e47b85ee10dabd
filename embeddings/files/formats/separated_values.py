"""Tables of values, separated by commas, semicolons, tabs or bars.

The file becomes one table, whose rows are found and cited by themselves.

The standard library's csv: fast and safe; its Sniffer is not used, as its regular
expressions can take minutes on hostile input.
"""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from embeddings.document import Document
from embeddings.files.formats.decoding import read_text
from embeddings.files.formats.tables import add_table
from embeddings.files.limits import LimitedBuilder, Limits

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_ROWS = 20


def read(path: Path, limits: Limits) -> Document:
    """The document in a file of separated values, one paragraph a row."""
    text = read_text(path).removeprefix("\ufeff")
    limits.check_characters(len(text))
    builder = LimitedBuilder(limits)
    add_table(builder, _rows(text, _delimiter(text)))
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
