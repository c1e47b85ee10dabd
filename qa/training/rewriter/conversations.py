"""Conversations to train on: questions with the rewrite that a person wrote of each."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from qa.conversation.context import Turn
from qa.conversation.features import content_stems

FOLDS = 5
"""Of the cross-validation."""

STANDALONE_BELOW, OTHER_HISTORY_BELOW = 0.12, 0.22
"""Of a number drawn from 0 to 1: below the first a varied question stands alone already, below the
second it does so after the history of another conversation. Chosen by hand; not fitted."""

APPENDED_BELOW, NOT_REWRITTEN_BELOW = 0.35, 0.45
"""Likewise: below the first an earlier question is rewritten by appending words, as a program may
do it, below the second not at all. Chosen by hand; not fitted."""

UNANSWERED_ODDS = 0.15
"""Odds that an earlier question has no answer. Chosen by hand; not fitted."""


@dataclass(frozen=True, slots=True)
class RewriteExample:
    """A question of a conversation with its rewrite.

    Attributes:
        conversation: Id of its conversation.
        question: As it was asked.
        rewrite: The standalone question, written by a person.
        history: The turns before; ``rewritten`` is a person's rewrite.
    """

    conversation: str
    question: str
    rewrite: str
    history: tuple[Turn, ...]

    @property
    def added(self) -> set[str]:
        """The stems of the words that the person added."""
        return content_stems(self.rewrite) - content_stems(self.question)


def load_conversations(path: Path) -> list[RewriteExample]:
    """The examples in a file of JSON lines, gzip or not.

    Each line has ``id`` (its first two parts by underscores name the conversation), ``history``
    (messages with ``role`` and ``text``; any role other than "user" answers), ``question`` and
    ``rewrite``.

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
            messages = [
                (message["role"] == "user", str(message["text"])) for message in row["history"]
            ]
            question, rewrite = str(row["question"]), str(row["rewrite"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"expected a turn with id, history, question and rewrite in line {number} of "
                f"{path}, got something else ({error!r})"
            ) from error
        rows.append((conversation, messages, question, rewrite))
        rewrites[conversation, question] = rewrite
    return [
        RewriteExample(conversation, question, rewrite, _turns(conversation, messages, rewrites))
        for conversation, messages, question, rewrite in rows
    ]


def folds_of(examples: Sequence[RewriteExample]) -> list[int]:
    """The fold of each example, 0 to ``FOLDS`` − 1; whole conversations, in turn by their id."""
    conversations = sorted({example.conversation for example in examples})
    folds = {name: number % FOLDS for number, name in enumerate(conversations)}
    return [folds[example.conversation] for example in examples]


def _turns(
    conversation: str, messages: Sequence[tuple[bool, str]], rewrites: dict[tuple[str, str], str]
) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    for is_question, text in messages:
        if is_question:
            turns.append(Turn(text, rewrites.get((conversation, text), text)))
        elif turns:
            turns[-1] = replace(turns[-1], answer=f"{turns[-1].answer} {text}".strip())
    return tuple(turns)


def varied(
    example: RewriteExample, others: Sequence[RewriteExample], random: Random
) -> RewriteExample:
    """The example as it could occur in another conversation.

    Sometimes the question stands alone already, or follows the history of another conversation.
    The questions before it are rewritten as a person does, as a program does, or not at all.
    """
    drawn = random.random()
    if drawn < STANDALONE_BELOW:
        example = replace(example, question=example.rewrite)
    elif drawn < OTHER_HISTORY_BELOW:
        other = random.choice(others)
        if other.conversation != example.conversation and other.history:
            return replace(example, question=example.rewrite, history=other.history)
    turns = []
    for turn in example.history:
        drawn = random.random()
        if drawn < APPENDED_BELOW:
            missing = [
                word
                for word in turn.standalone.split()
                if content_stems(word) - content_stems(turn.question)
            ]
            turn = replace(turn, standalone=f"{turn.question} {' '.join(missing)}".strip())
        elif drawn < NOT_REWRITTEN_BELOW:
            turn = replace(turn, standalone=turn.question)
        if random.random() < UNANSWERED_ODDS:
            turn = replace(turn, answer="")
        turns.append(turn)
    return replace(example, history=tuple(turns))
