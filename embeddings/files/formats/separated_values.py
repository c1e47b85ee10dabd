"""Tables of values, separated by commas, semicolons, tabs or bars.

The file becomes one table, whose rows are found and cited by themselves.

The standard library's csv: fast and safe, and it reads a file as a stream; its Sniffer is not used,
as its regular expressions can take minutes on hostile input.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from embeddings.document import Document
from embeddings.files.formats.decoding import read_text
from embeddings.files.formats.tables import add_table
from embeddings.files.limits import LimitedBuilder, Limits

_DELIMITERS = ("\t", ";", "|", ",")
_SAMPLE_ROWS = 50
_SAMPLE_CHARACTERS = 100_000
# Spreadsheets write their delimiter into a first line, which is no row.
_DECLARATION = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)
_COMMENT = re.compile(r"#[^\r\n]*(?:\r\n?|\n|$)")


def read(path: Path, limits: Limits) -> Document:
    """The document in a file of separated values: a table, below the comments that it begins with.

    Lines that begin with "#" are comments, unless they have the columns of those that follow.
    """
    text = read_text(path).removeprefix("\ufeff")
    limits.check_characters(len(text))
    builder = LimitedBuilder(limits)
    start = 0
    delimiter = None
    if declared := _DECLARATION.match(text):
        delimiter, start = declared[1], declared.end()
    delimiter = delimiter or _delimiter(text)
    while comment := _COMMENT.match(text, start):
        if comment.end() == start or _is_header(text, comment, delimiter):
            break
        builder.add("paragraph", comment[0].lstrip("# "))
        start = comment.end()
    add_table(builder, _rows(text, delimiter, start))
    return builder.build(path.name)


def _is_header(text: str, comment: re.Match[str], delimiter: str) -> bool:
    """Whether a line that begins with "#" has as many cells as the next."""
    lines = text[comment.start() : comment.end() + _SAMPLE_CHARACTERS]
    counts = [len(row) for row in islice(_rows(lines, delimiter), 2)]
    return len(counts) == 2 and counts[0] == counts[1] > 1


def _rows(text: str, delimiter: str, start: int = 0) -> Iterator[list[str]]:
    csv.field_size_limit(len(text) + 1)
    source = io.StringIO(text, newline="")
    source.seek(start)
    for row in csv.reader(_lines(source), delimiter=delimiter, skipinitialspace=True):
        cells = [" ".join(cell.split()) for cell in row]
        if any(cells):
            yield cells


def _lines(source: io.StringIO) -> Iterator[str]:
    """Lines as csv takes them: it refuses what was a carriage return alone."""
    for line in source:
        yield line.replace("\r\n", "\n").replace("\r", "\n")


def _delimiter(text: str) -> str:
    """The delimiter with the most columns among those that give most rows equally many."""
    sample = text[:_SAMPLE_CHARACTERS]

    def columns(delimiter: str) -> tuple[bool, int]:
        rows = list(islice(_rows(sample, delimiter), _SAMPLE_ROWS))
        # The last row of the sample may be cut off.
        widths = Counter(len(row) for row in (rows[:-1] if len(rows) > 2 else rows))
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        steady = width > 1 and count >= 0.8 * widths.total()
        if delimiter == "," and _are_decimal_commas(sample):
            steady = False
        return steady, width if steady else max(widths, default=0)

    return max(_DELIMITERS, key=columns)


def _are_decimal_commas(sample: str) -> bool:
    """Whether commas stand inside numbers, between those that another delimiter parts."""
    commas = sample.count(",")
    inside = len(re.findall(r"(?<![\d,])\d{1,9},\d{1,9}(?![\d,])", sample))
    others = max(sample.count(each) for each in _DELIMITERS if each != ",")
    return commas > 0 and inside > 0.7 * commas and others >= inside
