"""Passages: a document cut into the units that are retrieved.

A passage is a run of whole paragraphs of one section, or a row of a table; ``splitting`` makes
them. ``document.text[passage.start:passage.end] == passage.text`` always holds.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from embeddings.document import CELL_SEPARATOR, LONGEST_TITLE, Document, shortened
from embeddings.rendering import rendered

Tokenize = Callable[[str], list[int]]
"""Turns text into the offset (characters) at which each of its tokens begins."""

HEADING_SEPARATOR = " › "

LONGEST_CHARACTERS = 4_000
"""A tokenizer counts an enormous word as one token; this bounds such a passage. Chosen by hand."""

MAX_INTRODUCTION_CHARACTERS = 200
"""A longer paragraph before a table or list is not repeated with its rows. Chosen by hand."""

MAX_SENTENCE_CHARACTERS = 100
"""A longer sentence before a table, ended by a full stop, says something of its own and is no
caption. Chosen by hand."""

_ROW_END = re.compile(rf"{CELL_SEPARATOR}*(?:\n|\Z)")


@dataclass(frozen=True, slots=True)
class Splitting:
    """How documents are split: all that another process needs to split them alike.

    Attributes:
        tokenizer: The encoder's ``tokenizer.json``.
        max_tokens: Tokens that the encoder reads of a text, its special tokens included.
    """

    tokenizer: Path
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Passage:
    """The retrieved unit.

    Attributes:
        start: Offset of the first character, into ``Document.text``.
        end: Offset behind the last character.
        text: ``Document.text[start:end]``.
        context: "title › headings › introduction" without the headings that ``text`` begins with,
            seen by encoder, word index and reader before the text; of at most ``LONGEST_TITLE``
            characters.
        headings: The headings above the passage, outermost first.
        page: The page on which it starts, where the format has pages.
        columns: Names of a table's columns, from the first of the passage on; empty for
            anything else.
    """

    start: int
    end: int
    text: str
    context: str
    headings: tuple[str, ...] = ()
    page: int | None = None
    columns: tuple[str, ...] = ()

    @property
    def search_text(self) -> str:
        """What the encoder sees: the context, then the passage as it is shown."""
        return f"{self.context}\n{rendered(self.text, self.columns).text}"


@dataclass(frozen=True, slots=True)
class Section:
    """Passages below the same headings, by offsets alone.

    Attributes:
        headings: Positions in ``Document.blocks`` of the headings above them, outermost first.
        block: Position of the table or list that all of them are cut from; -1 if there is none.
        context_length: How many characters of title, headings and introduction are the passages'
            context.
        spans: Start and end of each passage, into ``Document.text``.
    """

    headings: tuple[int, ...]
    block: int
    context_length: int
    spans: tuple[tuple[int, int], ...]


def passages_of(document: Document, sections: Iterable[Section]) -> tuple[Passage, ...]:
    """The passages of a document's sections; those of a section share context and headings."""
    passages: list[Passage] = []
    known: dict[int, str] = {}
    for section in sections:
        for position in section.headings:
            if position not in known:
                known[position] = _heading(document, position)
        headings = tuple(known[position] for position in section.headings)
        columns = Columns(document.text, column_names(document, section.block))
        contexts: dict[int, str] = {}
        for start, end in section.spans:
            # The first passage may begin with some of the headings.
            above = sum(document.blocks[at].start < start for at in section.headings)
            if above not in contexts:
                context = context_of(document, section.headings[:above], section.block)
                contexts[above] = context[: section.context_length]
            passages.append(
                Passage(
                    start=start,
                    end=end,
                    text=document.text[start:end],
                    context=contexts[above],
                    headings=headings,
                    page=document.page_at(start),
                    columns=columns.between(start, end),
                )
            )
    return tuple(passages)


def column_names(document: Document, position: int) -> tuple[str, ...]:
    """The names of a table's columns, from its header; none if it has no header or is no table.

    Args:
        document: That holds the table.
        position: Of the table in ``document.blocks``.
    """
    if position < 0 or not (header_rows := document.blocks[position].header_rows):
        return ()
    block = document.blocks[position]
    lines = document.text[block.start : block.end].split("\n", header_rows)[:header_rows]
    rows = [line.split(CELL_SEPARATOR) for line in lines]
    columns = zip_longest(*rows, fillvalue="")
    # A merged cell is repeated in the rows that it covers.
    names = (shortened(" ".join(dict.fromkeys(filter(None, column)))) for column in columns)
    return tuple(names)


class Columns:
    """The columns of a table's cells; fastest where what is asked for follows what was asked last.

    Args:
        text: Of the document.
        names: Of all columns of the table.
    """

    def __init__(self, text: str, names: Sequence[str]) -> None:
        self._text = text
        self.names = tuple(names)
        # Of what was asked last: where its row and itself begin, and its column.
        self._row = self._at = self._column = 0

    def between(self, start: int, end: int) -> tuple[str, ...]:
        """The names of the columns between two offsets of one row, which may be in its middle.

        What is left of a row then has the row's first cell before its name. A whole row has the
        names of all columns. Without names there are none.
        """
        if not self.names:
            return ()
        self._go_to(start)
        is_last = bool(_ROW_END.match(self._text, end))
        if start == self._row and is_last:
            return self.names
        count = self._text.count(CELL_SEPARATOR, start, end) + 1
        names = self.names[self._column : None if is_last else self._column + count]
        if start == self._row:
            return names
        first = self._text.find(CELL_SEPARATOR, self._row, start)
        label = shortened(self._text[self._row : first if first >= 0 else start])
        return (HEADING_SEPARATOR.join(filter(None, (label, *names[:1]))), *names[1:])

    def _go_to(self, start: int) -> None:
        if start < self._at:
            self._at = 0
        row = self._text.rfind("\n", self._at, start) + 1
        if row or not self._at:
            self._row = self._at = row
            self._column = 0
        self._column += self._text.count(CELL_SEPARATOR, self._at, start)
        self._at = start


def _heading(document: Document, position: int) -> str:
    block = document.blocks[position]
    return " ".join(document.text[block.start : block.end].split())


def context_of(document: Document, headings: Sequence[int], position: int = -1) -> str:
    """Title › headings › introduction of a table or list, without repeating the title."""
    names = [_heading(document, position) for position in headings]
    parts = names if names and names[0] == document.title else [document.title, *names]
    if introduction := introduction_of(document, position):
        parts = [*parts, introduction]
    return HEADING_SEPARATOR.join(parts)[:LONGEST_TITLE].rstrip()


def introduction_of(document: Document, position: int) -> str:
    """The paragraph right before a table or list, if it is short; empty if there is none."""
    before = document.blocks[position - 1] if position > 0 else None
    if before is None or before.kind != "paragraph":
        return ""
    is_sentence = document.text[before.end - 1] in ".!?"
    limit = MAX_SENTENCE_CHARACTERS if is_sentence else MAX_INTRODUCTION_CHARACTERS
    if before.end - before.start > limit:
        return ""
    return shortened(document.text[before.start : before.end])
