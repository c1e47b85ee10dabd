"""Lists: where a question asks for several things, the answer is all of a list, not one line."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from embeddings.document import BLOCK_SEPARATOR
from embeddings.passages import HEADING_SEPARATOR
from qa.reading.question_type import asks_for_list, asks_for_one
from qa.reading.reader import Span
from qa.results import Hit
from qa.text import stem, stems, terms

_BULLET = "[-*＊•◦▪■□●○‣–☐☑☒✓✔]"
_NUMBER = r"\(?(?:\d{1,3}|[a-zA-Z]|[ivxlIVXL]{1,6})[.)]|\d{1,3}(?:\.\d{1,3})+\.?"

LIST_MARKER = rf"[ \t]*(?:{_BULLET}|{_NUMBER}|\[[ xX]\])[ \t]"
"""What a list's line begins with, as a pattern: a bullet, a box or a number of any kind."""

LABEL = r"(?![a-z])[^\n:]{1,60}"
"""What stands before a colon where a line is a label and its value, as a pattern. Small letters
begin the lines of a sentence."""

ITEM = re.compile(rf"^{LIST_MARKER}+\S.*$", re.MULTILINE)
"""A line of a list, with its marker."""

MIN_INTRODUCED = 0.75
"""Share of a question's words in the line before a list from which the list is what it asks for.
Chosen by hand; not fitted."""


@dataclass(frozen=True, slots=True)
class TextList:
    """A list in a passage's text.

    Attributes:
        start: Offset of its first character.
        end: Offset behind its last character.
        introduction: The paragraph or line right before it, or the last part of the passage's
            context if the passage begins with the list; may be empty.
        introduction_start: Offset of that in the text; equal to ``start`` if it is not there.
    """

    start: int
    end: int
    introduction: str
    introduction_start: int


def answer_list(
    question: str, in_passage: Iterable[TextList], start: int, end: int
) -> tuple[int, int] | None:
    r"""Start and end of the list that answers a question, given a span; none if it is the span.

    The span lies in the list or in the line that introduces it; or somewhere before, where that
    line says what is asked for.

    Args:
        question: As asked.
        in_passage: The lists of the passage's text.
        start: Offset of the span's first character.
        end: Offset behind its last character.

    >>> text = "The IOFS has tasks:\n- fight hunger\n- give aid\nIt is old."
    >>> first, last = answer_list("What are its tasks?", lists(text), 22, 34)
    >>> text[first:last]
    '- fight hunger\n- give aid'
    """
    for found in in_passage:
        inside = found.start <= start and end <= found.end
        introduces = found.introduction.rstrip().endswith(":")
        if not inside and not (introduces and end <= found.start):
            continue
        if asks_for_list(question) and (inside or found.introduction_start <= start):
            return found.start, found.end
        if introduces_answer(question, found.introduction):
            return found.start, found.end
        if inside and _is_asked(question, found.introduction):
            return found.start, found.end
    return None


def _is_asked(question: str, heading: str) -> bool:
    """Whether a heading above a list says all that a question asks: "Who may vote"."""
    return not asks_for_one(question) and share_said(question, heading) == 1


def introduces_answer(question: str, introduction: str) -> bool:
    """Whether the line before a list or table says that what is asked for follows.

    >>> introduces_answer("What can a member borrow?", "Members can borrow:")
    True
    """
    if not introduction.rstrip().endswith(":") or asks_for_one(question):
        return False
    return share_said(question, introduction) >= MIN_INTRODUCED


def share_said(question: str, text: str) -> float:
    """Share of a question's words that a text says, 0 to 1.

    >>> share_said("Which tasks remain?", "Tasks before release:")
    0.5
    """
    asked = [stem(term) for term in terms(question)]
    said = stems(text)
    return sum(map(said.__contains__, asked)) / len(asked) if asked else 0.0


def whole_list(hits: Sequence[Hit], span: Span) -> tuple[Span, ...]:
    """The list that a span is, with its pieces in the neighbouring passages, in order.

    Args:
        hits: The passages.
        span: The span alone is returned if it is no list that goes on in another passage.
    """
    pieces = [
        Span(at, hit.start + piece.start, hit.start + piece.end)
        for at, hit in enumerate(hits)
        for piece in lists(hit.text)
    ]
    if span not in pieces:
        return (span,)
    found = [span]
    while before := next((piece for piece in pieces if _goes_on(hits, piece, found[0])), None):
        found.insert(0, before)
    while behind := next((piece for piece in pieces if _goes_on(hits, found[-1], piece)), None):
        found.append(behind)
    return tuple(found)


def _goes_on(hits: Sequence[Hit], piece: Span, next_piece: Span) -> bool:
    """Whether a list ends with its passage, and goes on at the beginning of the next one."""
    one, other = hits[piece.hit], hits[next_piece.hit]
    return (
        one.document == other.document
        and piece.end == one.end
        and next_piece.start == other.start
        and 0 < other.start - one.end <= len(BLOCK_SEPARATOR)
    )


def lists(text: str, context: str = "") -> Iterator[TextList]:
    """The lists in a passage's text: lines with markers, and the lines that continue them.

    Args:
        text: Of the passage.
        context: Of the passage: its last part introduces a list with which the text begins.
    """
    start = end = -1
    for item in ITEM.finditer(text):
        if start >= 0 and text[end : item.start()].strip() == "":
            end = item.end()
            continue
        if start >= 0:
            yield _introduced(text, context, start, end)
        start, end = item.span()
    if start >= 0:
        yield _introduced(text, context, start, end)


def _introduced(text: str, context: str, start: int, end: int) -> TextList:
    before = text[:start].rstrip()
    if not before:
        return TextList(start, end, context.rpartition(HEADING_SEPARATOR)[2], start)
    introduction = before.rpartition(BLOCK_SEPARATOR)[2]
    return TextList(start, end, introduction, len(before) - len(introduction))
