"""Checklists: the items that are ticked, or those that are not, where a question asks for them."""

import re
from collections.abc import Iterator, Sequence

from qa.reading.lists import MIN_INTRODUCED, lists, share_said
from qa.reading.reader import ReadAnswer, Span
from qa.results import Hit

CONFIDENCE = 0.8
"""Of the items in the state that is asked for, where their list is named. Chosen by hand."""

MIN_ITEMS = 2
"""Of a checklist; a box alone is a form's field. Chosen by hand."""

_DONE = re.compile(r"\b(?:done|finished|completed|ticked(?: off)?|checked(?: off)?)\b", re.I)
_NOT = re.compile(r"\b(?:not|never)\b|n['’]t\b", re.I)
_DUE = re.compile(r"\b(?:to be|yet to|still|should|must|needs?)\b", re.I)
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


def read_checklist(question: str, hits: Sequence[Hit]) -> list[ReadAnswer] | None:
    """The items in the state that a question asks for, such as "not yet done".

    Args:
        question: As asked.
        hits: The passages.

    Returns:
        One answer, or none if no item is in that state; None if the question asks for no state,
        or the passages have no such list.
    """
    asks = _ASKS.match(question)
    state = _OPEN.search(question) or _DONE.search(question)
    if not state or not asks:
        return None
    before = question[asks.end() : state.start()]
    is_open = bool(_OPEN.fullmatch(state[0]))
    if _NOT.search(before) and is_open:
        return None  # "Not pending" may be done or given up.
    is_open = is_open or bool(_NOT.search(before) or _DUE.search(before))
    rest = f"{before} {question[state.end() :]}"
    for pattern in (_NOT, _DUE, _FILLING):
        rest = pattern.sub(" ", rest)
    found = [
        (Span(at, hit.start + item.start(1), hit.start + item.end(1)), item["box"])
        for at, hit in enumerate(hits)
        for item in _items(rest, hit)
    ]
    if not found:
        return None
    document = hits[found[0][0].hit].document
    spans = sorted(
        (
            span
            for span, box in found
            if hits[span.hit].document == document and (box in _EMPTY_BOXES) == is_open
        ),
        key=lambda span: span.start,
    )
    return [ReadAnswer(tuple(spans), CONFIDENCE, joined=True)] if spans else []


def _items(asked: str, hit: Hit) -> Iterator[re.Match[str]]:
    """The items of the checklists in a passage that a question names."""
    for found in lists(hit.text, hit.context):
        items = list(_ITEM.finditer(hit.text, found.start, found.end))
        above = "\n".join((hit.context, *hit.headings, found.introduction))
        if len(items) >= MIN_ITEMS and share_said(asked, above) >= MIN_INTRODUCED:
            yield from items
