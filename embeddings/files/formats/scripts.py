"""Superscripts and subscripts as characters: exponents, indices, and marks of notes.

An exponent joins its base, "10⁹" and "m²", a subscript too, "CO₂"; the mark of a note stands
apart, "4,310 ²", so that the number before it can be quoted without it. What is which is told
from what stands around it; the patterns were chosen by hand.
"""

import re
from collections.abc import Iterable
from typing import Literal

Script = Literal["", "super", "sub", "mark"]
"""How a piece of text is set; ``mark`` is certainly the mark of a note."""

LONGEST = 12
"""More characters are text that happens to be raised or lowered."""

_TAIL = 40
_SUPER = str.maketrans(
    "0123456789+-−–=()abcdefghijklmnoprstuvwxyz", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ"
)
_SUB = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_MARK = re.compile(r"[\[(]?(?:\d{1,3}|[a-z])(?:\s?[,;–-]\s?(?:\d{1,3}|[a-z]))*[\])]?")
_SYMBOL = re.compile(r"[*†‡§¶#]+")
_WORD = re.compile(r"st|nd|rd|th|[eè]?re?s?|[eè]me|eme|i?[eè]re|nde?|me|mes|lle|os|as|ter", re.I)
_TRADE = {"TM": "™", "tm": "™", "R": "®", "(R)": "®", "SM": "℠", "C": "©", "o": "º", "0": "°"}
_SIGNED = re.compile(r"[+−–-]\s?[\w./]+|\d*[+−–-]")
_POWER = re.compile(r"[2-9]|\d\d|[n-zk]|[\w+−–-]{1,6}")
_LETTERS = "A-Za-zÀ-ÿµμΑ-Ωα-ω"
_BASE = re.compile(
    # A power of ten or two, a variable, a function, a product behind a sign.
    rf"(?:(?<![\d.,])(?:10|2|1[.,]\d+\s?[×x*·]\s?10)|(?<![{_LETTERS}\d.,])[{_LETTERS}]"
    r"|\b(?:sin|cos|tan|log|ln|exp|chi)|[=+×·*/−]\s?[A-Za-z]{1,3}"
    # A sum in brackets.
    r"|\([^()]*[+\-−×·*/=^][^()]*\))$"
)
_LENGTH = re.compile(rf"(?<![{_LETTERS}])(?:[kcdmnµμh]?m|ft|yd|Å)$")
_UNIT = re.compile(r"(?:\d|/|·|⋅|\bper)\s?(?:in|mi|s|h|[kM]?Hz|K|A|V)$")
_NUMBER = re.compile(r"(?<![\d.,])\d{1,3}$")
_OPERATOR = re.compile(r"\s?[=×·⋅]")


def joined(pieces: Iterable[tuple[str, Script]]) -> str:
    """The text of pieces, their scripts as characters.

    >>> joined([("3.6 × 10", ""), ("9", "super"), (" J", "")])
    '3.6 × 10⁹ J'
    >>> joined([("a population of 4,310", ""), ("2", "super"), (" in CO", ""), ("2", "sub")])
    'a population of 4,310 ² in CO₂'
    """
    runs = [piece for piece in pieces if piece[0]]
    if not any(script for _, script in runs):
        return "".join(text for text, _ in runs)
    merged = _merged(runs)
    parts: list[str] = []
    tail = ""
    for at, (text, script) in enumerate(merged):
        after = merged[at + 1][0] if at + 1 < len(merged) else ""
        if script:
            text = _as_characters(tail, text, after, script)
        parts.append(text)
        tail = (tail + text[-_TAIL:])[-_TAIL:]
    return "".join(parts)


def _merged(runs: list[tuple[str, Script]]) -> list[tuple[str, Script]]:
    """Neighbours of the same script as one piece."""
    merged: list[tuple[str, Script]] = []
    texts: list[str] = []
    for at, (text, script) in enumerate(runs):
        texts.append(text)
        if at + 1 == len(runs) or runs[at + 1][1] != script:
            merged.append(("".join(texts), script))
            texts = []
    return merged


def _as_characters(before: str, text: str, after: str, script: Script) -> str:
    inner = text.strip()
    is_word = len(inner) > 2 and inner.isalpha() and not before[-1:].strip()
    if not inner or len(inner) > LONGEST or is_word:
        return text
    start = text[: len(text) - len(text.lstrip())]
    end = text[len(text.rstrip()) :]
    if script == "sub":
        return start + subscript(inner) + end
    before += start
    if script == "super":
        if inner in _TRADE or (_WORD.fullmatch(inner) and before[-1:].isalnum()):
            return start + _TRADE.get(inner, inner) + end
        if _SYMBOL.fullmatch(inner):
            return text
        if _is_exponent(before, inner, after):
            return start + superscript(inner) + end
    if not _MARK.fullmatch(inner) and script == "super":
        return start + superscript(inner) + end
    apart = " " if before and not before[-1].isspace() else ""
    behind = " " if (end + after)[:1].isalnum() and not _is_isotope(before, after) else ""
    return start + apart + inner.translate(_MARKS) + end + behind


# Commas and dashes between the numbers of notes stay as they are.
_MARKS = {key: value for key, value in _SUPER.items() if chr(key).isalnum()}


def _is_exponent(before: str, text: str, after: str) -> bool:
    if not before or before[-1].isspace():
        return False
    if _SIGNED.fullmatch(text):
        return True
    if text == "1" or not _POWER.fullmatch(text):
        return False
    if _BASE.search(before):
        return True
    if text in ("2", "3", "4") and (_LENGTH.search(before) or _UNIT.search(before)):
        return True
    return bool(_NUMBER.search(before) and _OPERATOR.match(after))


def _is_isotope(before: str, after: str) -> bool:
    """Whether a number stands before the sign of a chemical element: ¹⁴C."""
    return not before.strip() and bool(re.match(r"[A-Z][a-z]?(?![a-z])", after))


def superscript(text: str) -> str:
    """An exponent as characters, or behind ``^`` where there are none for it.

    >>> superscript("-3"), superscript("n+1"), superscript("0.5"), superscript("a/b")
    ('⁻³', 'ⁿ⁺¹', '^0.5', '^(a/b)')
    """
    raised = text.translate(_SUPER)
    if all(ord(character) in _SUPER for character in text) and not re.search(r"[a-z]{2}", text):
        return raised
    return f"^{text}" if re.fullmatch(r"[\w.,]+", text) else f"^({text})"


def subscript(text: str) -> str:
    """An index as characters, or behind ``_`` where there are none for it.

    >>> subscript("2"), subscript("max"), subscript("i, j")
    ('₂', '_max', '_(i, j)')
    """
    if all(ord(character) in _SUB for character in text):
        return text.translate(_SUB)
    return f"_{text}" if re.fullmatch(r"[\w.]+", text) else f"_({text})"
