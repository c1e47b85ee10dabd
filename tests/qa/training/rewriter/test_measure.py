"""How rewritten questions are measured, and thresholds chosen."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from tokenizers import Tokenizer

from qa.conversation.context import HistoryWindow
from qa.conversation.rewriter import Thresholds
from qa.training.rewriter.conversations import RewriteExample
from qa.training.rewriter.measure import (
    Logits,
    Run,
    baselines,
    best_thresholds,
    figures,
    read_all,
)


def test_figures_of_a_worked_example(examples: list[RewriteExample]) -> None:
    # The one missing word is added, with a wrong one; one of two standalone questions is unchanged.
    found = figures(examples[:3], [set(), {"iof", "lead"}, {"doha"}])
    assert found.precision == pytest.approx(1 / 3)
    assert found.recall == 1
    assert found.f1 == pytest.approx(1 / 2)
    # Of the two turns with a history, 2/3, and 0 where a word is added to a standalone question.
    assert found.mean_f1 == pytest.approx((2 / 3 + 0) / 2)
    assert found.unchanged == pytest.approx(1 / 2)
    assert found.unchanged_later == 0


def test_baselines_add_nothing_and_everything(examples: list[RewriteExample]) -> None:
    bare, with_questions, with_answers = baselines(examples[:3]).values()
    assert (bare.f1, bare.unchanged) == (0, 1)
    assert with_questions.recall == 1 and with_questions.precision == pytest.approx(1 / 3)
    # "bodi" of the answer is one more wrong word.
    assert with_answers.precision == pytest.approx(1 / 4)


def oracle(windows: Sequence[HistoryWindow]) -> list[Logits]:
    """A model that selects "IOFS", with a high logit where the question is short."""
    found = []
    for window in windows:
        belongs = [3.0 if word.stem == "iof" else -3.0 for word in window.words]
        found.append(
            (np.array(belongs, np.float32), 2.0 if window.types.tolist().count(0) < 7 else -2.0)
        )
    return found


def test_questions_are_read_after_the_models_own_rewrites(
    examples: list[RewriteExample], tokenizer: Tokenizer
) -> None:
    given = [
        replace(example, history=tuple(replace(t, standalone="x") for t in example.history))
        for example in examples
    ]
    readings = read_all(given[:3], oracle, tokenizer, Thresholds())
    assert [turn.standalone for turn in readings[2].example.history] == [
        "What is the IOFS?",
        "Who leads the IOFS?",
    ]
    assert [reading.rewritten(Thresholds()) for reading in readings[:2]] == [
        "What is the IOFS?",
        "Who leads the IOFS?",
    ]
    assert (
        readings[1].added_words(Thresholds()) == readings[1].selected_words(Thresholds()) == {"iof"}
    )


def test_thresholds_leave_standalone_questions_unchanged(
    examples: list[RewriteExample], tokenizer: Tokenizer
) -> None:
    def by_question(windows: Sequence[HistoryWindow]) -> list[Logits]:
        doha = tokenizer.encode("Doha", add_special_tokens=False).ids[0]
        return [
            (np.ones(len(window.words), np.float32), 1.0 if doha in window.ids[:8] else 3.0)
            for window in windows
        ]

    readings = read_all(examples, by_question, tokenizer, Thresholds())
    chosen = best_thresholds(readings)
    assert 1.0 < chosen.question <= 3.0


def test_of_equal_thresholds_the_strictest_for_words_is_chosen(
    examples: list[RewriteExample], tokenizer: Tokenizer
) -> None:
    def logits(belonging: float) -> Run:
        return lambda windows: [
            (np.array([belonging if word.stem == "iof" else -9.0 for word in window.words]), 9.0)
            for window in windows
        ]

    readings = read_all(examples[:2], logits(0.6), tokenizer, Thresholds())
    assert readings[1].example.added == {"iof"}
    assert best_thresholds(readings).word == 0.5
    readings = read_all(examples[:2], logits(1.3), tokenizer, Thresholds())
    assert best_thresholds(readings).word == 1.25
