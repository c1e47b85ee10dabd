"""Text of shapes in a presentation (DrawingML): paragraphs, and lists with their numbers."""

import re
from collections.abc import Iterator
from typing import Any

from embeddings.document import DocumentBuilder
from embeddings.files.formats.numerals import formatted
from embeddings.files.formats.office_math import IS_MATH, linear
from embeddings.files.formats.ooxml import DRAWING
from embeddings.files.formats.scripts import Script, joined
from embeddings.files.formats.symbol_fonts import (
    BOXES_AND_TICKS,
    has_private,
    is_symbol_font,
    symbols,
)

PARAGRAPH = f"{DRAWING}p"

_RUN, _FIELD, _BREAK = f"{DRAWING}r", f"{DRAWING}fld", f"{DRAWING}br"
_TEXT, _PROPERTIES, _RUN_PROPERTIES = f"{DRAWING}t", f"{DRAWING}pPr", f"{DRAWING}rPr"
_NONE, _NUMBER = f"{DRAWING}buNone", f"{DRAWING}buAutoNum"
_CHARACTER, _PICTURE = f"{DRAWING}buChar", f"{DRAWING}buBlip"
_BULLETS = (_NONE, _NUMBER, _CHARACTER, _PICTURE)
# ISO 29500-1, 20.1.10.61: what is counted, and what stands around it.
_SCHEME = re.compile(r"(arabic|alphaLc|alphaUc|romanLc|romanUc)(Plain|Period|ParenR|ParenBoth)")
_FORMATS = {
    "arabic": "decimal",
    "alphaLc": "lowerLetter",
    "alphaUc": "upperLetter",
    "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
}
_AROUND = {"Plain": "{}", "Period": "{}.", "ParenR": "{})", "ParenBoth": "({})"}


def text_of(paragraph: Any) -> str:
    """The text of a paragraph as the slide shows it, without what is struck out."""
    pieces: list[tuple[str, Script]] = []
    stack = list(reversed(paragraph))
    while stack:
        element = stack.pop()
        if element.tag in (_RUN, _FIELD):
            # The number of the slide is no text of it.
            if not element.get("type", "").startswith("slidenum"):
                pieces.append(_run(element))
        elif element.tag == _BREAK:
            pieces.append(("\n", ""))
        elif element.tag in IS_MATH:
            pieces.append((linear(element), ""))
        elif element.tag != _PROPERTIES:
            stack.extend(reversed(element))
    return joined(pieces)


def texts_of(body: Any) -> str:
    """All paragraphs of a text, each a line."""
    return "\n".join(map(text_of, body.iter(PARAGRAPH)))


def _run(element: Any) -> tuple[str, Script]:
    text = element.findtext(_TEXT) or ""
    properties = element.find(_RUN_PROPERTIES)
    if properties is None:
        return (symbols(text, None) if has_private(text) else text), ""
    if properties.get("strike", "noStrike") != "noStrike":
        return "", ""
    fonts = (properties.find(f"{DRAWING}{name}") for name in ("sym", "latin"))
    names = (font.get("typeface") for font in fonts if font is not None)
    font = next(filter(is_symbol_font, names), None)
    # A symbol font beside an ordinary one is used for the codes of symbols alone.
    if font and (properties.find(f"{DRAWING}sym") is None or has_private(text)):
        text = symbols(text, font)
    elif has_private(text):
        text = symbols(text, None)
    return text, _script(properties.get("baseline", "0"))


def _script(baseline: str) -> Script:
    raised = baseline.rstrip("0%")
    if not raised:
        return ""
    return "sub" if raised.startswith("-") else "super"


def add_text(builder: DocumentBuilder, body: Any, is_list: bool) -> None:
    """Append the paragraphs and lists of a text.

    Args:
        builder: To which to append.
        body: Its element.
        is_list: Whether paragraphs that do not say it have bullets.
    """
    paragraphs = [each for each in body.iterchildren(PARAGRAPH) if text_of(each).strip()]
    items: list[str] = []
    for paragraph, mark in zip(paragraphs, _marks(body, paragraphs, is_list), strict=True):
        if mark and (len(paragraphs) > 1 or mark in BOXES_AND_TICKS):
            items.append(f"{mark} {text_of(paragraph).strip()}")
            continue
        builder.add("list", "\n".join(items))
        items = []
        text = text_of(paragraph)
        builder.add("paragraph", text if mark in ("", "-") else f"{mark} {text}")
    builder.add("list", "\n".join(items))


def _marks(body: Any, paragraphs: list[Any], is_list: bool) -> Iterator[str]:
    """The number or bullet of each paragraph; empty where it has none."""
    counts: dict[int, int] = {}
    for paragraph in paragraphs:
        level = _level(paragraph)
        bullet = _bullet(body, paragraph, level)
        inner = level if bullet is None or bullet.tag != _NUMBER else level + 1
        counts = {at: count for at, count in counts.items() if at < inner}
        if bullet is None:
            yield "-" if is_list else ""
        elif bullet.tag == _NUMBER:
            counts[level] = counts.get(level, _start(bullet) - 1) + 1
            yield _numbered(counts[level], bullet.get("type", ""))
        elif bullet.tag == _NONE:
            yield ""
        else:
            sign = _sign(bullet)
            yield sign if sign in BOXES_AND_TICKS else "-"


def _numbered(number: int, scheme: str) -> str:
    found = _SCHEME.match(scheme)
    if found is None:
        return f"{number}."
    return _AROUND[found[2]].format(formatted(number, _FORMATS[found[1]]))


def _sign(bullet: Any) -> str:
    """The sign of a bullet, in whose font it may be a tick or a box."""
    font = next(bullet.itersiblings(f"{DRAWING}buFont", preceding=True), None)
    return symbols(bullet.get("char", ""), None if font is None else font.get("typeface"))


def _bullet(body: Any, paragraph: Any, level: int) -> Any:
    """What says whether a paragraph has a bullet; none if neither it nor its shape does."""
    inherited = body.find(f"{DRAWING}lstStyle/{DRAWING}lvl{level + 1}pPr")
    for properties in (paragraph.find(_PROPERTIES), inherited):
        if properties is not None:
            bullet = next(properties.iterchildren(*_BULLETS), None)
            if bullet is not None:
                return bullet
    return None


def _level(paragraph: Any) -> int:
    properties = paragraph.find(_PROPERTIES)
    level = "0" if properties is None else properties.get("lvl", "0")
    return int(level) if level in tuple("012345678") else 0


def _start(bullet: Any) -> int:
    start = bullet.get("startAt", "1")
    return int(start) if start.isdecimal() and len(start) < 6 else 1
