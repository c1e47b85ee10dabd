"""Headings of Word documents that have no style, and captions below their tables."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from docx.oxml.ns import qn

from embeddings.files.formats.word_blocks import PARAGRAPH, TABLE
from embeddings.files.formats.word_roles import Style
from embeddings.files.formats.word_text import TextReader, are_bold

LIKELY_LEVEL = 6
"""Level of a heading without a style: below every heading that has one."""

# All chosen by hand.
_LONGEST = 100  # characters
_FEWEST_LETTERS = 4
_LARGER = 1.15  # times the size of the text
_MOST_IN_A_ROW = 2
_MOST_OF_ALL = 0.5  # of the paragraphs; where more are bold, bold says nothing

_CAPTION = re.compile(r"(?:table|tab\.|tabelle|tableau|tabla|fig(?:ure|\.)|abb\.)\s*\d", re.I)
_TEXT = qn("w:t")
Elements = list[tuple[Any, bool]]
StyleOf = Callable[[Any], Style]


def likely_headings(elements: Elements, style_of: StyleOf, texts: TextReader) -> set[int]:
    """Places of short paragraphs that are set as headings, without a style that says so.

    They are bold, in capitals or larger than the text, and stand above what is not.

    Args:
        elements: Blocks of the document, each with whether it is furniture.
        style_of: Gives a paragraph's style.
        texts: Reads paragraphs.
    """
    paragraphs = [
        (at, text)
        for at, (element, _) in enumerate(elements)
        if element.tag == PARAGRAPH and (text := _text(element))
    ]
    sizes: Counter[int] = Counter()
    short: list[tuple[int, str, int, bool]] = []
    for at, text in paragraphs:
        looks = texts.looks(elements[at][0])
        size = looks[0].half_points if looks else 0
        sizes[size] += len(text)
        if len(text) <= _LONGEST:
            short.append((at, text, size, are_bold(looks)))
    larger = _LARGER * max(sizes, key=sizes.__getitem__, default=0)
    found = {
        at for at, text, size, bold in short if bold or size >= larger or _is_in_capitals(text)
    }
    if len(found) > _MOST_OF_ALL * len(paragraphs):
        return set()
    shown = {at for at, _ in paragraphs}
    places = [at for at, (each, _) in enumerate(elements) if at in shown or each.tag != PARAGRAPH]
    above = _above_others(found, places)
    return {at for at in above if _may_be_heading(elements[at], style_of)}


def _is_in_capitals(text: str) -> bool:
    return text.isupper() and sum(map(str.isalpha, text)) >= _FEWEST_LETTERS


def _above_others(found: set[int], places: list[int]) -> set[int]:
    """Those that are few in a row and have another block below them."""
    above: set[int] = set()
    row: list[int] = []
    for at in places:
        if at in found:
            row.append(at)
            continue
        if len(row) <= _MOST_IN_A_ROW:
            above.update(row)
        row = []
    return above


def _may_be_heading(block: tuple[Any, bool], style_of: StyleOf) -> bool:
    element, furniture = block
    style = style_of(element)
    plain = style == Style() and not furniture
    numbers = element.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
    # A line with tabs is a row.
    plain = plain and element.find(f".//{qn('w:r')}/{qn('w:tab')}") is None
    text = _text(element)
    # A colon introduces, a full stop ends a sentence.
    ends = text.endswith((".", ":", ",", ";", "…")) or bool(_CAPTION.match(text))
    return plain and numbers is None and not ends


def captions_below(elements: Elements, style_of: StyleOf) -> set[int]:
    """Places of captions of tables that stand behind their tables."""

    def is_caption(at: int) -> bool:
        if not 0 <= at < len(elements) or elements[at][0].tag != PARAGRAPH:
            return False
        element = elements[at][0]
        return style_of(element).is_caption and _text(element).lower().startswith("tab")

    def is_table(at: int) -> bool:
        return at < len(elements) and elements[at][0].tag == TABLE

    return {
        at + 1
        for at in range(len(elements))
        if is_table(at) and is_caption(at + 1) and not is_caption(at - 1) and not is_table(at + 2)
    }


def _text(paragraph: Any) -> str:
    return "".join(each.text or "" for each in paragraph.iter(_TEXT)).strip()
