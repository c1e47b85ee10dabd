"""Parts: the questions that one message holds, each of which is answered by itself."""

import re
from dataclasses import dataclass

from qa.conversation.small_talk import small_talk

MOST_PARTS = 4
"""Questions of one message that are answered apart; a message of more is asked as it is."""

_ASKS = r"(?:who|whom|whose|what|when|where|why|how|which)"
_VERB = r"(?:is|are|was|were|did|does|do|has|have|had|can|could|will|would|should|must|may|might)"
_SENTENCE = re.compile(r"(?<=[?!.])\s+(?=\S)")
_OPENS = re.compile(
    rf"^\W*(?:(?:and|but|so|also|then)\b,?\s*)*(?:{_ASKS}|{_VERB}|tell|name|list)\b", re.I
)
_ASKS_FIRST = re.compile(
    rf"^\W*(?:(?:and|but|so)\s+)?(?:in |on |at |from |to |for |by |with )?{_ASKS}\b", re.I
)
# "when and where was it": two question words before one verb.
_SHARED = re.compile(rf"^(\W*(?:and\s+)?)({_ASKS}) and ({_ASKS}) (?={_VERB}\b)(.+)$", re.I)
# What follows "and" asks by itself: a question word with its verb, or alone at the end.
_JOINED = re.compile(
    rf",?\s+and\s+(?:also\s+)?(?=(?:in |on |at |from |to |for |by |with )?{_ASKS}"
    rf"(?:\s+(?:many|much|long|often|far|old|large|big|high))?(?:\s+[\w'’-]+){{0,3}}?\s+{_VERB}\b"
    rf"|(?:when|where|why|how|who)\s*[?.!]*$"
    rf"|who\s+\w+(?:ed|s)\b)",
    re.I,
)
_INDIRECT = re.compile(
    r"\b(?:know|knows|knew|explain|explains|describe|describes|understand|tell|tells|show|shows|say"
    r"|says|said|decide|decides|determine|determines|specify|specifies|discuss|study|studies|about"
    r"|of|on|in|between|wonder|ask|asked|learn|see|find out)\s*$",
    re.I,
)

_COMPARED = re.compile(
    r"^\W*(?:which|who|what)(?: one| of (?:them|these|the two))?(?: [\w'’-]+){0,2}?"
    r" (?:is|was|are|were|has|have|came|comes)(?: the)? (?P<how>[\w'’ -]+?)(?: of the two)?"
    r"\s*[,:–-]\s*(?P<one>[^,?]+?),? or (?P<other>[^?]+?)\W*$",
    re.I,
)
_THAN = re.compile(
    r"^\W*(?:is|was|are|were|has|have|does|do|did) (?P<one>.+?)(?<! or)"
    r" (?P<how>(?:more |fewer )?[\w-]+) than (?P<other>[^?]+?)\W*$",
    re.I,
)
_DIFFER = re.compile(
    r"^\W*(?:what (?:is|are) the (?:differences?|similarit(?:y|ies)) between|compare) "
    r"(?P<one>[^?]+?) (?:and|with|to) (?P<other>[^?]+?)\W*$"
    r"|^\W*how (?:do|does|is|are) (?P<one2>[^?]+?) (?:and|from|to|with) (?P<other2>[^?]+?)"
    r" (?:differ|different|compare)\W*$",
    re.I,
)

# What to ask of each thing that is compared: the first wording that is answered most surely.
_AFTER_WHAT = (
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


def parts_of(message: str) -> list[str]:
    """The questions that a message holds, in order; the message alone if it holds one.

    >>> parts_of("When was the IOFS founded and how many members does it have?")
    ['When was the IOFS founded?', 'how many members does it have?']
    >>> parts_of("When and where did the assembly meet?")
    ['When did the assembly meet?', 'where did the assembly meet?']
    >>> parts_of("Who founded Microsoft and Apple?")
    ['Who founded Microsoft and Apple?']
    """
    sentences = [one for one in _SENTENCE.split(message.strip()) if one]
    spoken = [sentence for sentence in sentences if small_talk(sentence) is None]
    if not spoken:
        return [message]
    asked = [one for one in spoken if one.endswith("?") and _OPENS.match(one)]
    if len(asked) > 1 and len(asked) == len(spoken):
        found = [part for one in asked for part in _joined(one)]
    elif len(spoken) == 1:
        found = _joined(spoken[0])
    else:
        found = [" ".join(spoken)]
    return found if len(found) <= MOST_PARTS else [" ".join(spoken)]


def _joined(question: str) -> list[str]:
    """The questions that "and" joins in one sentence."""
    shared = _SHARED.match(question)
    if shared and shared[2].lower() != shared[3].lower():
        before, one, other, rest = shared.groups()
        return [f"{before}{one} {rest}", f"{other} {rest}"]
    if not _ASKS_FIRST.match(question):
        return [question]
    found: list[str] = []
    rest = question
    for match in _JOINED.finditer(question):
        before = question[len(question) - len(rest) : match.start()]
        if not re.search(rf"\b(?:{_VERB}|\w+(?:ed|s))\b", before, re.I) or len(before.split()) < 2:
            continue
        if _INDIRECT.search(before) or _indirect_question(before):
            return [question]
        found.append(f"{before.rstrip(' ,')}?")
        rest = question[match.end() :]
    return [*found, rest]


def _indirect_question(before: str) -> bool:
    """Whether a question word stands inside, as in "what he said and how he"."""
    return len(re.findall(rf"\b{_ASKS}\b", before, re.I)) > 1


def comparison_of(question: str) -> Comparison | None:
    """What a question compares; none if it compares nothing.

    >>> comparison_of("Which is older, the IOFS or the OTS?").questions[0][0]
    'When was the IOFS founded?'
    >>> comparison_of("Which has more members, the IOFS or the OTS?").questions[1]
    ('How many members does the OTS have?',)
    """
    for pattern in (_COMPARED, _THAN):
        match = pattern.match(question)
        wordings = _wordings(match["how"].strip()) if match else ()
        if match and wordings:
            return _of_both(wordings, match["one"], match["other"])
    match = _DIFFER.match(question)
    if match:
        one, other = match["one"] or match["one2"], match["other"] or match["other2"]
        return _of_both(("What is {}?",), one, other)
    return None


def _of_both(wordings: tuple[str, ...], *things: str) -> Comparison:
    one, other = (tuple(wording.format(thing.strip()) for wording in wordings) for thing in things)
    return Comparison((one, other))


def _wordings(how: str) -> tuple[str, ...]:
    for pattern, wordings in _AFTER_WHAT:
        if re.fullmatch(pattern, how, re.I):
            return wordings
    more = _MORE.match(how)
    return (f"How many {more['what']} does {{}} have?",) if more else ()
