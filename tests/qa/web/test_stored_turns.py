"""Conversations as a browser stores them: bounded, and parsed from anything that it may send."""

from dataclasses import replace

import pytest

from qa.web import stored_turns as module
from qa.web.html.page import answer_turn, problem_turn
from qa.web.stored_turns import MAX_TURNS, StoredTurn, parse_turns, serialize_turns
from tests.qa.web.html.test_page import ANSWER, DISPUTED, NO_ANSWER

TURNS = [
    replace(answer_turn(number, answer), signature=f"signature {number}")
    for number, answer in enumerate((ANSWER, NO_ANSWER, DISPUTED), start=1)
]


def test_turns_with_an_answer_are_stored_and_parsed() -> None:
    stored = serialize_turns([*TURNS, problem_turn(4, "Why?", "The disk is full.")])
    assert parse_turns(stored) == [
        StoredTurn(turn.answer, turn.signature) for turn in TURNS if turn.answer
    ]


def test_first_turns_of_a_long_conversation_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    last = serialize_turns(TURNS[-1:])
    monkeypatch.setattr(module, "MAX_STORED_CHARACTERS", len(last) + 10)
    assert serialize_turns(TURNS) == last
    assert len(parse_turns(last)) == 1


def test_only_the_last_turns_are_parsed() -> None:
    stored = serialize_turns([*TURNS[:1] * 5, *TURNS[1:2] * MAX_TURNS])
    assert [turn.answer for turn in parse_turns(stored)] == [TURNS[1].answer] * MAX_TURNS


@pytest.mark.parametrize("stored", [None, 3, "", "[", "{}", "NaN", '["x", null, {"answer": 1}]'])
def test_anything_else_has_no_turns(stored: object) -> None:
    assert parse_turns(stored) == []


def test_turns_of_another_version_are_left_out() -> None:
    stored = serialize_turns(TURNS)
    assert parse_turns(stored.replace('"signature":"signature 2"', '"sealed":true')) == [
        StoredTurn(turn.answer, turn.signature) for turn in TURNS[::2] if turn.answer
    ]


def test_size_is_checked_before_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = serialize_turns(TURNS)
    with monkeypatch.context() as patched:
        patched.setattr(module, "MAX_STORED_OBJECTS", stored.count("{") - 1)
        assert parse_turns(stored) == []
    monkeypatch.setattr(module, "MAX_STORED_CHARACTERS", len(stored) - 1)
    assert parse_turns(stored) == []
