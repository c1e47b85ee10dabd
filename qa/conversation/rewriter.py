"""Rewriting: a question that leans on what was said before becomes one that stands alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from embeddings.errors import ModelError, Remedy
from embeddings.models.model_cache import load_graph
from embeddings.models.model_folder import (
    SUMS,
    check_sha256,
    load_tokenizer,
    read_checksums,
    read_json,
)
from embeddings.models.onnx_model import open_session
from embeddings.models.precision import Precision
from qa.conversation.context import (
    MOST_CHARACTERS,
    HistoryWindow,
    Turn,
    person_of,
    pieces_of,
    window_of,
)
from qa.conversation.wording import Phrase, asks_of_a_person, carried_over, phrases_of, worded
from qa.reading import onnx_reader

FOLDER = Path(__file__).parent / "model"

GRAPH = "rewriter.onnx"

THRESHOLDS = "thresholds.json"

FILES = (GRAPH, THRESHOLDS)

REWRITTEN_TOKENS = 128
"""Longest question that rewriting makes; more than twice what questions have."""

REWRITTEN_CHARACTERS = 1_000
"""Likewise; a word of any length can be a single token."""

UNLIKELY = 2.0
"""Difference of logits from which a word is put into a question apart from a likelier one."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on words are added; logits.

    Attributes:
        belongs: Of a word.
        lacks: Of the question.
    """

    belongs: float = 0.0
    lacks: float = 0.0

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Those that were chosen for the model in a folder.

        Raises:
            ModelError: They cannot be read.
        """
        found = read_json(folder / THRESHOLDS)
        try:
            return cls(float(str(found["belongs"])), float(str(found["lacks"])))
        except (KeyError, ValueError) as error:
            raise ModelError(
                "has no valid thresholds", folder / THRESHOLDS, Remedy.REINSTALL, detail=repr(error)
            ) from error


class Logits(Protocol):
    """What a rewriting model says of a window."""

    def __call__(self, window: HistoryWindow) -> tuple[NDArray[np.float32], float]:
        """The logit of each of ``window.words`` belonging, and of the question lacking any."""
        ...


def asked_again(question: str, history: Sequence[Turn]) -> str | None:
    """The last question asked again of something else, where that is all the question says."""
    return carried_over(question, history[-1].rewritten[:MOST_CHARACTERS])


def with_person(question: str, history: Sequence[Turn]) -> str | None:
    """The question with the person last spoken of for "he" or "she", if it asks of one."""
    person = person_of(history) if asks_of_a_person(question) else None
    return None if person is None else worded(question, [Phrase(person, False, 0)])


def rewritings(
    question: str,
    history: Sequence[Turn],
    window: HistoryWindow,
    logits: tuple[NDArray[np.float32], float],
    thresholds: Thresholds,
) -> tuple[str, ...]:
    """The question with what it lacks, then shorter; as it is if it lacks nothing.

    Args:
        question: As asked.
        history: What was said before; not empty.
        window: Of both.
        logits: Of the window's words, and of the question.
        thresholds: From when on words are added.
    """
    again = asked_again(question, history)
    if again is not None:
        return (again,)
    person = with_person(question, history)
    first = () if person is None else (person,)
    belongs, lacks = logits
    if lacks < thresholds.lacks:
        return first or (question,)
    scores: dict[str, float] = {}
    for word, logit in zip(window.words, belongs, strict=True):
        if logit >= thresholds.belongs:
            scores[word.stem] = max(float(logit), scores.get(word.stem, -np.inf))
    texts = [text for *_, text in pieces_of(history)]
    # A word that is much less likely than another is no part of its name.
    likely = max(scores.values(), default=0.0) - UNLIKELY
    sure = {one: logit for one, logit in scores.items() if logit >= likely}
    others = {one: logit for one, logit in scores.items() if logit < likely}
    phrases = [*phrases_of(sure, texts), *phrases_of(others, texts)]
    return tuple(dict.fromkeys((*first, worded(question, phrases), worded(question, phrases[:1]))))


class QuestionRewriter:
    """Rewrites questions with a trained model, which is read when something was said before.

    Safe to use from several threads.

    Attributes:
        folder: Of the model.
        precision: In which it computes.
    """

    def __init__(self, folder: Path = FOLDER, precision: Precision = "float32") -> None:
        self.folder = folder
        self.precision = precision
        self._lock = RLock()

    def rewrite(self, question: str, history: Sequence[Turn]) -> tuple[str, ...]:
        """The question such that it stands alone, likeliest first; as it is if it does already.

        Args:
            question: As asked.
            history: What was said before, oldest first.

        Raises:
            ModelError: The model is missing or damaged.
        """
        turns = [turn for turn in history if turn.rewritten.strip()]
        if not turns:
            return (question,)
        with self._lock:
            tokenizer, logits, thresholds = self._model
        window = window_of(question, turns, tokenizer)
        found = [
            # What was said before may be too much for one question.
            rewriting
            for rewriting in rewritings(question, turns, window, logits(window), thresholds)
            if len(rewriting) <= REWRITTEN_CHARACTERS
            and len(tokenizer.encode(rewriting, add_special_tokens=False).ids) <= REWRITTEN_TOKENS
        ]
        return tuple(found) or (question,)

    def load(self) -> None:
        """Read the model now, so that the first question that leans on another need not wait.

        Raises:
            ModelError: It is missing or another.
        """
        with self._lock:
            _ = self._model

    def check(self) -> None:
        """Make sure that the model is the published one.

        Raises:
            ModelError: It is missing or another.
        """
        for name, sha256 in self._published().items():
            check_sha256(self.folder / name, sha256, Remedy.REINSTALL)

    def _published(self) -> dict[str, str]:
        try:
            sums = read_checksums(self.folder)
        except (OSError, ValueError) as error:
            raise ModelError(
                "has checksums that cannot be read",
                self.folder / SUMS,
                Remedy.REINSTALL,
                detail=error,
            ) from error
        return {name: sums.get(name, "") for name in FILES}

    @cached_property
    def _model(self) -> tuple[Tokenizer, Logits, Thresholds]:
        self.check()
        # It reads the same tokens as the reader, from whose weights it was trained.
        tokenizer = load_tokenizer(onnx_reader.FOLDER)
        logits = load_graph(
            "question rewriting model",
            "rewriter",
            self.folder / GRAPH,
            self._published()[GRAPH],
            self.precision,
            # It has been checked.
            lambda: None,
            onnx_logits,
            Remedy.REINSTALL,
        )
        return tokenizer, logits, Thresholds.load(self.folder)


def onnx_logits(path: Path, remedy: Remedy = Remedy.REINSTALL) -> Logits:
    """The rewriting model in an ONNX file.

    Args:
        path: Of the file.
        remedy: What to do if it cannot be used.

    Raises:
        ModelError: It cannot be loaded.
    """
    session = open_session(path, remedy)

    def logits(window: HistoryWindow) -> tuple[NDArray[np.float32], float]:
        belongs, lacks = session.run(
            ["belongs", "lacks"],
            {
                "input_ids": window.ids[None],
                "attention_mask": np.ones_like(window.ids)[None],
                "token_type_ids": window.types[None],
                "facts": window.facts[None],
            },
        )
        return belongs[0, [word.token for word in window.words]], float(lacks[0])

    return logits
