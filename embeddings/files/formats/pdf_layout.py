"""PDF layout: from lines of text on pages to headings, paragraphs and lists.

A PDF has positions of characters, but no structure. A paragraph ends where the next line is
further below than usual, is indented, changes its size or weight, or begins a list item; or where
a line ends early with a full stop. The factors below were chosen by hand; none is fitted.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from embeddings.document import DocumentBuilder

HYPHEN = "\x02"
"""Ends a line whose last word continues in the next line."""

_BULLET = re.compile(r"(?:[•◦▪▫■□●○‣⁃∙·➢➤✓❖]|[\-–—*](?=\s))\s*(?=\S)")
_NUMBER = re.compile(r"(?:\(?\d{1,3}[.)]|\(?[a-z][.)])\s+(?=\S)")
_PAGE_NUMBER = re.compile(
    r"\W*(?:page|p\.)?\W*(?P<value>\d{1,4}|[ivxl]{1,6})(?:\s*(?:of|/)\s*\d{1,4})?\W*", re.I
)
_SENTENCE_END = re.compile(r"[.!?:;…][\"'”’»)\]]*$")
_PAGE_NUMBER_MARK = "\0"
_PAGE_NUMBER_CHARACTERS = 100  # most of a line that may hold a page number
_NUMBER_AT_END = re.compile(r"^\d{1,4}\s|\s\d{1,4}$")
_LEADERS = re.compile(r"(?:\.\s?){5}")
# From the beginning of a word, and never shorter: otherwise each letter of it is tried in turn.
_WORD_PARTS = re.compile(r"(?<!\w)(\w++)\x02\n?(\w+)")
_COMPOUND = re.compile(r"(?<!\w)\w++-\w+")
# Chosen by hand; none is fitted.
_HEADING_SCALE = 1.15  # least font size of a heading, of the body's
_HEADING_CHARACTERS = 200  # most of a heading in a larger font
_BOLD_HEADING_CHARACTERS = 120  # most of a heading that is bold only
_MAX_CODE_STEP = 2.6  # most line spacing within program code, of the font size
_SAME_LINE_POINTS = 3.0  # baselines nearer than this are on one line


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text with its position in points; y grows upwards.

    Attributes:
        text: Ends with ``HYPHEN`` if its last word continues.
        left: Where it begins.
        right: Where it ends.
        base: The y on which its letters stand.
        size: Of its font.
        bold: Whether its first and last characters are bold.
        mono: Whether they are of a typewriter font, as program code is.
    """

    text: str
    left: float
    right: float
    base: float
    size: float
    bold: bool = False
    mono: bool = False


def add_pages(builder: DocumentBuilder, pages: list[list[Line]]) -> None:
    """Add all pages, each begun with ``start_page``."""
    sizes: Counter[float] = Counter()
    for line in (line for page in pages for line in page):
        sizes[line.size] += len(line.text)
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    pages = without_running_lines(pages, body)
    lines = [line for page in pages for line in page]
    if 2 * sum(line.mono for line in lines) > len(lines):  # Typewritten as a whole.
        pages = [[replace(line, mono=False) for line in page] for page in pages]
    larger = sorted((size for size in sizes if size >= _HEADING_SCALE * body), reverse=True)
    levels = {size: min(6, level) for level, size in enumerate(_distinct(larger), start=1)}
    spacing = _usual_spacing(pages, body)
    compounds = _compounds(lines)
    for page in pages:
        builder.start_page()
        items: list[str] = []
        for paragraph in _paragraphs(page, spacing):
            if paragraph[0].mono and len(paragraph) > 1:
                builder.add("list", "\n".join(items))
                items = []
                builder.add("code", "\n".join(line.text for line in paragraph))
                continue
            text = _join(paragraph, compounds)
            item = _BULLET.match(text)
            number = _NUMBER.match(text)
            level = 0 if item else _heading_level(paragraph, text, body, levels)
            if level == 0 and (item or number):
                items.append("- " + text[item.end() :] if item else text)
                continue
            builder.add("list", "\n".join(items))
            items = []
            if level:
                builder.add("heading", text, level=level)
            else:
                builder.add("paragraph", text)
        builder.add("list", "\n".join(items))


def without_running_lines(pages: list[list[Line]], body: float) -> list[list[Line]]:
    """Pages without page numbers, headers and footers.

    A running line stands highest or lowest on a page and, page number aside, also on one
    of the two pages before or after it. A title that is repeated stays where it is first.
    """
    edges = [
        {_running_text(page[index], number) for index in _outermost(page)}
        for number, page in enumerate(pages)
    ]
    counts = Counter(text for edge in edges for text in edge)
    seen: set[str] = set()
    remaining = []
    for number, page in enumerate(pages):
        around = edges[max(0, number - 2) : number] + edges[number + 1 : number + 3]
        drop = set()
        for index in _outermost(page):
            text = _running_text(page[index], number)
            running = len(pages) > 2 and bool(text) and any(text in edge for edge in around)
            if text.startswith(_PAGE_NUMBER_MARK):
                running = counts[text] > 1
            elif page[index].size >= _HEADING_SCALE * body:
                running = running and text in seen
            if running:
                drop.add(index)
            seen.add(text)
        remaining.append([line for index, line in enumerate(page) if index not in drop])
    return remaining if any(remaining) else pages


def _running_text(line: Line, number: int) -> str:
    """The constant part of a running line; empty for a line that may belong to a table.

    Page numbers are recognised by their constant difference from the page's position in the file.
    """
    short = len(line.text) <= _PAGE_NUMBER_CHARACTERS
    if short and (match := _PAGE_NUMBER.fullmatch(line.text)):
        value = match["value"]
        return _PAGE_NUMBER_MARK + (str(int(value) - number) if value.isdecimal() else "i")
    text = _NUMBER_AT_END.sub("", line.text).strip()
    return text if sum(map(str.isalpha, text)) > 2 else ""


def _outermost(page: list[Line]) -> list[int]:
    """Positions in the page of its highest and lowest lines."""
    if not page:
        return []
    top, bottom = max(line.base for line in page), min(line.base for line in page)
    return [
        index
        for index, line in enumerate(page)
        if min(top - line.base, line.base - bottom) < _SAME_LINE_POINTS
    ]


def _distinct(sizes: list[float]) -> Iterator[float]:
    """Sizes, largest first, without those that hardly differ from the previous."""
    previous = float("inf")
    for size in sizes:
        if size < 0.95 * previous:
            previous = size
            yield size


def _usual_spacing(pages: list[list[Line]], body: float) -> float:
    """The distance between lines of a paragraph, as a multiple of the size."""
    steps = [
        (above.base - below.base) / body
        for page in pages
        for above, below in pairwise(page)
        if above.size == below.size == body and 0.8 < (above.base - below.base) / body < 2.5
    ]
    return median(steps) if steps else 1.2


def _paragraphs(lines: list[Line], spacing: float) -> Iterator[list[Line]]:
    """Lines grouped into paragraphs."""
    group: list[Line] = []
    left, right = math.inf, -math.inf
    for line in lines:
        if group and _begins_paragraph(group, left, right, line, spacing):
            yield group
            group = []
            left, right = math.inf, -math.inf
        group.append(line)
        left, right = min(left, line.left), max(right, line.right)
    if group:
        yield group


def _begins_paragraph(
    group: list[Line], left: float, right: float, line: Line, spacing: float
) -> bool:
    """Whether a line begins another paragraph than the group's, which goes from left to right."""
    previous = group[-1]
    size = previous.size or 1.0
    step = (previous.base - line.base) / size
    if abs(step) < 0.5:  # Further parts of the same line of print.
        return False
    if previous.text.endswith(HYPHEN):
        return False
    if line.mono or previous.mono:
        return line.mono != previous.mono or not 0 < step < _MAX_CODE_STEP
    if abs(line.size - previous.size) > 0.1 * size or line.bold != previous.bold:
        return True
    if _BULLET.match(line.text) or _NUMBER.match(line.text):
        return True
    ended = bool(_SENTENCE_END.search(previous.text))
    if step < 0:  # The top of the next column.
        return ended or not line.text[:1].islower()
    if step > spacing * 1.25 + 0.1:
        return True
    in_item = bool(_BULLET.match(group[0].text) or _NUMBER.match(group[0].text))
    if not in_item and line.left > previous.left + 0.8 * size and not line.text[:1].islower():
        return True
    if in_item and line.left < group[0].left - 0.3 * size:
        return True
    right = max(right, line.right)
    width = right - min(left, line.left)
    # Items of a list whose bullets are drawn end early as well, without a full stop.
    early = previous.right < right - (0.2 if ended else 0.5) * width
    return early and not line.text[:1].islower()


def _heading_level(group: list[Line], text: str, body: float, levels: dict[float, int]) -> int:
    """1 to 6 for a heading: larger than the body, or all bold where the body is not."""
    if _LEADERS.search(text):  # A line of the table of contents.
        return 0
    size = max(line.size for line in group)
    if size >= _HEADING_SCALE * body and len(text) <= _HEADING_CHARACTERS:
        return next((level for least, level in levels.items() if size >= 0.95 * least), 6)
    bold = all(line.bold for line in group) and size >= 0.95 * body
    if bold and len(text) <= _BOLD_HEADING_CHARACTERS and not _SENTENCE_END.search(text):
        return min(6, len(levels) + 1)
    return 0


def _compounds(lines: list[Line]) -> set[str]:
    """Words that are written with a hyphen in the middle of some line, in lower case."""
    return {
        word.lower() for line in lines if "-" in line.text for word in _COMPOUND.findall(line.text)
    }


def _join(group: list[Line], compounds: set[str]) -> str:
    """Text of a paragraph in one line, with hyphenated words rejoined."""
    parts = [group[0].text]
    for above, line in pairwise(group):
        end = above.text[-1]
        joined = end == HYPHEN or (_is_ideograph(end) and _is_ideograph(line.text[0]))
        parts += [line.text] if joined else [" ", line.text]
    text = "".join(parts)
    return _WORD_PARTS.sub(lambda parts: _rejoined(parts[1], parts[2], compounds), text).replace(
        HYPHEN, "-"
    )


def _rejoined(left: str, right: str, compounds: set[str]) -> str:
    """A word from its two parts; the hyphen stays in names, numbers and known compounds."""
    hyphenated = right[0].isupper() or right[0].isdigit() or f"{left}-{right}".lower() in compounds
    return f"{left}-{right}" if hyphenated else left + right


def _is_ideograph(character: str) -> bool:
    """Whether a character belongs to a script written without spaces."""
    return "\u2e80" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef"
