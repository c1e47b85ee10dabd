"""Evaluate: how well questions with known answers are retrieved.

Reads question-answering data as JSON lines (plain or gzip): one object a line with
``question``, ``context``, ``answers`` and, if known, ``title``. All contexts together are the
library; a question counts as found at rank k when its own context is the k-th retrieved.
"""

import gzip
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from embeddings.document import Document, DocumentBuilder
from embeddings.encoder import Encoder
from embeddings.index import STORE_FILE, Index
from embeddings.passages import split
from embeddings.store import Source, Store
from qa.retriever import DEPTH, search

RANKS = (1, 5, 20)

FOLDER = "questions"


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a data set.

    Attributes:
        text: The question.
        context: The paragraph that it was asked of.
        title: Of the article from which the paragraph comes.
        answers: Right answers as they stand in the context; empty if it has none.
    """

    text: str
    context: str
    title: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RetrievalScores:
    """How often and how high the right context was found.

    Attributes:
        name: Of the way to order passages.
        recall: Share of the questions whose context is among the first k, by k.
        mrr: Mean reciprocal rank, 0 for a context that is not found.
    """

    name: str
    recall: dict[int, float]
    mrr: float


def load_questions(path: Path) -> list[Question]:
    """The questions in a file of JSON lines.

    Raises:
        ValueError: A line is not a question; the message names it.
        OSError: The file cannot be read.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    questions: list[Question] = []
    with opened(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line)
                answers = tuple(str(answer["text"]) for answer in row["answers"])
                questions.append(
                    Question(row["question"], row["context"], str(row.get("title", "")), answers)
                )
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(
                    f"expected a question with context and answers in line {number} of {path}, "
                    f"got {line[:60]!r} ({error})"
                ) from error
    return questions


def library_of(
    questions: Sequence[Question],
    folder: Path,
    encoder: Encoder,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[Index, dict[str, int]]:
    """An index of all contexts of the questions, and each context's document id.

    Args:
        questions: Their distinct contexts become one document each.
        folder: Empty; the index is made there.
        encoder: For the passages.
        on_progress: Told how many of how many passages are encoded.
    """
    contexts = {question.context: question.title for question in questions}
    documents = [_document(text, title) for text, title in contexts.items()]
    passages = [
        split(document, encoder.tokenize, encoder.model.max_tokens) for document in documents
    ]
    texts = [passage.search_text for found in passages for passage in found]
    vectors = encoder.encode(texts, progress=on_progress)
    store = Store.create(folder / STORE_FILE, encoder.model, vectors.shape[1])
    ids: dict[str, int] = {}
    at = 0
    with store.transaction():
        store.put_folder(FOLDER, folder)
        for number, (context, document, found) in enumerate(
            zip(contexts, documents, passages, strict=True)
        ):
            sha256 = f"{number:064x}"
            id = store.put_document(
                sha256, "context", document, found, vectors[at : at + len(found)]
            )
            store.put_source(Source(f"{FOLDER}/{number}", FOLDER, 0, 0, 0, 0, sha256, id))
            ids[context] = id
            at += len(found)
    return Index(folder, store), ids


def _document(text: str, title: str) -> Document:
    builder = DocumentBuilder(title.replace("_", " "))
    for paragraph in text.split("\n\n"):
        builder.add("paragraph", paragraph)
    return builder.build("")


def evaluate_retrieval(
    questions: Sequence[Question],
    index: Index,
    documents: dict[str, int],
    encoder: Encoder,
    word_weight: float = 0.3,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[RetrievalScores]:
    """Scores of vectors alone, words alone, both fused by rank, and both fused by score.

    Args:
        questions: Whose contexts are in the index.
        index: From ``library_of``.
        documents: Each context's document id.
        encoder: For the questions.
        word_weight: As in ``Retriever``.
        on_progress: Told how many of how many questions are done.
    """
    vectors = encoder.encode([question.text for question in questions], role="question")
    ranks: dict[str, list[int | None]] = {}
    with index.snapshot() as snapshot:
        for number, (question, vector) in enumerate(zip(questions, vectors, strict=True)):
            found = search(snapshot, question.text, vector, DEPTH, word_weight)
            documents_of = {
                stored.id: stored.document
                for stored in snapshot.passages([one.id for one in found])
            }
            worst = len(found) + DEPTH
            vector_ranks = {one.id: one.vector_rank or worst for one in found}
            word_ranks = {one.id: one.word_rank or worst for one in found}
            orders: dict[str, Callable[[int], float]] = {
                "vectors alone": vector_ranks.__getitem__,
                "words alone": word_ranks.__getitem__,
                "reciprocal ranks, k = 10": _reciprocal(10, vector_ranks, word_ranks),
                "reciprocal ranks, k = 60": _reciprocal(60, vector_ranks, word_ranks),
            }
            ours = [one.id for one in found]
            ordered = {name: sorted(ours, key=order) for name, order in orders.items()}
            ordered[f"weighted scores, words {word_weight:g}"] = ours
            for name, order in ordered.items():
                distinct = list(dict.fromkeys(documents_of[id] for id in order))
                right = documents[question.context]
                rank = distinct.index(right) + 1 if right in distinct else None
                ranks.setdefault(name, []).append(rank)
            if on_progress:
                on_progress(number + 1, len(questions))
    return [_scores(name, found) for name, found in ranks.items()]


def _reciprocal(k: int, one: dict[int, int], other: dict[int, int]) -> Callable[[int], float]:
    """Sort key for reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009)."""
    return lambda id: -(1 / (k + one[id]) + 1 / (k + other[id]))


def _scores(name: str, ranks: Sequence[int | None]) -> RetrievalScores:
    """Recall and MRR of ranks from 1, none where the right context was not found.

    >>> _scores("x", [1, 4, None, 2]).recall[1], _scores("x", [1, 4, None, 2]).mrr
    (0.25, 0.4375)
    """
    recall = {k: sum(rank is not None and rank <= k for rank in ranks) / len(ranks) for k in RANKS}
    return RetrievalScores(name, recall, sum(1 / rank for rank in ranks if rank) / len(ranks))


def sample(questions: Sequence[Question], count: int, seed: int = 0) -> list[Question]:
    """That many of the questions, the same ones for the same seed; all if there are fewer."""
    if count >= len(questions):
        return list(questions)
    return random.Random(seed).sample(list(questions), count)
