"""Questions are generated from what a newcomer could ask about, and from nothing else."""

import pytest

from qa.web.examples import MAX_QUESTION, example_questions


def questions(text: str, kind: str = "paragraph") -> list[str]:
    return [example.question for example in example_questions([(kind, 0, text)])]


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("The Old Bridge was opened in 1901.", "When was the Old Bridge opened?"),
        ("Ada Lovelace was born on 10 December 1815.", "When was Ada Lovelace born?"),
        ("The Assembly was held in Astana.", "Where was the Assembly held?"),
        ("The IOFS has 41 members.", "How many members does the IOFS have?"),
        ("The Union consists of 27 states.", "Of how many states does the Union consist?"),
        ("NATO includes 32 states.", "How many states does NATO include?"),
        ("There are three bridges in Oakwood.", "How many bridges are there in Oakwood?"),
        ("Linux was written by Linus Torvalds.", "Who wrote Linux?"),
        (
            "The maximum length of a user name is 64 characters.",
            "What is the maximum length of a user name?",
        ),
        ("The purpose of the audit is to find errors.", "What is the purpose of the audit?"),
        ("Ada Byron is chief editor of the Gazette.", "Who is chief editor of the Gazette?"),
        ("A maildrop is a file of messages.", "What is a maildrop?"),
        ("Git is a tool for versions.", "What is Git?"),
        ("Ada Lovelace was an English writer.", "Who was Ada Lovelace?"),
        ("The Simple Mail Protocol (SMP) is old.", "What does SMP stand for?"),
        ("The trace field is used to find loops.", "What is the trace field used for?"),
    ],
)
def test_sentence_becomes_the_question_that_it_answers(sentence: str, question: str) -> None:
    assert questions(sentence) == [question]
    (example,) = example_questions([("list", 7, f"It is so. {sentence}")])
    assert (example.source, example.start) == (sentence, 17)
    assert example.end == example.start + len(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Benoît is a friend of ours.",
        "It is a large house.",
        "They have 41 members.",
        "His is a large house.",
        "Benoît's was a large house.",
        "Using Git is a good habit.",
        "Next is a list of all rules.",
        "Note that JSON is a subset of YAML.",
        "The main problem is a lack of time.",
        "The default value of this limit is 100.",
        "The value we got for it is 100.",
        "The following rules are used to parse it.",
        # A heading was taken for its beginning, or it is a label.
        "The IOFS has 41 members",
        # A common noun, which has a capital because the sentence begins with it.
        "Mail is an old thing, and mail arrives.",
    ],
)
def test_nothing_is_asked_about_what_names_no_subject(sentence: str) -> None:
    assert questions(sentence) == []


def test_heading_that_asks_is_an_example_without_its_number() -> None:
    assert questions("(3) How do I add a field?", "heading") == ["How do I add a field?"]
    assert questions("2.1 How do I add a field?") == ["How do I add a field?"]
    assert questions("Why not?", "heading") == []
    assert questions("What does this mean for it?", "heading") == []
    assert questions("How do I add a field? See below.") == []


def test_row_of_a_table_is_asked_for_a_property() -> None:
    table = "Country\tShape\tIncome\nChad\tround\t1800\nPeru\tlong\t11000\nPeru\tlong\t1"
    (example,) = example_questions([("table", 5, table)])
    assert (example.question, example.subject) == ("What is the income of Chad?", "Chad")
    assert table[example.start - 5 : example.end - 5] == "Chad\tround\t1800"
    assert questions("Cell\tPython\nobject\tdict", "table") == []


def test_subject_has_no_article_and_keeps_all_its_letters() -> None:
    text = "The Kappa the Great was opened in 1901."
    assert [each.subject for each in example_questions([("paragraph", 0, text)])] == [
        "Kappa the Great"
    ]


def test_questions_are_short_and_none_comes_twice() -> None:
    long = " of ".join(["Kingdom"] * 9)
    assert questions(f"The {long} was founded in 1901.") == []
    found = questions("Git is a tool. Git is an aid. How do I add a field? " * 3)
    assert found == ["What is Git?"] and all(len(each) <= MAX_QUESTION for each in found)


@pytest.mark.parametrize("text", ["A" * 50_000, "A b " * 20_000, "The a of " * 8_000 + "is 5."])
def test_hostile_text_costs_little_time(text: str) -> None:
    assert questions(text) == []
