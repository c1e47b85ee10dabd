"""Retriever: from a question to the passages most likely to answer it.

Two searches see different things: vectors find what is said in other words, words find
names and numbers. Their scores are fused as a weighted sum of the cosine and BM25 divided
by its highest value for the question, which ranked better than reciprocal rank fusion on
SQuAD paragraphs (``qa eval`` shows all four).
"""

from collections.abc import Sequence, Set
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from embeddings.document import page_at
from embeddings.errors import IndexDamaged, Remedy
from embeddings.index.paths import lies_within
from embeddings.index.protocols import SearchIndex, Snapshot
from embeddings.index.records import DocumentFacts
from embeddings.models.encoder import Encoder, Vectors
from qa.results import MOST_PLACES, Hit
from qa.retrieval.selection import Scored, Selection, select
from qa.text import search_terms

DEPTH = 100
"""Passages taken from each search before fusing."""

MOST_DEPTH = 6_400
"""Where near-duplicates or one document crowd the first hits out, searches go this deep."""

CROWDED_DEPTH = 1_600
"""How deep they go for any passage of another document, where one has more than its places."""


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

        One document has at most half of them where others have passages that are nearly as good.

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
                chosen = select(snapshot, found, limit)
                exhausted = len(found) + len(passed_over) < depth or depth >= MOST_DEPTH
                unseen = _best_unseen(found, depth - len(passed_over), self.word_weight)
                settled = chosen.wanted is None or unseen < chosen.wanted
                if exhausted or (settled and not (chosen.crowded and depth < CROWDED_DEPTH)):
                    return _hits(snapshot, chosen, within)
                depth *= 4


def search(
    snapshot: Snapshot,
    question: str,
    vector: Vectors,
    depth: int,
    word_weight: float,
    within: Sequence[str] = (),
    passed_over: Set[int] = frozenset(),
) -> list[Scored]:
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
        Scored(
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


def _best_unseen(found: Sequence[Scored], depth: int, word_weight: float) -> float:
    """The highest fused score that a passage can have which neither search found.

    It is behind the last that each of them found (Fagin, Lotem and Naor, 2003).
    """
    cosines = [scored.vector_score for scored in found if scored.vector_rank is not None]
    bm25 = [scored.word_score for scored in found if scored.word_rank is not None]
    last = min(bm25) if len(bm25) >= depth else 0.0
    return fuse(min(cosines, default=0.0), last, max(bm25, default=0.0), word_weight)


def _hits(snapshot: Snapshot, chosen: Selection, within: Sequence[str]) -> list[Hit]:
    twins_of = chosen.duplicates
    documents = {passage.document for _, passage in chosen.kept}
    documents |= {twin.document for twins in twins_of.values() for twin in twins}
    facts = snapshot.documents(documents)
    hits: list[Hit] = []
    for rank, (one, stored) in enumerate(chosen.kept, start=1):
        about = facts[stored.document]
        start, end = stored.passage.start, stored.passage.end
        if snapshot.text(stored.document, start, end) != stored.passage.text:
            raise IndexDamaged(
                f"is damaged: a passage of {about.paths[0]} is not what its document says "
                f"at {start}–{end}",
                remedy=Remedy.DELETE_INDEX,
            )
        page = page_at(about.page_starts, start)
        (path, modified), *others = _files(about, within)
        twins = (_files(facts[twin.document], within)[0] for twin in twins_of.get(stored.id, ()))
        hits.append(
            Hit(
                document=stored.document,
                path=path,
                also_at=tuple(other for other, _ in others[:MOST_PLACES]),
                near_duplicates=tuple(dict.fromkeys(twin for twin, _ in twins))[:MOST_PLACES],
                title=about.title,
                sha256=about.sha256,
                dated=_day(modified),
                page=page,
                page_breaks=_before(end, about.page_starts[page or 0 :]),
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


def _files(about: DocumentFacts, within: Sequence[str]) -> list[tuple[str, int]]:
    """Where a document lies and when it was changed there; only places that were searched.

    Raises:
        IndexDamaged: It lies in none of them.
    """
    found = [
        (path, modified)
        for path, modified in zip(about.paths, about.modified_ns, strict=True)
        if not within or lies_within(path, within)
    ]
    if not found:
        raise IndexDamaged(
            f"is damaged: it finds {about.title} where it is not", remedy=Remedy.DELETE_INDEX
        )
    return found


def _before(end: int, offsets: Sequence[int]) -> tuple[int, ...]:
    return tuple(takewhile(lambda at: at < end, offsets))


def _day(modified_ns: int) -> str:
    """The day of a file's time, ISO 8601, UTC; empty if no calendar has it."""
    try:
        changed = datetime.fromtimestamp(0, UTC) + timedelta(seconds=modified_ns // 10**9)
    except OverflowError:
        return ""
    return changed.date().isoformat()
