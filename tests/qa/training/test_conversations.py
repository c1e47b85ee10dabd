"""Conversations to train on, given and invented, and how rewritings are measured."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from tokenizers import Tokenizer

from qa.conversation.context import HistoryWindow, Turn
from qa.conversation.rewriter import Thresholds
from qa.evaluation.datasets import Gold, Question
from qa.training.conversations import FOLDS, Lesson, fold_of, load_conversations, varied
from qa.training.invented import invented
from qa.training.rewritings import (
    Logits,
    Run,
    baselines,
    best_thresholds,
    figures,
    read_all,
)

ROWS: tuple[tuple[list[tuple[str, str]], str, str], ...] = (
    ([], "What is the IOFS?", "What is the IOFS?"),
    ([("user", "What is the IOFS?")], "Who leads it?", "Who leads the IOFS?"),
    (
        [("user", "What is the IOFS?"), ("agent", "A body."), ("user", "Who leads it?")],
        "Where is Doha?",
        "Where is Doha?",
    ),
)


def written(path: Path, conversations: int = 1) -> Path:
    lines = [
        json.dumps(
            {
                "id": f"made_{number}_{at}",
                "history": [{"role": role, "text": text} for role, text in history],
                "question": question,
                "rewrite": rewrite,
            }
        )
        for number in range(conversations)
        for at, (history, question, rewrite) in enumerate(ROWS)
    ]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


@pytest.fixture
def lessons(tmp_path: Path) -> list[Lesson]:
    return load_conversations(written(tmp_path / "some.jsonl.gz", conversations=7))


def test_turns_have_the_rewrites_of_their_own_lines(lessons: list[Lesson]) -> None:
    assert len(lessons) == 21
    assert lessons[2].history == (
        Turn("What is the IOFS?", "What is the IOFS?", "A body."),
        Turn("Who leads it?", "Who leads the IOFS?"),
    )
    assert [lesson.added for lesson in lessons[:3]] == [set(), {"iof"}, set()]


def test_conversations_are_never_parted(lessons: list[Lesson]) -> None:
    folds = fold_of(lessons)
    assert set(folds) == set(range(FOLDS))
    assert all(len(set(folds[at : at + 3])) == 1 for at in range(0, 21, 3))


@pytest.mark.parametrize("line", ["{}", "[", '{"id": "a", "history": 3}', "null"])
def test_file_of_something_else_is_refused_with_its_line(line: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(line)
    with pytest.raises(ValueError, match=r"in line 1 of .*bad\.jsonl, got something else"):
        load_conversations(path)


def test_varied_lesson_never_adds_what_is_not_lacking(lessons: list[Lesson]) -> None:
    random = Random(0)
    seen = [varied(lessons[1], lessons, random) for _ in range(200)]
    assert {lesson.question for lesson in seen} == {"Who leads it?", "Who leads the IOFS?"}
    for lesson in seen:
        assert bool(lesson.added) == (lesson.question == "Who leads it?")
        assert lesson.rewrite == "Who leads the IOFS?"


def questions_of(title: str, *asked: str) -> list[Question]:
    context = f"Of {title} this is told: in 1901."
    at = context.index("1901")
    return [
        Question(f"{title} {number}", text, context, title, (Gold("1901", at),))
        for number, text in enumerate(asked)
    ]


def test_invented_lessons_take_out_what_was_said_before() -> None:
    questions = questions_of(
        "Beldon", "When was Beldon Bridge built?", "Who paid for Beldon Bridge?"
    ) + questions_of("Karst", "What is the Karst Valley?", "Who lives in the Karst Valley?")
    found = [lesson for seed in range(40) for lesson in invented(questions, Random(seed))]
    leaning = [lesson for lesson in found if lesson.added]
    assert len(leaning) > 30
    known = {"beldon", "bridg", "karst", "valley"}
    assert set().union(*(lesson.added for lesson in leaning)) >= known
    asked = {lesson.question for lesson in leaning}
    assert "Who paid for it?" in asked and "When was it built?" in asked
    assert any(not lesson.added and lesson.history for lesson in found)


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
def test_invented_lessons_take_out_several_things_at_once(
    question: str, shortened: set[str]
) -> None:
    questions = questions_of(
        "Beldon", "Where is Beldon Bridge?", "Who leads the Karst Council?", question
    )
    found = [lesson for seed in range(300) for lesson in invented(questions, Random(seed))]
    several = {"beldon", "bridg", "karst", "council"}
    assert shortened <= {lesson.question for lesson in found if lesson.added == several}


def test_invented_lessons_are_the_same_every_time() -> None:
    questions = questions_of(
        "Beldon", *(f"Who met Beldon in {year}?" for year in range(1900, 1920))
    )
    assert list(invented(questions, Random(3))) == list(invented(questions, Random(3)))


def test_figures_of_a_worked_example(lessons: list[Lesson]) -> None:
    # Of the one word that is lacking it is added, and one that is not; one of two left alone.
    found = figures(lessons[:3], [set(), {"iof", "lead"}, {"doha"}])
    assert found.precision == pytest.approx(1 / 3)
    assert found.recall == 1
    assert found.f1 == pytest.approx(1 / 2)
    # Of the turns that have a history, 2/3, and 0 where one is added for nothing.
    assert found.of_turns == pytest.approx((2 / 3 + 0) / 2)
    assert found.left_alone == pytest.approx(1 / 2)
    assert found.later == 0


def test_baselines_add_nothing_and_everything(lessons: list[Lesson]) -> None:
    bare, asked, everything = baselines(lessons[:3]).values()
    assert (bare.f1, bare.left_alone) == (0, 1)
    assert asked.recall == 1 and asked.precision == pytest.approx(1 / 3)
    # "bodi" of the answer is one more wrong word.
    assert everything.precision == pytest.approx(1 / 4)


def oracle(windows: Sequence[HistoryWindow]) -> list[Logits]:
    """A model that marks "IOFS", and is sure of it where the question is short."""
    found = []
    for window in windows:
        marked = [3.0 if word.stem == "iof" else -3.0 for word in window.words]
        found.append(
            (np.array(marked, np.float32), 2.0 if window.types.tolist().count(0) < 7 else -2.0)
        )
    return found


def test_questions_are_read_after_the_models_own_completions(
    lessons: list[Lesson], tokenizer: Tokenizer
) -> None:
    given = [
        replace(lesson, history=tuple(replace(t, rewritten="x") for t in lesson.history))
        for lesson in lessons
    ]
    reads = read_all(given[:3], oracle, tokenizer, Thresholds())
    assert [turn.rewritten for turn in reads[2].lesson.history] == [
        "What is the IOFS?",
        "Who leads the IOFS?",
    ]
    assert [read.rewritten(Thresholds()) for read in reads[:2]] == [
        "What is the IOFS?",
        "Who leads the IOFS?",
    ]
    assert reads[1].added_words(Thresholds()) == reads[1].marked(Thresholds()) == {"iof"}


def test_thresholds_leave_alone_what_stands_alone(
    lessons: list[Lesson], tokenizer: Tokenizer
) -> None:
    def by_question(windows: Sequence[HistoryWindow]) -> list[Logits]:
        doha = tokenizer.encode("Doha", add_special_tokens=False).ids[0]
        return [
            (np.ones(len(window.words), np.float32), 1.0 if doha in window.ids[:8] else 3.0)
            for window in windows
        ]

    reads = read_all(lessons, by_question, tokenizer, Thresholds())
    chosen = best_thresholds(reads)
    assert 1.0 < chosen.lacks <= 3.0


def test_of_equal_thresholds_the_strictest_for_words_is_chosen(
    lessons: list[Lesson], tokenizer: Tokenizer
) -> None:
    def logits(belonging: float) -> Run:
        return lambda windows: [
            (np.array([belonging if word.stem == "iof" else -9.0 for word in window.words]), 9.0)
            for window in windows
        ]

    reads = read_all(lessons[:2], logits(0.6), tokenizer, Thresholds())
    assert reads[1].lesson.added == {"iof"}
    assert best_thresholds(reads).belongs == 0.5
    reads = read_all(lessons[:2], logits(1.3), tokenizer, Thresholds())
    assert best_thresholds(reads).belongs == 1.25
