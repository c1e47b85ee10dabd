"""How the missing words are put into a question."""

import pytest

from qa.conversation.wording import (
    Phrase,
    insert_phrases,
    is_complete,
    phrases_of,
    resolve_ellipsis,
    stands_alone,
)

IOFS = Phrase("IOFS", True, 2.0)
AID = Phrase("aid", False, 1.0)

WORDED = {
    "When was it founded?": "When was the IOFS founded?",
    "How many members does it have": "How many members does the IOFS have",
    "What are its tasks?": "What are the IOFS's tasks?",
    "Its tasks?": "The IOFS's tasks?",
    "Who leads them?": "Who leads the IOFS?",
    "What is that?": "What is the IOFS?",
    "Who met there?": "Who met in the IOFS?",
    "Are there members?": "Are there members of the IOFS?",
    "What does that cover?": "What does the IOFS cover?",
    "Did that change the rules?": "Did the IOFS change the rules?",
    "What does that setting do?": "What does that setting do for the IOFS?",
    "How many members?": "How many members of the IOFS?",
    "How long does it take?": "How long does it take for the IOFS?",
    "Name the members.": "Name the members of the IOFS.",
    "": "of the IOFS?",
}


@pytest.mark.parametrize("question", WORDED)
def test_phrase_takes_the_place_of_a_pronoun_or_stands_at_the_end(question: str) -> None:
    assert insert_phrases(question, [IOFS]) == WORDED[question]


def test_other_phrases_are_not_written() -> None:
    assert insert_phrases("When was it sent?", [IOFS, AID]) == "When was the IOFS sent?"
    assert insert_phrases("How many members?", [IOFS, AID]) == "How many members of the IOFS?"


def test_question_that_lacks_nothing_is_as_it_was() -> None:
    assert insert_phrases("When was it founded?", []) == "When was it founded?"


def test_words_are_put_together_as_they_stand_in_what_was_said() -> None:
    texts = ["Where did the General Assembly of the IOFS meet in Syria?", "A general meeting."]
    found = phrases_of({"general": 1, "assembl": 3, "iof": 2, "syria": 4}, texts)
    assert found == [
        Phrase("Syria", False, 4),
        Phrase("General Assembly of the IOFS", True, 3),
    ]


@pytest.mark.parametrize(
    ("text", "scores", "phrase"),
    [
        ("What does BN-12 mean?", {"bn": 2}, "BN-12"),
        ("What does 7/BN-12.3 mean?", {"bn": 2}, "7/BN-12.3"),
        ("Is C++ fast?", {"c": 2}, "C++"),
        ("Where is QA_INDEX set?", {"qa_index": 2}, "QA_INDEX"),
        ("It is called BN.", {"bn": 2}, "BN"),
        # What "did" ends is a verb.
        ("When did the IOFS meet?", {"iof": 2, "meet": 1}, "IOFS"),
        ("Which IOFS members meet?", {"iof": 2, "member": 1}, "IOFS members"),
    ],
)
def test_phrase_is_neither_a_part_of_a_code_nor_has_a_verb(
    text: str, scores: dict[str, float], phrase: str
) -> None:
    assert phrases_of(scores, [text])[0].text == phrase


STANDING_ALONE = (
    "When was the IOFS founded?",
    "What is the budget of the Apollo program?",
    "Who wrote RFC 822?",
    "What does BN-12 mean?",
    "What is the default of max_connections?",
    "Which port does HTTP use?",
)
COMPLETE = (
    "What is the name of the program?",
    "Which formats are read?",
    "What is the capital of the country?",
)
INCOMPLETE = (
    "When was it founded?",
    "What does this program cost in Europe?",
    "And Turkey?",
    "How many members?",
    "Who leads them?",
    "Which other states joined NATO?",
    "Is the second one in Paris?",
    "What did he say in Rome?",
    "Members of the IOFS?",
    "Why?",
    "",
)


@pytest.mark.parametrize("question", (*STANDING_ALONE, *COMPLETE, *INCOMPLETE))
def test_complete_question_refers_to_nothing_said_before(question: str) -> None:
    assert is_complete(question) is (question not in INCOMPLETE)
    assert stands_alone(question) is (question in STANDING_ALONE)


def test_what_is_said_twice_is_not_one_phrase() -> None:
    found = phrases_of({"command": 1, "list": 2}, ["the command list. The command"])
    assert [phrase.text for phrase in found] == ["command list"]
    found = phrases_of({"qa": 1}, ["qa qa qa"])
    assert [phrase.text for phrase in found] == ["qa"]


AID_QUESTION = "How much aid did Kazakhstan send to Syria in 2023?"

CARRIED = {
    ("What about Turkey?", AID_QUESTION): AID_QUESTION.replace("Syria", "Turkey"),
    ("and in 2022?", AID_QUESTION): AID_QUESTION.replace("2023", "2022"),
    ("And to Turkey?", AID_QUESTION): AID_QUESTION.replace("Syria", "Turkey"),
    ("And the OTS?", "When was the IOFS founded?"): "When was the OTS founded?",
    ("How about closed files?", "How are hidden files read?"): "How are closed files read?",
    ("Where?", "When was the IOFS founded?"): "Where was the IOFS founded?",
    ("And why is that?", "When was the IOFS founded?"): "Why was the IOFS founded?",
    ("When?", "Who founded the IOFS?"): "When (founded the IOFS)?",
    ("Why?", "How many members are there?"): "Why (members are there)?",
    ("And BN-12?", "What does BN-11 mean?"): "What does BN-12 mean?",
    ("And how many lines?", "How many pages may it have?"): "How many lines may it have?",
    ("And a damaged index?", "What does a blank question raise?"): (
        "What does a damaged index raise?"
    ),
}


@pytest.mark.parametrize(("question", "last"), CARRIED)
def test_last_question_is_asked_of_something_else(question: str, last: str) -> None:
    assert resolve_ellipsis(question, last) == CARRIED[question, last]


@pytest.mark.parametrize(
    ("question", "last"),
    [
        ("And a second user?", "What does a licence cost?"),
        ("And a larger encoder?", "Where does a model store weights?"),
        ("What about a vegan lifestyle?", "Is a plant based diet healthy?"),
        ("And a list?", "What does a blank question raise?"),
        ("And an open door?", "When was the IOFS founded?"),
    ],
)
def test_one_thing_is_put_for_another_only_where_it_is_known_to_end(
    question: str, last: str
) -> None:
    assert resolve_ellipsis(question, last) is None


@pytest.mark.parametrize(
    "question",
    [
        "Who leads it?",
        "And how many members does it have?",
        "What about it is new?",
        "",
        "And?",
    ],
)
def test_question_that_says_more_is_not_the_last_one_again(question: str) -> None:
    assert resolve_ellipsis(question, "When was the IOFS founded?") is None
