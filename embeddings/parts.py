"""Parts: a document's text and blocks in pieces that can be loaded one at a time.

A document may have ten million characters and half a million blocks; showing it, or verifying a
quote, needs a few thousand of them.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from embeddings.document import Block, Document

MAX_CHARACTERS = 100_000
"""Longest part: some fifty printed pages. Chosen by hand."""

MAX_BLOCKS = 2_000
"""Most blocks of a part; those of a table of contents or a log are short. Chosen by hand."""

NEAR_END = 1_000
"""Characters at the end of a part in which white space is looked for, to cut a long block."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A block, or as much of it as lies in one part.

    Attributes:
        block: With offsets into ``Document.text``.
        continued: Whether it continues the last block of the previous part.
    """

    block: Block
    continued: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A run of a document's characters.

    Attributes:
        start: Offset of its first character, into ``Document.text``.
        text: ``Document.text[start:end]``.
        pieces: Of its blocks, in order.
    """

    start: int
    text: str
    pieces: tuple[Piece, ...]

    @property
    def end(self) -> int:
        """Offset behind its last character."""
        return self.start + len(self.text)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Its blocks; the first and last may continue in other parts."""
        return tuple(piece.block for piece in self.pieces)

    def cut(self, start: int, end: int) -> str:
        """The part of ``Document.text[start:end]`` that is in this part."""
        return self.text[max(0, start - self.start) : max(0, end - self.start)]


def parts_of(document: Document) -> Iterator[Part]:
    r"""The document in parts, at least one; each character is in exactly one of them.

    >>> document = Document("a", "One.\n\nTwo.", (Block("paragraph", 0, 4), Block("list", 6, 10)))
    >>> [part.text for part in parts_of(document)]
    ['One.\n\nTwo.']
    """
    start = 0
    pieces: list[Piece] = []
    for piece in _pieces(document):
        full = len(pieces) == MAX_BLOCKS or piece.block.end - start > MAX_CHARACTERS
        if pieces and (full or piece.continued):
            yield Part(start, document.text[start : piece.block.start], tuple(pieces))
            start, pieces = piece.block.start, []
        pieces.append(piece)
    yield Part(start, document.text[start:], tuple(pieces))


def _pieces(document: Document) -> Iterator[Piece]:
    """The document's blocks; those longer than a part are cut at white space."""
    for block in document.blocks:
        start, continued = block.start, False
        while block.end - start > MAX_CHARACTERS:
            end = start + MAX_CHARACTERS
            newline = document.text.rfind("\n", end - NEAR_END, end)
            # A row of a table is cut only where it is very long.
            is_row = block.kind == "table" and newline > 0
            space = max(newline, -1 if is_row else document.text.rfind(" ", end - NEAR_END, end))
            end = space + 1 if space > 0 else end
            yield Piece(replace(block, start=start, end=end), continued)
            start, continued = end, True
        yield Piece(replace(block, start=start), continued)


def joined_blocks(parts: Iterable[Part]) -> tuple[Block, ...]:
    """The blocks of a document, from its parts."""
    blocks: list[Block] = []
    for part in parts:
        for piece in part.pieces:
            block = piece.block
            if piece.continued and blocks:
                before = blocks.pop()
                block = replace(before, end=block.end)
            blocks.append(block)
    return tuple(blocks)


def number_at(starts: list[int], offset: int) -> int:
    """The number of the part, from 0, that holds a character.

    >>> number_at([0, 100, 250], 99), number_at([0, 100, 250], 100), number_at([0], 7)
    (0, 1, 0)
    """
    return max(0, bisect_right(starts, offset) - 1)
