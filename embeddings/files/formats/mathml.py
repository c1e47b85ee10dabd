"""Formulas in MathML as linear text: "E = 1/2 m v²".

https://www.w3.org/TR/mathml-core/
"""

import re
from typing import Any

from embeddings.files.formats.scripts import subscript, superscript

_MAX_ELEMENTS = 1_000
"""A larger formula is read without its structure: the text of each level is built anew."""

_MAX_CHARACTERS = 20_000

_SPACES = re.compile(r"\s+")
# Shown as nothing: function application, separator, plus; an invisible product is a space.
_INVISIBLE_OPERATORS = str.maketrans({"\u2061": "", "\u2062": " ", "\u2063": " ", "\u2064": " "})
_TIGHT = frozenset("()[]{}|,;:.!'′″/^_°%")
_SIMPLE = re.compile(r"[\w.,°′]+|√\([^()]*\)")
_SKIPPED = frozenset(("annotation", "annotation-xml", "mphantom", "maligngroup", "malignmark"))
_OF_PARTS = frozenset(
    ("mfrac", "mroot", "msup", "mover", "msub", "munder", "msubsup", "munderover")
)
_ACCENTS = frozenset("¯‾→^~˜˙¨ˆ⃗⏞⏟_")


def linear(math: Any) -> str:
    """The formula of a ``math`` element.

    >>> from lxml import etree
    >>> linear(etree.fromstring("<math><mfrac><mn>1</mn><mi>x</mi></mfrac></math>"))
    '1/x'
    """
    elements = [element for element in math.iter() if isinstance(element.tag, str)]
    length = sum(len(element.text or "") for element in elements)
    if len(elements) > _MAX_ELEMENTS or length > _MAX_CHARACTERS:
        return " ".join(" ".join(math.itertext()).split())
    texts: dict[Any, str] = {}
    # Children come behind their parents, so that backwards all of them are known.
    for element in reversed(elements):
        children = [texts[child] for child in element if child in texts]
        texts[element] = _linear(element, _name(element), children)
    shown = _tidy(texts[math])
    return shown or str(math.get("alttext") or "")


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _linear(element: Any, name: str, children: list[str]) -> str:
    if name in _SKIPPED:
        return ""
    if name in ("mi", "mn", "mtext", "ms", "mo"):
        text = _SPACES.sub(" ", "".join(element.itertext())).strip()
        return _operator(text) if name == "mo" else text
    if name == "mspace":
        return " "
    if name == "semantics":
        return children[0] if children else ""
    if name == "msqrt":
        return f"√({_row(children)})"
    if name in ("mtr", "mlabeledtr"):
        return ", ".join(map(_tidy, children))
    if name == "mtable":
        return f"[{'; '.join(children)}]" if len(children) > 1 else "".join(children)
    if name == "mfenced":
        inner = ", ".join(map(_tidy, children))
        return f"{element.get('open', '(')}{inner}{element.get('close', ')')}"
    if name in _OF_PARTS and len(children) > 1:
        return _of_parts(name, [_tidy(child) for child in children])
    return _row(children)


def _of_parts(name: str, parts: list[str]) -> str:
    base, first, last = parts[0], parts[1], parts[-1]
    if name == "mfrac":
        return f"{_grouped(base)}/{_grouped(first)}"
    if name == "mroot":
        return f"root({first}, {base})"
    if name == "msup" or (name == "mover" and first not in _ACCENTS):
        return _power(base, first)
    if name == "msub":
        return f"{base}{subscript(first)}"
    if name == "munder":
        return base if first in _ACCENTS else f"{base}{subscript(first)}"
    if name == "mover":
        return base
    return _power(f"{base}{subscript(first)}", last)


def _power(base: str, exponent: str) -> str:
    if not _SIMPLE.fullmatch(base) and not base.endswith((")", "]", "∑", "∫", "∏")):
        base = f"({base})"
    return f"{base}{superscript(exponent)}" if exponent else base


def _grouped(text: str) -> str:
    return text if _SIMPLE.fullmatch(text) else f"({text})"


def _operator(text: str) -> str:
    if not text.translate(_INVISIBLE_OPERATORS).strip():
        return text.translate(_INVISIBLE_OPERATORS)
    return text if text in _TIGHT else f" {text} "


def _row(children: list[str]) -> str:
    """Parts beside one another; letters and numbers are not glued."""
    pieces: list[str] = []
    for child in children:
        if pieces and child and pieces[-1][-1:].isalnum() and child[:1].isalnum():
            pieces.append(" ")
        pieces += [child] if child else []
    return "".join(pieces)


def _tidy(text: str) -> str:
    return " ".join(text.split())
