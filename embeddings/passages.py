"""Passages: a document cut into the units that are retrieved.

A passage is a run of whole paragraphs of one section, or a row of a table. Small neighbours are
joined, long ones are split at sentence ends, and a list stays with the paragraph that introduces
it, so that each passage makes sense by itself and is not truncated by the encoder. Headings are
the beginning of the passage that follows them; later ones have them as their context.
``document.text[passage.start:passage.end] == passage.text`` always holds.

Time and memory are linear in the length of the document, whatever its content.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice, zip_longest
from operator import itemgetter
from pathlib import Path

from embeddings.document import CELL_SEPARATOR, LONGEST_TITLE, Block, Document, shortened
from embeddings.rendering import rendered
from embeddings.sentences import iter_sentences

Tokenize = Callable[[str], list[int]]
"""Turns text into the offset (characters) at which each of its tokens begins."""

HEADING_SEPARATOR = " › "
SPECIAL_TOKENS = 2
"""The encoder adds one token before the text and one behind it."""

SMALL_TOKENS = 64
"""A passage shorter than this is joined with its neighbour in the same section. Chosen by hand; not
fitted."""

LONGEST_CHARACTERS = 4_000
"""A tokenizer counts an enormous word as one token; this bounds such a passage. Chosen by hand."""

WINDOW_CHARACTERS = 4 * LONGEST_CHARACTERS
"""Characters tokenized at a time: the result takes a hundred times the memory of the text."""

MAX_INTRODUCTION_CHARACTERS = 200
"""A longer paragraph before a table or list is not repeated with its rows. Chosen by hand."""

_LINE = re.compile(r"[^\n]+")
_CELL = re.compile(r"[^\t\n]+")
_WORD = re.compile(r"\S+")


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


@dataclass(frozen=True, slots=True)
class _Piece:
    """A block, or part of a long one, that fits into a passage."""

    start: int
    end: int
    tokens: int
    introduced: bool
    """Belongs to the piece before it: a list behind its introduction, text behind its heading."""


_Span = tuple[int, int]
_Units = Callable[[int, int], Iterable[_Span]]
"""Cuts the text between two offsets into smaller parts."""


def split(document: Document, tokenize: Tokenize, max_tokens: int) -> tuple[Passage, ...]:
    """The document's passages, in order, not overlapping.

    Every word of the document stands in one passage's text, except what is furniture.

    Args:
        document: What to split.
        tokenize: The encoder's tokenizer.
        max_tokens: Tokens that the encoder reads of a text, its special tokens included.

    Raises:
        ValueError: ``max_tokens`` leaves no room for text.
    """
    return passages_of(document, sections(document, tokenize, max_tokens))


def sections(document: Document, tokenize: Tokenize, max_tokens: int) -> Iterator[Section]:
    """Offsets and headings of the document's passages; arguments as for ``split``."""
    if max_tokens < 16:
        raise ValueError(f"expected an encoder that reads at least 16 tokens, got {max_tokens}")
    for headings, run in _runs(document.blocks):
        yield from _Cutter(document, headings, tokenize, max_tokens).sections(run)


def passages_of(document: Document, sections: Iterable[Section]) -> tuple[Passage, ...]:
    """The passages of a document's sections; those of a section share context and headings."""
    passages: list[Passage] = []
    known: dict[int, str] = {}
    for section in sections:
        for position in section.headings:
            if position not in known:
                known[position] = _heading(document, position)
        headings = tuple(known[position] for position in section.headings)
        names = column_names(document, section.block)
        contexts: dict[int, str] = {}
        for start, end in section.spans:
            # The first passage may begin with some of the headings.
            above = sum(document.blocks[at].start < start for at in section.headings)
            if above not in contexts:
                context = _context(document, section.headings[:above], section.block)
                contexts[above] = context[: section.context_length]
            passages.append(
                Passage(
                    start=start,
                    end=end,
                    text=document.text[start:end],
                    context=contexts[above],
                    headings=headings,
                    page=document.page_at(start),
                    columns=_columns_from(document.text, names, start) if names else (),
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


def _columns_from(text: str, names: Sequence[str], start: int) -> tuple[str, ...]:
    """The names of the columns from an offset on, which may be in the middle of a row.

    What is left of a row then has the row's first cell before its name. Without names there are
    none.
    """
    row = text.rfind("\n", 0, start) + 1
    if row == start or not names:
        return tuple(names)
    label = shortened(text[row:start].split(CELL_SEPARATOR)[0])
    at = text.count(CELL_SEPARATOR, row, start)
    first = HEADING_SEPARATOR.join(filter(None, (label, *names[at : at + 1])))
    return (first, *names[at + 1 :])


def _runs(blocks: Sequence[Block]) -> Iterator[tuple[tuple[int, ...], list[int]]]:
    """Positions of the blocks below the same headings, with the positions of those headings.

    A run begins with the headings right before it. Furniture is left out, and ends a run.
    """
    path: list[int] = []
    run: list[int] = []
    below = False
    for position, block in enumerate(blocks):
        if block.kind == "heading":
            if run and (below or block.level <= blocks[run[-1]].level):
                yield tuple(path), run
                run = []
            path = [above for above in path if blocks[above].level < block.level]
            path.append(position)
            run.append(position)
            below = False
        elif block.kind == "furniture":
            if run:
                yield tuple(path), run
                run = []
        else:
            run.append(position)
            below = True
    if run:
        yield tuple(path), run


def _heading(document: Document, position: int) -> str:
    block = document.blocks[position]
    return " ".join(document.text[block.start : block.end].split())


def _context(document: Document, headings: Sequence[int], position: int = -1) -> str:
    """Title › headings › introduction of a table or list, without repeating the title."""
    names = [_heading(document, position) for position in headings]
    parts = names if names and names[0] == document.title else [document.title, *names]
    if introduction := _introduction(document, position):
        parts = [*parts, introduction]
    return HEADING_SEPARATOR.join(parts)[:LONGEST_TITLE].rstrip()


def _introduction(document: Document, position: int) -> str:
    """The paragraph right before a table or list, if it is short; empty if there is none."""
    before = document.blocks[position - 1] if position > 0 else None
    if before is None or before.kind != "paragraph":
        return ""
    if before.end - before.start > MAX_INTRODUCTION_CHARACTERS:
        return ""
    return shortened(document.text[before.start : before.end])


class _Cutter:
    """Cuts the blocks below the same headings into passages."""

    def __init__(
        self, document: Document, headings: tuple[int, ...], tokenize: Tokenize, max_tokens: int
    ) -> None:
        self.document = document
        self.headings = headings
        self.tokenize = tokenize
        self.max_tokens = max_tokens

    def sections(self, run: Sequence[int]) -> Iterator[Section]:
        """The passages of a run of blocks, which begins with its headings."""
        blocks = self.document.blocks
        context, room = self._context(-1)
        pieces: list[_Piece] = []
        at = sum(blocks[position].kind == "heading" for position in run)
        if at:
            pieces += self._headings(run[:at], room)
        for position in run[at:]:
            block = blocks[position]
            before = blocks[position - 1].kind if position > run[0] else None
            introduced = before == "heading" or (
                before == "paragraph" and block.kind in ("list", "table")
            )
            introduction = pieces[-1] if introduced and pieces else None
            if block.kind == "table":
                pieces += self._header(block, introduction is not None, room)
                if pieces:
                    yield Section(self.headings, -1, len(context), tuple(_join(pieces, room)))
                    pieces = []
                yield from self._rows(position)
                continue
            cut = list(_pieces(self.document.text, block, introduction, self.tokenize, room))
            if block.kind == "list" and len(cut) > 1 and _introduction(self.document, position):
                if pieces:
                    yield Section(self.headings, -1, len(context), tuple(_join(pieces, room)))
                    pieces = []
                yield from self._list(position)
                continue
            pieces += cut
        if pieces:
            yield Section(self.headings, -1, len(context), tuple(_join(pieces, room)))

    def _context(self, position: int) -> tuple[str, int]:
        """The context of passages from a table or list, and the tokens left beside it."""
        context = _context(self.document, self.headings, position)
        tokens = self.tokenize(context)
        if len(tokens) > self.max_tokens // 4:
            context = context[: tokens[self.max_tokens // 4]].rstrip()
        return context, self.max_tokens - SPECIAL_TOKENS - len(self.tokenize(context))

    def _headings(self, positions: Sequence[int], room: int) -> list[_Piece]:
        """The headings as one piece, or as several if they would take most of a passage."""
        text, blocks = self.document.text, self.document.blocks
        start, end = blocks[positions[0]].start, blocks[positions[-1]].end
        tokens = len(self.tokenize(text[start:end]))
        if tokens <= room // 2:
            return [_Piece(start, end, tokens, False)]
        return [
            piece
            for position in positions
            for piece in _pieces(text, blocks[position], None, self.tokenize, room)
        ]

    def _list(self, position: int) -> Iterator[Section]:
        """The passages of a long list, each with its introduction as context."""
        context, room = self._context(position)
        block = self.document.blocks[position]
        pieces = list(_pieces(self.document.text, block, None, self.tokenize, room))
        yield Section(self.headings, position, len(context), tuple(_join(pieces, room)))

    def _header(self, block: Block, introduced: bool, room: int) -> Iterator[_Piece]:
        """A table's header, as part of the passage that introduces it."""
        for row in islice(self._lines(block), block.header_rows):
            for (start, end), _ in self._row(row, (), room):
                # One more for what is shown between two cells.
                yield _Piece(start, end, self._count(start, end, ()) + 1, introduced)
                introduced = True

    def _rows(self, position: int) -> Iterator[Section]:
        """The passages of a table: its rows, those that are too long in several."""
        context, room = self._context(position)
        plain, _ = self._context(-1)
        names = column_names(self.document, position)
        block = self.document.blocks[position]
        rows = islice(self._lines(block), block.header_rows, None)
        spans = (cut for row in rows for cut in self._row(row, names, room))
        for named, run in groupby(spans, key=itemgetter(1)):
            cuts = tuple(span for span, _ in run)
            if named:
                yield Section(self.headings, position, len(context), cuts)
            else:
                yield Section(self.headings, -1, len(plain), cuts)

    def _lines(self, block: Block) -> Iterator[_Span]:
        """A block's lines, without white space and empty cells at their ends."""
        for line in _LINE.finditer(self.document.text, block.start, block.end):
            row = line[0]
            yield line.start() + len(row) - len(row.lstrip()), line.start() + len(row.rstrip())

    def _row(self, row: _Span, names: Sequence[str], room: int) -> Iterator[tuple[_Span, bool]]:
        """A row as a whole, or runs of its cells; and whether names of columns fit beside them."""
        if self._fits(*row, names, room):
            yield row, True
            return
        run: _Span | None = None
        for cell in _CELL.finditer(self.document.text, *row):
            start, end = cell.span()
            if run and self._fits(run[0], end, names, room):
                run = (run[0], end)
                continue
            if run:
                yield run, True
            run = (start, end) if self._fits(start, end, names, room) else None
            if run is None:
                yield from self._cell(start, end, names, room)
        if run:
            yield run, True

    def _cell(
        self, start: int, end: int, names: Sequence[str], room: int
    ) -> Iterator[tuple[_Span, bool]]:
        """The pieces of a long cell, each with the name of its column if that is short enough."""
        text = self.document.text
        name = ": ".join((*_columns_from(text, names, start)[:1], ""))
        left = room - len(self.tokenize(name))
        named = left >= room // 2
        block = Block("paragraph", start, end)
        for piece in _pieces(text, block, None, self.tokenize, left if named else room):
            yield (piece.start, piece.end), named

    def _fits(self, start: int, end: int, names: Sequence[str], room: int) -> bool:
        if end - start > LONGEST_CHARACTERS:
            return False
        return self._count(start, end, _columns_from(self.document.text, names, start)) <= room

    def _count(self, start: int, end: int, names: Sequence[str]) -> int:
        return len(self.tokenize(rendered(self.document.text[start:end], names).text))


def _token_starts(text: str, block: Block, tokenize: Tokenize) -> Sequence[int]:
    """Offsets of a block's tokens, into the block; tokenized in windows.

    Windows end at white space, so that the number of tokens does not depend on them. A word longer
    than a window is too long for a passage anyway.
    """
    starts = array("L")
    at = block.start
    while at < block.end:
        end = min(block.end, at + WINDOW_CHARACTERS)
        if end < block.end:
            space = max(text.rfind(" ", at, end), text.rfind("\n", at, end))
            end = space + 1 if space > at else end
        starts.extend(at - block.start + start for start in tokenize(text[at:end]))
        at = end
    return starts


def _pieces(
    text: str, block: Block, introduction: _Piece | None, tokenize: Tokenize, room: int
) -> Iterator[_Piece]:
    """The block undivided if it fits, else cut at sentence ends, lines, words or characters.

    A list or table that must be cut leaves room in its first piece for its introduction.
    """
    tokens = _token_starts(text, block, tokenize)

    def at_spaces(start: int, end: int) -> bool:
        edges = text[max(block.start, start - 1) : start] + text[end : min(block.end, end + 1)]
        return not edges or edges.isspace()

    def count(start: int, end: int, limit: int | None = None) -> int:
        """Tokens of a part; a number above the limit may be an estimate."""
        found = bisect_left(tokens, end - block.start) - bisect_left(tokens, start - block.start)
        if at_spaces(start, end) or (limit is not None and found > limit):
            return found
        # Part of a word may have more tokens than the word has there.
        return len(tokenize(text[start:end]))

    def fits(start: int, end: int, beside: _Piece | None = None) -> bool:
        first, left = (beside.start, room - beside.tokens) if beside else (start, room)
        return end - first <= LONGEST_CHARACTERS and count(start, end, left) <= left

    def cut(start: int, end: int, units: list[_Units], beside: _Piece | None) -> Iterator[_Span]:
        if fits(start, end, beside):
            yield start, end
            return
        run: _Span | None = None
        for unit_start, unit_end in units[0](start, end):
            if run and fits(run[0], unit_end, beside):
                run = (run[0], unit_end)
                continue
            if run:
                yield run
                beside = None
            run = None
            if len(units) == 1 or fits(unit_start, unit_end, beside):
                run = (unit_start, unit_end)
            else:
                yield from cut(unit_start, unit_end, units[1:], beside)
                beside = None
        if run:
            yield run

    def sentences(start: int, end: int) -> Iterator[_Span]:
        return ((start + a, start + b) for a, b in iter_sentences(text[start:end]))

    def matches(pattern: re.Pattern[str]) -> _Units:
        return lambda start, end: (match.span() for match in pattern.finditer(text, start, end))

    def characters(start: int, end: int) -> Iterator[_Span]:
        while start < end:
            last = bisect_left(tokens, start - block.start) + room
            stop = block.start + tokens[last] if last < len(tokens) else end
            stop = min(max(stop, start + 1), start + LONGEST_CHARACTERS, end)
            while stop > start + 1 and not fits(start, stop):
                stop = (start + stop) // 2
            yield start, stop
            start = stop

    by_lines = block.kind in ("list", "table", "code")
    units = [*([matches(_LINE)] if by_lines else []), sentences, matches(_WORD), characters]
    beside = None
    if introduction and not fits(block.start, block.end):
        first_line = next(iter(matches(_LINE)(block.start, block.end)))
        beside = introduction if fits(*first_line, introduction) else None
    for start, end in cut(block.start, block.end, units, beside):
        introduced = introduction is not None and start == block.start
        yield _Piece(start, end, count(start, end), introduced)


def _join(pieces: list[_Piece], room: int) -> Iterator[_Span]:
    """Spans of the passages: small neighbours are joined, and lists with their introduction."""
    run: list[_Piece] = []
    tokens = 0
    for piece in pieces:
        wanted = piece.introduced or min(tokens, piece.tokens) < SMALL_TOKENS
        if run and wanted and _fits_behind(run[0], run[-1], piece, tokens, room):
            run.append(piece)
            tokens += piece.tokens
            continue
        carried: list[_Piece] = []
        last = run[-1] if len(run) > 1 else None
        if piece.introduced and last and _fits_behind(last, last, piece, last.tokens, room):
            carried = [run.pop()]
        if run:
            yield run[0].start, run[-1].end
        run = [*carried, piece]
        tokens = sum(member.tokens for member in run)
    if run:
        yield run[0].start, run[-1].end


def _fits_behind(first: _Piece, last: _Piece, piece: _Piece, tokens: int, room: int) -> bool:
    """Whether a piece fits behind those from ``first`` to ``last``, of so many tokens."""
    # Tokens add up across white space only; two parts of one word stay two passages.
    return (
        last.end < piece.start
        and tokens + piece.tokens <= room
        and piece.end - first.start <= LONGEST_CHARACTERS
    )
