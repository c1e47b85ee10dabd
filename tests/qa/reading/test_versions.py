"""Versions of one document are told apart, and the newest comes first."""

import pytest

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


def files(*names: str, title: str = "Travel policy") -> list[Hit]:
    return [
        a_hit(f"Text {at}.", title=title, path=f"hr/{name}", document=at)
        for at, name in enumerate(names)
    ]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("travel-policy-2022.md", "travel-policy-2024.md"),
        ("travel-policy-v9.md", "travel-policy-v10.md"),
        ("travel_policy_v1.2.pdf", "travel_policy_v1.10.md"),
        ("policy rev3.docx", "policy-rev4.docx"),
        ("version-1.md", "version-2.md"),
        ("policy-2023-11.md", "policy-2024-03.md"),
        ("policy_2024_03.md", "policy_2024_11.md"),
        ("2024-03-01 policy.md", "2024-03-15 policy.md"),
        ("policy-march-2022.md", "policy-june-2024.md"),
    ],
)
def test_versions_of_equal_titles_are_told_by_the_names_of_their_files(
    older: str, newer: str
) -> None:
    asked = select_version("What does the latest travel policy say?", files(newer, older))
    assert (asked.question, asked.kept) == ("What does travel policy say?", (0,))
    (first,) = newest_first([answer(0, answer(1))], files(older, newer))
    assert (first.spans, [other.spans for other in first.contradicted_by]) == (
        answer(1).spans,
        [answer(0).spans],
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("report.md", "notes.md"),
        ("chapter1.md", "chapter2.md"),
        ("chapter-1.md", "chapter-2.md"),
        ("chapter1-2022.md", "chapter2-2024.md"),
        ("report-2022.md", "notes-2024.md"),
        ("report-2022.md", "report.md"),
        ("report-v1.md", "summary-v2.md"),
        ("report-v2.md", "report-v2.pdf"),
    ],
)
def test_other_names_of_files_tell_no_versions(one: str, other: str) -> None:
    question = "What does the latest travel policy say?"
    assert select_version(question, files(one, other)).kept == (0, 1)
    answers = [answer(0, answer(1))]
    assert newest_first(answers, files(one, other)) == answers


def test_equal_file_names_of_documents_with_other_titles_tell_no_versions() -> None:
    hits = files("policy-v1.md") + files("policy-v2.md", title="Parking policy")
    assert select_version("What does the latest policy say?", hits).kept == (0, 1)


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ("What is the allowance according to version 1?", (0, 2)),
        ("What is the allowance in v2?", (1, 2)),
        ("What is the allowance in rev. 2?", (1, 2)),
        ("How do version 1 and version 2 differ?", (0, 1, 2)),
        ("What is the allowance in version 3?", (0, 1, 2)),
    ],
)
def test_number_in_the_name_of_a_file_can_be_asked_for(
    question: str, kept: tuple[int, ...]
) -> None:
    hits = [*files("bicycle-policy-v1.md", "bicycle-policy-v2.md"), a_hit("Text.")]
    assert select_version(question, hits).kept == kept


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ("What did the 2022 travel policy allow?", (0,)),
        ("What did the 2022 policy allow?", (0,)),
        ("What did the 2022 travel rules allow?", (0,)),
        ("What did the travel policy of 2024 allow?", (1,)),
        ("What does the 2024 version allow?", (1,)),
        ("What does version 2022 allow?", (0,)),
        ("How many trips were there in 2022?", (0, 1)),
        ("What did the 2022 parking policy allow?", (0, 1)),
        ("What did the 2023 travel policy allow?", (0, 1)),
    ],
)
def test_year_of_a_version_can_be_asked_for(question: str, kept: tuple[int, ...]) -> None:
    named = files("travel-policy-2022.md", "travel-policy-2024.md")
    titled = [a_hit("a", title=f"Travel policy {year}") for year in (2022, 2024)]
    assert select_version(question, named).kept == kept
    assert select_version(question, titled).kept == kept


def test_title_that_says_a_version_goes_before_the_name_of_the_file() -> None:
    hits = files("a-v9.md", title="Travel policy, version 1") + files(
        "b-v3.md", title="Travel policy, version 2"
    )
    assert select_version("What does the latest policy say?", hits).kept == (1,)
    yearly = files("report-v3.md", title="Report 2022") + files("report-v1.md", title="Report 2023")
    assert select_version("What does the latest report say?", yearly).kept == (1,)


def test_version_whose_title_says_none_belongs_to_those_of_the_same_file_name() -> None:
    hits = files("policy-2024.md", title="Travel policy 2024") + files("policy-2022.md")
    assert select_version("What does the 2022 travel policy say?", hits).kept == (1,)


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        (("policy-v5-2023.md", "policy-v1-2024.md"), (1,)),
        (("policy-v2-2021.md", "policy-2024.md"), (1,)),
        (("policy-v2.md", "policy-v1-2024.md"), (0,)),
    ],
)
def test_latest_is_told_by_dates_where_all_have_one(
    names: tuple[str, str], kept: tuple[int, ...]
) -> None:
    hits = files(*names)
    assert select_version("What does the latest travel policy say?", hits).kept == kept


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ("What is the current travel policy?", (1,)),
        ("What is the maximum current of the pump?", (0, 1)),
        ("Who is the current chair?", (0, 1)),
    ],
)
def test_current_is_a_version_only_beside_the_title(question: str, kept: tuple[int, ...]) -> None:
    assert select_version(question, files("policy-2022.md", "policy-2024.md")).kept == kept


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ("What does the 2022 travel policy say?", "What does the travel policy say?"),
        ("How much, by the policy of 2022?", "How much, by the policy?"),
        ("Was it so in 2022, by the 2022 version?", "Was it so in 2022, by the version?"),
    ],
)
def test_year_that_only_the_name_of_a_file_says_is_not_read(asked: str, read: str) -> None:
    hits = files("policy-2022.md", "policy-2024.md")
    assert select_version(asked, hits).question == read
    hits[0] = a_hit("Valid in 2022.", title=hits[0].title, path=hits[0].path)
    assert select_version(asked, hits).question == asked
