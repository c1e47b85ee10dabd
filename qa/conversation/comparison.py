"""Comparisons: the question that is asked of each of two things compared."""

import re
from dataclasses import dataclass

_CHOICE = re.compile(
    r"^\W*(?:which|who|what)(?: one| of (?:them|these|the two))?(?: [\w'’-]+){0,2}?"
    r" (?:is|was|are|were|has|have|came|comes)(?: the)? (?P<property>[\w'’ -]+?)(?: of the two)?"
    r"\s*[,:–-]\s*(?P<first>[^,?]+?),? or (?P<second>[^?]+?)\W*$",
    re.I,
)
_COMPARATIVE = re.compile(
    r"^\W*(?:is|was|are|were|has|have|does|do|did) (?P<first>.+?)(?<! or)"
    r" (?P<property>(?:more |fewer )?[\w-]+) than (?P<second>[^?]+?)\W*$",
    re.I,
)
_DIFFERENCE = re.compile(
    r"^\W*(?:what (?:is|are) the (?:differences?|similarit(?:y|ies)) between|compare) "
    r"(?P<first>[^?]+?) (?:and|with|to) (?P<second>[^?]+?)\W*$"
    r"|^\W*how (?:do|does|is|are) (?P<first2>[^?]+?) (?:and|from|to|with) (?P<second2>[^?]+?)"
    r" (?:differ|different|compare)\W*$",
    re.I,
)

# The question for each property; the wording that is answered with the highest confidence counts.
_QUESTIONS_BY_PROPERTY = (
    (
        r"older|oldest|younger|youngest|newer|newest|first|earlier|later|last",
        ("When was {} founded?", "When was {} born?", "When was {} built?", "When was {}?"),
    ),
    (
        r"larger|largest|bigger|biggest|smaller|smallest",
        ("How large is {}?", "What is the size of {}?"),
    ),
    (r"longer|longest|shorter|shortest", ("How long is {}?",)),
    (r"taller|tallest|higher|highest|lower|lowest", ("How high is {}?", "How tall is {}?")),
    (
        r"heavier|heaviest|lighter|lightest",
        ("How heavy is {}?", "What is the weight of {}?"),
    ),
    (r"faster|fastest|slower|slowest", ("How fast is {}?",)),
    (r"cheaper|cheapest|more expensive|most expensive", ("How much does {} cost?",)),
    (r"further|farther|nearer|closer", ("How far is {}?",)),
)
_MORE = re.compile(r"^(?:more|fewer|most|fewest) (?P<what>[a-z'’ -]*[a-z]s)$", re.I)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two things that are compared, and what is asked of each.

    Attributes:
        questions: For each thing the wordings in which it can be asked about, in order.
    """

    questions: tuple[tuple[str, ...], tuple[str, ...]]


def parse_comparison(question: str) -> Comparison | None:
    """The comparison that a question asks for; none if it compares nothing.

    >>> parse_comparison("Which is older, the IOFS or the OTS?").questions[0][0]
    'When was the IOFS founded?'
    >>> parse_comparison("Which has more members, the IOFS or the OTS?").questions[1]
    ('How many members does the OTS have?',)
    """
    for pattern in (_CHOICE, _COMPARATIVE):
        match = pattern.match(question)
        wordings = _wordings(match["property"].strip()) if match else ()
        if match and wordings:
            return _ask_of_both(wordings, match["first"], match["second"])
    match = _DIFFERENCE.match(question)
    if match:
        first, second = match["first"] or match["first2"], match["second"] or match["second2"]
        return _ask_of_both(("What is {}?",), first, second)
    return None


def _ask_of_both(wordings: tuple[str, ...], *things: str) -> Comparison:
    first, second = (
        tuple(wording.format(thing.strip()) for wording in wordings) for thing in things
    )
    return Comparison((first, second))


def _wordings(property: str) -> tuple[str, ...]:
    for pattern, wordings in _QUESTIONS_BY_PROPERTY:
        if re.fullmatch(pattern, property, re.I):
            return wordings
    more = _MORE.match(property)
    return (f"How many {more['what']} does {{}} have?",) if more else ()
