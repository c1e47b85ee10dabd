"""Markup: a tree of HTML elements to blocks; shared by web pages and e-books.

The walk is a loop, not a recursion, so that depth cannot exhaust the stack.
It also understands the element names of trafilatura's own tree.
"""

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from embeddings.document import DocumentBuilder
from embeddings.files.formats.tables import add_table

_SPACES = re.compile(r"\s+")

# What trafilatura calls the elements of HTML.
_HTML_NAMES = {"list": "ul", "item": "li", "row": "tr", "cell": "td", "lb": "br", "quote": "div"}
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_LISTS = frozenset(("ul", "ol", "dl", "menu", "dir"))
_INVISIBLE_NAMES = (
    "script style template noscript svg head title iframe object select textarea button audio"
    " video canvas datalist"
)
_INVISIBLE = frozenset(_INVISIBLE_NAMES.split())
_INLINE_NAMES = (
    "a abbr acronym b bdi bdo big br cite code data del dfn em font graphic hi i img input ins"
    " kbd label link mark math meta meter nobr output picture q ref rp rt ruby s samp small"
    " source span strike strong sub sup time tt u var wbr"
)
INLINE = frozenset(_INLINE_NAMES.split())
"""Elements that neither begin nor end a paragraph; all others do."""


def tag_of(element: Any) -> str:
    """The element's HTML name, without a namespace; empty for comments and the like."""
    if not isinstance(element.tag, str):
        return ""
    name = element.tag.rpartition("}")[2].lower()
    if name == "head" and element.get("rend"):
        return str(element.get("rend"))
    if name == "list" and element.get("rend") == "ol":
        return "ol"
    if name == "code" and ("\n" in (element.text or "") or len(element)):
        return "pre"
    return _HTML_NAMES.get(name, name)


def add_blocks(builder: DocumentBuilder, root: Any) -> None:
    """Add the blocks below an element, in reading order."""
    inline: list[str] = []

    def flush() -> None:
        if inline:
            builder.add("paragraph", _tidy(inline))
            inline.clear()

    walker = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    whole: Any = None
    for event, element in walker:
        tag = tag_of(element)
        if event == "start":
            whole = element if _is_whole(element, tag) else None
            if whole is None:
                _begin(inline, flush, element, tag)
                continue
            walker.skip_subtree()
            if tag not in _INVISIBLE:
                flush()
                _add_whole(builder, element, tag)
        else:
            if tag and tag not in INLINE and element is not whole:
                flush()
            if element is not root:
                inline.append(_collapse(element.tail))
    flush()


def _begin(inline: list[str], flush: Any, element: Any, tag: str) -> None:
    if tag == "br":
        inline.append("\n")
        return
    if tag not in INLINE:
        flush()
    inline.append(_collapse(element.text))


def _is_whole(element: Any, tag: str) -> bool:
    """Whether an element becomes one block, or none, with everything inside it."""
    if tag == "table":
        return _is_data_table(element)
    return tag in _HEADINGS or tag in _LISTS or tag == "pre" or tag in _INVISIBLE


def _is_data_table(table: Any) -> bool:
    """Whether a table holds values rather than laying out a page."""
    rows = 0
    for element in table.iterdescendants():
        tag = tag_of(element)
        if tag == "table":
            return False
        rows += tag == "tr" and sum(tag_of(cell) in ("td", "th") for cell in element) > 1
    return rows > 1


def _add_whole(builder: DocumentBuilder, element: Any, tag: str) -> None:
    if tag in _INVISIBLE:
        return
    if tag in _HEADINGS:
        builder.add("heading", " ".join(_tidy(_pieces(element)).split()), level=int(tag[1]))
    elif tag == "pre":
        builder.add("code", "".join(_pieces(element, collapse=False)))
    elif tag == "table":
        _add_table(builder, element)
    else:
        builder.add("list", _list(element))


def _pieces(element: Any, *, collapse: bool = True) -> Iterator[str]:
    """The visible text inside an element, block boundaries as spaces."""
    keep = _collapse if collapse else _unchanged
    walker = etree.iterwalk(element, events=("start", "end", "comment", "pi"))
    for event, child in walker:
        tag = tag_of(child)
        if event == "start":
            if tag in _INVISIBLE:
                walker.skip_subtree()
            elif tag == "br":
                yield "\n"
            else:
                yield keep(child.text)
            continue
        if collapse and tag and tag not in INLINE:
            yield " "
        if child is not element:
            yield keep(child.tail)


def _list(element: Any) -> str:
    """One item a line, those of nested lists among them."""
    lines: list[list[str]] = []
    numbers: dict[Any, int] = {}
    walker = etree.iterwalk(element, events=("start", "end", "comment", "pi"))
    for event, child in walker:
        tag = tag_of(child)
        if event == "start":
            if tag in _INVISIBLE:
                walker.skip_subtree()
                continue
            if tag in ("li", "dt", "dd") or not lines:
                lines.append([_mark(child, tag, numbers)])
            elif tag == "br" or tag not in INLINE:
                lines[-1].append(" ")
            lines[-1].append(_collapse(child.text))
        elif child is not element:
            # What follows a nested list still belongs to the outer item.
            lines[-1].append(_collapse(child.tail))
    texts = ("".join(pieces) for pieces in lines)
    return "\n".join(" ".join(text.split()) for text in texts if text.strip(" -"))


def _mark(item: Any, tag: str, numbers: dict[Any, int]) -> str:
    if tag not in ("li", "dt") or str(item.get("rend", "")).startswith("dd"):
        return ""
    parent = item.getparent()
    if parent is None or tag_of(parent) != "ol":
        return "- "
    start = parent.get("start") or "1"
    numbers[parent] = numbers.get(parent, (int(start) if start.isdecimal() else 1) - 1) + 1
    return f"{numbers[parent]}. "


def _add_table(builder: DocumentBuilder, table: Any) -> None:
    rows: list[list[str]] = []
    for element in table.iterdescendants():
        tag = tag_of(element)
        if tag == "caption":
            builder.add("paragraph", " ".join("".join(_pieces(element)).split()))
        elif tag == "tr":
            cells = (cell for cell in element if tag_of(cell) in ("td", "th"))
            rows.append(["".join(_pieces(cell)) for cell in cells])
    add_table(builder, rows)


def _tidy(pieces: Any) -> str:
    return "\n".join(" ".join(line.split()) for line in "".join(pieces).split("\n")).strip()


def _collapse(text: str | None) -> str:
    return _SPACES.sub(" ", text) if text else ""


def _unchanged(text: str | None) -> str:
    return text or ""
