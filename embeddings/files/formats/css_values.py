"""Values of style sheets: lengths, colours, shorthands, variables.

tinycss2 (BSD, maintained, of WeasyPrint) reads what they are made of, in linear time.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import tinycss2
from tinycss2 import color5

WIDTH, HEIGHT = 1280, 800
"""Pixels of an ordinary screen; chosen by hand."""

FAINT = 0.05
"""Opacity or scale up to which nothing is visible. Chosen by hand."""

SAME = ("inherit", "unset", "revert", "revert-layer")
"""Keywords that stand for the inherited or default value."""

UNKNOWN = "unknown()"
"""A value that the page does not define: other style sheets and scripts may."""

_MAX_SUBSTITUTIONS = 50
_MAX_LETTERS = 10_000
_UNITS = {
    "px": 1.0, "pt": 4 / 3, "pc": 16.0, "cm": 37.8, "mm": 3.78, "q": 0.945, "in": 96.0,
    "vw": WIDTH / 100, "vh": HEIGHT / 100, "vmin": HEIGHT / 100, "vmax": WIDTH / 100, "rem": 16.0,
    "svw": WIDTH / 100, "svh": HEIGHT / 100, "lvw": WIDTH / 100, "lvh": HEIGHT / 100,
    "dvw": WIDTH / 100, "dvh": HEIGHT / 100,
}  # fmt: skip
_SYSTEM = {
    "canvas": (255.0, 255.0, 255.0, 1.0), "field": (255.0, 255.0, 255.0, 1.0),
    "canvastext": (0.0, 0.0, 0.0, 1.0), "fieldtext": (0.0, 0.0, 0.0, 1.0),
    "buttontext": (0.0, 0.0, 0.0, 1.0), "initial": (0.0, 0.0, 0.0, 1.0),
    "linktext": (0.0, 0.0, 238.0, 1.0), "windowtext": (0.0, 0.0, 0.0, 1.0),
    "window": (255.0, 255.0, 255.0, 1.0),
}  # fmt: skip
# For left-to-right text.
_LOGICAL = {
    "inset-inline-start": "left", "inset-inline-end": "right", "inset-block-start": "top",
    "margin-inline-start": "margin-left", "margin-block-start": "margin-top",
    "inline-size": "width", "block-size": "height",
    "max-inline-size": "max-width", "max-block-size": "max-height",
}  # fmt: skip
_SIDES = ("top", "right", "bottom", "left")
_GLOBAL = ("initial", *SAME)
_WORDS = {
    "display": {
        *("none", "block", "inline", "flow", "flow-root", "contents", "flex", "grid", "table"),
        *("inline-block", "inline-flex", "inline-grid", "inline-table", "list-item", "math"),
        *("run-in", "ruby", "table-row", "table-cell", "table-column", "table-caption"),
        *("table-row-group", "table-header-group", "table-footer-group", "table-column-group"),
        *("-webkit-box", "-webkit-flex", "-webkit-inline-box", "-ms-flexbox", "-moz-box"),
    },
    "visibility": {"visible", "hidden", "collapse"},
    "position": {"static", "relative", "absolute", "fixed", "sticky", "-webkit-sticky"},
    "content-visibility": {"visible", "auto", "hidden"},
}
_COLOURS = ("color", "background-color", "-webkit-text-fill-color")
_VARIABLE = re.compile(r"(?<![\w-])var\(", re.IGNORECASE)
_LONG_NUMBER = re.compile(r"(\d{300})\d+")
_MAX_BRACKETS = 100
_PICTURE = re.compile(r"(?:url|gradient|image|image-set|element|cross-fade|paint)$")

Colour = tuple[float, float, float, float]
"""Red, green and blue (0 to 255), and opacity (0 to 1)."""


def tokens_of(text: str) -> list[Any]:
    """The tokens of a text, without comments.

    Numbers are cut at a length for which Python makes numbers of them.
    """
    cut = _LONG_NUMBER.sub(r"\1", text)
    tokens: list[Any] = tinycss2.parse_component_value_list(cut, skip_comments=True)
    return tokens


def text_of(tokens: Iterable[Any]) -> str:
    """Text of tokens; brackets are nested at most as deep as browsers allow."""
    try:
        text = str(tinycss2.serialize(tokens)).strip()
    except RecursionError:
        return UNKNOWN
    return text if _depth(text) <= _MAX_BRACKETS else UNKNOWN


def words_of(value: str) -> list[str]:
    """Parts of a value between spaces; functions are not divided."""
    tokens = tokens_of(value) if value else ()
    return [token.serialize() for token in tokens if token.type not in ("whitespace", "comment")]


def functions_of(value: str) -> Iterator[tuple[str, list[str]]]:
    """Each function of a value with its arguments."""
    if "(" not in value:
        return
    for token in tokens_of(value):
        if token.type == "function":
            text = text_of(token.arguments)
            yield token.lower_name, [part.strip() for part in text.split(",")]


def _depth(text: str) -> int:
    if text.count("(") <= _MAX_BRACKETS:
        return 0
    depths = itertools.accumulate(
        (1 if bracket == "(" else -1) for bracket in re.findall(r"[()]", text)
    )
    return max(depths, default=0)


def resolved(value: str, variables: Mapping[str, str]) -> str:
    """A value with its variables replaced, in lower case.

    >>> resolved("var(--a, Red)", {}), resolved("0 var(--b)", {"--b": "1px"})
    (' red ', '0  1px ')
    """
    for _ in range(_MAX_SUBSTITUTIONS):
        found = _VARIABLE.search(value)
        if not found:
            return value.lower() if _depth(value) <= _MAX_BRACKETS else UNKNOWN
        end = _closing(value, found.end())
        name, comma, fallback = value[found.end() : end].partition(",")
        replacement = variables.get(name.strip(), fallback if comma else UNKNOWN)
        value = f"{value[: found.start()]} {replacement.strip()} {value[end + 1 :]}"
        if len(value) > _MAX_LETTERS:
            break
    return UNKNOWN


def _closing(text: str, at: int) -> int:
    depth = 1
    for bracket in re.finditer(r"[()]", text[at:]):
        depth += 1 if bracket[0] == "(" else -1
        if not depth:
            return at + bracket.start()
    return len(text)


@lru_cache(maxsize=4096)
def expanded(name: str, value: str) -> dict[str, str]:
    """Properties that a declaration sets; none if it is invalid.

    >>> expanded("overflow", "hidden"), expanded("display", "nothing")
    ({'overflow-x': 'hidden', 'overflow-y': 'hidden'}, {})
    """
    name, value = _LOGICAL.get(name, name), value.strip()
    words = value.split()
    if not words:
        return {}
    if name == "background":
        return _background(value)
    if name in ("margin", "inset"):
        prefix = "margin-" if name == "margin" else ""
        sides = [words[0], words[1 % len(words)], words[2 % len(words)], words[3 % len(words)]]
        if "(" in value:
            sides = [value] * 4
        elif len(words) == 3:
            sides[3] = words[1]
        return {f"{prefix}{side}": size for side, size in zip(_SIDES, sides, strict=True)}
    if name == "overflow":
        return {"overflow-x": words[0], "overflow-y": words[-1]}
    if name == "font":
        return {"font-size": value}
    if name in _WORDS and "(" not in value and not {*words} <= _WORDS[name] | {*_GLOBAL}:
        return {}
    if name in _COLOURS and not (
        colour(value) or "(" in value or value in ("currentcolor", *_GLOBAL)
    ):
        return {}
    if name == "opacity" and pixels(value) is None and "(" not in value and value not in _GLOBAL:
        return {}
    return {name: value}


def _background(value: str) -> dict[str, str]:
    if value in _GLOBAL:
        return {"background-color": value, "background-image": value}
    picture, colour_there = "none", "transparent"
    for token in tokens_of(value):
        text = token.serialize()
        if token.type == "url" or (token.type == "function" and _PICTURE.search(token.lower_name)):
            picture = "url()"
        elif token.type in ("ident", "hash", "function"):
            if colour(text) or text == "currentcolor":
                colour_there = text
            elif token.type == "function" and token.lower_name not in ("calc", "min", "max"):
                colour_there = UNKNOWN
    return {"background-color": colour_there, "background-image": picture}


@lru_cache(maxsize=4096)
def colour(value: str) -> Colour | None:
    """A colour; none if it cannot be parsed.

    >>> colour("hsl(0 100% 50% / 50%)"), colour("mintcream")
    ((255.0, 0.0, 0.0, 0.5), (245.0, 255.0, 250.0, 1.0))
    """
    if value in _SYSTEM:
        return _SYSTEM[value]
    try:
        found: Any = color5.parse_color(value)
        if found is None or isinstance(found, str):
            return None
        if found.space in ("hsl", "hwb"):
            found = found.to("srgb")
        parts = [part or 0.0 for part in found.coordinates]
        if found.space in ("lab", "lch", "oklab", "oklch"):
            light, *hues = found.to("lab").coordinates
            if any(abs(hue or 0.0) > 4 for hue in hues):
                return None
            parts = [_of_lightness(light or 0.0)] * 3
        elif found.space not in ("srgb", "display-p3", "a98-rgb", "prophoto-rgb", "rec2020"):
            return None
    # What tinycss2 and its arithmetic raise on a function with too few, too many or unfit values.
    except (ValueError, TypeError, AttributeError, IndexError, ArithmeticError, NotImplementedError,
            RecursionError):  # fmt: skip
        return None
    red, green, blue = (round(255 * min(1.0, max(0.0, part)), 3) for part in parts[:3])
    return red, green, blue, found.alpha


def _of_lightness(light: float) -> float:
    """Grey of sRGB, of 1, for a lightness of 100 (CIE Lab; IEC 61966-2-1)."""
    light = min(100.0, max(0.0, light))
    linear = ((light + 16) / 116) ** 3 if light > 8 else light / 903.3
    return float(1.055 * linear ** (1 / 2.4) - 0.055 if linear > 0.0031308 else 12.92 * linear)


@lru_cache(maxsize=4096)
def pixels(value: str, letter: float = 16.0, whole: float = 1000.0) -> float | None:
    """A length or a number in pixels; none if it is neither.

    Args:
        value: Such as ``1.5em`` or ``calc(100% - 2px)``.
        letter: Pixels of the letters around it.
        whole: Pixels of what it may be a share of.

    >>> pixels("2em"), pixels("calc(-1 * (9px + 1e1px))"), pixels("auto")
    (32.0, -19.0, None)
    """
    try:
        return _sum(tokens_of(value), letter, whole)
    except (RecursionError, OverflowError):
        return None


def _sum(tokens: Sequence[Any], letter: float, whole: float) -> float | None:
    terms: list[tuple[float, list[Any]]] = [(1.0, [])]
    for token in tokens:
        if token.type == "literal" and token.value in ("+", "-"):
            terms.append((1.0 if token.value == "+" else -1.0, []))
        elif token.type not in ("whitespace", "comment"):
            terms[-1][1].append(token)
    values = [(sign, _product(term, letter, whole)) for sign, term in terms]
    known = [sign * value for sign, value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _product(tokens: Sequence[Any], letter: float, whole: float) -> float | None:
    result, operator = None, "*"
    for at, token in enumerate(tokens):
        if at % 2:
            operator = token.value if token.type == "literal" else ""
            continue
        value = _one(token, letter, whole)
        if value is None or operator not in ("*", "/") or (operator == "/" and not value):
            return None
        result = value if result is None else result * value if operator == "*" else result / value
    return result if len(tokens) % 2 else None


def _one(token: Any, letter: float, whole: float) -> float | None:
    if token.type == "number":
        return float(token.value)
    if token.type == "percentage":
        return float(token.value) * whole / 100
    if token.type == "dimension":
        scale = {"em": letter, "ex": letter / 2, "ch": letter / 2}.get(token.lower_unit)
        scale = scale if scale is not None else _UNITS.get(token.lower_unit)
        return None if scale is None else float(token.value) * scale
    if token.type == "() block":
        return _sum(token.content, letter, whole)
    if token.type != "function" or token.lower_name not in ("calc", "min", "max", "clamp"):
        return None
    parts: list[list[Any]] = [[]]
    for each in token.arguments:
        if each == ",":
            parts.append([])
        else:
            parts[-1].append(each)
    values = [_sum(part, letter, whole) for part in parts]
    known = [value for value in values if value is not None]
    if len(known) != len(values):
        return None
    if token.lower_name == "clamp":
        return max(known[0], min(known[1:])) if len(known) == 3 else None
    return max(known) if token.lower_name == "max" else min(known)
