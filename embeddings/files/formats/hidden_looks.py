"""Appearance of text inside the elements of a page: size, colours, visibility.

In doubt it shows: a colour that is not known is another than that behind it.
"""

from dataclasses import dataclass, replace
from typing import Any

from embeddings.files.formats.css_values import (
    FAINT,
    SAME,
    colour,
    functions_of,
    pixels,
    tokens_of,
    words_of,
)

TINY_PIXELS = 2.0
"""Pixels: smaller letters cannot be read. Chosen by hand."""

NEAR = 12
"""Of 255: colours count as equal if red, green and blue each differ by less. Chosen by hand."""

NEVER = ("html", "body")
"""The page itself is hidden until a script has run, or under a dialog."""

_KEYWORD_PIXELS = {
    "xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0,
    "x-large": 24.0, "xx-large": 32.0, "xxx-large": 48.0, "initial": 16.0,
}  # fmt: skip
_PICTURES = ("img", "picture", "video", "svg", "canvas", "iframe", "object", "embed")
_RGB = tuple[float, float, float]
_WHITE, _BLACK = (255.0, 255.0, 255.0), (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Look:
    """How text looks inside an element.

    Attributes:
        pixels: Size of its letters.
        colour: Of its letters; none if it is not known, or cannot be determined.
        covers: How much of their ground the letters cover, of 1.
        ground: Colour behind them; none likewise.
        opacity: Of all elements around it together, of 1.
        visible: By ``visibility``.
        is_filled: Whether the colour is another than ``color`` says.
        frame: The element that places are counted from.
    """

    pixels: float = 16.0
    colour: _RGB | None = _BLACK
    covers: float = 1.0
    ground: _RGB | None = _WHITE
    opacity: float = 1.0
    visible: bool = True
    is_filled: bool = False
    frame: Any = None

    def dark(self) -> "Look":
        """The same on a page with a dark colour scheme."""
        return replace(self, colour=_WHITE, ground=self.ground and _BLACK)

    def on_unknown_ground(self) -> "Look":
        """The same on a page whose background is set by other files."""
        return replace(self, ground=None)

    @property
    def is_read(self) -> bool:
        """Whether people can read it."""
        same = (
            self.colour is not None
            and self.ground is not None
            and all(
                abs(a - b) * self.covers < NEAR
                for a, b in zip(self.colour, self.ground, strict=True)
            )
        )
        return (
            self.visible
            and self.pixels >= TINY_PIXELS
            and self.opacity > FAINT
            and self.covers > FAINT
            and not same
        )


def is_dark(schemes: str) -> bool:
    """Whether dark is the only colour scheme that the page supports."""
    words = schemes.lower().split()
    return "dark" in words and "light" not in words


def inherited(outer: Look, styles: dict[str, str], tag: str) -> Look:
    """How text looks inside an element that is inside of another."""
    if not styles:
        return outer
    look = outer
    if tag == "html" and is_dark(styles.get("color-scheme", "")):
        look = look.dark()
    if styles.get("visibility") in ("hidden", "collapse"):
        look = replace(look, visible=tag in NEVER)
    elif styles.get("visibility") in ("visible", "initial"):
        look = replace(look, visible=True)
    if "font-size" in styles:
        look = replace(look, pixels=_font_pixels(styles["font-size"], outer.pixels))
    if tag not in NEVER and ("opacity" in styles or "filter" in styles):
        look = replace(look, opacity=look.opacity * _opacity(styles))
    look = _coloured(look, styles)
    if not {"background-color", "background-image"}.isdisjoint(styles):
        look = replace(look, ground=_ground(styles, look))
    clips = (styles.get(name, "") for name in ("background-clip", "-webkit-background-clip"))
    strokes = ("-webkit-text-stroke", "-webkit-text-stroke-width")
    if any(styles.get(name, "0") not in ("0", "0px") for name in strokes):
        look = replace(look, colour=None, covers=1.0)
    if "text" in clips or styles.get("text-shadow", "none") not in ("none", *SAME):
        # A picture that is seen through the letters, or a shadow around them.
        look = replace(look, colour=None, covers=1.0)
    return look


def framed(look: Look, element: Any, styles: dict[str, str], pictured: dict[Any, bool]) -> Look:
    """Appearance of text that may be placed over a picture."""
    position = styles.get("position", "static")
    if position not in ("absolute", "fixed", "relative", "sticky"):
        return look
    if position in ("absolute", "fixed") and "background-color" not in styles:
        frame = element.getroottree().getroot() if look.frame is None else look.frame
        if frame not in pictured:
            pictured[frame] = next(frame.iter(*_PICTURES), None) is not None
        if pictured[frame]:
            look = replace(look, ground=None)
    return replace(look, frame=element)


def _coloured(look: Look, styles: dict[str, str]) -> Look:
    fill = styles.get("-webkit-text-fill-color")
    value = styles.get("color", "inherit") if fill in (None, "currentcolor") else fill
    if value in (*SAME, "currentcolor", None) or (look.is_filled and fill is None):
        return look
    found = colour(value)
    filled = look.is_filled or fill is not None
    if found is None:
        return replace(look, colour=None, covers=1.0, is_filled=filled)
    return replace(look, colour=found[:3], covers=found[3], is_filled=filled)


def _ground(styles: dict[str, str], look: Look) -> _RGB | None:
    """Colour of a background; none if it is a picture or cannot be parsed."""
    if styles.get("background-image", "none") not in ("none", "initial", *SAME):
        return None
    value = styles.get("background-color", "transparent")
    if value in ("initial", *SAME):
        return look.ground
    if value == "currentcolor":
        return look.colour
    found = colour(value)
    if found is None:
        return None
    if found[3] >= 1 - FAINT or found[3] <= 0:
        return found[:3] if found[3] else look.ground
    if look.ground is None:
        return None
    red, green, blue = (
        found[3] * over + (1 - found[3]) * under
        for over, under in zip(found[:3], look.ground, strict=True)
    )
    return red, green, blue


def _opacity(styles: dict[str, str]) -> float:
    """Opacity of an element, 0 to 1, once it has come into view."""
    value = pixels(styles.get("opacity", "1"), whole=1.0)
    for name, values in functions_of(styles.get("filter", "")):
        if name == "opacity":
            filtered = pixels(values[0], whole=1.0)
            value = filtered if value is None or filtered is None else min(value, filtered)
    if value is None or is_moving(styles):
        return 1.0
    return min(1.0, max(0.0, value))


def is_moving(styles: dict[str, str]) -> bool:
    """Whether it is faded in."""
    for name in ("animation", "animation-duration", "transition", "transition-duration"):
        for token in tokens_of(styles[name]) if name in styles else ():
            if token.type == "dimension" and token.lower_unit in ("s", "ms") and token.value > 0:
                return True
    return False


def _font_pixels(value: str, outer: float) -> float:
    """Font size in pixels; the default size if it is unknown."""
    if value in SAME:
        return outer
    for word in words_of(value):
        if word in _KEYWORD_PIXELS:
            return _KEYWORD_PIXELS[word]
        if word in ("smaller", "larger"):
            return outer * (1.2 if word == "larger" else 1 / 1.2)
        # Of "font: 700 12px/1.5 Arial" the size is the number that has a unit.
        size = pixels(word, outer, outer)
        if size is not None and (not size or not word.replace(".", "").isdigit()):
            return size
    return _KEYWORD_PIXELS["medium"] if "(" in value else outer
