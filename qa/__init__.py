"""Chapter and Verse: answers from a folder of documents, each with its exact citation.

With ``from qa import answer``, the call ``answer("When was the IOFS founded?")`` returns an
``Answer`` from the documents that are indexed.
"""

import os
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING

from qa.cancellation import Cancelled, IsWanted, always_wanted
from qa.results import Answer, Candidate, Citation, Hit

if TYPE_CHECKING:
    from embeddings.errors import (
        ChapterAndVerseError,
        FolderError,
        IndexClosed,
        IndexDamaged,
        IndexInherited,
        IndexMismatch,
        IndexMissing,
        ModelError,
    )
    from qa.conversation.context import Turn
    from qa.pipeline import NothingWithin, QuestionAnswerer
    from qa.reading.windows import QuestionTooLong
    from qa.settings import Settings

__all__ = [
    "Answer",
    "Cancelled",
    "Candidate",
    "ChapterAndVerseError",
    "Citation",
    "FolderError",
    "Hit",
    "IndexClosed",
    "IndexDamaged",
    "IndexInherited",
    "IndexMismatch",
    "IndexMissing",
    "ModelError",
    "NothingWithin",
    "QuestionAnswerer",
    "QuestionTooLong",
    "Settings",
    "Turn",
    "answer",
]

# These import numpy, faiss and pydantic, so they are loaded on first use: the command line imports
# this package, and its help needs none of them.
_HOMES = {
    "ChapterAndVerseError": "embeddings.errors",
    "FolderError": "embeddings.errors",
    "IndexClosed": "embeddings.errors",
    "IndexDamaged": "embeddings.errors",
    "IndexInherited": "embeddings.errors",
    "IndexMismatch": "embeddings.errors",
    "IndexMissing": "embeddings.errors",
    "ModelError": "embeddings.errors",
    "NothingWithin": "qa.pipeline",
    "QuestionAnswerer": "qa.pipeline",
    "QuestionTooLong": "qa.reading.windows",
    "Settings": "qa.settings",
    "Turn": "qa.conversation.context",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'qa' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


# A forked process has a lock of its own: the parent's may be held by a thread that it lacks.
_opening: dict[int, Lock] = {}


@cache
def _default(process: int) -> "QuestionAnswerer":
    # A process that was forked cannot use what it has inherited, and opens its own.
    from qa.pipeline import QuestionAnswerer

    return QuestionAnswerer.open()


def answer(
    question: str,
    within: str | Sequence[str] = (),
    history: "Sequence[Answer | Turn]" = (),
    standalone: str | None = None,
    is_wanted: IsWanted = always_wanted,
) -> Answer:
    """The answer to a question from the documents of the default index.

    Args:
        question: In any words.
        within: Library paths of the documents or folders to answer from; all if empty.
        history: The answers, or turns, of the conversation so far, oldest first. A question
            that depends on them is rewritten.
        standalone: The standalone question to answer in place of a rewritten one.
        is_wanted: Whether the answer is still wanted; asked several times a second.

    Raises:
        IndexMissing: Nothing is indexed yet.
        ValueError: The question is blank or too long (``QuestionTooLong`` where it has too many
            words), or nothing is indexed at ``within`` (``NothingWithin``).
        Cancelled: The answer is not wanted any more.
        ChapterAndVerseError: The index or a model cannot be used.
    """
    process = os.getpid()
    # Threads that ask at once open it once.
    with _opening.setdefault(process, Lock()):
        answerer = _default(process)
    return answerer.answer(question, within, history, standalone, is_wanted)
