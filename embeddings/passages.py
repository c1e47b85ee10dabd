"""Passages: a document cut into the units that are retrieved.

A passage is a run of whole paragraphs of one section. Small neighbours are joined,
long ones are split at sentence ends, and a list or table stays with the paragraph
that introduces it, so that each passage makes sense by itself and is not truncated by the
encoder. ``document.text[passage.start:passage.end] == passage.text`` always holds.

Time and memory are linear in the length of the document, whatever its content.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from embeddings.document import LONGEST_TITLE, Block, Document
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

_LINE = re.compile(r"[^\n]+")
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
        context: "title › headings", seen by encoder and word index before the text; of at most
            ``LONGEST_TITLE`` characters.
        headings: The headings above the passage, outermost first.
        page: The page on which it starts, where the format has pages.
    """

    start: int
    end: int
    text: str
    context: str
    headings: tuple[str, ...] = ()
    page: int | None = None

    @property
    def search_text(self) -> str:
        """What the encoder sees: the context, then the passage."""
        return f"{self.context}\n{self.text}"


@dataclass(frozen=True, slots=True)
class Section:
    """Passages below the same headings, by offsets alone.

    Attributes:
        headings: Positions in ``Document.blocks`` of the headings above them, outermost first.
        context_length: How many characters of title and headings are the passages' context.
        spans: Start and end of each passage, into ``Document.text``.
    """

    headings: tuple[int, ...]
    context_length: int
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A block, or part of a long one, that fits into a passage."""

    start: int
    end: int
    tokens: int
    introduced: bool
    """Belongs to the piece before it: a list or table behind its introduction."""


_Span = tuple[int, int]
_Units = Callable[[int, int], Iterable[_Span]]
"""Cuts the text between two offsets into smaller parts."""


def split(document: Document, tokenize: Tokenize, max_tokens: int) -> tuple[Passage, ...]:
    """The document's passages, in order, not overlapping.

    Every word of the document stands in one passage's text, except the words of a
    heading with something below it, which stand in those passages' ``headings``.

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
    for headings, blocks in _runs(document.blocks):
        context = _context(document, headings)
        tokens = tokenize(context)
        if len(tokens) > max_tokens // 4:
            context = context[: tokens[max_tokens // 4]].rstrip()
        room = max_tokens - SPECIAL_TOKENS - len(tokenize(context))
        pieces: list[_Piece] = []
        for before, block in zip((None, *blocks), blocks, strict=False):
            introduced = (
                block.kind in ("list", "table")
                and before is not None
                and before.kind == "paragraph"
            )
            introduction = pieces[-1] if introduced else None
            pieces += _pieces(document.text, block, introduction, tokenize, room)
        yield Section(headings, len(context), tuple(_join(pieces, room)))


def passages_of(document: Document, sections: Iterable[Section]) -> tuple[Passage, ...]:
    """The passages of a document's sections; those of a section share context and headings."""
    passages: list[Passage] = []
    known: dict[int, str] = {}
    for section in sections:
        for position in section.headings:
            if position not in known:
                known[position] = _heading(document, position)
        headings = tuple(known[position] for position in section.headings)
        context = _context(document, section.headings)[: section.context_length]
        passages += (
            Passage(
                start=start,
                end=end,
                text=document.text[start:end],
                context=context,
                headings=headings,
                page=document.page_at(start),
            )
            for start, end in section.spans
        )
    return tuple(passages)


def _runs(blocks: Sequence[Block]) -> Iterator[tuple[tuple[int, ...], list[Block]]]:
    """Runs of blocks with the positions of the headings above them.

    A heading with nothing below it is a run itself.
    """
    path: list[int] = []
    run: list[Block] = []
    for position, (block, after) in enumerate(pairwise((*blocks, None))):
        assert block is not None, "only the last one has nothing after it"
        if block.kind != "heading":
            run.append(block)
            continue
        if run:
            yield tuple(path), run
            run = []
        path = [above for above in path if blocks[above].level < block.level]
        if after is None or (after.kind == "heading" and after.level <= block.level):
            yield tuple(path), [block]
        else:
            path.append(position)
    if run:
        yield tuple(path), run


def _heading(document: Document, position: int) -> str:
    block = document.blocks[position]
    return " ".join(document.text[block.start : block.end].split())


def _context(document: Document, headings: Sequence[int]) -> str:
    """Title › headings, without repeating the title."""
    names = [_heading(document, position) for position in headings]
    parts = names if names and names[0] == document.title else [document.title, *names]
    return HEADING_SEPARATOR.join(parts)[:LONGEST_TITLE].rstrip()


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
