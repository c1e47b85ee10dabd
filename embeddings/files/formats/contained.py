"""Contained documents: what a file holds in another format, such as a message's attachments.

Each is read by its own format, from a temporary file, and its blocks are appended.
"""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from embeddings.document import CELL_SEPARATOR, Document
from embeddings.files.formats import format_of
from embeddings.files.limits import LimitedBuilder, Limits

_NOT_READ = re.compile(r"([\d,]+) (.+)")


def contained_document(name: str, data: bytes, limits: Limits) -> Document | None:
    """A contained document; none if its format is none that is read.

    Args:
        name: Of the contained file, whose suffix names its format.
        data: The contained file.
        limits: For it as for a file of its own.

    Raises:
        UnreadableFile: It is damaged, or exceeds the limits.
    """
    with TemporaryDirectory() as folder:
        # The rest of a name from elsewhere may lead outside of the folder.
        path = Path(folder) / f"contained{suffix_of(name)}"
        path.write_bytes(data)
        format = format_of(path)
        return format.read(path, limits) if format else None


def suffix_of(name: str) -> str:
    """The suffix of a contained file's name, in lower case and without what no suffix has.

    >>> suffix_of("Minutes.PDF"), suffix_of("a.t xt/..")
    ('.pdf', '')
    """
    return re.sub(r"[^.a-z0-9]", "", Path(name).suffix.lower())


def add_contained(builder: LimitedBuilder, name: str, text: str, depth: int = 0) -> None:
    """Append text of another format, such as a page in a message; see ``contained_document``."""
    if text.strip() and (document := contained_document(name, text.encode(), builder.limits)):
        add_document(builder, document, depth)


def add_document(builder: LimitedBuilder, document: Document, depth: int = 0) -> None:
    """Append all blocks of a document, its headings ``depth`` levels lower."""
    for block in document.blocks:
        text = document.text[block.start : block.end]
        if block.kind == "table":
            rows = (row.split(CELL_SEPARATOR) for row in text.split("\n"))
            builder.add_table(rows, block.header_rows)
        else:
            builder.add(block.kind, text, min(block.level + depth, 6) if block.level else 0)
    for left_out in document.not_read:
        if found := _NOT_READ.fullmatch(left_out):
            # Of "pages without text" the first word is counted, of all others the last.
            what, *without = found[2].partition(" without ")
            what, rest = what.removesuffix("s"), "".join(without)
            builder.leave_out(f"{what}{rest}", f"{what}s{rest}", int(found[1].replace(",", "")))
