"""One question to each document: the states that the page shows."""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from embeddings.errors import IndexDamaged
from embeddings.index.paths import lies_within
from qa.cancellation import IsWanted
from qa.pipeline import NothingWithin, QuestionAnswerer
from qa.reading.windows import QuestionTooLong
from qa.results import Answer
from qa.service.answer_queue import AnswerQueue
from qa.service.documents import Documents
from qa.service.messages import CHOICE_REMOVED, INTERNAL_ERROR, TOO_MANY_WORDS
from qa.web import each
from qa.web.each import DocumentAsker, EachRuns, EachState
from qa.web.html.each_page import each_table
from qa.web.tabs.each_tab import table_of
from tests.qa.web.html.test_page import ANSWER, NO_ANSWER


class Library:
    """Documents of which only "town/b" answers; an error is raised after the first, if there is
    one."""

    def __init__(self, count: int = 3, error: Exception | None = None) -> None:
        self.paths = [f"town/{letter}" for letter in "abcdefgh"[:count]]
        self.error = error
        self.asked: list[str] = []
        self.queue = AnswerQueue(1, 1, 1)
        self.running: list[int] = []

    def listing(self) -> Any:
        return SimpleNamespace(
            documents=[SimpleNamespace(path=path, title=path[-1].upper()) for path in self.paths]
        )

    def answer_each(
        self, question: str, within: Any, is_wanted: IsWanted
    ) -> Iterator[tuple[str, Answer]]:
        for path in filter(lambda path: not within or lies_within(path, within), self.paths):
            if self.asked and self.error:
                raise self.error
            self.asked.append(path)
            self.running.append(self.queue.running)
            yield path, ANSWER if path == "town/b" else NO_ANSWER

    def states(self, most: int = 100, within: tuple[str, ...] = ()) -> list[EachState]:
        return list(self.asker().ask("When?", within, lambda: len(self.asked) < most))

    def asker(self) -> DocumentAsker:
        return DocumentAsker(
            cast(QuestionAnswerer, self), cast(Documents, self), self.queue, lambda: None
        )


@pytest.fixture(autouse=True)
def every_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(each, "SECONDS_BETWEEN", 0)


def test_states_count_the_documents_and_the_last_one_has_ended() -> None:
    states = Library().states()
    assert [(len(state.rows), state.running) for state in states] == [
        (0, True),
        (1, True),
        (2, True),
        (3, True),
        (3, False),
    ]
    assert states[-1].titles == {"town/a": "A", "town/b": "B", "town/c": "C"}
    assert "Asked 2 of 3 documents …" in table_of(states[2])
    assert "1 of 3 documents answers." in table_of(states[-1])


def test_no_document_is_asked_once_nobody_waits() -> None:
    library = Library()
    last = library.states(most=2)[-1]
    assert (library.asked, last.running) == (["town/a", "town/b"], False)
    assert "1 of 2 documents answers; stopped before the other 1." in table_of(last)


def test_each_document_is_asked_in_a_place_of_its_own() -> None:
    library = Library()
    for state in library.asker().ask("When?", (), lambda: True, "key:a"):
        # Between two documents others are answered.
        with library.queue.place("key:b"):
            assert state.question == "When?"
    assert (library.running, library.queue.running) == ([1, 1, 1], 0)


def test_server_that_ends_takes_no_other_document() -> None:
    library = Library()
    states = []
    for state in library.asker().ask("When?", (), lambda: True, "key:a"):
        states.append(state)
        if len(state.rows) == 1:
            library.queue.stop()
    assert (library.asked, states[-1].running) == (["town/a"], False)
    assert states[-1].problem == "The server is stopping. Try again in a moment."
    assert len(states[-1].rows) == 1


def test_caller_with_many_questions_is_told_so() -> None:
    library = Library()
    with library.queue.place("key:b"):
        waiting = library.queue.request("key:a")
        (_, last) = library.asker().ask("When?", (), lambda: True, "key:a")
    waiting.leave()
    assert "of your questions waiting already" in last.problem
    assert (last.rows, last.running, library.asked) == ((), False, [])


def test_very_many_documents_are_capped_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(each, "MAX_DOCUMENTS", 2)
    library = Library(5)
    last = library.states()[-1]
    assert (len(last.rows), library.asked, last.to_ask) == (2, ["town/a", "town/b"], 2)
    assert "Of 5 documents the 2 nearest to the question are asked." in table_of(last)


@pytest.mark.parametrize(
    ("within", "notice"),
    [
        (("town/b",), "Asked only of: B."),
        (("town/a", "town/b"), "Asked only of 2 of 3 documents."),
        (("town",), ""),
        ((), ""),
    ],
)
def test_limit_is_said_with_the_answers(within: tuple[str, ...], notice: str) -> None:
    last = Library().states(within=within)[-1]
    assert last.within_notice == notice
    assert notice in table_of(last)
    assert ("Asked only" in table_of(last)) is bool(notice)


@pytest.mark.parametrize(
    ("answered", "asked", "sentence"),
    [
        (0, 1, "0 of 1 document answers."),
        (1, 1, "1 of 1 document answers."),
        (0, 2, "0 of 2 documents answer."),
        (1, 2, "1 of 2 documents answers."),
        (2, 2, "2 of 2 documents answer."),
    ],
)
def test_answers_are_counted_in_a_sentence(answered: int, asked: int, sentence: str) -> None:
    rows = tuple(
        (f"docs/{number}.pdf", ANSWER if number < answered else NO_ANSWER)
        for number in range(asked)
    )
    shown = each_table("When?", rows, {}, asked=asked, to_ask=asked, total=asked, running=False)
    assert sentence in shown
    # Without an answer there is no table to save.
    assert ("data:text/csv" in shown) is (answered > 0)


def test_question_that_waits_for_that_of_another_session_says_so() -> None:
    assert "Waiting: another question is being put" in table_of(EachState("When?"), waiting=True)
    assert "Looking for the documents …" in table_of(EachState("When?"))


def test_session_has_one_run_at_a_time_which_a_stop_ends() -> None:
    runs = EachRuns()
    run = runs.accept("a", "When?", ())
    assert run is not None
    assert runs.accept("a", "Where?", ()) is None and runs.accept("b", "Where?", ()) is not None
    assert runs.start("a", "other") is None and runs.start("b", run.id) is None
    assert runs.start("a", run.id) is run and runs.any_started
    assert runs.start("a", run.id) is None
    assert (runs.stop("a") is run, run.awaited) == (True, False)
    # Until it has ended, what it shows must not be mixed with another's.
    assert runs.accept("a", "Where?", ()) is None
    runs.end(run)
    assert runs.accept("a", "Where?", ()) is not None


def test_run_that_is_stopped_before_its_turn_never_starts() -> None:
    runs = EachRuns()
    run = runs.accept("a", "When?", ())
    assert run is not None and runs.stop("a") is run
    later = runs.accept("a", "Where?", ("town",))
    assert later is not None
    assert (runs.start("a", run.id), runs.start("a", later.id)) == (None, later)
    runs.end(run)
    assert runs.any_started and (later.question, later.within) == ("Where?", ("town",))


def test_page_that_is_gone_awaits_nothing() -> None:
    runs = EachRuns()
    run = runs.accept("a", "When?", ())
    assert run is not None and runs.start("a", run.id) is run
    runs.forget("a")
    assert not run.awaited and not runs.any_started
    assert runs.stop("a") is None


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NothingWithin("x"), CHOICE_REMOVED),
        (QuestionTooLong("x"), TOO_MANY_WORDS),
        (RuntimeError("secret"), INTERNAL_ERROR),
        (IndexDamaged("is damaged"), "is damaged"),
    ],
)
def test_error_ends_with_a_sentence_and_keeps_the_answers(error: Exception, sentence: str) -> None:
    last = Library(error=error).states()[-1]
    assert (len(last.rows), last.running) == (1, False)
    assert sentence in last.problem and "secret" not in last.problem
    assert '<p role="alert"' in table_of(last)


HOSTILE = "<img src=x onerror=alert(1)>${1+1}{{2}}"


def test_table_links_each_quote_and_escapes_all() -> None:
    rows = (HOSTILE, NO_ANSWER), ("docs/a.pdf", ANSWER)
    shown = each_table(HOSTILE, rows, {HOSTILE: HOSTILE}, asked=2, to_ask=2, total=2, running=False)
    assert "<img" not in shown and "${" not in shown and "{{" not in shown
    quoted = ANSWER.citations[0]
    link = f'href="document?path=docs%2Fa.pdf&amp;sha256={quoted.sha256}&amp;quote={quoted.start}-'
    assert link in shown and f"page {quoted.page}" in shown
    assert "1 document does not say" in shown
    assert re.search(
        r'href="data:text/csv;charset=utf-8;base64,[\w+/=]+" download="answers.csv"', shown
    )


def test_csv_is_offered_only_when_all_were_asked() -> None:
    rows = (("docs/a.pdf", ANSWER),)
    running = each_table("When?", rows, {}, asked=1, to_ask=2, total=2, running=True)
    assert "data:text/csv" not in running
