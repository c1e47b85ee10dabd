"""Pieces: blocks of text, or parts of long ones, that fit into a passage.

Time and memory are linear in the length of a block, whatever its content.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from embeddings.document import Block
from embeddings.passages import LONGEST_CHARACTERS, Tokenize
from embeddings.sentences import iter_sentences

SMALL_TOKENS = 64
"""A passage shorter than this is joined with its neighbour in the same section. Chosen by hand; not
fitted."""

WINDOW_CHARACTERS = 4 * LONGEST_CHARACTERS
"""Characters tokenized at a time: the result takes a hundred times the memory of the text."""

Span = tuple[int, int]
"""Start and end, half-open, into ``Document.text``."""

_Units = Callable[[int, int], Iterable[Span]]
"""Cuts the text between two offsets into smaller parts."""

_LINE = re.compile(r"[^\n]+")
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A block, or part of a long one, that fits into a passage."""

    start: int
    end: int
    tokens: int
    introduced: bool
    """Belongs to the piece before it: a list behind its introduction, text behind its heading."""


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


def cut_block(
    text: str, block: Block, introduction: Piece | None, tokenize: Tokenize, room: int
) -> Iterator[Piece]:
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

    def fits(start: int, end: int, beside: Piece | None = None) -> bool:
        first, left = (beside.start, room - beside.tokens) if beside else (start, room)
        return end - first <= LONGEST_CHARACTERS and count(start, end, left) <= left

    def cut(start: int, end: int, units: list[_Units], beside: Piece | None) -> Iterator[Span]:
        if fits(start, end, beside):
            yield start, end
            return
        run: Span | None = None
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

    def sentences(start: int, end: int) -> Iterator[Span]:
        return ((start + a, start + b) for a, b in iter_sentences(text[start:end]))

    def matches(pattern: re.Pattern[str]) -> _Units:
        return lambda start, end: (match.span() for match in pattern.finditer(text, start, end))

    def characters(start: int, end: int) -> Iterator[Span]:
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
        yield Piece(start, end, count(start, end), introduced)


def join_pieces(pieces: list[Piece], room: int) -> Iterator[Span]:
    """Spans of the passages: small neighbours are joined, and lists with their introduction."""
    run: list[Piece] = []
    tokens = 0
    for piece in pieces:
        wanted = piece.introduced or min(tokens, piece.tokens) < SMALL_TOKENS
        if run and wanted and _fits_behind(run[0], run[-1], piece, tokens, room):
            run.append(piece)
            tokens += piece.tokens
            continue
        carried: list[Piece] = []
        last = run[-1] if len(run) > 1 else None
        if piece.introduced and last and _fits_behind(last, last, piece, last.tokens, room):
            carried = [run.pop()]
        if run:
            yield run[0].start, run[-1].end
        run = [*carried, piece]
        tokens = sum(member.tokens for member in run)
    if run:
        yield run[0].start, run[-1].end


def _fits_behind(first: Piece, last: Piece, piece: Piece, tokens: int, room: int) -> bool:
    """Whether a piece fits behind those from ``first`` to ``last``, of so many tokens."""
    # Tokens add up across white space only; two parts of one word stay two passages.
    return (
        last.end < piece.start
        and tokens + piece.tokens <= room
        and piece.end - first.start <= LONGEST_CHARACTERS
    )
