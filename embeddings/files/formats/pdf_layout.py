"""PDF layout: from lines and tables on pages to headings, paragraphs, lists and tables.

A PDF has positions of characters, but no structure. A paragraph ends where the next line is
further below than usual, is indented, changes its size or weight, or begins a list item; or where
a line ends early with a full stop. It goes on in the next column and on the next page. The factors
below were chosen by hand; none is fitted.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median
from typing import Any

from embeddings.files.formats.pdf_lines import Line
from embeddings.files.formats.pdf_page import Item
from embeddings.files.formats.pdf_running import without_running_lines
from embeddings.files.formats.pdf_tables import Table
from embeddings.files.formats.pdf_text import HYPHEN

PAGE_MARK = "\x1e"
"""In the text of a part: a page ends here."""

BULLET = re.compile(r"(?:[•◦▪▫■□●○‣⁃∙·➢➤✓❖]|[\-–—*](?=\s))\s*(?=\S)")
ITEM = re.compile(
    r"(?:\(?\d{1,3}[.)]|\(?[a-z][.)]|\(?[A-Z]\)|\(?[ivx]{1,5}[.)]|\d{1,2}(?:\.\d{1,2}){1,3}\.?"
    r"|\[\w{1,8}\])\s+(?=\S)"
)
_NUMBERED_HEADING = re.compile(
    r"(?P<number>\d{1,2}(?:\.\d{1,2}){0,3}\.?|[IVX]{1,5}\.|[A-Z]\.|(?:Chapter|Section|Part|Article"
    r"|Appendix|Annex|Kapitel|Anhang)\s[\dA-Z.]+:?)\s+(?P<name>[^\W\d_a-z].*)"
)
_CAPTION = re.compile(r"(?:Table|Tab\.|TABLE|Tabelle|Tableau|Tabla|Tabell?a?)\s*[\dIVXA-Z]")
_WORD = re.compile(r"[^\W\d_]{3}|[\u2e80-\u9fff\uac00-\ud7af]")
_CONJUNCTIONS = frozenset(("and", "or", "to", "und", "oder", "bis", "et", "ou", "y", "o", "e"))
_SENTENCE_END = re.compile(r"[.!?:;…][\"'”’»)\]]*(?:\[[\d,–-]+\])?$")
_LEADERS = re.compile(r"(?:\.\s?){5}")
# From the beginning of a word, and never shorter: otherwise each letter of it is tried in turn.
_WORD_PARTS = re.compile(rf"(?<!\w)(\w++){HYPHEN}({PAGE_MARK}?)\n?(\w+)")
_COMPOUND = re.compile(r"(?<!\w)\w++-\w+")
# Chosen by hand; none is fitted.
HEADING_SCALE = 1.15  # least font size of a heading, of the body's
_HEADING_CHARACTERS = 200  # most of a heading in a larger font
_BOLD_HEADING_CHARACTERS = 120  # most of a heading that is bold only
_HEADING_LINES = 10  # more lines are no heading
_LINES_BEFORE = 50  # lines at the end of a page by which the width of its column is told
_MAX_CODE_STEP = 2.6  # most line spacing within program code, of the font size
_MUCH_TEXT = 1_000  # characters in which a second size of text can be told from headings
_NOTE_SCALE = 0.93  # most font size of notes below a page, of the body's


@dataclass(slots=True)
class Part:
    """A block before it is added to the document.

    Attributes:
        kind: As in ``Block``; items of a list are parts of their own.
        text: With ``PAGE_MARK`` where a page ends; empty for a table.
        page: The page on which it begins, from 0.
        level: Of a heading.
        tables: The table on each of its pages.
    """

    kind: str
    text: str
    page: int
    level: int = 0
    tables: list[Table] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    """The lines of a paragraph, and how many of them stand on its first page."""

    lines: list[Line]
    page: int
    breaks: list[int] = field(default_factory=list)


def parts_of(pages: Sequence[list[Item]]) -> list[Part]:
    """The blocks of all pages, without running lines."""
    sizes: Counter[float] = Counter()
    for line in _lines(pages):
        sizes[line.size] += len(line.text)
    body = _body_size(sizes)
    pages = without_running_lines(pages, body)
    lines = list(_lines(pages))
    # What is typewritten or bold as a whole is ordinary text.
    plain: dict[str, Any] = {}
    if 2 * sum(line.mono for line in lines) > len(lines):
        plain["mono"] = False
    if 1.6 * sum(len(line.text) for line in lines if line.bold) > sum(sizes.values()):
        plain |= {"bold": False, "bold_start": 0}
    if plain:
        pages = [
            [replace(item, **plain) if isinstance(item, Line) else item for item in page]
            for page in pages
        ]
    larger = sorted((size for size in sizes if size >= HEADING_SCALE * body), reverse=True)
    levels = {size: min(6, level) for level, size in enumerate(_distinct(larger), start=1)}
    spacing = _usual_spacing(pages, body)
    compounds = _compounds(lines)
    parts: list[Part] = []
    for group in _joined_over_pages(_groups(pages, spacing, body), body, levels):
        if isinstance(group, _Group):
            parts.append(_part(group, body, levels, compounds))
        else:
            page, table = group
            if not _continue_table(parts, page, table):
                parts.append(Part("table", "", page, tables=[table]))
    _move_captions(parts)
    return parts


def _body_size(sizes: Counter[float]) -> float:
    """The size of most of the text; the larger one where much is set in two."""
    if not sizes:
        return 0.0
    total = sizes.total()
    if total < _MUCH_TEXT:
        return sizes.most_common(1)[0][0]
    usual = sizes.most_common(1)[0][0]
    return max(size for size, count in sizes.items() if count > 0.3 * total or size == usual)


def _lines(pages: Sequence[list[Item]]) -> Iterator[Line]:
    return (item for page in pages for item in page if isinstance(item, Line))


def _distinct(sizes: list[float]) -> Iterator[float]:
    """Sizes, largest first, without those that hardly differ from the previous."""
    previous = float("inf")
    for size in sizes:
        if size < 0.95 * previous:
            previous = size
            yield size


def _usual_spacing(pages: Sequence[list[Item]], body: float) -> float:
    """The distance between lines of a paragraph, as a multiple of the size."""
    steps = [
        (above.base - below.base) / body
        for page in pages
        for above, below in pairwise(page)
        if isinstance(above, Line) and isinstance(below, Line)
        if above.size == below.size == body and 0.8 < (above.base - below.base) / body < 2.5
    ]
    return median(steps) if steps else 1.2


def _groups(
    pages: Sequence[list[Item]], spacing: float, body: float
) -> Iterator[_Group | tuple[int, Table]]:
    """Lines grouped into paragraphs, and tables with their pages."""
    for number, page in enumerate(pages):
        group: list[Line] = []
        left, right = math.inf, -math.inf
        for item in page:
            table = not isinstance(item, Line)
            if group and (
                not isinstance(item, Line)
                or _begins_paragraph(group, left, right, item, spacing, body)
            ):
                yield _Group(group, number)
                group = []
                left, right = math.inf, -math.inf
            if isinstance(item, Line):
                group.append(item)
                left, right = min(left, item.left), max(right, item.right)
            elif table:
                yield number, item
        if group:
            yield _Group(group, number)


def _begins_paragraph(
    group: list[Line], left: float, right: float, line: Line, spacing: float, body: float
) -> bool:
    """Whether a line begins another paragraph than the group's, which goes from left to right."""
    previous = group[-1]
    size = previous.size or 1.0
    step = (previous.base - line.base) / size
    if abs(step) < 0.5 and line.column == previous.column:  # Parts of the same line of print.
        return False
    if previous.text.endswith(HYPHEN):
        return False
    if _LEADERS.search(previous.text) and previous.text[-1:].isdigit():
        return True
    if line.mono or previous.mono:
        return line.mono != previous.mono or not 0 < step < _MAX_CODE_STEP
    if abs(line.size - previous.size) > 0.1 * size:
        return True
    # A wrapped heading, even if it is set in the middle.
    if size >= HEADING_SCALE * body and line.bold == previous.bold and 0 < step < 1.5:
        return bool(_NUMBERED_HEADING.match(line.text))
    if line.bold != previous.bold and not (line.bold_start or previous.bold_start):
        return True
    if BULLET.match(line.text) or ITEM.match(line.text):
        return True
    ended = bool(_SENTENCE_END.search(previous.text))
    if step < 0 or line.column != previous.column:  # The top of the next column.
        return ended or not line.text[:1].islower()
    if step > spacing * 1.25 + 0.1:
        return True
    in_item = bool(BULLET.match(group[0].text) or ITEM.match(group[0].text))
    if not in_item and line.left > previous.left + 0.8 * size and not line.text[:1].islower():
        return True
    if in_item and line.left < group[0].left - 0.3 * size:
        return True
    right = max(right, line.right)
    width = right - min(left, line.left)
    # Items of a list whose bullets are drawn end early as well, without a full stop.
    early = previous.right < right - (0.2 if ended else 0.5) * width
    return early and not line.text[:1].islower()


def _joined_over_pages(
    groups: Iterator[_Group | tuple[int, Table]], body: float, levels: dict[float, int]
) -> Iterator[_Group | tuple[int, Table]]:
    """Paragraphs joined with what continues them on the next page."""
    page: list[_Group | tuple[int, Table]] = []
    number = 0
    for group in groups:
        here = group.page if isinstance(group, _Group) else group[0]
        if here != number:
            open_ = _open_paragraph(page, body, levels)
            yield from (each for each in page if each is not open_)
            page = []
            number = here
            if open_ is not None:
                end = open_.page + len(open_.breaks)
                if isinstance(group, _Group) and end + 1 == here and _continues(open_, group, body):
                    open_.breaks.append(len(open_.lines))
                    open_.lines += group.lines
                    page.append(open_)
                    continue
                yield open_
        page.append(group)
    yield from page


def _open_paragraph(
    page: Sequence[_Group | tuple[int, Table]], body: float, levels: dict[float, int]
) -> _Group | None:
    """The last paragraph of a page, above its notes, if it does not end there."""
    for group in reversed(page):
        if not isinstance(group, _Group):
            return None
        if group.lines[0].size < _NOTE_SCALE * body:
            continue
        last = group.lines[-1]
        text = last.text
        few = len(group.lines) <= _HEADING_LINES
        heading = few and _heading_level(group.lines, _join(group, set()), body, levels)
        if heading or last.mono or last.bold or _SENTENCE_END.search(text):
            return None
        return group if len(group.lines) > 1 or text.endswith(HYPHEN) else None
    return None


def _continues(group: _Group, after: _Group, body: float) -> bool:
    """Whether a paragraph that does not end goes on with the first of the next page."""
    last, line = group.lines[-1], after.lines[0]
    if abs(last.size - line.size) > 0.05 * last.size or line.bold != last.bold or line.mono:
        return False
    if BULLET.match(line.text) or ITEM.match(line.text) or _CAPTION.match(line.text):
        return False
    if last.text.endswith(HYPHEN) or line.text[:1].islower():
        return True
    # A line that fills its column does not end a paragraph.
    right = max(each.right for each in group.lines[-_LINES_BEFORE:])
    full = last.right > right - 2 * body
    single = len(after.lines) == 1 and not _SENTENCE_END.search(line.text)
    return full and not single


def _part(group: _Group, body: float, levels: dict[float, int], compounds: set[str]) -> Part:
    lines = group.lines
    if lines[0].mono and len(lines) > 1:
        return Part("code", "\n".join(line.text for line in lines), group.page)
    text = _join(group, compounds)
    item = BULLET.match(text)
    level = 0 if item or group.breaks else _heading_level(lines, text, body, levels)
    if level:
        return Part("heading", text.replace("\n", " "), group.page, level)
    if not any(map(str.isalnum, text)):  # Ornaments, and what is left of figures.
        return Part("furniture", text, group.page)
    if item:
        return Part("list", "- " + text[item.end() :].replace("\n", " "), group.page)
    return Part("list" if ITEM.match(text) else "paragraph", text, group.page)


def _heading_level(group: list[Line], text: str, body: float, levels: dict[float, int]) -> int:
    """1 to 6 for a heading: larger than the body, or all bold or numbered where others are not."""
    if _LEADERS.search(text):  # A line of the table of contents.
        return 0
    if _CAPTION.match(text) or not _WORD.search(text):
        return 0
    size = max(line.size for line in group)
    if size >= HEADING_SCALE * body and len(text) <= _HEADING_CHARACTERS:
        return next((level for least, level in levels.items() if size >= 0.95 * least), 6)
    if size < 0.95 * body or _SENTENCE_END.search(text):
        return 0
    numbered = _NUMBERED_HEADING.fullmatch(text)
    depth = numbered["number"].rstrip(".").count(".") if numbered else 0
    if all(line.bold for line in group) and len(text) <= _BOLD_HEADING_CHARACTERS:
        return min(6, len(levels) + 1 + depth)
    if numbered and len(group) == 1 and _is_name(numbered["name"], depth):
        return min(6, len(levels) + 1 + depth)
    return 0


def _is_name(text: str, depth: int) -> bool:
    """Whether the text behind a number is a heading's, not that of an item of a list."""
    words = text.split()
    letters = [letter for letter in text if letter.isalpha()]
    capitals = sum(map(str.isupper, letters)) > 0.7 * len(letters)
    return len(words) <= 12 and len(letters) > 3 and (capitals or (depth > 0 and len(words) <= 8))


def _compounds(lines: list[Line]) -> set[str]:
    """Words that are written with a hyphen in the middle of some line, in lower case."""
    return {
        word.lower() for line in lines if "-" in line.text for word in _COMPOUND.findall(line.text)
    }


def _join(group: _Group, compounds: set[str]) -> str:
    """Text of a paragraph, with hyphenated words rejoined.

    It has a line break where the next word would have had room in the line.
    """
    lines = group.lines
    breaks = Counter(group.breaks)
    parts = [_cut(lines[0], lines[1] if len(lines) > 1 else None)]
    right = _right_end(lines, 0)
    for number, (above, line) in enumerate(pairwise(lines), start=1):
        end = parts[-1][-1:]
        text = _cut(line, lines[number + 1] if number + 1 < len(lines) else None)
        joined = end == HYPHEN or (_is_ideograph(end) and _is_ideograph(text[:1]))
        if line.base >= above.base or line.column != above.column:
            right = _right_end(lines, number)
            space = " "
        else:
            space = "\n" if right - above.right > _needed(line) else " "
        mark = PAGE_MARK * breaks[number]
        parts += [mark, text] if joined else [space, mark, text]
    text = "".join(parts)
    return _WORD_PARTS.sub(
        lambda parts: _rejoined(parts[1], parts[2], parts[3], compounds), text
    ).replace(HYPHEN, "-")


def _cut(line: Line, following: Line | None) -> str:
    """A line's text, ending with ``HYPHEN`` if its last word goes on in the next line."""
    text = line.text
    if following is None or not (text.endswith("-") and text[-2:-1].isalpha()):
        return text
    suspended = following.text.split(" ", 1)[0] in _CONJUNCTIONS
    return text if suspended or not following.text[:1].islower() else text[:-1] + HYPHEN


def _right_end(lines: Sequence[Line], start: int) -> float:
    """The right end of the lines that stand below one another from a place on."""
    right = lines[start].right
    for at in range(start + 1, len(lines)):
        above, line = lines[at - 1], lines[at]
        if line.base >= above.base or line.column != above.column:
            break
        right = max(right, line.right)
    return right


def _needed(line: Line) -> float:
    """The room that the first word of a line needs in the line above, with much to spare."""
    word = line.text.split(" ", 1)[0]
    return 1.2 * (line.right - line.left) * (len(word) + 1) / max(1, len(line.text)) + 2 * line.size


def _rejoined(left: str, mark: str, right: str, compounds: set[str]) -> str:
    """A word from its two parts; the hyphen stays in names, numbers and known compounds."""
    hyphenated = right[0].isupper() or right[0].isdigit() or f"{left}-{right}".lower() in compounds
    return f"{left}-{mark}{right}" if hyphenated else left + mark + right


def _is_ideograph(character: str) -> bool:
    """Whether a character belongs to a script written without spaces."""
    return "\u2e80" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef"


def _continue_table(parts: list[Part], page: int, table: Table) -> bool:
    """Append a table to the one that ends the page before, if it continues it."""
    if not parts or not parts[-1].tables:
        return False
    last = parts[-1]
    before = last.tables[-1]
    if last.page + len(last.tables) != page or len(before.xs) != len(table.xs):
        return False
    near = max(8.0, 0.02 * (before.right - before.left))
    if any(abs(one - other) > near for one, other in zip(before.xs, table.xs, strict=True)):
        return False
    first = last.tables[0]
    header = first.rows[: first.header_rows]
    if header and table.rows[: len(header)] == header:
        table.rows = table.rows[len(header) :]
        table.header_rows = 0
    elif table.header_rows:
        return False
    last.tables.append(table)
    return True


def _move_captions(parts: list[Part]) -> None:
    """Put the caption below a table right before it, where its rows have it as their context."""
    for at in range(len(parts) - 1):
        table, below = parts[at], parts[at + 1]
        if not table.tables or len(table.tables) > 1 or below.page != table.page:
            continue
        above = parts[at - 1].text if at else ""
        if _CAPTION.match(below.text) and not _CAPTION.match(above):
            parts[at], parts[at + 1] = below, table
