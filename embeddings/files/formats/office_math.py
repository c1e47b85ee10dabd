"""Formulas of Office (OMML) as text in one line: (a + b)/2, x², √(2), ∑_(i=1)^n xᵢ.

ISO 29500-1, 22.1. Written as people type formulas in text, after Unicode Technical Note 28.
Refused: the style sheet OMML2MML.XSL of Office, whose licence does not allow to pass it on.
"""

import re
from collections.abc import Callable
from typing import Any

from embeddings.files.formats.ooxml import MATH
from embeddings.files.formats.scripts import subscript, superscript

IS_MATH = frozenset((f"{MATH}oMath", f"{MATH}oMathPara"))
"""The elements that hold a formula."""

_WORD_TEXT = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SKIPPED = frozenset((f"{_WORD_TEXT}del", f"{_WORD_TEXT}moveFrom"))
_ATOM = re.compile(r"[\w.,∞%°′]+|\([^()]*\)|\[[^\[\]]*\]|√\S+")
_ROOTS = {"2": "√", "3": "∛", "4": "∜"}


def linear(element: Any) -> str:
    """A formula as text in one line."""
    name = element.tag.removeprefix(MATH) if isinstance(element.tag, str) else ""
    if name == "t" or element.tag == f"{_WORD_TEXT}t":
        return element.text or ""
    if not name or element.tag in _SKIPPED or name.endswith("Pr"):
        return ""
    write = _WRITERS.get(name)
    return write(element) if write else "".join(map(linear, element))


def _part(element: Any, name: str) -> str:
    child = element.find(MATH + name)
    return "" if child is None else "".join(map(linear, child)).strip()


def _property(element: Any, properties: str, name: str, default: str) -> str:
    found = element.find(f"{MATH}{properties}/{MATH}{name}")
    return default if found is None else found.get(f"{MATH}val", "")


def _grouped(text: str) -> str:
    return text if _ATOM.fullmatch(text) else f"({text})"


def _fraction(element: Any) -> str:
    above, below = _part(element, "num"), _part(element, "den")
    if _property(element, "fPr", "type", "bar") == "noBar":
        return f"({above} over {below})"
    return f"{_grouped(above)}/{_grouped(below)}"


def _raised(element: Any) -> str:
    return _grouped(_part(element, "e")) + superscript(_part(element, "sup"))


def _lowered(element: Any) -> str:
    return _grouped(_part(element, "e")) + subscript(_part(element, "sub"))


def _both(element: Any) -> str:
    base = _grouped(_part(element, "e")) + subscript(_part(element, "sub"))
    return base + superscript(_part(element, "sup"))


def _before(element: Any) -> str:
    left = subscript(_part(element, "sub")) + superscript(_part(element, "sup"))
    return left + _part(element, "e")


def _root(element: Any) -> str:
    degree, base = _part(element, "deg"), _part(element, "e")
    if degree and degree not in _ROOTS:
        return f"{_grouped(base)}^(1/{degree})"
    return f"{_ROOTS.get(degree, '√')}({base})"


def _nary(element: Any) -> str:
    sign = _property(element, "naryPr", "chr", "∫")
    below, above = _part(element, "sub"), _part(element, "sup")
    limits = (f"_{_grouped(below)}" if below else "") + (f"^{_grouped(above)}" if above else "")
    return f"{sign}{limits} {_part(element, 'e')}"


def _delimited(element: Any) -> str:
    left = _property(element, "dPr", "begChr", "(")
    right = _property(element, "dPr", "endChr", ")")
    between = _property(element, "dPr", "sepChr", "|")
    inner = ["".join(map(linear, child)) for child in element.iterchildren(f"{MATH}e")]
    return left + between.join(inner) + right


def _function(element: Any) -> str:
    name, argument = _part(element, "fName"), _part(element, "e")
    return f"{name}{argument}" if argument.startswith("(") else f"{name} {argument}"


def _limit(element: Any) -> str:
    return f"{_part(element, 'e')}_{_grouped(_part(element, 'lim'))}"


def _matrix(element: Any) -> str:
    rows = (
        ", ".join("".join(map(linear, cell)).strip() for cell in row.iterchildren(f"{MATH}e"))
        for row in element.iterchildren(f"{MATH}mr")
    )
    return f"[{'; '.join(rows)}]"


def _lines(element: Any) -> str:
    rows = ("".join(map(linear, row)).strip() for row in element.iterchildren(f"{MATH}e"))
    return "; ".join(row.replace("&", "") for row in rows)


def _formulas(element: Any) -> str:
    """Formulas of a paragraph of their own, each in a line."""
    return "\n".join("".join(map(linear, each)) for each in element.iterchildren(f"{MATH}oMath"))


_WRITERS: dict[str, Callable[[Any], str]] = {
    "f": _fraction,
    "sSup": _raised,
    "sSub": _lowered,
    "sSubSup": _both,
    "sPre": _before,
    "rad": _root,
    "nary": _nary,
    "d": _delimited,
    "func": _function,
    "limLow": _limit,
    "limUpp": _limit,
    "m": _matrix,
    "eqArr": _lines,
    "oMathPara": _formulas,
}
