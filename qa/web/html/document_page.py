"""Document page: a whole stored document to read, with the quotes of an answer marked in it.

It holds no script and asks for nothing from anywhere; the way from quote to quote are links.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlencode

from embeddings.document import Block, page_at
from embeddings.index.store import DocumentFacts
from embeddings.parts import Part

ROUTE = "document"
"""Path of the page, relative to the chat's."""

PICTURE_ROUTE = "page.png"
"""Path of the picture of a page, likewise."""

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""Content-Security-Policy: the page is text, and pictures of its own pages."""

MOST_QUOTES = 50

_QUOTE = re.compile(r"(\d{1,9})-(\d{1,9})")

Quote = tuple[int, int]
"""Offsets of the first character and behind the last, into ``Document.text``."""


def document_link(path: str, sha256: str, quotes: Sequence[Quote] = (), at: int = 0) -> str:
    """The address of the page, relative to the chat's, that opens at one of the quotes.

    >>> document_link("docs/a.md", "00ff", [(3, 9), (20, 24)], at=1)
    'document?path=docs%2Fa.md&sha256=00ff&quote=3-9&quote=20-24&at=2#quote-2'

    Args:
        path: Of the document in the library.
        sha256: Of the document's file when it was quoted.
        quotes: To be marked; without any it opens at its beginning.
        at: Position of the quote at which it opens.
    """
    if not quotes:
        return f"{ROUTE}?{urlencode(_asked(path, sha256, ()))}"
    return f"{ROUTE}{_to_quote(path, sha256, quotes, at + 1)}"


def _to_quote(path: str, sha256: str, quotes: Sequence[Quote], at: int) -> str:
    asked = [*_asked(path, sha256, quotes), ("at", str(at))]
    return f"?{urlencode(asked)}#quote-{at}"


def _asked(path: str, sha256: str, quotes: Sequence[Quote]) -> list[tuple[str, str]]:
    spans = [("quote", f"{start}-{end}") for start, end in quotes[:MOST_QUOTES]]
    return [("path", path), ("sha256", sha256), *spans]


def parse_quotes(texts: Iterable[str], characters: int) -> list[Quote]:
    """The quotes in an address that lie in a document, in its order; others are left out.

    >>> parse_quotes(["4-6", "6-4", "x", "0-99", "1-2"], 10)
    [(1, 2), (4, 6)]

    Args:
        texts: Of the address.
        characters: Of the document's text.
    """
    matches = [_QUOTE.fullmatch(text) for text in texts]
    found = {(int(match[1]), int(match[2])) for match in matches if match}
    inside = [(start, end) for start, end in found if start < end <= characters]
    return sorted(inside)[:MOST_QUOTES]


def document_page(
    path: str,
    facts: DocumentFacts,
    number: int,
    part: Part,
    quotes: Sequence[Quote] = (),
    changed: bool = False,
    pictured: bool = False,
) -> str:
    """The page, whole.

    Args:
        path: Of the document in the library.
        facts: About the document.
        number: Of the part that is shown, from 0.
        part: That part.
        quotes: To be marked, as ``parse_quotes`` gives them; those in other parts are linked.
        changed: Whether the document has changed since it was quoted; nothing is marked then.
        pictured: Whether there are pictures of its pages.
    """
    if changed:
        quotes = ()
    blocks = part.blocks
    # A quote of another part is on another page.
    links = [
        f"#quote-{at}"
        if blocks and blocks[0].start <= start < blocks[-1].end
        else escape(_to_quote(path, facts.sha256, quotes, at))
        for at, (start, _) in enumerate(quotes, start=1)
    ]
    pictures = _pictures(path, facts, blocks, quotes) if pictured else {}
    pages = _pages(facts.page_starts, blocks, pictures)
    figures = _figures(facts.page_starts, blocks, quotes, pictures)
    body = "".join(
        f"{pages.get(block.start, '')}{_block(part, block, quotes, links)}"
        f"{figures.get(block.start, '')}"
        for block in blocks
    )
    ways = _ways(_asked(path, facts.sha256, quotes), number, facts.parts)
    return _page(
        facts.title,
        f'<header><h1 dir="auto">{escape(facts.title)}</h1>'
        f'<p class="place">{escape(path)}</p>{_told(quotes, links, changed)}</header>'
        f"{ways}<main>{body}</main>{ways}",
    )


def problem_page(sentence: str) -> str:
    """The page where there is no document to show."""
    return _page(
        "No document", f'<main><p class="changed" role="alert">{escape(sentence)}</p></main>'
    )


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>{body}</body></html>"
    )


def _told(quotes: Sequence[Quote], links: Sequence[str], changed: bool) -> str:
    if changed:
        return (
            '<p class="changed" role="alert">This document has changed since it was quoted. '
            "It is shown as it is now; ask again to quote it anew.</p>"
        )
    if not quotes:
        return ""
    ways = " ".join(
        f'<a href="{link}">{start:,}–{end:,}</a>'
        for link, (start, end) in zip(links, quotes, strict=True)
    )
    return f'<p class="place">Quoted characters: {ways}</p>'


def _ways(asked: Sequence[tuple[str, str]], part: int, count: int) -> str:
    if count < 2:
        return ""

    def way(to: int, words: str) -> str:
        if not 0 <= to < count:
            return ""
        link = f"?{urlencode([*asked, ('part', str(to))])}"
        return f'<a href="{escape(link)}">{words}</a>'

    told = f"Part {part + 1:,} of {count:,}"
    return f"<nav>{way(part - 1, 'Earlier part')} {told} {way(part + 1, 'Later part')}</nav>"


def _pictures(
    path: str, facts: DocumentFacts, blocks: Sequence[Block], quotes: Sequence[Quote]
) -> dict[int, str]:
    """Addresses of the pictures of the pages on which blocks begin, by page number."""
    ends = [*facts.page_starts[1:], facts.characters]
    pictures = {}
    for page in {page_at(facts.page_starts, block.start) for block in blocks} - {None}:
        assert page is not None
        begin, end = facts.page_starts[page - 1], ends[page - 1]
        here = [(first, last) for first, last in quotes if first < end and last > begin]
        asked = [*_asked(path, facts.sha256, here), ("page", str(page))]
        pictures[page] = escape(f"{PICTURE_ROUTE}?{urlencode(asked)}")
    return pictures


def _pages(
    page_starts: tuple[int, ...], blocks: Sequence[Block], pictures: Mapping[int, str]
) -> dict[int, str]:
    """What is put before the block at which a page begins, by the block's offset."""
    pages: dict[int, str] = {}
    before: int | None = None
    for block in blocks:
        page = page_at(page_starts, block.start)
        if page is not None and page != before:
            way = f' · <a href="{pictures[page]}">as printed</a>' if page in pictures else ""
            pages[block.start] = f'<p class="page">Page {page}{way}</p>'
        before = page
    return pages


def _figures(
    page_starts: tuple[int, ...],
    blocks: Sequence[Block],
    quotes: Sequence[Quote],
    pictures: Mapping[int, str],
) -> dict[int, str]:
    """Pictures of the pages on which something is quoted, each behind the first block quoted.

    By the block's offset. Behind it: a picture that comes late must not move the quote.
    """
    figures: dict[int, str] = {}
    seen: set[int] = set()
    for block in blocks:
        if not any(start < block.end and end > block.start for start, end in quotes):
            continue
        page = page_at(page_starts, block.start)
        if page is not None and page in pictures and page not in seen:
            seen.add(page)
            figures[block.start] = (
                f'<figure><a href="{pictures[page]}"><img src="{pictures[page]}" '
                f'alt="Page {page} as printed, the quote marked where it is found"></a>'
                f"<figcaption>Page {page} as printed</figcaption></figure>"
            )
    return figures


def _block(part: Part, block: Block, quotes: Sequence[Quote], links: Sequence[str]) -> str:
    content = "".join(_marked(part, block, quotes, links))
    if block.kind == "heading":
        level = min(6, block.level + 1)
        return f'<h{level} dir="auto">{content}</h{level}>'
    return f'<p class="{block.kind}" dir="auto">{content}</p>'


def _marked(
    part: Part, block: Block, quotes: Sequence[Quote], links: Sequence[str]
) -> Iterator[str]:
    """The block's text, what is quoted of it marked; quotes may overlap and go over blocks."""
    edges = {block.start, block.end}
    for quote in quotes:
        edges |= {edge for edge in quote if block.start < edge < block.end}
    ordered = sorted(edges)
    for start, end in pairwise(ordered):
        text = escape(part.cut(start, end))
        if any(first <= start and end <= last for first, last in quotes):
            begun = [at for at, (first, _) in enumerate(quotes, start=1) if first == start]
            anchors = "".join(f'<a id="quote-{at}"></a>' for at in begun)
            yield f"{anchors}<mark>{text}</mark>"
            ended = [at for at, (_, last) in enumerate(quotes, start=1) if last == end]
            yield "".join(_steps(at, links) for at in ended)
        else:
            yield text


def _steps(at: int, links: Sequence[str]) -> str:
    """The links to the quote before and the one behind."""
    steps = ((at - 1, "‹", "previous quote"), (at + 1, "›", "next quote"))
    return "".join(
        f'<a class="step" href="{links[to - 1]}" aria-label="{words}">{sign}</a>'
        for to, sign, words in steps
        if 1 <= to <= len(links)
    )


STYLE = Path(__file__).with_name("document_page.css").read_text(encoding="utf-8")
