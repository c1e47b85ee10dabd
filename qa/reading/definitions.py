"""Definitions: what a term is or does, quoted from where a document defines it.

"What does csv.QUOTE_MINIMAL do?" is answered with the sentences below the line that names it, as
glossaries, manuals and references are laid out.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from embeddings.document import CELL_SEPARATOR
from embeddings.sentences import sentence_spans
from qa.reading.reader import ReadAnswer, Span
from qa.results import Hit
from qa.text import STOP_WORDS

CONFIDENCE = 0.8
"""Of a definition whose term is the one asked for, and nothing else. Chosen by hand."""

MAX_SENTENCES = 2
"""Sentences of a definition that are quoted. Chosen by hand."""

MAX_TERM_CHARACTERS = 120
"""A longer line is no term. Chosen by hand."""

MAX_TERM_WORDS = 3
"""Of a term that is asked for. Chosen by hand."""

_TERM = r"(?:an? |the )?(?P<term>.+?)"
_ASKS = (
    re.compile(rf"^\W*what (?:does|do|is|are) {_TERM} (?:do|mean|for)\W*$", re.I),
    re.compile(rf"^\W*when is {_TERM} raised\W*$", re.I),
    re.compile(rf"^\W*(?:what is|define|explain|describe|tell me about) {_TERM}\W*$", re.I),
)
_KIND = re.compile(
    r"\b(?:command|option|flag|function|method|class|module|parameter|setting|exception|error"
    r"|field|header|code|reply code|status code)\b",
    re.I,
)
_LINE = re.compile(r"[^\n]+")
_PROSE_WORD = re.compile(r"[(\"“‘'’]*[^\W\d_]+(?:[-'’][^\W\d_]*)?[)\"”’'.,;:!?]*")


def read_definition(question: str, hits: Sequence[Hit]) -> list[ReadAnswer]:
    """The sentences that define the term that a question asks about; nothing if none does.

    Args:
        question: As asked.
        hits: The passages.
    """
    asked = next(filter(None, (pattern.match(question) for pattern in _ASKS)), None)
    term = " ".join(_KIND.sub(" ", asked["term"]).split()) if asked else ""
    words = term.lower().split()
    if not words or len(words) > MAX_TERM_WORDS or set(words) <= STOP_WORDS:
        return []
    begins = re.compile(rf"(?:{_KIND.pattern} )?{re.escape(term)}(?![\w.-]|:[ \t]*\S)", re.I)
    for at, hit in enumerate(hits):
        if CELL_SEPARATOR not in hit.text and (defined := _defined(begins, hit.text)):
            spans = tuple(Span(at, hit.start + start, hit.start + end) for start, end in defined)
            return [ReadAnswer(spans, CONFIDENCE, joined=True)]
    return []


def _defined(begins: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    """Start and end of the first sentences below a line that begins with the term.

    Lines that all begin with it, one below the other, are forms of use; of these the last counts,
    unless what is below goes on in symbols.
    """
    for line, below in pairwise(_LINE.finditer(text)):
        is_term = line.end() - line.start() <= MAX_TERM_CHARACTERS and line[0][-1] not in ".!?:;,"
        is_below = text[line.end() : below.start()] == "\n" and not begins.match(below[0])
        if is_term and is_below and begins.match(line[0]) and _is_prose(below[0]):
            end = text.find("\n\n", below.start())
            paragraph = text[below.start() : end if end >= 0 else len(text)]
            spans = sentence_spans(paragraph)[:MAX_SENTENCES]
            return [(below.start() + a, below.start() + b) for a, b in spans]
    return []


def _is_prose(line: str) -> bool:
    """Whether at least half of a line's words are made of letters."""
    words = line.split()
    return 2 * sum(map(bool, map(_PROSE_WORD.fullmatch, words))) >= len(words)
