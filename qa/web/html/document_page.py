"""Document page: a stored document to read, with the quotes of an answer marked in it.

It holds no script and loads nothing from other hosts; quotes are linked to each other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from embeddings.document import CELL_SEPARATOR, Block, page_at
from embeddings.index.records import DocumentFacts
from embeddings.parts import Part, Piece
from qa.results import page_name
from qa.service.document_links import part_link, picture_link, quote_link
from qa.service.documents import Quote
from qa.web.html.rendering import render

DOCUMENT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""Content-Security-Policy: the page is text, and pictures of its own pages."""


@dataclass(frozen=True, slots=True)
class DocumentView:
    """What is shown of a document.

    Attributes:
        path: Of the document in the library.
        facts: About the document.
        number: Of the part that is shown, from 0.
        part: That part.
        quotes: To be marked, as ``parse_quotes`` gives them; those in other parts are linked.
        changed: Whether the document has changed since it was quoted.
        pictured: Whether there are pictures of its pages.
    """

    path: str
    facts: DocumentFacts
    number: int
    part: Part
    quotes: Sequence[Quote] = ()
    changed: bool = False
    pictured: bool = False


@dataclass(frozen=True, slots=True)
class LinkedQuote:
    """A quote with the address at which it is marked."""

    start: int
    end: int
    link: str


@dataclass(frozen=True, slots=True)
class _Page:
    """A printed page.

    Attributes:
        number: From 1.
        name: As it is cited.
        picture: Address of its picture; empty if there is none.
    """

    number: int
    name: str
    picture: str


@dataclass(frozen=True, slots=True)
class _Step:
    """A link from a quote to the one before or behind it."""

    link: str
    sign: str
    label: str


@dataclass(frozen=True, slots=True)
class _Segment:
    """A run of characters that are all quoted or all not.

    Attributes:
        start: Offset of its first character, into ``Document.text``.
        text: Of the document.
        marked: Whether it is quoted.
        anchors: Numbers of the quotes that begin here.
        steps: Links behind the quotes that end here.
    """

    start: int
    text: str
    marked: bool = False
    anchors: tuple[int, ...] = ()
    steps: tuple[_Step, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    """A block of the document with what stands before and behind it.

    Attributes:
        block: As it was parsed.
        segments: Its text; empty for a table.
        lines: The cells of a table, line by line.
        header_rows: How many of these lines name the columns.
        page: That begins at it.
        figure: The page whose picture stands behind it.
    """

    block: Block
    segments: tuple[_Segment, ...]
    lines: tuple[tuple[tuple[_Segment, ...], ...], ...]
    header_rows: int
    page: _Page | None
    figure: _Page | None

    @property
    def level(self) -> int:
        """Of a heading, 2 to 6: the first level is the document's title."""
        return min(6, self.block.level + 1)

    @property
    def level_beside(self) -> int:
        """Of a heading beside the chat, 3 to 6: the title is of the second level there."""
        return min(6, self.block.level + 2)


def document_page(view: DocumentView) -> str:
    """The whole page."""
    sha256, quotes = view.facts.sha256, view.quotes
    return str(
        render(
            "document_page.html",
            title=view.facts.title_at(view.path),
            path=view.path,
            changed=view.changed,
            facts=view.facts,
            quotes=_linked(view),
            rows=list(rows_of(view)),
            part=view.number + 1,
            parts=view.facts.parts,
            previous_part=part_link(view.path, sha256, quotes, view.number - 1),
            next_part=part_link(view.path, sha256, quotes, view.number + 1),
        )
    )


def problem_page(sentence: str) -> str:
    """The page where there is no document to show."""
    return str(render("document_problem.html", sentence=sentence))


def _linked(view: DocumentView) -> list[LinkedQuote]:
    """The quotes with their addresses: on this page, or on that of another part."""
    blocks = view.part.blocks
    return [
        LinkedQuote(
            start,
            end,
            f"#quote-{number}"
            if blocks and blocks[0].start <= start < blocks[-1].end
            else quote_link(view.path, view.facts.sha256, view.quotes, number),
        )
        for number, (start, end) in enumerate(view.quotes, start=1)
    ]


def _pages(view: DocumentView) -> dict[int, _Page]:
    """The printed pages on which blocks begin, by number."""
    starts, sha256 = view.facts.page_starts, view.facts.sha256
    labels = view.facts.page_labels
    ends = [*starts[1:], view.facts.characters]
    pages: dict[int, _Page] = {}
    for number in {page_at(starts, block.start) for block in view.part.blocks} - {None}:
        assert number is not None
        begin, end = starts[number - 1], ends[number - 1]
        on_page = [(first, last) for first, last in view.quotes if first < end and last > begin]
        picture = picture_link(view.path, sha256, on_page, number) if view.pictured else ""
        label = labels[number - 1] if number <= len(labels) else ""
        pages[number] = _Page(number, page_name(number, label), picture)
    return pages


def rows_of(view: DocumentView) -> Iterator[_Row]:
    """The blocks of the part, in order.

    The picture of a page stands behind the first block that is quoted on it: a picture that
    loads late must not move the quote.
    """
    quotes, pages = _linked(view), _pages(view)
    previous: int | None = None
    pictured: set[int] = set()
    for piece in view.part.pieces:
        block = piece.block
        number = page_at(view.facts.page_starts, block.start)
        page = pages[number] if number is not None else None
        quoted = any(quote.start < block.end and quote.end > block.start for quote in quotes)
        figure = page if page and page.picture and quoted and number not in pictured else None
        if figure:
            pictured.add(figure.number)
        yield _row(view.part, piece, quotes, page if number != previous else None, figure)
        previous = number


def _row(
    part: Part,
    piece: Piece,
    quotes: Sequence[LinkedQuote],
    page: _Page | None,
    figure: _Page | None,
) -> _Row:
    block = piece.block
    if block.kind != "table":
        segments = tuple(_segments(part, block.start, block.end, quotes))
        return _Row(block, segments, (), 0, page, figure)
    lines = tuple(_lines(part, block, quotes))
    return _Row(block, (), lines, 0 if piece.continued else block.header_rows, page, figure)


def _lines(
    part: Part, block: Block, quotes: Sequence[LinkedQuote]
) -> Iterator[tuple[tuple[_Segment, ...], ...]]:
    """The lines of a table, as the segments of their cells."""
    start = block.start
    # A piece that ends with a part ends with the line break.
    for line in part.cut(block.start, block.end).removesuffix("\n").split("\n"):
        cells = []
        for cell in line.split(CELL_SEPARATOR):
            end = start + len(cell)
            cells.append(tuple(_segments(part, start, end, quotes)))
            start = end + 1
        yield tuple(cells)


def _segments(
    part: Part, begin: int, stop: int, quotes: Sequence[LinkedQuote]
) -> Iterator[_Segment]:
    """The text of a block or cell; quotes may overlap and extend over several."""
    edges = {begin, stop}
    for quote in quotes:
        edges |= {edge for edge in (quote.start, quote.end) if begin < edge < stop}
    for start, end in pairwise(sorted(edges)):
        text = part.cut(start, end)
        if any(quote.start <= start and end <= quote.end for quote in quotes):
            numbered = list(enumerate(quotes, start=1))
            begun = tuple(number for number, quote in numbered if quote.start == start)
            ended = [number for number, quote in numbered if quote.end == end]
            steps = tuple(step for number in ended for step in _steps(number, quotes))
            yield _Segment(start, text, True, begun, steps)
        else:
            yield _Segment(start, text)


def _steps(number: int, quotes: Sequence[LinkedQuote]) -> Iterator[_Step]:
    """The links to the quote before and to the one behind."""
    for target, sign, label in (
        (number - 1, "‹", "previous quote"),
        (number + 1, "›", "next quote"),
    ):
        if 1 <= target <= len(quotes):
            yield _Step(quotes[target - 1].link, sign, label)
