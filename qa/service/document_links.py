"""Document links: addresses of a stored document's page, with the quotes to be marked in it."""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

from qa.service.documents import Quote

ROUTE = "document"
"""Path of the document's page, relative to the chat's."""

PICTURE_ROUTE = "page.png"
"""Path of the picture of a page, relative to the chat's."""

PANEL_ROUTE = "panel"
"""Path of the document beside the chat, relative to the chat's; its query is the page's."""

FIND_ROUTE = "find"
"""Path at which words are found in a document, relative to the chat's."""

ABOUT_ROUTE = "about"
"""Path of what is known of a document, relative to the chat's."""

MAX_QUOTES = 50
"""Quotes in one address; the others are left out, so that it stays short enough for a browser."""

_QUOTE = re.compile(r"(\d{1,9})-(\d{1,9})")

Fields = list[tuple[str, str]]
"""Names and values of an address's query."""


def document_link(path: str, sha256: str, quotes: Sequence[Quote] = (), at: int = 0) -> str:
    """The address of the document's page, opened at one of the quotes.

    >>> document_link("docs/a.md", "00ff", [(3, 9), (20, 24)], at=1)
    'document?path=docs%2Fa.md&sha256=00ff&quote=3-9&quote=20-24&at=2#quote-2'

    Args:
        path: Of the document in the library.
        sha256: Of the document's file when it was quoted.
        quotes: To be marked; without any the page opens at its beginning.
        at: Position of the quote at which it opens.
    """
    if not quotes:
        return f"{ROUTE}?{urlencode(link_fields(path, sha256))}"
    return f"{ROUTE}{quote_link(path, sha256, quotes, at + 1)}"


def quote_link(path: str, sha256: str, quotes: Sequence[Quote], number: int) -> str:
    """The address of a quote, numbered from 1, relative to the document's page."""
    fields = [*link_fields(path, sha256, quotes), ("at", str(number))]
    return f"?{urlencode(fields)}#quote-{number}"


def part_link(path: str, sha256: str, quotes: Sequence[Quote], part: int) -> str:
    """The address of a part, numbered from 0, relative to the document's page."""
    return f"?{urlencode([*link_fields(path, sha256, quotes), ('part', str(part))])}"


def picture_link(path: str, sha256: str, quotes: Sequence[Quote], page: int) -> str:
    """The address of the picture of a page, numbered from 1, with its quotes marked."""
    fields = [*link_fields(path, sha256, quotes), ("page", str(page))]
    return f"{PICTURE_ROUTE}?{urlencode(fields)}"


def link_fields(path: str, sha256: str, quotes: Sequence[Quote] = ()) -> Fields:
    """The query fields that all these addresses have."""
    spans = [("quote", f"{start}-{end}") for start, end in quotes[:MAX_QUOTES]]
    return [("path", path), ("sha256", sha256), *spans]


def parse_quotes(texts: Iterable[str], characters: int) -> list[Quote]:
    """The quotes in an address that lie in the document, in its order; others are left out.

    >>> parse_quotes(["4-6", "6-4", "x", "0-99", "1-2"], 10)
    [(1, 2), (4, 6)]

    Args:
        texts: The address's ``quote`` values.
        characters: Length of the document's text.
    """
    matches = [_QUOTE.fullmatch(text) for text in texts]
    found = {(int(match[1]), int(match[2])) for match in matches if match}
    inside = [(start, end) for start, end in found if start < end <= characters]
    return sorted(inside)[:MAX_QUOTES]
