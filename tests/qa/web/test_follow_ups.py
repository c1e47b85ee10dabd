"""Follow-ups to an answer are found in the background, about what it cites."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from embeddings.index.records import DocumentFacts
from embeddings.parts import Part
from qa.pipeline import QuestionAnswerer
from qa.results import Answer
from qa.service.documents import Documents
from qa.web.follow_ups import MAX_FOLLOW_UPS, MAX_TRIED_FOLLOW_UPS, FollowUpFinder
from tests.qa.web.test_example_finder import Library, built

NAMES = ("Mill", "Pier", "Barn", "Dock", "Gate", "Tower")


class Cited(Library):
    """A library whose documents can be cited, and in which a question can be being answered."""

    busy = False
    looks = 0
    sha256 = "00"

    def facts(self, path: str) -> DocumentFacts:
        text = self.texts[int(path)]
        return DocumentFacts(1, (path,), "Title", self.sha256, (), "", 1, len(text), 1, (0,))

    def part(self, path: str, number: int | None, offset: int = 0) -> tuple[None, int, Part]:
        return super().part(path, number or 0)

    def finder_of_follow_ups(self) -> FollowUpFinder:
        return FollowUpFinder(cast(QuestionAnswerer, self), cast(Documents, self), self.is_busy)

    def is_busy(self) -> bool:
        """Whether a question is being answered; counted, as it is asked before each trial."""
        self.looks += 1
        return self.busy

    def answered(self, question: str) -> Answer:
        """The answer to a question, not counted."""
        answer = self.answer(question)
        self.questions.pop()
        cited = replace(answer.citations[0], sha256="00")
        return replace(answer, question=question, citations=(cited,))


@pytest.fixture
def library() -> Cited:
    return Cited(built(*NAMES))


@pytest.fixture
def finder(library: Cited) -> Iterator[FollowUpFinder]:
    found = library.finder_of_follow_ups()
    yield found
    found.close()


def until(holds: Any) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def find(
    finder: FollowUpFinder, *answers: Answer, within: tuple[str, ...] = ()
) -> list[str] | None:
    finder.begin("a", answers[-1].question, answers, within)
    until(lambda: finder.questions("a") is not None)
    return finder.questions("a")


def test_follow_ups_are_about_the_cited_section_and_not_what_was_asked(
    library: Cited, finder: FollowUpFinder
) -> None:
    assert not finder.is_following("a")
    first = library.answered("When was the Mill built?")
    second = library.answered("When was the Pier built?")
    assert find(finder, first, second) == [
        "When was the Barn built?",
        "When was the Dock built?",
        "When was the Gate built?",
    ]
    assert len(library.questions) == MAX_FOLLOW_UPS and finder.is_following("a")
    assert finder.questions("b") is None


def test_follow_ups_to_an_answer_are_looked_for_once(
    library: Cited, finder: FollowUpFinder
) -> None:
    answer = library.answered("When was the Mill built?")
    found = find(finder, answer)
    assert find(finder, answer) == found != []
    assert len(library.questions) == MAX_FOLLOW_UPS
    # Not even while they are being looked for.
    library.busy = True
    finder.begin("b", "1", [answer])
    wanted = finder._wanted["b"]
    finder.begin("b", "1", [answer])
    assert finder._wanted["b"] is wanted
    finder.begin("b", "2", [answer])
    assert finder._wanted["b"] is not wanted


def test_follow_ups_are_answered_within_the_limit(finder: FollowUpFinder, library: Cited) -> None:
    answer = library.answered("When was the Mill built?")
    assert find(finder, answer, within=("1",)) == [] == library.questions
    assert find(finder, answer, within=("0",)) != []
    assert library.limits == [("0",)] * MAX_FOLLOW_UPS


def test_quote_of_another_document_answers_no_question_of_this_one() -> None:
    library = Cited(built(*NAMES), built("Weir", "Well"))
    finder = library.finder_of_follow_ups()
    answer = library.answered("When was the Mill built?")
    weir = replace(library.answered("When was the Weir built?").citations[0], path="1")
    pier = replace(weir, start=weir.start + 27, end=weir.end + 27)
    both = replace(answer, citations=(*answer.citations, pier))
    assert "When was the Pier built?" in (find(finder, both) or [])
    finder.close()


def test_what_the_answer_quotes_is_not_asked_in_other_words(
    library: Cited, finder: FollowUpFinder
) -> None:
    answer = replace(library.answered("When was the Mill built?"), question="How old is the Mill?")
    found = find(finder, answer)
    assert found is not None and "When was the Mill built?" not in found


def test_unsure_answers_make_no_follow_up_and_trials_are_bounded() -> None:
    library = Cited(built(*(f"Mill{number}" for number in range(50))), confidence=0.79)
    finder = library.finder_of_follow_ups()
    assert find(finder, library.answered("When was the Mill1 built?")) == []
    assert len(library.questions) == MAX_TRIED_FOLLOW_UPS
    finder.close()


def test_document_that_changed_since_is_not_asked_about(
    library: Cited, finder: FollowUpFinder
) -> None:
    library.sha256 = "01"
    assert find(finder, library.answered("When was the Mill built?")) == []
    assert library.questions == []


def test_answer_without_citation_has_no_follow_up(library: Cited, finder: FollowUpFinder) -> None:
    answer = replace(library.answered("When was the Mill built?"), text=None, citations=())
    assert find(finder, answer) == []


def test_nothing_is_tried_while_a_question_is_answered(
    library: Cited, finder: FollowUpFinder
) -> None:
    library.busy = True
    finder.begin("a", "1", [library.answered("When was the Mill built?")])
    until(lambda: library.looks >= 2)
    assert library.questions == [] and finder.questions("a") is None
    library.busy = False
    until(lambda: finder.questions("a"))


def test_new_question_ends_the_search_for_follow_ups_to_the_last(
    library: Cited, finder: FollowUpFinder
) -> None:
    library.busy = True
    answer = library.answered("When was the Mill built?")
    finder.begin("a", "1", [answer])
    until(lambda: library.looks)
    finder.cancel("a")
    assert not finder.is_following("a")
    library.busy = False
    # The thread comes to the next session once it is done with this one.
    finder.begin("b", "1", [answer])
    until(lambda: finder.questions("b") is not None)
    assert len(library.questions) == MAX_FOLLOW_UPS and finder.questions("a") is None


def test_unexpected_error_ends_one_search_and_the_next_one_works(
    caplog: pytest.LogCaptureFixture,
) -> None:
    library = Cited(built("Mill", "Broken Arch"), built(*NAMES))
    finder = library.finder_of_follow_ups()
    assert find(finder, library.answered("When was the Mill built?")) == []
    assert "Follow-up questions could not be generated." in caplog.text
    assert find(finder, library.answered("When was the Tower built?")) != []
    finder.close()


def test_close_waits_for_the_thread_and_starts_no_other(library: Cited) -> None:
    finder = library.finder_of_follow_ups()
    library.busy = True
    finder.begin("a", "1", [library.answered("When was the Mill built?")])
    until(lambda: library.looks)
    thread = finder._thread
    assert thread is not None and thread.is_alive()
    finder.close()
    assert not thread.is_alive()
    finder.begin("b", "1", [library.answered("When was the Mill built?")])
    assert finder._thread is thread and library.questions == []
