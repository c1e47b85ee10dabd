"""Conversations as a browser stores them: bounded, and parsed from anything that it may send."""

from dataclasses import replace

import pytest

from qa.web import stored_turns as module
from qa.web.html.page import answer_turn, problem_turn
from qa.web.stored_turns import MAX_TURNS, StoredTurn, parse_turns
from tests.builders import stored_turns
from tests.qa.web.html.test_page import ANSWER, DISPUTED, NO_ANSWER

TURNS = [
    replace(answer_turn(number, answer, turn_id=f"t-{number}"), signature=f"signature {number}")
    for number, answer in enumerate((ANSWER, NO_ANSWER, DISPUTED), start=1)
]


def test_turns_are_stored_and_parsed_with_and_without_an_answer() -> None:
    stored = stored_turns([*TURNS, problem_turn(4, "Why?", "The disk is full.", "t-4")])
    assert parse_turns(stored) == [
        *(StoredTurn(turn.id, turn.question, turn.answer, turn.signature) for turn in TURNS),
        StoredTurn("t-4", "Why?", None, ""),
    ]


def test_only_the_last_turns_are_parsed() -> None:
    stored = stored_turns([*TURNS[:1] * 5, *TURNS[1:2] * MAX_TURNS])
    assert [turn.answer for turn in parse_turns(stored)] == [TURNS[1].answer] * MAX_TURNS


@pytest.mark.parametrize("stored", [None, 3, "", "[", "{}", "NaN", '["x", null, {"answer": 1}]'])
def test_anything_else_has_no_turns(stored: object) -> None:
    assert parse_turns(stored) == []


@pytest.mark.parametrize(
    "change",
    [
        ('"signature":"signature 2"', '"sealed":true'),
        # It becomes part of the page.
        ('"id":"t-2"', '"id":"t-2 onclick"'),
        ('"id":"t-2"', '"id":""'),
        ('"id":"t-2"', '"id":2'),
    ],
)
def test_turns_of_another_version_are_left_out(change: tuple[str, str]) -> None:
    stored = stored_turns(TURNS)
    assert stored.count(change[0]) == 1
    changed = parse_turns(stored.replace(*change))
    assert [turn.id for turn in changed] == ["t-1", "t-3"]


def test_size_is_checked_before_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = stored_turns(TURNS)
    with monkeypatch.context() as patched:
        patched.setattr(module, "MAX_STORED_OBJECTS", stored.count("{") - 1)
        assert parse_turns(stored) == []
    monkeypatch.setattr(module, "MAX_STORED_CHARACTERS", len(stored) - 1)
    assert parse_turns(stored) == []
