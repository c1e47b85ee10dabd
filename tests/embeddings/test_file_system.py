"""What is kept is its owner's alone, whatever the umask."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from embeddings.file_system import open_regular_file, private_file, private_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="only POSIX has such modes")

PROGRAM = """
import os, sys
from pathlib import Path
os.umask(int(sys.argv[2], 8))
from embeddings.index.index import Index
from embeddings.index.writer_lock import writer_lock
from embeddings.indexing import index_folder
from tests.embeddings.test_file_system import modes
from tests.builders import HashingEncoder
place = Path(sys.argv[1])
index = Index.open_or_create(place / "new" / "index", HashingEncoder())
index_folder(place / "docs", index, HashingEncoder())
# Its log lies beside the database while a transaction is committed and not merged.
with writer_lock(index.folder), index.store.transaction():
    index.store.put_folder("another", Path("/another"))
for path, mode in modes(place / "new").items():
    print(path, oct(mode))
"""


def modes(folder: Path) -> dict[str, int]:
    """Permissions of a folder and all that is inside it, by path inside it."""
    there = [folder, *folder.rglob("*")]
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in there}


@pytest.mark.slow
@pytest.mark.parametrize("umask", ["000", "022", "077"])
def test_nobody_else_can_read_an_index(tmp_path: Path, umask: str) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("The bridge was opened in 1901.")
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), umask]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    reported = dict(line.split() for line in done.stdout.splitlines())
    inside = "commits faiss sqlite sqlite-shm sqlite-wal".split()
    files = [f"library.{kind}" for kind in inside] + ["writer.lock", "writer.lock.owner"]
    assert reported == {".": "0o700", "index": "0o700"} | {
        f"index/{file}": "0o600" for file in files
    }


def test_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    private_folder(tmp_path)
    private_folder(tmp_path / "a" / "b")
    assert modes(tmp_path) == {".": 0o755, "a": 0o700, "a/b": 0o700}


def test_file_that_is_there_keeps_its_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("kept")
    (tmp_path / "a").chmod(0o644)
    private_file(tmp_path / "a")
    assert (tmp_path / "a").read_text() == "kept"
    assert modes(tmp_path)["a"] == 0o600


def test_file_elsewhere_is_not_changed_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / "elsewhere").chmod(0o644)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        private_file(tmp_path / "link")
    assert modes(tmp_path)["elsewhere"] == 0o644


def test_only_plain_files_are_opened_and_nobody_waits(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "missing", Path("/dev/zero")):
        with pytest.raises(OSError):
            open_regular_file(path)
