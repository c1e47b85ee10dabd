"""Indexing with a fast encoder: what is read again, what is kept, what is forgotten."""

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings import indexing, pacing
from embeddings.errors import FolderError, IndexMismatch, IndexMissing
from embeddings.files.limits import Limits
from embeddings.files.loading import DocumentLoader
from embeddings.folders import move_folder, remove
from embeddings.index.index import VECTORS_FILE, Index
from embeddings.indexing import index_folder, open_and_index
from embeddings.indexing_report import IndexingProgress, IndexingReport
from embeddings.models.encoder import Progress, Role, Vectors
from embeddings.passages import Splitting
from tests.builders import HashingEncoder, PlainLoader

TEXTS = {
    "a.txt": "The bridge was opened in 1901.",
    "b.md": "# Market\n\nThe market hall was built in 1920.\n",
    "sub/c.html": "<html><body><h1>Park</h1><p>The park has two ponds.</p></body></html>",
    "sub/d.csv": "name,year\nTower,1850\nHarbour,1860\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "town"
    for name, text in TEXTS.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text)
    return made


def state(index: Index) -> dict[str, tuple[object, ...]]:
    """Everything in the index that does not depend on when or in which order it came there."""
    store = index.store
    held: dict[str, tuple[object, ...]] = {}
    for path, source in store.sources().items():
        if source.document is None:
            held[path] = (source.problem,)
            continue
        document = store.document(source.document)
        stored = store.passages_of(source.document)
        ids = np.array([passage.id for passage in stored], dtype=np.int64)
        vectors = [row.tobytes() for _, batch in store.vectors(ids) for row in batch]
        held[path] = (source.sha256, document, tuple(row.passage for row in stored), tuple(vectors))
    return held


def counts(report: IndexingReport) -> tuple[int, int, int, int]:
    return len(report.added), len(report.changed), len(report.removed), report.unchanged


@pytest.mark.slow
def test_first_run_adds_every_document(folder: Path, index: Index, hashing: HashingEncoder) -> None:
    report = index_folder(folder, index, hashing)
    assert report.added == tuple(f"town/{name}" for name in TEXTS)
    assert (report.name, counts(report), report.skipped) == ("town", (4, 0, 0, 0), ())
    assert report.passages == len(hashing.texts) == len(index.store.passage_ids()) >= 4
    assert index.store.damage() == []


@pytest.mark.slow
def test_second_run_encodes_nothing(folder: Path, index: Index, hashing: HashingEncoder) -> None:
    index_folder(folder, index, hashing)
    before, generation, calls = state(index), index.store.generation, hashing.calls
    report = index_folder(folder, index, hashing)
    assert counts(report) == (0, 0, 0, 4)
    assert hashing.calls == calls
    assert (state(index), index.store.generation) == (before, generation)


@pytest.mark.slow
def test_edited_file_alone_is_indexed_again(
    folder: Path, index: Index, hashing: HashingEncoder
) -> None:
    index_folder(folder, index, hashing)
    hashing.texts.clear()
    (folder / "a.txt").write_text("The bridge was opened in 1907.")
    report = index_folder(folder, index, hashing)
    assert (report.changed, counts(report)) == (("town/a.txt",), (0, 1, 0, 3))
    assert [text for text in hashing.texts if "1907" in text] == hashing.texts
    with index.snapshot() as snapshot:
        assert snapshot.search_words(["1901"], 5) == []
        assert len(snapshot.search_words(["1907"], 5)) == 1


@pytest.mark.slow
def test_edit_of_equal_length_within_the_same_moment_is_noticed(
    folder: Path, index: Index, hashing: HashingEncoder
) -> None:
    index_folder(folder, index, hashing)
    path = folder / "a.txt"
    times = path.stat()
    path.write_text(TEXTS["a.txt"].replace("1901", "1902"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert index_folder(folder, index, hashing).changed == ("town/a.txt",)


@pytest.mark.slow
def test_touched_file_is_not_encoded(folder: Path, index: Index, hashing: HashingEncoder) -> None:
    index_folder(folder, index, hashing)
    calls = hashing.calls
    os.utime(folder / "a.txt", (1, 1))
    assert counts(index_folder(folder, index, hashing)) == (0, 0, 0, 4)
    assert hashing.calls == calls


def test_renamed_file_is_not_encoded(folder: Path, index: Index, hashing: HashingEncoder) -> None:
    index_folder(folder, index, hashing)
    ids = index.store.passage_ids().tolist()
    (folder / "a.txt").rename(folder / "z.txt")
    calls = hashing.calls
    report = index_folder(folder, index, hashing)
    assert (report.added, report.removed) == (("town/z.txt",), ("town/a.txt",))
    assert index.store.passage_ids().tolist() == ids
    assert hashing.calls == calls


def test_report_names_what_was_not_read_of_new_and_changed_files(
    folder: Path, index: Index, hashing: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Leaving(PlainLoader):
        def load_split(self, path: Path, splitting: Splitting) -> Any:
            document, passages = super().load_split(path, splitting)
            left = ("3 pictures",) if path.name == "a.txt" else ()
            return replace(document, not_read=left), passages

    monkeypatch.setattr(indexing, "DocumentLoader", Leaving)
    report = index_folder(folder, index, hashing)
    assert report.not_read == (("town/a.txt", ("3 pictures",)),)
    assert index_folder(folder, index, hashing).not_read == ()
    facts = index.facts("town/a.txt")
    assert facts is not None and facts.not_read == ("3 pictures",)


def test_vanished_file_is_forgotten(folder: Path, index: Index, hashing: HashingEncoder) -> None:
    index_folder(folder, index, hashing)
    (folder / "sub" / "c.html").unlink()
    report = index_folder(folder, index, hashing)
    assert (report.removed, report.unchanged) == (("town/sub/c.html",), 3)
    with index.snapshot() as snapshot:
        assert snapshot.search_words(["ponds"], 5) == []
    assert index.store.damage() == []


def test_identical_files_are_stored_once_under_every_path(
    folder: Path, index: Index, hashing: HashingEncoder
) -> None:
    shutil.copy(folder / "a.txt", folder / "sub" / "copy.txt")
    index_folder(folder, index, hashing)
    paths = [facts.paths for facts in index.store.documents().values()]
    assert ("town/a.txt", "town/sub/copy.txt") in paths
    assert sum("bridge" in text for text in hashing.texts) <= 2
    assert len(index.store.documents()) == 4
    (folder / "a.txt").unlink()
    index_folder(folder, index, hashing)
    assert ("town/sub/copy.txt",) in [facts.paths for facts in index.store.documents().values()]


@pytest.mark.slow
@pytest.mark.parametrize("empty", ["missing", "empty", "nothing to read"])
def test_folder_that_is_gone_loses_nothing(
    folder: Path, index: Index, hashing: HashingEncoder, empty: str
) -> None:
    index_folder(folder, index, hashing)
    before = state(index)
    shutil.rmtree(folder)
    if empty != "missing":
        folder.mkdir()
    if empty == "nothing to read":
        (folder / "a.xyz").write_bytes(b"\x00\x01")
    with pytest.raises(FolderError):
        index_folder(folder, index, hashing)
    assert state(index) == before


def test_folder_that_cannot_be_indexed_leaves_no_index_behind(
    tmp_path: Path, hashing: HashingEncoder
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(FolderError, match=r"can be read; formats read: text, \.txt"):
        open_and_index(tmp_path / "empty", tmp_path / "index", hashing)
    assert not (tmp_path / "index").exists()


@pytest.mark.slow
def test_files_without_a_document_are_named_with_the_reason(
    folder: Path, index: Index, hashing: HashingEncoder
) -> None:
    (folder / "empty.txt").write_text("")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    (folder / "program.exe").write_bytes(b"MZ\0")
    (folder / ".hidden.txt").write_text("x")
    report = index_folder(folder, index, hashing)
    assert {skipped.path: skipped.reason for skipped in report.skipped} == {
        "town/.hidden.txt": "is hidden",
        "town/program.exe": "has an unsupported format (.exe)",
        "town/broken.pdf": "is damaged or not a valid PDF",
        "town/empty.txt": "is empty",
    }
    assert report.documents == 4
    # A second run names them again without reading them again.
    again = index_folder(folder, index, hashing, Limits(seconds=0.0))
    assert again.skipped == report.skipped


def test_file_too_large_is_refused_without_reading_it(
    folder: Path, index: Index, hashing: HashingEncoder
) -> None:
    report = index_folder(folder, index, hashing, Limits(file_bytes=40))
    assert report.documents == 2
    assert all("is larger than" in skipped.reason for skipped in report.skipped), report.skipped


def test_file_changed_while_it_is_read_is_read_again_next_time(
    folder: Path, index: Index, hashing: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = DocumentLoader.load_split

    def load_and_change(self: DocumentLoader, path: Path, splitting: Splitting) -> Any:
        contents = load(self, path, splitting)
        if path.name == "a.txt":
            path.write_text("The bridge was opened much later than they say.")
        return contents

    with monkeypatch.context() as patched:
        patched.setattr(DocumentLoader, "load_split", load_and_change)
        report = index_folder(folder, index, hashing)
    (skipped,) = report.skipped
    assert skipped.reason == "changed while it was read; index the folder again"
    assert index_folder(folder, index, hashing).documents == 4


def test_folders_of_one_name_are_distinguished(
    tmp_path: Path, folder: Path, index: Index, hashing: HashingEncoder
) -> None:
    other = tmp_path / "elsewhere" / "town"
    other.mkdir(parents=True)
    (other / "a.txt").write_text("Another town altogether.")
    index_folder(folder, index, hashing)
    report = index_folder(other, index, hashing)
    assert report.added == ("town (2)/a.txt",)
    assert index_folder(other, index, hashing).unchanged == 1
    assert len(index.store.sources()) == 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "gone"),
    [
        ("town/a.txt", {"town/a.txt"}),
        ("town/sub", {"town/sub/c.html", "town/sub/d.csv"}),
        ("town/sub/", {"town/sub/c.html", "town/sub/d.csv"}),
        ("town", {f"town/{name}" for name in TEXTS}),
        ("ON DISK", {"town/sub/c.html", "town/sub/d.csv"}),
    ],
)
def test_document_or_folder_is_removed_by_name_or_place(
    folder: Path, index: Index, hashing: HashingEncoder, path: str, gone: set[str]
) -> None:
    index_folder(folder, index, hashing)
    wanted = str(folder / "sub") if path == "ON DISK" else path
    assert set(remove(index, [wanted])) == gone
    assert set(index.store.sources()) == {f"town/{name}" for name in TEXTS} - gone
    assert (folder / "a.txt").exists()
    assert index.store.damage() == []


def test_removing_a_missing_document_is_reported(
    folder: Path, index: Index, hashing: HashingEncoder
) -> None:
    index_folder(folder, index, hashing)
    with pytest.raises(IndexMissing, match=r"does not hold town/a\."):
        remove(index, ["town/a"])


def test_moved_folder_keeps_its_name_and_its_passages(
    folder: Path, index: Index, hashing: HashingEncoder
) -> None:
    index_folder(folder, index, hashing)
    whole, calls = state(index), hashing.calls
    moved = folder.rename(folder.parent / "elsewhere")
    # Indexed as a folder of its own meanwhile: that name is given up.
    assert index_folder(moved, index, hashing).name == "elsewhere"
    for old in (str(folder), "town"):
        assert move_folder(index, old, moved) == "town"
    assert index.folders() == {"town": moved}
    assert counts(index_folder(moved, index, hashing)) == (0, 0, 0, 4)
    assert (state(index), hashing.calls) == (whole, calls)
    assert index.store.damage() == []


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        ("sea", "town", IndexMissing, "does not hold the folder sea"),
        ("town", "nowhere", FolderError, "does not exist"),
        ("town", "other", FolderError, "holds none of the documents of town"),
        ("", "town", IndexMissing, "does not hold the folder"),
    ],
)
def test_folder_is_not_moved_to_what_it_is_not(
    folder: Path,
    index: Index,
    hashing: HashingEncoder,
    old: str,
    new: str,
    error: type[Exception],
    message: str,
) -> None:
    index_folder(folder, index, hashing)
    (folder.parent / "other").mkdir()
    (folder.parent / "other" / "a.txt").write_text("Another text.")
    with pytest.raises(error, match=message):
        move_folder(index, old, folder.parent / new)
    assert index.folders() == {"town": folder}
    assert len(index.store.sources()) == 4


def test_other_encoder_is_refused(folder: Path, index: Index, hashing: HashingEncoder) -> None:
    with pytest.raises(IndexMismatch, match=r"made with the encoder hashing .*, not other"):
        index_folder(folder, index, HashingEncoder("other"))


class Stop:
    """Presses Ctrl-C at the n-th report of progress."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, _: IndexingProgress) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize("at", range(9))
def test_interrupted_run_leaves_a_sound_index_and_goes_on(
    folder: Path, tmp_path: Path, at: int
) -> None:
    encoder = HashingEncoder()
    whole = Index.open_or_create(tmp_path / "whole", encoder)
    index_folder(folder, whole, encoder)
    stopped = Index.open_or_create(tmp_path / "stopped", encoder)
    with pytest.raises(KeyboardInterrupt):
        index_folder(folder, stopped, encoder, on_progress=Stop(at))
    assert stopped.store.damage() == []
    with stopped.snapshot() as snapshot:
        assert snapshot.state == stopped.store.header.stamp
    index_folder(folder, stopped, encoder)
    assert state(stopped) == state(whole)
    assert (tmp_path / "stopped" / VECTORS_FILE).exists()
    whole.close()
    stopped.close()


class SlowEncoder(HashingEncoder):
    """Takes ten milliseconds a passage, and presses Ctrl-C after a number of them."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.left = most

    def encode(
        self, texts: Sequence[str], role: Role = "passage", progress: Progress | None = None
    ) -> Vectors:
        for _ in texts:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
            time.sleep(0.01)
        return super().encode(texts, role, progress)


def test_interrupted_run_loses_a_few_seconds_of_encoding_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "COMMIT_SECONDS", 0.2)
    made = tmp_path / "files"
    made.mkdir()
    for number in range(100):
        (made / f"{number:03}.txt").write_text(f"The bridge {number:03} was opened in 1901.")
    encoder = SlowEncoder(80)
    index = Index.open_or_create(tmp_path / "index", encoder)
    monkeypatch.setattr(indexing, "DocumentLoader", PlainLoader)
    with pytest.raises(KeyboardInterrupt):
        index_folder(made, index, encoder)
    kept = list(index.store.sources())
    # One was spent on the dimension; the last batch has as many as fit into a fifth of a second.
    assert 79 - 22 <= len(kept) <= 79
    assert kept == [f"files/{number:03}.txt" for number in range(len(kept))]
    assert index_folder(made, index, HashingEncoder()).unchanged == len(kept)
    index.close()


def test_what_was_read_is_committed_while_a_slow_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "COMMIT_SECONDS", 0.2)
    made = tmp_path / "files"
    made.mkdir()
    for name in ("a", "b", "slow"):
        (made / f"{name}.txt").write_text(f"The bridge {name} was opened in 1901.")
    committed: list[set[str]] = []
    index = Index.open_or_create(tmp_path / "index", HashingEncoder())

    class SlowLoader(PlainLoader):
        def load_split(self, path: Path, splitting: Splitting) -> Any:
            deadline = time.monotonic() + 30
            while path.name == "slow.txt" and not committed:
                assert time.monotonic() < deadline, "nothing was committed meanwhile"
                time.sleep(0.01)
            return super().load_split(path, splitting)

    def note(progress: IndexingProgress) -> None:
        if progress.files_done == 2:
            committed.append(set(Index.open(index.folder).store.sources()))

    monkeypatch.setattr(indexing, "DocumentLoader", SlowLoader)
    assert index_folder(made, index, HashingEncoder(), on_progress=note).documents == 3
    assert committed[0] == {"files/a.txt", "files/b.txt"}
    index.close()


class StoppingEncoder(HashingEncoder):
    """Fails in the middle of its work, as a machine without memory does."""

    def encode(
        self, texts: Sequence[str], role: Role = "passage", progress: Progress | None = None
    ) -> Vectors:
        if any("market" in text for text in texts):
            raise MemoryError
        return super().encode(texts, role, progress)


@pytest.mark.slow
def test_error_in_the_encoder_leaves_a_sound_index(folder: Path, tmp_path: Path) -> None:
    encoder = StoppingEncoder()
    index = Index.open_or_create(tmp_path / "index", encoder)
    with pytest.raises(MemoryError):
        index_folder(folder, index, encoder)
    assert index.store.damage() == []
    assert index_folder(folder, index, HashingEncoder()).documents == 4
    index.close()


def test_next_files_are_read_while_passages_are_encoded(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    load = DocumentLoader.load_split

    def note(self: DocumentLoader, path: Path, splitting: Splitting) -> Any:
        contents = load(self, path, splitting)
        loaded.append(path.name)
        return contents

    class WaitingEncoder(HashingEncoder):
        """Goes on only when the file behind those at hand has been read."""

        def encode(
            self, texts: Sequence[str], role: Role = "passage", progress: Progress | None = None
        ) -> Vectors:
            deadline = time.monotonic() + 30
            while loaded and len(loaded) < 2:
                assert time.monotonic() < deadline, "nothing was read meanwhile"
                time.sleep(0.01)
            return super().encode(texts, role, progress)

    monkeypatch.setattr(DocumentLoader, "load_split", note)
    monkeypatch.setattr(indexing, "BATCH_PASSAGES", 1)
    encoder = WaitingEncoder()
    index = Index.open_or_create(tmp_path / "index", encoder)
    assert index_folder(folder, index, encoder).documents == 4
    assert loaded == ["a.txt", "b.md", "c.html", "d.csv"]
    index.close()


@pytest.mark.slow
def test_ten_thousand_copies_of_a_paragraph_are_indexed_in_bounded_time(tmp_path: Path) -> None:
    encoder = HashingEncoder()
    (tmp_path / "d").mkdir()
    paragraph = "The bridge over the river was opened by the mayor in the spring of 1901. " * 3
    text = "\n\n".join(f"{paragraph}Copy {number}." for number in range(10_000))
    (tmp_path / "d" / "copies.txt").write_text(text)
    started = time.perf_counter()
    index, report = open_and_index(tmp_path / "d", tmp_path / "index", encoder)
    assert report.passages == 10_000
    assert time.perf_counter() - started < 60
    index.close()
