"""Worker answer: validates what the reading process sends before it becomes a document.

A hostile file may control the process that reads it, so the answer is untrusted: types, offsets and
counts are all checked, and everything behind this module may rely on what ``Document``,
``Section`` and ``Passage`` promise. An invalid answer raises ``ValueError`` or another of Python's
errors; ``DocumentLoader`` turns all of them into ``UnreadableFile``.
"""

import json
from base64 import b64decode
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from embeddings.document import (
    INVISIBLE,
    LONGEST_TITLE,
    MAX_HEADER_ROWS,
    Block,
    BlockKind,
    Document,
    shortened,
)
from embeddings.files.limits import Limits
from embeddings.files.worker import REASON_CHARACTERS
from embeddings.passages import LONGEST_CHARACTERS, Section

# JSON of one character of text takes at most 6 bytes, of one block about 40, of one passage with
# a section of its own about 80.
_BYTES_PER_CHARACTER = 6
_BYTES_PER_BLOCK = 56
_BYTES_PER_PASSAGE = 100
_BYTES_BESIDES = 1_000_000
_BYTES_OF_PICTURE = 10_000_000

# A list takes 25 times as much memory as its JSON. A passage with a section of its own has four.
_LISTS_PER_PASSAGE = 4
_LISTS_BESIDES = 1_000

_MAX_NOT_READ = 100
_MAX_SHORT = 100

_PNG = b"\x89PNG\r\n\x1a\n"

# All blocks share these strings.
_KINDS: dict[str, BlockKind] = {
    "heading": "heading",
    "paragraph": "paragraph",
    "list": "list",
    "table": "table",
    "code": "code",
    "furniture": "furniture",
}


def max_line_bytes(limits: Limits) -> tuple[int, int]:
    """Longest allowed lines of an answer, in bytes."""
    findings = limits.blocks * _BYTES_PER_BLOCK + limits.passages * _BYTES_PER_PASSAGE
    contents = max(limits.characters * _BYTES_PER_CHARACTER, _BYTES_OF_PICTURE)
    return findings + _BYTES_BESIDES, contents + _BYTES_BESIDES


def parse_answer(findings: bytes, contents: bytes, limits: Limits) -> tuple[dict[str, Any], str]:
    """The two lines of an answer as JSON: an object, and the string beside it."""
    # The long line must be a string: its memory is then bounded by its length.
    if not contents.startswith(b'"'):
        raise ValueError("expected a string")
    lists = findings.count(b"[") + findings.count(b"{")
    if lists > limits.blocks + limits.passages * _LISTS_PER_PASSAGE + _LISTS_BESIDES:
        raise ValueError(f"expected fewer lists, got {lists}")
    # Decoded here: ``json`` would accept surrogates.
    answer, text = json.loads(findings.decode()), json.loads(contents.decode())
    if not isinstance(answer, dict) or type(answer["final"]) is not bool:
        raise ValueError("expected an object that says whether it is final")
    return answer, text


def parse_reason(answer: dict[str, Any]) -> str:
    """Why there is no document, in one line of at most ``REASON_CHARACTERS``."""
    line = " ".join(INVISIBLE.sub("", _string(answer["reason"])).split())
    if not line:
        raise ValueError("expected a reason, got nothing")
    return line if len(line) <= REASON_CHARACTERS else f"{line[: REASON_CHARACTERS - 1]}…"


def parse_picture(answer: dict[str, Any], contents: str, quotes: int) -> tuple[bytes, int]:
    """A PNG picture, and how many of the ``quotes`` are marked in it."""
    png, marked = b64decode(contents, validate=True), _number(answer["picture"]["marked"])
    if not png.startswith(_PNG) or not 0 <= marked <= quotes:
        raise ValueError(f"expected a picture with at most {quotes} marks")
    return png, marked


def parse_document(answer: dict[str, Any], text: str, limits: Limits) -> Document:
    """A valid document."""
    found = answer["document"]
    title = _string(found["title"])
    if title != shortened(title) or INVISIBLE.search(title) or INVISIBLE.search(text):
        raise ValueError("expected a short title, and no invisible characters")
    if len(found["blocks"]) > limits.blocks:
        raise ValueError(f"expected at most {limits.blocks} blocks")
    return Document(
        title=title,
        text=text,
        blocks=tuple(_blocks(found["blocks"], text)),
        page_starts=(starts := _page_starts(found["page_starts"], text, limits)),
        page_labels=_short_strings(found["page_labels"], len(starts)),
        not_read=_short_strings(found["not_read"], _MAX_NOT_READ),
    )


def _short_strings(found: list[Any], limit: int) -> tuple[str, ...]:
    """At most so many strings of one line and ``_MAX_SHORT`` characters each."""
    strings = tuple(map(_string, found))
    if len(strings) > limit or any(map(INVISIBLE.search, strings)):
        raise ValueError(f"expected at most {limit} strings, without invisible characters")
    if any(len(string) > _MAX_SHORT or "\n" in string for string in strings):
        raise ValueError(f"expected lines of at most {_MAX_SHORT} characters")
    return strings


def _blocks(found: list[Any], text: str) -> Iterator[Block]:
    """Blocks in order, with nothing but white space between them."""
    at = 0
    for name, start, end, level, header_rows in found:
        if any(type(number) is not int for number in (start, end, level, header_rows)):
            raise ValueError("expected whole numbers")
        if not at <= start < end <= len(text) or text[at:start].strip():
            raise ValueError(f"expected the next block at {at}, got {start} to {end}")
        kind = _KINDS[name]
        if not (1 <= level <= 6 if kind == "heading" else level == 0):
            raise ValueError(f"expected a level of 1 to 6 of headings only, got {kind} {level}")
        # A heading is repeated with each passage below it.
        if level and end - start > LONGEST_TITLE:
            raise ValueError(f"expected short headings, got one of {end - start} characters")
        if not 0 <= header_rows <= (MAX_HEADER_ROWS if kind == "table" else 0):
            raise ValueError(f"expected few header rows of tables only, got {kind} {header_rows}")
        yield Block(kind, start, end, level, header_rows)
        at = end
    if at == 0 or text[at:].strip():
        raise ValueError("expected blocks up to the end of the text")


def _page_starts(found: list[Any], text: str, limits: Limits) -> tuple[int, ...]:
    starts = tuple(_number(start) for start in found)
    if len(starts) > limits.pages:
        raise ValueError(f"expected at most {limits.pages} pages")
    if any(start > after for start, after in pairwise((0, *starts, len(text)))):
        raise ValueError("expected pages in their order, inside the text")
    return starts


def parse_sections(answer: dict[str, Any], document: Document, limits: Limits) -> Iterator[Section]:
    """The document's valid sections, in order."""
    at = passages = 0
    for headings, block, context_length, spans in answer["sections"]:
        passages += len(spans)
        if passages > limits.passages:
            raise ValueError(f"expected at most {limits.passages} passages")
        if not 0 <= _number(context_length) <= LONGEST_TITLE:
            raise ValueError(f"expected a short context, got {context_length}")
        begin = at
        checked: list[tuple[int, int]] = []
        for start, end in spans:
            if type(start) is not int or type(end) is not int:
                raise ValueError("expected whole numbers")
            # Bounds memory: a tokenizer takes a hundred times that of its text.
            if not at <= start < end <= min(len(document.text), start + LONGEST_CHARACTERS):
                raise ValueError(f"expected a passage from {at} on, got {start} to {end}")
            checked.append((start, end))
            at = end
        # The first passage begins with those of its headings that are right before it.
        above = _headings(headings, document, checked[0][1] if checked else begin)
        yield Section(above, _cut_from(block, document), context_length, tuple(checked))


def _cut_from(position: object, document: Document) -> int:
    """Position of a table or list, or -1."""
    number = _number(position)
    if (number != -1 and document.blocks[number].kind not in ("table", "list")) or number < -1:
        raise ValueError(f"expected a table or list, got block {position}")
    return number


def _headings(found: list[Any], document: Document, before: int) -> tuple[int, ...]:
    """Positions of headings before an offset, each of a lower rank than the previous."""
    level, places = 0, []
    for place in found:
        # At most six, for levels increase. A negative position would count from the end.
        block = document.blocks[_number(place)]
        if place < 0 or block.kind != "heading" or block.level <= level or block.end > before:
            raise ValueError(f"expected a heading of its passages, got block {place}")
        level = block.level
        places.append(place)
    if any(place >= after for place, after in pairwise(places)):
        raise ValueError("expected headings in their order")
    return tuple(places)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a string, got {type(value).__name__}")
    return value


def _number(value: object) -> int:
    if type(value) is not int:  # bool is a subclass
        raise ValueError(f"expected a whole number, got {type(value).__name__}")
    return value
