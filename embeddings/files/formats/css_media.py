"""Conditions of style sheets: which hold on an ordinary screen, for a page just opened.

A condition that is not known does not hold, and neither does its opposite.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from embeddings.files.formats.css_values import HEIGHT, UNKNOWN, WIDTH, pixels, text_of

_HOLDING = {
    "orientation": "landscape", "prefers-color-scheme": "light", "forced-colors": "none",
    "prefers-reduced-motion": "no-preference", "prefers-contrast": "no-preference",
    "hover": "hover", "any-hover": "hover", "pointer": "fine", "any-pointer": "fine",
    "scripting": "enabled", "update": "fast", "display-mode": "browser", "grid": "0",
}  # fmt: skip
_SIZES = {
    "width": WIDTH, "height": HEIGHT, "device-width": WIDTH, "device-height": HEIGHT,
}  # fmt: skip
_PLAIN = re.compile(r"(min-|max-)?((?:device-)?(?:width|height))\s*:(.*)", re.DOTALL)
_RANGE = re.compile(r"(?:([^<>=]+)([<>]=?|=))?\s*(width|height)\s*(?:([<>]=?|=)([^<>=]+))?")
_COMPARISONS = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, "=": lambda a, b: a == b,
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip
_DEEPEST = 10
_OWN_WORLDS = ("-webkit-", "-moz-", "-ms-", "-o-", "-apple-")


def is_on_screen(tokens: Iterable[Any]) -> bool:
    """Whether a list of media queries holds; an empty list does."""
    queries: list[list[Any]] = [[]]
    for token in tokens:
        if token == ",":
            queries.append([])
        elif token.type not in ("whitespace", "comment"):
            queries[-1].append(token)
    return queries == [[]] or any(_query(query, 0) is True for query in queries)


def is_supported(tokens: Sequence[Any]) -> bool:
    """Whether current browsers support it: assumed of all but vendor-specific features."""
    text = text_of(tokens).lower()
    return (
        text != UNKNOWN
        and not re.search(r"(?<![\w-])not(?![\w-])", text)
        and not any(prefix in text for prefix in _OWN_WORLDS)
    )


def _query(tokens: Sequence[Any], depth: int) -> bool | None:
    """Whether it holds; none if that is unknown."""
    negates, found, words = False, [], set()
    for token in tokens:
        if token.type == "() block":
            found.append(_feature(token.content, depth))
        elif token.type != "ident":
            return None
        elif token.lower_value in ("and", "or", "only"):
            words.add(token.lower_value)
        elif token.lower_value == "not":
            negates = not negates
        else:
            found.append(token.lower_value in ("all", "screen"))
    if not found or None in found or (negates and "or" in words):
        return None
    return negates != (any(found) if "or" in words else all(found))


def _feature(tokens: Sequence[Any], depth: int) -> bool | None:
    inner = [token for token in tokens if token.type not in ("whitespace", "comment")]
    if any(token.type == "() block" for token in inner):
        return _query(inner, depth + 1) if depth < _DEEPEST else None
    text = text_of(inner).lower()
    plain = _PLAIN.fullmatch(text)
    if plain:
        compare = {"min-": ">=", "max-": "<=", None: "="}[plain[1]]
        return _compares(_SIZES[plain[2]], compare, plain[3])
    name, colon, value = text.partition(":")
    if name in _HOLDING:
        holding = _HOLDING[name]
        return value == holding if colon else holding not in ("none", "no-preference", "0")
    if text in ("width", "height", "color"):
        return True
    ranged = _RANGE.fullmatch(text)
    if not ranged or not (ranged[2] or ranged[4]):
        return None
    size = _SIZES[ranged[3]]
    turned = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "="}
    sides = [_compares(size, ranged[4], ranged[5])] if ranged[4] else []
    if ranged[2]:
        sides.append(_compares(size, turned[ranged[2]], ranged[1]))
    return None if None in sides else all(sides)


def _compares(size: int, operator: str, length: str) -> bool | None:
    other = pixels(length.strip())
    return None if other is None else _COMPARISONS[operator](size, other)
