"""Evaluate: outcomes of questions with known answers, in three modes.

The reader alone reads each question with its own context. Retrieval alone searches all contexts
together, or an index. The whole chain retrieves there and reads what it finds; half of its
questions are asked again with their own context excluded, so that no passage answers them.
"""

import time
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from random import Random

import numpy as np

from embeddings.index.protocols import SearchIndex, Snapshot
from embeddings.models.encoder import Encoder
from embeddings.rendering import rendered
from qa.evaluation.datasets import Question
from qa.evaluation.scores import Outcome, RetrievalScores, retrieval_scores
from qa.reading.base import SpanModel
from qa.reading.citations import candidate_of
from qa.reading.reader import Reader
from qa.reading.spans import read_passages
from qa.retrieval.retriever import Retriever
from qa.retrieval.search import DEPTH, SearchRequest, search
from qa.settings import DEFAULT_WORD_WEIGHT
from qa.text import join_whitespace, normalise

BATCH = 64
"""Questions read together where only the reader is measured."""

OnProgress = Callable[[int, int], None]
"""Called with the number that is done, and the number of all."""


def evaluate_retrieval(
    questions: Sequence[Question],
    index: SearchIndex,
    documents: dict[str, int] | None,
    encoder: Encoder,
    word_weight: float = DEFAULT_WORD_WEIGHT,
    on_progress: OnProgress | None = None,
) -> list[RetrievalScores]:
    """Scores of vectors alone, words alone, both fused by rank, and both fused by score.

    Args:
        questions: With answers.
        index: To search.
        documents: Each context's document id, from ``library_of``; none if the index was made of
            other documents: then a passage is right that holds an answer.
        encoder: For the questions.
        word_weight: As in ``Retriever``.
        on_progress: Called with the number of questions done, and of all.
    """
    vectors = encoder.encode([question.text for question in questions], role="question")
    ranks: dict[str, list[int | None]] = {}
    with index.snapshot() as snapshot:
        for number, (question, vector) in enumerate(zip(questions, vectors, strict=True)):
            request = SearchRequest(question.text, vector, DEPTH, word_weight)
            found = search(snapshot, request)
            ids = [passage.id for passage in found]
            is_right = _right_passages(snapshot, ids, question, documents)
            worst = len(found) + DEPTH
            vector_ranks = {passage.id: passage.vector_rank or worst for passage in found}
            word_ranks = {passage.id: passage.word_rank or worst for passage in found}
            orders: dict[str, Callable[[int], float]] = {
                "vectors alone": vector_ranks.__getitem__,
                "words alone": word_ranks.__getitem__,
                "reciprocal ranks, k = 10": _reciprocal(10, vector_ranks, word_ranks),
                "reciprocal ranks, k = 60": _reciprocal(60, vector_ranks, word_ranks),
            }
            ordered = {name: sorted(ids, key=order) for name, order in orders.items()}
            ordered[f"weighted scores, words {word_weight:g}"] = ids
            for name, order in ordered.items():
                # A context of several passages counts once.
                distinct = list(dict.fromkeys(is_right[id] for id in order))
                rank = next((at for at, (_, right) in enumerate(distinct, 1) if right), None)
                ranks.setdefault(name, []).append(rank)
            if on_progress:
                on_progress(number + 1, len(questions))
    return [retrieval_scores(name, found) for name, found in ranks.items()]


def _right_passages(
    snapshot: Snapshot, ids: Sequence[int], question: Question, documents: dict[str, int] | None
) -> dict[int, tuple[int, bool]]:
    """For each passage the unit that it counts as, and whether that is right."""
    stored = snapshot.passages(ids)
    if documents is not None:
        own = documents[question.context]
        return {passage.id: (passage.document, passage.document == own) for passage in stored}
    # Whole words: 41 is not in 1941.
    normalised = (normalise(gold.text) for gold in question.answers)
    answers = [f" {text} " for text in normalised if text]
    return {
        stored_passage.id: (
            stored_passage.id,
            any(answer in f" {normalise(stored_passage.passage.text)} " for answer in answers),
        )
        for stored_passage in stored
    }


def _reciprocal(k: int, one: dict[int, int], other: dict[int, int]) -> Callable[[int], float]:
    """Sort key for reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009)."""
    return lambda id: -(1 / (k + one[id]) + 1 / (k + other[id]))


def evaluate_reader(
    questions: Sequence[Question], model: SpanModel, on_progress: OnProgress | None = None
) -> list[Outcome]:
    """Each question read with its own context and title, nothing else to choose from.

    Args:
        questions: With and without answers.
        model: To read with.
        on_progress: Called with the number of questions done, and of all.
    """
    outcomes: list[Outcome] = []
    for start in range(0, len(questions), BATCH):
        batch = questions[start : start + BATCH]
        began = time.perf_counter()
        pairs = [(question.text, rendered(question.context)) for question in batch]
        read = read_passages(model, pairs, [question.title for question in batch])
        spent = (time.perf_counter() - began) / len(batch)
        for question, spans in zip(batch, read, strict=True):
            given = question.context[spans[0].start : spans[0].end] if spans else ""
            logit = spans[0].answerable if spans else -np.inf
            outcomes.append(Outcome(question, given, float(1 / (1 + np.exp(-logit))), spent))
        if on_progress:
            on_progress(len(outcomes), len(questions))
    return outcomes


def evaluate_chain(
    questions: Sequence[Question],
    retriever: Retriever,
    reader: Reader,
    hits: int,
    passages: Mapping[str, Set[int]] | None,
    on_progress: OnProgress | None = None,
) -> tuple[list[Outcome], dict[int, Outcome]]:
    """Each question asked of the library, and half of them again without their own context.

    Args:
        questions: With and without answers.
        retriever: Of the library.
        reader: To read with.
        hits: Passages read for a question.
        passages: The ids of each context's passages; without them none can be excluded.
        on_progress: Called with the number of questions done, and of all.

    Returns:
        The outcome of each question, and by position those of the questions asked again.
    """
    outcomes: list[Outcome] = []
    without_context: dict[int, Outcome] = {}
    answerable = [at for at, question in enumerate(questions) if question.answers]
    again = set(Random(0).sample(answerable, len(answerable) // 2)) if passages else set()
    for at, question in enumerate(questions):
        outcomes.append(_answer(question, retriever, reader, hits))
        if passages and at in again:
            unanswerable = replace(question, answers=())
            own = passages[question.context]
            without_context[at] = _answer(unanswerable, retriever, reader, hits, own)
        if on_progress:
            on_progress(at + 1, len(questions))
    return outcomes, without_context


def _answer(
    question: Question,
    retriever: Retriever,
    reader: Reader,
    limit: int,
    excluded: Set[int] = frozenset(),
) -> Outcome:
    began = time.perf_counter()
    text = join_whitespace(question.text)
    hits = retriever.retrieve(text, limit, excluded=excluded)
    read = reader.read(text, hits)
    spent = time.perf_counter() - began
    if not read:
        return Outcome(question, "", 0.0, spent)
    candidate = candidate_of(hits, read[0])
    documents = {hit.path: hit.document for hit in hits}
    with retriever.index.snapshot() as snapshot:
        exact = sum(
            snapshot.text(documents[citation.path], citation.start, citation.end) == citation.quote
            for citation in candidate.citations
        )
    return Outcome(
        question, candidate.text, candidate.confidence, spent, len(candidate.citations), exact
    )
