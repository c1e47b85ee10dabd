"""Other statements: places that speak of another thing than the question, however alike the words.

AX-4471-C is not AX-4471-D, and those who do not pay are not those who pay.
"""

import re

from embeddings.document import CELL_SEPARATOR
from qa.notations import code_key, codes, dates
from qa.text import STOP_WORDS, stem, terms

_NEGATION = re.compile(
    r"(?:\b(?:not|never|no longer|cannot|nor)|n['’]t)\s+(\w+)(?:\s+(\w+))?", re.I
)
_NEGATES = re.compile(r"\b(?:not|never|no|cannot|nor|without)\b|n['’]t\b", re.I)
_QUANTITY = re.compile(r"\d+(?:[a-z]{1,3}|AM|PM)")
_HEXADECIMAL = re.compile(r"0x[\da-f]+")
_CLAUSE_END = re.compile(r"[,;:.!?\n]")
_YES_OR_NO = re.compile(
    r"^\W*(?:is|are|was|were|do|does|did|has|have|had|can|could|may|must|will|should)\b", re.I
)


def names_another_code(question: str, passage: str) -> bool:
    """Whether a passage has codes like one in the question, but not that one.

    Times, ranks and measures are no codes: 8pm lies between 9am and 9pm.

    >>> names_another_code("What voltage does AX-4471-D need?", "AX-4471-C runs on 48 volts.")
    True
    >>> names_another_code("What does E217 mean?", "E-217: The float is stuck.")
    False
    """
    asked = {code_key(code) for code in codes(question) if not _QUANTITY.fullmatch(code)}
    if not asked:
        return False
    squeezed = code_key(passage)
    missing = {_shape(code) for code in asked if code not in squeezed}
    return any(_shape(code_key(code)) in missing for code in codes(passage))


def is_row_of_another_day(question: str, row: str) -> bool:
    r"""Whether a table's row has a date, and not one of the days that a question names.

    >>> is_row_of_another_day("What was it like on May 3, 2024?", "2023-05-03\train")
    True
    """
    asked = {date for date in dates(question) if date.day is not None}
    if not asked or CELL_SEPARATOR not in row:
        return False
    found = {date for date in dates(row) if date.day is not None}
    return bool(found) and not asked & found


def _shape(code: str) -> str:
    if _HEXADECIMAL.fullmatch(code):
        return "0x"
    return re.sub(r"\d", "9", re.sub(r"[a-z]", "a", code))


def is_negated(question: str, text: str, start: int, end: int) -> bool:
    """Whether a span stands in a clause that denies what the question takes for granted.

    Args:
        question: As asked.
        text: Around the span.
        start: Offset of the span's first character.
        end: Offset behind its last character.

    >>> text = "Members of old do not pay the fee."
    >>> is_negated("Who pays the fee?", text, 0, 14), is_negated("Who does not pay?", text, 0, 14)
    (True, False)
    """
    clause_end = _CLAUSE_END.search(text, end)
    behind = text[end : clause_end.start() if clause_end else len(text)]
    verbs = [word for match in _NEGATION.findall(behind) for word in match if word]
    if not verbs or _NEGATES.search(question) or _YES_OR_NO.search(question):
        return False
    asked = {stem(term) for term in terms(question)} - STOP_WORDS
    return any(stem(verb) in asked for verb in verbs)
