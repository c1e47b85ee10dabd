"""The index in its folder is searched while it is written to, replaced or removed."""

import shutil
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from embeddings.errors import (
    IndexClosed,
    IndexInherited,
    IndexMismatch,
    IndexMissing,
    IndexNotWritable,
)
from embeddings.index.index import STORE_FILE, VECTORS_FILE, Index
from embeddings.indexing import index_folder, open_and_index
from tests.builders import HashingEncoder
from tests.embeddings.index.builders import (
    ENCODER,
    add,
    as_nobody,
    brute_force,
    check,
    drop,
    found,
    hits,
    library,
    text,
)


def test_similarities_equal_comparing(index: Index) -> None:
    scores = brute_force(index)
    ids = sorted(scores)[3:9]
    with index.snapshot() as snapshot:
        found = snapshot.similarities(ENCODER.vector("grain for yemen"), ids)
        assert snapshot.similarities(ENCODER.vector("a"), []) == {}
    assert sorted(found) == ids
    assert all(abs(found[id] - scores[id]) < 1e-6 for id in ids)


def test_vector_search_stays_within_what_is_named(index: Index) -> None:
    with index.snapshot() as snapshot:
        found = snapshot.search_vectors(ENCODER.vector("grain"), 100, ["docs/3.pdf", "docs/1.pdf"])
        passages = snapshot.passages([id for id, _ in found])
        facts = snapshot.documents(passage.document for passage in passages)
        assert {fact.paths for fact in facts.values()} == {("docs/1.pdf",), ("docs/3.pdf",)}
        assert snapshot.search_vectors(ENCODER.vector("grain"), 100, ["docs/3"]) == []


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


@pytest.mark.slow
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
    created = Index.open_or_create(place, ENCODER)
    add(created, 1)
    created.close()
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
    output = as_nobody(
        """
        for there in (place, place / "below"):
            try:
                Index.open_or_create(there, HashingEncoder())
            except IndexProblem as error:
                print(type(error).__name__, error)
        """,
        open_folder,
    ).splitlines()
    assert len(output) == 2
    assert all(
        line.startswith("IndexNotWritable ") and "another place for the index" in line
        for line in output
    ), output


@pytest.mark.slow
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
    output = as_nobody(program, open_folder)
    assert output.startswith(f"IndexNotWritable The index at {index.folder} cannot be opened"), (
        output
    )
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
    for call in (lambda: found(index), lambda: index.digests([]), lambda: index.names([])):
        with pytest.raises(IndexMissing) as caught:
            call()
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


def read_contents(index: Index) -> None:
    with index.contents():
        pass


def write(index: Index) -> None:
    with index.writing():
        pass


def search(index: Index) -> None:
    with index.snapshot():
        pass


USES: dict[str, Callable[[Index], object]] = {
    "snapshot": search,
    "contents": read_contents,
    "writing": write,
    "version": lambda index: index.version,
    "folders": Index.folders,
    "names": lambda index: index.names([Path("/nowhere")]),
    "facts": lambda index: index.facts("docs/3.pdf"),
    "part": lambda index: index.part("docs/3.pdf"),
    "text": lambda index: index.text(1, 0, 4),
    "digests": lambda index: index.digests(["docs/3.pdf"]),
    "check_integrity": Index.check_integrity,
    "save_vectors": Index.save_vectors,
    "check_usable": Index.check_usable,
}


@pytest.mark.parametrize("use", USES)
def test_closed_index_says_so(use: str, index: Index) -> None:
    index.close()
    index.close()
    with pytest.raises(IndexClosed) as refused:
        USES[use](index)
    assert str(refused.value) == f"The index at {index.folder} is closed. Open it again."


@pytest.mark.parametrize("use", USES)
def test_index_that_another_process_opened_says_so(
    use: str, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "_process", 17)
    # Held for ever by a thread that is not in this process.
    monkeypatch.setattr(index, "_lock", None)
    with pytest.raises(IndexInherited) as refused:
        USES[use](index)
    assert str(refused.value) == (
        f"The index at {index.folder} was opened by another process (pid 17) before it forked. "
        "Open it again in this process."
    )
    index.close()  # It is not this process's to close.
    monkeypatch.undo()
    USES[use](index)


def test_index_that_was_closed_for_a_fork_is_opened_again(index: Index) -> None:
    before, version = hits(index), index.version
    index.close_before_fork()
    assert not index.store.path.with_name(f"{STORE_FILE}-wal").exists()
    assert hits(index) == before
    assert index.version != version
    version = index.version
    index.close_before_fork()
    add(Index.open(index.folder), 40)
    # Only its connection would tell that another one has written.
    assert index.version != version
    index.close_before_fork()
    assert index.check_integrity().documents == 21
    index.close_before_fork()
    index.close()
    with pytest.raises(IndexClosed):
        index.folders()


def test_index_that_was_moved_away_after_a_fork_is_missed(index: Index, tmp_path: Path) -> None:
    version = index.version
    index.close_before_fork()
    index.folder.rename(tmp_path / "elsewhere")
    with pytest.raises(IndexMissing, match="was moved or deleted"):
        index.folders()
    assert index.version == version


def test_what_is_searched_for_while_the_index_is_closed_is_found_or_refused(index: Index) -> None:
    expected, refused = hits(index), []
    wrong: list[object] = []
    searching = threading.Barrier(5)

    def search_on() -> None:
        searching.wait(30)
        while True:
            try:
                found = hits(index)
            except IndexClosed as error:
                refused.append(error)
                return
            except BaseException as error:
                wrong.append(error)
                return
            if found != expected:
                wrong.append(found)

    threads = [threading.Thread(target=search_on) for _ in range(4)]
    for thread in threads:
        thread.start()
    searching.wait(30)
    index.close()
    for thread in threads:
        thread.join(30)
    assert (len(refused), wrong) == (4, [])
