"""Messages that hold several questions."""

import pytest

from qa.conversation.splitting import split_questions

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
}


@pytest.mark.parametrize("message", ONE)
def test_message_that_asks_one_thing_is_left_whole(message: str) -> None:
    assert split_questions(message) == [message]


@pytest.mark.parametrize("message", SEVERAL)
def test_message_is_split_into_its_questions(message: str) -> None:
    assert split_questions(message) == SEVERAL[message]


def test_message_of_very_many_questions_is_asked_as_it_is() -> None:
    message = " ".join(f"What is number {number}?" for number in range(50))
    assert split_questions(message) == [message]
