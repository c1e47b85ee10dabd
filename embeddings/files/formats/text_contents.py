"""Contents pages, reference lists and line numbers of plain text: what is there to find other text.

Contents are told by their leaders or page numbers, and reference lists by their heading and their
bracketed labels; all else stays.
"""

import re
from collections.abc import Sequence
from itertools import islice, pairwise

from embeddings.files.formats import text_lines
from embeddings.files.formats.leaders import are_in_order
from embeddings.files.formats.text_lines import Chunk

_LEADERS = re.compile(
    r"(?:\.{4,}|(?:\. ){3,}\.?|(?:_{4,})|…{2,})\s*(?:\d{1,4}|[ivxl]{1,6}|\d+-\d+)$"
)
# Contents have no longer lines; the pattern takes quadratic time in the length.
_WIDEST_LINE = 300
# Fewer lines with leaders, below no heading of contents, are content. Chosen by hand.
_FEWEST_LED = 3
_NUMBER_AT_END = re.compile(r"\S\s{2,}(?:\d{1,4}|[ivxl]{1,6})$")
_CONTENTS_HEADING = re.compile(r"(?:table of )?contents|list of (?:figures|tables)|index", re.I)
_REFERENCES_HEADING = re.compile(
    r"(?:appendix )?(?:[\dA-Z]+(?:\.\d+)*\.?:?\s+)?(?:(?:normative|informative|general)\s+)?"
    r"(?:references|bibliography|literature|literatur)(?: and notes)?",
    re.IGNORECASE,
)
_ENTRY = re.compile(r"\s*\[[\w.+\-/: ]{1,40}\]")
_ENTRY_TITLE = re.compile(
    r"\s*(?:\d+(?:\.\d+)*\.?|[A-Z](?:\.\d+)*\.|[IVX]{1,5}\.|Appendix [A-Z])\s+\S"
)


class Contents:
    """Which chunks are contents or references, told in reading order."""

    def __init__(self) -> None:
        self.below_contents = False
        self.below_references = False
        self.in_contents = False

    def holds(self, chunk: Chunk, following: Chunk | None) -> bool:
        """Whether a chunk is contents or references; call it once for each."""
        text = chunk.text
        if len(chunk.lines) == 1 and _CONTENTS_HEADING.fullmatch(text):
            self.below_contents = following is not None and _is_list_of_sections(following.lines)
            self.in_contents = self.below_contents
            return self.below_contents
        if len(chunk.lines) == 1 and _REFERENCES_HEADING.fullmatch(text):
            begins = following is not None and _begins_references(following)
            self.below_references = begins
            return begins
        self.in_contents = self._goes_on(chunk, following)
        if self.in_contents:
            return True
        if self.below_contents and _is_list_of_sections(chunk.lines):
            self.below_contents = len(chunk.lines) == 1
            return True
        self.below_contents = False
        if self.below_references:
            self.below_references = bool(_ENTRY.match(chunk.lines[0])) or not (
                text_lines.heading_level(chunk) or chunk.indent == 0
            )
        return self.below_references

    def _goes_on(self, chunk: Chunk, following: Chunk | None) -> bool:
        """Whether lines lead to pages: alone only among others, for prices have leaders, too."""
        if not _is_contents(chunk.lines):
            return False
        led = [line for line in chunk.lines if _is_led(line)]
        if self.in_contents:
            return True
        if len(led) == 1 and following is not None and _is_contents(following.lines):
            led += filter(_is_led, following.lines)
        return len(led) >= _FEWEST_LED and are_in_order(led)


def _begins_references(chunk: Chunk) -> bool:
    return bool(_ENTRY.match(chunk.lines[0]) or _REFERENCES_HEADING.fullmatch(chunk.text))


def _is_contents(lines: Sequence[str]) -> bool:
    """Whether most lines lead to a page number."""
    led = sum(map(_is_led, lines))
    return led > 0 and 2 * led >= len(lines)


def _is_led(line: str) -> bool:
    """Whether dots lead to a number."""
    return len(line) <= _WIDEST_LINE and bool(_LEADERS.search(line))


def _is_list_of_sections(lines: Sequence[str]) -> bool:
    """Whether lines behind the heading of contents name sections or pages."""
    named = sum(
        _is_led(line) or bool(_NUMBER_AT_END.search(line) or _ENTRY_TITLE.match(line))
        for line in lines
    )
    single = len(lines) == 1 and not (_is_led(lines[0]) or _NUMBER_AT_END.search(lines[0]))
    return not single and 3 * named >= 2 * len(lines)


_NUMBERED_LINE = re.compile(r"\s{0,8}(\d{1,5})(?:(\s{2,}|\t| (?=\S))(.*))?")
_FEWEST_NUMBERED = 20


def without_line_numbers(lines: list[str]) -> list[str]:
    """The lines without the numbers before them, if a draft has its lines numbered."""
    sample = list(islice(filter(str.strip, lines), 10 * _FEWEST_NUMBERED))
    if sum(bool(_NUMBERED_LINE.fullmatch(line.rstrip())) for line in sample) < len(sample) // 6:
        return lines
    filled = [(at, line) for at, line in enumerate(lines) if line.strip()]
    numbered = [
        (at, place, match)
        for place, (at, line) in enumerate(filled)
        if (match := _NUMBERED_LINE.fullmatch(line.rstrip()))
    ]
    if len(numbered) < max(_FEWEST_NUMBERED, len(filled) // 6):
        return lines
    steady = sum(
        int(after[2][1]) - int(before[2][1]) in (after[0] - before[0], after[1] - before[1])
        for before, after in pairwise(numbered)
    )
    # Numbers before the rows of a list or table are content: prose goes on in small letters.
    flowing = sum((match[3] or "").lstrip()[:1].islower() for _, _, match in numbered)
    if steady < 0.9 * (len(numbered) - 1) or flowing < 0.3 * len(numbered):
        return lines
    kept = list(lines)
    for at, _, match in numbered:
        kept[at] = match[3] or ""
    return kept
