"""Search: passages by vectors and by words, their scores fused.

The two searches complement each other: vectors find passages with the same meaning in other words,
words find names and numbers. Their scores are fused as a weighted sum of the cosine and BM25
divided by its highest value for the question, which ranked better than reciprocal rank fusion on
SQuAD paragraphs (``qa eval`` reports all four).
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from embeddings.index.protocols import Snapshot
from embeddings.models.encoder import Vectors
from qa.notations import other_notations
from qa.settings import DEFAULT_WORD_WEIGHT
from qa.text import search_terms

DEPTH = 100
"""Passages taken from each search before fusing. Chosen by hand; not fitted."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What to search for, and where.

    Attributes:
        question: For its words.
        vector: Of the question, ``(dimension,)``, unit norm.
        depth: Passages taken from each search.
        word_weight: Share of the word score, 0 to 1.
        within: Library paths to search; all if empty.
        excluded: Ids of passages that are treated as if they were not in the index.
        other_names: Of what the question names, to be searched for as well.
    """

    question: str
    vector: Vectors
    depth: int = DEPTH
    word_weight: float = DEFAULT_WORD_WEIGHT
    within: Sequence[str] = ()
    excluded: Set[int] = frozenset()
    other_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """A passage with its scores.

    Attributes:
        id: Of the passage.
        score: The fused score, 0 to 1.
        vector_score: Cosine of the question's and the passage's vectors, -1 to 1.
        vector_rank: Rank from 1; none if the vector search did not find it.
        word_score: BM25, 0 if no word is shared.
        word_rank: Rank from 1; none if the word search did not find it.
    """

    id: int
    score: float
    vector_score: float
    vector_rank: int | None
    word_score: float
    word_rank: int | None


def search(snapshot: Snapshot, request: SearchRequest) -> list[ScoredPassage]:
    """Passages by fused score, best first; at least ``request.depth`` if there are as many."""
    by_vector = snapshot.search_vectors(request.vector, request.depth, request.within)
    question = request.question
    words = [*search_terms(question), *other_notations(question), *request.other_names]
    by_words = snapshot.search_words(words, request.depth, request.within)
    cosines = {id: cosine for id, cosine in by_vector if id not in request.excluded}
    bm25 = {id: score for id, score in by_words if id not in request.excluded}
    vector_ranks = {id: rank for rank, id in enumerate(cosines, start=1)}
    word_ranks = {id: rank for rank, id in enumerate(bm25, start=1)}
    cosines |= snapshot.similarities(request.vector, [id for id in bm25 if id not in cosines])
    highest = max(bm25.values(), default=0.0)
    passages = [
        ScoredPassage(
            id=id,
            score=fuse(cosine, bm25.get(id, 0.0), highest, request.word_weight),
            vector_score=cosine,
            vector_rank=vector_ranks.get(id),
            word_score=bm25.get(id, 0.0),
            word_rank=word_ranks.get(id),
        )
        for id, cosine in cosines.items()
    ]
    return sorted(passages, key=lambda passage: (-passage.score, passage.id))


def fuse(cosine: float, bm25: float, highest: float, word_weight: float) -> float:
    """The fused score, 0 to 1.

    >>> fuse(0.6, 4.0, 8.0, 0.5)
    0.55
    """
    share = bm25 / highest if highest > 0 else 0.0
    return (1 - word_weight) * max(0.0, cosine) + word_weight * share


def highest_unseen_score(found: Sequence[ScoredPassage], request: SearchRequest) -> float:
    """The highest fused score that a passage can have which neither search found.

    It ranks behind the last that each of them found (Fagin, Lotem and Naor, 2003).
    """
    cosines = [passage.vector_score for passage in found if passage.vector_rank is not None]
    bm25 = [passage.word_score for passage in found if passage.word_rank is not None]
    complete = len(bm25) < request.depth - len(request.excluded)
    last = 0.0 if complete else min(bm25, default=0.0)
    return fuse(min(cosines, default=0.0), last, max(bm25, default=0.0), request.word_weight)
