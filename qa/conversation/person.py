"""Persons: who "he" or "she" stands for."""

import re
from collections.abc import Sequence

from qa.conversation.context import TURNS_READ, Turn
from qa.text import join_whitespace

_WHO = re.compile(r"^\W{0,3}(?:and |but |so )?who(?:m|se)?\b", re.I)
_WHO_IS = re.compile(
    r"^\W{0,3}(?:and |but |so )?(?:who (?:is|was)|who['’]s) (?P<name>[^?!]+?)\W{0,3}$", re.I
)
_CAPITALISED = re.compile(r"(?<!^)\b[A-Z]")
_PARTICLES = frozenset("de da di la van von der bin ibn al el".split())
_NO_PERSON = frozenset(
    "the agency assembly association bank board commission committee company conference "
    "corporation council department federation foundation fund government group institute "
    "ministry organisation organization party society union university".split()
)

NAME_CHARACTERS = 80
"""Longest name of a person. Chosen by hand."""

QUESTION_CHARACTERS = 200
"""Characters of a question that are searched for a person. Chosen by hand."""


def last_person(history: Sequence[Turn]) -> str | None:
    """The person last asked about by name, or named in answer to a question for a person.

    None if something else was named since, or if it is not known who was asked for.

    >>> last_person([Turn("", "Who is Ada Lovelace?", "a mathematician"), Turn("", "Where?")])
    'Ada Lovelace'
    >>> last_person([Turn("", "Who leads the IOFS?", "Berik Aryn")])
    'Berik Aryn'
    """
    since: list[str] = []
    for turn in reversed(history[-TURNS_READ:]):
        question = join_whitespace(turn.standalone[:QUESTION_CHARACTERS])
        name = _person_in(question, turn.answer)
        if name is not None:
            surname = name.split()[-1]
            return name if all(surname in later for later in since) else None
        if _WHO.match(question):
            return None
        if _CAPITALISED.search(question):
            since.append(question)
    return None


def _person_in(question: str, answer: str) -> str | None:
    """The person whom a question, or else its answer, names."""
    about = _WHO_IS.match(question)
    answer = join_whitespace(answer[: NAME_CHARACTERS + 1])
    for name in (about["name"] if about else "", answer if _WHO.match(question) else ""):
        if _is_person(name):
            return name
    return None


def _is_person(name: str) -> bool:
    """Whether it looks like the name of a person: capitalised words that name nothing else."""
    words = name.split()
    parts = [re.sub(r"[.'’-]", "", word) for word in words]
    return (
        0 < len(words) <= 5
        and len(name) <= NAME_CHARACTERS
        and all(part.isalpha() for part in parts)
        and all(part[0].isupper() or part in _PARTICLES for part in parts)
        and parts[0][0].isupper()
        and not any(part.isupper() and len(part) > 1 for part in parts)
        and not any(part.lower() in _NO_PERSON for part in parts)
    )
