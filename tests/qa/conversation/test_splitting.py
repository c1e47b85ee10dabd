"""Messages that hold several questions, and comparisons."""

import pytest

from qa.conversation.splitting import comparison_of, parts_of

ONE = (
    "When was the IOFS founded?",
    "Who founded Microsoft and Apple?",
    "What is research and development?",
    "What do you know about aid and food security?",
    "How do I add and remove documents?",
    "Explain what he said and how he said it.",
    "Do you know who leads the IOFS and where it meets?",
    "hello",
    "",
    "??",
    "What? No, I want to know about the aid.",
)

SEVERAL = {
    "When was the IOFS founded? How many members does it have?": [
        "When was the IOFS founded?",
        "How many members does it have?",
    ],
    "When was the IOFS founded and how many members does it have?": [
        "When was the IOFS founded?",
        "how many members does it have?",
    ],
    "When and where did the assembly meet?": [
        "When did the assembly meet?",
        "where did the assembly meet?",
    ],
    "Who leads the IOFS, and why?": ["Who leads the IOFS?", "why?"],
    "What is the IOFS and who founded it?": ["What is the IOFS?", "who founded it?"],
    "Thanks! When was the IOFS founded?": ["When was the IOFS founded?"],
    "Hello. Who leads it? Where is it?": ["Who leads it?", "Where is it?"],
}


@pytest.mark.parametrize("message", ONE)
def test_message_that_asks_one_thing_is_left_whole(message: str) -> None:
    assert parts_of(message) == [message]


@pytest.mark.parametrize("message", SEVERAL)
def test_message_is_split_into_its_questions(message: str) -> None:
    assert parts_of(message) == SEVERAL[message]


def test_message_of_very_many_questions_is_asked_as_it_is() -> None:
    message = " ".join(f"What is number {number}?" for number in range(50))
    assert parts_of(message) == [message]


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
    compared = comparison_of(question)
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
    assert comparison_of(question) is None
