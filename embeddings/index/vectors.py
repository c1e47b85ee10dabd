"""Vectors: the FAISS index that finds the nearest passages.

Derived from the store and never trusted: FAISS itself notices neither a truncated nor a flipped
byte. The file ends with the SHA-256 of each of its blocks, the stamp of the store's contents that
it belongs to, and a SHA-256 over these. FAISS reads no byte that has not been verified, and the
file is not used any more once it is read. A file that does not match is built again.
"""

import contextlib
import hashlib
import math
import os
import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import faiss
import numpy as np
from numpy.typing import NDArray

from embeddings.errors import IndexNotWritable, Remedy
from embeddings.file_system import open_regular_file, private_file, sync_folder
from embeddings.models.encoder import Vectors

EXACT_LIMIT = 100_000
"""Passages up to which every vector is compared; a search then takes some 15 ms."""

SAMPLES_PER_LIST = 64
"""Vectors for each list that the lists are fitted to; FAISS asks for 39 at least."""

ITERATIONS = 10
"""Of fitting the lists: more take longer and find no more."""

BLOCK_BYTES = 1 << 20
"""Bytes of the file that are read and verified at a time; chosen by hand."""

Ids = NDArray[np.int64]
Read = Callable[[Ids], Iterable[tuple[Ids, Vectors]]]
"""From ids ``(n,)`` to batches of ids and their vectors ``(m, dimension)``."""

_MAGIC = b"CVVECTR2"
_DIGEST = 32
_TRAILER = struct.Struct("<8s16sq32s")
"""Magic, stamp, number of FAISS's bytes, SHA-256 over these three and the digests before."""


# The threads of OpenMP are not there in a forked process, which would wait for them. Those of other
# threads are made when they are needed.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: faiss.omp_set_num_threads(1))


class VectorIndex:
    """Passage ids and their unit vectors, searched by inner product.

    Exact up to ``EXACT_LIMIT``, beyond it inverted lists (IVF) of which the nearest
    sixteenth is read: unlike a graph (HNSW) they release removed passages.
    """

    def __init__(self, index: faiss.Index, stamp: str) -> None:
        """An index in memory.

        Args:
            index: With ids of its own for the vectors.
            stamp: Of the store's contents that it was made from.
        """
        # FAISS's type information leaves out what Python is given beside its C++ classes.
        self._index: Any = index
        self.stamp = stamp

    @classmethod
    def build(cls, dimension: int, ids: Ids, read: Read, stamp: str) -> "VectorIndex":
        """An index over the vectors of those ids.

        Args:
            dimension: Of each vector.
            ids: ``(n,)``; how many they are decides the kind of index.
            read: Gives the vectors of ids.
            stamp: Of the store's contents that they are read from.
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
            sample = np.random.default_rng(0).choice(
                ids, min(len(ids), lists * SAMPLES_PER_LIST), False
            )
            # As read, not all at once beside the index.
            index.train(np.concatenate([vectors for _, vectors in read(np.sort(sample))]))
        built = cls(index, stamp)
        for batch, vectors in read(ids):
            built.add(batch, vectors)
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
        self._index.add_with_ids(np.ascontiguousarray(vectors), ids)

    def remove(self, ids: Ids) -> None:
        """Remove the vectors of those ids."""
        self._index.remove_ids(faiss.IDSelectorBatch(ids))

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

    def save(self, path: Path) -> None:
        """Write the index so that a reader finds the old file or the new one, complete.

        Raises:
            IndexNotWritable: No room or no permission; the old file is left as it was.
        """
        # Always the same name: the file of a killed process is overwritten. One process saves.
        temporary = path.with_name(f"{path.name}.new")
        try:
            private_file(temporary)
            # FAISS reports a full disk as a RuntimeError without a code.
            faiss.write_index(self._index, str(temporary))
            with temporary.open("r+b") as file:
                digests = b"".join(hashlib.sha256(block).digest() for block in _blocks(file))
                label = _MAGIC, bytes.fromhex(self.stamp), file.tell()
                file.write(digests + _TRAILER.pack(*label, _digest(label, digests)))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_folder(path.parent)
        except (OSError, RuntimeError) as error:
            raise IndexNotWritable(
                f"cannot store {path.name}; without it searching starts more slowly",
                path.parent,
                Remedy.MAKE_WRITABLE,
                detail=error,
            ) from error
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path, stamp: str) -> "VectorIndex | None":
        """The index in the file, or none where it is missing, damaged or of other contents."""
        try:
            with os.fdopen(open_regular_file(path), "rb") as file:
                verified = _VerifiedReader(file, stamp)
                # FAISS's type information leaves it out.
                reader: Any = faiss.PyCallbackIOReader(verified.read, BLOCK_BYTES)  # type: ignore[attr-defined]  # no stub
                return cls(faiss.read_index(reader), stamp)
        except (OSError, RuntimeError, _Mismatch):
            return None


class _Mismatch(Exception):
    """A file of vectors is damaged, or of other contents."""


class _VerifiedReader:
    """Reads what ``save`` wrote, verifying each block before it returns any of it."""

    def __init__(self, file: BinaryIO, stamp: str) -> None:
        """Verify what follows FAISS's bytes.

        Raises:
            _Mismatch: It is damaged, or of other contents.
        """
        self._file = file
        end = file.seek(0, os.SEEK_END) - _TRAILER.size
        if end < 0:
            raise _Mismatch
        file.seek(end)
        *label, stored = _TRAILER.unpack(file.read(_TRAILER.size))
        magic, file_stamp, length = label
        count = -(-length // BLOCK_BYTES)
        if (magic, file_stamp.hex()) != (_MAGIC, stamp) or end != length + count * _DIGEST:
            raise _Mismatch
        file.seek(length)
        digests = file.read(count * _DIGEST)
        if stored != _digest((magic, file_stamp, length), digests):
            raise _Mismatch
        file.seek(0)
        self._left = length
        self._digests = iter(digests[at : at + _DIGEST] for at in range(0, len(digests), _DIGEST))
        self._unread = memoryview(b"")

    def read(self, size: int) -> bytes:
        """At most so many of the next bytes; none at the end.

        Raises:
            _Mismatch: They are damaged.
        """
        if not self._unread and self._left:
            block = self._file.read(min(BLOCK_BYTES, self._left))
            self._left -= len(block)
            if hashlib.sha256(block).digest() != next(self._digests):
                raise _Mismatch
            self._unread = memoryview(block)
        found, self._unread = self._unread[:size], self._unread[size:]
        return bytes(found)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(BLOCK_BYTES):
        yield block


def _digest(label: tuple[bytes, bytes, int], digests: bytes) -> bytes:
    return hashlib.sha256(repr(label).encode() + digests).digest()
