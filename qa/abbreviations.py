"""Abbreviations: what they stand for, as the passages themselves tell.

"A service level agreement (SLA)" introduces one; and where a question has SLA and no passage does,
words with these initials are what is meant.
"""

import re
from collections.abc import Iterable

MAX_LETTERS = 8
"""Of an abbreviation. Chosen by hand."""

_ABBREVIATION = re.compile(r"\b[A-Z][A-Z&]{1,7}s?\b")
_INTRODUCED = re.compile(rf"\(\s*([A-Z][A-Za-z&]{{1,{MAX_LETTERS}}})\s*\)")
_WORD = re.compile(r"[^\W\d_]+")
_SMALL = frozenset("of the and for in to a an on at by".split())


def introduced(texts: Iterable[str]) -> dict[str, str]:
    """The abbreviations that texts introduce in brackets, with what each stands for.

    >>> introduced(["A service level agreement (SLA) is due.", "The quality of service (QoS) (b)."])
    {'SLA': 'service level agreement', 'QoS': 'quality of service'}
    """
    found: dict[str, str] = {}
    for text in texts:
        for match in _INTRODUCED.finditer(text):
            before = text[max(0, match.start() - 20 * MAX_LETTERS) : match.start()]
            phrase = _with_initials(match[1], before)
            if phrase:
                found.setdefault(match[1], phrase)
    return found


def other_names(question: str, texts: Iterable[str]) -> list[str]:
    """The other names of what a question abbreviates, or spells out, as texts introduce them.

    >>> other_names("What is the SLA?", ["The service level agreement (SLA) is due."])
    ['service level agreement']
    """
    lower = question.lower()
    names: list[str] = []
    for short, phrase in introduced(texts).items():
        if re.search(rf"\b{re.escape(short)}\b", question):
            names.append(phrase)
        elif phrase.lower() in lower:
            names.append(short)
    return names


def spelled_out(question: str, texts: Iterable[str]) -> str:
    """The question with abbreviations that no text has replaced by words of these initials.

    >>> spelled_out("What does the SLA promise?", ["The service level agreement promises help."])
    'What does the service level agreement promise?'
    >>> spelled_out("What is a PPP?", ["Private public partners (PPPs) build."])
    'What is a PPP?'
    """
    known = list(texts)
    for short in dict.fromkeys(_ABBREVIATION.findall(question)):
        pattern = re.compile(rf"\b{re.escape(short)}\b")
        mentioned = re.compile(rf"\b{re.escape(short.removesuffix('s'))}s?\b")
        if not any(mentioned.search(text) for text in known):
            phrase = next(filter(None, (_anywhere(short, text) for text in known)), None)
            parts = pattern.split(question)
            question = phrase.join(parts) if phrase else question
    return question


def _with_initials(short: str, before: str) -> str | None:
    """The words at the end of a text that an abbreviation stands for."""
    letters = [letter.lower() for letter in short if letter.isalpha()]
    words = list(_WORD.finditer(before))
    at = len(words)
    for letter in reversed(letters):
        at -= 1
        while at >= 0 and words[at][0][0].lower() != letter and words[at][0].lower() in _SMALL:
            at -= 1
        if at < 0 or words[at][0][0].lower() != letter:
            return None
    return before[words[at].start() :].strip()


def _anywhere(short: str, text: str) -> str | None:
    """The first words of a text, one after another, with the initials of an abbreviation."""
    letters = short.rstrip("s").lower()
    words = [word for word in _WORD.finditer(text) if word[0].lower() not in _SMALL]
    initials = "".join(word[0][0].lower() for word in words)
    at = initials.find(letters) if len(letters) > 2 else -1
    if at < 0:
        return None
    found = text[words[at].start() : words[at + len(letters) - 1].end()]
    return found if "." not in found and "\n" not in found else None
