"""Text inside elements of web pages: of headings, cells, code and navigation."""

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from embeddings.files.formats.elements import APART, INLINE, INVISIBLE, tag_of

_SPACES = re.compile(r"\s+")


def text_of(element: Any) -> str:
    """The text inside an element, in one line."""
    return " ".join("".join(_pieces(element)).split())


def code_in(element: Any) -> str:
    """The text inside an element, with its spaces and line breaks."""
    return "".join(_pieces(element, collapse=False))


def lines_in(element: Any) -> str:
    """The text inside an element, one line for each item and paragraph."""
    pieces = []
    walker = etree.iterwalk(element, events=("start", "end"))
    for event, child in walker:
        tag = tag_of(child)
        if event == "start":
            if tag in INVISIBLE:
                walker.skip_subtree()
                continue
            pieces.append("\n" if tag not in INLINE or tag == "br" else "")
            pieces.append(_shown(child.text, collapse=True))
            continue
        pieces.append("\n" if tag not in INLINE else " " if tag == "a" else "")
        if child is not element:
            pieces.append(_shown(child.tail, collapse=True))
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return "\n".join(filter(None, lines))


def tables_in(cell: Any) -> Iterator[Any]:
    """The outermost tables in a cell."""
    walker = etree.iterwalk(cell, events=("start",))
    for _, element in walker:
        if tag_of(element) == "table":
            walker.skip_subtree()
            yield element


def cell_text(cell: Any, skipped: set[Any]) -> str:
    """The text of a cell without the tables in it; a label without its colon, which is shown."""
    text = " ".join("".join(_pieces(cell, skipped=skipped)).split())
    if tag_of(cell) == "th" or cell.getprevious() is None:
        text = text.removesuffix(":").rstrip()
    return text or _alternative(cell)


def _alternative(cell: Any) -> str:
    """What the pictures say of a cell that has no text: ticks, flags."""
    words = (picture.get("alt") or "" for picture in cell.iter("img", "{*}img"))
    return " ".join(" ".join(words).split())


def _pieces(element: Any, *, collapse: bool = True, skipped: Any = ()) -> Iterator[str]:
    """The text inside an element; block boundaries are spaces, or lines of code."""
    left_out: Any = None
    walker = etree.iterwalk(element, events=("start", "end"))
    for event, child in walker:
        tag = tag_of(child)
        if event == "start":
            if tag in INVISIBLE or child in skipped:
                left_out = child
                walker.skip_subtree()
                continue
            if tag == "br":
                yield "\n"
            elif collapse and (tag not in INLINE or tag in APART):
                yield " "
            yield _shown(child.text, collapse)
            continue
        if child is not left_out and (tag not in INLINE or tag in APART):
            yield " " if collapse else "\n"
        left_out = None
        if child is not element:
            yield _shown(child.tail, collapse)


def _shown(text: str | None, collapse: bool) -> str:
    return (_SPACES.sub(" ", text) if collapse else text) if text else ""
