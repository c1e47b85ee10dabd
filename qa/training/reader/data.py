"""The questions to train on: loaded, checked, and split from those held back."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qa.evaluation.datasets import Question, load_questions

HELD_BACK = 0.08
"""Share of the articles held back from training to validate and calibrate. Chosen by hand."""

MAX_MISALIGNED = 0.01
"""Share of misaligned answers above which a file is refused. Chosen by hand."""

_LARGEST_ARTICLE = 200
"""Contexts above which a title names a collection. Chosen by hand: larger than any article."""


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """One file's questions.

    Attributes:
        name: Of the file, without its endings.
        train: To train on.
        held_back: Of articles that no set is trained on.
        misaligned: Questions left out, because their answer is not at its offsets.
    """

    name: str
    train: tuple[Question, ...]
    held_back: tuple[Question, ...]
    misaligned: tuple[Question, ...]


def load_sets(paths: Sequence[Path]) -> list[TrainingSet]:
    """The questions of the files, each set split into those to train on and those held back.

    Whole articles are held back, so that no passage read for a question that is held back
    was seen in training. Where articles are not known, contexts are held back. A context that
    any set is trained on is held back by none.

    Raises:
        ValueError: A file is not question-answering data, or over 1% of its answers are
            misaligned.
        OSError: A file cannot be read.
    """
    loaded = [(path, load_questions(path)) for path in paths]
    contexts = {
        (question.title, question.context) for _, questions in loaded for question in questions
    }
    sizes = Counter(title for title, _ in contexts)
    sets: list[TrainingSet] = []
    for path, questions in loaded:
        misaligned = tuple(question for question in questions if question.misaligned)
        answered = sum(bool(question.answers) for question in questions)
        if len(misaligned) > MAX_MISALIGNED * answered:
            first = misaligned[0]
            raise ValueError(
                f"expected every answer at its offsets, got {len(misaligned):,} of "
                f"{answered:,} in {path} that are not, the first {first.misaligned} of question "
                f"{first.id}; correct the offsets"
            )
        aligned = [question for question in questions if not question.misaligned]
        held_back = [is_held_back(question, sizes) for question in aligned]
        sets.append(
            TrainingSet(
                path.name.split(".", maxsplit=1)[0],
                tuple(q for q, held in zip(aligned, held_back, strict=True) if not held),
                tuple(q for q, held in zip(aligned, held_back, strict=True) if held),
                misaligned,
            )
        )
    trained = {question.context for questions in sets for question in questions.train}
    return [
        replace(
            questions,
            held_back=tuple(q for q in questions.held_back if q.context not in trained),
        )
        for questions in sets
    ]


def is_held_back(question: Question, sizes: Counter[str]) -> bool:
    """Whether the question's article is held back; the same in every run.

    Args:
        question: The question.
        sizes: Number of contexts by title. A title of very many is a collection, no article.
    """
    article = " ".join(question.title.lower().split())
    if not article or sizes[question.title] > _LARGEST_ARTICLE:
        article = question.context
    digest = hashlib.sha256(article.encode("utf-8")).digest()
    return int.from_bytes(digest[:4]) < HELD_BACK * 2**32
