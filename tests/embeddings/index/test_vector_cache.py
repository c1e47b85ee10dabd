"""The vectors in memory and in the FAISS file follow the store."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.errors import (
    IndexDamaged,
)
from embeddings.index import vector_cache as cache_module
from embeddings.index import vectors as vectors_module
from embeddings.index.commit_log import CommitLog
from embeddings.index.index import STORE_FILE, VECTORS_FILE, Index
from embeddings.index.vectors import VectorIndex
from embeddings.indexing import open_and_index
from tests.builders import HashingEncoder
from tests.embeddings.index.builders import ENCODER, add, check, drop, flip, found, hits, library


@pytest.mark.slow
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["add", "add", "drop", "search", "save", "reopen"]), st.integers(0, 9)
        ),
        max_size=30,
    )
)
@settings(max_examples=40)
def test_catching_up_equals_building_anew(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    place = tmp_path_factory.mktemp("steps")
    index = Index.open_or_create(place, ENCODER)
    there: set[int] = set()
    for step, number in steps:
        if step == "add" and number not in there:
            add(index, number)
            there.add(number)
        elif step == "drop" and number in there:
            drop(index, number)
            there.remove(number)
        elif step == "search":
            check(index)
        elif step == "save":
            index.save_vectors()
        elif step == "reopen":
            index.close()
            index = Index.open(place)
    check(index, 100)
    index.save_vectors()
    caught_up = sorted(hits(index, limit=100))
    index.close()
    (place / VECTORS_FILE).unlink()
    anew = Index.open(place)
    found = sorted(hits(anew, limit=100))
    assert (
        [id for id, _ in found] == [id for id, _ in caught_up] == anew.store.passage_ids().tolist()
    )
    assert np.allclose([score for _, score in found], [score for _, score in caught_up], atol=1e-6)
    anew.close()


@pytest.mark.parametrize("damage_file", [Path.unlink, flip, lambda path: path.write_bytes(b"")])
def test_corrupted_vectors_are_built_again(index: Index, damage_file: object) -> None:
    index.save_vectors()
    before = hits(index)
    index.close()
    assert callable(damage_file)
    damage_file(index.folder / VECTORS_FILE)
    opened = Index.open(index.folder)
    assert hits(opened) == before
    opened.save_vectors()
    assert VectorIndex.load(index.folder / VECTORS_FILE, opened.store.header.stamp) is not None
    opened.close()


SEARCH = """
import sys
from pathlib import Path
from embeddings.index.index import Index
from tests.embeddings.index.builders import hits
index = Index.open(Path(sys.argv[1]))
for _ in range(2):
    print(hits(index), flush=True)
    sys.stdin.readline()
index.save_vectors()
print("saved", flush=True)
"""


def cut_short(path: Path) -> None:
    os.truncate(path, 10)


def overwritten(path: Path) -> None:
    path.write_bytes(b"x" * path.stat().st_size)


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def pipe_instead(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.slow
@pytest.mark.parametrize("damage_file", [cut_short, overwritten, folder_instead, pipe_instead])
def test_whatever_becomes_of_the_vectors_file_a_search_goes_on(
    index: Index, damage_file: Callable[[Path], None]
) -> None:
    index.save_vectors()
    expected = str(hits(index))
    path = index.folder / VECTORS_FILE
    command = [sys.executable, "-c", SEARCH, str(index.folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline().strip() == expected
        damage_file(path)
        print(file=process.stdin, flush=True)
        assert process.stdout.readline().strip() == expected
        output, errors = process.communicate("\n", timeout=60)
    if damage_file is folder_instead:
        # It holds nothing of ours, and is left.
        assert "IndexNotWritable" in errors and str(path) in errors
        path.rmdir()
    else:
        assert (output, process.returncode) == ("saved\n", 0), errors
        assert VectorIndex.load(path, index.store.header.stamp) is not None
    again = subprocess.run(command, input="\n\n", capture_output=True, text=True, timeout=60)
    assert again.stdout == f"{expected}\n{expected}\nsaved\n", again.stderr
    assert VectorIndex.load(path, index.store.header.stamp) is not None


def test_older_vectors_catch_up(index: Index) -> None:
    index.save_vectors()
    old = (index.folder / VECTORS_FILE).read_bytes()
    for number in range(20, 26):
        add(index, number)
    drop(index, 3)
    index.save_vectors()
    before = hits(index, limit=100)
    index.close()
    (index.folder / VECTORS_FILE).write_bytes(old)
    opened = Index.open(index.folder)
    found = hits(opened, limit=100)
    assert sorted(id for id, _ in found) == sorted(id for id, _ in before)
    check(opened)
    opened.close()


def test_another_librarys_vectors_are_not_used(index: Index, tmp_path: Path) -> None:
    other = Index.open_or_create(tmp_path / "other", ENCODER)
    for number in range(100, 120):
        add(other, number)
    other.save_vectors()
    other.close()
    index.close()
    shutil.copy(tmp_path / "other" / VECTORS_FILE, index.folder / VECTORS_FILE)
    opened = Index.open(index.folder)
    check(opened)
    opened.close()


def test_vectors_newer_than_the_store_are_not_used(index: Index) -> None:
    # The store alone is put back from a copy, and then takes another way.
    index.store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = (index.folder / STORE_FILE).read_bytes()
    for number in range(20, 24):
        add(index, number)
    index.save_vectors()
    index.close()
    (index.folder / STORE_FILE).write_bytes(copy)
    with pytest.raises(IndexDamaged, match=r"lost committed changes to docs/20\.pdf"):
        Index.open(index.folder)
    CommitLog(index.store.path).path.unlink()
    opened = Index.open(index.folder)
    check(opened)
    for number in range(30, 32):
        add(opened, number)
    check(opened, 100)
    opened.save_vectors()
    opened.close()
    opened = Index.open(index.folder)
    check(opened, 100)
    opened.close()


def test_saved_vectors_are_not_written_again(index: Index) -> None:
    index.save_vectors()
    before = (index.folder / VECTORS_FILE).stat().st_mtime_ns
    index.save_vectors()
    assert (index.folder / VECTORS_FILE).stat().st_mtime_ns == before


def test_index_grows_beyond_the_limit_and_shrinks_below_it(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    passages = len(index.store.passage_ids())
    for module in (cache_module, vectors_module):
        monkeypatch.setattr(module, "EXACT_LIMIT", 2 * passages)
    check(index)
    for number in range(20, 60):
        add(index, number)
    with index.snapshot() as snapshot:
        assert not snapshot._vectors.exact
        for id in index.store.passage_ids().tolist():
            (stored,) = snapshot.passages([id])
            paths = snapshot.documents([stored.document])[stored.document].paths
            within = snapshot.search_vectors(ENCODER.vector("salt"), 5, paths)
            assert id in [found for found, _ in within]
    index.save_vectors()
    index.close()
    opened = Index.open(index.folder)
    for number in range(45):
        drop(opened, number)
    check(opened)
    opened.close()


def test_missing_vector_is_damage_and_says_so(index: Index) -> None:
    index.store._connection.execute("DELETE FROM vector WHERE passage = 5")
    with pytest.raises(IndexDamaged, match="lacks 1 vectors"):
        hits(index)


def test_vectors_of_another_history_are_not_trusted(tmp_path: Path) -> None:
    encoder = HashingEncoder()
    folder, place = tmp_path / "d", tmp_path / "index"
    folder.mkdir()
    (folder / "a.txt").write_text("The bridge was opened in 1901.")
    open_and_index(folder, place, encoder)[0].close()
    copy = (place / STORE_FILE).read_bytes()
    (folder / "b.txt").write_text("Bread is baked from rye.")
    open_and_index(folder, place, encoder)[0].close()
    (place / STORE_FILE).write_bytes(copy)
    (folder / "b.txt").write_text("Cheese is made from milk.")
    index, _ = open_and_index(folder, place, encoder)
    with index.snapshot() as snapshot:
        found = snapshot.search_vectors(encoder.vector("Cheese is made from milk."), 2)
        ids = [id for id, _ in found]
        exact = snapshot.similarities(encoder.vector("Cheese is made from milk."), ids)
    index.close()
    assert dict(found) == pytest.approx(exact, abs=1e-6)


def test_index_that_goes_another_way_is_not_searched_by_the_old_vectors(tmp_path: Path) -> None:
    place = tmp_path / "index"
    library(place, 1, 2)
    shutil.copytree(place, tmp_path / "copy")
    library(place, 3)
    library(tmp_path / "copy", 4)
    index = Index.open(place)
    assert found(index) == {f"docs/{number}.pdf" for number in (1, 2, 3)}
    shutil.rmtree(place)
    shutil.copytree(tmp_path / "copy", place)
    assert found(index) == {f"docs/{number}.pdf" for number in (1, 2, 4)}
    check(index)
    index.close()
