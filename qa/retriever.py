"""Retriever: from a question to the passages most likely to answer it.

Two searches see different things: vectors find what is said in other words, words find
names and numbers. Their scores are fused as a weighted sum of the cosine and BM25 divided
by its highest value for the question, which ranked better than reciprocal rank fusion on
SQuAD paragraphs (``qa eval`` shows all four).
"""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from embeddings.encoder import Encoder, Vectors
from embeddings.errors import IndexDamaged
from embeddings.index import SearchIndex, Snapshot
from embeddings.store import DocumentFacts, StoredPassage
from qa.answer import Hit
from qa.words import search_terms

DEPTH = 100
"""Passages taken from each search before fusing."""

MOST_DEPTH = 6_400
"""Where near-duplicates crowd the first hits out, searches go this deep for other ones."""

SAME_WORDS = 0.9
"""Share of words in common (Jaccard) above which passages of one statement are one hit."""

_WORD = re.compile(r"\w+")

# What turns one statement into another: numbers with their sign, negations, names.
_TELLING = re.compile(
    r"[-−+]?\d[\w.,]*|\b[A-Z]\w*|\b(?:not|no|never|nor|none|neither|without|cannot)\b|n['’]t\b"
)


@dataclass(frozen=True, slots=True)
class _Found:
    """A passage as the searches scored it."""

    id: int
    score: float
    vector_score: float
    vector_rank: int | None
    word_score: float
    word_rank: int | None


class Retriever:
    """Finds passages for questions in an index."""

    def __init__(self, index: SearchIndex, encoder: Encoder, word_weight: float = 0.3) -> None:
        if not 0 <= word_weight <= 1:
            raise ValueError(f"expected a word weight of 0 to 1, got {word_weight}")
        self.index = index
        self.encoder = encoder
        self.word_weight = word_weight

    def retrieve(
        self,
        question: str,
        limit: int,
        within: Sequence[str] = (),
        passed_over: Set[int] = frozenset(),
    ) -> list[Hit]:
        """The best passages for a question, near-duplicates collapsed, best first.

        Args:
            question: In any words.
            limit: Number of hits at most.
            within: Library paths of the documents or folders to search; all if empty.
            passed_over: Ids of passages that are treated as if they were not there.

        Raises:
            IndexDamaged: A passage fails its checksum.
        """
        vector = self.encoder.encode([question], role="question")[0]
        with self.index.snapshot() as snapshot:
            depth = max(DEPTH, limit)
            while True:
                found = search(
                    snapshot, question, vector, depth, self.word_weight, within, passed_over
                )
                kept, duplicates = _distinct(snapshot, found, limit)
                if (
                    len(kept) == limit
                    or len(found) + len(passed_over) < depth
                    or depth >= MOST_DEPTH
                ):
                    return _hits(snapshot, kept, duplicates, within)
                depth *= 4


def search(
    snapshot: Snapshot,
    question: str,
    vector: Vectors,
    depth: int,
    word_weight: float,
    within: Sequence[str] = (),
    passed_over: Set[int] = frozenset(),
) -> list[_Found]:
    """Passages by fused score, best first; at least ``depth`` if there are as many.

    Args:
        snapshot: What to search.
        question: For its words.
        vector: Of the question, ``(dimension,)``, unit norm.
        depth: Passages taken from each search.
        word_weight: Share of the word score, 0 to 1.
        within: Library paths to search; all if empty.
        passed_over: Ids of passages that are treated as if they were not there.
    """
    near = snapshot.search_vectors(vector, depth, within)
    worded = snapshot.search_words(search_terms(question), depth, within)
    near, worded = ([one for one in some if one[0] not in passed_over] for some in (near, worded))
    vector_ranks = {id: rank for rank, (id, _) in enumerate(near, start=1)}
    word_ranks = {id: rank for rank, (id, _) in enumerate(worded, start=1)}
    cosines = dict(near)
    cosines |= snapshot.similarities(vector, [id for id in word_ranks if id not in cosines])
    bm25 = dict(worded)
    highest = max(bm25.values(), default=0.0)
    found = [
        _Found(
            id=id,
            score=fuse(cosine, bm25.get(id, 0.0), highest, word_weight),
            vector_score=cosine,
            vector_rank=vector_ranks.get(id),
            word_score=bm25.get(id, 0.0),
            word_rank=word_ranks.get(id),
        )
        for id, cosine in cosines.items()
    ]
    return sorted(found, key=lambda one: (-one.score, one.id))


def fuse(cosine: float, bm25: float, highest: float, word_weight: float) -> float:
    """The fused score, 0 to 1.

    >>> fuse(0.6, 4.0, 8.0, 0.5)
    0.55
    """
    share = bm25 / highest if highest > 0 else 0.0
    return (1 - word_weight) * max(0.0, cosine) + word_weight * share


def _distinct(
    snapshot: Snapshot, found: Sequence[_Found], limit: int
) -> tuple[list[tuple[_Found, StoredPassage]], dict[int, list[StoredPassage]]]:
    """The first ``limit`` passages that differ, and the near-duplicates of each by its id."""
    kept: list[tuple[_Found, StoredPassage]] = []
    fingerprints: list[tuple[list[str], set[str]]] = []
    duplicates: dict[int, list[StoredPassage]] = {}
    for start in range(0, len(found), DEPTH):
        batch = found[start : start + DEPTH]
        stored = {passage.id: passage for passage in snapshot.passages([one.id for one in batch])}
        for one in batch:
            if len(kept) == limit:
                return kept, duplicates
            passage = stored.get(one.id)
            if passage is None:
                continue
            fingerprint = _fingerprint(passage.passage.text)
            twin = next(
                (at for at, other in enumerate(fingerprints) if _same(fingerprint, other)), None
            )
            if twin is not None:
                duplicates.setdefault(kept[twin][1].id, []).append(passage)
                continue
            kept.append((one, passage))
            fingerprints.append(fingerprint)
    return kept, duplicates


def _fingerprint(text: str) -> tuple[list[str], set[str]]:
    return _TELLING.findall(text), set(_WORD.findall(text.lower()))


def _same(one: tuple[list[str], set[str]], other: tuple[list[str], set[str]]) -> bool:
    """Alike but for a few words, none of which makes another statement of it."""
    (telling, words), (other_telling, other_words) = one, other
    union = len(words | other_words)
    return telling == other_telling and len(words & other_words) >= SAME_WORDS * union


def _hits(
    snapshot: Snapshot,
    kept: Sequence[tuple[_Found, StoredPassage]],
    duplicates: Mapping[int, Sequence[StoredPassage]],
    within: Sequence[str],
) -> list[Hit]:
    documents = {passage.document for _, passage in kept}
    documents |= {twin.document for twins in duplicates.values() for twin in twins}
    facts = snapshot.documents(documents)
    hits: list[Hit] = []
    for rank, (one, stored) in enumerate(kept, start=1):
        about = facts[stored.document]
        start, end = stored.passage.start, stored.passage.end
        if snapshot.text(stored.document, start, end) != stored.passage.text:
            raise IndexDamaged(
                f"A passage of {about.paths[0]} is not what its document says at {start}–{end}; "
                "delete the index and index again. Your documents are not touched."
            )
        path, *also_at = _paths(about, within)
        twins = (_paths(facts[twin.document], within)[0] for twin in duplicates.get(stored.id, ()))
        hits.append(
            Hit(
                document=stored.document,
                path=path,
                also_at=tuple(also_at),
                near_duplicates=tuple(dict.fromkeys(twins)),
                title=about.title,
                sha256=about.sha256,
                page_starts=about.page_starts,
                headings=stored.passage.headings,
                context=stored.passage.context,
                start=start,
                end=end,
                text=stored.passage.text,
                score=one.score,
                rank=rank,
                vector_score=one.vector_score,
                vector_rank=one.vector_rank,
                word_score=one.word_score,
                word_rank=one.word_rank,
            )
        )
    return hits


def _paths(about: DocumentFacts, within: Sequence[str]) -> list[str]:
    """Where a document lies; of several places only those that were searched.

    Raises:
        IndexDamaged: It lies in none of them.
    """
    found = [
        path
        for path in about.paths
        if not within or any(path == place or path.startswith(f"{place}/") for place in within)
    ]
    if not found:
        raise IndexDamaged(
            f"The index is damaged: it finds {about.title} where it is not. Delete the index and "
            "index again; your documents are not touched."
        )
    return found
