"""Vectors: the FAISS index that finds the nearest passages.

Derived from the store and never trusted: the file ends with the stamp of the store's contents
that it belongs to and a SHA-256 of what comes before, because FAISS itself notices neither a
truncated nor a flipped byte. A file that does not fit is built anew.
"""

import contextlib
import hashlib
import math
import os
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

import faiss
import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import Vectors
from embeddings.errors import IndexNotWritable

EXACT_LIMIT = 100_000
"""Passages up to which every vector is compared; a search then takes some 15 ms."""

MAPPED = os.name == "posix"
"""Whether a file of vectors is mapped; Windows cannot replace a file while it is."""

DRAWN = 64
"""Vectors for each list that the lists are fitted to; FAISS asks for 39 at least."""

ITERATIONS = 10
"""Of fitting them: more takes longer and finds no more."""

Ids = NDArray[np.int64]
Read = Callable[[Ids], Iterable[tuple[Ids, Vectors]]]
"""From ids ``(n,)`` to batches of ids and their vectors ``(m, dimension)``."""

_MAGIC = b"CVVECTR1"
_TRAILER = struct.Struct("<8s16sq32s")
"""Magic, stamp, generation, SHA-256 over these three and all before the trailer."""


class VectorIndex:
    """Passage ids and their unit vectors, searched by inner product.

    Exact up to ``EXACT_LIMIT``, beyond it inverted lists (IVF) of which the nearest
    sixteenth is read: unlike a graph (HNSW) they give up removed passages.
    """

    def __init__(self, index: faiss.Index, generation: int, mapped: bool = False) -> None:
        """An index in memory, or mapped from a file, which is only read.

        Args:
            index: With ids of its own for the vectors.
            generation: Of the store it was made from.
            mapped: Whether its vectors lie in a file, which may be replaced but not written to.
        """
        # FAISS's type information leaves out what Python is given beside its C++ classes.
        self._index: Any = index
        self.generation = generation
        self._mapped = mapped

    @classmethod
    def build(cls, dimension: int, ids: Ids, read: Read, generation: int) -> "VectorIndex":
        """An index over the vectors of those ids.

        Args:
            dimension: Of each vector.
            ids: ``(n,)``; how many they are decides the kind of index.
            read: Gives the vectors of ids.
            generation: Of the store they are read from.
        """
        if len(ids) <= EXACT_LIMIT:
            index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        else:
            # Lists of some sqrt(n) / 4 vectors, as FAISS's guidelines advise.
            lists = 4 * math.isqrt(len(ids))
            index = faiss.IndexIVFFlat(
                faiss.IndexFlatIP(dimension), dimension, lists, faiss.METRIC_INNER_PRODUCT
            )
            index.nprobe = max(1, lists // 16)
            index.cp.niter = ITERATIONS
            drawn = np.random.default_rng(0).choice(ids, min(len(ids), lists * DRAWN), False)
            # As read, not all at once beside the index.
            index.train(np.concatenate([vectors for _, vectors in read(np.sort(drawn))]))
        built = cls(index, generation)
        for some, vectors in read(ids):
            built.add(some, vectors)
        return built

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def exact(self) -> bool:
        """Whether every vector is compared."""
        return not isinstance(self._index, faiss.IndexIVF)

    @property
    def ids(self) -> Ids:
        """Ids of all vectors, sorted."""
        if self.exact:
            found = faiss.vector_to_array(self._index.id_map)
        else:
            lists = self._index.invlists
            found = np.concatenate(
                [
                    faiss.rev_swig_ptr(lists.get_ids(at), lists.list_size(at)).copy()
                    for at in range(lists.nlist)
                    if lists.list_size(at)
                ]
                or [np.empty(0, dtype=np.int64)]
            )
        return np.sort(found)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add vectors ``(n, dimension)`` under ids ``(n,)``."""
        self._hold()
        self._index.add_with_ids(np.ascontiguousarray(vectors), ids)

    def remove(self, ids: Ids) -> None:
        """Give up the vectors of those ids."""
        self._hold()
        self._index.remove_ids(faiss.IDSelectorBatch(ids))

    def _hold(self) -> None:
        """Have the vectors in memory: FAISS ends the process that changes mapped ones."""
        if self._mapped:
            self._index = faiss.deserialize_index(faiss.serialize_index(self._index))
            self._mapped = False

    def search(
        self, vector: Vectors, limit: int, among: Ids | None = None
    ) -> list[tuple[int, float]]:
        """The passages nearest to a vector ``(dimension,)``: (id, cosine), best first.

        Args:
            vector: Unit norm.
            limit: Number of passages at most.
            among: Ids to choose from; all if it is left out.
        """
        limit = min(limit, len(self) if among is None else len(among))
        if not limit:
            return []
        parameters = self._parameters(among)
        scores, ids = self._index.search(vector[None, :], limit, params=parameters)
        return [
            (int(id), float(score)) for id, score in zip(ids[0], scores[0], strict=True) if id >= 0
        ]

    def _parameters(self, among: Ids | None) -> Any:
        if among is None:
            return None
        selector = faiss.IDSelectorBatch(among)
        parameters: Any = faiss.SearchParameters if self.exact else faiss.SearchParametersIVF
        # All lists: the nearest may hold nothing of a document that is far from the question.
        probes = {} if self.exact else {"nprobe": self._index.nlist}
        return parameters(sel=selector, **probes)

    def save(self, path: Path, stamp: str) -> None:
        """Write the index so that a reader finds the old file or the new one, whole.

        Raises:
            IndexNotWritable: No room or no permission; the old file is left as it was.
        """
        # Always the same name: what a killed process left is written over. One process saves.
        temporary = path.with_name(f"{path.name}.new")
        try:
            # FAISS reports a full disk as a RuntimeError without a code.
            faiss.write_index(self._index, str(temporary))
            with temporary.open("r+b") as file:
                label = _label(stamp, self.generation)
                digest = _digest(file, label, temporary.stat().st_size)
                file.seek(0, os.SEEK_END)
                file.write(_TRAILER.pack(*label, digest))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            _sync_folder(path.parent)
        except (OSError, RuntimeError) as error:
            raise IndexNotWritable(
                f"{path} cannot be written ({error}). Free some room, or change who may write "
                "there; until then searching works, but starts more slowly."
            ) from error
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path, stamp: str) -> "VectorIndex | None":
        """The index in the file, or none where it is missing, damaged or of other contents.

        Its vectors are mapped into memory: a search loads what it compares, and no more.
        """
        try:
            with path.open("rb") as file:
                end = file.seek(-_TRAILER.size, os.SEEK_END)
                *label, stored = _TRAILER.unpack(file.read(_TRAILER.size))
                file.seek(0)
                if tuple(label[:2]) != _label(stamp, 0)[:2]:
                    return None
                if stored != _digest(file, tuple(label), end):
                    return None
            flags = faiss.IO_FLAG_MMAP_IFC if MAPPED else 0
            return cls(faiss.read_index(str(path), flags), label[2], MAPPED)
        except (OSError, RuntimeError):
            return None


def _label(stamp: str, generation: int) -> tuple[bytes, bytes, int]:
    return _MAGIC, bytes.fromhex(stamp), generation


def _digest(file: BinaryIO, label: tuple[bytes, bytes, int], length: int) -> bytes:
    """SHA-256 over the label and the first ``length`` bytes of the file."""
    digest = hashlib.sha256(repr(label).encode())
    while length and (block := file.read(min(length, 1 << 20))):
        digest.update(block)
        length -= len(block)
    return digest.digest()


def _sync_folder(folder: Path) -> None:
    """Make a rename durable. Windows cannot open a folder and needs no such call."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
