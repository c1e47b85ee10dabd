"""Repetition: where a passage repeats the question word for word.

A passage that copies the question ranks high in retrieval, but the copy answers nothing.
"""

import re
from functools import lru_cache

from qa.text import stem, stems, terms

MIN_WORDS = 3
"""Shorter questions are not looked for: they are a name or a term that answers repeat. Chosen by
hand; not fitted."""

_WORD = re.compile(r"\w+")
_ASKS_FOR_SOMETHING_NEW = re.compile(
    r"^\W*(?:who|whom|whose|when|why|how(?! (?:many|much|long|often|far|old)\b))\b", re.I
)
_CHOICE = re.compile(r"\b(?:or|between)\b", re.I)
_ADDRESS = re.compile(r"\S{1,64}@\S{1,255}")


def repetitions(question: str, text: str) -> list[tuple[int, int]]:
    """Start and end of each place where the text repeats the question, half-open.

    >>> repetitions("Who built it?", "Who built it? Ann. WHO  BUILT IT: Bob.")
    [(0, 12), (19, 32)]
    >>> repetitions("The pier", "The pier is old.")
    []
    """
    pattern = _pattern(question)
    return [match.span() for match in pattern.finditer(text)] if pattern else []


def repeats_question(question: str, answer: str) -> bool:
    """Whether an answer has no word that the question does not have, and the question asks for one.

    What and which may be answered with words of the question: "What channel is it?" by "Channel 4".

    >>> repeats_question("Who wrote to Ann Lee?", "Ann Lee <ann@example.org>")
    True
    >>> repeats_question("Who wrote to Ann Lee?", "Bob Lee")
    False
    >>> repeats_question("How is it paid, by card or in cash?", "in cash")
    False
    >>> repeats_question("How do I reach Ann?", "ann@example.org")
    False
    """
    if not _ASKS_FOR_SOMETHING_NEW.match(question) or _CHOICE.search(question):
        return False
    said = stems(_ADDRESS.sub(" ", answer))
    return bool(said) and said <= {stem(term) for term in terms(question)}


def remove_repetitions(question: str, text: str) -> str:
    """The text without the places that repeat the question."""
    pattern = _pattern(question)
    return pattern.sub(" ", text) if pattern else text


@lru_cache(maxsize=64)
def _pattern(question: str) -> re.Pattern[str] | None:
    words = _WORD.findall(question)
    if len(words) < MIN_WORDS:
        return None
    return re.compile(r"\b" + r"\W{1,3}".join(map(re.escape, words)) + r"\b", re.I)
