"""Abbreviations are found by what they stand for, and the other way round."""

import pytest

from qa.abbreviations import introduced, other_names, spelled_out

TEXT = "The service level agreement (SLA) and the Ministry of the Interior (MoI) (see below)."


def test_abbreviations_are_read_where_they_are_introduced() -> None:
    assert introduced([TEXT]) == {
        "SLA": "service level agreement",
        "MoI": "Ministry of the Interior",
    }
    assert introduced(["Ten boats (SLA) sank.", "(ABC)", "a (B) c"]) == {}


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("What is an SLA?", ["service level agreement"]),
        ("What does the service level agreement say?", ["SLA"]),
        ("What is a SLAB?", []),
    ],
)
def test_other_name_is_that_of_the_introduction(question: str, names: list[str]) -> None:
    assert other_names(question, [TEXT]) == names


def test_words_with_the_initials_are_meant_where_no_text_has_the_abbreviation() -> None:
    text = "The service level agreement promises help."
    assert spelled_out("What does the SLA promise?", [text]) == (
        "What does the service level agreement promise?"
    )
    assert spelled_out("What does the SLA promise?", [text, "An SLA."]) == (
        "What does the SLA promise?"
    )
    assert spelled_out("What is the USA?", ["The service level. Agreement promises"]) == (
        "What is the USA?"
    )


def test_backslashes_between_words_with_the_initials_are_kept() -> None:
    assert spelled_out("What is the SLA?", [r"service \1 level \\ agreement"]) == (
        r"What is the service \1 level \\ agreement?"
    )
