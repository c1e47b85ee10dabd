"""Plain text: what its layout means, told from blank lines, indentation and marks.

Read with the standard library; see ``decoding`` for the encoding. docutils was refused for it: it
reads marked-up text only, and reports what it cannot parse as errors.
"""

import re
import unicodedata
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from embeddings.document import Document, shortened
from embeddings.files.formats import text_lines, text_pages, text_shapes
from embeddings.files.formats.decoding import read_text
from embeddings.files.formats.tables import add_table
from embeddings.files.formats.text_contents import Contents, without_line_numbers
from embeddings.files.formats.text_lines import Chunk
from embeddings.files.formats.text_tables import find_tables, holds_table, is_drawing
from embeddings.files.limits import LimitedBuilder, Limits

# Lines this long on average are paragraphs that an editor wraps on the screen. Chosen by hand.
_LONG_LINE_CHARACTERS = 200
# A longer first line is a paragraph, not a title. Chosen by hand.
_TITLE_CHARACTERS = 150
_FRONT_CHUNKS = 8
# A definition's further paragraphs stay with its term up to this length. Chosen by hand.
_DEFINITION_CHARACTERS = 1_500
# RFC 7322, section 4.1.2: the number stands in the first lines.
_RFC = re.compile(r"^Request for Comments: (\d{1,5})\b", re.MULTILINE)
_HEAD_CHARACTERS = 2_000
_LIGATURES = re.compile("[\ufb00-\ufb06]")
_RULE = re.compile(r"[\s\-=_*~+.#]*")
_TITLE_END = re.compile(r"[.,;:!?)。！？）：；，、…]$")
_MANUAL_PAGE = re.compile(r"(\S+\(\w{1,5}\))\s.*\s\1")
_CAPTION = re.compile(r"(?:Table|Tabelle|Tab\.)\s*\d+\s*[.:]?")


def read(path: Path, limits: Limits) -> Document:
    """The document in a text file."""
    text = read_text(path)
    limits.check_characters(len(text))
    builder = LimitedBuilder(limits)
    add_text(builder, text)
    document = builder.build(path.name)
    number = _RFC.search(text[:_HEAD_CHARACTERS])
    if number and f"RFC {number[1]}" not in document.title:
        # What it is called by, and no heading of it says.
        document = replace(document, title=shortened(f"RFC {number[1]}: {document.title}"))
    return document


def add_text(builder: LimitedBuilder, text: str, *, titled: bool = True) -> None:
    """Append the blocks of a plain text.

    Args:
        builder: To which to append.
        text: As it stands in a file, or in a part of one.
        titled: Whether it may begin with a title.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0b", "\n").strip("\ufeff\n")
    text = _LIGATURES.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    builder.limits.check_pages(text.count("\f"))
    pages = text_pages.pages_of(text)
    builder.limits.check_pages(len(pages))
    lines, starts = text_pages.joined(pages)
    lines = without_line_numbers(lines)
    reader = _Reader(builder, lines, starts if len(pages) > 1 else [], _solid_words(text, lines))
    reader.titled = not titled
    reader.read()


def _solid_words(text: str, lines: Sequence[str]) -> frozenset[str]:
    """Words broken at a line's end that stand whole elsewhere in the text."""
    wanted = text_lines.broken_words([line for line in lines if line.strip()])
    if not wanted:
        return frozenset()
    return frozenset(
        word for found in re.finditer(r"\w+", text) if (word := found[0].lower()) in wanted
    )


def _chunks(lines: Sequence[str]) -> Iterator[Chunk]:
    """Runs of lines that are not blank."""
    start = 0
    for at, line in enumerate(lines):
        if not line.strip():
            if at > start:
                yield Chunk([each.rstrip() for each in lines[start:at]], start)
            start = at + 1
    if len(lines) > start:
        yield Chunk([each.rstrip() for each in lines[start:]], start)


class _Reader:
    """Turns chunks into blocks, one after another."""

    def __init__(
        self,
        builder: LimitedBuilder,
        lines: Sequence[str],
        starts: list[tuple[int, str]],
        solid: frozenset[str],
    ) -> None:
        self.builder = builder
        self.solid = solid
        self.chunks = _chunks(lines)
        self.coming: deque[Chunk] = deque()
        self.starts = deque(starts)
        self.contents = Contents()
        self.margin = text_shapes.margin(lines)
        self.above: list[tuple[int, int]] = []
        """Indentation and level of the headings that are open."""
        self.counted = 2, 0
        """Level and number of the last heading whose number has no parts."""
        self.top = -1
        """The last such number of a section of the highest level."""
        self.count = 0
        self.titled = False

    def read(self) -> None:
        """Add all blocks."""
        while chunk := self._next():
            self.count += 1
            self._start_pages(chunk)
            if not self._add_special(chunk):
                self._add(chunk)
        while self.starts:
            self.builder.start_page(self.starts.popleft()[1])

    def _next(self) -> Chunk | None:
        return self.coming.popleft() if self.coming else next(self.chunks, None)

    def _peek(self, place: int = 0) -> Chunk | None:
        while len(self.coming) <= place:
            if not (chunk := next(self.chunks, None)):
                return None
            self.coming.append(chunk)
        return self.coming[place]

    def _start_pages(self, chunk: Chunk) -> None:
        """Begin the pages that begin with or before the chunk."""
        while self.starts and self.starts[0][0] <= chunk.start:
            self.builder.start_page(self.starts.popleft()[1])

    def _add_special(self, chunk: Chunk) -> bool:
        """Add what is no text, or the document's front; whether the chunk is either."""
        following = self._peek()
        if _RULE.fullmatch("".join(chunk.lines)) and (following or self.builder.length):
            return True
        if self.contents.holds(chunk, following):
            self.builder.add("furniture", "\n".join(chunk.lines))
            return True
        return self.count <= _FRONT_CHUNKS and not self.titled and self._add_front(chunk)

    def _add_front(self, chunk: Chunk) -> bool:
        """Add the title, or two columns above it; whether the chunk is either."""
        if self.count == 1 and (columns := text_shapes.front_columns(chunk.lines)):
            self.builder.add("paragraph", columns)
            return True
        following = self._peek()
        text = chunk.text
        if len(text) > _TITLE_CHARACTERS or not following:
            return False
        centred = len(chunk.lines) <= 3 and all(map(text_shapes.is_centred, chunk.lines))
        # A short line above a centred one is the document's number or its series.
        above = all(map(text_shapes.is_centred, following.lines)) and len(following.lines) <= 3
        if centred or (self.count == 1 and not above and self._is_title(chunk)):
            self.titled = True
            self._add_heading(text, chunk.indent, 1)
            return True
        if above and self._is_title(chunk):
            self.builder.add("paragraph", text)
            return True
        return False

    def _is_title(self, chunk: Chunk) -> bool:
        if len(chunk.lines) > 1:
            return False
        text = chunk.text
        if _MANUAL_PAGE.fullmatch(text):
            return True
        return not (_TITLE_END.search(text) or text_lines.ITEM.match(text))

    def _add_heading(self, text: str, indent: int, level: int) -> None:
        while self.above and (self.above[-1][1] >= level):
            self.above.pop()
        self.above.append((indent, level))
        self.builder.add("heading", text, level)

    def _level_at(self, indent: int) -> int:
        """The level of a heading without a number, by its indentation and those above it."""
        above = [level for column, level in self.above if column < indent or level == 1]
        return min(max(above, default=1) + 1, 6)

    def _level_of(self, number: int) -> int:
        """The level of a heading with such a number, which may count anew within a section."""
        level, last = self.counted
        if number != last + 1 or level != 2:
            goes_on = number == last + 1 and level == (self.above[-1][1] if self.above else 0)
            if not goes_on and number > self.top:
                level = 2
            elif not goes_on:
                level = min(max((each for _, each in self.above), default=1) + 1, 6)
        self.counted = level, number
        if level == 2:
            self.top = number
        return level

    def _add(self, chunk: Chunk) -> None:
        """Add a chunk: lines with an underline are headings, and what is between them its parts."""
        lines = chunk.lines
        start = at = 0
        while at < len(lines):
            if level := text_lines.underlined_level(lines[at : at + 2]):
                self._add_part(Chunk(lines[start:at], chunk.start + start))
                self._add_heading(lines[at].strip(), text_lines.indent(lines[at]), level)
                start = at = at + 2
            else:
                at += 1
        self._add_part(Chunk(lines[start:], chunk.start + start))

    def _add_part(self, chunk: Chunk) -> None:
        done = 0
        for start, end, table in find_tables(chunk.lines):
            self._add_untabled(chunk.lines[done:start], chunk.start + done)
            if end == len(chunk.lines):
                self._add_caption()
            add_table(self.builder, table.rows, table.header_rows)
            done = end
        self._add_untabled(chunk.lines[done:], chunk.start + done)

    def _add_untabled(self, lines: list[str], start: int) -> None:
        """Add lines without a table: a drawing, a list, a heading or text."""
        if is_drawing(lines):
            self.builder.add("code", "\n".join(lines))
            return
        framed, lines = lines, text_shapes.without_frame(lines)
        if not lines:
            if not self.builder.length and not self._peek():
                self.builder.add("paragraph", "\n".join(framed))
            return
        if section := text_lines.run_in(lines):
            heading, lines = section
            number = int(heading.split(".")[0])
            self._add_heading(heading, text_lines.indent(lines[0]), self._level_of(number))
        elif self._is_headed(lines):
            self._add_heading(lines[0].strip(), 0, self._level_at(text_lines.indent(lines[0])))
            lines = lines[1:]
        chunk = Chunk(lines, start)
        if not self._add_list(chunk) and not self._add_headings(chunk):
            self._add_text(chunk)

    def _is_headed(self, lines: list[str]) -> bool:
        """Whether a line in capitals heads lines that are further in, as in a manual page."""
        first, *others = lines
        margin = text_lines.indent(first)
        return (
            bool(others)
            and margin < max(self.margin, 1)
            and text_lines.is_capitals(Chunk([first], 0))
            and all(text_lines.indent(line) >= margin + 3 for line in others)
        )

    def _add_caption(self) -> None:
        """Add the caption that follows a table, which the rows need before them."""
        following = self._peek()
        if following and len(following.lines) <= 3 and _CAPTION.match(following.text):
            self.builder.add("paragraph", text_lines.joined(following.lines, self.solid))
            self._next()

    def _add_headings(self, chunk: Chunk) -> bool:
        following = self._peek()
        if not following:
            return False
        level = text_lines.heading_level(chunk)
        near = chunk.indent <= self.margin + 4 or all(map(text_shapes.is_centred, chunk.lines))
        if not level and text_lines.is_capitals(chunk) and not self._is_short_entry(chunk):
            level = 2 if text_shapes.is_centred(chunk.lines[0]) else self._level_at(chunk.indent)
        if level and (number := text_lines.top_number(chunk)) is not None:
            level = self._level_of(number)
        if level and near and not text_shapes.is_counted(chunk, following):
            self._add_heading(text_lines.joined(chunk.lines, self.solid), chunk.indent, level)
            return True
        deeper = following.indent > chunk.indent
        # What is first and no title is a sentence.
        short = self.count > 1 and text_lines.is_short_heading(chunk)
        if short and (chunk.indent < self.margin or not deeper):
            if text_lines.is_short_heading(following) and not deeper:
                return False
            centred = text_shapes.is_centred(chunk.lines[0])
            if chunk.indent > self.margin and not centred:
                return False
            level = 2 if centred and self.top < 0 else self._level_at(chunk.indent)
            self._add_heading(chunk.text, chunk.indent, level)
            return True
        if text_lines.is_term(chunk, following):
            if text_lines.is_prose(following):
                self._add_definition(chunk)
                return True
            if (
                short
                and chunk.indent <= self.margin + 6
                and not text_lines.is_code(following.lines)
            ):
                self._add_heading(chunk.text, chunk.indent, self._level_at(chunk.indent))
                return True
        return False

    def _is_short_entry(self, chunk: Chunk) -> bool:
        """Whether a term alone is followed by a single paragraph further in, as in a glossary."""
        following, after = self._peek(), self._peek(1)
        return (
            text_lines.is_term(chunk, following)
            and following is not None
            and text_lines.is_prose(following)
            and after is not None
            and after.indent <= chunk.indent
        )

    def _add_definition(self, chunk: Chunk) -> None:
        """Add a term that stands alone, with the paragraphs below it."""
        self._add_paragraph_with_more([chunk.text], chunk.indent)

    def _add_paragraph_with_more(self, parts: list[str], margin: int) -> None:
        """Add a term with its meaning, and the paragraphs further in that go on with it."""
        length = sum(map(len, parts))
        while (following := self._peek()) and following.indent > margin:
            longer = length + sum(map(len, following.lines))
            if (
                (longer > _DEFINITION_CHARACTERS and len(parts) > 1)
                or not text_lines.is_prose(following)
                or text_lines.list_start(following.lines) is not None
                or text_lines.is_code(following.lines)
                or holds_table(following.lines)
                or (self._peek(1) and text_lines.is_term(following, self._peek(1)))
            ):
                break
            length = longer
            parts.append(text_lines.joined(following.lines, self.solid))
            self._next()
        self.builder.add("paragraph", "\n".join(parts))

    def _add_list(self, chunk: Chunk) -> bool:
        start = text_lines.list_start(chunk.lines)
        following = self._peek()
        if start is None:
            counted = following is not None and text_shapes.is_counted(chunk, following)
            if not counted or not text_lines.ITEM.match(chunk.lines[0]):
                return False
            start = 0
        if start:
            self._add_text(Chunk(chunk.lines[:start], chunk.start))
        lines = [
            text_lines.item_text(item, self.solid) for item in text_lines.items(chunk.lines[start:])
        ]
        margin = text_lines.indent(chunk.lines[start])
        while (following := self._peek()) and self._continues_list(following, margin):
            if text_lines.ITEM.match(following.lines[0]):
                lines += [
                    text_lines.item_text(item, self.solid)
                    for item in text_lines.items(following.lines)
                ]
            else:
                lines.append(text_lines.joined(following.lines, self.solid))
            self._next()
        self.builder.add("list", "\n".join(text_shapes.with_plain_bullet(line) for line in lines))
        return True

    def _continues_list(self, chunk: Chunk, margin: int) -> bool:
        """Whether a chunk is a further item of a list, or goes on with its last item."""
        first = chunk.lines[0]
        if text_lines.run_in(chunk.lines) or text_lines.underlined_level(chunk.lines):
            return False
        if text_lines.ITEM.match(first):
            following = self._peek(1)
            heading = (
                text_lines.heading_level(chunk)
                and following is not None
                and not (text_shapes.is_counted(chunk, following))
            )
            return chunk.indent >= margin and not (heading and chunk.indent <= self.margin)
        deeper = chunk.indent > margin and all(
            text_lines.indent(line) > margin for line in chunk.lines
        )
        return (
            deeper
            and text_lines.is_prose(chunk)
            and not text_lines.is_code(chunk.lines)
            and not is_drawing(chunk.lines)
            and not holds_table(chunk.lines)
        )

    def _add_text(self, chunk: Chunk) -> None:
        """Add definitions, code or paragraphs."""
        lines = chunk.lines
        if sum(map(len, lines)) > _LONG_LINE_CHARACTERS * len(lines):
            for line in lines:
                self.builder.add("paragraph", line)
        elif text_lines.is_code(lines):
            self.builder.add("code", "\n".join(lines))
        elif text_lines.is_terms(lines):
            for line in lines:
                self.builder.add("paragraph", text_lines.definition([line], self.solid))
        elif found := text_lines.entries(lines):
            for entry in found[:-1]:
                self.builder.add("paragraph", text_lines.definition(entry, self.solid))
            last = text_lines.definition(found[-1], self.solid)
            if "\n" in last:
                self._add_paragraph_with_more([last], chunk.indent)
            else:
                self.builder.add("paragraph", last)
        else:
            start = chunk.start
            for paragraph in text_shapes.by_first_lines(lines):
                self._add_paragraph(paragraph, start)
                start += len(paragraph)

    def _add_paragraph(self, lines: list[str], start: int) -> None:
        """Add a paragraph, which may go on over the ends of pages."""
        if not text_lines.is_wrapped(lines):
            self.builder.add("paragraph", "\n".join(lines))
            return
        edges = [0]
        labels: list[str] = []
        while self.starts and start < self.starts[0][0] < start + len(lines):
            at, label = self.starts.popleft()
            edges.append(at - start)
            labels.append(label)
        parts: list[str] = []
        for begin, end in pairwise([*edges, len(lines)]):
            text = text_lines.joined(lines[begin:end], self.solid)
            if parts:
                above, below = lines[begin - 1].strip(), lines[begin].strip()
                both = text_lines.joined([above, below], self.solid)
                kept = both.removesuffix(below)
                # A hyphen is dropped, or a space comes between.
                parts[-1] = parts[-1].removesuffix(above) + kept[: len(above)]
                text = kept[len(above) :] + text
            parts.append(text)
        self.builder.add_over_pages("paragraph", parts, labels)
