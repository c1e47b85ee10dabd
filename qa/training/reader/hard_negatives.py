"""Hard negatives: passages that the project's retriever finds but that do not hold the answer.

Most passages read in use are of this kind, so the reader must learn to reject them.
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
"""Hits of each search that are considered. Chosen by hand; not fitted."""

PER_QUESTION = 8
"""Most hard negatives stored for a question. Chosen by hand; not fitted."""

SHARE = 0.8
"""Share of the questions that are searched. Chosen by hand; not fitted."""


class ConstantEncoder:
    """An encoder with the same vector for every text, for searches by words alone.

    It saves the minutes that encoding the contexts takes.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    @property
    def model(self) -> EncoderModel:
        """The model of the encoder that it replaces."""
        return self._encoder.model

    @property
    def tokenize(self) -> Tokenize:
        """The tokenizer of the encoder that it replaces."""
        return self._encoder.tokenize

    @property
    def splitting(self) -> Splitting:
        """The splitting of the encoder that it replaces."""
        return self._encoder.splitting

    def encode(
        self, texts: Sequence[str], role: Role = "passage", progress: Progress | None = None
    ) -> Vectors:
        """``(n, 1)`` float32, all 1."""
        return np.ones((len(texts), 1), np.float32)


def contexts_of(questions: Sequence[Question]) -> list[Question]:
    """The first question of each distinct context, in order of the contexts."""
    return list({question.context: question for question in reversed(questions)}.values())[::-1]


def mine(
    questions: Sequence[Question],
    encoder: Encoder,
    word_weight: float,
    cache: Path,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[list[Question]]:
    """For each question, the best passages without its answers; none if it was not searched.

    Args:
        questions: To train on; their contexts are the library that is searched.
        encoder: For passages and questions.
        word_weight: Share of the word score in the order of passages, 0 to 1.
        cache: File that stores the result for the next run with the same questions.
        on_progress: Called with the number of passages, then of questions, done and in all.
    """
    contexts = contexts_of(questions)
    digest = _digest(questions, encoder, word_weight)
    if cache.is_file():
        cached = json.loads(cache.read_text(encoding="utf-8"))
        if cached["of"] == digest:
            return [[contexts[number] for number in numbers] for numbers in cached["passages"]]
    normalised = [f" {normalise(context.context)} " for context in contexts]
    chosen = sorted(Random(0).sample(range(len(questions)), int(SHARE * len(questions))))
    mined: list[list[int]] = [[] for _ in questions]
    with TemporaryDirectory() as folder:
        index, documents = library_of(questions, Path(folder), encoder, on_progress)
        context_numbers = {
            documents[context.context]: number for number, context in enumerate(contexts)
        }
        texts = [questions[number].text for number in chosen]
        vectors = encoder.encode(texts, "question", count_progress(on_progress, len(texts)))
        with index.snapshot() as snapshot:
            for done, (number, vector) in enumerate(zip(chosen, vectors, strict=True), start=1):
                question = questions[number]
                request = SearchRequest(question.text, vector, DEPTH, word_weight)
                hits = search(snapshot, request)[:DEPTH]
                document_of = {
                    stored.id: stored.document
                    for stored in snapshot.passages([hit.id for hit in hits])
                }
                ranked = dict.fromkeys(context_numbers[document_of[hit.id]] for hit in hits)
                answers = [f" {normalise(gold.text)} " for gold in question.answers]
                mined[number] = [
                    context
                    for context in ranked
                    if contexts[context].context != question.context
                    and not any(answer in normalised[context] for answer in answers)
                ][:PER_QUESTION]
                if on_progress:
                    on_progress(done, len(chosen))
        index.close()
    cache.write_text(json.dumps({"of": digest, "passages": mined}), encoding="utf-8")
    return [[contexts[number] for number in numbers] for numbers in mined]


def _digest(questions: Sequence[Question], encoder: Encoder, word_weight: float) -> str:
    """Digest of everything that the result depends on."""
    given = (DEPTH, PER_QUESTION, SHARE, type(encoder).__name__, encoder.model.digest, word_weight)
    digest = hashlib.sha256(repr(given).encode())
    for question in questions:
        digest.update(
            repr((question.id, question.text, question.context, question.answers)).encode()
        )
    return digest.hexdigest()
