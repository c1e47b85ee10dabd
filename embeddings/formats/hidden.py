"""Hidden text of web pages and e-books: what a reader of the page does not get to see.

It can say anything, and nobody would notice: it is taken out before the text is read. In doubt
text is kept: what style sheets in other files, scripts and pictures do to it is not known.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree

from embeddings.formats.css import StyleSheet

TINY_PIXELS = 2.0
"""Letters smaller than this are no letters to anybody."""

FAR_PIXELS = 999.0
"""Whatever stands this far to the left or above is not on the page."""

NEAR = 12
"""Of 255: colours are one colour if red, green and blue differ by less each."""

_PROPERTIES = frozenset(
    """
    display visibility opacity font-size font color background background-color background-image
    background-clip -webkit-background-clip position left top right bottom text-indent margin
    margin-left margin-top transform clip clip-path width height max-width max-height overflow
    overflow-x overflow-y
    """.split()
)
_PIXELS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "cm": 37.8, "mm": 3.78, "in": 96.0, "vw": 10.0}
_LENGTH = re.compile(r"(-?(?:\d+\.?\d*|\.\d+))\s*([a-z]+|%)?")
_NAMED = {
    "white": (255, 255, 255), "black": (0, 0, 0), "red": (255, 0, 0), "lime": (0, 255, 0),
    "blue": (0, 0, 255), "yellow": (255, 255, 0), "cyan": (0, 255, 255), "aqua": (0, 255, 255),
    "magenta": (255, 0, 255), "fuchsia": (255, 0, 255), "silver": (192, 192, 192),
    "gray": (128, 128, 128), "grey": (128, 128, 128), "maroon": (128, 0, 0), "olive": (128, 128, 0),
    "green": (0, 128, 0), "purple": (128, 0, 128), "teal": (0, 128, 128), "navy": (0, 0, 128),
    "orange": (255, 165, 0), "snow": (255, 250, 250), "ivory": (255, 255, 240),
    "whitesmoke": (245, 245, 245), "ghostwhite": (248, 248, 255), "floralwhite": (255, 250, 240),
    "lightgray": (211, 211, 211), "lightgrey": (211, 211, 211), "gainsboro": (220, 220, 220),
    "transparent": None,
}  # fmt: skip
_HEX = re.compile(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_RGB = re.compile(r"rgba?\(([^()]*)\)")
# What lets everything through, or nearly.
_CLEAR = re.compile(
    r"transparent|#(?:[0-9a-f]{3}0|[0-9a-f]{6}0[0-9a-f])"
    r"|(?:rgb|hsl)a?\((?:[^(),]*,){3}\s*(?:0|0?\.0\d*|[0-5]%)\s*\)"
    r"|(?:rgb|hsl)a?\([^()/]*/\s*(?:0|0?\.0\d*|[0-5]%)\s*\)"
)
_CLIP = re.compile(r"rect\(([^()]*)\)")
_INSET = re.compile(r"inset\(\s*(?:5\d|[6-9]\d|100)(?:\.\d*)?%|(?:circle|ellipse)\(\s*0")
_MOVED = re.compile(r"(?:translate(?:x|y|3d)?|scale(?:x|y|3d)?)\(([^()]*)\)")
# Of the page itself: hidden until a script has run, or under a dialog.
_NEVER = ("html", "body")

_Colour = tuple[int, int, int]
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Look:
    """How text looks inside an element.

    Attributes:
        pixels: Size of its letters.
        colour: Of its letters; none if it is not known, or there is no telling.
        ground: Colour behind them; likewise.
        visible: By ``visibility``.
    """

    pixels: float = 16.0
    colour: _Colour | None = _BLACK
    ground: _Colour | None = _WHITE
    visible: bool = True

    @property
    def is_read(self) -> bool:
        """Whether people can read it."""
        same = (
            self.colour is not None
            and self.ground is not None
            and all(abs(a - b) < NEAR for a, b in zip(self.colour, self.ground, strict=True))
        )
        return self.visible and self.pixels >= TINY_PIXELS and not same


def clear_hidden(root: Any) -> None:
    """Take out all text that is not to be seen; the elements themselves stay, empty.

    Args:
        root: Of the page.
    """
    sheet = StyleSheet((style.text or "" for style in root.iter("style", "{*}style")), _PROPERTIES)
    looks = [_Look()]
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        tag = str(element.tag).rpartition("}")[2].lower()
        if event == "start":
            if tag == "head":
                walker.skip_subtree()
                looks.append(looks[-1])
                continue
            styles = _legacy(element, tag) | sheet.of(element, tag)
            if tag == "template" or (tag not in _NEVER and _is_hidden(element, styles)):
                element.clear(keep_tail=True)
            looks.append(_inherited(looks[-1], styles, tag))
            if element.text and not looks[-1].is_read:
                element.text = None
        else:
            looks.pop()
            if element.tail and not looks[-1].is_read:
                element.tail = None


def hides(name: str, tag: str) -> bool:
    """Whether an opening tag, by itself, hides what is inside of its element.

    >>> hides("p", '<p style="display:none">'), hides("p", "<p>")
    (True, False)
    """
    root = etree.fromstring(tag, etree.HTMLParser(recover=True))
    element = None if root is None else next(root.iter(name), None)
    if element is None:
        return False
    styles = _legacy(element, name) | StyleSheet((), _PROPERTIES).of(element, name)
    return _is_hidden(element, styles) or not _inherited(_Look(), styles, name).is_read


def _legacy(element: Any, tag: str) -> dict[str, str]:
    """What attributes from before style sheets say."""
    found = {}
    if tag == "font" and element.get("color"):
        found["color"] = element.get("color").strip().lower()
    if tag == "body" and element.get("text"):
        found["color"] = element.get("text").strip().lower()
    if element.get("bgcolor"):
        found["background-color"] = element.get("bgcolor").strip().lower()
    if element.get("background"):
        found["background-image"] = "url()"
    return found


def _is_hidden(element: Any, styles: dict[str, str]) -> bool:
    """Whether an element is not shown with all that is inside it."""
    if (element.get("aria-hidden") or "").strip().lower() == "true":
        return True
    display = styles.get("display", "")
    attribute = element.get("hidden")
    # Found by searching the page, which opens it.
    hidden = attribute is not None and attribute.strip().lower() != "until-found"
    if display == "none" or (hidden and not display):
        return True
    opacity = _number(styles.get("opacity", ""))
    if opacity is not None and opacity <= 0.05:
        return True
    return _is_off_the_page(styles) or _is_cut_away(styles)


def _is_off_the_page(styles: dict[str, str]) -> bool:
    # A share of the width is how pages of three columns are made.
    margins = [styles.get("margin-left", ""), styles.get("margin-top", "")]
    margins += styles.get("margin", "").split()[:4]
    values = [styles.get("text-indent", ""), *(one for one in margins if "%" not in one)]
    if styles.get("position") in ("absolute", "fixed", "relative"):
        values += [styles.get(name, "") for name in ("left", "top", "right", "bottom")]
    if any((pixels := _pixels(value)) is not None and pixels <= -FAR_PIXELS for value in values):
        return True
    for match in _MOVED.finditer(styles.get("transform", "")):
        moved = [_pixels(one) for one in match[1].split(",")[:3]]
        if match[0].startswith("scale") and 0.0 in moved:
            return True
        if any(one is not None and one <= -FAR_PIXELS for one in moved):
            return True
    return False


def _is_cut_away(styles: dict[str, str]) -> bool:
    clip = _CLIP.search(styles.get("clip", ""))
    if clip:
        edges = [_pixels(one) for one in clip[1].replace(",", " ").split()[:4]]
        if edges and all(edge is not None and abs(edge) <= 1 for edge in edges):
            return True
    if _INSET.match(styles.get("clip-path", "")):
        return True
    overflow = " ".join(styles.get(name, "") for name in ("overflow", "overflow-x", "overflow-y"))
    if "hidden" not in overflow and "clip" not in overflow:
        return False
    sizes = (styles.get(name, "") for name in ("width", "height", "max-width", "max-height"))
    return any((pixels := _pixels(size)) is not None and 0 <= pixels <= 1 for size in sizes)


def _inherited(outer: _Look, styles: dict[str, str], tag: str) -> _Look:
    """How text looks inside an element that is inside of another."""
    if not styles:
        return outer
    look = outer
    if styles.get("visibility") in ("hidden", "collapse"):
        look = replace(look, visible=tag in _NEVER)
    elif styles.get("visibility") == "visible":
        look = replace(look, visible=True)
    size = styles.get("font-size") or styles.get("font")
    if size:
        look = replace(look, pixels=_font_pixels(size, outer.pixels))
    if styles.get("color", "inherit") not in ("inherit", "currentcolor", "unset"):
        look = replace(look, colour=_letters(styles, outer.ground))
    grounds = [styles[name] for name in _GROUNDS if name in styles]
    if grounds:
        look = replace(look, ground=_ground(" ".join(grounds), outer.ground))
        if _CLEAR.fullmatch(styles.get("color", "")):
            look = replace(look, colour=_letters(styles, look.ground))
    return look


_GROUNDS = ("background", "background-color", "background-image")


def _letters(styles: dict[str, str], ground: _Colour | None) -> _Colour | None:
    """Colour of letters; through those without one their ground is seen."""
    colour = _CLEAR.sub("transparent", styles["color"])
    clipped = (styles.get(name, "") for name in ("background-clip", "-webkit-background-clip"))
    if colour == "transparent":
        return None if "text" in clipped else ground
    return _colour(colour)


def _ground(value: str, outer: _Colour | None) -> _Colour | None:
    """Colour of a ground; none if it is a picture or is not understood."""
    value = _CLEAR.sub("transparent", value)
    if "(" in _RGB.sub("", value):
        return None
    if value in ("none", "transparent", "inherit", "initial", "unset", "0"):
        return outer
    found = [*_HEX.finditer(value), *_RGB.finditer(value)]
    if found:
        return _colour(found[0][0])
    named = next((word for word in value.split() if word in _NAMED), None)
    return outer if named == "transparent" else None if named is None else _NAMED[named]


def _colour(value: str) -> _Colour | None:
    """Red, green and blue of 255; none if it is not understood, or lets something through."""
    if value in _NAMED:
        return _NAMED[value]
    match = _HEX.fullmatch(value)
    if match:
        digits = match[1] if len(match[1]) > 4 else "".join(2 * digit for digit in match[1])
        if digits[6:] not in ("", "ff"):
            return None
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    match = _RGB.fullmatch(value)
    parts = match[1].replace(",", " ").replace("/", " ").split() if match else []
    numbers = [_number(part.rstrip("%")) for part in parts[:4]]
    if len(numbers) < 3 or None in numbers or (len(numbers) == 4 and numbers[3] not in (1, 100)):
        return None
    scale = 2.55 if parts[0].endswith("%") else 1.0
    red, green, blue = (min(255, int(scale * (number or 0))) for number in numbers[:3])
    return red, green, blue


def _font_pixels(value: str, outer: float) -> float:
    """Size of letters; that around them if it is not understood."""
    # Of "font: 700 12px/1.5 Arial" the size is the number that has a unit.
    words = map(_LENGTH.fullmatch, value.replace("/", " ").split())
    match = next((one for one in words if one and (one[2] or not float(one[1]))), None)
    if not match:
        return outer
    number, unit = float(match[1]), match[2] or "px"
    relative = {"em": outer, "%": outer / 100, "ex": outer / 2, "rem": 16.0}
    scale = relative.get(unit) or _PIXELS.get(unit)
    return outer if scale is None else number * scale


def _pixels(value: str) -> float | None:
    match = _LENGTH.fullmatch(value.strip())
    if not match:
        return None
    # A share of an unknown whole: a page's, to tell what is far off it.
    scale = {"em": 16.0, "rem": 16.0, "%": 10.0, "vh": 10.0}.get(match[2] or "px")
    scale = scale or _PIXELS.get(match[2] or "px")
    return None if scale is None else float(match[1]) * scale


def _number(value: str) -> float | None:
    match = _LENGTH.fullmatch(value.strip())
    return float(match[1]) * (0.01 if match[2] == "%" else 1.0) if match else None
