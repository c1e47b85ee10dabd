import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import snowballstemmer

from qa.text import STOP_WORDS, normalise, search_terms, stem, stems, terms


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


@pytest.mark.slow
def test_threads_do_not_disturb_each_others_stems() -> None:
    endings = ("ational", "fulness", "iveness", "ization", "ing", "edly")
    words = [f"{chr(97 + at % 26)}r{at}on{ending}" for at in range(700) for ending in endings]
    alone = snowballstemmer.stemmer("english")
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(stem, words))
    finally:
        sys.setswitchinterval(before)
    assert found == [alone.stemWord(word) for word in words]


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The Denver Broncos", "denver broncos"),
        ("  a  gold-medal,  an award ", "goldmedal award"),
        ("An.", ""),
        ("theatre another", "theatre another"),
        ("U.S.", "us"),
        # Only ASCII punctuation is taken away, as in the published script.
        ("“Golden” – Anniversary", "“golden” – anniversary"),
    ],
)
def test_answers_are_compared_in_their_normal_form(text: str, normal: str) -> None:
    assert normalise(text) == normal
