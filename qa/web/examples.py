"""Examples: questions generated from sentences of a document.

A sentence that says when something was founded or how many members it has is turned into the
question that it answers. Whether the question is a good one is decided by answering it: see
``example_finder``.
"""

import re
from collections.abc import Iterable, Iterator

from embeddings.sentences import sentence_spans
from qa.abbreviations import introduced
from qa.text import STOP_WORDS, join_whitespace

_NAME = r"(?P<name>(?:The )?[A-Z][\w’'-]*(?: (?:of|for|the|and|in|on|de|[A-Z][\w’'-]*)){0,7})"
_PARTICIPLES = (
    r"founded|established|opened|built|created|launched|born|signed|introduced|published|"
    r"completed|elected|formed|discovered|invented|released|adopted"
)
_WHEN = re.compile(
    rf"{_NAME} (?P<be>was|were) (?P<participle>{_PARTICIPLES})\b[^.]*?\bin (?:\w+ )?\d{{4}}\b"
)
_HOW_MANY = re.compile(
    rf"{_NAME} (?P<have>has|have|had) (?:about |over |some |more than )?"
    r"(?:\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|twelve) (?P<noun>[a-z]+s)\b"
)
_ABBREVIATION = re.compile(
    r"\b(?P<defined>[A-Z]{2,8}) stands for [A-Zt]|\((?P<parenthesized>[A-Z]{3,8})\)"
)
_WHAT = re.compile(rf"{_NAME} (?P<be>is|was|are|were) (?:an? |the |one of )[a-z]")

_DO = {"has": "does", "have": "do", "had": "did"}

MAX_NAME = 60
"""Characters of a name that a short question can hold."""

MAX_QUESTION = MAX_NAME + 30
"""Characters of an example question."""

MAX_READ_CHARACTERS = 20_000
"""Characters at a document's beginning from which questions are generated."""


def example_questions(text: str) -> Iterator[str]:
    """Questions that the text seems to answer, the likeliest kind first.

    >>> list(example_questions("The Old Bridge was opened in 1901. It has two arches."))
    ['When was the Old Bridge opened?']
    >>> list(example_questions("The IOFS has 41 members."))
    ['How many members does the IOFS have?']
    """
    sentences = [join_whitespace(text[start:end]) for start, end in sentence_spans(text)]
    ranked: list[tuple[int, str]] = []
    for sentence in sentences:
        if match := _match_name(_WHEN, sentence):
            name = _lower_article(match["name"])
            ranked.append((0, f"When {match['be']} {name} {match['participle']}?"))
        if match := _match_name(_HOW_MANY, sentence):
            do, name = _DO[match["have"]], _lower_article(match["name"])
            ranked.append((0, f"How many {match['noun']} {do} {name} have?"))
        for match in _ABBREVIATION.finditer(sentence):
            abbreviation = match["defined"] or match["parenthesized"]
            if not match["defined"] and abbreviation not in introduced([sentence]):
                continue
            ranked.append((1, f"What does {abbreviation} stand for?"))
        if match := _match_name(_WHAT, sentence):
            ranked.append((2, f"What {match['be']} {_lower_article(match['name'])}?"))
    questions = dict.fromkeys(question for _, question in sorted(ranked, key=lambda pair: pair[0]))
    yield from (question for question in questions if len(question) <= MAX_QUESTION)


def round_robin(groups: Iterable[Iterable[str]]) -> Iterator[str]:
    """The first item of each group, then the second of each, and so on, without duplicates.

    >>> list(round_robin(["ab", "a", "cde"]))
    ['a', 'c', 'b', 'd', 'e']
    """
    remaining = [iter(group) for group in groups]
    seen: set[str] = set()
    while remaining:
        unfinished = []
        for group in remaining:
            for item in group:
                if item not in seen:
                    seen.add(item)
                    yield item
                    unfinished.append(group)
                    break
        remaining = unfinished


def _match_name(pattern: re.Pattern[str], sentence: str) -> re.Match[str] | None:
    """The match if it names something; a question about "it" could not be answered."""
    match = pattern.match(sentence)
    if match is None:
        return None
    first = match["name"].removeprefix("The ").partition(" ")[0].lower()
    return None if first in STOP_WORDS or len(match["name"]) > MAX_NAME else match


def _lower_article(name: str) -> str:
    """The name as it is written inside a sentence."""
    return f"the {name[4:]}" if name.startswith("The ") else name
