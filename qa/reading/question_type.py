"""Question type: what kind of answer a question asks for, by its words."""

import re

from qa.text import terms

_ASKS_FOR_LIST = re.compile(
    r"\b(what|which) (are|were)\b|^\W*(list|name|enumerate)\b|\bwho (are|were)\b"
    r"|\b(what|which) (\w+[ -]){0,3}(?!does |has |was |is |this |its )\w{2,}[^\W\dsui]s "
    # "Which gas makes up the air?" has a verb there.
    r"(?!(?:up|the|an?) )\w",
    re.I,
)
_ASKS_FOR_ONE = re.compile(
    r"\bhow (many|much|long|often|far|old|large|big|high)\b|\bwhen\b|\bwhere\b|\bwhich one\b"
    r"|\b(first|second|third|last|next) \w|\b\w+est\b",
    re.I,
)

_ASKS_FOR_SENTENCES = re.compile(
    r"^\W*(explain|describe|summari[sz]e|tell|outline|discuss)\b|\bsa(y|id|ys) about\b", re.I
)
_ASKS_WHY = re.compile(r"^\W*(?:\w+ )?why\b|[,;] why\b|\bfor what reason\b", re.I)
_MAY_NEED_SENTENCES = re.compile(
    r"\bwhy\b|\bhow\b(?! (many|much|long|often|far|old|large|big|high|tall|deep|fast|late|early)\b)"
    r"|\bfor what (reason|purpose)\b|\bwhat (is|are) the (purpose|reason|difference|role|idea)",
    re.I,
)
_REQUESTS = frozenset(
    "describe describes described discuss explain outline say says said summarise summarize".split()
)

_ASKS_FOR_QUANTITY = re.compile(
    r"\bhow (many|much|long|often|far|old|large|big|high)\b|\bnumber of\b", re.I
)
_ASKS_FOR_TIME = re.compile(r"\bwhen\b|\b(what|which) (year|date|day|month|time|century)\b", re.I)
_ASKS_FOR_NAME = re.compile(
    r"\b(who|whom|whose|where)\b|\bwhat (city|country|place|company|person)\b", re.I
)
_NUMBER = re.compile(
    r"\d|\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|hundreds?|thousands?|"
    r"millions?|billions?|dozens?|half|none|several)\b",
    re.I,
)
_DATE = re.compile(
    r"\d{3,4}|\b(january|february|march|april|may|june|july|august|september|october|november|"
    r"december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|century|today|"
    r"yesterday|annually)\b",
    re.I,
)
_PROPER_NAME = re.compile(r"(?<!^)(?<![.!?]\s)\b[A-Z]\w+")

_EXPECTED_NOUN = re.compile(r"\b(?:what|which)\s+(\w+)", re.I)


def asks_for_list(question: str) -> bool:
    """Whether the question asks for several things.

    >>> asks_for_list("What are its tasks?"), asks_for_list("Which tasks does it have?")
    (True, True)
    >>> asks_for_list("What is its task?"), asks_for_list("Which class does it have?")
    (False, False)
    >>> asks_for_list("Which key features changed it?"), asks_for_list("What does it need?")
    (True, False)
    >>> asks_for_list("Which gas makes up the air?")
    False
    """
    return bool(_ASKS_FOR_LIST.search(question))


def asks_for_one(question: str) -> bool:
    """Whether the question asks for a single thing: a number, a time, a place, the first of many.

    >>> asks_for_one("When does it open?"), asks_for_one("What can a member borrow?")
    (True, False)
    """
    return bool(_ASKS_FOR_ONE.search(question))


def asks_for_sentences(question: str) -> bool:
    """Whether no short span can answer the question.

    >>> asks_for_sentences("What is said about hunger?"), asks_for_sentences("Who said it?")
    (True, False)
    """
    return bool(_ASKS_FOR_SENTENCES.search(question))


def asks_why(question: str) -> bool:
    """Whether the question asks for a reason.

    >>> asks_why("Why did it end?"), asks_why("Who explained why it ended?")
    (True, False)
    """
    return bool(_ASKS_WHY.search(question))


def may_need_sentences(question: str) -> bool:
    """Whether a span may be too short an answer to the question.

    >>> may_need_sentences("Why did it end?"), may_need_sentences("How many are there?")
    (True, False)
    """
    return bool(_MAY_NEED_SENTENCES.search(question)) or asks_for_sentences(question)


def topic_terms(question: str) -> list[str]:
    """The words that say what a question is about, without verbs such as "explain" or "say".

    >>> topic_terms("What is said about hunger?"), topic_terms("Explain!")
    (['hunger'], ['explain'])
    """
    found = terms(question)
    return [term for term in found if term not in _REQUESTS] or found


def expected_nouns(question: str) -> list[str]:
    """The nouns that name the kind of answer.

    >>> expected_nouns("What colour is it?"), expected_nouns("Who built it?")
    (['colour'], [])
    """
    return _EXPECTED_NOUN.findall(question)


def fits_answer_type(question: str, sentence: str) -> float:
    """Whether the sentence holds the kind of thing asked for: 1 yes, 0 no, 0.5 unknown.

    >>> fits_answer_type("When was it founded?", "It was founded in 2013.")
    1.0
    >>> fits_answer_type("When was it founded?", "It has many members.")
    0.0
    """
    for question_pattern, answer_pattern in (
        (_ASKS_FOR_QUANTITY, _NUMBER),
        (_ASKS_FOR_TIME, _DATE),
        (_ASKS_FOR_NAME, _PROPER_NAME),
    ):
        if question_pattern.search(question):
            return float(bool(answer_pattern.search(sentence)))
    return 0.5
