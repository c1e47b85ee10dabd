"""Messages after what was said before, and several answers as one."""

from collections.abc import Sequence

import pytest

from qa import Answer, QuestionAnswerer, Turn
from qa.conversation.understanding import Subquestion, combine_answers, parse_message, turns_of


def with_history(question: str, history: Sequence[Turn]) -> tuple[str, ...]:
    return (f"{question} ({history[-1].rewritten})",)


def test_message_without_history_is_not_completed() -> None:
    assert parse_message("Why?", [], with_history) == (Subquestion("Why?", "Why?"),)


def test_second_question_of_a_message_leans_on_the_first() -> None:
    said = [Turn("What is the IOFS?", "What is the IOFS?")]
    assert parse_message("Who leads it? Where is it?", said, with_history) == (
        Subquestion("Who leads it?", "Who leads it? (What is the IOFS?)"),
        Subquestion("Where is it?", "Where is it? (Who leads it? (What is the IOFS?))"),
    )
    alone = parse_message("Who leads the IOFS and where is it?", [], with_history)
    assert alone[1] == Subquestion("where is it?", "where is it? (Who leads the IOFS?)")


def test_part_is_tried_in_all_its_wordings() -> None:
    said = [Turn("What is the IOFS?", "What is the IOFS?")]
    (part,) = parse_message(
        "Its aim?", said, lambda question, history: ("The aim?", "Aim?", question)
    )
    assert part == Subquestion("Its aim?", "The aim?", ("Aim?", "Its aim?"))
    assert part.wordings == ("The aim?", "Aim?", "Its aim?")


def test_small_talk_asks_nothing() -> None:
    assert parse_message("Thanks!", [Turn("a", "a")], with_history) == ()


def test_answers_are_turns_but_for_small_talk(answerer: QuestionAnswerer) -> None:
    founded = answerer.answer("When was the IOFS founded?")
    said = turns_of([founded, answerer.answer("Thanks!"), Turn("a", "b")])
    question = "When was the IOFS founded?"
    assert said == [
        Turn(question, question, "2013", tuple("".join(c.sentence) for c in founded.citations)),
        Turn("a", "b"),
    ]


def test_several_answers_as_one_cite_what_each_quotes(answerer: QuestionAnswerer) -> None:
    founded, unknown, members = (
        answerer.answer(question)
        for question in (
            "When was the IOFS founded?",
            "Who won the 2022 World Cup?",
            "How many members does the IOFS have?",
        )
    )
    both = combine_answers([founded, unknown, members])
    assert both.text == "2013 41"
    assert both.citations == (founded.citations[0], members.citations[0])
    assert both.confidence == min(founded.confidence, members.confidence)
    assert both.parts == (founded, unknown, members) and both.reason is None
    assert both.seconds["read"] == pytest.approx(sum(part.seconds["read"] for part in both.parts))
    neither = combine_answers([unknown, unknown])
    assert (neither.text, neither.citations, neither.reason) == (None, (), unknown.reason)
    assert Answer.from_json(both.to_json()) == both
