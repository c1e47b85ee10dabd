"""What a term is or does is quoted from where a document defines it."""

import time

import pytest

from qa.reading.definitions import read_definition
from qa.reading.reader import quoted
from tests.builders import a_hit

GLOSSARY = (
    "Constants\n\ncsv.KEEP_ALL\nKeeps each field as it is. Used by writers. Since 3.2.\n\n"
    "KEEP\nAnother matter.\n\nReset\n\nPress the button.\n\nLobby: Sofa\nRoom 11: Attic"
)


def defined(question: str) -> list[str]:
    hits = [a_hit("What is csv.KEEP_ALL\tnothing"), a_hit(GLOSSARY, start=0)]
    return [
        quoted(hits, span) for answer in read_definition(question, hits) for span in answer.spans
    ]


@pytest.mark.parametrize(
    "question",
    ["What does csv.KEEP_ALL do?", "What does the constant mean?", "Tell me about csv.KEEP_ALL"],
)
def test_first_sentences_below_the_term_are_quoted(question: str) -> None:
    expected = ["Keeps each field as it is.", "Used by writers."]
    assert defined(question) == ([] if "constant mean" in question else expected)


def test_term_is_the_whole_word_and_its_kind_may_be_named() -> None:
    assert defined("What does the KEEP option do?") == ["Another matter."]
    assert defined("When is KEEP_ALL raised?") == []


def test_kind_may_stand_before_the_term_where_it_is_defined() -> None:
    hits = [a_hit("exception zip.BadFile\nThe error raised for bad files.", start=0)]
    (answer,) = read_definition("When is zip.BadFile raised?", hits)
    assert quoted(hits, answer.spans[0]) == "The error raised for bad files."


def test_forms_of_use_are_no_definition() -> None:
    forms = "SYNOPSIS\n\ngit stash list [<options>]\ngit stash show [<stash>]\n  [-q | --quiet]"
    question = "Tell me about git stash"
    assert read_definition(question, [a_hit(forms)]) == []
    hits = [a_hit(f"{forms}\n\ngit stash\nSave your changes away.", start=0)]
    (answer,) = read_definition(question, hits)
    assert quoted(hits, answer.spans[0]) == "Save your changes away."


def test_long_word_takes_no_time() -> None:
    began = time.process_time()
    assert read_definition("What is foo?", [a_hit(f"foo\n{'a' * 200_000}1 end")]) != []
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "question",
    [
        "Who wrote csv.KEEP_ALL?",
        "What does it do?",
        "What is Reset?",
        "What is the lobby?",
        "What is the best way to go?",
    ],
)
def test_nothing_is_defined_where_no_line_names_the_term(question: str) -> None:
    assert defined(question) == []
