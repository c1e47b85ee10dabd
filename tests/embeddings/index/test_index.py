"""The index in its folder: FAISS follows the store, readers and the one writer keep apart."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.errors import (
    IndexDamaged,
    IndexLocked,
    IndexMismatch,
    IndexMissing,
    IndexNotWritable,
)
from embeddings.index import vector_cache as cache_module
from embeddings.index import vectors as vectors_module
from embeddings.index.commit_log import CommitLog
from embeddings.index.index import STORE_FILE, VECTORS_FILE, Index
from embeddings.index.vectors import VectorIndex
from embeddings.index.writer_lock import LOCK_FILE, writer_lock
from embeddings.indexing import index_folder, open_and_index
from tests.builders import HashingEncoder
from tests.embeddings.index.test_store import as_nobody, put

ENCODER = HashingEncoder(dimension=8)
WORDS = "aid grain train ship syria yemen steppe chair summit water bread salt".split()


def text(number: int) -> str:
    chosen = np.random.default_rng(number).choice(WORDS, 6)
    return f"Report {number}: {' '.join(chosen)}."


def add(index: Index, number: int) -> None:
    put(index.store, f"docs/{number}.pdf", text(number))


def drop(index: Index, number: int) -> None:
    with index.store.transaction():
        index.store.drop_source(f"docs/{number}.pdf")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = Index.open_or_create(tmp_path / "index", ENCODER)
    for number in range(20):
        add(opened, number)
    yield opened
    opened.close()


def hits(
    index: Index, question: str = "grain for yemen", limit: int = 10
) -> list[tuple[int, float]]:
    with index.snapshot() as snapshot:
        return snapshot.search_vectors(ENCODER.vector(question), limit)


def brute_force(index: Index, question: str = "grain for yemen") -> dict[int, float]:
    """Score of each passage, from the store's vectors alone."""
    ids = index.store.passage_ids()
    vector = ENCODER.vector(question)
    return {
        int(id): float(row @ vector)
        for found, rows in index.store.vectors(ids)
        for id, row in zip(found, rows, strict=True)
    }


def check(index: Index, limit: int = 10) -> None:
    """Search finds what comparing every stored vector finds, scores equal."""
    scores = brute_force(index)
    found = hits(index, limit=limit)
    best = sorted(scores.values(), reverse=True)[:limit]
    assert np.allclose([score for _, score in found], best, atol=1e-5), found
    assert all(abs(scores[id] - score) < 1e-5 for id, score in found), found


# The FAISS file follows the store


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


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


@pytest.mark.parametrize("spoil", [Path.unlink, flip, lambda path: path.write_bytes(b"")])
def test_spoilt_vectors_are_made_anew(index: Index, spoil: object) -> None:
    index.save_vectors()
    before = hits(index)
    index.close()
    assert callable(spoil)
    spoil(index.folder / VECTORS_FILE)
    opened = Index.open(index.folder)
    assert hits(opened) == before
    opened.save_vectors()
    assert VectorIndex.load(index.folder / VECTORS_FILE, opened.store.header.stamp) is not None
    opened.close()


SEARCH = """
import sys
from pathlib import Path
from embeddings.index.index import Index
from tests.embeddings.index.test_index import hits
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


@pytest.mark.parametrize("spoil", [cut_short, overwritten, folder_instead, pipe_instead])
def test_whatever_becomes_of_the_vectors_file_a_search_goes_on(
    index: Index, spoil: Callable[[Path], None]
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
        spoil(path)
        print(file=process.stdin, flush=True)
        assert process.stdout.readline().strip() == expected
        said, wrong = process.communicate("\n", timeout=60)
    if spoil is folder_instead:
        # It holds nothing of ours, and is left.
        assert "IndexNotWritable" in wrong and str(path) in wrong
        path.rmdir()
    else:
        assert (said, process.returncode) == ("saved\n", 0), wrong
        assert VectorIndex.load(path, index.store.header.stamp) is not None
    again = subprocess.run(command, input="\n\n", capture_output=True, text=True, timeout=60)
    assert again.stdout == f"{expected}\n{expected}\nsaved\n", again.stderr
    assert VectorIndex.load(path, index.store.header.stamp) is not None


SURVIVE = """
import sys
from pathlib import Path
from embeddings.errors import IndexProblem
from embeddings.index.index import Index
from tests.embeddings.index.test_index import hits
index = Index.open(Path(sys.argv[1]))
print(hits(index), flush=True)
sys.stdin.readline()
try:
    print(hits(index), flush=True)
except IndexProblem as error:
    print(error)
"""


@pytest.mark.parametrize("spoil", [cut_short, overwritten])
@pytest.mark.parametrize("name", ["", "-wal", "-shm"])
def test_whatever_becomes_of_the_database_a_search_is_right_or_an_error(
    index: Index, name: str, spoil: Callable[[Path], None]
) -> None:
    expected = str(hits(index))
    path = index.folder / f"{STORE_FILE}{name}"
    with subprocess.Popen(
        [sys.executable, "-c", SURVIVE, str(index.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == expected
        spoil(path)
        said, wrong = process.communicate("\n", timeout=60)
    assert process.returncode == 0, wrong
    assert said.strip() == expected or said.startswith("The index at "), said


@pytest.mark.skipif(sys.platform == "win32", reason="a mapped file cannot be cut there")
@pytest.mark.parametrize(
    ("large", "last"),
    [(False, "searches"), (False, "closes"), (True, "searches"), (True, "searches first")],
)
@pytest.mark.parametrize("beside", [False, True], ids=["alone", "with another process"])
@pytest.mark.parametrize("size", [0, 10])
def test_what_is_mapped_may_be_cut_between_two_searches(
    index: Index, size: int, large: bool, beside: bool, last: str
) -> None:
    shared = index.folder / f"{STORE_FILE}-shm"
    connection = index.store._connection
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    if large:
        connection.execute("PRAGMA synchronous = OFF")
        number = 20
        while shared.stat().st_size < 65_536:
            add(index, number)
            number += 1
    expected = str(hits(index))
    if not beside:
        # Its log stays, as that of a process that was killed.
        copy = index.folder.with_name("copy")
        shutil.copytree(index.folder, copy)
        (copy / shared.name).unlink()
        place, shared = copy, copy / shared.name
    else:
        place = index.folder
    program = SURVIVE
    if last == "closes":
        program = program.replace("try:", "index.close(); sys.exit()\ntry:")
    elif last == "searches first":
        program = program.replace("print(hits(index), flush=True)", "print(flush=True)", 1)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == ("" if "first" in last else expected)
        mapped = shared.stat().st_size
        assert mapped == (65_536 if large else 32_768)
        os.truncate(shared, size)
        said, wrong = process.communicate("\n", timeout=60)
    assert (process.returncode, wrong) == (0, "")
    assert said.strip() == ("" if last == "closes" else expected)
    if beside:
        assert shared.stat().st_size >= mapped
        assert str(hits(index)) == expected
    with closing(Index.open(place)) as opened:
        assert str(hits(opened)) == expected
        assert opened.store.damage() == []


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
    with pytest.raises(IndexDamaged, match=r"lost what had been committed of docs/20\.pdf"):
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


def test_similarities_equal_comparing(index: Index) -> None:
    scores = brute_force(index)
    asked = sorted(scores)[3:9]
    with index.snapshot() as snapshot:
        found = snapshot.similarities(ENCODER.vector("grain for yemen"), asked)
        assert snapshot.similarities(ENCODER.vector("a"), []) == {}
    assert sorted(found) == asked
    assert all(abs(found[id] - scores[id]) < 1e-6 for id in asked)


def test_vector_search_stays_within_what_is_named(index: Index) -> None:
    with index.snapshot() as snapshot:
        found = snapshot.search_vectors(ENCODER.vector("grain"), 100, ["docs/3.pdf", "docs/1.pdf"])
        passages = snapshot.passages([id for id, _ in found])
        facts = snapshot.documents(passage.document for passage in passages)
        assert {fact.paths for fact in facts.values()} == {("docs/1.pdf",), ("docs/3.pdf",)}
        assert snapshot.search_vectors(ENCODER.vector("grain"), 100, ["docs/3"]) == []


# Readers and writers


def test_snapshot_stays_on_its_generation_while_another_connection_writes(index: Index) -> None:
    writer = Index.open(index.folder)
    with index.snapshot() as snapshot:
        before = snapshot.state
        found = snapshot.search_vectors(ENCODER.vector("grain"), 100)
        drop(writer, 3)
        add(writer, 40)
        assert snapshot.state == before
        assert snapshot.search_vectors(ENCODER.vector("grain"), 100) == found
        assert len(snapshot.passages([id for id, _ in found])) == len(found)
        worded = [id for id, _ in snapshot.search_words(["report"], 100)]
        assert sorted(worded) == sorted(id for id, _ in found)
    with index.snapshot() as snapshot:
        assert snapshot.state != before
        assert {id for id, _ in snapshot.search_vectors(ENCODER.vector("a"), 100)} == set(
            writer.store.passage_ids().tolist()
        )
    writer.close()


def test_threads_search_one_index_together(index: Index) -> None:
    expected = hits(index)
    wrong: list[object] = []

    def search() -> None:
        for _ in range(30):
            try:
                if hits(index) != expected:
                    wrong.append("other hits")
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=search) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_index_is_searched_while_a_thread_brings_it_up_to_date(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:02}.txt").write_text(text(number))
    encoder = HashingEncoder(dimension=8)
    index = Index.open_or_create(tmp_path / "index", encoder)
    index_folder(folder, index, encoder)
    for number in range(40):
        (folder / f"{number:02}.txt").write_text(text(number + 100))
    wrong: list[BaseException] = []

    def bring_up_to_date() -> None:
        try:
            index_folder(folder, index, encoder)
        except BaseException as error:
            wrong.append(error)

    thread = threading.Thread(target=bring_up_to_date)
    thread.start()
    while thread.is_alive():
        with index.snapshot() as snapshot:
            found = snapshot.search_vectors(encoder.vector("grain"), 100)
            assert len(snapshot.passages([id for id, _ in found])) == len(found) == 40
    thread.join()
    assert wrong == []
    assert len(hits(index, limit=100)) == 40
    index.close()


HOLD = """
import sys, time
from pathlib import Path
from embeddings.index.index import Index
from embeddings.index.writer_lock import writer_lock
from tests.embeddings.index.test_index import add
index = Index.open(Path(sys.argv[1]))
with writer_lock(index.folder):
    with index.store.transaction():
        index.store.drop_source("docs/3.pdf")
        print("writing", flush=True)
        sys.stdin.readline()
    print("written", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def other_writer(index: Index) -> Iterator[subprocess.Popen[str]]:
    """Another process in the middle of writing."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(index.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "writing\n"
        yield process
        process.kill()


def test_second_writer_is_told_who_writes_and_readers_go_on(
    index: Index, other_writer: subprocess.Popen[str], tmp_path: Path
) -> None:
    before = hits(index)
    with pytest.raises(IndexLocked) as caught, writer_lock(index.folder):
        pass
    assert str(caught.value) == (
        f"The index at {index.folder} is being written by process {other_writer.pid}. "
        "Wait until it has finished."
    )
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("Grain.")
    with pytest.raises(IndexLocked, match=f"process {other_writer.pid}"):
        index_folder(tmp_path / "docs", index, ENCODER)
    assert hits(index) == before
    assert other_writer.stdin is not None and other_writer.stdout is not None
    other_writer.stdin.write("\n")
    other_writer.stdin.flush()
    assert other_writer.stdout.readline() == "written\n"
    assert "docs/3.pdf" not in index.store.sources()
    check(index)


def test_killed_writer_holds_nothing_and_leaves_nothing_half_written(
    index: Index, other_writer: subprocess.Popen[str]
) -> None:
    other_writer.send_signal(signal.SIGKILL)
    other_writer.wait()
    with writer_lock(index.folder):
        assert "docs/3.pdf" in index.store.sources()
        drop(index, 3)
    assert index.store.damage() == []
    assert (index.folder / LOCK_FILE).exists()


def test_lock_is_let_go_after_an_error(index: Index) -> None:
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), writer_lock(index.folder):
            raise KeyboardInterrupt
    with writer_lock(index.folder):
        with (
            pytest.raises(IndexLocked, match=rf"process {os.getpid()}\."),
            writer_lock(index.folder),
        ):
            pass
        with pytest.raises(IndexLocked), writer_lock(index.folder):
            pass


# Opening


def test_index_of_another_encoder_is_refused(index: Index) -> None:
    with pytest.raises(IndexMismatch) as caught:
        Index.open_or_create(index.folder, HashingEncoder("other"))
    digest, other = ENCODER.model.digest[:8], HashingEncoder("other").model.digest[:8]
    assert str(caught.value) == (
        f"The index at {index.folder} was made with the encoder hashing ({digest}), not other "
        f"({other}). Choose that encoder, or another place for the index."
    )
    index.check_encoder(ENCODER.model)


def test_index_is_made_once_and_opened_again(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "place #1?"
    with pytest.raises(IndexMissing):
        Index.open(place)
    made = Index.open_or_create(place, ENCODER)
    add(made, 1)
    made.close()
    encoder = HashingEncoder(dimension=8)
    opened = Index.open_or_create(place, encoder)
    assert encoder.calls == 0
    assert list(opened.store.sources()) == ["docs/1.pdf"]
    assert opened.encoder_model == ENCODER.model
    opened.close()


def test_empty_index_finds_nothing(tmp_path: Path) -> None:
    index = Index.open_or_create(tmp_path / "index", ENCODER)
    assert hits(index) == []
    index.save_vectors()
    with index.snapshot() as snapshot:
        assert snapshot.search_words(["aid"], 5) == []
    index.close()


def test_place_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(IndexNotWritable, match=r"Choose another place for the index\."):
            Index.open_or_create(place, ENCODER)


def test_place_without_permission_is_refused_with_the_remedy(open_folder: Path) -> None:
    said = as_nobody(
        """
        for there in (place, place / "below"):
            try:
                Index.open_or_create(there, HashingEncoder())
            except IndexProblem as error:
                print(type(error).__name__, error)
        """,
        open_folder,
    ).splitlines()
    assert len(said) == 2
    assert all(
        line.startswith("IndexNotWritable ") and "another place for the index" in line
        for line in said
    ), said


def test_reader_without_permission_to_write_searches(open_folder: Path) -> None:
    index = Index.open_or_create(open_folder / "index", ENCODER)
    for number in range(5):
        add(index, number)
    index.save_vectors()
    expected = hits(index)
    index.close()
    program = """
        try:
            print(hits(Index.open(place / "index")))
        except IndexProblem as error:
            print(type(error).__name__, error)
        """
    said = as_nobody(program, open_folder)
    assert said.startswith(f"IndexNotWritable The index at {index.folder} cannot be opened"), said
    # Who is meant to read it is let in by hand.
    index.folder.chmod(0o755)
    for name in (STORE_FILE, VECTORS_FILE):
        (index.folder / name).chmod(0o644)
    assert as_nobody(program, open_folder).strip() == str(expected)


def test_snapshot_ends_with_an_error_inside_it(index: Index) -> None:
    with pytest.raises(KeyboardInterrupt), index.snapshot():
        raise KeyboardInterrupt
    check(index)
    program = textwrap.dedent(f"""
        from pathlib import Path
        from embeddings.index.index import Index
        print(len(Index.open(Path({str(index.folder)!r})).store.sources()))
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "20\n"


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


def test_log_of_a_deleted_index_is_not_replayed_into_a_new_one(tmp_path: Path) -> None:
    encoder = HashingEncoder()
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").write_text(f"The {name} bridge.")
    place = tmp_path / "index"
    old, _ = open_and_index(tmp_path / "old", place, encoder)
    log = (place / f"{STORE_FILE}-wal").read_bytes()
    old.close()
    (place / STORE_FILE).unlink()
    (place / f"{STORE_FILE}-wal").write_bytes(log)
    new, _ = open_and_index(tmp_path / "new", place, encoder)
    assert list(new.store.sources()) == ["new/new.txt"]
    new.close()


# An index that is replaced or removed while it is open


def library(place: Path, *numbers: int) -> None:
    made = Index.open_or_create(place, ENCODER)
    for number in numbers:
        add(made, number)
    made.save_vectors()
    made.close()


def found(index: Index) -> set[str]:
    """Paths of what vectors find, and of what words find, which must be the same."""
    with index.snapshot() as snapshot:
        near = {id for id, _ in snapshot.search_vectors(ENCODER.vector("report"), 100)}
        assert near == {id for id, _ in snapshot.search_words(["report"], 100)}
        documents = [passage.document for passage in snapshot.passages(sorted(near))]
        return {
            path for document in snapshot.documents(documents).values() for path in document.paths
        }


def test_replaced_index_is_opened_in_place_of_the_old_one(tmp_path: Path) -> None:
    place, other = tmp_path / "index", tmp_path / "other"
    # The same generation, the same ids: nothing but the contents differs.
    library(place, 1, 2)
    library(other, 7, 8)
    index = Index.open(place)
    assert found(index) == {"docs/1.pdf", "docs/2.pdf"}
    with index.snapshot() as snapshot:
        state, version = snapshot.state, index.version
    shutil.rmtree(place)
    shutil.copytree(other, place)
    assert found(index) == {"docs/7.pdf", "docs/8.pdf"}
    assert set(index.digests(["docs/1.pdf", "docs/8.pdf"])) == {"docs/8.pdf"}
    with index.snapshot() as snapshot:
        assert (snapshot.state == state, index.version == version) == (False, False)
    add(index, 9)
    assert found(index) == {"docs/7.pdf", "docs/8.pdf", "docs/9.pdf"}
    index.close()


def test_index_that_is_gone_is_said_to_be_until_it_is_back(tmp_path: Path) -> None:
    place = tmp_path / "index"
    library(place, 1)
    index = Index.open(place)
    version = index.version
    place.rename(tmp_path / "away")
    for asked in (lambda: found(index), lambda: index.digests([]), lambda: index.names([])):
        with pytest.raises(IndexMissing) as caught:
            asked()
        assert str(caught.value) == (
            f"The index at {place} is gone: it was moved or deleted while it was in use. "
            "Put the index back, or index a folder again."
        )
    assert index.version == version
    (tmp_path / "away").rename(place)
    assert found(index) == {"docs/1.pdf"}
    index.close()


def test_index_replaced_by_another_encoders_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "index"
    library(place, 1)
    index = Index.open(place)
    shutil.rmtree(place)
    Index.open_or_create(place, HashingEncoder("other", dimension=8)).close()
    for _ in range(2):
        with pytest.raises(IndexMismatch, match="replaced while it was in use"):
            found(index)
    index.close()


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
