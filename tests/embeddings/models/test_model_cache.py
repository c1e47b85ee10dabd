"""What was made once is found again whole, or made anew."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from embeddings.errors import NotConvertible
from embeddings.models import model_cache
from embeddings.models.conversion import conversion_errors
from embeddings.models.model_cache import cached, load_converted


def write(folder: Path) -> None:
    (folder / "model").write_bytes(b"weights")


def test_is_made_once(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        write(folder)

    for _ in range(3):
        folder = cached("key", make, tmp_path)
        assert (folder / "model").read_bytes() == b"weights"
    assert len(made) == 1
    assert cached("other", make, tmp_path) != folder
    assert len(made) == 2


@pytest.mark.parametrize("harm", ["flip", "remove", "no sums", "empty sums"])
def test_damage_is_made_good(tmp_path: Path, harm: str) -> None:
    folder = cached("key", write, tmp_path)
    if harm == "flip":
        (folder / "model").write_bytes(b"weightz")
    elif harm == "remove":
        (folder / "model").unlink()
    elif harm == "no sums":
        (folder / "SHA256SUMS").unlink()
    else:
        (folder / "SHA256SUMS").write_text("")
    assert (cached("key", write, tmp_path) / "model").read_bytes() == b"weights"


def test_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        write(folder)
        raise ValueError("no such model")

    with pytest.raises(ValueError, match="no such model"):
        cached("key", fail, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    assert (cached("key", write, tmp_path) / "model").is_file()


def test_refusal_is_remembered(tmp_path: Path) -> None:
    asked: list[Path] = []

    def refuse(folder: Path) -> None:
        asked.append(folder)
        write(folder)
        raise NotConvertible("no graph can say it")

    for _ in range(2):
        with pytest.raises(NotConvertible, match="no graph can say it"):
            cached("key", refuse, tmp_path)
    assert len(asked) == 1
    assert sorted(path.name for path in (tmp_path / "key").iterdir()) == ["REFUSED", "SHA256SUMS"]


def test_other_versions_of_a_kind_are_removed(tmp_path: Path) -> None:
    for key in ("encoder-1-aa", "encoder-2-aa", "reader-1-aa", "encoder-2-bb"):
        cached(key, write, tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir() if path.is_dir())
    assert left == ["encoder-2-aa", "encoder-2-bb", "reader-1-aa"]


@pytest.mark.parametrize("by", ["itself", "a library that does not say so"])
def test_full_disk_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    def fill(folder: Path) -> None:
        write(folder)
        with conversion_errors():
            if by == "itself":
                raise OSError(28, "No space left on device")
            raise RuntimeError("Protobuf serialization failed")

    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _: usage)
        with pytest.raises(OSError, match="No space left on device"):
            cached("key", fill, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    assert (cached("key", write, tmp_path) / "model").is_file()


def serve(cache: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    def weights(folder: Path) -> bytes:
        return (folder / "model").read_bytes()

    monkeypatch.setattr(model_cache, "CACHE", cache)
    return load_converted("reader", "key", write, weights, lambda: b"as it was", "more slowly")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is read-only for root"
)
def test_read_only_cache_is_a_sentence_and_a_model_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tmp_path.chmod(0o555)
    try:
        assert serve(tmp_path / "models", monkeypatch) == b"as it was"
    finally:
        tmp_path.chmod(0o755)
    assert f"The reader runs more slowly: it cannot be converted and cached in {tmp_path}" in (
        caplog.text
    )


def test_cache_that_cannot_be_written_is_a_sentence_and_a_model_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "models")

    with monkeypatch.context() as closed:
        closed.setattr(Path, "mkdir", refuse)
        assert serve(tmp_path / "models", monkeypatch) == b"as it was"
    assert f"The reader runs more slowly: it cannot be converted and cached in {tmp_path}" in (
        caplog.text
    )
    assert "Permission denied" in caplog.text


def test_cached_model_is_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert serve(tmp_path, monkeypatch) == b"weights"

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "models")

    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(model_cache, "FileLock", refuse)
    assert serve(tmp_path, monkeypatch) == b"weights"


PROGRAM = """
import sys, time
from pathlib import Path
from embeddings.models.model_cache import cached

def make(folder):
    with (Path(sys.argv[1]) / "made").open("a") as file:
        file.write("x")
    (folder / "model").write_bytes(b"half")
    time.sleep(float(sys.argv[2]))
    (folder / "model").write_bytes(b"weights")

print((cached("key", make, Path(sys.argv[1]) / "cache") / "model").read_text())
"""


def start(folder: Path, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", PROGRAM, str(folder), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.01)


@pytest.mark.slow
def test_of_two_processes_the_second_waits_for_the_first(tmp_path: Path) -> None:
    both = [start(tmp_path, 0.5) for _ in range(2)]
    assert [process.communicate(timeout=60)[0] for process in both] == ["weights\n"] * 2
    assert (tmp_path / "made").read_text() == "x"


def test_process_killed_in_the_middle_leaves_nothing_that_passes_for_whole(tmp_path: Path) -> None:
    killed = start(tmp_path, 60)
    wait_for(tmp_path / "cache" / "key.new" / "model")
    killed.kill()
    killed.communicate()
    after = start(tmp_path, 0)
    assert after.communicate(timeout=60)[0] == "weights\n"
    assert not (tmp_path / "cache" / "key.new").exists()
