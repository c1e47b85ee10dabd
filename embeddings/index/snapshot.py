"""Snapshot: one generation of an index in a folder, searched by vectors and by words."""

from collections.abc import Iterable, Sequence

import numpy as np

from embeddings.index.database import damaged
from embeddings.index.records import DocumentFacts, StoredPassage
from embeddings.index.store import Store
from embeddings.index.vectors import VectorIndex
from embeddings.models.encoder import Vectors


class IndexSnapshot:
    """One generation of an ``Index``."""

    def __init__(self, store: Store, vectors: VectorIndex) -> None:
        self._store = store
        self._vectors = vectors

    @property
    def state(self) -> str:
        """Differs after each change of the passages, and from that of every other index."""
        return self._vectors.stamp

    def search_vectors(
        self, vector: Vectors, limit: int, within: Sequence[str] = ()
    ) -> list[tuple[int, float]]:
        """Passages nearest to a unit vector: (passage id, cosine), best first."""
        among = self._store.passage_ids(within) if within else None
        return self._vectors.search(vector, limit, among)

    def similarities(self, vector: Vectors, ids: Sequence[int]) -> dict[int, float]:
        """Cosine of those passages with a unit vector, by passage id."""
        return {
            int(id): float(score)
            for found, vectors in self._store.vectors(np.array(ids, dtype=np.int64))
            for id, score in zip(found, vectors @ vector, strict=True)
        }

    def search_words(
        self, terms: Sequence[str], limit: int, within: Sequence[str] = ()
    ) -> list[tuple[int, float]]:
        """Passages that hold any of the words: (passage id, BM25), best first."""
        return self._store.search_words(terms, limit, within)

    def passages(self, ids: Sequence[int]) -> list[StoredPassage]:
        """The passages with those ids, in that order.

        Raises:
            IndexDamaged: One is not there.
        """
        found = self._store.passages(ids)
        if len(found) != len(ids):
            raise damaged(self._store.path, f"lacks {len(ids) - len(found)} passages")
        return found

    def documents(self, ids: Iterable[int]) -> dict[int, DocumentFacts]:
        """What a citation says about each of these documents, by id.

        Raises:
            IndexDamaged: One is not there.
        """
        wanted = set(ids)
        found = self._store.documents(wanted)
        if len(found) != len(wanted):
            raise damaged(self._store.path, f"lacks {len(wanted) - len(found)} documents")
        return found

    def text(self, document: int, start: int, end: int) -> str:
        """``Document.text[start:end]`` as stored, which proves a quote."""
        return self._store.text(document, start, end)
