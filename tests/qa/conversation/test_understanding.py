"""Messages after what was said before, and several answers as one."""

from collections.abc import Sequence

import pytest

from qa import Answer, QuestionAnswerer, Turn
from qa.conversation.understanding import (
    Message,
    Subquestion,
    combine_answers,
    parse_message,
    questions_of,
    turns_of,
)


def with_history(question: str, history: Sequence[Turn]) -> tuple[str, ...]:
    return (f"{question} ({history[-1].standalone})",)


def parse(message: str, history: Sequence[Turn] = ()) -> tuple[Subquestion, ...]:
    return parse_message(message, history, with_history).subquestions


def test_message_without_history_is_not_rewritten() -> None:
    message = parse_message("Why?", [], with_history)
    assert message == Message("Why?", (Subquestion("Why?", "Why?"),))
    assert message.rewrite_seconds is None


def test_second_question_of_a_message_depends_on_the_first() -> None:
    turns = [Turn("What is the IOFS?", "What is the IOFS?")]
    assert parse("Who leads it? Where is it?", turns) == (
        Subquestion("Who leads it?", "Who leads it? (What is the IOFS?)"),
        Subquestion("Where is it?", "Where is it? (Who leads it? (What is the IOFS?))"),
    )
    second = parse("Who leads the IOFS and where is it?")[1]
    assert second == Subquestion("where is it?", "where is it? (Who leads the IOFS?)")


def test_wordings_of_a_question_are_in_order() -> None:
    turns = [Turn("What is the IOFS?", "What is the IOFS?")]
    message = parse_message(
        "Its aim?", turns, lambda question, history: ("The aim?", "Aim?", question)
    )
    (subquestion,) = message.subquestions
    assert subquestion == Subquestion("Its aim?", "The aim?", ("Aim?", "Its aim?"))
    assert subquestion.wordings == ("The aim?", "Aim?", "Its aim?")


def test_small_talk_asks_nothing() -> None:
    message = parse_message("Thanks!", [Turn("a", "a")], with_history)
    assert (message.subquestions, message.small_talk) == ((), "thanks")


def test_small_talk_beside_questions_is_left_out() -> None:
    assert questions_of("Thanks! When was the IOFS founded?") == ["When was the IOFS founded?"]
    assert questions_of("Hello. Who leads it? Where is it?") == ["Who leads it?", "Where is it?"]
    # Of nothing but small talk nothing is left out.
    assert questions_of("How are you? What can you do?") == ["How are you? What can you do?"]


def test_standalone_question_replaces_the_message() -> None:
    turns = [Turn("What is the IOFS?", "What is the IOFS?")]
    message = parse_message("Hello!", turns, with_history, "Who  leads it?")
    assert message.subquestions == (Subquestion("Who leads it?", "Who leads it?"),)
    assert (message.text, message.small_talk, message.corrected) == ("Hello!", None, True)


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
