"""The questions to train on: loaded, checked, and parted from those held back."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qa.evaluation.datasets import Question, load_questions

HELD_BACK = 0.08
"""Share of the articles that is never trained on: it calibrates and validates."""

MOST_MISALIGNED = 0.01
"""Share of spans that may fail to fit their context before a file is refused."""

_LARGEST_ARTICLE = 200


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """One file's questions.

    Attributes:
        name: Of the file, without its endings.
        train: To train on.
        held_back: Of articles that nothing is trained on.
        misaligned: Questions left out, because their answer does not stand where it should.
    """

    name: str
    train: tuple[Question, ...]
    held_back: tuple[Question, ...]
    misaligned: tuple[Question, ...]


def load_sets(paths: Sequence[Path]) -> list[TrainingSet]:
    """The questions of the files, each parted into those to train on and those held back.

    A whole article is held back, so that no passage read for a question that is held back
    was seen in training. Where articles are not known, contexts are held back; a context that
    some set is trained on is held back by none.

    Raises:
        ValueError: A file is not question-answering data, or over 1% of its spans do not fit.
        OSError: A file cannot be read.
    """
    loaded = [(path, load_questions(path)) for path in paths]
    contexts = {(question.title, question.context) for _, found in loaded for question in found}
    sizes = Counter(title for title, _ in contexts)
    sets: list[TrainingSet] = []
    for path, questions in loaded:
        misaligned = tuple(question for question in questions if question.misaligned)
        answered = sum(bool(question.answers) for question in questions)
        if len(misaligned) > MOST_MISALIGNED * answered:
            first = misaligned[0]
            raise ValueError(
                f"expected answers that stand where they are said to stand, got "
                f"{len(misaligned):,} of {answered:,} in {path} that do not, the first "
                f"{first.misaligned} of question {first.id}; mend the offsets"
            )
        fitting = [question for question in questions if not question.misaligned]
        back = [is_held_back(question, sizes) for question in fitting]
        sets.append(
            TrainingSet(
                path.name.split(".", maxsplit=1)[0],
                tuple(one for one, held in zip(fitting, back, strict=True) if not held),
                tuple(one for one, held in zip(fitting, back, strict=True) if held),
                misaligned,
            )
        )
    trained = {question.context for one in sets for question in one.train}
    return [
        replace(one, held_back=tuple(q for q in one.held_back if q.context not in trained))
        for one in sets
    ]


def is_held_back(question: Question, sizes: Counter[str]) -> bool:
    """Whether the question's article is held back; the same in every run.

    Args:
        question: The question.
        sizes: Contexts by title. A title of very many names a collection, not an article.
    """
    article = " ".join(question.title.lower().split())
    if not article or sizes[question.title] > _LARGEST_ARTICLE:
        article = question.context
    digest = hashlib.sha256(article.encode("utf-8")).digest()
    return int.from_bytes(digest[:4]) < HELD_BACK * 2**32
