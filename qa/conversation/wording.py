"""Wording: how the missing words are put into a question, so that it reads as one question."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qa.text import STOP_WORDS, join_whitespace, stem

_WORD = re.compile(r"\w+")
_SMALL = frozenset("of the for and in on to de".split())
_END = re.compile(r"[\s?.!]*$")

_VERB = (
    r"(?:is|are|was|were|did|does|do|has|have|had|can|could|will|would|should|must|may|might|"
    r"mean|means|work|works|happen|happens|happened)"
)
_POSSESSIVE = re.compile(r"\b(?:its|their|his|her(?= [a-z]{3}))\b", re.I)
_DUMMY = r"(?! (?:take|takes|took|possible|necessary|true|rain|rains|matter)\b)"
_PRONOUN = re.compile(
    rf"\b(?:it{_DUMMY}|they|them|he|him|she|her)\b"
    rf"|\b(?:this|that|these|those)(?=\s*[?.!,]|\s*$| {_VERB}\b)"
    # "What does that cover?", but not "What does that setting do?".
    rf"|(?<=\bdoes )(?:this|that)(?= [a-z]+(?:\s*[?.!]|\s*$| (?:an?|any|the|my|your|our)\b))"
    rf"|(?<=\bdid )(?:this|that)(?= [a-z]+(?:\s*[?.!]|\s*$| (?:an?|any|the|my|your|our)\b))",
    re.I,
)
_THERE = re.compile(rf"(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )\bthere\b(?! {_VERB}\b)", re.I)

# A code with hyphens or points, as "BN-12", is one word.
_CAPITALISED = r"[A-Z]\w*(?:[-/._+&]\w+)*"
_NAME = re.compile(rf"\b{_CAPITALISED}(?:(?: (?:of|the|de|for|and))* {_CAPITALISED})*")
_CODE_BEFORE = re.compile(r"(?<!\S)(?:[\w+&]+[-/._&])+$")
_CODE_BEHIND = re.compile(r"(?:[-/._&]\w+)+|[+#]+(?!\w)")
_YEAR = re.compile(r"\b(?:1[0-9]{3}|20[0-9]{2})\b")
_ABOUT = re.compile(
    r"^\W*(?:(?:and|but|so|ok|okay|now)\b,?\s*)?(?:(?:what|how) about|and)\s+"
    r"(?P<place>in|for|of|from|with|to|on|at)?\s*(?P<what>[^?.!]{1,60}?)\s*[?.!]*\s*$",
    re.I,
)
_BARE = re.compile(
    r"^\W*(?:and\s+|but\s+|so\s+)?(?P<asks>why|when|where|who|how)"
    r"(?: (?:is|was) (?:that|it|this))?\W*$",
    re.I,
)
_HOW_MANY = re.compile(
    r"^\W*(?:(?:and|but|so)\s+)?how (?P<much>many|much) (?P<what>[\w'’-]+(?: [\w'’-]+)?)\W*$", re.I
)
_ASKING = re.compile(
    r"^(?P<asks>who|what|when|where|why|how)\s+(?P<verb>is|are|was|were|did|does|do|has|have|had|"
    r"can|could|will|would|should|must)\b",
    re.I,
)
_PERSONAL = re.compile(r"\b(?:he|him|his|she|her|hers)\b", re.I)
_OTHER_PRONOUN = re.compile(r"\b(?:its?|they|them|theirs?|this|that|these|those|there)\b", re.I)
_SOMEBODY = re.compile(r"\b(?:an?|the|any|each|every|some|no)\b", re.I)
_GOES_ON = re.compile(r"^\W*(?:and|but|so|also)\b", re.I)
_QUESTION_WORD = re.compile(r"\b(?:who|what|when|where|why|how|which|whose|whom)\b", re.I)
_ACTS = re.compile(
    r"\b(?:do|does|did|can|could|will|would|should|must|may|might|to) (?!of\b)\w+", re.I
)
_DO = re.compile(r"\b(?:do|does|did)\b", re.I)
# "Who won?" may go on with what was said; "Who wrote RFC 822?" has subject, verb and object.
_FINITE = re.compile(rf"\b{_VERB}\b|^\W*(?:who|(?:what|which) [\w-]+) [a-z]\w+ \w", re.I)
_COMPARED = re.compile(
    r"\b(?:ones?|others?|another|else|more|same|both|either|neither|each|such|then|too|also|again"
    r"|instead|different|first|second|third|last|next|two|three)\b",
    re.I,
)
_SUBJECT_NAME = re.compile(rf"(?<=[\w,] )[\"“‘'(]?(?:{_CAPITALISED}|\w*\d[\w./-]*|\w+_\w+)")

MAX_CODE = 40
"""Characters of a code on each side of a word in it. Chosen by hand."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Adjacent words of the history.

    Attributes:
        text: As written there.
        definite: Whether "the" stands before it.
        score: Of its likeliest word.
    """

    text: str
    definite: bool
    score: float


def phrases_of(scores: Mapping[str, float], texts: Sequence[str]) -> list[Phrase]:
    """The words of those stems, as the longest phrases in which they stand, likeliest first.

    >>> phrases_of({"assembl": 1, "iof": 2}, ["Did the Assembly of the IOFS meet?"])
    [Phrase(text='Assembly of the IOFS', definite=True, score=2)]

    Args:
        scores: By stem.
        texts: In which to look for phrases; of equally long ones the first counts.
    """
    left = dict(scores)
    cut = [[(match, stem(match[0])) for match in _WORD.finditer(text)] for text in texts]
    found: list[Phrase] = []
    while left:
        best: tuple[int, str, bool, set[str]] | None = None
        for text, words in zip(texts, cut, strict=True):
            for first, last in _runs(text, words, left):
                stems = {words[at][1] for at in range(first, last + 1)} & left.keys()
                if best is None or len(stems) > best[0]:
                    definite = first > 0 and words[first - 1][0][0].lower() == "the"
                    best = (
                        len(stems),
                        _whole(text, words[first][0], words[last][0]),
                        definite,
                        stems,
                    )
        if best is None:
            break
        _, phrase, definite, stems = best
        found.append(
            Phrase(join_whitespace(phrase), definite, max(left[stemmed] for stemmed in stems))
        )
        for stemmed in stems:
            del left[stemmed]
    return sorted(found, key=lambda phrase: -phrase.score)


def _whole(text: str, first: re.Match[str], last: re.Match[str]) -> str:
    """The words from the first to the last, with the rest of a code that they are part of."""
    before = _CODE_BEFORE.search(text[max(0, first.start() - MAX_CODE) : first.start()])
    behind = _CODE_BEHIND.match(text, last.end(), last.end() + MAX_CODE)
    start = first.start() - len(before[0]) if before else first.start()
    return text[start : behind.end() if behind else last.end()]


def _runs(
    text: str, words: Sequence[tuple[re.Match[str], str]], wanted: Mapping[str, float]
) -> list[tuple[int, int]]:
    """First and last word of each run of wanted words, over small ones between them."""
    runs: list[tuple[int, int]] = []
    since = None
    # Behind "did" a name is followed by a verb, which is no part of it.
    with_do = bool(_DO.search(text))
    for at, (match, stemmed) in enumerate(words):
        if stemmed not in wanted or match[0].lower() in STOP_WORDS:
            continue
        joined = False
        if runs and since is not None:
            between = [word[0].lower() for word, _ in words[since + 1 : at]]
            gap = text[words[since][0].end() : match.start()]
            no_punctuation = not re.sub(r"[\w\s'’-]", "", gap)
            joined = (
                no_punctuation and len(between) <= 2 and all(word in _SMALL for word in between)
            )
            joined &= not (with_do and words[since][0][0][0].isupper() and match[0][0].islower())
            # A word that occurs twice is in two phrases.
            joined &= stemmed not in {words[earlier][1] for earlier in range(runs[-1][0], at)}
        if joined:
            runs[-1] = (runs[-1][0], at)
        else:
            runs.append((at, at))
        since = at
    return runs


def insert_phrases(question: str, phrases: Sequence[Phrase]) -> str:
    """The question with the first of the phrases, in a pronoun's place or else at its end.

    The others are left out: in brackets behind the question they would only be words.

    >>> insert_phrases("When was it founded?", [Phrase("IOFS", True, 1.0)])
    'When was the IOFS founded?'
    >>> insert_phrases("How many members?", [Phrase("IOFS", True, 1.0)])
    'How many members of the IOFS?'
    """
    if not phrases:
        return question
    name = f"the {phrases[0].text}" if phrases[0].definite else phrases[0].text
    ending = "'" if name.endswith("s") and name[-2:-1].islower() else "'s"
    for pattern, put in ((_POSSESSIVE, name + ending), (_PRONOUN, name), (_THERE, f"in {name}")):
        match = pattern.search(question)
        if match:
            put = put[0].upper() + put[1:] if match.start() == 0 else put
            return question[: match.start()] + put + question[match.end() :]
    end = _END.search(question)
    assert end is not None
    rest = question[end.start() :].strip() or "?"
    # What belongs to a thing is "of" it; what is done, "for" it.
    joining = "for" if _ACTS.search(question) else "of"
    return f"{question[: end.start()]} {joining} {name}{rest}".lstrip()


def stands_alone(question: str) -> bool:
    """Whether a question is complete and names what it is about: nothing may be added to it.

    >>> stands_alone("When was the IOFS founded?"), stands_alone("What does BN-12 mean?")
    (True, True)
    >>> stands_alone("When was it founded?"), stands_alone("Who won?"), stands_alone("And Peru?")
    (False, False, False)
    """
    return is_complete(question) and bool(_SUBJECT_NAME.search(question))


def is_complete(question: str) -> bool:
    """Whether a question is a sentence in which no word refers to what was said before.

    >>> is_complete("What is the name of the program?"), is_complete("How many members?")
    (True, False)
    """
    if refers_back(question) or not _FINITE.search(question):
        return False
    return not any(pattern.search(question) for pattern in (_OTHER_PRONOUN, _PERSONAL, _COMPARED))


def refers_back(question: str) -> bool:
    """Whether a word of the question refers to the conversation, or the question is incomplete.

    >>> refers_back("When was it founded?"), refers_back("And Turkey?"), refers_back("Who won?")
    (True, True, False)
    """
    patterns = (_POSSESSIVE, _PRONOUN, _THERE)
    if any(pattern.search(question) for pattern in patterns):
        return True
    return bool(_BARE.match(question) or _ABOUT.match(question) or _GOES_ON.match(question))


def refers_to_person(question: str) -> bool:
    """Whether "he" or "she" in the question is a person of the conversation, and nothing else is.

    >>> refers_to_person("Where does he work?"), refers_to_person("Did Einstein like his work?")
    (True, False)
    >>> refers_to_person("What does a user do if he forgets a word?")
    False
    """
    match = _PERSONAL.search(question)
    if match is None or re.search(r"\b(?:he|his|him) or \w+|\bor (?:he|his|him)\b", question, re.I):
        return False
    before = question[: match.start()]
    # At the beginning of a sentence a capital is no name, unless another one follows.
    names = (name for name in _NAME.finditer(before) if name[0] != "I")
    if any(name.start() > 0 or " " in name[0] for name in names):
        return False
    return not _OTHER_PRONOUN.search(question) and not _SOMEBODY.search(before)


def resolve_ellipsis(question: str, previous: str) -> str | None:
    """The previous question about another thing, if the question names nothing but that thing.

    >>> resolve_ellipsis("What about Turkey?", "How much aid did Kazakhstan send to Syria?")
    'How much aid did Kazakhstan send to Turkey?'
    >>> resolve_ellipsis("And where?", "When was the IOFS founded?")
    'Where was the IOFS founded?'
    >>> resolve_ellipsis("And how many lines?", "How many pages may a file have?")
    'How many lines may a file have?'
    >>> resolve_ellipsis("And an open door?", "What does a closed door mean?")
    'What does an open door mean?'
    >>> resolve_ellipsis("Who leads it?", "When was the IOFS founded?")
    """
    bare = _BARE.match(question)
    if bare:
        return _with_question_word(bare["asks"], previous)
    many = _HOW_MANY.match(question)
    counted = (
        re.search(rf"\bhow {many['much']} (\w+)(?= {_VERB}\b)", previous, re.I) if many else None
    )
    if many and counted:
        return f"{previous[: counted.start(1)]}{many['what']}{previous[counted.end(1) :]}"
    about = _ABOUT.match(question)
    if (
        about is None
        or _QUESTION_WORD.search(about["what"])
        or re.search(rf"\b{_VERB}\b", about["what"], re.I)
    ):
        return None
    what = re.sub(r"^(?:the|a|an)\s+", "", about["what"], flags=re.I)
    place = _place_of(previous, what, about["place"])
    indefinite = re.match(r"an?\s", about["what"], re.I)
    if place is None and indefinite:
        place = _subject_place(previous, len(what.split()))
    if place is None:
        return None
    article = re.search(r"\ban? $", previous[: place[0]], re.I)
    if indefinite and article:
        what, place = about["what"], (article.start(), place[1])
    return f"{previous[: place[0]]}{what}{previous[place[1] :]}"


def _with_question_word(asks: str, previous: str) -> str:
    """The previous question with another question word."""
    match = _ASKING.match(previous)
    if match and match["asks"].lower() != asks.lower():
        return asks.capitalize() + previous[match.end("asks") :]
    end = _END.search(previous)
    assert end is not None
    rest = previous[: end.start()]
    question_word = re.match(
        r"(?:who|what|when|where|why|how (?:many|much)|how|which)\s+", rest, re.I
    )
    rest = rest[question_word.end() :] if question_word else rest
    return f"{asks.capitalize()} ({rest})?"


def _place_of(previous: str, what: str, preposition: str | None) -> tuple[int, int] | None:
    """Start and end of what is of the same kind in the previous question."""
    if _YEAR.fullmatch(what):
        years = [match.span() for match in _YEAR.finditer(previous)]
        return years[-1] if years else None
    if what[0].isupper():
        names = [match.span() for match in _NAME.finditer(previous) if match.start() > 0]
        stems = {stem(word) for word in _WORD.findall(what)}
        names = [name for name in names if stem(previous[slice(*name)].split()[-1]) not in stems]
        if preposition:
            before = [
                name
                for name in names
                if re.search(rf"\b{preposition} (?:the )?$", previous[: name[0]])
            ]
            names = before or names
        return names[-1] if names else None
    head = stem(_WORD.findall(what)[-1]) if _WORD.findall(what) else ""
    words = list(_WORD.finditer(previous))
    for at, match in enumerate(words):
        if stem(match[0]) == head and head:
            first = at
            while first and words[first - 1][0].lower() not in STOP_WORDS:
                first -= 1
            return words[first].start(), match.end()
    return None


def _subject_place(previous: str, count: int) -> tuple[int, int] | None:
    """Start and end of the subject of the previous question, if it has that number of words.

    Only where nothing but a verb follows it, so that its end is known.
    """
    match = re.match(
        r"^\W*what (?:does|did|can|could|will|would|must|should) "
        rf"an? (?P<subject>[\w-]+(?: [\w-]+){{{count - 1}}}) [\w-]+\W{{0,3}}$",
        previous,
        re.I,
    )
    return match.span("subject") if match else None
