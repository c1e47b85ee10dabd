"""Questions are tried in the order of how much the documents say about their subject."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from embeddings.index.protocols import Snapshot
from qa.library.listing import LibraryFile
from qa.results import Answer, Candidate
from qa.web.example_ranking import ANSWER_BEHIND, MIN_PASSAGES, is_surely_answered, ranked
from qa.web.examples import ExampleQuestion, Kind
from tests.qa.web.html.test_page import ANSWER


class Counted:
    """A snapshot in which so many passages name each subject."""

    def __init__(self, **counts: int) -> None:
        self.counts = counts

    def search_words(self, terms: Sequence[str], limit: int, within: Any) -> list[int]:
        return list(range(min(self.counts.get(terms[0], 0), limit)))


def example(subject: str, kind: Kind = "definition", source: str = "") -> ExampleQuestion:
    return ExampleQuestion(f"What is {subject}?", subject, kind, source or subject, 10, 30)


def document(path: str, passages: int = 50, title: str = "") -> LibraryFile:
    return LibraryFile(path, "", "", title, passages)


def order(
    *generated: tuple[LibraryFile, Sequence[ExampleQuestion]], **counts: int
) -> list[tuple[str, str]]:
    snapshot = cast(Snapshot, Counted(**counts))
    return [(path, each.subject) for path, each in ranked(generated, snapshot)]


def test_documents_take_turns_from_the_subject_that_most_passages_name() -> None:
    first = document("a"), [example("Git"), example("Mail"), example("Rare")]
    second = document("b"), [example("Tree")]
    assert order(first, second, Git=4, Mail=9, Rare=2, Tree=30) == [
        ("b", "Tree"),
        ("a", "Mail"),
        ("a", "Git"),
    ]


def test_rare_abbreviation_is_left_out_unless_its_document_is_short() -> None:
    rare = [example("CRL", "abbreviation")]
    assert order((document("a"), rare), CRL=MIN_PASSAGES - 1) == []
    assert order((document("a"), rare), CRL=MIN_PASSAGES) == [("a", "CRL")]
    assert order((document("a", passages=1), rare), CRL=1) == [("a", "CRL")]
    # A fact needs no explanation.
    assert order((document("a"), [example("CRL", "date")]), CRL=1) == [("a", "CRL")]


def test_subject_in_the_title_comes_first() -> None:
    both = [example("Mail"), example("Git")]
    assert order((document("a", title="All about git"), both), Git=4, Mail=4) == [
        ("a", "Git"),
        ("a", "Mail"),
    ]


def test_what_three_documents_repeat_is_part_of_a_form() -> None:
    form = [(document(path), [example("Git", source="Git is a mark.")]) for path in "abc"]
    assert order(*form, Git=20) == []
    assert len(order(*form[:2], Git=20)) == 2


def answer(**values: Any) -> Answer:
    place = {"path": "a", "also_at": (), "start": 15, "end": 19}
    citation = replace(ANSWER.citations[0], **place | values.pop("place", {}))
    fields: dict[str, Any] = {
        "text": "1901",
        "confidence": 0.8,
        "citations": (citation,),
        "contradicted_by": (),
    }
    return replace(ANSWER, **fields | values)


OTHER = Candidate("1902", 0.7, ANSWER.citations)


@pytest.mark.parametrize(
    ("given", "sure"),
    [
        (answer(), True),
        (answer(confidence=0.79), False),
        (answer(text=None), False),
        (answer(text="Git"), False),
        (answer(contradicted_by=(OTHER,)), False),
        (answer(place={"path": "b"}), False),
        (answer(place={"path": "b", "also_at": ("a",)}), True),
        (answer(place={"start": 30}), False),
    ],
)
def test_answer_is_sure_says_more_and_stands_where_the_question_came_from(
    given: Answer, sure: bool
) -> None:
    assert is_surely_answered(("a", example("Git")), given) is sure


def test_answer_to_a_heading_stands_behind_it() -> None:
    asked = "a", example("Git", "asked")
    assert not is_surely_answered(asked, answer())
    assert is_surely_answered(asked, answer(place={"start": 30}))
    assert not is_surely_answered(asked, answer(place={"start": 30 + ANSWER_BEHIND}))
