"""Small talk: messages to the program itself, and its replies.

The documents do not answer them: nothing is searched or cited.
"""

import re
from collections.abc import Sequence
from typing import Literal

Kind = Literal["greeting", "thanks", "farewell", "about"]

TITLES_NAMED = 5
"""Documents named in the reply to what the program is about. Chosen by hand."""

_PATTERNS: tuple[tuple[Kind, str], ...] = (
    (
        "greeting",
        r"h[ae]llo+|hi+|hey+|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)"
        r"|how are (?:you|things)(?: (?:doing|today))*|how do you do|nice to meet you"
        r"|what(?: i)?s up|yo",
    ),
    (
        "thanks",
        r"(?:ok(?:ay)? |great |perfect |cool |many |no )?(?:thanks|thank you|thx|ty|cheers)"
        r"(?: (?:very|so) much| (?:a lot|for (?:that|this|your help|the help|the answer)))*"
        r"|(?:that (?:is|was)|thats) (?:very )?(?:helpful|great|perfect|all)|well done|good job"
        r"|(?:ok|okay|great|nice|cool|perfect|good|wow|interesting|i see|got it|alright)",
    ),
    (
        "farewell",
        r"(?:good ?)?bye(?: ?bye)?|goodnight|good night|see you(?: later| soon)?|ciao",
    ),
    (
        "about",
        r"(?:what|how) (?:can|do|could) you (?:do|help|answer|know|offer)"
        r"(?: (?:for|to|with) (?:me|us))?(?: with)?|what are you(?: able to do| for)?"
        r"|who (?:are you|made you|is this)|what is your (?:name|purpose|job)|whats your name"
        r"|are you (?:an? )?(?:real )?(?:bot|robot|human|person|ai|machine|program|there|real)"
        r"|help(?: me)?|can you help(?: me)?|how do you work"
        r"|what (?:can|should|could|do) i ask(?: you)?(?: about)?|what do you know(?: about)?"
        r"|what(?: kind of| sort of)? (?:documents|files|topics|subjects)"
        r" (?:do you (?:have|know|hold)|are (?:there|here|loaded|indexed))"
        r"|what is (?:in|inside)(?: (?:the|your|this))? (?:library|collection|documents|index)",
    ),
)

_KINDS: dict[Kind, re.Pattern[str]] = {
    kind: re.compile(rf"^(?:{pattern})(?: (?:there|you|everyone|all|bot|again|then|so|a lot))*$")
    for kind, pattern in _PATTERNS
}

_WORDS: dict[Kind, str] = {
    "greeting": "Hello.",
    "thanks": "You are welcome.",
    "farewell": "Goodbye.",
    "about": "Chapter and Verse answers questions in the words of these documents, and cites them.",
}


def small_talk(text: str) -> Kind | None:
    """The kind of small talk that a text is; none if it is anything else.

    >>> small_talk("Hello!"), small_talk("What can you do?"), small_talk("What can the IOFS do?")
    ('greeting', 'about', None)
    """
    plain = re.sub(r"['’]", "", text.lower())
    words = " ".join(re.findall(r"\w+", plain.replace("whats ", "what is ")))
    return next((kind for kind, pattern in _KINDS.items() if pattern.match(words)), None)


def reply(kind: Kind, titles: Sequence[str]) -> str:
    """The reply to small talk: a courtesy, and the documents that can be asked about.

    >>> reply("thanks", ["Diplomacy", "Formats"])
    'You are welcome. The library holds 2 documents: Diplomacy; Formats.'

    Args:
        kind: Of small talk.
        titles: Of the documents that questions are answered from.
    """
    if not titles:
        return f"{_WORDS[kind]} The library holds no documents yet."
    named = "; ".join(titles[:TITLES_NAMED])
    more = len(titles) - TITLES_NAMED
    rest = f"; and {more} more" if more > 0 else ""
    count = "1 document" if len(titles) == 1 else f"{len(titles)} documents"
    return f"{_WORDS[kind]} The library holds {count}: {named}{rest}."
