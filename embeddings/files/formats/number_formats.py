"""Number formats of spreadsheets: a stored value as the cell shows it.

No library does it: openpyxl gives the value and its format apart, python-calamine the value alone.
The codes are those of Office Open XML, 18.8.31; what is rarer than them shows as the plain number.
https://ecma-international.org/publications-and-standards/standards/ecma-376/
"""

import re
from datetime import date, datetime, time, timedelta

_BRACKETS = re.compile(r"\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]")
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|_.|\*.')
_PLACES = re.compile(r"[#0?][#0?,]*(?:\.[#0?]*)?|\.[#0?]+")
_DATE_PARTS = re.compile(r"yy(?:yy)?|m+|d+|h+|s+(?:\.0+)?|AM/PM|A/P", re.IGNORECASE)
_LONGEST_FORMAT = 200
_MOST_DECIMALS = 15
_PRIVATE = 0xE000


def displayed(value: object, code: str) -> str:
    """A cell's value as its number format shows it; numbers in English notation.

    >>> displayed(0.256, "0.0%"), displayed(1234.5, '#,##0.00 "€"'), displayed(7.0, "General")
    ('25.6%', '1,234.50 €', '7')
    >>> displayed(datetime(2024, 3, 5), "d mmm yyyy"), displayed(datetime(2024, 3, 5), "mm-dd-yy")
    ('5 Mar 2024', '2024-03-05')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime | date | time):
        return _date(value, code)
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, int | float):
        return _number(value, code)
    return str(value)


def _number(value: float, code: str) -> str:
    sections = code[:_LONGEST_FORMAT].split(";")
    negative = value < 0
    section = sections[0]
    if negative and len(sections) > 1 and sections[1].strip():
        section, value = sections[1], -value
    elif value == 0 and len(sections) > 2:
        section = sections[2]
    pattern, literals = _apart(_BRACKETS.sub(lambda found: f'"{found[1] or ""}"', section))
    places = _PLACES.search(pattern)
    if not places or "General" in pattern or "/" in pattern or re.search("[eE][+-]", pattern):
        return plain(-value if negative and section is not sections[0] else value)
    percent = pattern.count("%")
    shown = _digits(value * 100**percent, places[0])
    rest = re.sub(r"[#0?,]+", "", pattern[places.end() :])
    text = pattern[: places.start()] + shown + rest
    return " ".join(text.translate(literals).split())


def _apart(pattern: str) -> tuple[str, dict[int, str]]:
    """A format with a character in place of each literal, and what these stand for.

    Literals may hold characters that mean something: the "d" of "de", a full stop.
    """
    literals: dict[int, str] = {}

    def keep(found: re.Match[str]) -> str:
        place = _PRIVATE + len(literals)
        literals[place] = found[1] or found[2] or ""
        return chr(place)

    return _LITERAL.sub(keep, pattern), literals


def _digits(value: float, places: str) -> str:
    whole, _, fraction = places.partition(".")
    scale = len(whole) - len(whole.rstrip(","))
    least = min(fraction.count("0"), _MOST_DECIMALS)
    most = min(len(fraction), _MOST_DECIMALS)
    grouped = "," if "," in whole.rstrip(",") else ""
    text = f"{value / 1000**scale:{grouped}.{most}f}"
    while most > least and text.endswith("0"):
        text, most = text[:-1], most - 1
    text = text.removesuffix(".")
    # Leading zeros, as in "007".
    wanted = whole.replace(",", "").count("0")
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    head, point, tail = digits.partition(".")
    if not grouped and len(head) < wanted <= 30:
        head = head.rjust(wanted, "0")
    return f"{sign}{head}{point}{tail}"


def plain(value: float) -> str:
    """A number without a format, with at most ten significant digits as spreadsheets show it."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return f"{value:.10g}"


def _date(value: datetime | date | time, code: str) -> str:
    pattern, literals = _apart(_BRACKETS.sub("", code.split(";")[0][:_LONGEST_FORMAT]))
    parts = _DATE_PARTS.findall(pattern)
    named = any(part.lower().startswith("mmm") for part in parts)
    years = any(part.lower().startswith("yyyy") for part in parts)
    if not isinstance(value, time) and not named and not years:
        # Two digits for the year, or the system's own order: which is the month nobody can tell.
        whole = isinstance(value, datetime) and value.time() != time()
        return (
            value.isoformat(" ", "minutes")
            if whole and isinstance(value, datetime)
            else (f"{value:%Y-%m-%d}")
        )
    halves = any(part.upper() in ("AM/PM", "A/P") for part in parts)
    before = ""

    def put(found: re.Match[str]) -> str:
        nonlocal before
        part = found[0].lower()
        minutes = part in ("m", "mm") and (
            before.startswith("h") or pattern[found.end() :].lstrip(":. ").lower().startswith("s")
        )
        before = part
        return (
            value.strftime(_directive(part, minutes, halves)).lstrip("0" if len(part) == 1 else "")
            or "0"
        )

    return " ".join(_DATE_PARTS.sub(put, pattern).translate(literals).split())


def _directive(part: str, minutes: bool, halves: bool) -> str:
    """The directive of ``strftime`` for a part of a date format."""
    if part.startswith("a"):
        return "%p"
    if part.startswith("s"):
        return "%S"
    if part.startswith("h"):
        return "%I" if halves else "%H"
    if minutes:
        return "%M"
    if part.startswith("y"):
        return "%Y" if len(part) > 2 else "%y"
    names = {"m": ("%m", "%b", "%B"), "d": ("%d", "%a", "%A")}[part[0]]
    return names[max(0, min(len(part), 4) - 2)]
