"""Passages that the project's own retriever finds for a question and that do not answer it.

Most passages that are read in use are of this kind, so the reader must learn to leave them.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np

from embeddings.models.encoder import Encoder, EncoderModel, Progress, Role, Vectors
from embeddings.passages import Splitting, Tokenize
from qa.evaluation.corpus import count_progress, library_of
from qa.evaluation.datasets import Question
from qa.retrieval.search import SearchRequest, search
from qa.text import normalise

DEPTH = 30
"""Passages taken from each search."""

KEPT = 8
"""Passages kept for a question."""

SHARE = 0.8
"""Of the questions, for which passages are looked for."""


class Blind:
    """An encoder that sees nothing, for searches by words alone: encoding costs minutes."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    @property
    def model(self) -> EncoderModel:
        """The model of the encoder that it stands for."""
        return self._encoder.model

    @property
    def tokenize(self) -> Tokenize:
        """Likewise."""
        return self._encoder.tokenize

    @property
    def splitting(self) -> Splitting:
        """Likewise."""
        return self._encoder.splitting

    def encode(
        self, texts: Sequence[str], role: Role = "passage", progress: Progress | None = None
    ) -> Vectors:
        """``(n, 1)`` float32, all alike."""
        return np.ones((len(texts), 1), np.float32)


def contexts_of(questions: Sequence[Question]) -> list[Question]:
    """The first question of each distinct context, in order: a context with its title."""
    return list({question.context: question for question in reversed(questions)}.values())[::-1]


def mine(
    questions: Sequence[Question],
    encoder: Encoder,
    word_weight: float,
    keep: Path,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[list[Question]]:
    """For each question, the best passages that lack its answers; none for those not searched.

    Args:
        questions: To train on; their contexts are the library that is searched.
        encoder: For passages and questions.
        word_weight: Share of the word score in the order of passages, 0 to 1.
        keep: File in which the result is kept for the next run with the same questions.
        on_progress: Told how many of how many passages, then questions, are done.
    """
    contexts = contexts_of(questions)
    digest = _digest(questions, encoder, word_weight)
    if keep.is_file():
        kept = json.loads(keep.read_text(encoding="utf-8"))
        if kept["of"] == digest:
            return [[contexts[at] for at in found] for found in kept["passages"]]
    normal = [f" {normalise(context.context)} " for context in contexts]
    positions = {context.context: at for at, context in enumerate(contexts)}
    chosen = sorted(Random(0).sample(range(len(questions)), int(SHARE * len(questions))))
    mined: list[list[int]] = [[] for _ in questions]
    with TemporaryDirectory() as folder:
        index, documents = library_of(questions, Path(folder), encoder, on_progress)
        positions_of = {documents[text]: at for text, at in positions.items()}
        texts = [questions[at].text for at in chosen]
        vectors = encoder.encode(texts, "question", count_progress(on_progress, len(texts)))
        with index.snapshot() as snapshot:
            for number, (asked, vector) in enumerate(zip(chosen, vectors, strict=True), start=1):
                question = questions[asked]
                request = SearchRequest(question.text, vector, DEPTH, word_weight)
                found = search(snapshot, request)[:DEPTH]
                document_of = {
                    stored.id: stored.document
                    for stored in snapshot.passages([one.id for one in found])
                }
                ranked = dict.fromkeys(positions_of[document_of[one.id]] for one in found)
                answers = [f" {normalise(gold.text)} " for gold in question.answers]
                mined[asked] = [
                    at
                    for at in ranked
                    if contexts[at].context != question.context
                    and not any(answer in normal[at] for answer in answers)
                ][:KEPT]
                if on_progress:
                    on_progress(number, len(chosen))
        index.close()
    keep.write_text(json.dumps({"of": digest, "passages": mined}), encoding="utf-8")
    return [[contexts[at] for at in found] for found in mined]


def _digest(questions: Sequence[Question], encoder: Encoder, word_weight: float) -> str:
    """Of all that the result depends on."""
    given = (DEPTH, KEPT, SHARE, type(encoder).__name__, encoder.model.digest, word_weight)
    digest = hashlib.sha256(repr(given).encode())
    for question in questions:
        digest.update(
            repr((question.id, question.text, question.context, question.answers)).encode()
        )
    return digest.hexdigest()
