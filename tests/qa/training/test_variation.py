from random import Random

import pytest

from qa.evaluation.datasets import Gold, Question
from qa.training.made import abbreviations, as_bullets, made_questions
from qa.training.variation import Names, as_typed, names_in, near_miss

CONTEXT = "In 2013 Kazakhstan sent 50 tons of aid to Syria. It was the largest sum."
NAMES = Names(["How much did Turkey give to Egypt?", "What did Norway send to Peru?"])


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ("What happened in 2013?", "What happened in"),
        ("Who got 50 tons?", "Who got"),
        ("What did Kazakhstan send?", "What did"),
        ("Which was the largest sum?", "Which was the"),
    ],
)
def test_near_miss_asks_for_what_the_context_lacks(question: str, kept: str) -> None:
    tried = [near_miss(question, CONTEXT, NAMES, Random(seed)) for seed in range(20)]
    found = [missed for missed in tried if missed is not None]
    # What is drawn may stand in the context by chance, and is then not taken.
    assert len(found) >= 10
    for missed in found:
        assert missed != question
        assert missed.startswith(kept)
        swapped = missed[len(kept) :].split()[0].rstrip("?")
        assert swapped.lower() not in CONTEXT.lower()


def test_question_with_nothing_to_swap_has_no_near_miss() -> None:
    assert near_miss("What was it?", CONTEXT, NAMES, Random(0)) is None
    # Another place than the context names could be asked for as well.
    assert near_miss("What happened in 1999?", CONTEXT, NAMES, Random(0)) is None


def test_names_are_told_from_the_words_that_ask() -> None:
    assert names_in("Who led Kazakhstan in May?") == [(8, "Kazakhstan"), (22, "May")]
    assert names_in("Where is it?") == []


def test_questions_are_typed_in_a_hurry_now_and_then() -> None:
    question = "When did Kazakhstan send humanitarian aid?"
    typed = [as_typed(question, Random(seed)) for seed in range(400)]
    assert 0.5 < typed.count(question) / 400 < 0.8
    assert 0.1 < sum(not one.endswith("?") for one in typed) / 400 < 0.3
    assert 0.08 < sum(one == one.lower() for one in typed) / 400 < 0.25
    letters = [one for one in typed if one.lower().rstrip("?") != question.lower().rstrip("?")]
    assert 0.02 < len(letters) / 400 < 0.12


def test_long_forms_are_found_before_their_abbreviations() -> None:
    text = "The Islamic Organization for Food Security (IOFS) and the odd (XQZ) met."
    assert [(text[a:b], short) for a, b, short in abbreviations(text)] == [
        ("Islamic Organization for Food Security", "IOFS")
    ]


def test_made_questions_quote_their_context() -> None:
    context = (
        "The World Food Fund (WFF) was led by President Alma Serik. "
        "Dana Omarova, director of the fund, named crops such as wheat, rye, oats and corn."
    )
    made = list(made_questions([Question("1", "", context, "", ())], Random(0)))
    assert all(one.misaligned is None for one in made)
    answers = {one.answers[0].text for one in made}
    assert {"World Food Fund", "director of the fund", "President"} <= answers


def test_list_in_a_sentence_becomes_lines() -> None:
    context = "The tasks are hunger, aid and trade, it says."
    answer = "hunger, aid and trade"
    # Two commas at least make a list of it.
    assert as_bullets(Question("", "?", context, "", (Gold(answer, 14),))) is None
    context = "The tasks are hunger, aid, health and trade. It says so."
    answer = "hunger, aid, health and trade"
    changed = as_bullets(Question("", "?", context, "", (Gold(answer, 14),)))
    assert changed is not None and changed.misaligned is None
    assert changed.answers[0].text == "hunger\naid\nhealth\ntrade"
    assert changed.context == "The tasks are:\nhunger\naid\nhealth\ntrade\nIt says so."
