"""Numerals of lists, notes and headings: ii, B, 3rd, Twenty-first."""

import re

_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l")),
    *((40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_LARGEST = 3999  # in Roman numerals; what is larger is written in digits
_LETTER_REPEATS = 30
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth"}
_ORDINALS |= {"eight": "eighth", "nine": "ninth", "twelve": "twelfth"}


def formatted(number: int, format: str) -> str:
    """A number in a format of ISO 29500-1, 17.18.59; in digits if it is not known here.

    >>> [formatted(28, name) for name in ("lowerLetter", "upperRoman", "ordinalText")]
    ['bb', 'XXVIII', 'Twenty-eighth']
    """
    if number < 0 or format in ("none", "bullet"):
        return "" if format in ("none", "bullet") else str(number)
    if format in ("lowerLetter", "upperLetter") and 0 < number <= 26 * _LETTER_REPEATS:
        letters = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letters.upper() if format == "upperLetter" else letters
    if format in ("lowerRoman", "upperRoman") and 0 < number <= _LARGEST:
        return _roman(number).upper() if format == "upperRoman" else _roman(number)
    if format == "decimalZero":
        return f"{number:02}"
    if format == "ordinal":
        ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 * (number // 10 % 10 != 1), "th")
        return f"{number}{ending}"
    if format in ("cardinalText", "ordinalText") and number < 100:
        return _in_words(number, format == "ordinalText")
    return str(number)


def _roman(number: int) -> str:
    parts = []
    for value, letters in _ROMAN:
        parts.append(letters * (number // value))
        number %= value
    return "".join(parts)


def _in_words(number: int, ordinal: bool) -> str:
    words = [_ONES[number]] if number < 20 else [_TENS[number // 10 - 2]]
    if number >= 20 and number % 10:
        words.append(_ONES[number % 10])
    if ordinal:
        last = words[-1]
        words[-1] = _ORDINALS.get(last) or re.sub("y$", "ie", last) + "th"
    return "-".join(words).capitalize()
