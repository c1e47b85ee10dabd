"""Tables: their rows, the names of their columns, and the titles above both.

Titles above a table's header, in rows of few cells, become paragraphs. Where a format does not say
which rows name the columns, ``merged_header_rows`` tells it from merged cells and ``header_rows``
from what the cells hold.
"""

from collections.abc import Hashable, Iterable, Sequence
from itertools import chain, islice

from embeddings.document import DocumentBuilder, normalise
from embeddings.files.formats.header_rows import count_header_rows, is_number
from embeddings.files.formats.merged_header_rows import Regions, count_merged_header_rows

__all__ = ["add_table", "count_header_rows"]

SAMPLE_ROWS = 50
"""Rows of a table that are looked at to find its header."""


_WIDE = 5
"""Columns of a table in whose rows two cells are few. Chosen by hand."""


def add_table(
    builder: DocumentBuilder,
    rows: Iterable[Sequence[str]],
    header_rows: int | None = None,
    regions: Regions = (),
) -> None:
    """Append a table, and the titles above its header as paragraphs.

    A row is a unit that is found and quoted by itself, with the names of its columns; see
    ``DocumentBuilder.add_table``.

    Args:
        builder: To which to append.
        rows: The cells, as raw text. A merged cell is repeated in each place that it covers.
        header_rows: How many of the first rows (titles included) name the columns; found from
            the cells if it is left out.
        regions: Of the first rows, where the format tells merged cells; see ``Regions``.
    """
    remaining = iter(rows)
    first = list(islice(remaining, SAMPLE_ROWS))
    kept = [number for number, row in enumerate(first) if any(cell.strip() for cell in row)]
    sample = [first[number] for number in kept]
    merged = [regions[number] for number in kept if number < len(regions)]
    width = max(map(len, sample), default=0)
    above: set[Hashable] = set()
    while width > 1 and sample and (title := _title(sample[0], width)):
        across = set(merged[0]) if merged else set()
        # A row alone is a title only if it is one cell.
        if len(sample) == 1 and len(across) != 1:
            break
        # A title may be merged over several rows.
        if not across or across != above:
            builder.add("paragraph", title)
        above = across
        sample.pop(0)
        merged = merged[1:]
        # A title that alone was declared as header says nothing of the rows below it.
        header_rows = None if header_rows in (None, 1) else max(0, header_rows - 1)
    known = count_merged_header_rows(sample, merged)
    if header_rows is None:
        header_rows = count_header_rows(sample, known)
    header_rows = max(header_rows, known)
    # One cell over all columns names a part of the table, and no column.
    parts = (at for at, row in enumerate(merged) if at and len(set(row)) == 1)
    header_rows = min(header_rows, next(parts, header_rows))
    if header_rows == 1 and _is_below_groups(sample):
        header_rows = 2
    builder.add_table(chain(sample, remaining), header_rows)


def _is_below_groups(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the second row names the columns of groups that the first row names.

    Merged cells are repeated: "Class 1, Class 1, Class 2, Class 2" above "A, B, A, B".
    """
    if len(rows) < 3:
        return False
    first, second = ([normalise(cell) for cell in row] for row in rows[:2])
    if len(first) != len(second) or second[0] not in ("", first[0]):
        return False
    groups: dict[str, list[str]] = {}
    for group, name in zip(first, second, strict=True):
        groups.setdefault(group, []).append(name)
    names = [name for group, names in groups.items() if group and len(names) > 1 for name in names]
    return len(set(names)) > 1 and all(name and not is_number(name) for name in names)


def _title(row: Sequence[str], width: int) -> str:
    """The text of a row that spans the table, or fills little of it; empty for any other row."""
    filled = [cell for each in row if (cell := normalise(each))]
    texts = dict.fromkeys(filled)
    spans = len(texts) == 1 and (len(row) < width or len(filled) in (1, width))
    # Such as "Created" and a date above a table of many columns.
    note = len(filled) == 2 and width >= _WIDE and not any(map(normalise, row[2:]))
    # A name of the second column alone is no title.
    return " ".join(texts) if (spans or note) and row and normalise(row[0]) else ""
