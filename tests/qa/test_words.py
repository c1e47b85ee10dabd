import pytest

from qa.words import STOP_WORDS, search_terms, stem, stems, terms


def test_question_of_function_words_alone_keeps_them() -> None:
    assert terms("Who are they?") == ["who", "are", "they"]


def test_words_are_distinct_and_in_order() -> None:
    assert terms("Aid, aid for Syria: aid!") == ["aid", "syria"]


def test_pairs_touch_in_the_question_and_skip_function_words() -> None:
    assert search_terms("General Assembly of the IOFS") == [
        "general",
        "assembly",
        "iofs",
        "general assembly",
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("organisations", "organisation"),
        ("founded", "founding"),
        ("Aid", "aid"),
        ("sent", "send"),
        ("Met", "meeting"),
    ],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_stems_of_a_text_are_those_of_its_words() -> None:
    assert stems("Members met") == {"member", "meet"}


def test_words_that_carry_meaning_are_no_stop_words() -> None:
    assert STOP_WORDS.isdisjoint({"won", "year", "number", "first", "president"})
