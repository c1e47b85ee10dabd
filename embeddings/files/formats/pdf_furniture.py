"""Parts of a PDF that are no content: contents pages, indexes and lists of references.

They are shown, but neither searched nor read. In doubt a part is content.
"""

import re
from collections.abc import Callable, Sequence
from typing import Protocol

from embeddings.files.formats.leaders import are_in_order

_CONTENTS = re.compile(
    r"(?:table of )?contents|list of (?:figures|tables)|inhalt(?:sverzeichnis)?|sommaire"
    r"|table des matières|índice(?: general)?|indice|innhold|innehåll|indhold|inhoud(?:sopgave)?",
    re.IGNORECASE,
)
_INDEX = re.compile(r"(?:subject |general |name )?index|(?:stich|sach)wortverzeichnis", re.I)
_REFERENCES = re.compile(
    r"(?:[\dIVX]{1,4}[.)]?\s+)?(?:references(?: cited)?|bibliography|works cited|literature cited"
    r"|literatur(?:verzeichnis)?|bibliographie|referencias|bibliografía|riferimenti|bibliografia"
    r"|referanser|referenser|literaturliste)[.:]?",
    re.IGNORECASE,
)
_LEADERS = re.compile(r"(?:\.\s?|·\s?|…\s?|_){4}")
_CONTENTS_LINE = re.compile(r".*\D(?:\.\s?|…\s?|·\s?|_|\s)\s*(?:\d{1,4}|[ivxl]{1,6})", re.DOTALL)
_PAGES = re.compile(r"[^\d]*[\w)'’”\]][,.]?\s+\d{1,4}(?:[-–,\s]+\d{1,4})*(?:\s.*|$)", re.DOTALL)
_YEAR = re.compile(r"\b(?:1[89]|20)\d\d[a-z]?\b")
_SOURCE = re.compile(r"https?://|\bdoi\b|\bISBN\b|\b(?:pp?|vol|eds?)\.\s")
_NUMBERED = re.compile(r"[-•]?\s*(?:\[[\w+., ]{1,20}\]|\(?\d{1,3}[.)]?\s)")
# Chosen by hand; none is fitted.
_MIN_LINES = 3  # least lines of contents with leaders in a row
_MOST = 0.45  # share of the lines below such a heading that look like entries


class Part(Protocol):
    """A block of text before it is added to the document."""

    kind: str
    text: str
    level: int


def mark_furniture(parts: Sequence[Part]) -> None:
    """Set the kind of what is no content to ``furniture``."""
    _mark_leaders(parts)
    for at, part in enumerate(parts):
        name = " ".join(part.text.split())
        if part.kind not in ("heading", "paragraph") or len(name) > 60:
            continue
        if _CONTENTS.fullmatch(name):
            _mark_contents(parts, at)
        elif _REFERENCES.fullmatch(name):
            _mark_below(parts, at, _is_reference)
        elif _INDEX.fullmatch(name) and at > len(parts) / 2:
            _mark_below(parts, at, _is_index)


def _mark_leaders(parts: Sequence[Part]) -> None:
    """Runs of lines with dots that lead to a page number."""
    run: list[Part] = []
    lines: list[str] = []
    for part in [*parts, None]:
        found = [
            line
            for line in (part.text.split("\n") if part is not None else [])
            if _LEADERS.search(line) and _CONTENTS_LINE.fullmatch(line)
        ]
        if part is not None and found and 2 * len(found) >= part.text.count("\n") + 1:
            run.append(part)
            lines += found
            continue
        if len(lines) >= _MIN_LINES and are_in_order(lines):
            for each in run:
                each.kind, each.level = "furniture", 0
        run, lines = [], []


def _mark_contents(parts: Sequence[Part], at: int) -> None:
    """What stands below a heading of contents, as long as it ends in page numbers."""
    entries: list[Part] = []
    for part in parts[at + 1 :]:
        lines = part.text.split("\n")
        found = sum(bool(_CONTENTS_LINE.fullmatch(line)) for line in lines)
        if part.kind != "furniture" and 2 * found < len(lines):
            break
        entries.append(part)
    if len(entries) >= _MIN_LINES or any("\n" in part.text for part in entries):
        for part in (parts[at], *entries):
            part.kind, part.level = "furniture", 0


def _mark_below(parts: Sequence[Part], at: int, is_entry: Callable[[str], bool]) -> None:
    """The entries below a heading up to the next heading, if most look like such."""
    heading = parts[at]
    entries: list[Part] = []
    for part in parts[at + 1 :]:
        if part.kind == "heading" and not is_entry(part.text):
            break
        entries.append(part)
    while entries and not is_entry(entries[-1].text):
        entries.pop()
    lines = [line for part in entries for line in part.text.split("\n")]
    like = sum(map(is_entry, lines))
    if not entries or like < _MOST * len(lines):
        return
    for part in entries:
        part.kind, part.level = "furniture", 0
    heading.kind, heading.level = "furniture", 0


def _is_reference(text: str) -> bool:
    return bool(_YEAR.search(text) or _NUMBERED.match(text) or _SOURCE.search(text))


def _is_index(text: str) -> bool:
    return len(text) < 30 or bool(_PAGES.fullmatch(text))
