"""One process at a time writes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from embeddings.errors import (
    IndexLocked,
)
from embeddings.index.index import Index
from embeddings.index.writer_lock import LOCK_FILE, writer_lock
from embeddings.indexing import index_folder
from tests.embeddings.index.builders import ENCODER, check, drop, hits

HOLD = """
import sys, time
from pathlib import Path
from embeddings.index.index import Index
from embeddings.index.writer_lock import writer_lock
from tests.embeddings.index.builders import add
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


def test_second_writer_gets_the_name_of_the_first_and_readers_go_on(
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
