"""Plain text: paragraphs are what blank lines separate.

Read with the standard library; see ``decoding`` for the encoding.
"""

import re
from pathlib import Path

from embeddings.document import BlockKind, Document
from embeddings.files.formats.decoding import read_text
from embeddings.files.limits import LimitedBuilder, Limits

_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
_ITEM = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)])\s+\S")
# Lines this long on average are paragraphs that an editor wraps on the screen. Chosen by hand.
_LONG_LINE_CHARACTERS = 200
# Editors that wrap at 72 or 80 fill each line but the last at least this far. Chosen by hand.
_WRAPPED_LINE_CHARACTERS = 45
# A longer first line is a paragraph, not a title. Chosen by hand.
_TITLE_CHARACTERS = 150


def read(path: Path, limits: Limits) -> Document:
    """The document in a text file; a short first line above a blank one is its title."""
    text = read_text(path)
    limits.check_characters(len(text))
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n").strip("\ufeff\n")
    builder = LimitedBuilder(limits)
    for index, paragraph in enumerate(_paragraphs(text)):
        if index == 0 and _is_title(paragraph) and len(paragraph) < len(text):
            builder.add("heading", paragraph, level=1)
        else:
            kind = _kind(paragraph)
            builder.add(kind, paragraph if kind == "list" else _unwrapped(paragraph))
    return builder.build(path.name)


def _paragraphs(text: str) -> list[str]:
    paragraphs = _BLANK_LINE.split(text)
    if len(paragraphs) > 1:
        return paragraphs
    lines = [line for line in text.split("\n") if line.strip()]
    if lines and sum(map(len, lines)) / len(lines) > _LONG_LINE_CHARACTERS:
        return lines
    return paragraphs


def _unwrapped(paragraph: str) -> str:
    """The paragraph on one line, if its lines were wrapped to a width; verse stays as it is."""
    lines = paragraph.split("\n")
    full = [len(line.strip()) >= _WRAPPED_LINE_CHARACTERS for line in lines[:-1]]
    return " ".join(lines) if all(full) else paragraph


def _is_title(paragraph: str) -> bool:
    line = paragraph.strip()
    return (
        "\n" not in line
        and len(line) <= _TITLE_CHARACTERS
        and line[-1:] not in ".,;:"
        and not _ITEM.match(line)
    )


def _kind(paragraph: str) -> BlockKind:
    """A list, if its first line and at least half of all are items (others continue one)."""
    lines = paragraph.strip("\n").split("\n")
    items = sum(1 for line in lines if _ITEM.match(line))
    is_list = bool(_ITEM.match(lines[0])) and 2 * items >= len(lines) and len(lines) > 1
    return "list" if is_list else "paragraph"
