"""Receipt check: whether the documents still hold what a receipt quotes.

A client can send anything in the place of a receipt: its size is checked before it is parsed, and
the time to compare its quotes is bounded.
"""

import time
from dataclasses import dataclass

from qa.library.receipts import CheckedCitation, parse_receipt, verify
from qa.pipeline import QuestionAnswerer
from qa.results import Answer
from qa.service.messages import (
    NO_RECEIPT,
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


class NoReceipt(ValueError):
    """What is said to be a receipt is none that can be checked; the message is for people.

    Attributes:
        too_large: Whether it is refused for its size.
    """

    def __init__(self, sentence: str, *, too_large: bool = False) -> None:
        super().__init__(sentence)
        self.too_large = too_large


@dataclass(frozen=True, slots=True)
class ReceiptCheck:
    """A receipt compared with the documents.

    Attributes:
        quotes: Those checked, with the question of the answer that quotes them.
        total: Quotes in the receipt.
    """

    quotes: tuple[tuple[str, CheckedCitation], ...] = ()
    total: int = 0


def check_receipt(content: str, answerer: QuestionAnswerer) -> ReceiptCheck:
    """What has become of the quotes in a receipt.

    Only documents that questions are answered from are looked at: otherwise a receipt could be
    made up to find out what others hold.

    Args:
        content: JSON that is said to be a receipt.
        answerer: Whose documents are compared.

    Raises:
        NoReceipt: It is none, quotes nothing, or is too large.
        IndexDamaged: What is stored fails its checks.
    """
    if len(content) > MAX_RECEIPT_CHARACTERS or content.count("{") > MAX_RECEIPT_OBJECTS:
        raise NoReceipt(RECEIPT_TOO_LARGE, too_large=True)
    try:
        answers = parse_receipt(content)
    except ValueError as error:  # Also for JSON that is nested too deeply.
        raise NoReceipt(NO_RECEIPT) from error
    questions = [answer.question for answer in answers for _ in answer.quotes]
    if not questions:
        raise NoReceipt(RECEIPT_WITHOUT_QUOTES)
    return ReceiptCheck(_checked(answers, questions, answerer), len(questions))


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
