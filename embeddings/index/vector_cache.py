"""Vector cache: the vectors of an index's present generation, in memory."""

from pathlib import Path

import numpy as np

from embeddings.index.store import Store
from embeddings.index.vectors import EXACT_LIMIT, VectorIndex


class VectorCache:
    """A FAISS index that is brought up to date with the store whenever it is asked for.

    For one thread at a time.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is loaded yet.

        Args:
            path: Of the FAISS file.
        """
        self._path = path
        self._vectors: VectorIndex | None = None
        self._generation = 0

    def clear(self) -> None:
        """Drop the vectors: the store is another one."""
        self._vectors = None

    def save(self, store: Store) -> None:
        """Write the FAISS file for the store's generation, unless it is that already."""
        if VectorIndex.load(self._path, store.header.stamp) is None:
            self.current(store).save(self._path)

    def current(self, store: Store) -> VectorIndex:
        """The vectors of the store's generation; inside one of its snapshots."""
        header = store.header
        if self._vectors is None:
            self._vectors = VectorIndex.load(self._path, header.stamp)
        if self._vectors and self._vectors.stamp == header.stamp:
            self._generation = header.generation
            return self._vectors
        # Ids are never given again, but in a store that was put back to what it was.
        rolled_back = self._vectors is None or header.generation <= self._generation
        ids = store.passage_ids()
        cached = self._vectors.ids if self._vectors and not rolled_back else np.empty(0, np.int64)
        added = np.setdiff1d(ids, cached, assume_unique=True)
        # While it changes, it belongs to no contents.
        vectors, self._vectors = self._vectors, None
        exact = len(ids) <= EXACT_LIMIT
        if vectors is None or rolled_back or len(added) > len(cached) or vectors.exact != exact:
            # Its kind and its lists must be chosen for the new size.
            vectors = VectorIndex.build(header.dimension, ids, store.vectors, header.stamp)
        else:
            removed = np.setdiff1d(cached, ids, assume_unique=True)
            if len(removed):
                vectors.remove(removed)
            for batch_ids, batch in store.vectors(added):
                vectors.add(batch_ids, batch)
            vectors.stamp = header.stamp
        self._vectors, self._generation = vectors, header.generation
        return vectors
