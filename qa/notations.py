"""Notations: other ways to write the dates and codes of a question.

Documents write 2024-03-05 where a question says "March 5, 2024", and E-217 where it says "E217".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MONTHS = (
    "january february march april may june july august september october november december"
).split()
"""Names of the months, in lower case."""

_MONTH = "|".join(f"{month}|{month[:3]}\\.?|sept\\.?" for month in MONTHS)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_DATES = (
    re.compile(rf"\b(?P<month>{_MONTH})\s+{_DAY},?\s+{_YEAR}\b", re.I),
    re.compile(rf"\b{_DAY}(?:\s+of)?\s+(?P<month>{_MONTH}),?\s+{_YEAR}\b", re.I),
    re.compile(rf"\b{_YEAR}-(?P<month>\d\d?)-(?P<day>\d\d?)\b"),
    re.compile(r"\b(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})\b"),
    re.compile(rf"\b(?P<month>{_MONTH})(?:\s+of)?,?\s+{_YEAR}\b", re.I),
)
# Letters and digits mixed, or parted by hyphens: E217, E-217, AX-4471-D, 0x80070057.
_CODE = re.compile(
    r"(?<![\w/-])(?=[\w/-]*\d)(?=[\w/-]*[A-Za-z])[A-Za-z0-9]+(?:[-_/][A-Za-z0-9]+)*(?![\w-])"
)
_RUN = re.compile(r"[A-Za-z]+|\d+")
_NO_LETTER_OR_DIGIT = re.compile(r"[-_/\s‐‑–]+")


@dataclass(frozen=True, slots=True)
class Date:
    """A day, or a month where ``day`` is none."""

    year: int
    month: int
    day: int | None

    def notations(self) -> Iterator[str]:
        """The date in the notations of tables and texts, in lower case without punctuation."""
        name = MONTHS[self.month - 1]
        if self.day is None:
            yield f"{self.year} {self.month:02}"
            yield f"{name} {self.year}"
            yield f"{name[:3]} {self.year}"
            return
        yield f"{self.year} {self.month:02} {self.day:02}"
        yield f"{self.day:02} {self.month:02} {self.year}"
        yield f"{self.month:02} {self.day:02} {self.year}"
        yield f"{self.day} {self.month} {self.year}"
        yield f"{self.month} {self.day} {self.year}"
        for month in (name, name[:3]):
            yield f"{month} {self.day} {self.year}"
            yield f"{self.day} {month} {self.year}"


def dates(text: str) -> list[Date]:
    """The dates in a text; impossible ones are left out.

    >>> dates("Snow on March 5, 2024 and in May 2023?")
    [Date(year=2024, month=3, day=5), Date(year=2023, month=5, day=None)]
    """
    found: dict[Date, None] = {}
    for pattern in _DATES:
        for match in pattern.finditer(text):
            parts = match.groupdict()
            day = int(parts["day"]) if parts.get("day") else None
            date = Date(int(parts["year"]), _month(parts["month"]), day)
            if 1 <= date.month <= 12 and (day is None or 1 <= day <= 31):
                found[date] = None
    days = {(date.year, date.month) for date in found if date.day is not None}
    return [date for date in found if date.day is not None or (date.year, date.month) not in days]


def _month(written: str) -> int:
    if written.isdecimal():
        return int(written)
    starts = [month[:3] for month in MONTHS]
    # Patterns that ignore case take a long s for an s.
    return starts.index(written[:3].casefold()) + 1


def codes(text: str) -> list[str]:
    """The codes in a text: words of letters and digits, also with hyphens.

    >>> codes("Does E-217 or AX-4471-D stop pump 3 in 2024?")
    ['E-217', 'AX-4471-D']
    """
    return list(dict.fromkeys(_CODE.findall(text)))


def code_key(code: str) -> str:
    """A code in the one form in which all ways of writing it are equal.

    >>> code_key("E-217"), code_key("E217"), code_key("e 217")
    ('e217', 'e217', 'e217')
    """
    return _NO_LETTER_OR_DIGIT.sub("", code).lower()


def other_notations(question: str) -> list[str]:
    """Words and phrases that the dates and codes of a question may stand as in a document.

    >>> other_notations("What does E217 mean?")
    ['e 217']
    >>> other_notations("Who came on 5 March 2024?")[:2]
    ['2024 03 05', '05 03 2024']
    """
    found = [notation for date in dates(question) for notation in date.notations()]
    for code in codes(question):
        found.append(" ".join(_RUN.findall(code.lower())))
        found.append(code_key(code))
    said = {question.lower(), *question.lower().split()}
    return [notation for notation in dict.fromkeys(found) if notation not in said]
