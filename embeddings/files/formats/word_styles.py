"""Word styles: headings, lists, and hidden text."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from docx.oxml.ns import qn

MAX_INHERITED = 30
"""Longest chain of based-on styles; real documents have about five. Chosen by hand."""

_RUN_PROPERTIES, _PROPERTIES = qn("w:rPr"), qn("w:pPr")
_CELL, _BOX = qn("w:tc"), qn("w:txbxContent")
_VALUE, _FILL = qn("w:val"), qn("w:fill")
# Not w:webHidden, which hides in one view on the screen what is printed.
_HIDING = qn("w:vanish")
_COLOUR, _SIZE = qn("w:color"), qn("w:sz")
_SHADING, _HIGHLIGHT = qn("w:shd"), qn("w:highlight")
_THEME_FILL = qn("w:themeFill")
_OFF = ("0", "false", "off", "none")
_WHITE = ("FFFFFF", "FEFEFE", "FDFDFD")
_TINY_HALF_POINTS = 2


@dataclass(frozen=True, slots=True)
class Style:
    """Role of a paragraph style: a heading level, a list, or neither."""

    level: int = 0
    list_id: str = ""
    is_list: bool = False
    is_contents: bool = False


class Styles:
    """The styles of a document."""

    def __init__(self, root: Any, coloured: bool) -> None:
        """Look nothing up yet.

        Args:
            root: The element that holds them.
            coloured: Whether the page has a colour of its own, or pictures behind its text.
        """
        self._elements = {style.get(qn("w:styleId")): style for style in root.iterchildren()}
        self._coloured = coloured
        self._meanings: dict[str, Style] = {}

    def meaning(self, id: str) -> Style:
        """The meaning of a paragraph style, from its own properties or those it is based on."""
        if id not in self._meanings:
            own = self._elements.get(id)
            of_paragraphs = own is not None and own.get(qn("w:type")) == "paragraph"
            found = map(_meaning, self._inherited(id) if of_paragraphs else ())
            self._meanings[id] = next((style for style in found if style), Style())
        return self._meanings[id]

    def hides(self, run: Any) -> bool:
        """Whether the text of a run is invisible: hidden, white on white, or tiny."""
        paragraph = run.getparent()
        while paragraph is not None and paragraph.tag != qn("w:p"):
            paragraph = paragraph.getparent()
        sources = list(self._properties(run, paragraph))
        if not sources:
            return False
        hiding = _first(sources, _HIDING)
        if hiding is not None and hiding.get(_VALUE, "1") not in _OFF:
            return True
        size = _first(sources, _SIZE)
        points = "" if size is None else size.get(_VALUE, "")
        if points.isdecimal() and int(points) <= _TINY_HALF_POINTS:
            return True
        colour = _first(sources, _COLOUR)
        white = colour is not None and colour.get(_VALUE, "").upper() in _WHITE
        return white and not self._has_ground(sources, paragraph)

    def _has_ground(self, sources: list[Any], paragraph: Any) -> bool:
        """Whether white text may have a background; true if that is uncertain."""
        if self._coloured or paragraph is None:
            return True
        own = paragraph.find(_PROPERTIES)
        behind = [*sources, *([] if own is None else [own])]
        shading, highlight = _first(behind, _SHADING), _first(behind, _HIGHLIGHT)
        if shading is not None and _shades(shading):
            return True
        if highlight is not None and highlight.get(_VALUE, "none") not in ("none", "white"):
            return True
        # Tables and shapes have backgrounds from styles and themes of their own.
        return any(parent.tag in (_CELL, _BOX) for parent in paragraph.iterancestors())

    def _properties(self, run: Any, paragraph: Any) -> Iterator[Any]:
        """Elements that format a run, the nearest first."""
        own = run.find(_RUN_PROPERTIES)
        if own is not None:
            yield own
            named = own.find(qn("w:rStyle"))
            yield from self._of_style(named)
        properties = None if paragraph is None else paragraph.find(_PROPERTIES)
        yield from self._of_style(None if properties is None else properties.find(qn("w:pStyle")))

    def _of_style(self, named: Any) -> Iterator[Any]:
        for style in () if named is None else self._inherited(named.get(_VALUE)):
            for kind in (_RUN_PROPERTIES, _PROPERTIES):
                properties = style.find(kind)
                if properties is not None:
                    yield properties

    def _inherited(self, id: str | None) -> Iterator[Any]:
        """A style's element, and those that it is based on."""
        for _ in range(MAX_INHERITED):
            style = self._elements.get(id)
            if style is None:
                return
            yield style
            based = style.find(qn("w:basedOn"))
            id = None if based is None else based.get(_VALUE)


def _shades(shading: Any) -> bool:
    """Whether shading may be coloured: by its fill, its pattern or its theme."""
    plain = shading.get(_VALUE, "clear") in ("clear", "nil") and shading.get(_THEME_FILL) is None
    return not plain or shading.get(_FILL, "auto").upper() not in ("AUTO", *_WHITE)


def _first(sources: list[Any], name: str) -> Any:
    return next((found for source in sources if (found := source.find(name)) is not None), None)


def _meaning(style: Any) -> Style | None:
    """Role that a style has by itself; none if it says nothing of structure."""
    named = style.find(qn("w:name"))
    name = "" if named is None else named.get(_VALUE, "").lower()
    if name == "title":
        return Style(level=1)
    if name.startswith("heading ") and name[8:].isdecimal():
        return Style(level=min(6, max(1, int(name[8:][:9]))))
    if name.startswith("toc ") and name != "toc heading":
        return Style(is_contents=True)
    list_ids = style.xpath("w:pPr/w:numPr/w:numId/@w:val")
    if list_ids or (name.startswith("list ") and name != "list paragraph"):
        return Style(list_id=str(list_ids[0]) if list_ids else "", is_list=True)
    outline = style.xpath("w:pPr/w:outlineLvl/@w:val")
    if outline and str(outline[0]) in ("0", "1", "2", "3", "4", "5"):
        return Style(level=int(outline[0]) + 1)
    return None


DEEPEST = 9
"""Levels of a list in Word."""


class Numbering:
    """Formats of the numbered lists, and how far each has been counted."""

    def __init__(self, root: Any) -> None:
        """Nothing is counted yet.

        Args:
            root: The element that defines the lists, if there is any.
        """
        self._formats = {} if root is None else dict(_formats(root))
        self._counts: dict[str, dict[int, int]] = {}

    def mark(self, list_id: str, depth: int) -> str:
        """The marker before the next item of a list."""
        kind, start = self._formats.get((list_id, depth), ("bullet", 1))
        if kind != "decimal":
            return "- "
        counts = self._counts.setdefault(list_id, {})
        counts[depth] = counts.get(depth, start - 1) + 1
        # A new outer item restarts the inner numbers.
        for inner in range(depth + 1, DEEPEST):
            counts.pop(inner, None)
        return f"{counts[depth]}. "


def _formats(root: Any) -> Iterator[tuple[tuple[str, int], tuple[str, int]]]:
    """Number format and first number of each depth of each list."""
    abstract = {
        each.get(qn("w:abstractNumId")): each for each in root.iterchildren(qn("w:abstractNum"))
    }
    for number in root.iterchildren(qn("w:num")):
        reference = number.find(qn("w:abstractNumId"))
        definition = None if reference is None else abstract.get(reference.get(_VALUE))
        levels = () if definition is None else definition.iterchildren(qn("w:lvl"))
        for level in islice(levels, DEEPEST):
            key = (str(number.get(qn("w:numId"))), int(level.get(qn("w:ilvl")) or 0))
            yield key, (_value(level, "w:numFmt", "bullet"), int(_value(level, "w:start", "1")))


def _value(element: Any, name: str, default: str) -> str:
    child = element.find(qn(name))
    return default if child is None else str(child.get(_VALUE) or default)
