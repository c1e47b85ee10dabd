"""Conversations to train on: turns with the question that a person made of each."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from qa.conversation.context import Turn, content

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Lesson:
    """A question of a conversation, and what it should become.

    Attributes:
        conversation: Id of its conversation.
        question: As it was asked.
        rewrite: The same, such that it stands alone, by a person.
        history: What was said before; ``rewritten`` is a person's rewrite.
    """

    conversation: str
    question: str
    rewrite: str
    history: tuple[Turn, ...]

    @property
    def added(self) -> set[str]:
        """The stems of what the person added."""
        return content(self.rewrite) - content(self.question)


def load_conversations(path: Path) -> list[Lesson]:
    """The turns in a file of JSON lines, gzip or not.

    Each line has ``id`` (its first two parts by underscores name the conversation), ``history``
    (messages with ``role`` and ``text``; any role but "user" answers), ``question``, ``rewrite``.

    Raises:
        ValueError: A line is something else.
        OSError: The file cannot be read.
    """
    raw = path.read_bytes()
    lines = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8").splitlines()
    rows = []
    rewrites: dict[tuple[str, str], str] = {}
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            conversation = "_".join(row["id"].split("_")[:2])
            said = [(one["role"] == "user", str(one["text"])) for one in row["history"]]
            question, rewrite = str(row["question"]), str(row["rewrite"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"expected a turn with id, history, question and rewrite in line {number} of "
                f"{path}, got something else ({error!r})"
            ) from error
        rows.append((conversation, said, question, rewrite))
        rewrites[conversation, question] = rewrite
    return [
        Lesson(conversation, question, rewrite, _turns(conversation, said, rewrites))
        for conversation, said, question, rewrite in rows
    ]


def fold_of(lessons: Sequence[Lesson]) -> list[int]:
    """The fold of each lesson, 0 to ``FOLDS`` − 1; whole conversations, in turn by their id."""
    names = sorted({lesson.conversation for lesson in lessons})
    folds = {name: at % FOLDS for at, name in enumerate(names)}
    return [folds[lesson.conversation] for lesson in lessons]


def _turns(
    conversation: str, said: Sequence[tuple[bool, str]], rewrites: dict[tuple[str, str], str]
) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    for asks, text in said:
        if asks:
            turns.append(Turn(text, rewrites.get((conversation, text), text)))
        elif turns:
            turns[-1] = replace(turns[-1], answer=f"{turns[-1].answer} {text}".strip())
    return tuple(turns)


def varied(lesson: Lesson, others: Sequence[Lesson], random: Random) -> Lesson:
    """The lesson as another conversation could have had it.

    Now and then the question stands alone already, or comes after something else entirely; the
    questions before it are rewritten as a person does, as a program does, or not at all.
    """
    drawn = random.random()
    if drawn < 0.12:
        lesson = replace(lesson, question=lesson.rewrite)
    elif drawn < 0.22:
        other = random.choice(others)
        if other.conversation != lesson.conversation and other.history:
            return replace(lesson, question=lesson.rewrite, history=other.history)
    turns = []
    for turn in lesson.history:
        drawn = random.random()
        if drawn < 0.35:
            lacking = [
                word for word in turn.rewritten.split() if content(word) - content(turn.question)
            ]
            turn = replace(turn, rewritten=f"{turn.question} {' '.join(lacking)}".strip())
        elif drawn < 0.45:
            turn = replace(turn, rewritten=turn.question)
        if random.random() < 0.15:
            turn = replace(turn, answer="")
        turns.append(turn)
    return replace(lesson, history=tuple(turns))
