"""Pages of a text file: where they begin, without the lines that run through all of them.

Form feeds part pages; where there are none, lines with a page number do. A line at a page's edge
runs if it comes back on other pages word for word and stands apart, or if it differs in a number
that counts the pages. Totals and the like differ in a number, too, and stay.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from embeddings.files.formats.running_text import tells_contact

_EDGE_LINES = 3
_FEWEST_PAGES = 3
_LONGEST_RUNNING_LINE = 150
_FULL_LINE = 40

_WORD = re.compile(r"\d+|\w+")
_NUMBER = re.compile(r"\d{1,9}|[ivxl]{1,6}")
_DIGITS = r"(?:\d{1,5}|[ivxl]{1,6})"
_NUMBERED_PAGE = re.compile(
    rf"(?:^|\s|\[)page\s+({_DIGITS})(?:\s*(?:of|/)\s*\d+)?\W*$|^\W*page\s+({_DIGITS})\b(?=\W*$|\W?\s{{3}})"
    rf"|(?:^|\s)[-–—]\s?({_DIGITS})\s?[-–—](?=\s|$)",
    re.IGNORECASE,
)
_NUMBER_APART = re.compile(
    rf"^\W*{_DIGITS}\W*$|\s{{3,}}\W*{_DIGITS}\W*$|^\W*{_DIGITS}\W*\s{{3,}}|\b\d+\s*(?:/|of)\s*\d+\W*$"
)
_COLUMNS = re.compile(r"\S\s{3,}\S.*\S\s{3,}\S")
_SENTENCE_END = re.compile(r"[.!?:;…。！？][\"'”’»)\]]*$")
_BEGINS_ANEW = re.compile(r"(?:[-*•–o]|\(?(?:\d{1,3}|[a-z]|[ivx]+)[.)]|\d+(?:\.\d+)+\.?)\s")
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50}


@dataclass(slots=True)
class Page:
    """Lines of one page, and what is printed on it as its number."""

    lines: list[str]
    label: str = ""


def pages_of(text: str) -> list[Page]:
    r"""The pages of a text, without running lines; one page if there is no sign of more.

    >>> text = "".join(f"Head\n\nText {'abcd'[n]}\n\n[Page {n + 4}]\n\f" for n in range(4))
    >>> [(page.label, " ".join(page.lines).split()) for page in pages_of(text)][1]
    ('5', ['Text', 'b'])
    """
    parts = text.rstrip("\f\n ").split("\f")
    if len(parts) > 1:
        pages = [Page(part.split("\n")) for part in parts]
    else:
        pages = [Page(lines) for lines in _parted_at_numbers(text.split("\n"))]
    if len(pages) >= _FEWEST_PAGES:
        _remove_running_lines(pages)
    return pages


def joined(pages: Sequence[Page]) -> tuple[list[str], list[tuple[int, str]]]:
    """All lines, and for each page the index of its first line and its label.

    A blank line parts two pages unless a sentence goes on from one to the other.
    """
    lines: list[str] = []
    starts: list[tuple[int, str]] = []
    for page in pages:
        first = next((at for at, line in enumerate(page.lines) if line.strip()), len(page.lines))
        body = page.lines[first:]
        while body and not body[-1].strip():
            body.pop()
        if lines and body and not _goes_on(lines[-1], body[0]):
            lines.append("")
        starts.append((len(lines), page.label))
        lines += body
    return lines, starts


def _parted_at_numbers(lines: list[str]) -> Iterator[list[str]]:
    """The lines, parted behind those that count pages."""
    found = [
        (at, _value(next(filter(None, match.groups()))))
        for at, line in enumerate(lines)
        if len(line) <= _LONGEST_RUNNING_LINE and (match := _NUMBERED_PAGE.search(line))
    ]
    steps = [after[1] - before[1] for before, after in pairwise(found)]
    start = 0
    if len(found) >= _FEWEST_PAGES and steps.count(1) >= 0.8 * len(steps):
        for at, _ in found:
            yield lines[start : at + 1]
            start = at + 1
    if start == 0 or any(line.strip() for line in lines[start:]):
        yield lines[start:]


@dataclass(frozen=True, slots=True)
class _Place:
    """A line at a page's edge."""

    page: int
    line: int
    text: str
    numbers: frozenset[int]
    apart: bool


def _remove_running_lines(pages: list[Page]) -> None:
    groups: dict[tuple[str, ...], list[_Place]] = defaultdict(list)
    for number, page in enumerate(pages):
        for at in _edges(page.lines):
            text = page.lines[at].strip()
            if len(text) <= _LONGEST_RUNNING_LINE:
                words = _WORD.findall(text)
                key = sorted("#" if _NUMBER.fullmatch(word) else word for word in words)
                numbers = frozenset(_value(word) for word in words if _NUMBER.fullmatch(word))
                place = _Place(number, at, text, numbers, _is_apart(page.lines, at))
                groups[tuple(key)].append(place)
    running: dict[int, dict[int, str]] = defaultdict(dict)
    for places in groups.values():
        on_pages = {place.page for place in places}
        if len(on_pages) >= _FEWEST_PAGES or _heads_all_but_the_first(places, pages):
            lines = list(_running(places, len(pages)))
            for place, label in lines:
                # Of what tells a contact the last one stays: nothing else may say it.
                if not tells_contact(place.text) or place.page < lines[-1][0].page:
                    running[place.page][place.line] = label
    emptied = sum(
        all(at in found for at, line in enumerate(pages[number].lines) if line.strip())
        for number, found in running.items()
    )
    for number, found in running.items():
        # Pages of which nothing would be left say the same, rather than have the same edges.
        same = 2 * emptied > len(pages)
        _clear(pages[number], {at: each for at, each in found.items() if each or not same})


def _heads_all_but_the_first(places: Sequence[_Place], pages: Sequence[Page]) -> bool:
    """Whether lines are the same, and the first of each page but the document's own first one.

    So few pages tell little: only a line set in columns, as in an RFC, is taken for a head.
    """
    firsts = [
        (number, next((at for at, line in enumerate(page.lines) if line.strip()), -1))
        for number, page in enumerate(pages)
    ]
    same = len({place.text for place in places}) == 1 and bool(_COLUMNS.search(places[0].text))
    return same and [(place.page, place.line) for place in places] == firsts[1:]


def _edges(lines: Sequence[str]) -> set[int]:
    """Indexes of the first and last lines that are not blank."""
    found: set[int] = set()
    for order in (range(len(lines)), range(len(lines) - 1, -1, -1)):
        count = 0
        for at in order:
            if lines[at].strip():
                found.add(at)
                count += 1
                if count == _EDGE_LINES:
                    break
    return found


def _is_apart(lines: Sequence[str], at: int) -> bool:
    """Whether a blank line parts a line, and others like it at the edge, from the page's text."""

    def ends(step: int) -> bool:
        near = at + step
        for _ in range(_EDGE_LINES):
            if not 0 <= near < len(lines) or not lines[near].strip():
                return True
            near += step
        return False

    others = any(line.strip() for place, line in enumerate(lines) if place != at)
    return others and ends(1) and ends(-1)


def _running(places: list[_Place], pages: int) -> Iterator[tuple[_Place, str]]:
    """Those of some lines with the same words that run, each with the page's number."""
    common = frozenset.intersection(*(place.numbers for place in places))
    if all(place.numbers == common for place in places):
        if len(places) > 0.3 * pages:
            yield from ((place, "") for place in places if place.apart)
        return
    # A page's own number may be among those that all lines have: 13 in "August 13, 1982".
    offsets = [
        {number - place.page for number in (place.numbers - common or common)} for place in places
    ]
    counted = [
        any(offsets[at] & offsets[near] for near in (at - 1, at + 1) if 0 <= near < len(places))
        for at in range(len(places))
    ]
    if sum(counted) < 0.7 * len(places):
        return
    if all(
        _NUMBERED_PAGE.search(place.text) or _NUMBER_APART.search(place.text) for place in places
    ):
        for place in places:
            varying = place.numbers - common
            yield place, _printed(place.text, varying)


def _printed(text: str, numbers: frozenset[int]) -> str:
    """The only one of the numbers as it is printed; empty if there are several."""
    words = [
        word for word in _WORD.findall(text) if _NUMBER.fullmatch(word) and _value(word) in numbers
    ]
    return words[0] if len(words) == 1 else ""


def _clear(page: Page, running: dict[int, str]) -> None:
    """Blank the running lines from each edge of the page up to its text."""
    for order in (range(len(page.lines)), range(len(page.lines) - 1, -1, -1)):
        for at in order:
            if not page.lines[at].strip():
                continue
            if at not in running:
                break
            page.lines[at] = ""
            page.label = page.label or running[at]


def _value(number: str) -> int:
    """The value of decimal or small Roman digits."""
    if number.isdecimal():
        return int(number)
    values = [_ROMAN.get(digit, 0) for digit in number.lower()]
    return sum(
        -value if value < after else value
        for value, after in zip(values, [*values[1:], 0], strict=True)
    )


def _goes_on(above: str, below: str) -> bool:
    """Whether what ends a page and what begins the next belong to one paragraph."""
    last, first = above.strip(), below.strip()
    if last[:1] in "|+" and first[:1] in "|+":
        return True
    if _SENTENCE_END.search(last) or _BEGINS_ANEW.match(first) or len(last) < _FULL_LINE:
        return False
    same = abs(len(above) - len(above.lstrip()) - (len(below) - len(below.lstrip()))) <= 1
    return same or first[:1].islower()
