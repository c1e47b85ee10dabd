"""Rewriting: a question that depends on the conversation becomes standalone."""

import json
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
from embeddings.forking import undisturbed
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
    MAX_CHARACTERS,
    HistoryWindow,
    Turn,
    segments_of,
    window_of,
)
from qa.conversation.person import last_person
from qa.conversation.wording import (
    Phrase,
    insert_phrases,
    phrases_of,
    refers_to_person,
    resolve_ellipsis,
    stands_alone,
)
from qa.reading import onnx_reader

FOLDER = Path(__file__).parent / "model"

GRAPH = "rewriter.onnx"

THRESHOLDS = "thresholds.json"

FEATURES_INPUT = "facts"
"""The features of a window, as the ONNX file names them."""

WORD_OUTPUT, QUESTION_OUTPUT = "belongs", "lacks"
"""Logits of the words and of the question in the ONNX file; their thresholds in ``THRESHOLDS``."""

FILES = (GRAPH, THRESHOLDS)

REWRITTEN_TOKENS = 128
"""Longest rewritten question; more than twice the length of usual questions. Chosen by hand."""

REWRITTEN_CHARACTERS = 1_000
"""Likewise: a word of any length can be a single token."""

MAX_LOGIT_GAP = 2.0
"""Difference to the highest logit from which a word gets a phrase of its own. Chosen by hand; not
fitted."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Logits from which words are added to a question; chosen by ``qa.training``.

    Attributes:
        word: That the word belongs to the question.
        question: That the question is incomplete.
    """

    word: float = 0.0
    question: float = 0.0

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The thresholds of the model in a folder.

        Raises:
            ModelError: They cannot be read.
        """
        found = read_json(folder / THRESHOLDS)
        try:
            return cls(float(str(found[WORD_OUTPUT])), float(str(found[QUESTION_OUTPUT])))
        except (KeyError, ValueError) as error:
            raise ModelError(
                "has no valid thresholds", folder / THRESHOLDS, Remedy.REINSTALL, detail=repr(error)
            ) from error

    def save(self, folder: Path) -> None:
        """Write the thresholds beside the model in a folder."""
        content = json.dumps({WORD_OUTPUT: self.word, QUESTION_OUTPUT: self.question})
        (folder / THRESHOLDS).write_text(f"{content}\n", encoding="utf-8")


class Logits(Protocol):
    """The outputs of a rewriting model for a window."""

    def __call__(self, window: HistoryWindow) -> tuple[NDArray[np.float32], float]:
        """Logits of each of ``window.words`` belonging, and of the question being incomplete."""
        ...


def rewrite_ellipsis(question: str, history: Sequence[Turn]) -> str | None:
    """The previous question about another thing, if the question names nothing but that thing."""
    return resolve_ellipsis(question, history[-1].standalone[:MAX_CHARACTERS])


def rewrite_pronoun(question: str, history: Sequence[Turn]) -> str | None:
    """The question with the last person of the conversation in place of "he" or "she"."""
    person = last_person(history) if refers_to_person(question) else None
    return None if person is None else insert_phrases(question, [Phrase(person, False, 0)])


def rewritings(
    question: str,
    history: Sequence[Turn],
    window: HistoryWindow,
    logits: tuple[NDArray[np.float32], float],
    thresholds: Thresholds,
) -> tuple[str, ...]:
    """The wordings of a question with the missing words, likeliest first; itself if it is complete.

    Args:
        question: As typed.
        history: The turns before; not empty.
        window: Of both.
        logits: Of the window's words, and of the question.
        thresholds: Logits from which words are added.
    """
    if stands_alone(question):
        return (question,)
    ellipsis = rewrite_ellipsis(question, history)
    if ellipsis is not None:
        return (ellipsis,)
    pronoun = rewrite_pronoun(question, history)
    first = () if pronoun is None else (pronoun,)
    word_logits, incomplete = logits
    if incomplete < thresholds.question:
        return first or (question,)
    scores: dict[str, float] = {}
    for word, logit in zip(window.words, word_logits, strict=True):
        if logit >= thresholds.word:
            scores[word.stem] = max(float(logit), scores.get(word.stem, -np.inf))
    texts = [segment.text for segment in segments_of(history)]
    # A word that is much less likely than another is no part of the same name.
    least = max(scores.values(), default=0.0) - MAX_LOGIT_GAP
    likely = {stem: logit for stem, logit in scores.items() if logit >= least}
    others = {stem: logit for stem, logit in scores.items() if logit < least}
    phrases = [*phrases_of(likely, texts), *phrases_of(others, texts)]
    return tuple(dict.fromkeys((*first, insert_phrases(question, phrases))))


class QuestionRewriter:
    """Rewrites questions with a trained model, which is loaded with the first follow-up.

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
        """The standalone wordings of a question, likeliest first; itself if it is standalone.

        Args:
            question: As typed.
            history: The turns before, oldest first.

        Raises:
            ModelError: The model is missing or damaged.
        """
        turns = [turn for turn in history if turn.standalone.strip()]
        if not turns:
            return (question,)
        with undisturbed(), self._lock:
            tokenizer, logits, thresholds = self._model
        window = window_of(question, turns, tokenizer)
        found = [
            # The conversation may hold too much for one question.
            rewriting
            for rewriting in rewritings(question, turns, window, logits(window), thresholds)
            if len(rewriting) <= REWRITTEN_CHARACTERS
            and len(tokenizer.encode(rewriting, add_special_tokens=False).ids) <= REWRITTEN_TOKENS
        ]
        return tuple(found) or (question,)

    def load(self) -> None:
        """Load the model now, so that the first follow-up need not wait.

        Raises:
            ModelError: It is missing or another.
        """
        with undisturbed(), self._lock:
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
            name="question rewriting model",
            kind="rewriter",
            graph=self.folder / GRAPH,
            sha256=self._published()[GRAPH],
            precision=self.precision,
            # It has been checked.
            check=lambda: None,
            load=onnx_logits,
            remedy=Remedy.REINSTALL,
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
        word_logits, incomplete = session.run(
            [WORD_OUTPUT, QUESTION_OUTPUT],
            {
                "input_ids": window.ids[None],
                "attention_mask": np.ones_like(window.ids)[None],
                "token_type_ids": window.types[None],
                FEATURES_INPUT: window.features[None],
            },
        )
        return word_logits[0, [word.token for word in window.words]], float(incomplete[0])

    return logits
