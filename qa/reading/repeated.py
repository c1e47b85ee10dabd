"""Repeated: where a passage says the question again, word for word.

Who wants a passage to be found writes the question into it. That answers nothing.
"""

import re
from functools import lru_cache

LEAST_WORDS = 3
"""Words of a question that are looked for: fewer are a name or a term that answers repeat."""

_WORD = re.compile(r"\w+")


def places(question: str, text: str) -> list[tuple[int, int]]:
    """Where the text repeats the question: offsets of first characters and behind the last.

    >>> places("Who built it?", "Who built it? Ann. WHO  BUILT IT: Bob.")
    [(0, 12), (19, 32)]
    >>> places("The pier", "The pier is old.")
    []
    """
    pattern = _pattern(question)
    return [found.span() for found in pattern.finditer(text)] if pattern else []


def without(question: str, text: str) -> str:
    """The text without what repeats the question."""
    pattern = _pattern(question)
    return pattern.sub(" ", text) if pattern else text


@lru_cache(maxsize=64)
def _pattern(question: str) -> re.Pattern[str] | None:
    words = _WORD.findall(question)
    if len(words) < LEAST_WORDS:
        return None
    return re.compile(r"\b" + r"\W{1,3}".join(map(re.escape, words)) + r"\b", re.I)
