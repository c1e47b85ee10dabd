"""Checklists: the items that are ticked, or those that are not, where a question asks for them."""

import re
from collections.abc import Sequence

from qa.reading.lists import MIN_INTRODUCED, lists, share_said
from qa.reading.reader import ReadAnswer, Span
from qa.results import Hit

CONFIDENCE = 0.8
"""Of the items in the state that is asked for, where their list is named. Chosen by hand."""

MIN_ITEMS = 2
"""Of a checklist; a box alone is a form's field. Chosen by hand."""

_DONE = re.compile(r"\b(?:done|finished|completed|ticked(?: off)?|checked(?: off)?)\b", re.I)
_NOT = re.compile(r"\b(?:not|never|to be|yet to|still)\b|n['’]t\b", re.I)
_OPEN = re.compile(
    r"\b(?:unfinished|incomplete|not (?:yet )?complete|outstanding|unticked|unchecked|pending"
    r"|still (?:open|missing|to do)|left to do)\b",
    re.I,
)
_FILLING = re.compile(r"\b(?:already|yet|all)\b", re.I)
_ASKS = re.compile(r"^\W*(?:what|which|list|name)\b", re.I)
_ITEM = re.compile(
    r"^[ \t]*((?:(?:[-*+•]|\d{1,3}[.)])[ \t]+)?(?P<box>[☐☑☒✓✔]|\[[ xX]\])[ \t]+\S.*)$", re.MULTILINE
)
_EMPTY_BOXES = ("☐", "[ ]")


def read_checklist(question: str, hits: Sequence[Hit]) -> list[ReadAnswer]:
    """The items in the state that a question asks for, such as "not yet done"; often nothing.

    Args:
        question: As asked.
        hits: The passages.
    """
    asks = _ASKS.match(question)
    state = _OPEN.search(question) or _DONE.search(question)
    if not state or not asks:
        return []
    before = question[asks.end() : state.start()]
    is_open = bool(_OPEN.fullmatch(state[0]) or _NOT.search(before))
    rest = _FILLING.sub(" ", _NOT.sub(" ", f"{before} {question[state.end() :]}"))
    for at, hit in enumerate(hits):
        for found in lists(hit.text, hit.context):
            items = list(_ITEM.finditer(hit.text, found.start, found.end))
            above = "\n".join((hit.context, *hit.headings, found.introduction))
            if len(items) < MIN_ITEMS or share_said(rest, above) < MIN_INTRODUCED:
                continue
            spans = tuple(
                Span(at, hit.start + item.start(1), hit.start + item.end())
                for item in items
                if (item["box"] in _EMPTY_BOXES) == is_open
            )
            return [ReadAnswer(spans, CONFIDENCE, joined=True)] if spans else []
    return []
