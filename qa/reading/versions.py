"""Versions: documents that are one document at different times, such as a policy and its revision.

They are recognised by their titles, which differ in a version number or a date alone: "Travel
policy, version 2" and "Travel policy, version 3 (June 2025)".
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from qa.notations import MONTHS
from qa.reading.reader import ReadAnswer
from qa.results import Hit

_NUMBER = re.compile(
    r"\b(?:version|ver|release|revision|rev|edition|issue)\W{0,2}(\d+(?:\.\d+)*)\b"
    r"|\bv\.?(\d+(?:\.\d+)*)\b",
    re.I,
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_MONTH = re.compile(rf"\b(?:{'|'.join(MONTHS)})\b", re.I)
_LATEST = re.compile(
    r"\b(?:the )?(?:latest|newest|most recent|current|in force)(?: version(?: of)?)?\b", re.I
)
_ASKED = re.compile(
    r"\b(?:version|edition|revision|release)\s+(\d+(?:\.\d+)*)\b|\bv(\d+(?:\.\d+)*)\b", re.I
)
_WORD = re.compile(r"[^\W\d_]+")

Version = tuple[tuple[int, ...], int]
"""Number, in its parts, and year; what is unknown is empty or 0."""


@dataclass(frozen=True, slots=True)
class VersionedQuestion:
    """A question with the passages of the version that it asks for.

    Attributes:
        question: Without the words that ask for the latest version.
        kept: Positions of the hits to read.
    """

    question: str
    kept: tuple[int, ...]


def select_version(question: str, hits: Sequence[Hit]) -> VersionedQuestion:
    """The hits of the version that a question names, if there are several; else all hits.

    Args:
        question: As asked.
        hits: The passages.
    """
    everything = VersionedQuestion(question, tuple(range(len(hits))))
    named = _ASKED.search(question)
    versions = _versions(hits)
    if not versions or not (named or _LATEST.search(question)):
        return everything
    left_out: set[int] = set()
    for family in versions:
        if named:
            asked = _parts(named[1] or named[2])
            wanted = {version for version in family if version[0] == asked}
        else:
            wanted = {max(family)}
        if wanted:
            left_out |= {at for version in family.keys() - wanted for at in family[version]}
    if not left_out:
        return everything
    kept = tuple(at for at in range(len(hits)) if at not in left_out)
    if named:  # What is left says its number, too.
        return VersionedQuestion(question, kept)
    plain = " ".join(_LATEST.sub(" ", question, count=1).split())
    return VersionedQuestion(plain.replace(" ?", "?"), kept)


def newest_first(answers: Sequence[ReadAnswer], hits: Sequence[Hit]) -> list[ReadAnswer]:
    """The answers, the first of them that of the newest version that says something else.

    What older versions say contradicts it, the newest first.

    Args:
        answers: Different ones, the likeliest first.
        hits: In which they were found.
    """
    if not answers or answers[0].joined:
        return list(answers)
    first, *others = answers
    place = first.spans[0].hit
    # Of each hit of the same document in any version, its version.
    version_of: dict[int, Version] = {}
    for family in _versions(hits):
        of_hit = {at: version for version, places in family.items() for at in places}
        version_of |= of_hit if place in of_hit else {}
    same = [answer for answer in first.contradicted_by if answer.spans[0].hit in version_of]
    if not same:
        return list(answers)
    ordered = sorted(
        (replace(first, contradicted_by=()), *same),
        key=lambda answer: max(version_of.get(span.hit, ((), 0)) for span in answer.spans),
        reverse=True,
    )
    rest = tuple(answer for answer in first.contradicted_by if answer not in same)
    newest = replace(ordered[0], confidence=first.confidence, contradicted_by=(*ordered[1:], *rest))
    return [newest, *(answer for answer in others if answer.spans[0] not in newest.spans)]


def _versions(hits: Sequence[Hit]) -> list[dict[Version, list[int]]]:
    """Positions of the hits by version, for each document of which there are several versions."""
    families: dict[tuple[str, ...], dict[Version, list[int]]] = defaultdict(dict)
    for at, hit in enumerate(hits):
        version = _version(hit.title)
        if version != ((), 0):
            family = families[tuple(_family(hit.title))]
            family.setdefault(version, []).append(at)
    return [family for family in families.values() if len(family) > 1]


def _version(title: str) -> Version:
    found = _NUMBER.search(title.replace("_", " "))
    years = _YEAR.findall(title.replace("_", " "))
    return _parts(found[1] or found[2]) if found else (), int(years[-1]) if years else 0


def _parts(number: str) -> tuple[int, ...]:
    return tuple(int(part[:9]) for part in number.split("."))


def _family(title: str) -> Iterator[str]:
    """The words of a title that its versions have in common."""
    plain = _MONTH.sub(" ", _NUMBER.sub(" ", title.replace("_", " ")))
    yield from (word.lower() for word in _WORD.findall(plain))
