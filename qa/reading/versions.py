"""Versions: documents that are one document at different times, such as a policy and its revision.

They are recognised by their titles, which differ in a version number or a date alone: "Travel
policy, version 2" and "Travel policy, version 3 (June 2025)". Where titles say neither, by the
names of their files: ``travel-policy-2022.md`` and ``travel-policy-2024.md``, both "Travel policy".
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePosixPath

from qa.notations import MONTHS
from qa.reading.reader import ReadAnswer
from qa.results import Hit
from qa.text import STOP_WORDS

_NUMBER = re.compile(
    r"\b(?:version|ver|release|revision|rev|edition|issue)\W{0,2}(\d+(?:\.\d+)*)\b"
    r"|\bv\.?(\d+(?:\.\d+)*)\b",
    re.I,
)
_DATE = re.compile(r"\b((?:19|20)\d\d)(?:[-.](0[1-9]|1[0-2])(?:[-.](0[1-9]|[12]\d|3[01]))?)?\b")
_YEAR = r"((?:19|20)\d\d)"
_OF_YEAR = re.compile(rf"^{_YEAR}\W+|\W+(?:(?:of|from|for)\s+)?{_YEAR}$", re.I)
_MONTH = re.compile(rf"\b(?:{'|'.join(MONTHS)})\b", re.I)
_LATEST = re.compile(
    r"\b(?:the )?(?:latest|newest|most recent|current|in force)(?: version(?: of)?)?\b", re.I
)
_ASKED = re.compile(
    r"\b(?:version|ver|edition|revision|rev|release)\.?\s*(\d+(?:\.\d+)*)\b|\bv(\d+(?:\.\d+)*)\b",
    re.I,
)
_WORD = re.compile(r"[^\W\d_]+")
_WORD_OR_NUMBER = re.compile(r"[^\W_]+")

Version = tuple[tuple[int, ...], tuple[int, ...]]
"""Number, in its parts, and date, as far as it is known from the year on; what is unknown is
empty."""

_UNKNOWN: Version = ((), ())

Places = dict[Version, list[int]]
"""Positions of the hits of each version of a document."""


@dataclass(frozen=True, slots=True)
class VersionedQuestion:
    """A question with the passages of the version that it asks for.

    Attributes:
        question: Without the words that ask for the latest version, or for a year that only the
            names of files say.
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
    left_out: set[int] = set()
    names_one = False
    readable = question
    for words, family in _versions(hits):
        named = _named(question, words, family)
        if named:
            names_one = True
            read = [hits[at] for version in named for at in family[version]]
            readable = _without_unsaid_years(readable, words, read)
        wanted = named or {_oldest_first(family)[-1]}
        if named or _asks_for_latest(question, words):
            left_out |= {at for version in family.keys() - wanted for at in family[version]}
    if not left_out:
        return everything
    kept = tuple(at for at in range(len(hits)) if at not in left_out)
    if names_one:
        return VersionedQuestion(readable, kept)
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
    # Of each hit of the same document in any version, how new that is.
    rank_of: dict[int, int] = {}
    for _, family in _versions(hits):
        ordered = enumerate(_oldest_first(family))
        ranks = {at: rank for rank, version in ordered for at in family[version]}
        rank_of |= ranks if place in ranks else {}
    same = [answer for answer in first.contradicted_by if answer.spans[0].hit in rank_of]
    if not same:
        return list(answers)
    by_age = sorted(
        (replace(first, contradicted_by=()), *same),
        key=lambda answer: max(rank_of.get(span.hit, -1) for span in answer.spans),
        reverse=True,
    )
    rest = tuple(answer for answer in first.contradicted_by if answer not in same)
    newest = replace(by_age[0], confidence=first.confidence, contradicted_by=(*by_age[1:], *rest))
    return [newest, *(answer for answer in others if answer.spans[0] not in newest.spans)]


def _versions(hits: Sequence[Hit]) -> list[tuple[tuple[str, ...], Places]]:
    """Each document of which there are several versions: words of its title, and its versions."""
    titled = [_version(hit.title) != _UNKNOWN for hit in hits]
    keys = [(tuple(_family(hit.title)), _file_family(hit.path)) for hit in hits]
    # Versions of which the title of one says what only the file's name of another says.
    known = {key for key, by_title in zip(keys, titled, strict=True) if by_title}
    families: dict[tuple[tuple[str, ...], tuple[str, ...] | None], Places] = defaultdict(dict)
    for at, hit in enumerate(hits):
        words, file_words = keys[at]
        version = _version_of(hit)
        if version != _UNKNOWN:
            by_title = titled[at] or keys[at] in known
            family = families[words, None if by_title else file_words]
            family.setdefault(version, []).append(at)
    return [(words, family) for (words, _), family in families.items() if len(family) > 1]


def _oldest_first(family: Places) -> list[Version]:
    """The versions by their dates where all have one, else by their numbers."""
    dated = all(date for _, date in family)
    return sorted(family, key=lambda version: version[::-1] if dated else version)


def _asks_for_latest(question: str, words: tuple[str, ...]) -> bool:
    """Whether a question asks for the latest version of the document with these words as title."""
    found = _LATEST.search(question)
    if not found or _ASKED.search(question):
        return False
    if not found[0].lower().endswith("current"):
        return True
    # The current of a pump, or its current owner, is no version of its manual.
    following = _WORD.search(question, found.end())
    return following is not None and following[0].lower() in words


def _named(question: str, words: tuple[str, ...], family: Places) -> set[Version]:
    """The versions that a question names, by number or year: "the 2022 travel policy"."""
    numbers = {_parts(found[1] or found[2]) for found in _ASKED.finditer(question)}
    years = {int(found[1] or found[2]) for found in _asked_year(words).finditer(question)}
    return {
        version
        for version in family
        if version[0] in numbers or not years.isdisjoint(version[1][:1])
    }


@lru_cache(maxsize=64)
def _asked_year(words: tuple[str, ...]) -> re.Pattern[str]:
    """Finds a year beside a word of a title; one elsewhere is more likely what it speaks of."""
    said = (word for word in words if word not in STOP_WORDS)
    kinds = "|".join(map(re.escape, ("version", "edition", "revision", "release", *said)))
    return re.compile(
        rf"\b{_YEAR}\W+(?:{kinds})\b|\b(?:{kinds})\W+(?:(?:of|from|for)\s+)?{_YEAR}\b", re.I
    )


def _without_unsaid_years(question: str, words: tuple[str, ...], hits: Sequence[Hit]) -> str:
    """The question without years of versions in no passage: a reader would find no answer to it."""
    read = " ".join(text for hit in hits for text in (hit.title, *hit.headings, hit.text))

    def shortened(found: re.Match[str]) -> str:
        return found[0] if (found[1] or found[2]) in read else _OF_YEAR.sub("", found[0])

    return _asked_year(words).sub(shortened, question)


def _version_of(hit: Hit) -> Version:
    """By its title, else its file's name, which may also add the date to a title's number."""
    number, date = _version(hit.title)
    file_number, file_date = _version(_file_name(hit.path))
    # No number is added to a title's date: it may count the drafts of that year's document.
    return (number if number or date else file_number), date or file_date


def _version(name: str) -> Version:
    found = _NUMBER.search(name.replace("_", " "))
    dates = _DATE.findall(name.replace("_", "-"))
    number = _parts(found[1] or found[2]) if found else ()
    return number, tuple(int(part) for part in dates[-1] if part) if dates else ()


def _parts(number: str) -> tuple[int, ...]:
    return tuple(int(part[:9]) for part in number.split("."))


def _family(title: str) -> Iterator[str]:
    """The words of a title that its versions have in common."""
    plain = _MONTH.sub(" ", _NUMBER.sub(" ", title.replace("_", " ")))
    yield from (word.lower() for word in _WORD.findall(plain))


def _file_family(path: str) -> tuple[str, ...]:
    """What the names of a document's versions have in common; chapter1 is not chapter2."""
    undated = _DATE.sub(" ", _file_name(path).replace("_", "-"))
    plain = _MONTH.sub(" ", _NUMBER.sub(" ", undated))
    return tuple(word.lower() for word in _WORD_OR_NUMBER.findall(plain))


def _file_name(path: str) -> str:
    """The last part of a path, without its suffix."""
    return PurePosixPath(path).stem
