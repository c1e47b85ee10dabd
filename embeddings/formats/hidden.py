"""Hidden text of web pages and e-books: what a reader of the page does not get to see.

It can say anything, and nobody would notice: it is taken out before the text is read. In doubt
text is kept: what style sheets in other files, scripts and pictures do to it is not known.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree

from embeddings.formats.css import StyleSheet
from embeddings.formats.css_media import is_on_screen
from embeddings.formats.css_selectors import Node
from embeddings.formats.css_values import UNKNOWN, colour, pixels, text_of, tokens_of

TINY_PIXELS = 2.0
"""Letters smaller than this are no letters to anybody."""

FAR_PIXELS = 4_999.0
"""Whatever stands this far to the left or above is not on the page; what slides in is nearer."""

FAR_INDENT_PIXELS = 999.0
"""Of a first line, which nothing slides in."""

FAR_RIGHT_PIXELS = 9_999.0
"""Nobody scrolls so far to the right; pages are longer than that."""

NEAR = 12
"""Of 255: colours are one colour if red, green and blue differ by less each."""

FAINT = 0.05
"""Of 1: what covers no more of its ground is not to be seen."""

_PROPERTIES = frozenset(
    """
    display visibility content-visibility opacity filter font-size font color color-scheme
    -webkit-text-fill-color background background-color background-image background-clip
    -webkit-background-clip text-shadow position inset left top right bottom text-indent margin
    margin-left margin-top margin-right margin-bottom transform translate scale clip clip-path width
    height max-width max-height min-width min-height overflow overflow-x overflow-y animation
    animation-duration transition transition-duration float flex flex-grow padding padding-top
    padding-bottom -webkit-text-stroke -webkit-text-stroke-width
    """.split()
)
_KEYWORD_PIXELS = {
    "xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0,
    "x-large": 24.0, "xx-large": 32.0, "xxx-large": 48.0, "initial": 16.0,
}  # fmt: skip
_SAME = ("inherit", "unset", "revert", "revert-layer")
# Of the page itself: hidden until a script has run, or under a dialog.
_NEVER = ("html", "body")
# They are as wide and as high as what is in them.
_UNSIZED = ("td", "th", "span", "a", "b", "i", "em", "strong", "small", "code", "font", "u", "s")
_PICTURES = ("img", "picture", "video", "svg", "canvas", "iframe", "object", "embed")
_RGB = tuple[float, float, float]
_WHITE, _BLACK, _BLUE = (255.0, 255.0, 255.0), (0.0, 0.0, 0.0), "#0000ee"


@dataclass(frozen=True, slots=True)
class _Look:
    """How text looks inside an element.

    Attributes:
        pixels: Size of its letters.
        colour: Of its letters; none if it is not known, or there is no telling.
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


def clear_hidden(root: Any) -> None:
    """Take out all text that is not to be seen; the elements themselves stay, empty.

    Args:
        root: Of the page.

    Raises:
        UnreadableFile: The page's style sheets are more than can be applied.
    """
    sheet = StyleSheet(_sheets(root), _PROPERTIES)
    pictured: dict[Any, bool] = {}
    # What a style sheet in another file puts behind the text is not known.
    looks = [_Look(ground=None if _has_other_sheets(root) else _WHITE)]
    if "dark" in _schemes(root):
        looks = [_Look(colour=_WHITE, ground=looks[0].ground and _BLACK)]
    nodes: list[Node] = []
    # What is taken out is there until all is looked at: what is after it may depend on it.
    hidden, before, behind = [], [], []
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if event == "end":
            sheet.leave(nodes.pop())
            looks.pop()
            if element.tail and not looks[-1].is_read:
                behind.append(element)
            continue
        tag = str(element.tag).rpartition("}")[2].lower()
        node = nodes[-1].child(element, tag) if nodes else Node(element, tag)
        nodes.append(node)
        sheet.enter(node)
        if tag == "head":
            walker.skip_subtree()
            looks.append(looks[-1])
            continue
        styles = _own(element, tag) | sheet.of(node)
        if tag == "template" or (tag not in _NEVER and _is_hidden(element, tag, styles)):
            hidden.append(element)
            walker.skip_subtree()
            looks.append(looks[-1])
            continue
        look = _inherited(looks[-1], styles, tag)
        look = _framed(look, element, styles, pictured)
        looks.append(look)
        if element.text and not look.is_read:
            before.append(element)
    for element in hidden:
        element.clear(keep_tail=True)
    for element in before:
        element.text = None
    for element in behind:
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
    styles = _own(element, name) | StyleSheet((), _PROPERTIES).of(Node(element, name))
    return _is_hidden(element, name, styles) or not _inherited(_Look(), styles, name).is_read


def _sheets(root: Any) -> Iterator[str]:
    """Style sheets of the page that are in force on a screen where scripts run."""
    for style in root.iter("style", "{*}style"):
        kind = (style.get("type") or "text/css").partition(";")[0].strip().lower()
        media = tokens_of(style.get("media") or "")
        around = {str(each.tag) for each in style.iterancestors("noscript", "template")}
        if kind in ("text/css", "") and is_on_screen(media) and not around:
            yield style.text or ""


def _has_other_sheets(root: Any) -> bool:
    """Whether a page has style sheets in other files."""
    links = (link.get("rel") or "" for link in root.iter("link", "{*}link"))
    if any("stylesheet" in rel.lower().split() for rel in links):
        return True
    return any("@import" in (style.text or "") for style in root.iter("style", "{*}style"))


def _schemes(root: Any) -> list[str]:
    """Colours that a page asks its browser for; of both it takes the light ones."""
    for meta in root.iter("meta"):
        if (meta.get("name") or "").strip().lower() == "color-scheme":
            return _only_dark(meta.get("content") or "")
    return []


def _only_dark(value: str) -> list[str]:
    words = value.lower().split()
    return ["dark"] if "dark" in words and "light" not in words else []


def _own(element: Any, tag: str) -> dict[str, str]:
    """What an element looks like by itself, and by attributes from before style sheets."""
    found = {}
    if tag == "a" and element.get("href") is not None:
        found["color"] = _BLUE
    elif tag == "mark":
        found |= {"color": "black", "background-color": "yellow"}
    elif tag in ("button", "input", "select", "textarea"):
        found |= {"color": "black", "background-color": "#efefef"}
    if tag == "font" and element.get("color"):
        found["color"] = _named(element.get("color"))
    if tag == "body" and element.get("text"):
        found["color"] = _named(element.get("text"))
    if element.get("bgcolor"):
        found["background-color"] = _named(element.get("bgcolor"))
    if element.get("background"):
        found["background-image"] = "url()"
    return found


def _named(value: str) -> str:
    """A colour of an attribute, where the sign before its digits may be missing."""
    value = value.strip().lower()
    return value if colour(value) else f"#{value}" if colour(f"#{value}") else UNKNOWN


def _is_hidden(element: Any, tag: str, styles: dict[str, str]) -> bool:
    """Whether an element is not shown with all that is inside it."""
    if (element.get("aria-hidden") or "").strip().lower() == "true" and not _is_the_page(element):
        return True
    display = styles.get("display", "")
    attribute = element.get("hidden")
    # Found by searching the page, which opens it.
    closed = attribute is not None and attribute.strip().lower() != "until-found"
    closed = closed or element.get("popover") is not None
    closed = closed or (tag == "dialog" and element.get("open") is None)
    if display == "none" or (closed and display in ("", *_SAME)):
        return True
    return bool(styles) and (
        styles.get("content-visibility") == "hidden"
        or _is_off_the_page(styles)
        or _is_cut_away(tag, styles)
    )


def _is_the_page(element: Any) -> bool:
    """Whether an element holds most of the text: a page that was kept while a dialog was open."""
    parent = element.getparent()
    if parent is None or str(parent.tag).rpartition("}")[2].lower() != "body":
        return False
    return 2 * sum(map(len, element.itertext())) > sum(map(len, parent.itertext()))


def _is_off_the_page(styles: dict[str, str]) -> bool:
    across, down = [], []
    indent = pixels(styles.get("text-indent", ""))
    if indent is not None and not -FAR_INDENT_PIXELS < indent < FAR_RIGHT_PIXELS:
        return True
    # A share of the width is how pages of three columns are made.
    margins = {side: styles.get(f"margin-{side}", "") for side in ("left", "top", "right")}
    far = {side: pixels(value, whole=0.0) for side, value in margins.items()}
    if far["left"] == far["right"]:
        far["left"] = None  # As wide on both sides: a bar over the whole page.
    if styles.get("position") in ("absolute", "fixed", "relative"):
        across.append(styles.get("left", ""))
        down += [styles.get("top", "")]
        for side in ("right", "bottom"):
            moved = pixels(styles.get(side, ""))
            if moved is not None and (moved <= -FAR_PIXELS or moved >= FAR_RIGHT_PIXELS):
                return True
        if styles["position"] == "fixed":
            across += down
    moved_across, moved_down, shrunk = _moved(styles)
    across += moved_across
    down += moved_down
    rights = [far["left"], *map(pixels, across)]
    lefts = [*rights, far["top"], *map(pixels, down)]
    return (
        shrunk
        or any(value is not None and value <= -FAR_PIXELS for value in lefts)
        or any(value is not None and value >= FAR_RIGHT_PIXELS for value in rights)
    )


def _moved(styles: dict[str, str]) -> tuple[list[str], list[str], bool]:
    """How far something is moved across and down, and whether it is shrunk to nothing."""
    across, down = [], []
    scales = styles.get("scale", "").split()[:2]
    words = _words(styles.get("translate", ""))
    across += words[:1]
    down += words[1:2]
    for name, values in _functions(styles.get("transform", "")):
        if name in ("translate", "translate3d", "translatex"):
            across += values[:1]
        if name in ("translate", "translate3d"):
            down += values[1:2]
        elif name == "translatey":
            down += values[:1]
        elif name in ("scale", "scalex", "scaley", "scale3d"):
            scales += values[:2]
        elif name == "matrix" and len(values) == 6:
            scales += [values[0] if values[1:3] == ["0", "0"] else "1"]
            across.append(values[4])
    shrunk = any((scale := pixels(each, whole=1.0)) is not None and abs(scale) <= FAINT
                 for each in scales)  # fmt: skip
    return across, down, shrunk


def _is_cut_away(tag: str, styles: dict[str, str]) -> bool:
    placed = styles.get("position") in ("absolute", "fixed")
    for name, values in _functions(styles.get("clip", "") if placed else ""):
        edges = [pixels(one) for value in values for one in value.split()]
        if name == "rect" and edges and all(edge is not None and abs(edge) <= 1 for edge in edges):
            return True
    if any(map(_is_nothing, _functions(styles.get("clip-path", "")))):
        return True
    unsized = tag in _UNSIZED and styles.get("display", "inline") == "inline"
    if unsized and not placed:
        return styles.get("float", "none") != "none" and _is_narrow(styles)
    return _is_narrow(styles)


def _is_narrow(styles: dict[str, str]) -> bool:
    overflow = styles.get("overflow-x", ""), styles.get("overflow-y", "")
    if not {"hidden", "clip"} & {*overflow} or _is_moving(styles):
        return False
    # Made as large as there is room, or by what is around its content.
    grows = ("flex", "flex-grow", "padding", "padding-top", "padding-bottom")
    if any(styles.get(name, "none") not in ("none", "initial", "0", "0px") for name in grows):
        return False
    for side in ("width", "height"):
        least = pixels(styles.get(f"min-{side}", "0"))
        if least is None or least > 1:
            continue
        sizes = [pixels(styles.get(name, "")) for name in (side, f"max-{side}")]
        if any(size is not None and 0 <= size <= 1 for size in sizes):
            return True
    return False


def _is_nothing(shape: tuple[str, list[str]]) -> bool:
    """Whether a shape that is cut out has nothing in it."""
    name, values = shape
    if name == "polygon":
        points = [tuple(map(pixels, value.split())) for value in values if value != "evenodd"]
        return any(
            len({point[axis] for point in points if len(point) == 2}) == 1 for axis in (0, 1)
        )
    words = _words(values[0]) if values else []
    sizes = [pixels(word, whole=100.0) for word in words]
    if name in ("circle", "ellipse"):
        return bool(sizes) and sizes[0] == 0
    if name != "inset":
        return False
    sides = [size if "%" in word else 0.0 for size, word in zip(sizes, words, strict=True)]
    if not sides:
        return False
    top, right, bottom, left = (sides * 4)[:4] if len(sides) != 3 else (*sides, sides[1])
    return (top or 0) + (bottom or 0) >= 100 or (right or 0) + (left or 0) >= 100


def _words(value: str) -> list[str]:
    """Parts of a value between spaces, functions whole."""
    tokens = tokens_of(value) if value else ()
    return [each.serialize() for each in tokens if each.type not in ("whitespace", "comment")]


def _functions(value: str) -> Iterator[tuple[str, list[str]]]:
    """Each function of a value with what is between its commas."""
    if "(" not in value:
        return
    for token in tokens_of(value):
        if token.type == "function":
            text = text_of(token.arguments)
            yield token.lower_name, [part.strip() for part in text.split(",")]


def _inherited(outer: _Look, styles: dict[str, str], tag: str) -> _Look:
    """How text looks inside an element that is inside of another."""
    if not styles:
        return outer
    look = outer
    if tag == "html" and _only_dark(styles.get("color-scheme", "")):
        look = replace(look, colour=_WHITE, ground=_BLACK)
    if styles.get("visibility") in ("hidden", "collapse"):
        look = replace(look, visible=tag in _NEVER)
    elif styles.get("visibility") in ("visible", "initial"):
        look = replace(look, visible=True)
    if "font-size" in styles:
        look = replace(look, pixels=_font_pixels(styles["font-size"], outer.pixels))
    if tag not in _NEVER and ("opacity" in styles or "filter" in styles):
        look = replace(look, opacity=look.opacity * _opacity(styles))
    look = _coloured(look, styles)
    if not {"background-color", "background-image"}.isdisjoint(styles):
        look = replace(look, ground=_ground(styles, look))
    clips = (styles.get(name, "") for name in ("background-clip", "-webkit-background-clip"))
    strokes = ("-webkit-text-stroke", "-webkit-text-stroke-width")
    if any(styles.get(name, "0") not in ("0", "0px") for name in strokes):
        look = replace(look, colour=None, covers=1.0)
    if "text" in clips or styles.get("text-shadow", "none") not in ("none", *_SAME):
        # A picture that is seen through the letters, or a shadow around them.
        look = replace(look, colour=None, covers=1.0)
    return look


def _framed(look: _Look, element: Any, styles: dict[str, str], pictured: dict[Any, bool]) -> _Look:
    """How text looks that may be laid over a picture."""
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


def _coloured(look: _Look, styles: dict[str, str]) -> _Look:
    fill = styles.get("-webkit-text-fill-color")
    value = styles.get("color", "inherit") if fill in (None, "currentcolor") else fill
    if value in (*_SAME, "currentcolor", None) or (look.is_filled and fill is None):
        return look
    found = colour(value)
    filled = look.is_filled or fill is not None
    if found is None:
        return replace(look, colour=None, covers=1.0, is_filled=filled)
    return replace(look, colour=found[:3], covers=found[3], is_filled=filled)


def _ground(styles: dict[str, str], look: _Look) -> _RGB | None:
    """Colour of a ground; none if it is a picture or is not understood."""
    if styles.get("background-image", "none") not in ("none", "initial", *_SAME):
        return None
    value = styles.get("background-color", "transparent")
    if value in ("initial", *_SAME):
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
    """How much of an element covers what is behind it, of 1, when it has come into view."""
    value = pixels(styles.get("opacity", "1"), whole=1.0)
    for name, values in _functions(styles.get("filter", "")):
        if name == "opacity":
            filtered = pixels(values[0], whole=1.0)
            value = filtered if value is None or filtered is None else min(value, filtered)
    if value is None or _is_moving(styles):
        return 1.0
    return min(1.0, max(0.0, value))


def _is_moving(styles: dict[str, str]) -> bool:
    """Whether it is made to appear by and by."""
    for name in ("animation", "animation-duration", "transition", "transition-duration"):
        for token in tokens_of(styles[name]) if name in styles else ():
            if token.type == "dimension" and token.lower_unit in ("s", "ms") and token.value > 0:
                return True
    return False


def _font_pixels(value: str, outer: float) -> float:
    """Size of letters; that of ordinary ones if it is not known."""
    if value in _SAME:
        return outer
    for word in _words(value):
        if word in _KEYWORD_PIXELS:
            return _KEYWORD_PIXELS[word]
        if word in ("smaller", "larger"):
            return outer * (1.2 if word == "larger" else 1 / 1.2)
        # Of "font: 700 12px/1.5 Arial" the size is the number that has a unit.
        size = pixels(word, outer, outer)
        if size is not None and (not size or not word.replace(".", "").isdigit()):
            return size
    return _KEYWORD_PIXELS["medium"] if "(" in value else outer
