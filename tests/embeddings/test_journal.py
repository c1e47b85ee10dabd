"""A file at which a run was killed is set aside by the next one; everything else is indexed."""

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from embeddings.errors import IndexNotWritable
from embeddings.index.index import Index
from embeddings.indexing import index_folder
from embeddings.indexing_report import IndexingReport
from embeddings.journal import JOURNAL_FILE, SET_ASIDE, IndexingJournal
from tests.builders import HashingEncoder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")

# The process that indexes ends as a machine without memory ends it, at the word "killer".
RUN = """
    import os, signal, sys, threading
    from pathlib import Path
    from embeddings import indexing
    from embeddings.files import loading
    from embeddings.index.index import Index
    from tests.builders import HashingEncoder

    folder, place, step, sign = sys.argv[1:]
    number = getattr(signal, sign)
    if number == signal.SIGINT:  # Ignored where the tests themselves run in the background.
        signal.signal(number, signal.default_int_handler)
    def die():
        os.kill(os.getpid(), number)
        if number != signal.SIGKILL:
            threading.Event().wait(0.1)  # Until the main thread has seen it.
    class Dying(HashingEncoder):
        def encode(self, texts, role="passage", progress=None):
            if step == "encoding" and any("killer" in text for text in texts):
                die()
            return super().encode(texts, role, progress)
    if step == "reading":
        passages_of = loading.passages_of
        def dying(document, sections):
            if "killer" in document.text:
                die()
            return passages_of(document, sections)
        loading.passages_of = dying
    encoder = Dying()
    index = Index.open_or_create(Path(place), encoder)
    indexing.index_folder(Path(folder), index, encoder)
"""


def run(folder: Path, place: Path, step: str, sign: str = "SIGKILL") -> int:
    command = [sys.executable, "-c", textwrap.dedent(RUN), str(folder), str(place), step, sign]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "Traceback" not in done.stderr or sign != "SIGKILL", done.stderr
    return done.returncode


@pytest.fixture
def folder(reports: Path) -> Path:
    for number in (6, 7):
        (reports / f"{number}.txt").write_text(f"Report {number} tells of aid.")
    return reports


def reasons(report: IndexingReport) -> dict[str, str]:
    return {each.path: each.reason for each in report.skipped}


def kill_while_reading(folder: Path, index: Index) -> None:
    (folder / "4.txt").write_text("The killer report.")
    assert run(folder, index.folder, "reading") == -signal.SIGKILL


@pytest.mark.slow
def test_file_being_read_is_set_aside_and_all_others_are_indexed(
    folder: Path, index: Index, hashing: HashingEncoder
) -> None:
    kill_while_reading(folder, index)
    for _ in range(3):  # It is not tried at any later start either.
        report = index_folder(folder, index, hashing)
        assert (report.documents, reasons(report)) == (7, {"docs/4.txt": SET_ASIDE})
    assert not (index.folder / JOURNAL_FILE).exists()
    assert index.store.damage() == []
    report = index_folder(folder, index, hashing, retry=True)
    assert (report.added, report.skipped) == (("docs/4.txt",), ())
    assert index_folder(folder, index, hashing).unchanged == 8


@pytest.mark.slow
def test_large_file_being_encoded_is_set_aside_at_once(
    folder: Path, index: Index, hashing: HashingEncoder
) -> None:
    (folder / "4.txt").write_text("\n\n".join(["The killer report. " * 30] * 600))
    assert run(folder, index.folder, "encoding") == -signal.SIGKILL
    assert run(folder, index.folder, "encoding") == 0
    report = index_folder(folder, index, hashing)
    # So may be the file that was read meanwhile; no other.
    aside = reasons(report)
    assert aside.pop("docs/4.txt") == SET_ASIDE
    assert len(aside) <= 1 and set(aside.values()) <= {SET_ASIDE}
    assert report.documents == 7 - len(aside)
    report = index_folder(folder, index, hashing, retry=True)
    assert (report.documents, report.skipped) == (8, ())


@pytest.mark.slow
def test_of_several_files_being_encoded_the_one_is_found(
    folder: Path, index: Index, hashing: HashingEncoder
) -> None:
    (folder / "4.txt").write_text("The killer report.")
    assert run(folder, index.folder, "encoding") == -signal.SIGKILL
    assert index.store.sources() == {}
    # None is accused for what another did: each of them is tried by itself, those before it
    # are committed.
    assert run(folder, index.folder, "encoding") == -signal.SIGKILL
    assert len(index.store.sources()) >= 4
    assert run(folder, index.folder, "encoding") == 0
    report = index_folder(folder, index, hashing)
    assert (report.unchanged, reasons(report)) == (7, {"docs/4.txt": SET_ASIDE})


def test_changed_file_is_read_again(folder: Path, index: Index, hashing: HashingEncoder) -> None:
    kill_while_reading(folder, index)
    index_folder(folder, index, hashing)
    (folder / "4.txt").write_text("The mended report.")
    report = index_folder(folder, index, hashing)
    assert (report.added, report.skipped) == (("docs/4.txt",), ())


@pytest.mark.slow
@pytest.mark.parametrize("told", [False, True], ids=["at the next start", "later"])
def test_file_is_known_by_its_content(
    folder: Path, index: Index, hashing: HashingEncoder, tmp_path: Path, told: bool
) -> None:
    kill_while_reading(folder, index)
    if told:
        index_folder(folder, index, hashing)
    other = tmp_path / "other"
    other.mkdir()
    (other / "same.txt").write_text("The killer report.")
    (other / "better.txt").write_text("Another report.")
    (folder / "4.txt").rename(folder / "renamed.txt")
    os.utime(folder / "renamed.txt", (5, 5))
    (folder / "0.txt").write_text("The killer report.")
    report = index_folder(other, index, hashing)
    assert (report.documents, reasons(report)) == (1, {"other/same.txt": SET_ASIDE})
    report = index_folder(folder, index, hashing)
    aside = {"docs/0.txt": SET_ASIDE, "docs/renamed.txt": SET_ASIDE}
    assert (report.documents, reasons(report)) == (6, aside)
    # In another format it is read by another reader.
    (folder / "renamed.txt").rename(folder / "renamed.md")
    report = index_folder(folder, index, hashing)
    assert reasons(report) == {"docs/0.txt": SET_ASIDE}
    assert index_folder(folder, index, hashing, retry=True).skipped == ()
    assert index_folder(other, index, hashing, retry=True).skipped == ()
    assert index.store.damage() == []


@pytest.mark.parametrize("sign", ["SIGTERM", "SIGHUP", "SIGINT"])
@pytest.mark.parametrize("step", ["reading", "encoding"])
def test_orderly_end_accuses_nobody(
    folder: Path, index: Index, hashing: HashingEncoder, sign: str, step: str
) -> None:
    (folder / "4.txt").write_text("The killer report.")
    code = run(folder, index.folder, step, sign)
    number = getattr(signal, sign)
    assert code in (128 + number, -number)
    assert not (index.folder / JOURNAL_FILE).exists()
    report = index_folder(folder, index, hashing)
    assert (report.documents, report.skipped) == (8, ())


@pytest.mark.slow
def test_process_that_ends_while_a_thread_indexes_accuses_nobody(
    folder: Path, index: Index, hashing: HashingEncoder
) -> None:
    program = """
        import sys, threading
        from pathlib import Path
        from embeddings.index.index import Index
        from embeddings.indexing import index_folder
        from tests.builders import HashingEncoder
        reached = threading.Event()
        class Waiting(HashingEncoder):
            def encode(self, texts, role="passage", progress=None):
                reached.set()
                threading.Event().wait()
        folder, place = map(Path, sys.argv[1:])
        index = Index.open(place)
        asked = (folder, index, Waiting())
        threading.Thread(target=index_folder, args=asked, daemon=True).start()
        assert reached.wait(60)
        assert (place / "reading.json").exists()
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(folder), str(index.folder)]
    subprocess.run(command, check=True)
    assert not (index.folder / JOURNAL_FILE).exists()
    assert index_folder(folder, index, hashing).documents == 8


@pytest.mark.parametrize(
    "written",
    ["", "{", "[]", '{"sole_suspects": 7}', '{"sole_suspects": [[1]]}', "\xff", "[" * 100_000],
    ids=range(7),
)
def test_what_was_written_by_others_accuses_nobody(
    folder: Path, index: Index, hashing: HashingEncoder, written: str
) -> None:
    (index.folder / JOURNAL_FILE).write_bytes(written.encode("latin-1"))
    report = index_folder(folder, index, hashing)
    assert (report.documents, report.skipped) == (8, ())
    assert not (index.folder / JOURNAL_FILE).exists()


def test_no_file_is_suspected_where_the_journal_cannot_be_deleted(
    folder: Path, index: Index, hashing: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = Path.unlink

    def refused(path: Path, missing_ok: bool = False) -> None:
        if path.name == JOURNAL_FILE:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(IndexNotWritable, match=r"cannot be written \(Permission denied\)"):
        index_folder(folder, index, hashing)
    assert [source for source in index.store.sources().values() if source.problem] == []


def test_journal_lists_only_what_is_in_work(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL_FILE
    one, two, three = ("1", "PDF"), ("2", "PDF"), ("3", "text file")

    def written() -> object:
        return json.loads(path.read_text()) if path.exists() else None

    with IndexingJournal(tmp_path) as journal:
        assert written() is None
        with journal.reading(one):
            assert written() == {"sole_suspects": [list(one)], "joint_suspects": []}
            with journal.encoding([two, three]):
                assert written() == {
                    "sole_suspects": [list(one)],
                    "joint_suspects": [list(two), list(three)],
                }
        assert written() is None
        with journal.encoding([two]):
            assert written() == {"sole_suspects": [list(two)], "joint_suspects": []}
            assert path.stat().st_mode & 0o777 == 0o600
            left = path.read_text()
    path.write_text(left)
    with IndexingJournal(tmp_path) as journal:
        assert journal.sole_suspects == {two}
        with journal.reading(one):
            pass
    assert written() == {"sole_suspects": [list(two)], "joint_suspects": []}
    with IndexingJournal(tmp_path) as journal:
        journal.complete(two)
        assert written() is None
        journal.end()
        with journal.reading(three):
            assert written() is None
