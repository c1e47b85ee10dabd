import pytest

from qa.reading.question_type import (
    asks_for_sentences,
    fits_answer_type,
    may_need_sentences,
)


@pytest.mark.parametrize(
    ("question", "sentence", "fits"),
    [
        ("How many members are there?", "It has 41 members.", 1.0),
        ("How many members are there?", "It has six members.", 1.0),
        ("How many members are there?", "It has members.", 0.0),
        ("In which year did it meet?", "It met in 1999.", 1.0),
        ("Who leads it?", "The head is Dana Omarova.", 1.0),
        ("Who leads it?", "The head is away.", 0.0),
        ("Why was it founded?", "It met in 1999.", 0.5),
    ],
)
def test_kind_asked_for_is_looked_for(question: str, sentence: str, fits: float) -> None:
    assert fits_answer_type(question, sentence) == fits


@pytest.mark.parametrize(
    ("question", "asks", "may"),
    [
        ("Why was the IOFS founded?", False, True),
        ("How does the index work?", False, True),
        ("How many members are there?", False, False),
        ("Explain the food security system.", True, True),
        ("What is said about hunger?", True, True),
        ("What does the minister say about hunger?", True, True),
        ("What is the purpose of the system?", False, True),
        ("Who founded it?", False, False),
        ("How old is it?", False, False),
    ],
)
def test_questions_that_need_sentences_are_recognised(question: str, asks: bool, may: bool) -> None:
    assert (asks_for_sentences(question), may_need_sentences(question)) == (asks, may)
