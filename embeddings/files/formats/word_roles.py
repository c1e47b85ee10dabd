"""Roles of Word's paragraph styles: headings, lists, captions, listings, and what is no content."""

from dataclasses import dataclass
from typing import Any

from docx.oxml.ns import qn

_VALUE, _PROPERTIES = qn("w:val"), qn("w:pPr")
_CODE_NAMES = ("code", "preformatted", "listing", "verbatim", "macro")
_FURNITURE_NAMES = ("toc ", "index ", "table of figures", "table of authorities", "bibliography")


@dataclass(frozen=True, slots=True)
class Style:
    """Role of a paragraph style.

    Attributes:
        level: Of a heading, 0 for anything else.
        list_id: The list by which it is numbered, if any.
        depth: Its level there; none if the list says it.
        is_list: Whether it is for items of lists.
        is_furniture: Whether it is for contents pages, indexes and reference lists.
        is_caption: Whether it is for captions.
        is_code: Whether it is for listings.
        is_term: Whether it is for terms, above their definitions.
        is_definition: Whether it is for definitions.
    """

    level: int = 0
    list_id: str = ""
    depth: int | None = None
    is_list: bool = False
    is_furniture: bool = False
    is_caption: bool = False
    is_code: bool = False
    is_term: bool = False
    is_definition: bool = False


def style_name(style: Any) -> str:
    """The name of a style in lower case; those of Word itself are English in every language."""
    named = style.find(qn("w:name"))
    return "" if named is None else named.get(_VALUE, "").lower()


def role_of(style: Any) -> Style | None:
    """Role that a style has by itself; none if it says nothing of structure."""
    name = style_name(style)
    if name == "title":
        return Style(level=1)
    if name.startswith("heading ") and name[8:].isdecimal():
        return Style(level=min(6, max(1, int(name[8:][:9]))))
    if name.startswith(_FURNITURE_NAMES) and name not in ("toc heading", "index heading"):
        return Style(is_furniture=True)
    if name.startswith("definition"):
        return Style(is_term=name == "definition term", is_definition=name != "definition term")
    if name == "caption":
        return Style(is_caption=True)
    if any(word in name for word in _CODE_NAMES):
        return Style(is_code=True)
    if name.startswith("list ") and name != "list paragraph":
        return Style(is_list=True)
    outline = style.xpath("w:pPr/w:outlineLvl/@w:val")
    if outline and str(outline[0]) in ("0", "1", "2", "3", "4", "5"):
        return Style(level=int(outline[0]) + 1)
    return None


def numbering_of(chain: list[Any]) -> dict[str, Any]:
    """The list by which a style is numbered, and its level there, each from the nearest style."""
    found: dict[str, Any] = {}
    for style in chain:
        numbers = style.find(f"{_PROPERTIES}/{qn('w:numPr')}")
        if numbers is None:
            continue
        list_id, depth = (numbers.find(qn(f"w:{name}")) for name in ("numId", "ilvl"))
        level = "" if depth is None else depth.get(_VALUE, "")
        if list_id is not None:
            found.setdefault("list_id", list_id.get(_VALUE, ""))
        if level.isdecimal() and len(level) == 1:
            found.setdefault("depth", int(level))
    return found
