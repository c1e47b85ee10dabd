"""Examples: questions to begin with, made from the documents themselves.

A sentence that says when something was founded or how many members it has is turned into the
question that it answers. What counts in the end is whether the question is answered, and surely:
the caller asks it and keeps it if so.
"""

import re
from collections.abc import Iterable, Iterator

from embeddings.sentences import sentence_spans
from qa.text import STOP_WORDS

_NAME = r"(?P<name>(?:The )?[A-Z][\w’'-]*(?: (?:of|for|the|and|in|on|de|[A-Z][\w’'-]*)){0,7})"
_BEGUN = (
    r"founded|established|opened|built|created|launched|born|signed|introduced|published|"
    r"completed|elected|formed|discovered|invented|released|adopted"
)
_WHEN = re.compile(rf"{_NAME} (?P<be>was|were) (?P<done>{_BEGUN})\b[^.]*?\bin (?:\w+ )?\d{{4}}\b")
_COUNT = re.compile(
    rf"{_NAME} (?P<have>has|have|had) (?:about |over |some |more than )?"
    r"(?:\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|twelve) (?P<what>[a-z]+s)\b"
)
_STANDS = re.compile(r"\b(?P<short>[A-Z]{2,8}) stands for [A-Zt]|\((?P<behind>[A-Z]{3,8})\)")
_IS = re.compile(rf"{_NAME} (?P<be>is|was|are|were) (?:an? |the |one of )[a-z]")

_DOES = {"has": "does", "have": "do", "had": "did"}

MOST_NAME = 60
"""Characters of a name that a short question can hold."""

READ = 20_000
"""Characters of a document that are worth looking through."""


def questions_of(text: str) -> Iterator[str]:
    """Questions that the text seems to answer, the likeliest kind first.

    >>> list(questions_of("The Old Bridge was opened in 1901. It has two arches."))
    ['When was the Old Bridge opened?']
    >>> list(questions_of("The IOFS has 41 members."))
    ['How many members does the IOFS have?']
    """
    sentences = [" ".join(text[start:end].split()) for start, end in sentence_spans(text)]
    found: list[tuple[int, str]] = []
    for sentence in sentences:
        if match := _named(_WHEN, sentence):
            found.append((0, f"When {match['be']} {_inside(match['name'])} {match['done']}?"))
        if match := _named(_COUNT, sentence):
            does, name = _DOES[match["have"]], _inside(match["name"])
            found.append((0, f"How many {match['what']} {does} {name} have?"))
        for match in _STANDS.finditer(sentence):
            found.append((1, f"What does {match['short'] or match['behind']} stand for?"))
        if match := _named(_IS, sentence):
            found.append((2, f"What {match['be']} {_inside(match['name'])}?"))
    short = (question for _, question in sorted(found, key=lambda one: one[0]))
    yield from dict.fromkeys(one for one in short if len(one) <= MOST_NAME + 30)


def in_turn(each: Iterable[Iterable[str]]) -> Iterator[str]:
    """The first of each, then the second of each, and so on, none twice.

    >>> list(in_turn(["ab", "a", "cde"]))
    ['a', 'c', 'b', 'd', 'e']
    """
    left = [iter(one) for one in each]
    seen: set[str] = set()
    while left:
        still = []
        for one in left:
            for item in one:
                if item not in seen:
                    seen.add(item)
                    yield item
                    still.append(one)
                    break
        left = still


def _named(pattern: re.Pattern[str], sentence: str) -> re.Match[str] | None:
    """The match, if it names something: "It has two arches" asks nothing of a reader."""
    match = pattern.match(sentence)
    if match is None:
        return None
    first = match["name"].removeprefix("The ").partition(" ")[0].lower()
    return None if first in STOP_WORDS or len(match["name"]) > MOST_NAME else match


def _inside(name: str) -> str:
    """A name as it stands inside a sentence."""
    return f"the {name[4:]}" if name.startswith("The ") else name
