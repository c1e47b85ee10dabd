"""Questions that compare two things."""

import pytest

from qa.conversation.comparison import parse_comparison

COMPARED = {
    "Which is older, the IOFS or the OTS?": "When was {} founded?",
    "Which one is larger: the IOFS or the OTS?": "How large is {}?",
    "Which has more members, the IOFS or the OTS?": "How many members does {} have?",
    "Which organisation has the most members, the IOFS or the OTS?": (
        "How many members does {} have?"
    ),
    "Is the IOFS older than the OTS?": "When was {} founded?",
    "What is the difference between the IOFS and the OTS?": "What is {}?",
    "How do the IOFS and the OTS differ?": "What is {}?",
}


@pytest.mark.parametrize("question", COMPARED)
def test_comparison_asks_the_same_of_both(question: str) -> None:
    compared = parse_comparison(question)
    assert compared is not None
    assert [wordings[0] for wordings in compared.questions] == [
        COMPARED[question].format(thing) for thing in ("the IOFS", "the OTS")
    ]


@pytest.mark.parametrize(
    "question",
    [
        "When was the IOFS founded?",
        "Which of them is older?",
        "Is the rate higher or lower than before?",
        "Who is more likely to win, men or women?",
        "Which formats are read?",
        "More than what?",
    ],
)
def test_question_that_compares_no_two_things(question: str) -> None:
    assert parse_comparison(question) is None
