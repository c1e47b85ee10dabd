"""Conversations to train on: loaded, split into folds, varied."""

from pathlib import Path
from random import Random

import pytest

from qa.conversation.context import Turn
from qa.training.rewriter.conversations import (
    FOLDS,
    RewriteExample,
    folds_of,
    load_conversations,
    varied,
)


def test_turns_have_the_rewrites_of_their_own_lines(examples: list[RewriteExample]) -> None:
    assert len(examples) == 21
    assert examples[2].history == (
        Turn("What is the IOFS?", "What is the IOFS?", "A body."),
        Turn("Who leads it?", "Who leads the IOFS?"),
    )
    assert [example.added for example in examples[:3]] == [set(), {"iof"}, set()]


def test_conversations_are_never_split(examples: list[RewriteExample]) -> None:
    folds = folds_of(examples)
    assert set(folds) == set(range(FOLDS))
    assert all(len(set(folds[first : first + 3])) == 1 for first in range(0, 21, 3))


@pytest.mark.parametrize("line", ["{}", "[", '{"id": "a", "history": 3}', "null"])
def test_file_of_something_else_is_refused_with_its_line(line: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(line)
    with pytest.raises(ValueError, match=r"in line 1 of .*bad\.jsonl, got something else"):
        load_conversations(path)


def test_varied_example_adds_only_missing_words(
    examples: list[RewriteExample],
) -> None:
    random = Random(0)
    seen = [varied(examples[1], examples, random) for _ in range(200)]
    assert {example.question for example in seen} == {"Who leads it?", "Who leads the IOFS?"}
    for example in seen:
        assert bool(example.added) == (example.question == "Who leads it?")
        assert example.rewrite == "Who leads the IOFS?"
