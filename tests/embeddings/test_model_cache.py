"""What was made once is found again whole, or made anew."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from embeddings.errors import NotConvertible
from embeddings.model_cache import kept


def write(folder: Path) -> None:
    (folder / "model").write_bytes(b"weights")


def test_is_made_once(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        write(folder)

    for _ in range(3):
        folder = kept("key", make, tmp_path)
        assert (folder / "model").read_bytes() == b"weights"
    assert len(made) == 1
    assert kept("other", make, tmp_path) != folder
    assert len(made) == 2


@pytest.mark.parametrize("harm", ["flip", "remove", "no sums", "empty sums"])
def test_damage_is_made_good(tmp_path: Path, harm: str) -> None:
    folder = kept("key", write, tmp_path)
    if harm == "flip":
        (folder / "model").write_bytes(b"weightz")
    elif harm == "remove":
        (folder / "model").unlink()
    elif harm == "no sums":
        (folder / "SHA256SUMS").unlink()
    else:
        (folder / "SHA256SUMS").write_text("")
    assert (kept("key", write, tmp_path) / "model").read_bytes() == b"weights"


def test_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        write(folder)
        raise ValueError("no such model")

    with pytest.raises(ValueError, match="no such model"):
        kept("key", fail, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    assert (kept("key", write, tmp_path) / "model").is_file()


def test_refusal_is_remembered(tmp_path: Path) -> None:
    asked: list[Path] = []

    def refuse(folder: Path) -> None:
        asked.append(folder)
        write(folder)
        raise NotConvertible("no graph can say it")

    for _ in range(2):
        with pytest.raises(NotConvertible, match="no graph can say it"):
            kept("key", refuse, tmp_path)
    assert len(asked) == 1
    assert sorted(path.name for path in (tmp_path / "key").iterdir()) == ["REFUSED", "SHA256SUMS"]


PROGRAM = """
import sys, time
from pathlib import Path
from embeddings.model_cache import kept

def make(folder):
    with (Path(sys.argv[1]) / "made").open("a") as file:
        file.write("x")
    (folder / "model").write_bytes(b"half")
    time.sleep(float(sys.argv[2]))
    (folder / "model").write_bytes(b"weights")

print((kept("key", make, Path(sys.argv[1]) / "cache") / "model").read_text())
"""


def start(folder: Path, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", PROGRAM, str(folder), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.01)


def test_of_two_processes_the_second_waits_for_the_first(tmp_path: Path) -> None:
    both = [start(tmp_path, 0.5) for _ in range(2)]
    assert [one.communicate(timeout=60)[0] for one in both] == ["weights\n"] * 2
    assert (tmp_path / "made").read_text() == "x"


def test_process_killed_in_the_middle_leaves_nothing_that_passes_for_whole(tmp_path: Path) -> None:
    killed = start(tmp_path, 60)
    wait_for(tmp_path / "cache" / "key.new" / "model")
    killed.kill()
    killed.communicate()
    after = start(tmp_path, 0)
    assert after.communicate(timeout=60)[0] == "weights\n"
    assert not (tmp_path / "cache" / "key.new").exists()
