"""Receipt check: whether the documents still hold what a receipt quotes, for the page.

A browser can send anything in the place of a receipt: its size is checked before it is parsed, and
the time to compare its quotes is bounded.
"""

import logging
import time
from dataclasses import dataclass

from embeddings.errors import ChapterAndVerseError
from qa.library.receipts import CheckedCitation, parse_receipt, verify
from qa.pipeline import QuestionAnswerer
from qa.results import Answer
from qa.service.error_messages import error_message
from qa.service.messages import (
    NO_RECEIPT,
    RECEIPT_NOT_CHECKED,
    RECEIPT_TOO_LARGE,
    RECEIPT_WITHOUT_QUOTES,
)

MAX_RECEIPT_CHARACTERS = 1_000_000
"""Of a receipt's JSON: that of a whole conversation, with its passages left out, is shorter."""

MAX_RECEIPT_OBJECTS = 20_000
"""Citations and candidates in it; thirty answers have some two thousand."""

MAX_CHECKED = 500
"""Quotes checked of one receipt; thirty answers have some two hundred. Chosen by hand."""

CHECK_SECONDS = 20.0
"""After which no further quote is checked. Chosen by hand."""

_log = logging.getLogger("chapter-and-verse")


@dataclass(frozen=True, slots=True)
class ReceiptCheck:
    """A receipt compared with the documents.

    Attributes:
        quotes: Those checked, with the question of the answer that quotes them.
        total: Quotes in the receipt.
        problem: Why nothing was checked, as a sentence; empty if something was.
    """

    quotes: tuple[tuple[str, CheckedCitation], ...] = ()
    total: int = 0
    problem: str = ""


def check_receipt(content: str, answerer: QuestionAnswerer) -> ReceiptCheck:
    """What has become of the quotes in a receipt. Never raises.

    Only documents that questions are answered from are looked at: otherwise a receipt could be
    made up to find out what others hold.

    Args:
        content: Of the file that is said to be a receipt.
        answerer: Whose documents are compared.
    """
    if len(content) > MAX_RECEIPT_CHARACTERS or content.count("{") > MAX_RECEIPT_OBJECTS:
        return ReceiptCheck(problem=RECEIPT_TOO_LARGE)
    try:
        answers = parse_receipt(content)
    except ValueError:  # Also for JSON that is nested too deeply.
        return ReceiptCheck(problem=NO_RECEIPT)
    questions = [answer.question for answer in answers for _ in answer.quotes]
    if not questions:
        return ReceiptCheck(problem=RECEIPT_WITHOUT_QUOTES)
    try:
        return ReceiptCheck(_checked(answers, questions, answerer), len(questions))
    except ChapterAndVerseError as error:
        _log.error("%s", error)
        return ReceiptCheck(problem=error_message(error))
    except Exception:  # The page would wait forever. Expected errors are handled above.
        _log.exception("A receipt was not checked.")
        return ReceiptCheck(problem=RECEIPT_NOT_CHECKED)


def _checked(
    answers: list[Answer], questions: list[str], answerer: QuestionAnswerer
) -> tuple[tuple[str, CheckedCitation], ...]:
    started = time.monotonic()
    found: list[tuple[str, CheckedCitation]] = []
    checked = verify(answers, answerer.index, answerer.within)
    for question, quote in zip(questions, checked, strict=True):
        found.append((question, quote))
        if len(found) == MAX_CHECKED or time.monotonic() - started > CHECK_SECONDS:
            break
    return tuple(found)
