"""Conversations over the shipped documents, with the real models."""

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from rich.console import Console

from qa import Answer, QuestionAnswerer, Turn
from qa.cli.terminal import show_answer
from qa.conversation.resolution import PASSAGES_TRIED
from qa.conversation.rewriter import QuestionRewriter
from qa.library.receipts import as_markdown, without_passages
from qa.reading.reader import ReadAnswer, Reader
from qa.reading.windows import QuestionTooLong
from qa.results import Hit

FOUNDED = "When was the IOFS founded?"
MEMBERS = "How many members does the IOFS have?"
ZEBRAS = "How many zebras (IOFS)?"


def told(answer: Answer) -> str:
    console = Console(width=100, record=True, file=None, quiet=True)
    with console.capture() as capture:
        console.quiet = False
        show_answer(console, answer)
    return capture.get()


def test_follow_up_is_answered_as_it_was_completed(answerer: QuestionAnswerer) -> None:
    first = answerer.answer(FOUNDED)
    second = answerer.answer("And how many members does it have?", history=[first])
    assert second.question == "And how many members does it have?"
    assert second.rewritten is not None
    assert second.rewritten.startswith("And how many members does the IOFS have")
    assert second.standalone_question == second.rewritten
    assert (second.text, second.citations[0].path.rsplit("/")[-1]) == ("41", "food-security.html")
    assert 0 < second.seconds["rewrite"] < 5
    assert Answer.from_json(second.to_json()) == second
    assert f"understood as: {second.rewritten}" in told(second)


def test_question_that_stands_alone_is_left_alone(answerer: QuestionAnswerer) -> None:
    first = answerer.answer(FOUNDED)
    other = answerer.answer("Which formats are read?", history=[first])
    assert (other.rewritten, other.standalone_question) == (None, "Which formats are read?")
    assert other.text == answerer.answer("Which formats are read?").text


def test_turns_may_be_given_in_place_of_answers(answerer: QuestionAnswerer) -> None:
    said = [Turn("When?", FOUNDED, "2013")]
    assert answerer.answer("How many members does it have?", history=said).text == "41"


class Given(QuestionRewriter):
    """Rewrites every question in the same ways."""

    def rewrite(self, question: str, history: Sequence[Turn]) -> tuple[str, ...]:
        return (ZEBRAS, MEMBERS)


def test_completion_that_is_answered_most_surely_counts(answerer: QuestionAnswerer) -> None:
    parts = (answerer.index, answerer.retriever, answerer.reader, answerer.settings)
    several = QuestionAnswerer(*parts, rewriter=Given())
    answer = several.answer("And how many are there?", history=[Turn(FOUNDED, FOUNDED)])
    assert (answer.rewritten, answer.text) == (MEMBERS, "41")


BARE = "When was it founded?"
"""What is asked after ``FOUNDED`` in the tests of how one wording is chosen; it points back."""

PLAIN = "Who won?"


class Sure:
    """Finds what another reader finds, as sure of it as it is told to be.

    Attributes:
        nearby: Confidence in each question, read in the nearest passages.
        far: The same where all passages are read; as nearby if it is left out.
        readings: Questions read, with the number of passages.
        seconds: That a reading takes.
    """

    def __init__(
        self, reader: Reader, nearby: dict[str, float], far: dict[str, float] | None = None
    ) -> None:
        self.reader = reader
        self.nearby = nearby
        self.far = far or nearby
        self.readings: list[tuple[str, int]] = []
        self.seconds = 0.0

    def read(self, question: str, hits: Sequence[Hit]) -> list[ReadAnswer]:
        self.readings.append((question, len(hits)))
        time.sleep(self.seconds)
        sure = self.nearby if len(hits) == PASSAGES_TRIED else self.far
        return [replace(one, confidence=sure[question]) for one in self.reader.read(MEMBERS, hits)]


def with_reader(answerer: QuestionAnswerer, reader: Sure) -> QuestionAnswerer:
    parts = (answerer.index, answerer.retriever, reader, answerer.settings)
    return QuestionAnswerer(*parts, rewriter=Given())


@pytest.mark.parametrize(
    ("asked", "zebras", "members", "bare", "chosen"),
    [
        (BARE, 0.9, 0.8, None, ZEBRAS),
        (BARE, 0.8, 0.9, None, MEMBERS),
        (BARE, 0.89, 0.8, 0.98, ZEBRAS),
        (BARE, 0.7, 0.8, 0.89, MEMBERS),
        (BARE, 0.7, 0.8, 0.91, BARE),
        (PLAIN, 0.9, 0.8, 0.9, ZEBRAS),
        (PLAIN, 0.9, 0.8, 0.91, PLAIN),
        (BARE, 0.1, 0.2, 0.31, BARE),
    ],
)
def test_wordings_are_tried_in_the_nearest_passages_and_the_surest_is_read_in_all(
    asked: str,
    zebras: float,
    members: float,
    bare: float | None,
    chosen: str,
    answerer: QuestionAnswerer,
) -> None:
    # What cannot be the surest is not tried: no confidence for it is known here.
    sure = {ZEBRAS: zebras, MEMBERS: members} | ({} if bare is None else {asked: bare})
    reader = Sure(answerer.reader, sure)
    several = with_reader(answerer, reader)
    answer = several.answer(asked, history=[Turn(FOUNDED, FOUNDED)])
    assert answer.standalone_question == chosen
    assert reader.readings == [
        *((one, PASSAGES_TRIED) for one in sure),
        (chosen, answerer.settings.hits),
    ]
    # Asked once more it is answered from what is kept.
    assert several.answer(asked, history=[Turn(FOUNDED, FOUNDED)]).text == answer.text
    assert len(reader.readings) == len(sure) + 1


def test_wordings_are_read_in_all_passages_where_the_nearest_answer_none(
    answerer: QuestionAnswerer,
) -> None:
    nearby = {ZEBRAS: 0.2, MEMBERS: 0.1, BARE: 0.1}
    reader = Sure(answerer.reader, nearby, {ZEBRAS: 0.1, MEMBERS: 0.6, BARE: 0.2})
    answer = with_reader(answerer, reader).answer(BARE, history=[Turn(FOUNDED, FOUNDED)])
    assert (answer.standalone_question, answer.text) == (MEMBERS, "41")
    hits = answerer.settings.hits
    assert reader.readings == [
        (one, count) for count in (PASSAGES_TRIED, hits) for one in (ZEBRAS, MEMBERS, BARE)
    ]


def test_time_to_find_out_what_is_asked_is_told(answerer: QuestionAnswerer) -> None:
    reader = Sure(answerer.reader, {ZEBRAS: 0.9, MEMBERS: 0.8})
    reader.seconds = 0.2
    answer = with_reader(answerer, reader).answer(BARE, history=[Turn(FOUNDED, FOUNDED)])
    assert answer.seconds["rewrite"] > 0.4 and answer.seconds["read"] > 0.2


def test_completed_question_has_no_line_breaks(answerer: QuestionAnswerer) -> None:
    first = "How much aid\ndid Kazakhstan send to Syria?"
    answer = answerer.answer("What about Turkey?", history=[Turn(first, first)])
    assert answer.rewritten == "How much aid did Kazakhstan send to Turkey?"


def test_reader_may_say_what_was_meant(answerer: QuestionAnswerer) -> None:
    said = [Turn(FOUNDED, FOUNDED)]
    answer = answerer.answer("And members?", history=said, standalone=MEMBERS)
    assert (answer.question, answer.rewritten) == ("And members?", MEMBERS)
    assert answer.text == "41"
    # It is taken as it is, though it leans on what was said.
    taken = answerer.answer("And members?", history=said, standalone="When was it founded?")
    assert taken.rewritten == "When was it founded?"


def test_two_questions_are_both_answered(answerer: QuestionAnswerer) -> None:
    message = "When was the IOFS founded and how many members does it have?"
    both = answerer.answer(message)
    assert both.question == message
    assert both.rewritten == f"{FOUNDED} how many members does the IOFS have?"
    assert both.text == "2013 41"
    assert [part.text for part in both.parts] == ["2013", "41"]
    assert [part.standalone_question for part in both.parts] == [
        FOUNDED,
        "how many members does the IOFS have?",
    ]
    assert [citation.quote for citation in both.citations] == ["2013", "41"]
    shown = told(both)
    assert shown.index(FOUNDED) < shown.index("2013") < shown.index("how many members")
    assert as_markdown([both]).count("\n## ") == 2
    assert without_passages(both).parts[0].hits == ()


def test_part_without_an_answer_is_said_to_have_none(answerer: QuestionAnswerer) -> None:
    both = answerer.answer(f"{FOUNDED} Who won the 2022 World Cup?")
    assert both.text == "2013"
    assert [part.text for part in both.parts] == ["2013", None]
    assert "The documents do not say" in told(both)


def test_comparison_shows_both_facts_and_no_conclusion(answerer: QuestionAnswerer) -> None:
    question = "What is the difference between the IOFS and the SCO?"
    compared = answerer.answer(question)
    assert compared.question == question and compared.rewritten is None
    assert [part.question for part in compared.parts] == ["What is the IOFS?", "What is the SCO?"]
    assert all(part.citations for part in compared.parts)
    assert compared.text == " ".join(citation.quote for citation in compared.citations)


def test_comparison_with_a_side_unknown_is_an_ordinary_question(
    answerer: QuestionAnswerer,
) -> None:
    compared = answerer.answer("Which is older, the IOFS or the Eiffel Tower?")
    assert compared.parts == ()


@pytest.mark.parametrize("message", ["Hello!", "thanks", "What can you do?"])
def test_small_talk_is_never_cited(message: str, answerer: QuestionAnswerer) -> None:
    said = answerer.answer(message, history=[answerer.answer(FOUNDED)])
    assert (said.text, said.citations, said.hits, said.reason) == (None, (), (), "nothing asked")
    assert "The library holds 12 documents" in said.explanation
    assert Answer.from_json(said.to_json()) == said
    guide = answerer.answer(message, within=["docs/guide"]).explanation
    assert "The library holds 7 documents" in guide and "Formats" in guide


def test_small_talk_does_not_interrupt(answerer: QuestionAnswerer) -> None:
    said = [answerer.answer(FOUNDED), answerer.answer("Thanks!")]
    assert answerer.answer("How many members does it have?", history=said).text == "41"


def test_courtesy_before_a_question_is_passed_over(answerer: QuestionAnswerer) -> None:
    answer = answerer.answer(f"Hello! {FOUNDED}")
    assert answer.text == "2013"


def test_long_history_does_not_make_a_question_too_long(answerer: QuestionAnswerer) -> None:
    said = [Turn("a", " ".join(f"Name{n}" for n in range(400)))]
    try:
        answer = answerer.answer("Why?", history=said)
    except QuestionTooLong as error:
        pytest.fail(f"what was rewritten was refused: {error}")
    assert answer.question == "Why?"


@pytest.mark.parametrize("question", ["", " \n", "x" * 2_001])
def test_bad_question_is_refused_with_any_history(
    question: str, answerer: QuestionAnswerer
) -> None:
    with pytest.raises(ValueError, match="expected a question of 1 to 2,000 characters"):
        answerer.answer(question, history=[Turn(FOUNDED, FOUNDED)])
