"""What is said to the program itself."""

import pytest

from qa.conversation.small_talk import TITLES_NAMED, reply, small_talk

KINDS = {
    "hello": "greeting",
    "Hi there!": "greeting",
    "Good morning": "greeting",
    "How are you?": "greeting",
    "Thanks!": "thanks",
    "ok, thank you very much": "thanks",
    "Great.": "thanks",
    "Bye": "farewell",
    "What can you do?": "about",
    "who are you": "about",
    "What’s your name?": "about",
    "Are you a bot?": "about",
    "What documents do you have?": "about",
    "help": "about",
}


@pytest.mark.parametrize("text", KINDS)
def test_small_talk_is_known(text: str) -> None:
    assert small_talk(text) == KINDS[text]


@pytest.mark.parametrize(
    "text",
    [
        "What can the IOFS do?",
        "Who is Miras Zhienbayev?",
        "How does it work?",
        "Which formats are read?",
        "Is help needed in Syria?",
        "What is good?",
        "Hello Kitty",
        "Why?",
        "?",
        "",
    ],
)
def test_question_is_no_small_talk(text: str) -> None:
    assert small_talk(text) is None


def test_reply_names_what_the_library_holds() -> None:
    titles = [f"Title {number}" for number in range(TITLES_NAMED + 2)]
    said = reply("greeting", titles)
    assert said.startswith("Hello. The library holds 7 documents: Title 0; Title 1;")
    assert said.endswith("Title 4; and 2 more.")
    assert reply("thanks", ["Formats"]).endswith("The library holds 1 document: Formats.")
    assert reply("about", []).endswith("The library holds no documents yet.")
