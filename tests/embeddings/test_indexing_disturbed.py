"""Indexing while files change, permissions come and go, disks fill up and processes die."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from embeddings import indexing as indexing_module
from embeddings.errors import FolderError, IndexMissing, IndexNotWritable
from embeddings.file_system import file_sha256
from embeddings.files.loading import DocumentLoader
from embeddings.folders import remove
from embeddings.index.index import VECTORS_FILE, Index
from embeddings.index.store import Store
from embeddings.index.vectors import VectorIndex
from embeddings.indexing import index_folder
from embeddings.indexing_report import Skipped
from embeddings.passages import Splitting
from tests.builders import HashingEncoder
from tests.embeddings.index.builders import as_nobody
from tests.embeddings.test_indexing import state


@pytest.fixture
def folder(reports: Path) -> Path:
    return reports


# Files that change


def change_while_reading(monkeypatch: pytest.MonkeyPatch, name: str, change: Any) -> None:
    load = DocumentLoader.load_split

    def load_and_change(self: DocumentLoader, path: Path, splitting: Splitting) -> Any:
        contents = load(self, path, splitting)
        if path.name == name:
            change(path)
        return contents

    monkeypatch.setattr(DocumentLoader, "load_split", load_and_change)


def vanish_and_come_back(path: Path) -> None:
    path.rename(path.with_suffix(".away"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda path: os.utime(path, (5, 5)), "changed while it was read; index the folder again"),
        (
            lambda path: path.write_text(path.read_text()[::-1]),
            "changed while it was read; index the folder again",
        ),
        (vanish_and_come_back, "cannot be read (No such file or directory)"),
    ],
    ids=["touched", "edited", "vanished for a moment"],
)
def test_what_disturbs_reading_once_does_not_keep_the_file_out(
    folder: Path, index: Index, hashing: HashingEncoder, change: Any, reason: str
) -> None:
    before = (folder / "3.txt").stat()
    with pytest.MonkeyPatch.context() as patched:
        change_while_reading(patched, "3.txt", change)
        report = index_folder(folder, index, hashing)
    assert [(each.path, each.reason) for each in report.skipped if each.path[-1] == "t"] == [
        ("docs/3.txt", reason)
    ]
    if (folder / "3.away").exists():
        (folder / "3.away").rename(folder / "3.txt")
    os.utime(folder / "3.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    report = index_folder(folder, index, hashing)
    assert report.documents == 6, report.skipped
    assert index.store.damage() == []


def test_file_that_vanishes_before_it_is_read_is_named(
    folder: Path, index: Index, hashing: HashingEncoder
) -> None:
    def vanish(progress: object) -> None:
        (folder / "5.txt").unlink(missing_ok=True)

    report = index_folder(folder, index, hashing, on_progress=vanish)
    assert report.documents == 5
    assert [each.path for each in report.skipped] == ["docs/5.txt"]
    assert index_folder(folder, index, hashing).skipped == ()


def test_file_put_in_place_of_another_format_is_indexed_as_what_it_is(
    folder: Path, index: Index, hashing: HashingEncoder
) -> None:
    index_folder(folder, index, hashing)
    (folder / "0.txt").rename(folder / "0.md")
    (folder / "1.txt").unlink()
    (folder / "1.txt").mkdir()
    (folder / "1.txt" / "inside.txt").write_text("Inside.")
    index_folder(folder, index, hashing)
    assert set(index.store.sources()) == {
        "docs/0.md", "docs/1.txt/inside.txt",
        "docs/2.txt", "docs/3.txt", "docs/4.txt", "docs/5.txt",
    }  # fmt: skip
    assert index.store.damage() == []


def test_swapped_files_are_encoded_not_again(
    folder: Path, index: Index, hashing: HashingEncoder
) -> None:
    index_folder(folder, index, hashing)
    hashing.texts.clear()
    (folder / "0.txt").rename(folder / "x")
    (folder / "1.txt").rename(folder / "0.txt")
    (folder / "x").rename(folder / "1.txt")
    index_folder(folder, index, hashing)
    for number in (0, 1):
        document = index.store.sources()[f"docs/{number}.txt"].document
        assert document is not None
        assert index.store.document(document).text == (folder / f"{number}.txt").read_text()
    assert len(hashing.texts) <= 1, hashing.texts
    assert index.store.damage() == []


# Names and places


def test_odd_names_are_indexed_and_removed_as_they_are(
    tmp_path: Path, index: Index, hashing: HashingEncoder
) -> None:
    folder = tmp_path / "a\n<b>'\"% _"
    names = ["<img src=x>.txt", "two\nlines.txt", "'; DROP TABLE source; --.txt", "% _*.txt"]
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"The file called {name}.")
    report = index_folder(folder, index, hashing)
    assert report.added == tuple(sorted(f"{folder.name}/{name}" for name in names))
    assert remove(index, [f"{folder.name}/% _*.txt"]) == (f"{folder.name}/% _*.txt",)
    assert len(index.store.sources()) == 3


@pytest.mark.parametrize("name", [b"\xff", b"\xff/docs"])
def test_folder_whose_name_is_not_unicode_is_refused(
    tmp_path: Path, index: Index, hashing: HashingEncoder, name: bytes
) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("Aid.")
    with pytest.raises(FolderError, match=r"not valid Unicode\. Rename"):
        index_folder(folder, index, hashing)
    assert index.store.sources() == {}


def test_folder_that_is_a_circular_link_is_refused(
    tmp_path: Path, index: Index, hashing: HashingEncoder
) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(FolderError):
        index_folder(tmp_path / "a", index, hashing)


def test_folder_reached_through_a_link_is_the_same_folder(
    folder: Path, tmp_path: Path, index: Index, hashing: HashingEncoder
) -> None:
    index_folder(folder, index, hashing)
    (tmp_path / "link").symlink_to(folder)
    report = index_folder(tmp_path / "link", index, hashing)
    assert (report.name, report.unchanged) == ("docs", 6)
    assert remove(index, [str(tmp_path / "link" / "3.txt")]) == ("docs/3.txt",)


def test_index_inside_the_folder_is_not_indexed(folder: Path, hashing: HashingEncoder) -> None:
    index = Index.open_or_create(folder / "index", hashing)
    (folder / "index" / "note.txt").write_text("Not a document.")
    assert index_folder(folder, index, hashing).documents == 6
    assert index_folder(folder, index, hashing).documents == 6
    index.close()


def test_name_in_the_library_goes_before_a_place_on_the_disk(
    folder: Path,
    tmp_path: Path,
    index: Index,
    hashing: HashingEncoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index_folder(folder, index, hashing)
    other = tmp_path / "elsewhere" / "docs"
    other.mkdir(parents=True)
    (other / "0.txt").write_text("Elsewhere.")
    index_folder(other, index, hashing)
    monkeypatch.chdir(other.parent)
    # "docs" is the first folder's name, and where one stands the second folder's place.
    assert remove(index, ["docs/0.txt"]) == ("docs/0.txt",)
    assert "docs (2)/0.txt" in index.store.sources()
    assert remove(index, ["./docs"]) in [("docs (2)/0.txt",)]
    assert len(index.store.sources()) == 5


@pytest.mark.parametrize("path", ["", "/", "nul\0byte", "a" * 5_000, "docs/%", "doc", "docs/0"])
def test_removing_nothing_in_particular_removes_nothing(
    folder: Path,
    index: Index,
    hashing: HashingEncoder,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    index_folder(folder, index, hashing)
    monkeypatch.chdir(folder)
    with pytest.raises(IndexMissing, match="does not hold"):
        remove(index, [path])
    assert len(index.store.sources()) == 6


def test_removed_folder_can_be_indexed_again(
    folder: Path, index: Index, hashing: HashingEncoder
) -> None:
    index_folder(folder, index, hashing)
    whole = state(index)
    assert len(remove(index, ["docs"])) == 6
    assert index.store.folders() == {}
    with index.snapshot() as snapshot:
        assert snapshot.search_vectors(hashing.vector("aid"), 9) == []
    index_folder(folder, index, hashing)
    assert state(index) == whole


# Permissions


def test_document_unreadable_for_a_while_stays(open_folder: Path) -> None:
    docs = open_folder / "docs"
    for name in ("a.txt", "listed/b.txt", "sub/c.txt"):
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text(f"The text of {name}.")
    (open_folder / "index").mkdir()
    (open_folder / "index").chmod(0o777)
    run = """
        # The reading process cannot be started by a user who may not read Python itself.
        indexing.DocumentLoader = PlainLoader
        encoder = HashingEncoder()
        index = Index.open_or_create(place / "index", encoder)
        report = index_folder(place / "docs", index, encoder)
        skipped = [(each.path, each.reason, each.kept) for each in report.skipped]
        counts = len(report.added), len(report.changed), len(report.removed), report.unchanged
        print(counts, len(encoder.texts), len(index.store.documents()), skipped)
    """
    assert as_nobody(run, open_folder).strip() == "(3, 0, 0, 0) 4 3 []"
    (docs / "sub").chmod(0o700)
    # Its files are listed, but nothing is said about them.
    (docs / "listed").chmod(0o744)
    (docs / "a.txt").chmod(0o600)
    reported = [
        ("docs/listed/b.txt", "cannot be read (Permission denied)", False),
        ("docs/sub", "cannot be read (Permission denied)", False),
        ("docs/a.txt", "cannot be read (Permission denied)", True),
    ]
    for _ in range(2):
        assert as_nobody(run, open_folder).strip() == f"(0, 0, 0, 3) 0 3 {reported}"
    (docs / "sub").chmod(0o755)
    (docs / "listed").chmod(0o755)
    (docs / "a.txt").chmod(0o644)
    assert as_nobody(run, open_folder).strip() == "(0, 0, 0, 3) 0 3 []"


def test_file_that_cannot_be_opened_keeps_its_document_until_it_is_damaged(
    folder: Path, index: Index, hashing: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_folder(folder, index, hashing)
    digest = file_sha256

    def locked(path: Path) -> str:
        if path.name == "3.txt":
            raise OSError(errno.EIO, "Input/output error")
        return digest(path)

    (folder / "3.txt").write_text("Another text.")
    with monkeypatch.context() as patched:
        patched.setattr(indexing_module, "file_sha256", locked)
        report = index_folder(folder, index, hashing)
    assert report.skipped == (Skipped("docs/3.txt", "cannot be read (Input/output error)", True),)
    assert (report.documents, report.changed, report.unchanged) == (6, (), 6)
    with index.snapshot() as snapshot:
        assert snapshot.search_words(["another"], 5) == []
    assert index.store.damage() == []
    assert index_folder(folder, index, hashing).changed == ("docs/3.txt",)
    # What is there now can be read, and is no document: the old text stands nowhere.
    (folder / "3.txt").write_bytes(b"")
    report = index_folder(folder, index, hashing)
    assert report.skipped == (Skipped("docs/3.txt", "is empty"),)
    assert (report.documents, index.store.sources()["docs/3.txt"].document) == (5, None)


# Full disks


def test_full_disk_keeps_what_was_committed_and_the_next_run_goes_on(
    folder: Path, tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = HashingEncoder()
    index_folder(folder, index, encoder)
    (folder / "7.txt").write_text("Small.")
    (folder / "8.txt").write_text("Big. " * 50_000)
    open_store = Store.open

    def open_small(path: Path) -> Store:
        store = open_store(path)
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages + 3}")
        return store

    with monkeypatch.context() as patched:
        patched.setattr(Store, "open", open_small)
        with pytest.raises(IndexNotWritable, match="the disk is full"):
            index_folder(folder, index, encoder)
    assert index.store.damage() == []
    assert {"docs/7.txt"} == set(index.store.sources()) - {f"docs/{at}.txt" for at in range(6)}
    with index.snapshot() as snapshot:
        assert len(snapshot.search_vectors(encoder.vector("aid"), 100)) == 7
    assert index_folder(folder, index, encoder).documents == 8
    assert index.store.damage() == []


def test_vectors_that_cannot_be_written_lose_no_document(
    folder: Path, index: Index, hashing: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise IndexNotWritable("cannot be written")

    with monkeypatch.context() as patched:
        patched.setattr(VectorIndex, "save", full)
        with pytest.raises(IndexNotWritable):
            index_folder(folder, index, hashing)
    assert len(index.store.documents()) == 6
    calls = hashing.calls
    index_folder(folder, index, hashing)
    assert hashing.calls == calls
    assert (index.folder / VECTORS_FILE).exists()


# Ctrl-C and kills in the middle of an update


@pytest.mark.slow
@pytest.mark.parametrize("method", ["put_document", "put_source", "drop_source", "save_vectors"])
def test_ctrl_c_inside_any_step_leaves_a_sound_index(
    folder: Path, tmp_path: Path, method: str
) -> None:
    encoder = HashingEncoder()
    index = Index.open_or_create(tmp_path / "index", encoder)
    index_folder(folder, index, encoder)
    (folder / "0.txt").unlink()
    (folder / "1.txt").write_text("Another text.")
    (folder / "9.txt").write_text("A new one.")
    owner: Any = Index if method == "save_vectors" else Store
    step = getattr(owner, method)

    def interrupted(self: Any, *values: Any) -> Any:
        step(self, *values)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(owner, method, interrupted)
        with pytest.raises(KeyboardInterrupt):
            index_folder(folder, index, encoder)
    assert index.store.damage() == []
    index_folder(folder, index, encoder)
    anew = Index.open_or_create(tmp_path / "anew", encoder)
    index_folder(folder, anew, encoder)
    assert state(index) == state(anew)
    index.close()
    anew.close()


UPDATE = """
import os, signal, sys
from pathlib import Path
from embeddings import indexing
from embeddings.index.index import Index
from embeddings.passages import Splitting
from embeddings.index.store import Store
from tests.builders import PlainLoader
from tests.builders import HashingEncoder

indexing.DocumentLoader = PlainLoader
indexing.BATCH_PASSAGES = 2
folder, place = map(Path, sys.argv[1:3])
left = int(sys.argv[3])

def step(statement):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

open_store = Store.open
def traced(path):
    store = open_store(path)
    store._connection.set_trace_callback(step)
    return store

encoder = HashingEncoder()
index = Index.open(place)
Store.open = traced
indexing.index_folder(folder, index, encoder)
print("finished", 10**9 - left)
"""


@pytest.mark.slow
def test_update_killed_at_any_statement_is_sound_and_goes_on(folder: Path, tmp_path: Path) -> None:
    encoder = HashingEncoder()

    def prepare(place: Path) -> Index:
        for number in range(6):
            text = f"Report {number} tells of aid.\n\nAnd of grain."
            (folder / f"{number}.txt").write_text(text)
        (folder / "9.txt").unlink(missing_ok=True)
        (folder / "renamed.txt").unlink(missing_ok=True)
        index = Index.open_or_create(place, encoder)
        index_folder(folder, index, encoder)
        (folder / "0.txt").unlink()
        (folder / "1.txt").write_text("Another text.")
        (folder / "2.txt").rename(folder / "renamed.txt")
        (folder / "9.txt").write_text("A new one.")
        return index

    def update(place: Path, stop: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", UPDATE, str(folder), str(place), str(stop)]
        return subprocess.run(command, capture_output=True, text=True)

    reference = prepare(tmp_path / "reference")
    kept = state(reference)
    done = update(tmp_path / "reference", 10**9)
    assert done.returncode == 0, done.stderr
    statements = int(done.stdout.split()[1])
    expected = state(reference)
    for trial in range(12):
        stop = 2 + trial * (statements - 3) // 11
        index = prepare(tmp_path / f"index-{trial}")
        died = update(index.folder, stop)
        assert died.returncode == -signal.SIGKILL, died.stderr
        assert index.store.damage() == [], f"killed at statement {stop}"
        for path, held in state(index).items():
            assert held in (kept.get(path), expected.get(path)), f"killed at {stop}: {path}"
        assert len(state(index)) >= 5
        index_folder(folder, index, encoder, retry=True)
        assert state(index) == expected, f"killed at statement {stop}"
        index.close()
    reference.close()


# Much of the same


@pytest.mark.slow
def test_a_thousand_files_of_one_content_are_one_document(
    tmp_path: Path, index: Index, hashing: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing_module, "BATCH_PASSAGES", 16)
    folder = tmp_path / "copies"
    folder.mkdir()
    for number in range(1_000):
        (folder / f"{number:03}.txt").write_text("The same paragraph, word by word.")
    started = time.perf_counter()
    report = index_folder(folder, index, hashing)
    assert report.documents == 1_000
    (facts,) = index.store.documents().values()
    assert len(facts.paths) == 1_000
    # The dimension, one batch, and what was read ahead of it.
    assert len(hashing.texts) <= 1 + 16 + indexing_module.READ_AHEAD
    assert len(index.store.passage_ids()) == 1
    assert time.perf_counter() - started < 60


def test_reader_without_rights_sees_what_is_not_yet_merged_into_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hashing: HashingEncoder
) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.txt").write_text("The bridge was opened in 1901.")
    writing = Index.open_or_create(tmp_path / "index", hashing)
    with monkeypatch.context() as patched:
        patched.setattr(Store, "checkpoint", lambda *_: None)
        index_folder(tmp_path / "d", writing, hashing)
    assert (tmp_path / "index" / "library.sqlite-wal").stat().st_size > 0
    monkeypatch.setattr("embeddings.index.database.os.access", lambda *_: False)
    reading = Index.open(tmp_path / "index")
    assert list(reading.store.sources()) == ["d/a.txt"]
    reading.close()
    writing.close()
