"""Example questions are found in the background, from an answerer that says what it was asked."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from embeddings.document import Block
from embeddings.parts import Part, Piece
from qa.library.listing import LibraryFile
from qa.pipeline import QuestionAnswerer
from qa.results import Answer
from qa.service.documents import Documents
from qa.web.example_finder import MAX_TRIED_QUESTIONS, ExampleFinder
from tests.qa.web.html.test_page import ANSWER


class Library:
    """Documents with these texts, and an answerer whose answers all have one confidence.

    An answer quotes "1850" or "41" where it stands in the first document that has it.
    """

    def __init__(self, *texts: str, confidence: float = 0.9) -> None:
        self.texts = texts
        self.confidence = confidence
        self.version = 1
        self.questions: list[str] = []
        self.limits: list[Sequence[str]] = []
        self.index = self
        self.within = ()

    def listing(self) -> Any:
        return SimpleNamespace(
            documents=[
                LibraryFile(str(number), "", "", "Title", passages=1)
                for number in range(len(self.texts))
            ]
        )

    def part(self, path: str, number: int) -> tuple[None, int, Part]:
        text = self.texts[int(path)]
        return None, 0, Part(0, text, (Piece(Block("paragraph", 0, len(text))),))

    @contextmanager
    def snapshot(self) -> Iterator["Library"]:
        yield self

    def search_words(
        self, terms: Sequence[str], limit: int, within: Sequence[str]
    ) -> list[tuple[int, float]]:
        return [(number, 1.0) for number, text in enumerate(self.texts) if terms[0] in text]

    def answer(self, question: str, within: Sequence[str] = ()) -> Answer:
        self.questions.append(question)
        self.limits += [within] if within else []
        if question.startswith("When was the Broken"):
            raise RuntimeError("unexpected")
        subject = question.split()[3] if question.startswith("When") else "IOFS"
        quote = "1850" if question.startswith("When") else "41"
        path, text = next(
            (str(number), text) for number, text in enumerate(self.texts) if subject in text
        )
        start = text.index(quote, text.index(subject))
        citation = replace(
            ANSWER.citations[0], path=path, also_at=(), start=start, end=start + 4, quote=quote
        )
        return replace(
            ANSWER,
            text=quote,
            confidence=self.confidence,
            citations=(citation,),
            contradicted_by=(),
        )

    def finder(self) -> ExampleFinder:
        return ExampleFinder(cast(QuestionAnswerer, self), cast(Documents, self), lambda: None)


def built(*names: str) -> str:
    return " ".join(f"The {name} was built in 1850." for name in names)


def find(finder: ExampleFinder) -> list[str] | None:
    finder.refresh()
    assert finder._thread is not None
    finder._thread.join(30)
    return finder.examples()


def test_sure_answers_make_examples_of_different_kinds_first() -> None:
    library = Library(built("Mill", "Pier", "Barn", "Dock"), "The IOFS has 41 members.")
    assert find(library.finder()) == [
        "When was the Mill built?",
        "How many members does the IOFS have?",
        "When was the Pier built?",
        # There is nothing else to ask.
        "When was the Barn built?",
    ]


def test_low_confidence_makes_no_example_and_trials_are_bounded() -> None:
    library = Library(built(*(f"Mill{number}" for number in range(50))), confidence=0.79)
    assert find(library.finder()) == []
    assert len(library.questions) == MAX_TRIED_QUESTIONS


def test_answer_of_another_document_makes_no_example() -> None:
    library = Library("The Mill was repaired in 1850.", built("Mill"))
    assert find(library.finder()) == []
    assert library.questions == ["When was the Mill built?"]


def test_examples_of_documents_within_a_limit_are_offered() -> None:
    library = Library(built("Mill", "Pier"), "The IOFS has 41 members.")
    finder = library.finder()
    assert finder.examples(["1"]) is None
    assert len(find(finder) or []) == 3
    assert finder.examples(["1"]) == ["How many members does the IOFS have?"]
    assert finder.examples(["0", "2"]) == ["When was the Mill built?", "When was the Pier built?"]
    assert finder.examples(["2"]) == []


def test_examples_are_looked_for_again_only_if_the_library_changed() -> None:
    library = Library(built("Mill"))
    finder = library.finder()
    assert finder.examples() is None
    assert find(finder) == find(finder) == ["When was the Mill built?"]
    assert len(library.questions) == 1
    library.version += 1
    assert find(finder) == ["When was the Mill built?"]
    assert len(library.questions) == 2


def test_unexpected_error_ends_the_search_with_what_was_found(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert find(Library(built("Mill", "Broken Arch", "Pier")).finder()) == [
        "When was the Mill built?"
    ]
    assert "Example questions could not be generated." in caplog.text


def test_close_ends_the_search_and_starts_no_other() -> None:
    library = Library(built("Mill"))
    waiting = threading.Event()
    finder = ExampleFinder(
        cast(QuestionAnswerer, library), cast(Documents, library), lambda: waiting.wait(30)
    )
    finder.refresh()
    threading.Timer(0.1, waiting.set).start()
    finder.close()
    assert finder.examples() == [] and library.questions == []
    library.version += 1
    finder.refresh()
    assert library.questions == []


class SlowLibrary(Library):
    """Its answerer waits until it is let go on, and says that it answers."""

    def __init__(self, answering: list[str], going_on: threading.Event) -> None:
        super().__init__(built("Mill"))
        self.answering = answering
        self.going_on = going_on
        self.begun = threading.Event()

    def answer(self, question: str, within: Sequence[str] = ()) -> Answer:
        self.answering.append(question)
        self.begun.set()
        self.going_on.wait(10)
        return super().answer(question, within)


def test_one_finder_looks_at_a_time_and_one_that_waits_can_be_closed() -> None:
    answering: list[str] = []
    going_on = threading.Event()
    libraries = [SlowLibrary(answering, going_on) for _ in range(3)]
    first, second, closed = (library.finder() for library in libraries)
    first.refresh()
    assert libraries[0].begun.wait(10)
    second.refresh()
    closed.refresh()
    closed.close()
    assert closed.examples() == []
    assert not libraries[1].begun.wait(0.2) and len(answering) == 1
    going_on.set()
    assert libraries[1].begun.wait(10)
    for finder in (first, second):
        assert finder._thread is not None
        finder._thread.join(10)
        assert finder.examples() == ["When was the Mill built?"]
    assert len(answering) == 2
