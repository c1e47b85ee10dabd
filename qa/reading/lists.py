"""Lists: where a question asks for several things, the answer is all of a list, not one line."""

import re

ITEM = re.compile(r"^[ \t]*(?:[-*•–]|\d{1,3}[.)])[ \t]+\S.*$", re.MULTILINE)
"""A line of a list, with its marker."""

_ASKS = re.compile(
    r"\b(what|which) (are|were)\b|^\W*(list|name|enumerate)\b"
    r"|\b(what|which) (\w+ ){0,2}\w+s (are|were|do|does|did|has|have|can|should|must)\b",
    re.I,
)


def asks_for_list(question: str) -> bool:
    """Whether the question asks for several things.

    >>> asks_for_list("What are its tasks?"), asks_for_list("Which tasks does it have?")
    (True, True)
    >>> asks_for_list("What is its task?"), asks_for_list("Who leads the talks?")
    (False, False)
    """
    return bool(_ASKS.search(question))


def whole_list(text: str, start: int, end: int) -> tuple[int, int]:
    r"""Start and end of the list in which a span stands; the span itself if it is in none.

    >>> text = "It has tasks:\n- fight hunger\n- give aid\nIt is old."
    >>> first, last = whole_list(text, 16, 21)
    >>> text[first:last]
    '- fight hunger\n- give aid'
    """
    runs: list[tuple[int, int]] = []
    for item in ITEM.finditer(text):
        if runs and item.start() == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], item.end())
        else:
            runs.append(item.span())
    for first, last in runs:
        if first <= start and end <= last:
            return first, last
    return start, end
