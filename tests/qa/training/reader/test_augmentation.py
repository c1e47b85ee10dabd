from random import Random

import pytest

from qa.training.reader.augmentation import Names, as_typed, names_in, near_miss

CONTEXT = "In 2013 Kazakhstan sent 50 tons of aid to Syria. It was the largest sum."
NAMES = Names(["How much did Turkey give to Egypt?", "What did Norway send to Peru?"])


@pytest.mark.parametrize(
    ("question", "unchanged"),
    [
        ("What happened in 2013?", "What happened in"),
        ("Who got 50 tons?", "Who got"),
        ("What did Kazakhstan send?", "What did"),
        ("Which was the largest sum?", "Which was the"),
    ],
)
def test_near_miss_asks_for_what_the_context_lacks(question: str, unchanged: str) -> None:
    tried = [near_miss(question, CONTEXT, NAMES, Random(seed)) for seed in range(20)]
    found = [missed for missed in tried if missed is not None]
    # A drawn value that the context happens to hold is discarded.
    assert len(found) >= 10
    for missed in found:
        assert missed != question
        assert missed.startswith(unchanged)
        swapped = missed[len(unchanged) :].split()[0].rstrip("?")
        assert swapped.lower() not in CONTEXT.lower()


def test_question_with_nothing_to_swap_has_no_near_miss() -> None:
    assert near_miss("What was it?", CONTEXT, NAMES, Random(0)) is None
    # Another place than the context names could be asked for as well.
    assert near_miss("What happened in 1999?", CONTEXT, NAMES, Random(0)) is None


def test_question_words_are_no_names() -> None:
    assert names_in("Who led Kazakhstan in May?") == [(8, "Kazakhstan"), (22, "May")]
    assert names_in("Where is it?") == []


def test_questions_are_typed_in_a_hurry_now_and_then() -> None:
    question = "When did Kazakhstan send humanitarian aid?"
    typed = [as_typed(question, Random(seed)) for seed in range(400)]
    assert 0.5 < typed.count(question) / 400 < 0.8
    assert 0.1 < sum(not text.endswith("?") for text in typed) / 400 < 0.3
    assert 0.08 < sum(text == text.lower() for text in typed) / 400 < 0.25
    lowered = question.lower().rstrip("?")
    misspelt = [text for text in typed if text.lower().rstrip("?") != lowered]
    assert 0.02 < len(misspelt) / 400 < 0.12
