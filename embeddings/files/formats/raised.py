"""Raised and lowered text as plain characters: exponents, indices, and the marks of footnotes.

"4,310²" is a number and the mark of a footnote, "10⁶" is one number: which of both it is, is told
from what stands before it. The rules were chosen by hand.
"""

import re

LONGEST = 30
"""Characters of raised or lowered text; what is longer is small print and no mark."""

BASE_CHARACTERS = 24
"""How much of the text before raised text is looked at."""

_RAISED = dict(zip("0123456789+-−=()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾", strict=True))
_RAISED_LETTERS = dict(zip("abcdefghijklmnoprstuvwxyz", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", strict=True))
_LOWERED = dict(zip("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎", strict=True))
_LOWERED_LETTERS = dict(zip("aehijklmnoprstuvx", "ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))

_NOTE = re.compile(r"\[?\(?(?:\d{1,3}|[a-z])\)?\]?(?:[,;\s]+\[?\(?(?:\d{1,3}|[a-z])\)?\]?)*")
_MARK = re.compile(r"\d+|[a-z]")
_NUMBER = re.compile(r"(?<![\w.,])[-+−]?(\d[\d.,\u2009\u202f\u00a0]*)[%€$£]?$")
_WORD = re.compile(r"[^\W\d_]+$")
# What is squared and cubed; what is weighed is not.
_POWERED = frozenset("m mm cm dm km nm µm μm pm ft in yd mi s ms h min V A K T c kV mV mA".split())
_ORDINAL = re.compile(
    r"(?:st|nd|rd|th|er|re|e|ère|ème|o|a|os|as|º|ª|te|de|me|lle|tm|sm|®|™|©)", re.I
)


def raised(base: str, text: str) -> str:
    """What raised text reads as behind ``base``, the text before it.

    >>> "10" + raised("10", "6"), "25 m" + raised("25 m", "2"), "x" + raised("x", "n+1")
    ('10⁶', '25 m²', 'x^(n+1)')
    >>> "4,310" + raised("4,310", "2"), "120 kg" + raised("120 kg", "3"), "1" + raised("1", "st")
    ('4,310 [2]', '120 kg [3]', '1st')
    """
    text = " ".join(text.split())
    if not text or len(text) > LONGEST:
        return f" {text} " if text else ""
    if is_note(base, text):
        return note(text)
    if _ORDINAL.fullmatch(text) and base[-1:].isalnum() and not _is_symbol(base):
        return text
    if not text[0].isalnum() and len(text) == 1 and text not in _RAISED:
        return text  # An asterisk, a dagger, a degree sign.
    return _as(text, _RAISED, _RAISED_LETTERS, "^")


def lowered(text: str) -> str:
    """What lowered text reads as.

    >>> "CO" + lowered("2"), "x" + lowered("i"), "V" + lowered("out"), "a" + lowered("i, j")
    ('CO₂', 'xᵢ', 'V_out', 'a_(i, j)')
    """
    text = " ".join(text.split())
    if not text or len(text) > LONGEST:
        return f" {text} " if text else ""
    return _as(text, _LOWERED, _LOWERED_LETTERS, "_")


def note(text: str) -> str:
    """The mark of a footnote, apart from the word before it.

    >>> note("3"), note("[3]"), note("1, 2"), note("*")
    (' [3]', ' [3]', ' [1] [2]', ' [*]')
    """
    marks = _MARK.findall(text) if _NOTE.fullmatch(text) else [text.strip().strip("[]()")]
    return "".join(f" [{mark}]" for mark in marks if mark)


def is_note(base: str, text: str) -> bool:
    """Whether raised text is the mark of a footnote rather than an exponent.

    >>> is_note("4,310", "2"), is_note("58", "1"), is_note("word", "7"), is_note("10", "6")
    (True, True, True, False)
    """
    if not _NOTE.fullmatch(text):
        return False
    base = base[-BASE_CHARACTERS:].rstrip("\u200b")
    if not base.strip() or not base[-1].isalnum():
        # Behind a sentence, or a bracket: "(a + b)²".
        return base[-1:] not in (")", "]", "|", "′", "'")
    number = _NUMBER.search(base)
    if number:
        digits = number[1]
        return not digits.isdecimal() or len(digits) > 2 or text == "1" or text.isalpha()
    return not _is_symbol(base)


def _is_symbol(base: str) -> bool:
    """Whether text ends with a variable, or with a unit that has powers."""
    word = _WORD.search(base)
    return word is not None and (len(word[0]) == 1 or word[0] in _POWERED)


def _as(text: str, marks: dict[str, str], letters: dict[str, str], sign: str) -> str:
    if all(character in marks for character in text):
        return "".join(marks[character] for character in text)
    if len(text) == 1 and text in letters:
        return letters[text]
    if all(character in marks or character in letters for character in text) and len(text) == 2:
        return "".join(marks.get(character) or letters[character] for character in text)
    return f"{sign}{text}" if text.isalpha() and sign == "_" else f"{sign}({text})"
