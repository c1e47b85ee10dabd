"""Versions of one document are told apart, and the newest comes first."""

from qa.reading.reader import ReadAnswer, Span
from qa.reading.versions import newest_first, select_version
from qa.results import Hit
from tests.builders import a_hit

TITLES = (
    "Travel policy, version 1, valid from January 2021",
    "Travel policy, version 3, valid from June 2025",
    "Travel policy, version 2, valid from March 2023",
    "Parking rules, version 7",
)


def hits() -> list[Hit]:
    return [a_hit(f"Text {at}.", title=title, document=at) for at, title in enumerate(TITLES)]


def test_named_version_alone_is_read_and_other_documents_stay() -> None:
    asked = select_version("What was the allowance in version 1?", hits())
    assert (asked.question, asked.kept) == ("What was the allowance in version 1?", (0, 3))


def test_latest_version_is_the_one_of_the_highest_number() -> None:
    asked = select_version("What does the latest travel policy say?", hits())
    assert (asked.question, asked.kept) == ("What does travel policy say?", (1, 3))
    years = [a_hit("a", title="Report_2019"), a_hit("b", title="report 2021"), a_hit("c")]
    assert select_version("What does the latest report say?", years).kept == (1, 2)


def test_all_is_read_where_no_version_is_asked_for_or_there_is_only_one() -> None:
    assert select_version("What is the allowance?", hits()).kept == (0, 1, 2, 3)
    assert select_version("What was it in version 9?", hits()).kept == (0, 1, 2, 3)
    assert select_version("What do the latest rules say?", hits()[3:]).kept == (0,)


def answer(hit: int, *against: ReadAnswer) -> ReadAnswer:
    return ReadAnswer((Span(hit, 0, 4),), 0.8 - hit / 10, contradicted_by=against)


def test_newest_version_comes_first_and_the_others_contradict_it_newest_first() -> None:
    foreign = answer(3)
    (first,) = newest_first([answer(0, answer(2), foreign, answer(1))], hits())
    assert (first.spans, first.confidence) == (answer(1).spans, 0.8)
    assert [other.spans for other in first.contradicted_by] == [
        answer(2).spans,
        answer(0).spans,
        foreign.spans,
    ]


def test_answers_of_different_documents_keep_their_order() -> None:
    answers = [answer(0, answer(3)), answer(3)]
    assert newest_first(answers, hits()) == answers
    assert newest_first([], hits()) == []
