"""Lists: where a question asks for several things, the answer is all of a list, not one line."""

import re

LIST_MARKER = (
    r"[ \t]*(?:[-*•–]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxlIVXL]{1,6})[.)]|\d{1,3}(?:\.\d{1,3})+\.?)[ \t]"
)
"""What a list's line begins with, as a pattern: a bullet or a number of any kind."""

ITEM = re.compile(rf"^{LIST_MARKER}+\S.*$", re.MULTILINE)
"""A line of a list, with its marker."""


def enclosing_list(text: str, start: int, end: int) -> tuple[int, int]:
    r"""Start and end of the list around a span; the span itself if it is in no list.

    >>> text = "It has tasks:\n- fight hunger\n- give aid\nIt is old."
    >>> first, last = enclosing_list(text, 16, 21)
    >>> text[first:last]
    '- fight hunger\n- give aid'
    """
    lists: list[tuple[int, int]] = []
    for item in ITEM.finditer(text):
        if lists and item.start() == lists[-1][1] + 1:
            lists[-1] = (lists[-1][0], item.end())
        else:
            lists.append(item.span())
    for first, last in lists:
        if first <= start and end <= last:
            return first, last
    return start, end
