"""Augmentation: questions as people type them, and questions that only look answerable."""

import re
from collections import defaultdict
from collections.abc import Sequence
from random import Random

_YEAR = re.compile(r"\b(1[0-9]{3}|20[0-9]{2})\b")
_NUMBER = re.compile(r"(?<![\w.,-])(\d{1,3}(?:,\d{3})+|\d+)(?![\w,-]|\.\d)")
_NAME = re.compile(
    r"\b[A-Z][\w’'-]*(?:(?: (?:of|the|de|von|and|&))* [A-Z][\w’'-]*)*",
)
_QUESTION_WORDS = frozenset(
    """
    who what when where which why how whose whom in on at by for from to of with according during
    after before is are was were did does do can could has have had name the a an if as about under
    """.split()
)

TYPED_WITHOUT_MARK_ODDS = 0.2
"""Odds that a question is typed without its question mark. Chosen by hand; not fitted."""

TYPED_LOWER_ODDS = 0.15
"""Odds that a question is typed in lower case. Chosen by hand; not fitted."""

MISSPELT_ODDS = 0.06
"""Odds that a question has a typing error. Chosen by hand; not fitted."""

# Words that turn a statement into another of the same kind.
_OPPOSITES = {
    word: opposite
    for pair in """
        first last; largest smallest; biggest smallest; highest lowest; oldest youngest; most least
        before after; north south; northern southern; east west; eastern western; maximum minimum
        increase decrease; increased decreased; more fewer; father mother; son daughter; king queen
        brother sister; husband wife; win lose; won lost; begin end; began ended; open close
        male female; men women; early late; longest shortest; earliest latest; best worst
        buy sell; bought sold; import export; majority minority; upper lower; summer winter
        """.replace("\n", ";").split(";")
    if pair.strip()
    for word, opposite in (pair.split(), pair.split()[::-1])
}
_OPPOSITE = re.compile(rf"\b({'|'.join(_OPPOSITES)})\b")


class Names:
    """The names in questions by the word before them, which says what kind they are."""

    def __init__(self, questions: Sequence[str]) -> None:
        self._by_kind: dict[str, list[str]] = defaultdict(list)
        for question in questions:
            for start, name in names_in(question):
                self._by_kind[_kind(question, start)].append(name)

    def another(self, question: str, start: int, context: str, random: Random) -> str | None:
        """A name of the same kind that the context does not hold."""
        same_kind = self._by_kind.get(_kind(question, start), [])
        lowered = context.lower()
        for _ in range(8 if same_kind else 0):
            name = random.choice(same_kind)
            words = [name, *(word for word in name.split() if len(word) > 3)]
            if not any(word.lower() in lowered for word in words):
                return name
        return None


def names_in(question: str) -> list[tuple[int, str]]:
    """Where capitalised names begin in a question, and the names.

    >>> names_in("When did Germany join the League of Nations?")
    [(9, 'Germany'), (26, 'League of Nations')]
    """
    found: list[tuple[int, str]] = []
    for match in _NAME.finditer(question):
        start, name = match.start(), match[0]
        if start == 0:
            first, _, rest = name.partition(" ")
            if first.lower() in _QUESTION_WORDS:
                if not rest or not rest[0].isupper():
                    continue
                start, name = len(first) + 1, rest
            elif not rest:
                continue
        found.append((start, name))
    return found


def near_miss(question: str, context: str, names: Names, random: Random) -> str | None:
    """The question with a year, number, name or word swapped for one that the context lacks.

    None if nothing in the question can be swapped. What is swapped must occur in the context:
    otherwise the context might answer the new question just as well.
    """
    lowered = context.lower()
    changes: list[tuple[int, int, str]] = []
    for match in _YEAR.finditer(question):
        year = str(int(match[0]) + random.choice((-1, 1)) * random.randint(1, 30))
        if match[0] in context and year not in context:
            changes.append((*match.span(), year))
    for match in _NUMBER.finditer(question):
        if not _YEAR.fullmatch(match[0]) and match[0] in context:
            number = int(match[0].replace(",", ""))
            change = random.choice((-1, 1)) * random.randint(1, number + 3)
            swapped_number = f"{max(2, number + change):,}"
            if swapped_number not in context:
                changes.append((*match.span(), swapped_number))
    for start, name in names_in(question):
        if name.lower() in lowered:
            swapped = names.another(question, start, context, random)
            if swapped:
                changes.append((start, start + len(name), swapped))
    for match in _OPPOSITE.finditer(question):
        opposite = _OPPOSITES[match[0]]
        if match[0] in lowered and not re.search(rf"\b{opposite}\b", lowered):
            changes.append((*match.span(), opposite))
    if not changes:
        return None
    start, end, new = random.choice(changes)
    return question[:start] + new + question[end:]


def as_typed(question: str, random: Random) -> str:
    """The question as people type it in a hurry: sometimes in lower case, or misspelt."""
    if random.random() < TYPED_WITHOUT_MARK_ODDS:
        question = question.rstrip("? ")
    if random.random() < TYPED_LOWER_ODDS:
        question = question.lower()
    if random.random() < MISSPELT_ODDS:
        question = _misspelt(question, random)
    return question


def _misspelt(question: str, random: Random) -> str:
    """The question with one letter of a long word left out, doubled or swapped with the next."""
    words = list(re.finditer(r"[a-z]{5,}", question))
    if not words:
        return question
    place = random.choice(words).start() + random.randint(1, 3)
    letter, following = question[place], question[place + 1]
    changed = random.choice((following, letter + letter + following, following + letter))
    return question[:place] + changed + question[place + 2 :]


def _kind(question: str, start: int) -> str:
    before = question[:start].split()
    return before[-1].lower() if before else ""
