"""Numbers of Word's lists and headings, as Word shows them: 2.1, (a), iv.

ISO 29500-1, 17.9. A number is counted where its definition is there, and never invented.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from docx.oxml.ns import qn

from embeddings.files.formats.numerals import formatted
from embeddings.files.formats.symbol_fonts import BOXES_AND_TICKS, symbols

DEEPEST = 9
"""Levels of a list in Word."""

_LONGEST_MARK = 100  # characters; Word allows about 30

_VALUE = qn("w:val")
_PLACE = re.compile(r"%([1-9])")


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list is numbered.

    Attributes:
        format: Such as "decimal", "lowerLetter", "bullet" or "none".
        text: Its mark, such as "%1.%2", or the bullet.
        start: Its first number.
        restart: The outer level (from 1) whose next item restarts it; 0 for never.
        is_legal: Whether the numbers of all levels are in digits in it.
        style: The paragraph style that is linked to it.
    """

    format: str
    text: str
    start: int
    restart: int
    is_legal: bool
    style: str


class Numbering:
    """The numbered lists of a document, and how far each has been counted."""

    def __init__(self, root: Any) -> None:
        """Nothing is counted yet.

        Args:
            root: The element that defines the lists, if there is any.
        """
        abstract = {} if root is None else dict(_named(root, "w:abstractNum", "w:abstractNumId"))
        self._abstract = abstract
        self._by_style = {
            link.get(_VALUE): each
            for each in abstract.values()
            if (link := each.find(qn("w:styleLink"))) is not None
        }
        self._numbers = {} if root is None else dict(_named(root, "w:num", "w:numId"))
        self._levels: dict[str, dict[int, Level]] = {}
        self._starts: dict[str, dict[int, int]] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._families: dict[str, str] = {}

    def depth_of_style(self, list_id: str, style: str) -> int:
        """The level of a list to which a paragraph style is linked; 0 if there is none."""
        levels = self._levels_of(list_id)
        return next((depth for depth, level in levels.items() if style == level.style), 0)

    def mark(self, list_id: str, depth: int) -> str:
        """The mark before the next item of a list; empty if it shows none."""
        levels = self._levels_of(list_id)
        level = levels.get(depth)
        if level is None:
            return ""
        counts = self._count(list_id, depth, levels)
        if level.format == "bullet":
            return level.text if level.text in BOXES_AND_TICKS else "-"

        def number(place: re.Match[str]) -> str:
            outer = int(place[1]) - 1
            if outer > depth or outer not in levels:
                return ""
            shown = "decimal" if level.is_legal else levels[outer].format
            return formatted(counts.get(outer, levels[outer].start), shown)

        return _PLACE.sub(number, level.text).strip()

    def _count(self, list_id: str, depth: int, levels: dict[int, Level]) -> dict[int, int]:
        counts = self._counts.setdefault(self._families[list_id], {})
        # Lists of one definition count on, unless a list says where it starts.
        for at, start in self._starts.pop(list_id, {}).items():
            counts[at] = start - 1
        counts[depth] = counts.get(depth, levels[depth].start - 1) + 1
        for outer in range(depth):
            if outer in levels:
                counts.setdefault(outer, levels[outer].start)
        for inner in range(depth + 1, DEEPEST):
            if inner in levels and 0 < depth + 1 <= levels[inner].restart:
                counts.pop(inner, None)
        return counts

    def _levels_of(self, list_id: str) -> dict[int, Level]:
        if list_id not in self._levels:
            self._families[list_id] = ""
            self._levels[list_id] = dict(self._read(list_id))
        return self._levels[list_id]

    def _read(self, list_id: str) -> Iterator[tuple[int, Level]]:
        number = self._numbers.get(list_id)
        if number is None:
            return
        family = _value(number, "w:abstractNumId", "")
        definition = self._abstract.get(family)
        if definition is not None and (link := _value(definition, "w:numStyleLink", "")):
            definition = self._by_style.get(link, definition)
            family = definition.get(qn("w:abstractNumId"))
        self._families[list_id] = family
        levels = dict(_levels(definition))
        for override in islice(number.iterchildren(qn("w:lvlOverride")), DEEPEST):
            depth = _integer(override.get(qn("w:ilvl")), 0)
            levels |= dict(_levels(override))
            start = override.find(qn("w:startOverride"))
            if start is not None and depth in levels:
                first = _integer(start.get(_VALUE), 1)
                self._starts.setdefault(list_id, {})[depth] = first
                levels[depth] = replace(levels[depth], start=first)
        yield from levels.items()


def _named(root: Any, tag: str, name: str) -> Iterator[tuple[str, Any]]:
    for each in root.iterchildren(qn(tag)):
        yield str(each.get(qn(name))), each


def _levels(definition: Any) -> Iterator[tuple[int, Level]]:
    if definition is None:
        return
    for level in islice(definition.iterchildren(qn("w:lvl")), DEEPEST):
        depth = min(max(_integer(level.get(qn("w:ilvl")), 0), 0), DEEPEST - 1)
        format = _value(level, "w:numFmt", "decimal")
        text = _value(level, "w:lvlText", "")[:_LONGEST_MARK]
        if format == "bullet":
            font = level.find(f"{qn('w:rPr')}/{qn('w:rFonts')}")
            text = symbols(text, None if font is None else font.get(qn("w:ascii")))
        legal = level.find(qn("w:isLgl"))
        yield (
            depth,
            Level(
                format=format,
                text=text,
                start=_integer(_value(level, "w:start", "0"), 0),
                restart=_integer(_value(level, "w:lvlRestart", ""), depth),
                is_legal=legal is not None and legal.get(_VALUE, "1") not in ("0", "false"),
                style=_value(level, "w:pStyle", ""),
            ),
        )


def _value(element: Any, name: str, default: str) -> str:
    child = element.find(qn(name))
    return default if child is None else str(child.get(_VALUE) or default)


def _integer(text: str | None, default: int) -> int:
    """An integer of at most nine digits."""
    found = re.fullmatch(r"-?\d{1,9}", text or "")
    return int(found[0]) if found else default
