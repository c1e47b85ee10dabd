"""FAISS finds what comparing every vector finds, and its file is never trusted."""

import os
import random
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.errors import IndexNotWritable
from embeddings.index import vectors as vectors_module
from embeddings.index.vectors import Ids, VectorIndex
from embeddings.models.encoder import Vectors

STAMP = UUID(int=7).hex
FILE = "library.faiss"


def unit_vectors(count: int, dimension: int, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def clustered(count: int, dimension: int, seed: int = 0) -> Vectors:
    """Vectors around some hundred centres, as passages lie around their subjects."""
    generator = np.random.default_rng(seed)
    centres = unit_vectors(100, dimension, seed + 1)
    vectors = centres[generator.integers(0, 100, count)]
    noise = generator.normal(size=vectors.shape)
    vectors = (vectors + 0.1 * noise).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def exact(
    ids: Ids, vectors: Vectors, vector: Vectors, limit: int, among: Ids | None = None
) -> list[tuple[int, float]]:
    """The reference: every vector compared with NumPy."""
    chosen = np.ones(len(ids), dtype=bool) if among is None else np.isin(ids, among)
    scores = vectors[chosen] @ vector
    best = np.argsort(-scores, kind="stable")[:limit]
    return [(int(ids[chosen][at]), float(scores[at])) for at in best]


def build(ids: Ids, vectors: Vectors, stamp: str = STAMP) -> VectorIndex:
    at = {int(id): row for row, id in enumerate(ids)}

    def read(some: Ids) -> Iterator[tuple[Ids, Vectors]]:
        for start in range(0, len(some), 700):
            batch = some[start : start + 700]
            yield batch, vectors[[at[int(id)] for id in batch]]

    return VectorIndex.build(vectors.shape[1], ids, read, stamp)


def same(found: list[tuple[int, float]], expected: list[tuple[int, float]]) -> None:
    # Of two that are equally near, either may come first.
    pairs = zip(found, expected, strict=True)
    assert all(a == b or abs(one - other) < 1e-6 for (a, one), (b, other) in pairs)
    assert np.allclose([score for _, score in found], [score for _, score in expected], atol=1e-5)


@given(
    count=st.integers(1, 200),
    dimension=st.sampled_from([3, 8, 64]),
    limit=st.integers(0, 250),
    seed=st.integers(0, 2**32 - 1),
    data=st.data(),
)
@settings(max_examples=60)
def test_search_equals_comparing_every_vector(
    count: int, dimension: int, limit: int, seed: int, data: st.DataObject
) -> None:
    vectors = unit_vectors(count, dimension, seed)
    ids = np.random.default_rng(seed).permutation(10 * count)[:count].astype(np.int64)
    index = build(ids, vectors)
    question = unit_vectors(1, dimension, seed + 1)[0]
    same(index.search(question, limit), exact(ids, vectors, question, limit))

    among = data.draw(st.lists(st.sampled_from([*ids.tolist(), -5, 10**9])).map(np.array))
    among = among.astype(np.int64)
    same(
        index.search(question, limit, among),
        exact(ids, vectors, question, min(limit, len(among)), among),
    )

    gone = data.draw(st.lists(st.sampled_from(ids.tolist()), unique=True).map(np.array))
    index.remove(gone.astype(np.int64))
    left = ~np.isin(ids, gone)
    assert index.ids.tolist() == sorted(ids[left].tolist())
    assert len(index) == left.sum()
    same(
        index.search(question, limit),
        exact(ids[left], vectors[left], question, limit),
    )


def test_empty_index_finds_nothing_and_can_grow() -> None:
    vectors = unit_vectors(2, 8)
    index = build(np.empty(0, dtype=np.int64), vectors[:0])
    assert index.search(vectors[0], 5) == []
    assert index.ids.tolist() == []
    index.add(np.array([4, 2]), vectors)
    assert index.ids.tolist() == [2, 4]
    assert index.search(vectors[1], 1)[0][0] == 2
    assert index.search(vectors[1], 5, np.empty(0, dtype=np.int64)) == []


# The file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE


@pytest.fixture
def index() -> VectorIndex:
    return build(np.arange(100, 150), unit_vectors(50, 8))


def test_file_gives_back_what_was_saved(path: Path, index: VectorIndex) -> None:
    index.save(path)
    loaded = VectorIndex.load(path, STAMP)
    assert loaded is not None
    assert loaded.stamp == STAMP
    assert loaded.ids.tolist() == index.ids.tolist()
    question = unit_vectors(1, 8, 9)[0]
    assert loaded.search(question, 50) == index.search(question, 50)
    loaded.remove(np.array([100]))
    loaded.add(np.array([7]), unit_vectors(1, 8, 9))
    assert loaded.search(question, 1)[0][0] == 7
    assert [each.name for each in path.parent.iterdir()] == [FILE]


def test_missing_file_or_folder_is_no_index(path: Path) -> None:
    assert VectorIndex.load(path, STAMP) is None
    assert VectorIndex.load(path / "below", STAMP) is None
    assert VectorIndex.load(path.parent, STAMP) is None


def test_another_librarys_file_is_refused(path: Path, index: VectorIndex) -> None:
    index.save(path)
    assert VectorIndex.load(path, UUID(int=8).hex) is None


def test_truncated_file_is_refused(path: Path, index: VectorIndex) -> None:
    index.save(path)
    content = path.read_bytes()
    for size in [*range(0, 100, 7), *range(100, len(content), 151), len(content) - 1]:
        path.write_bytes(content[:size])
        assert VectorIndex.load(path, STAMP) is None, size
    path.write_bytes(content + b"\0")
    assert VectorIndex.load(path, STAMP) is None


def test_every_flipped_bit_is_refused(path: Path, index: VectorIndex) -> None:
    index.save(path)
    content = path.read_bytes()
    generator = random.Random(7)
    trailer = [8 * (len(content) - at) for at in range(1, 65)]
    bits = [generator.randrange(8 * len(content)) for _ in range(200)] + [
        bit + generator.randrange(8) for bit in trailer
    ]
    for bit in bits:
        corrupted = bytearray(content)
        corrupted[bit // 8] ^= 1 << bit % 8
        path.write_bytes(corrupted)
        assert VectorIndex.load(path, STAMP) is None, f"bit {bit} of {8 * len(content)}"
    path.write_bytes(content)
    assert VectorIndex.load(path, STAMP) is not None


def test_file_of_faiss_alone_is_refused(path: Path, index: VectorIndex) -> None:
    import faiss

    faiss.write_index(index._index, str(path))
    assert VectorIndex.load(path, STAMP) is None


def test_full_disk_leaves_the_old_file_and_nothing_beside_it(
    path: Path, index: VectorIndex
) -> None:
    index.save(path)
    before = path.read_bytes()
    program = f"""
    import resource, signal
    from pathlib import Path
    import numpy as np
    from embeddings.errors import IndexNotWritable
    from embeddings.index.vectors import VectorIndex
    vectors = np.eye(300, 300, dtype=np.float32)
    index = VectorIndex.build(300, np.arange(300), lambda ids: [(ids, vectors)], {STAMP!r})
    # A write beyond this size fails as one to a full disk does.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    try:
        index.save(Path({str(path)!r}))
    except IndexNotWritable as error:
        print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True
    )
    assert done.stdout.startswith(f"The index at {path.parent} cannot store {path.name}; "), (
        done.stderr
    )
    assert "Free some space" in done.stdout
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [FILE]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", ["fsync", "replace"])
def test_failure_at_any_step_leaves_the_old_file_and_nothing_beside_it(
    path: Path,
    index: VectorIndex,
    error: BaseException,
    at: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index.save(path)
    before = path.read_bytes()
    index.remove(np.array([100]))

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(os if at == "fsync" else Path, at, fail)
    expected = IndexNotWritable if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        index.save(path)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [FILE]


def test_killed_save_leaves_nothing_that_stays(path: Path, index: VectorIndex) -> None:
    index.save(path)
    program = f"""
    import os, signal
    from pathlib import Path
    import numpy as np
    from embeddings.index.vectors import VectorIndex
    stamp = {UUID(int=8).hex!r}
    vectors = np.eye(8, dtype=np.float32)
    index = VectorIndex.build(8, np.arange(8), lambda ids: [(ids, vectors)], stamp)
    os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
    index.save(Path({str(path)!r}))
    """
    for _ in range(2):
        subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
        loaded = VectorIndex.load(path, STAMP)
        assert loaded is not None
    assert len(list(path.parent.iterdir())) == 2, "one unfinished file, however many kills"
    index.save(path)
    assert [each.name for each in path.parent.iterdir()] == [FILE]


# Beyond the limit


@pytest.fixture(scope="module")
def many() -> tuple[Ids, Vectors]:
    ids = np.random.default_rng(5).permutation(50_000)[:6_000].astype(np.int64)
    return ids, clustered(6_000, 32)


@pytest.fixture
def inverted(many: tuple[Ids, Vectors], monkeypatch: pytest.MonkeyPatch) -> VectorIndex:
    monkeypatch.setattr(vectors_module, "EXACT_LIMIT", 2_000)
    index = build(*many)
    assert not index.exact
    return index


def recall(
    index: VectorIndex, ids: Ids, vectors: Vectors, among: Ids | None = None, questions: int = 100
) -> float:
    found = wanted = 0
    for question in clustered(questions, vectors.shape[1], seed=0)[:questions]:
        expected = {id for id, _ in exact(ids, vectors, question, 10, among)}
        hits = index.search(question, 10, among)
        assert [score for _, score in hits] == sorted((s for _, s in hits), reverse=True)
        found += len(expected & {id for id, _ in hits})
        wanted += len(expected)
    return found / wanted


def test_inverted_lists_find_nearly_all_of_the_nearest(
    inverted: VectorIndex, many: tuple[Ids, Vectors]
) -> None:
    assert recall(inverted, *many) >= 0.95
    assert inverted.ids.tolist() == sorted(many[0].tolist())
    assert len(inverted) == len(many[0])


def test_inverted_lists_search_among_the_ids_given(
    inverted: VectorIndex, many: tuple[Ids, Vectors]
) -> None:
    ids, vectors = many
    among = np.sort(ids)[::2]
    assert recall(inverted, ids, vectors, among) == 1
    question = vectors[0]
    assert {id for id, _ in inverted.search(question, 50, among)} <= set(among.tolist())


def test_inverted_lists_find_a_single_document_wherever_it_lies(
    inverted: VectorIndex, many: tuple[Ids, Vectors]
) -> None:
    ids, vectors = many
    for at in range(0, 6_000, 600):
        among = ids[at : at + 5]
        found = {id for id, _ in inverted.search(-vectors[at], 5, among)}
        assert found == set(among.tolist())


def test_inverted_lists_give_up_what_is_removed_and_take_what_is_added(
    inverted: VectorIndex, many: tuple[Ids, Vectors]
) -> None:
    ids, vectors = many
    inverted.remove(ids[:3_000])
    assert inverted.ids.tolist() == sorted(ids[3_000:].tolist())
    assert recall(inverted, ids[3_000:], vectors[3_000:]) >= 0.95
    inverted.add(ids[:3_000], vectors[:3_000])
    assert recall(inverted, ids, vectors) >= 0.95
    inverted.remove(ids)
    assert inverted.ids.tolist() == [] and inverted.search(vectors[0], 5) == []


def test_inverted_lists_survive_the_file(
    inverted: VectorIndex, many: tuple[Ids, Vectors], path: Path
) -> None:
    inverted.save(path)
    loaded = VectorIndex.load(path, STAMP)
    assert loaded is not None and not loaded.exact
    for question in many[1][:20]:
        assert loaded.search(question, 10) == inverted.search(question, 10)
    loaded.remove(many[0][:1_000])
    assert loaded.ids.tolist() == sorted(many[0][1_000:].tolist())
