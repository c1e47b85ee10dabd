"""A flipped bit anywhere in the database: the right thing is read, or damage is reported."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import IndexDamaged, IndexProblem
from embeddings.index.index import STORE_FILE, Index
from embeddings.indexing import index_folder
from tests.builders import HashingEncoder

TRIALS = int(os.environ.get("CHAPTER_AND_VERSE_FLIP_TRIALS", "300"))
DOCUMENTS = 12
ENCODER = HashingEncoder(dimension=8)
VECTOR = ENCODER.vector("house by the river")

Reading = dict[str, Callable[[], object]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of several pages a table, so that a page, too, can be lost."""
    folder = tmp_path_factory.mktemp("flips") / "reports"
    folder.mkdir()
    place = folder.with_name("index")
    for number in range(DOCUMENTS):
        (folder / f"{number:02}.md").write_text(
            "\n\n".join(
                f"# Report {number}\n\n## Part {part}\n\nHouse {number} of floor {part} was built "
                f"in {1000 + 7 * number + part}. " + "It stands by the river. " * 10
                for part in range(3)
            )
        )
    with closing(Index.open_or_create(place, ENCODER)) as index:
        index_folder(folder, index, ENCODER)
    return place


def reading(index: Index) -> Reading:
    """Everything that is asked of an index, by name."""
    store = index.store
    paths = [f"reports/{number:02}.md" for number in range(DOCUMENTS)]

    def passages() -> object:
        with index.snapshot() as snapshot:
            return snapshot.passages([id for id, _ in snapshot.search_vectors(VECTOR, 1_000)])

    def cited() -> object:
        with index.snapshot() as snapshot:
            found = snapshot.passages([id for id, _ in snapshot.search_vectors(VECTOR, 10)])
            facts = snapshot.documents([stored.document for stored in found])
            for stored in found:
                # As the retriever does: what a document says proves what a passage says.
                start, end = stored.passage.start, stored.passage.end
                if snapshot.text(stored.document, start, end) != stored.passage.text:
                    raise IndexDamaged("is damaged")
            return facts, found

    def near() -> object:
        with index.snapshot() as snapshot:
            found = snapshot.search_vectors(VECTOR, 1_000)
            within = snapshot.search_vectors(VECTOR, 1_000, paths[:5])
            return sorted(found), sorted(within)

    def vectors() -> object:
        found = [(ids, rows) for ids, rows in store.vectors(store.passage_ids())]
        return [np.concatenate([batch[at] for batch in found]).tolist() for at in (0, 1)]

    return {
        "listing": lambda: (store.sources(), store.documents(), store.folders()),
        "documents": lambda: [index.part(path) for path in paths[::4]],
        "digests": lambda: index.digests(paths),
        "passages": passages,
        "passages of": lambda: [store.passages_of(id) for id in store.documents()],
        "cited": cited,
        "near": near,
        "vectors": vectors,
    }


def words(index: Index) -> object:
    with index.snapshot() as snapshot:
        return snapshot.search_words(["house", "1007", "river"], 1_000)


@contextmanager
def flipped(path: Path, content: bytes, bit: int) -> Iterator[None]:
    corrupted = bytearray(content)
    corrupted[bit // 8] ^= 1 << bit % 8
    path.write_bytes(corrupted)
    yield
    path.write_bytes(content)


@pytest.mark.slow
@pytest.mark.timeout(300 + TRIALS)
def test_what_is_read_with_a_flipped_bit_is_right_or_an_error(place: Path) -> None:
    with closing(Index.open(place)) as index:
        expected = {name: read() for name, read in reading(index).items()}
        best = words(index)
    path = place / STORE_FILE
    content = path.read_bytes()
    chance = random.Random(14)
    wrong: list[str] = []
    noticed = 0
    for _ in range(TRIALS):
        at = chance.randrange(len(content))
        if not content[at]:
            at = chance.randrange(len(content))
        bit = 8 * at + chance.randrange(8)
        with flipped(path, content, bit):
            try:
                index = Index.open(place)
            except IndexProblem:
                noticed += 1
                continue
            with closing(index):
                errors = 0
                for name, read in reading(index).items():
                    try:
                        if read() != expected[name]:
                            wrong.append(f"{name}, byte {at}")
                    except IndexProblem:
                        errors += 1
                try:
                    found = words(index)
                except IndexProblem:
                    errors += 1
                    found = None
                damage = index.store.damage()
                # FTS5 keeps no checksums: which passages are found can change, never what they say.
                if found not in (None, best) and not damage:
                    wrong.append(f"words, byte {at}")
                if errors and not damage:
                    wrong.append(f"no damage is found, byte {at}")
                noticed += bool(damage)
    assert wrong == [], wrong
    assert noticed > TRIALS // 4, noticed
