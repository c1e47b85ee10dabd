"""Headings of Word documents that are only set in bold, and captions below their tables."""

from collections.abc import Callable
from typing import Any

from docx.oxml.ns import qn

from embeddings.files.formats.word_blocks import PARAGRAPH, TABLE
from embeddings.files.formats.word_styles import Style

BOLD_LEVEL = 6
"""Level of a bold heading: below every heading that has a style."""

# All chosen by hand.
_LONGEST = 100  # characters
_MOST_IN_A_ROW = 2
_MOST_OF_ALL = 0.5  # of the paragraphs; where more are bold, bold says nothing

_TEXT = qn("w:t")
Elements = list[tuple[Any, bool]]
StyleOf = Callable[[Any], Style]


def bold_headings(
    elements: Elements, style_of: StyleOf, is_bold: Callable[[Any], bool]
) -> set[int]:
    """Places of short bold paragraphs that stand as headings above what is not bold.

    Args:
        elements: Blocks of the document, each with whether it is furniture.
        style_of: Gives a paragraph's style.
        is_bold: Whether all text of a paragraph is bold.
    """
    texts = [
        (at, text)
        for at, (element, _) in enumerate(elements)
        if element.tag == PARAGRAPH and (text := _text(element))
    ]
    bold = {at for at, text in texts if len(text) <= _LONGEST and is_bold(elements[at][0])}
    if len(bold) > _MOST_OF_ALL * len(texts):
        return set()
    found: set[int] = set()
    row: list[int] = []
    # What is behind the last element ends a row.
    for at, text in [*texts, (len(elements), "")]:
        if at in bold:
            row.append(at)
        elif row:
            if len(row) <= _MOST_IN_A_ROW and text:
                found.update(row)
            row = []
    return {at for at in found if _may_be_heading(elements[at], style_of)}


def _may_be_heading(block: tuple[Any, bool], style_of: StyleOf) -> bool:
    element, furniture = block
    style = style_of(element)
    plain = style == Style() and not furniture
    numbers = element.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
    # A line with tabs is a row.
    plain = plain and element.find(f".//{qn('w:r')}/{qn('w:tab')}") is None
    # A colon introduces, a full stop ends a sentence.
    return plain and numbers is None and not _text(element).endswith((".", ":", ",", ";", "…"))


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
