"""Lists of web pages: one item a line, with the numbers that a browser shows."""

from typing import Any

from lxml import etree

from embeddings.files.formats.elements import HEADINGS, INLINE, INVISIBLE, LISTS, tag_of
from embeddings.files.formats.numerals import formatted

_BLOCKS = HEADINGS | {"table", "pre", "dl", "figure", "details", "section", "article", "form"}
_STYLES = {
    "a": "lower-alpha", "A": "upper-alpha", "i": "lower-roman", "I": "upper-roman",
    "lower-latin": "lower-alpha", "upper-latin": "upper-alpha",
    # As AsciiDoc and Docutils name their lists, whose style sheets are often in other files.
    "loweralpha": "lower-alpha", "upperalpha": "upper-alpha",
    "lowerroman": "lower-roman", "upperroman": "upper-roman",
}  # fmt: skip
_LONG_ITEM = 700
"""Characters of an item of several paragraphs, above which it is read as paragraphs."""
_LARGEST = 4_000
"""A larger number is shown in digits, whatever the list's style."""


def is_simple(listing: Any) -> bool:
    """Whether all items of a list are lines of text, rather than parts of a page."""
    length = paragraphs = 0
    for element in listing.iterdescendants():
        tag = tag_of(element)
        if tag in _BLOCKS:
            return False
        if tag == "li":
            length = paragraphs = 0
        paragraphs += tag in ("p", "div", "blockquote")
        length += len(element.text or "") + len(element.tail or "")
        if paragraphs > 1 and length > _LONG_ITEM:
            return False
    return True


def lines_of(listing: Any, numbers: "Numbers") -> str:
    """One item a line, those of nested lists among them."""
    lines: list[list[str]] = []
    walker = etree.iterwalk(listing, events=("start", "end"))
    skipped: Any = None
    for event, child in walker:
        tag = tag_of(child)
        if event == "start":
            if tag in INVISIBLE:
                skipped = child
                walker.skip_subtree()
                continue
            if tag == "li" or not lines:
                lines.append([numbers.mark(child) if tag == "li" else ""])
            elif tag in LISTS:
                # What follows a nested list still belongs to the outer item.
                lines.append([""])
            elif tag == "br" or tag not in INLINE:
                lines[-1].append(" ")
            lines[-1].append(child.text or "")
            continue
        if child is skipped:
            skipped = None
        elif tag not in INLINE:
            lines[-1].append(" ")
        if child is not listing:
            lines[-1].append(child.tail or "")
    texts = (" ".join("".join(pieces).split()) for pieces in lines)
    return "\n".join(text for text in texts if text.strip(" -"))


class Numbers:
    """The numbers of the items of a page's lists."""

    def __init__(self) -> None:
        self._next: dict[Any, int] = {}

    def mark(self, item: Any) -> str:
        """The mark before an item, as a browser shows it; each item is asked for once, in order.

        >>> page = etree.fromstring('<ol type="a" start="3"><li/><li/></ol>')
        >>> numbers = Numbers()
        >>> [numbers.mark(item) for item in page]
        ['c. ', 'd. ']
        """
        parent = item.getparent()
        if parent is None or tag_of(parent) != "ol":
            return "- "
        down = parent.get("reversed") is not None
        number = _integer(item.get("value"))
        if number is None:
            number = self._next.get(parent)
        if number is None:
            number = _integer(parent.get("start"))
        if number is None:
            number = sum(tag_of(child) == "li" for child in parent) if down else 1
        self._next[parent] = number - 1 if down else number + 1
        style = _style(item) or _style(parent)
        return (
            "- " if style in ("none", "disc", "circle", "square") else f"{shown(number, style)}. "
        )


def shown(number: int, style: str) -> str:
    """A number in the style of a list.

    >>> shown(4, "lower-roman"), shown(28, "upper-alpha"), shown(4, "")
    ('iv', 'AB', '4')
    """
    if not 0 < number < _LARGEST or "-" not in style:
        return str(number)
    case, _, letters = style.partition("-")
    if letters == "roman":
        text = formatted(number, "lowerRoman")
    elif letters == "alpha":
        text = ""
        while number:
            number, place = divmod(number - 1, 26)
            text = chr(ord("a") + place) + text
    else:
        return str(number)
    return text.upper() if case == "upper" else text


def _style(element: Any) -> str:
    kind = (element.get("type") or "").strip()
    if kind in _STYLES:
        return _STYLES[kind]
    declared = (element.get("style") or "").lower().replace(" ", "")
    for start in ("list-style-type:", "list-style:"):
        if start in declared:
            name = declared.partition(start)[2].partition(";")[0].removesuffix("!important")
            return _STYLES.get(name, name)
    for name in (element.get("class") or "").split():
        if name.lower() in _STYLES and len(name) > 1:
            return _STYLES[name.lower()]
    return ""


def _integer(value: str | None) -> int | None:
    value = (value or "").strip()
    digits = value.removeprefix("-")
    decimal = digits.isascii() and digits.isdecimal() and len(digits) < 9
    return int(value) if decimal else None
