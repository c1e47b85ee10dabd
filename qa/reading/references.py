"""References: the text that a question names by its number or code alone is quoted.

"What does clause 2.2 say?" is answered with the text that begins with that number, "E217" with the
text below the heading E-217.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile

from qa.notations import code_key, codes
from qa.reading.reader import ReadAnswer, Span
from qa.reading.sentence_reader import answer_units
from qa.results import Hit
from qa.text import STOP_WORDS, terms

CONFIDENCE = 0.9
"""Of text that begins with what is asked for, in one document alone. Chosen by hand."""

MAX_HEADING_WORDS = 7
"""A unit of at most so many words is a heading; what follows it is quoted, too. Chosen by hand."""

MAX_FOLLOWING = 2
"""Units quoted below a heading. Chosen by hand."""

_REFERENCE = re.compile(
    r"(?:\b(clause|section|article|paragraph|chapter|rule|step|item|point|appendix|annex|part)"
    r"\b|(?<!§)§+)\s*(\d+(?:\.\d+)*[a-z]?|\([a-z\d]{1,4}\)|[ivxl]+\b|[A-Z]\b)",
    re.I,
)
_SAY = frozenset(
    "say says said state states provide provides contain contains regulate regulates require "
    "requires read reads content contents text show quote meaning about".split()
)


def read_reference(question: str, hits: Sequence[Hit]) -> list[ReadAnswer]:
    """What stands under the number or code, if the question names nothing else.

    Args:
        question: As asked.
        hits: The passages.
    """
    begins = _beginning(question)
    if begins is None:
        return []
    found: list[tuple[Span, ...]] = []
    for at, hit in enumerate(hits):
        units = answer_units(hit.text)
        for place, (start, end) in enumerate(units):
            if begins(hit.text[start:end]) and not _is_cut(hit.text, start):
                quoted = _with_text_below(hit.text, units[place:])
                found.append(tuple(Span(at, hit.start + a, hit.start + b) for a, b in quoted))
                break
    documents = {hits[spans[0].hit].document for spans in found}
    confidence = CONFIDENCE / max(1, len(documents))
    return [ReadAnswer(spans, confidence, joined=True) for spans in found]


def _with_text_below(text: str, units: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The first unit and, if it is a heading, those below it up to the next heading."""
    yield units[0]
    if _is_heading(text[slice(*units[0])]):
        below = units[1 : 1 + MAX_FOLLOWING]
        yield from takewhile(lambda unit: not _is_heading(text[slice(*unit)]), below)


def _is_heading(unit: str) -> bool:
    return len(unit.split()) <= MAX_HEADING_WORDS and unit[-1] not in ".!?;"


def _beginning(question: str) -> Callable[[str], object] | None:
    """Tells whether a text begins with what the question names; none if it asks for more."""
    named = _REFERENCE.search(question)
    if named:
        rest = f"{question[: named.start()]} {question[named.end() :]}"
        noun, number = re.escape(named[1] or "§"), re.escape(named[2])
        pattern = re.compile(rf"(?:[-*•] )?(?:(?:{noun}|§)\s*)?{number}(?:[.):]|(?=\s)|$)", re.I)
        return None if _asks_for_more(rest) else pattern.match
    found = codes(question)
    if len(found) != 1 or _asks_for_more(question.replace(found[0], " ")):
        return None
    key = code_key(found[0])
    return lambda unit: code_key(unit).startswith(key)


def _asks_for_more(rest: str) -> bool:
    return bool(set(terms(rest)) - STOP_WORDS - _SAY)


def _is_cut(text: str, start: int) -> bool:
    """Whether a number goes on to the left of an offset, as "1.2.2" does of "2.2"."""
    before = text[max(0, start - 1) : start]
    return bool(before) and not before.isspace()
