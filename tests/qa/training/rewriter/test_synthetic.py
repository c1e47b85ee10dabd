"""Synthetic conversations: what is left out of their questions."""

from random import Random

import pytest

from qa.evaluation.datasets import Gold, Question
from qa.training.rewriter.conversations import RewriteExample
from qa.training.rewriter.synthetic import synthetic_conversations


def questions_of(title: str, *texts: str) -> list[Question]:
    context = f"The year of {title} is 1901."
    start = context.index("1901")
    return [
        Question(f"{title} {number}", text, context, title, (Gold("1901", start),))
        for number, text in enumerate(texts)
    ]


def examples_of(questions: list[Question], seeds: int) -> list[RewriteExample]:
    return [
        example
        for seed in range(seeds)
        for example in synthetic_conversations(questions, Random(seed))
    ]


def test_synthetic_questions_leave_out_what_the_history_names() -> None:
    questions = questions_of(
        "Beldon", "When was Beldon Bridge built?", "Who paid for Beldon Bridge?"
    ) + questions_of("Karst", "What is the Karst Valley?", "Who lives in the Karst Valley?")
    examples = examples_of(questions, 40)
    shortened = [example for example in examples if example.added]
    assert len(shortened) > 30
    known = {"beldon", "bridg", "karst", "valley"}
    assert set().union(*(example.added for example in shortened)) >= known
    texts = {example.question for example in shortened}
    assert "Who paid for it?" in texts and "When was it built?" in texts
    assert any(not example.added and example.history for example in examples)


@pytest.mark.parametrize(
    ("question", "shortened"),
    [
        ("When was Beldon Bridge opened by the Karst Council?", {"When was it opened?"}),
        (
            "Which Karst Council members like the Beldon Bridge most?",
            # Of several things some leave nothing in their place.
            {"Which the members like most?", "Which the members like it most?"},
        ),
    ],
)
def test_synthetic_questions_leave_out_several_things_at_once(
    question: str, shortened: set[str]
) -> None:
    questions = questions_of(
        "Beldon", "Where is Beldon Bridge?", "Who leads the Karst Council?", question
    )
    several = {"beldon", "bridg", "karst", "council"}
    examples = examples_of(questions, 300)
    assert shortened <= {example.question for example in examples if example.added == several}


def test_synthetic_conversations_are_the_same_every_time() -> None:
    questions = questions_of(
        "Beldon", *(f"Who met Beldon in {year}?" for year in range(1900, 1920))
    )
    assert examples_of(questions, 3) == examples_of(questions, 3)
