"""Persons of a conversation to whom a pronoun may refer."""

import pytest

from qa import Turn
from qa.conversation.person import last_person


def said(question: str, answer: str = "") -> Turn:
    return Turn(question, question, answer)


ADA = said("Who is Ada Lovelace?")


@pytest.mark.parametrize(
    "history",
    [
        [ADA, said("Who leads the IOFS?")],
        [ADA, said("who is alan turing?")],
        [ADA, said("What did Marie Curie discover?")],
        [ADA, said("Who is the president of Kazakhstan?", "Tokayev, elected in 2019")],
        [said("Who funds it?", "Islamic Development Bank")],
        [said("Who sent aid?", "the countries of the region")],
        [said("Who leads it?", "The Secretary")],
        [said("Who is it?", "OTS")],
        [said("Who is it?", "A" * 5_000)],
        [said("Where is Doha?", "Qatar")],
        [],
    ],
)
def test_ambiguous_history_has_no_last_person(history: list[Turn]) -> None:
    assert last_person(history) is None
