"""Splitting: cuts a document into passages.

Small neighbours are joined, long ones are split at sentence ends, and a list stays with the
paragraph that introduces it, so that each passage makes sense by itself and is not truncated by
the encoder. Headings are the beginning of the passage that follows them; later ones have them as
their context. A table's row is a passage.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter

from embeddings.document import Block, Document
from embeddings.passages import (
    LONGEST_CHARACTERS,
    Columns,
    Passage,
    Section,
    Tokenize,
    column_names,
    context_of,
    introduction_of,
    passages_of,
)
from embeddings.pieces import Piece, Span, cut_block, join_pieces
from embeddings.rendering import rendered

SPECIAL_TOKENS = 2
"""The encoder adds one token before the text and one behind it."""

_LINE = re.compile(r"[^\n]+")
_CELL = re.compile(r"[^\t\n]+")


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
        pieces: list[Piece] = []
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
                    yield Section(self.headings, -1, len(context), tuple(join_pieces(pieces, room)))
                    pieces = []
                yield from self._rows(position)
                continue
            cut = list(cut_block(self.document.text, block, introduction, self.tokenize, room))
            if block.kind == "list" and len(cut) > 1 and introduction_of(self.document, position):
                if pieces:
                    yield Section(self.headings, -1, len(context), tuple(join_pieces(pieces, room)))
                    pieces = []
                yield from self._list(position)
                continue
            pieces += cut
        if pieces:
            yield Section(self.headings, -1, len(context), tuple(join_pieces(pieces, room)))

    def _context(self, position: int) -> tuple[str, int]:
        """The context of passages from a table or list, and the tokens left beside it."""
        context = context_of(self.document, self.headings, position)
        tokens = self.tokenize(context)
        if len(tokens) > self.max_tokens // 4:
            context = context[: tokens[self.max_tokens // 4]].rstrip()
        return context, self.max_tokens - SPECIAL_TOKENS - len(self.tokenize(context))

    def _headings(self, positions: Sequence[int], room: int) -> list[Piece]:
        """The headings as one piece, or as several if they would take most of a passage."""
        text, blocks = self.document.text, self.document.blocks
        start, end = blocks[positions[0]].start, blocks[positions[-1]].end
        tokens = len(self.tokenize(text[start:end]))
        if tokens <= room // 2:
            return [Piece(start, end, tokens, False)]
        return [
            piece
            for position in positions
            for piece in cut_block(text, blocks[position], None, self.tokenize, room)
        ]

    def _list(self, position: int) -> Iterator[Section]:
        """The passages of a long list, each with its introduction as context."""
        context, room = self._context(position)
        block = self.document.blocks[position]
        pieces = list(cut_block(self.document.text, block, None, self.tokenize, room))
        yield Section(self.headings, position, len(context), tuple(join_pieces(pieces, room)))

    def _header(self, block: Block, introduced: bool, room: int) -> Iterator[Piece]:
        """A table's header, as part of the passage that introduces it."""
        for row in islice(self._lines(block), block.header_rows):
            for (start, end), _ in self._row(row, Columns("", ()), room):
                # One more for what is shown between two cells.
                yield Piece(start, end, self._count(start, end, ()) + 1, introduced)
                introduced = True

    def _rows(self, position: int) -> Iterator[Section]:
        """The passages of a table: its rows, those that are too long in several."""
        context, room = self._context(position)
        plain, _ = self._context(-1)
        columns = Columns(self.document.text, column_names(self.document, position))
        block = self.document.blocks[position]
        rows = islice(self._lines(block), block.header_rows, None)
        spans = (cut for row in rows for cut in self._row(row, columns, room))
        for named, run in groupby(spans, key=itemgetter(1)):
            cuts = tuple(span for span, _ in run)
            if named:
                yield Section(self.headings, position, len(context), cuts)
            else:
                yield Section(self.headings, -1, len(plain), cuts)

    def _lines(self, block: Block) -> Iterator[Span]:
        """A block's lines, without white space and empty cells at their ends."""
        for line in _LINE.finditer(self.document.text, block.start, block.end):
            row = line[0]
            yield line.start() + len(row) - len(row.lstrip()), line.start() + len(row.rstrip())

    def _row(self, row: Span, columns: Columns, room: int) -> Iterator[tuple[Span, bool]]:
        """A row as a whole, or runs of its cells; and whether names of columns fit beside them."""
        if self._fits(*row, columns, room):
            yield row, True
            return
        run: Span | None = None
        alone = Columns(self.document.text, columns.names)
        tokens = 0  # of the run, at most: each cell is counted by itself, with what parts it
        for cell in _CELL.finditer(self.document.text, *row):
            start, end = cell.span()
            added = room + 1
            if end - start <= LONGEST_CHARACTERS:
                added = self._count(start, end, alone.between(start, end)) + 1
            if run and end - run[0] <= LONGEST_CHARACTERS:
                tokens += added
                if tokens > room:
                    tokens = self._count(run[0], end, columns.between(run[0], end))
                if tokens <= room:
                    run = (run[0], end)
                    continue
            if run:
                yield run, True
            run, tokens = ((start, end), added) if added <= room else (None, 0)
            if run is None:
                yield from self._cell(start, end, columns, room)
        if run:
            yield run, True

    def _cell(
        self, start: int, end: int, columns: Columns, room: int
    ) -> Iterator[tuple[Span, bool]]:
        """The pieces of a long cell, each with the name of its column if that is short enough."""
        text = self.document.text
        name = ": ".join((*columns.between(start, end)[:1], ""))
        left = room - len(self.tokenize(name))
        named = left >= room // 2
        block = Block("paragraph", start, end)
        for piece in cut_block(text, block, None, self.tokenize, left if named else room):
            yield (piece.start, piece.end), named

    def _fits(self, start: int, end: int, columns: Columns, room: int) -> bool:
        if end - start > LONGEST_CHARACTERS:
            return False
        return self._count(start, end, columns.between(start, end)) <= room

    def _count(self, start: int, end: int, names: Sequence[str]) -> int:
        return len(self.tokenize(rendered(self.document.text[start:end], names).text))
