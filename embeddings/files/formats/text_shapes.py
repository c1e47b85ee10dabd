"""Shapes of plain text: frames, centred lines, columns and margins, told from where lines begin."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from embeddings.files.formats import text_lines
from embeddings.files.formats.text_lines import Chunk

_CENTRED_FROM = 8
_PAGE_WIDTHS = (72, 80, 76)
_LONG_RULE = re.compile(r"([-=_*~#.])\1{7,}")


def without_frame(lines: list[str]) -> list[str]:
    """The lines without rules among them, and without a frame of asterisks around them."""
    framed = all(re.fullmatch(r"\s*\*.*\*", line) for line in lines)
    inner = [line.strip().strip("*") for line in lines] if framed else lines
    return [line for line in inner if line.strip() and not _LONG_RULE.fullmatch(line.strip())]


def with_plain_bullet(item: str) -> str:
    """An item whose bullet is typed as the letter o has a hyphen in its place."""
    return re.sub(r"^o\s+", "- ", item)


def is_counted(chunk: Chunk, following: Chunk) -> bool:
    """Whether two chunks one behind the other are items with numbers that follow each other."""
    first, second = (text_lines.ITEM.match(each.lines[0]) for each in (chunk, following))
    if not first or not second or chunk.indent != following.indent:
        return False
    if first["bullet"] or second["bullet"]:
        return first["bullet"] == second["bullet"]
    numbers = first["number"], second["number"]
    if not all(numbers):
        return False
    if all(map(str.isdecimal, numbers)):
        return int(numbers[1]) == int(numbers[0]) + 1
    return not any(map(str.isdecimal, numbers))


def by_first_lines(lines: list[str]) -> Iterator[list[str]]:
    """Paragraphs that are parted by the indentation of their first lines alone."""
    margin = min(map(text_lines.indent, lines))
    paragraph: list[str] = []
    for line in lines:
        begins = 2 <= text_lines.indent(line) - margin <= 8
        if begins and paragraph and re.search(r"[.!?:][\"'”’»)\]]*$", paragraph[-1]):
            yield paragraph
            paragraph = []
        paragraph.append(line)
    yield paragraph


def margin(lines: Sequence[str]) -> int:
    """The indentation of most of the long lines."""
    long = [text_lines.indent(line) for line in islice(lines, 20_000) if len(line.strip()) >= 45]
    return Counter(long).most_common(1)[0][0] if len(long) > 2 else 0


def is_centred(line: str) -> bool:
    """Whether a line stands in the middle of a page of a usual width."""
    left, right = text_lines.indent(line), len(line.rstrip())
    return left >= _CENTRED_FROM and any(abs(width - right - left) <= 8 for width in _PAGE_WIDTHS)


def front_columns(lines: Sequence[str]) -> str:
    """The left column above the right one, of a document's front that is set in two; else empty."""
    if len(lines) < 3:
        return ""
    parts = [re.split(r"\s{3,}", line.strip(), maxsplit=1) for line in lines]
    edge = max(map(len, lines)) - 2
    right = [line for line in lines if len(line) >= edge]
    if sum(len(part) == 2 for part in parts) < len(lines) / 2 or 2 * len(right) < len(lines):
        return ""
    first: list[str] = []
    second: list[str] = []
    for line, part in zip(lines, parts, strict=True):
        if len(part) == 2:
            first.append(part[0])
            second.append(part[1])
        else:
            (second if text_lines.indent(line) > 20 else first).append(part[0])
    return "\n".join([*first, *second])
