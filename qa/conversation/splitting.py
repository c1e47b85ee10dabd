"""Splitting: the questions that one message holds, each of which is answered by itself."""

import re

MAX_QUESTIONS = 4
"""Questions of one message that are answered separately; a message with more is asked as it is.
Chosen by hand."""

_QUESTION_WORD = r"(?:who|whom|whose|what|when|where|why|how|which)"
_VERB = r"(?:is|are|was|were|did|does|do|has|have|had|can|could|will|would|should|must|may|might)"
_SENTENCE = re.compile(r"(?<=[?!.])\s+(?=\S)")
_STARTS_QUESTION = re.compile(
    rf"^\W*(?:(?:and|but|so|also|then)\b,?\s*)*(?:{_QUESTION_WORD}|{_VERB}|tell|name|list)\b", re.I
)
_STARTS_WITH_QUESTION_WORD = re.compile(
    rf"^\W*(?:(?:and|but|so)\s+)?(?:in |on |at |from |to |for |by |with )?{_QUESTION_WORD}\b", re.I
)
# "when and where was it": two question words before one verb.
_TWO_QUESTION_WORDS = re.compile(
    rf"^(\W*(?:and\s+)?)({_QUESTION_WORD}) and ({_QUESTION_WORD}) (?={_VERB}\b)(.+)$", re.I
)
# What follows "and" asks by itself: a question word with its verb, or alone at the end.
_CONJUNCTION = re.compile(
    rf",?\s+and\s+(?:also\s+)?(?=(?:in |on |at |from |to |for |by |with )?{_QUESTION_WORD}"
    rf"(?:\s+(?:many|much|long|often|far|old|large|big|high))?(?:\s+[\w'’-]+){{0,3}}?\s+{_VERB}\b"
    rf"|(?:when|where|why|how|who)\s*[?.!]*$"
    rf"|who\s+\w+(?:ed|s)\b)",
    re.I,
)
_INTRODUCES_INDIRECT = re.compile(
    r"\b(?:know|knows|knew|explain|explains|describe|describes|understand|tell|tells|show|shows|say"
    r"|says|said|decide|decides|determine|determines|specify|specifies|discuss|study|studies|about"
    r"|of|on|in|between|wonder|ask|asked|learn|see|find out)\s*$",
    re.I,
)


def split_sentences(message: str) -> list[str]:
    """The sentences of a message, in order.

    >>> split_sentences("Hello! Who leads the IOFS? Where is it?")
    ['Hello!', 'Who leads the IOFS?', 'Where is it?']
    """
    return [sentence for sentence in _SENTENCE.split(message.strip()) if sentence]


def split_questions(message: str) -> list[str]:
    """The questions that a message holds, in order; the message alone if it holds one.

    >>> split_questions("When was the IOFS founded and how many members does it have?")
    ['When was the IOFS founded?', 'how many members does it have?']
    >>> split_questions("When and where did the assembly meet?")
    ['When did the assembly meet?', 'where did the assembly meet?']
    >>> split_questions("Who founded Microsoft and Apple?")
    ['Who founded Microsoft and Apple?']
    """
    sentences = split_sentences(message)
    if len(sentences) == 1:
        found = _split_conjunction(sentences[0])
    elif all(sentence.endswith("?") and _STARTS_QUESTION.match(sentence) for sentence in sentences):
        found = [question for sentence in sentences for question in _split_conjunction(sentence)]
    else:
        found = []
    return found if 0 < len(found) <= MAX_QUESTIONS else [" ".join(sentences) or message]


def _split_conjunction(question: str) -> list[str]:
    """The questions in one sentence that are joined by "and"."""
    shared = _TWO_QUESTION_WORDS.match(question)
    if shared and shared[2].lower() != shared[3].lower():
        before, first, second, rest = shared.groups()
        return [f"{before}{first} {rest}", f"{second} {rest}"]
    if not _STARTS_WITH_QUESTION_WORD.match(question):
        return [question]
    found: list[str] = []
    rest = question
    for match in _CONJUNCTION.finditer(question):
        before = question[len(question) - len(rest) : match.start()]
        if not re.search(rf"\b(?:{_VERB}|\w+(?:ed|s))\b", before, re.I) or len(before.split()) < 2:
            continue
        if _INTRODUCES_INDIRECT.search(before) or _asks_indirectly(before):
            return [question]
        found.append(f"{before.rstrip(' ,')}?")
        rest = question[match.end() :]
    return [*found, rest]


def _asks_indirectly(before: str) -> bool:
    """Whether there is another question word, as in "what he said and how he"."""
    return len(re.findall(rf"\b{_QUESTION_WORD}\b", before, re.I)) > 1
