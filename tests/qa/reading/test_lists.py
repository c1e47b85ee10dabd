"""All of a list is the answer where the question asks for it."""

import pytest

from qa.reading.lists import answer_list, lists, whole_list
from qa.reading.reader import Span
from tests.builders import a_hit

BORROWED = "Opening\n\nA member can borrow:\n\n- books\n- films,\n- (b) games\n\nClosed on Mondays."


def listed(question: str, text: str, span: str, context: str = "") -> str | None:
    start = text.index(span)
    found = answer_list(question, lists(text, context), start, start + len(span))
    return text[slice(*found)] if found else None


@pytest.mark.parametrize("span", ["books", "games", "A member can borrow", "borrow:"])
@pytest.mark.parametrize("question", ["Which things are lent?", "What can a member borrow?"])
def test_list_answers_for_its_items_and_its_introduction(question: str, span: str) -> None:
    assert listed(question, BORROWED, span) == "- books\n- films,\n- (b) games"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Who may vote?", "- members\n- the mayor, on Sundays"),
        ("Who may vote on Sundays?", None),
        ("When may members vote?", None),
    ],
)
def test_list_below_a_heading_that_says_the_question_answers_it(
    question: str, answer: str | None
) -> None:
    text = "Who may vote\n\n- members\n- the mayor, on Sundays"
    assert listed(question, text, "members") == answer


@pytest.mark.parametrize(
    ("question", "span"),
    [
        ("Which things are lent?", "Mondays"),
        ("Which things are lent?", "Opening"),
        ("When can a member borrow?", "books"),
        ("What is round?", "games"),
    ],
)
def test_span_stays_where_one_thing_is_asked_or_it_is_not_of_the_list(
    question: str, span: str
) -> None:
    assert listed(question, BORROWED, span) is None


def test_context_introduces_a_list_with_which_the_passage_begins() -> None:
    assert listed(
        "What may a pilot carry?", "1. fuel\n2. maps", "fuel", "Guide › A pilot may carry:"
    )
    assert listed("What may a pilot carry?", "1. fuel\n2. maps", "fuel", "Guide › Rules") is None


def test_lists_end_where_text_without_a_marker_begins() -> None:
    found = list(lists("- a\n\n- b\n\nText:\n2.1 c\n(iv) d\nMore."))
    assert [(one.start, one.end, one.introduction) for one in found] == [
        (0, 8, ""),
        (16, 28, "Text:"),
    ]


def test_list_goes_on_in_the_neighbouring_passages() -> None:
    first = a_hit("Rules:\n\n1. a\n2. b", start=0, end=18)
    second = a_hit("3. c\n4. d", start=19, end=28)
    third = a_hit("5. e\n\nMore.", start=30, end=41)
    foreign = a_hit("6. f", start=35, end=39, document=2)
    hits = [third, foreign, second, first]
    whole = (Span(3, 8, 17), Span(2, 19, 28), Span(0, 30, 34))
    assert whole_list(hits, Span(2, 19, 28)) == (Span(2, 19, 28), Span(0, 30, 34))
    hits[3] = a_hit("Rules:\n\n1. a\n2. b", start=0, end=17)
    assert whole_list(hits, Span(2, 19, 28)) == whole
    assert whole_list(hits, Span(2, 22, 23)) == (Span(2, 22, 23),)


def test_question_without_words_asks_for_no_list() -> None:
    assert answer_list("?!", lists("It has:\n- a\n- b"), 8, 11) is None
