"""RTF documents: their text, whose paragraphs end where lines do.

striprtf: BSD, small and without dependencies; pandoc and unrtf are programs beside Python, and no
other library reads RTF. It gives a paragraph a line, and a table's row one with bars.
"""

import re
from itertools import groupby
from pathlib import Path

from striprtf.striprtf import rtf_to_text

from embeddings.document import Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats.plain_text import add_text
from embeddings.files.formats.tables import add_table
from embeddings.files.formats.titles import useful_title
from embeddings.files.limits import LimitedBuilder, Limits

_PICTURE = re.compile(rb"\\pict\b")
# Bytes of their number follow, which may be of any kind.
_BINARY = re.compile(rb"(?<!\\)\\bin(\d{1,10})(?:[ ]|(?=\D))")
_TITLE = re.compile(rb"\{\\title ([^{}\\]{1,300})\}")


def read(path: Path, limits: Limits) -> Document:
    """The document in an RTF file."""
    data = _without_binary(path.read_bytes())
    if not data.lstrip().startswith(b"{\\rtf"):
        raise UnreadableFile("is not a valid RTF document")
    # Pictures are digits; the rest is at least as long as its text.
    limits.check_characters(len(re.sub(rb"[0-9a-fA-F\s]{200,}", b"", data)))
    title = _TITLE.search(data)
    named = title[1].decode("cp1252", "replace") if title else None
    builder = LimitedBuilder(limits, useful_title(named))
    if pictures := len(_PICTURE.findall(data)):
        builder.leave_out("picture", "pictures", pictures)
    text = rtf_to_text(data.decode("latin-1"), encoding="cp1252", errors="replace")
    for is_table, group in groupby(text.split("\n"), lambda line: line.count("|") > 1):
        lines = [line.strip() for line in group]
        if is_table:
            add_table(builder, [line.removesuffix("|").split("|") for line in lines])
        else:
            add_text(builder, "\n\n".join(lines), titled=False)
    return builder.build(path.name)


def _without_binary(data: bytes) -> bytes:
    """The document without the pictures and objects in it that are no text."""
    kept: list[bytes] = []
    start = 0
    while found := _BINARY.search(data, start):
        kept.append(data[start : found.start()])
        start = found.end() + int(found[1])
    return b"".join((*kept, data[start:]))
