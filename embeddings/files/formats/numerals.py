"""Numerals of lists, notes and headings: ii, B, 3rd, Twenty-first."""

import re
import string

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
_CIRCLED = "⓪①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_CHINESE = "零一二三四五六七八九"
_CHINESE_FORMATS = ("chineseCounting", "chineseCountingThousand", "japaneseCounting")
_RUSSIAN = "абвгдежзиклмнопрстуфхцчшщыэюя"
_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth"}
_ORDINALS |= {"eight": "eighth", "nine": "ninth", "twelve": "twelfth"}
_LETTERS = {
    "lowerLetter": string.ascii_lowercase,
    "upperLetter": string.ascii_uppercase,
    "russianLower": _RUSSIAN,
    "russianUpper": _RUSSIAN.upper(),
}


def formatted(number: int, format: str) -> str:
    """A number in a format of ISO 29500-1, 17.18.59; in digits if it is not known here.

    >>> [formatted(28, name) for name in ("lowerLetter", "upperRoman", "ordinalText")]
    ['bb', 'XXVIII', 'Twenty-eighth']
    """
    if format in ("none", "bullet"):
        return ""
    if number <= 0:
        return str(number)
    if format in _LETTERS:
        alphabet = _LETTERS[format]
        repeats = (number - 1) // len(alphabet) + 1
        letters = alphabet[(number - 1) % len(alphabet)] * repeats
        return letters if repeats <= _LETTER_REPEATS else str(number)
    if format in ("lowerRoman", "upperRoman") and number <= _LARGEST:
        return _roman(number).upper() if format == "upperRoman" else _roman(number)
    if format in ("cardinalText", "ordinalText") and number < 100:
        return _in_words(number, format == "ordinalText")
    if format in _CHINESE_FORMATS and number < 100:
        tens, ones = divmod(number, 10)
        return (
            (_CHINESE[tens] if tens > 1 else "") + "十" * (tens > 0) + _CHINESE[ones] * (ones > 0)
        )
    return _in_digits(number, format)


def _in_digits(number: int, format: str) -> str:
    if format == "decimalZero":
        return f"{number:02}"
    if format == "ordinal":
        ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 * (number // 10 % 10 != 1), "th")
        return f"{number}{ending}"
    if format.startswith("decimalEnclosedCircle") and number < len(_CIRCLED):
        return _CIRCLED[number]
    if format == "decimalEnclosedParen":
        return f"({number})"
    return f"- {number} -" if format == "numberInDash" else str(number)


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
