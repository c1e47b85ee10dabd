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
from tests.conftest import DOCUMENTS

FOUNDED = "When was the IOFS founded?"
MEMBERS = "How many members does the IOFS have?"
ZEBRAS = "How many zebras (IOFS)?"


def terminal_output(answer: Answer) -> str:
    console = Console(width=100, record=True, file=None, quiet=True)
    with console.capture() as capture:
        console.quiet = False
        show_answer(console, answer)
    return capture.get()


def test_follow_up_is_answered_as_it_was_rewritten(answerer: QuestionAnswerer) -> None:
    first = answerer.answer(FOUNDED)
    second = answerer.answer("And how many members does it have?", history=[first])
    assert second.question == "And how many members does it have?"
    assert second.rewritten is not None
    assert second.rewritten.startswith("And how many members does the IOFS have")
    assert second.standalone_question == second.rewritten
    assert (second.text, second.citations[0].path.rsplit("/")[-1]) == ("41", "food-security.html")
    assert 0 < second.seconds["rewrite"] < 5
    assert Answer.from_json(second.to_json()) == second
    assert f"understood as: {second.rewritten}" in terminal_output(second)


@pytest.mark.slow
def test_standalone_question_is_not_rewritten(answerer: QuestionAnswerer) -> None:
    first = answerer.answer(FOUNDED)
    other = answerer.answer("Which formats are read?", history=[first])
    assert (other.rewritten, other.standalone_question) == (None, "Which formats are read?")
    assert other.text == answerer.answer("Which formats are read?").text


def test_turns_may_be_given_in_place_of_answers(answerer: QuestionAnswerer) -> None:
    said = [Turn("When?", FOUNDED, "2013")]
    assert answerer.answer("How many members does it have?", history=said).text == "41"


class FixedRewriter(QuestionRewriter):
    """Rewrites every question in the same ways."""

    def rewrite(self, question: str, history: Sequence[Turn]) -> tuple[str, ...]:
        return (ZEBRAS, MEMBERS)


def test_rewriting_answered_with_most_confidence_is_chosen(answerer: QuestionAnswerer) -> None:
    parts = (answerer.index, answerer.retriever, answerer.reader, answerer.settings)
    several = QuestionAnswerer(*parts, rewriter=FixedRewriter())
    answer = several.answer("And how many are there?", history=[Turn(FOUNDED, FOUNDED)])
    assert (answer.rewritten, answer.text) == (MEMBERS, "41")


REFERRING = "When was it founded?"
"""Follow-up to ``FOUNDED`` with a pronoun, in the tests of how a wording is chosen."""

STANDALONE = "Who won?"


class FixedConfidenceReader:
    """Finds what another reader finds, with given confidences.

    Attributes:
        nearby: Confidence for each question, read in the nearest passages.
        far: The same where all passages are read; defaults to ``nearby``.
        readings: Questions read, with the number of passages.
        seconds: Duration of a reading.
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
        confidences = self.nearby if len(hits) == PASSAGES_TRIED else self.far
        return [
            replace(answer, confidence=confidences[question])
            for answer in self.reader.read(MEMBERS, hits)
        ]


def with_reader(answerer: QuestionAnswerer, reader: FixedConfidenceReader) -> QuestionAnswerer:
    parts = (answerer.index, answerer.retriever, reader, answerer.settings)
    return QuestionAnswerer(*parts, rewriter=FixedRewriter())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "zebras", "members", "referring", "chosen"),
    [
        (REFERRING, 0.9, 0.8, None, ZEBRAS),
        (REFERRING, 0.8, 0.9, None, MEMBERS),
        (REFERRING, 0.89, 0.8, 0.98, ZEBRAS),
        (REFERRING, 0.7, 0.8, 0.89, MEMBERS),
        (REFERRING, 0.7, 0.8, 0.91, REFERRING),
        (STANDALONE, 0.9, 0.8, 0.9, ZEBRAS),
        (STANDALONE, 0.9, 0.8, 0.91, STANDALONE),
        (REFERRING, 0.1, 0.2, 0.31, REFERRING),
    ],
)
def test_wordings_are_tried_in_the_nearest_passages_and_the_most_confident_is_read_in_all(
    asked: str,
    zebras: float,
    members: float,
    referring: float | None,
    chosen: str,
    answerer: QuestionAnswerer,
) -> None:
    # A wording that cannot win is not tried: no confidence is given for it here.
    confidences = {ZEBRAS: zebras, MEMBERS: members} | (
        {} if referring is None else {asked: referring}
    )
    reader = FixedConfidenceReader(answerer.reader, confidences)
    several = with_reader(answerer, reader)
    answer = several.answer(asked, history=[Turn(FOUNDED, FOUNDED)])
    assert answer.standalone_question == chosen
    assert reader.readings == [
        *((wording, PASSAGES_TRIED) for wording in confidences),
        (chosen, answerer.settings.hits),
    ]
    # Asked again, it is answered from the cache.
    assert several.answer(asked, history=[Turn(FOUNDED, FOUNDED)]).text == answer.text
    assert len(reader.readings) == len(confidences) + 1


@pytest.mark.slow
def test_wordings_are_read_in_all_passages_where_the_nearest_answer_none(
    answerer: QuestionAnswerer,
) -> None:
    nearby = {ZEBRAS: 0.2, MEMBERS: 0.1, REFERRING: 0.1}
    reader = FixedConfidenceReader(
        answerer.reader, nearby, {ZEBRAS: 0.1, MEMBERS: 0.6, REFERRING: 0.2}
    )
    answer = with_reader(answerer, reader).answer(REFERRING, history=[Turn(FOUNDED, FOUNDED)])
    assert (answer.standalone_question, answer.text) == (MEMBERS, "41")
    hits = answerer.settings.hits
    assert reader.readings == [
        (wording, count)
        for count in (PASSAGES_TRIED, hits)
        for wording in (ZEBRAS, MEMBERS, REFERRING)
    ]


@pytest.mark.slow
def test_time_of_rewriting_is_reported(answerer: QuestionAnswerer) -> None:
    reader = FixedConfidenceReader(answerer.reader, {ZEBRAS: 0.9, MEMBERS: 0.8})
    reader.seconds = 0.2
    answer = with_reader(answerer, reader).answer(REFERRING, history=[Turn(FOUNDED, FOUNDED)])
    assert answer.seconds["rewrite"] > 0.4 and answer.seconds["read"] > 0.2


def test_rewritten_question_has_no_line_breaks(answerer: QuestionAnswerer) -> None:
    first = "How much aid\ndid Kazakhstan send to Syria?"
    answer = answerer.answer("What about Turkey?", history=[Turn(first, first)])
    assert answer.rewritten == "How much aid did Kazakhstan send to Turkey?"


def test_user_may_give_the_standalone_question(answerer: QuestionAnswerer) -> None:
    said = [Turn(FOUNDED, FOUNDED)]
    answer = answerer.answer("And members?", history=said, standalone=MEMBERS)
    assert (answer.question, answer.rewritten) == ("And members?", MEMBERS)
    assert answer.text == "41"
    # It is answered as given, though it refers to the conversation.
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
    shown = terminal_output(both)
    assert shown.index(FOUNDED) < shown.index("2013") < shown.index("how many members")
    assert as_markdown([both]).count("\n## ") == 2
    assert without_passages(both).parts[0].hits == ()


def test_part_without_an_answer_is_shown_to_have_none(answerer: QuestionAnswerer) -> None:
    both = answerer.answer(f"{FOUNDED} Who won the 2022 World Cup?")
    assert both.text == "2013"
    assert [part.text for part in both.parts] == ["2013", None]
    assert "The documents do not say" in terminal_output(both)


def test_comparison_shows_both_facts_and_no_conclusion(answerer: QuestionAnswerer) -> None:
    question = "What is the difference between the IOFS and the SCO?"
    compared = answerer.answer(question)
    assert compared.question == question and compared.rewritten is None
    assert [part.question for part in compared.parts] == ["What is the IOFS?", "What is the SCO?"]
    assert all(part.citations for part in compared.parts)
    assert compared.text == " ".join(citation.quote for citation in compared.citations)


@pytest.mark.slow
def test_comparison_with_a_side_unknown_is_an_ordinary_question(
    answerer: QuestionAnswerer,
) -> None:
    compared = answerer.answer("Which is older, the IOFS or the Eiffel Tower?")
    assert compared.parts == ()


@pytest.mark.parametrize("message", ["Hello!", "thanks", "What can you do?"])
def test_small_talk_is_never_cited(message: str, answerer: QuestionAnswerer) -> None:
    said = answerer.answer(message, history=[answerer.answer(FOUNDED)])
    assert (said.text, said.citations, said.hits, said.reason) == (None, (), (), "nothing asked")
    assert f"The library holds {DOCUMENTS} documents" in said.explanation
    assert Answer.from_json(said.to_json()) == said
    guide = answerer.answer(message, within=["docs/guide"]).explanation
    assert "The library holds 8 documents" in guide and "Formats" in guide


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
