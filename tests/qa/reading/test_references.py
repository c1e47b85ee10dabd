"""What a question names by its number or code alone is quoted as a whole."""

import pytest

from qa.reading.reader import quoted
from qa.reading.references import CONFIDENCE, read_reference
from tests.builders import a_hit

AGREEMENT = (
    "2. Payment\n\n2.1 Fees are due in May.\n2.2 Late payment bears interest of four percent."
)
ERRORS = "E-217\n\nThe float is stuck; rinse the tank.\n\nE-271\n\nThe lamp has failed."


def read(question: str, *texts: str) -> list[list[str]]:
    hits = [a_hit(text, document=at) for at, text in enumerate(texts)]
    return [
        [quoted(hits, span) for span in answer.spans] for answer in read_reference(question, hits)
    ]


@pytest.mark.parametrize(
    "question", ["What does clause 2.2 say?", "Quote § 2.2.", "What is the content of section 2.2?"]
)
def test_numbered_clause_is_quoted(question: str) -> None:
    assert read(question, AGREEMENT) == [["2.2 Late payment bears interest of four percent."]]


def test_heading_is_quoted_with_what_follows() -> None:
    assert read("E217", ERRORS) == [["E-217", "The float is stuck; rinse the tank."]]
    assert read("What does E-271 mean?", ERRORS) == [["E-271", "The lamp has failed."]]


@pytest.mark.parametrize(
    "question",
    ["Which interest does clause 2.2 set?", "What does clause 2.3 say?", "Who says so?", "E218"],
)
def test_nothing_is_quoted_where_more_is_asked_or_nothing_has_the_number(question: str) -> None:
    assert read(question, AGREEMENT, ERRORS) == []


def test_number_that_goes_on_to_the_left_is_another_one() -> None:
    assert read("What does clause 2.2 say?", "1.2.2 Nothing is due.") == []


def test_several_documents_with_the_number_share_the_confidence() -> None:
    hits = [a_hit(AGREEMENT, document=1), a_hit(AGREEMENT.replace("four", "six"), document=2)]
    found = read_reference("What does clause 2.2 say?", hits)
    assert [answer.confidence for answer in found] == [CONFIDENCE / 2] * 2
