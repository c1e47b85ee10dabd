"""Agreement: whether two short answers mean the same, in whatever notation."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from qa.text import STOP_WORDS, stem

Kind = Literal["number", "name", "words"]

_MONTHS = {
    name: f"month {number}"
    for names in (
        "January February March April May June July August September October November December",
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    )
    for number, name in enumerate(names.split(), start=1)
}
_UNITS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: 10 * number
    for number, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2
    )
}
_ORDINALS = {
    word: number
    for number, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(),
        start=1,
    )
}
_LARGE = {"hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9}

UNITS = frozenset(
    stem(word)
    for word in (
        "dollar euro pound crown franc yen yuan rouble rupee tenge percent degree second minute "
        "hour day week month year millimetre centimetre metre kilometre millimeter centimeter "
        "meter kilometer inch foot feet yard mile hectare acre gram kilogram ton tonne ounce litre "
        "liter gallon watt kilowatt megawatt volt ampere byte kilobyte megabyte gigabyte terabyte"
    ).split()
)
"""Stems of units: equal numbers of different units are different amounts."""

_ISO_DATE = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
_DOTTED_DATE = re.compile(r"\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b")
_THOUSANDS = re.compile(r"(?<![\d.])\d{1,3}(?:[, ]\d{3})+(?!\d)")
_ORDINAL = re.compile(r"\b(\d+)(?:st|nd|rd|th)\b")
_CLOCK = re.compile(r"\b(\d{1,2})(?:[:.](\d{2}))? ?([ap])\.?m\b\.?", re.I)
_TOKEN = re.compile(r"(?<![\w.])[-−]?\d+(?:\.\d+)?|\d+(?:\.\d+)?|[^\W\d_]+")
_DIGITS = re.compile(r"[-−]?\d")
_NEGATION = re.compile(r"\b(?:not|never|nobody|none|cannot)\b|n['’]t\b", re.I)

MIN_OVERLAP = 0.6
"""Share of words in common (Jaccard) from which answers without numbers agree. Chosen by hand; not
fitted."""


@dataclass(frozen=True, slots=True)
class Statement:
    """The content of an answer, free of its notation.

    Attributes:
        numbers: Its numbers; months are numbers too.
        words: The stems of its other words that carry meaning.
        kind: Whether it gives a number, a name or neither.
        negated: Whether it holds a negation.
    """

    numbers: frozenset[str]
    words: frozenset[str]
    kind: Kind
    negated: bool


def agree(one: str, other: str) -> bool:
    """Whether two answers mean the same, or the longer one includes the shorter.

    >>> agree("1,000 tons", "1000"), agree("7 February 2024", "2024-02-07"), agree("six", "6")
    (True, True, True)
    >>> agree("50 tons", "60 tons"), agree("3 March", "3 April"), agree("Astana", "Almaty")
    (False, False, False)
    """
    left, right = statement(one), statement(other)
    if left.negated != right.negated or bool(left.numbers) != bool(right.numbers):
        return False
    if left.numbers:
        units = left.words & UNITS, right.words & UNITS
        if all(units) and units[0].isdisjoint(units[1]):
            return False
        return _either_includes(left.numbers, right.numbers)
    if _either_includes(left.words, right.words) or _abbreviates(one, other):
        return True
    common, union = left.words & right.words, left.words | right.words
    return len(common) >= MIN_OVERLAP * len(union)


def statement(text: str) -> Statement:
    """The content of an answer."""
    normalised = unicodedata.normalize("NFKC", text)
    tokens = _TOKEN.findall(_uniform_notation(normalised))
    numbers: set[str] = set()
    words: set[str] = set()
    at = 0
    while at < len(tokens):
        used, value = _number(tokens[at:])
        word = tokens[at].lower()
        if used:
            numbers.add(value)
        elif tokens[at] in _MONTHS:
            numbers.add(_MONTHS[tokens[at]])
        elif word not in STOP_WORDS:
            words.add(stem(word))
        at += max(1, used)
    kind: Kind = "words"
    if numbers:
        kind = "number"
    elif re.search(r"\b[A-Z]", normalised):
        kind = "name"
    return Statement(frozenset(numbers), frozenset(words), kind, bool(_NEGATION.search(normalised)))


def _uniform_notation(text: str) -> str:
    """The text with its dates, times and large numbers in one notation each."""
    months = {value: name for name, value in reversed(_MONTHS.items())}

    def date(year: str, month: str, day: str) -> str:
        return f" {day} {months.get(f'month {int(month)}', month)} {year} "

    def clock(match: re.Match[str]) -> str:
        hour = int(match[1]) % 12 + (12 if match[3].lower() == "p" else 0)
        return f" {hour} {match[2] or ''} "

    text = _ISO_DATE.sub(lambda match: date(match[1], match[2], match[3]), text)
    text = _DOTTED_DATE.sub(lambda match: date(match[3], match[2], match[1]), text)
    text = _CLOCK.sub(clock, text)
    text = _THOUSANDS.sub(lambda match: re.sub(r"\D", "", match[0]), text)
    return _ORDINAL.sub(r"\1", text)


def _number(tokens: Sequence[str]) -> tuple[int, str]:
    """How many tokens at the beginning are one number, and its value; 0 if it is none."""
    total, current = Decimal(0), Decimal(0)
    used = 0
    before = ""
    for at, token in enumerate(tokens):
        word = token.lower()
        if at == 0 and _DIGITS.match(token):
            current, before = Decimal(token.replace("−", "-")), "digits"
        elif at == 0 and word in _ORDINALS:
            return 1, str(_ORDINALS[word])
        elif word in _LARGE and before:
            current *= _LARGE[word]
            if _LARGE[word] > 100:
                total, current = total + current, Decimal(0)
            before = "large"
        elif word in _TENS and before in ("", "large"):
            current, before = current + _TENS[word], "tens"
        elif word in _UNITS and (
            before in ("", "large") or (before == "tens" and 0 < _UNITS[word] < 10)
        ):
            current, before = current + _UNITS[word], "units"
        elif word == "and" and before == "large":
            continue
        else:
            break
        used = at + 1
    return used, f"{(total + current).normalize():f}" if used else ""


def _either_includes(one: frozenset[str], other: frozenset[str]) -> bool:
    return one <= other or other <= one


def _abbreviates(one: str, other: str) -> bool:
    """Whether the shorter holds the initials of the longer: "IOFS" for the full name."""
    short, long = sorted((one.strip(), other.strip()), key=len)
    letters = re.sub(r"\W", "", short)
    initials = "".join(re.findall(r"\b[A-Z]", long))
    return len(letters) > 1 and letters.isupper() and letters == initials
