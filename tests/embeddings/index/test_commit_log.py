"""What was committed is stored, or reported by name as missing."""

import logging
import os
import random
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from embeddings.errors import IndexDamaged
from embeddings.folders import remove
from embeddings.index.commit_log import Commit, CommitLog, missing_changes
from embeddings.index.index import STORE_FILE, Index
from embeddings.indexing import open_and_index
from tests.builders import HashingEncoder
from tests.embeddings.test_indexing import state

LOG = f"{STORE_FILE}-wal"
FLIPS = int(os.environ.get("CHAPTER_AND_VERSE_FLIP_TRIALS", "40"))

# Killed once the last document is acknowledged, before its log is merged into the database.
WORKER = """
import os, signal, sys
from pathlib import Path
from embeddings import indexing
from tests.builders import PlainLoader
from tests.builders import HashingEncoder

indexing.DocumentLoader = PlainLoader
indexing.BATCH_PASSAGES = 1
folder, place = map(Path, sys.argv[1:3])
def report(now):
    if now.files_done == now.files:
        os.kill(os.getpid(), signal.SIGKILL)
indexing.open_and_index(folder, place, HashingEncoder(), on_progress=report)
"""


def index_and_die(folder: Path, place: Path) -> None:
    command = [sys.executable, "-c", WORKER, str(folder), str(place)]
    died = subprocess.run(command, capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr


def write(folder: Path, *numbers: int, year: int = 1900) -> None:
    folder.mkdir(exist_ok=True)
    for number in numbers:
        (folder / f"{number}.txt").write_text(f"House {number} was built in {year + number}.")


def index_and_close(folder: Path, place: Path) -> None:
    open_and_index(folder, place, HashingEncoder())[0].close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "town", *range(4))
    return tmp_path / "town"


@pytest.fixture
def place(folder: Path, tmp_path: Path) -> Path:
    """An index whose last changes are in its log alone: nine added, one changed, one removed."""
    place = tmp_path / "index"
    index_and_close(folder, place)
    write(folder, *range(4, 13))
    write(folder, 1, year=1800)
    index_and_die(folder, place)
    assert (place / LOG).stat().st_size > 100_000
    return place


def names(numbers: range) -> set[str]:
    return {f"town/{number}.txt" for number in numbers}


@pytest.mark.slow
@pytest.mark.timeout(300 + FLIPS)
def test_no_flipped_bit_of_the_log_takes_back_what_was_committed_unnoticed(
    folder: Path, place: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(Index.open(copy_of(place, tmp_path / "sound"))) as sound:
        expected = state(sound)
    assert set(expected) == names(range(13))
    content = (place / LOG).read_bytes()
    chance = random.Random(9)
    noticed = 0
    for trial in range(FLIPS):
        corrupted = bytearray(content)
        # All over the log, its header and frames' headers too.
        bit = 8 * (trial * len(content) // FLIPS) + chance.randrange(8 * 600)
        corrupted[bit // 8] ^= 1 << bit % 8
        copy = copy_of(place, tmp_path / f"copy-{trial}")
        (copy / LOG).write_bytes(corrupted)
        with closing(Index.open_or_create(copy, HashingEncoder())) as opened:
            missing = {path for path, held in expected.items() if state(opened).get(path) != held}
            damage = opened.store.damage()
        if not missing:
            assert damage == [], f"bit {bit}"
            Index.open(copy).close()
            continue
        noticed += 1
        assert {line.split()[0] for line in damage} == missing, f"bit {bit}"
        with pytest.raises(IndexDamaged, match="has lost committed changes to town/"):
            Index.open(copy)
        with caplog.at_level(logging.WARNING), closing(open_again(folder, copy)) as again:
            assert all(path in caplog.text for path in missing)
            assert state(again) == expected
            assert again.store.damage() == []
        Index.open(copy).close()
        shutil.rmtree(copy)
    assert noticed > FLIPS // 2, noticed


def copy_of(place: Path, to: Path) -> Path:
    shutil.copytree(place, to)
    # A new process makes it from the log.
    (to / f"{STORE_FILE}-shm").unlink()
    return to


def open_again(folder: Path, place: Path) -> Index:
    return open_and_index(folder, place, HashingEncoder(), retry=True)[0]


def test_deleted_log_is_noticed_and_names_what_was_in_it(folder: Path, place: Path) -> None:
    (place / LOG).unlink()
    with pytest.raises(IndexDamaged) as caught:
        Index.open(place)
    # In the order in which they were committed; the file that was changed comes with the others.
    assert str(caught.value).startswith(
        f"The index at {place} is damaged: library.sqlite has lost committed changes to town/"
    )
    assert str(caught.value).endswith(
        " and 5 more. Index the folders again that hold these documents."
    )
    (folder / "7.txt").unlink()
    index_and_close(folder, place)
    with closing(Index.open(place)) as index:
        assert set(index.store.sources()) == names(range(13)) - {"town/7.txt"}


def test_what_another_folder_has_lost_is_missing_until_it_is_indexed(
    folder: Path, place: Path, tmp_path: Path
) -> None:
    (place / LOG).unlink()
    write(tmp_path / "village", 99)
    index_and_close(tmp_path / "village", place)
    with pytest.raises(IndexDamaged, match=r"lost committed changes to town/"):
        Index.open(place)
    index_and_close(folder, place)
    Index.open(place).close()


def test_removal_that_the_log_has_lost_is_named(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "index"
    index_and_close(folder, place)
    before = (place / STORE_FILE).read_bytes()
    with closing(Index.open(place)) as index:
        remove(index, ["town/2.txt"])
    (place / STORE_FILE).write_bytes(before)
    commits = CommitLog(place / STORE_FILE)
    (base,) = commits.read()
    commits.reset(Commit(base.library, base.generation - 1, "0" * 32))
    commits.append(replace(base, changes=(("town/2.txt", None),)))
    with closing(Index.open_or_create(place, HashingEncoder())) as index:
        assert [line for line in index.store.damage() if "2.txt" in line] == [
            "town/2.txt had been removed and is back; index its folder again."
        ]


def test_database_put_back_without_its_commits_is_noticed(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "index"
    write(tmp_path / "village", 99)
    index_and_close(folder, place)
    index_and_close(tmp_path / "village", place)
    before = (place / STORE_FILE).read_bytes()
    write(folder, 20)
    index_and_close(folder, place)
    (place / STORE_FILE).write_bytes(before)
    with pytest.raises(IndexDamaged, match="has lost committed changes to town/, village/"):
        Index.open(place)
    index_and_close(folder, place)
    with pytest.raises(IndexDamaged, match=r"has lost committed changes to village/\."):
        Index.open(place)
    index_and_close(tmp_path / "village", place)
    with closing(Index.open(place)) as index:
        assert "town/20.txt" in index.store.sources()


def test_after_indexing_the_log_is_empty_and_the_commit_log_holds_the_base_alone(
    folder: Path, place: Path
) -> None:
    assert len(CommitLog(place / STORE_FILE).read()) > 9
    with closing(open_again(folder, place)) as index:
        assert (place / LOG).stat().st_size == 0
        header = index.store.header
        base = [Commit(header.library, header.generation, header.stamp)]
        assert CommitLog(place / STORE_FILE).read() == base
        remove(index, ["town/3.txt"])
        assert (place / LOG).stat().st_size == 0
        assert CommitLog(place / STORE_FILE).read() != base
        assert index.store.damage() == []


def test_database_may_be_ahead_of_the_commit_log(folder: Path, place: Path) -> None:
    path = CommitLog(place / STORE_FILE).path
    content = path.read_bytes()
    for corrupted in (
        content[:-1],
        content[: content.rindex(b"\n") + 20],
        content[: content.rindex(b"\n")],
        b"",
    ):
        path.write_bytes(corrupted)
        Index.open(place).close()
    path.unlink()
    Index.open(place).close()
    os.mkfifo(path)
    Index.open(place).close()


def test_line_cut_off_by_a_kill_damages_no_other(tmp_path: Path) -> None:
    commits = CommitLog(tmp_path / "library.sqlite")
    base, first, second = (Commit("a", number, str(number)) for number in range(3))
    commits.reset(base)
    commits.append(first)
    commits.path.write_bytes(commits.path.read_bytes()[:-7])
    commits.append(second)
    assert commits.read() == [base, second]


def test_missing_changes_are_those_of_missing_commits() -> None:
    commits = [
        Commit("a", 4, "four", (("lost before", "1"), ("found again", "1"))),
        Commit("a", 5, "five", (("there", "2"), ("found again", "2"))),
        Commit("a", 6, "six", (("lost", "3"),)),
        Commit("a", 7, "seven", (("lost", "4"), ("gone", None))),
    ]

    def missing(library: str, generation: int, stamp: str) -> dict[str, str | None]:
        return missing_changes(commits, Commit(library, generation, stamp))

    assert missing("a", 5, "five") == {"lost before": "1", "lost": "4", "gone": None}
    assert missing("a", 5, "another") == {
        "lost before": "1", "found again": "2", "there": "2", "lost": "4", "gone": None,
    }  # fmt: skip
    assert missing("a", 8, "eight") == {"lost before": "1"}
    assert missing("another library", 1, "one") == {}
    assert missing_changes([], Commit("a", 1, "one")) == {}
