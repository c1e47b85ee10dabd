"""Passages: a document cut into the units that are retrieved.

A passage is a run of whole paragraphs of one section. Small neighbours are joined,
long ones are split at sentence ends, and a list or table stays with the paragraph
that introduces it, so that each passage makes sense alone and fits whole into the
encoder. ``document.text[passage.start:passage.end] == passage.text`` always holds.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from embeddings.document import Block, Document
from embeddings.sentences import sentence_spans

Tokenize = Callable[[str], list[int]]
"""Turns text into the offset (characters) at which each of its tokens begins."""

HEADING_SEPARATOR = " › "
SPECIAL_TOKENS = 2
"""The encoder adds one token before the text and one behind it."""

SMALL_TOKENS = 64
"""A passage shorter than this is joined with its neighbour in the same section."""

LONGEST_CHARACTERS = 4_000
"""A tokenizer counts an enormous word as one token; this bounds such a passage."""

_LINE = re.compile(r"[^\n]+")
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Passage:
    """The retrieved unit.

    Attributes:
        start: Offset of the first character, into ``Document.text``.
        end: Offset behind the last character.
        text: ``Document.text[start:end]``.
        context: "title › headings", seen by encoder and word index before the text.
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
class _Piece:
    """A block, or part of a long one, that fits into a passage."""

    start: int
    end: int
    tokens: int
    introduced: bool
    """Belongs to the piece before it: a list or table behind its introduction."""


@dataclass(frozen=True, slots=True)
class _Section:
    headings: tuple[str, ...]
    blocks: tuple[Block, ...]


_Span = tuple[int, int]
_Units = Callable[[int, int], list[_Span]]
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
    if max_tokens < 16:
        raise ValueError(f"expected an encoder that reads at least 16 tokens, got {max_tokens}")
    passages: list[Passage] = []
    for section in _sections(document):
        context = _context(document.title, section.headings, tokenize, max_tokens // 4)
        room = max_tokens - SPECIAL_TOKENS - len(tokenize(context))
        pieces: list[_Piece] = []
        for before, block in zip((None, *section.blocks), section.blocks, strict=False):
            introduced = (
                block.kind in ("list", "table")
                and before is not None
                and before.kind == "paragraph"
            )
            introduction = pieces[-1] if introduced else None
            pieces += _pieces(document.text, block, introduction, tokenize, room)
        for start, end in _join(pieces, room):
            passages.append(
                Passage(
                    start=start,
                    end=end,
                    text=document.text[start:end],
                    context=context,
                    headings=section.headings,
                    page=document.page_at(start),
                )
            )
    return tuple(passages)


def _sections(document: Document) -> Iterator[_Section]:
    """Runs of blocks under one heading path; a heading with nothing below it is a run itself."""
    path: list[Block] = []
    blocks: list[Block] = []
    for block, after in zip(document.blocks, (*document.blocks[1:], None), strict=False):
        if block.kind != "heading":
            blocks.append(block)
            continue
        if blocks:
            yield _Section(_headings(document.text, path), tuple(blocks))
            blocks = []
        path = [heading for heading in path if heading.level < block.level]
        if after is None or (after.kind == "heading" and after.level <= block.level):
            yield _Section(_headings(document.text, path), (block,))
        else:
            path.append(block)
    if blocks:
        yield _Section(_headings(document.text, path), tuple(blocks))


def _headings(text: str, path: list[Block]) -> tuple[str, ...]:
    return tuple(" ".join(text[block.start : block.end].split()) for block in path)


def _context(title: str, headings: tuple[str, ...], tokenize: Tokenize, room: int) -> str:
    """Title › headings, cut to ``room`` tokens, the title not said twice."""
    parts = headings if headings and headings[0] == title else (title, *headings)
    context = HEADING_SEPARATOR.join(parts)[:LONGEST_CHARACTERS]
    tokens = tokenize(context)
    return context[: tokens[room]].rstrip() if len(tokens) > room else context


def _pieces(
    text: str, block: Block, introduction: _Piece | None, tokenize: Tokenize, room: int
) -> Iterator[_Piece]:
    """The block whole if it fits, else cut at sentence ends, lines, words or characters.

    A list or table that must be cut leaves room in its first piece for its introduction.
    """
    tokens = tokenize(text[block.start : block.end])

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

    def sentences(start: int, end: int) -> list[_Span]:
        return [(start + a, start + b) for a, b in sentence_spans(text[start:end])]

    def matches(pattern: re.Pattern[str]) -> _Units:
        return lambda start, end: [match.span() for match in pattern.finditer(text, start, end)]

    def characters(start: int, end: int) -> list[_Span]:
        spans: list[_Span] = []
        while start < end:
            last = bisect_left(tokens, start - block.start) + room
            stop = block.start + tokens[last] if last < len(tokens) else end
            stop = min(max(stop, start + 1), start + LONGEST_CHARACTERS, end)
            while stop > start + 1 and not fits(start, stop):
                stop = (start + stop) // 2
            spans.append((start, stop))
            start = stop
        return spans

    by_lines = block.kind in ("list", "table", "code")
    units = [*([matches(_LINE)] if by_lines else []), sentences, matches(_WORD), characters]
    beside = None
    if introduction and not fits(block.start, block.end):
        first_line = next(iter(matches(_LINE)(block.start, block.end)))
        beside = introduction if fits(*first_line, introduction) else None
    for start, end in cut(block.start, block.end, units, beside):
        introduced = introduction is not None and start == block.start
        yield _Piece(start, end, count(start, end), introduced)


def _join(pieces: list[_Piece], room: int) -> Iterator[tuple[int, int]]:
    """Spans of the passages: small neighbours together, a list with its introduction."""
    run: list[_Piece] = []
    for piece in pieces:
        tokens = sum(member.tokens for member in run)
        wanted = piece.introduced or min(tokens, piece.tokens) < SMALL_TOKENS
        if run and wanted and _fits_together(run, piece, room):
            run.append(piece)
            continue
        carried: list[_Piece] = []
        if piece.introduced and len(run) > 1 and _fits_together(run[-1:], piece, room):
            carried = [run.pop()]
        if run:
            yield run[0].start, run[-1].end
        run = [*carried, piece]
    if run:
        yield run[0].start, run[-1].end


def _fits_together(run: list[_Piece], piece: _Piece, room: int) -> bool:
    tokens = sum(member.tokens for member in run) + piece.tokens
    # Tokens add up across white space only; two parts of one word stay two passages.
    return (
        run[-1].end < piece.start
        and tokens <= room
        and piece.end - run[0].start <= LONGEST_CHARACTERS
    )
