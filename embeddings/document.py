r"""Document: one source file as normalised text with its blocks and pages.

Every offset in the project points into ``Document.text``. The text is normalised
here, once, at loading: Unicode in NFC, ``\n`` line endings, no control
characters. No later stage changes a character of it.
"""

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from textwrap import dedent
from typing import Literal

BlockKind = Literal["heading", "paragraph", "list", "table", "code", "furniture"]
"""``furniture`` is shown, but neither searched nor read: contents pages, indexes, references."""

BLOCK_SEPARATOR = "\n\n"

CELL_SEPARATOR = "\t"
"""Between the cells of a table's row; a row is a line. No other text has tabs."""

MAX_HEADER_ROWS = 9
"""Rows of column names that a table can have. Chosen by hand."""

LONGEST_TITLE = 300
"""Characters of a title or heading; it is repeated with each passage below. Chosen by hand."""

MAX_LABEL_CHARACTERS = 20
"""A longer page label is none. Chosen by hand."""

# Control characters break terminals and databases; bidirectional overrides make text
# read differently from what it says; soft hyphens, zero-width spaces and byte-order
# marks split words invisibly. ZWJ and ZWNJ stay: Persian and Indic spelling needs them.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e"
    "\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_LINE_ENDING = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_SPACE_AROUND_NEWLINE = re.compile(r" ?\n ?")
_ANY_SPACE = re.compile(r"[^\S\n]")
_TAB_WIDTH = 4
_BLANK_LINES = re.compile(r"\n{3,}")

# Unicode Standard Annex 15, "Stream-Safe Text Format": no language has more marks on a letter,
# and the time to sort marks grows with the square of their number.
_MAX_MARKS = 30
_GRAPHEME_JOINER = "\u034f"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, list, table or code listing.

    Attributes:
        kind: What the block is.
        start: Offset of its first character, into ``Document.text``.
        end: Offset behind its last character.
        level: 1 (highest) to 6 for a heading, 0 for anything else.
        header_rows: How many of a table's first lines name its columns, 0 for anything else.
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    header_rows: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """One source file, read.

    Attributes:
        title: From the file's metadata or first heading, else its name; of at most
            ``LONGEST_TITLE`` characters.
        text: The normalised text; every offset counts its characters.
        blocks: In reading order, not overlapping, covering every non-space character.
        page_starts: Offset at which each page begins, page 1 first; empty where the
            format has no pages.
        page_labels: What is printed on each page as its number, such as "iii", empty where that
            is the page's position or unknown; as many as pages, or none at all.
        not_read: What the file holds and the text does not, such as "3 pictures".
    """

    title: str
    text: str
    blocks: tuple[Block, ...]
    page_starts: tuple[int, ...] = ()
    page_labels: tuple[str, ...] = ()
    not_read: tuple[str, ...] = ()

    def page_at(self, offset: int) -> int | None:
        """The number (from 1) of the page that holds the character, if there are pages."""
        return page_at(self.page_starts, offset)


def page_at(page_starts: tuple[int, ...], offset: int) -> int | None:
    """The number (from 1) of the page that holds a character; none without pages.

    >>> page_at((0, 120), 119), page_at((0, 120), 120), page_at((), 5)
    (1, 2, None)
    """
    return max(1, bisect_right(page_starts, offset)) if page_starts else None


def normalise(text: str) -> str:
    r"""Text in NFC with ``\n`` line endings, single spaces and no invisible characters."""
    text = INVISIBLE.sub("", _LINE_ENDING.sub("\n", text))
    text = _SPACES.sub(" ", unicodedata.normalize("NFC", _with_few_marks(text)))
    return _BLANK_LINES.sub("\n\n", _SPACE_AROUND_NEWLINE.sub("\n", text)).strip()


def _normalise_code(text: str) -> str:
    """As ``normalise``, with the spaces inside lines, and the indentation that lines differ in."""
    text = INVISIBLE.sub("", _LINE_ENDING.sub("\n", text))
    text = unicodedata.normalize("NFC", _with_few_marks(text)).expandtabs(_TAB_WIDTH)
    lines = (_ANY_SPACE.sub(" ", line).rstrip() for line in text.split("\n"))
    return dedent(_BLANK_LINES.sub("\n\n", "\n".join(lines))).strip("\n")


def _with_few_marks(text: str) -> str:
    """The text with an invisible joiner inside each overlong run of combining marks."""
    if text.isascii():
        return text
    return _run_of_marks().sub(lambda run: run[0] + _GRAPHEME_JOINER, text)


@cache
def _run_of_marks() -> re.Pattern[str]:
    marks = "".join(
        mark
        for mark in map(chr, range(0x300, 0x1F000))
        if unicodedata.combining(unicodedata.normalize("NFD", mark)[0])
    )
    return re.compile(f"[{marks}]{{{_MAX_MARKS}}}(?=[{marks}])")


def shortened(text: str) -> str:
    r"""The text in one line, of at most ``LONGEST_TITLE`` characters.

    >>> shortened("Aid\nto Syria"), shortened("x" * 400)[-3:], len(shortened("x" * 400))
    ('Aid to Syria', 'xx…', 300)
    """
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_TITLE else f"{line[: LONGEST_TITLE - 1].rstrip()}…"


class DocumentBuilder:
    r"""Collects blocks in reading order and joins them into a document.

    A format reader calls ``add`` for each block and ``start_page`` where a page
    begins; blocks that are blank after normalisation leave no trace.

    >>> builder = DocumentBuilder()
    >>> builder.add("heading", "Aid", level=1)
    >>> builder.add("paragraph", "Fifty tons\r\nwere sent.")
    >>> builder.build("aid.md").text
    'Aid\n\nFifty tons\nwere sent.'
    """

    def __init__(self, title: str | None = None) -> None:
        self.title = title
        self.length = 0
        self._parts: list[str] = []
        self._blocks: list[Block] = []
        self._page_starts: list[int] = []
        self._page_labels: list[str] = []
        self._not_read: Counter[tuple[str, str]] = Counter()

    def start_page(self, label: str = "") -> None:
        """Begin the next page with the block that comes next.

        Args:
            label: What is printed on it as its number, if that is not its position.
        """
        self._start_page(self._next_start(), label)

    def _start_page(self, offset: int, label: str) -> None:
        self._page_starts.append(offset)
        label = " ".join(normalise(label).split())
        own = label == str(len(self._page_starts)) or len(label) > MAX_LABEL_CHARACTERS
        self._page_labels.append("" if own else label)

    def leave_out(self, singular: str, plural: str, count: int = 1) -> None:
        """Note that something of the file is not read: ``leave_out("picture", "pictures")``."""
        self._not_read[singular, plural] += count

    def add(self, kind: BlockKind, text: str, level: int = 0) -> None:
        """Append one block.

        Args:
            kind: What the block is.
            text: Raw text of the block; normalised here.
            level: 1 to 6 for a heading. One longer than ``LONGEST_TITLE`` becomes a paragraph:
                it could be repeated with what is below it in part only.

        Raises:
            ValueError: A heading without a level from 1 to 6, or a level on something else.
        """
        if (kind == "heading") != (1 <= level <= 6):
            raise ValueError(f"expected a level of 1 to 6 for headings only, got {kind} {level}")
        if kind == "table":
            raise ValueError("expected rows of a table; see add_table")
        text = _normalise_code(text) if kind == "code" else normalise(text)
        if not text:
            return
        if kind == "heading" and len(text) > LONGEST_TITLE:
            kind, level = "paragraph", 0
        self._append(kind, text, level)

    def add_over_pages(self, kind: BlockKind, parts: Sequence[str], labels: Sequence[str]) -> None:
        """Append one block that goes on over the ends of pages.

        Args:
            kind: What the block is; no heading.
            parts: Its raw text on each page.
            labels: Of the pages that begin with its second part, its third and so on.
        """
        before = len(self._blocks)
        self.add(kind, "".join(parts))
        if len(self._blocks) == before:
            starts = [self._next_start()] * len(labels)
        else:
            block = self._blocks[-1]
            text = self._parts[-1]
            starts = []
            at = 0
            for part in parts[:-1]:
                # Each normalised by itself is the same, but for the space between.
                at = min(at + len(normalise(part)), len(text))
                while at < len(text) and text[at].isspace():
                    at += 1
                starts.append(block.start + at)
        for start, label in zip(starts, labels, strict=True):
            self._start_page(max(start, *self._page_starts[-1:]), label)

    def add_table(
        self,
        rows: Iterable[Sequence[str]],
        header_rows: int = 0,
        pages: Sequence[tuple[int, str]] = (),
    ) -> None:
        """Append a table. Rows without any text leave no trace; line breaks in cells are spaces.

        Args:
            rows: Its cells, as raw text. A merged cell is repeated in each place that it covers.
            header_rows: How many of the first rows name the columns; at most ``MAX_HEADER_ROWS``.
            pages: For each page that begins within the table, the number of its first row and the
                page's label.
        """
        lines: list[str] = []
        named = length = 0
        start = self._next_start()
        remaining = list(pages)[::-1]
        starts: list[tuple[int, str]] = []
        for number, row in enumerate(rows):
            while remaining and remaining[-1][0] <= number:
                starts.append((start + length, remaining.pop()[1]))
            cells = [" ".join(normalise(cell).split()) for cell in row]
            if any(cells):
                lines.append(CELL_SEPARATOR.join(cells))
                length += len(lines[-1]) + 1
                named += number < header_rows
        if lines:
            self._append("table", "\n".join(lines), header_rows=min(named, MAX_HEADER_ROWS))
        end = max(self.length, start) if lines else start
        for offset, label in [*starts, *((end, label) for _, label in remaining[::-1])]:
            self._start_page(min(offset, end), label)

    def _append(self, kind: BlockKind, text: str, level: int = 0, header_rows: int = 0) -> None:
        start = self._next_start()
        self._parts.append(text)
        self._blocks.append(Block(kind, start, start + len(text), level, header_rows))
        self.length = start + len(text)

    def _next_start(self) -> int:
        return self.length + len(BLOCK_SEPARATOR) if self._parts else 0

    def build(self, name: str) -> Document:
        """The finished document.

        Args:
            name: File name, the title of a document that names none itself.
        """
        text = BLOCK_SEPARATOR.join(self._parts)
        headings = (block for block in self._blocks if block.kind == "heading")
        first = next(headings, None)
        title = normalise(self.title or "") or (text[first.start : first.end] if first else "")
        return Document(
            title=shortened(title or normalise(name)),
            text=text,
            blocks=tuple(self._blocks),
            page_starts=tuple(min(start, len(text)) for start in self._page_starts),
            page_labels=tuple(self._page_labels) if any(self._page_labels) else (),
            not_read=tuple(
                f"{count:,} {singular if count == 1 else plural}"
                for (singular, plural), count in self._not_read.items()
            ),
        )
