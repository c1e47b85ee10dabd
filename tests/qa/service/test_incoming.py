"""Incoming files are counted as they arrive, and claimed by a token alone."""

import os
import time
from pathlib import Path

import pytest

from qa.service import incoming as module
from qa.service.incoming import FileWriter, IncomingFiles, NoRoom
from qa.settings import UploadLimits

LIMITS = UploadLimits(files=2, file_bytes=1_000, documents=3, total_bytes=1_500)


@pytest.fixture
def incoming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> IncomingFiles:
    monkeypatch.setattr("qa.settings.FORM_BYTES", 0)
    folder = tmp_path / "incoming"
    folder.mkdir()
    return IncomingFiles(folder, LIMITS)


def received(incoming: IncomingFiles, content: bytes, sender: str = "") -> FileWriter:
    writer = incoming.create("a.txt", sender)
    writer.write(content)
    writer.close()
    incoming.make_claimable([writer.token])
    return writer


def test_file_can_be_claimed_once_it_is_complete(incoming: IncomingFiles) -> None:
    writer = incoming.create("a.txt")
    writer.write(b"half")
    assert incoming.claim(writer.token) is None
    writer.close()
    assert incoming.claim(writer.token) is None
    incoming.make_claimable([writer.token])
    path = incoming.claim(writer.token)
    assert path is not None and path.read_bytes() == b"half"
    assert incoming.is_claimed(path) and not incoming.is_claimed(path.parent)
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("token", ["", ".", "..", "/etc/hostname", "x" * 5_000, "\0"])
def test_unknown_token_claims_nothing(incoming: IncomingFiles, token: str) -> None:
    received(incoming, b"x")
    assert incoming.claim(token) is None


def test_bytes_are_counted_as_they_arrive_and_released(incoming: IncomingFiles) -> None:
    first, second = incoming.create("a.txt", "one"), incoming.create("b.txt", "two")
    assert incoming.bytes == 0
    first.write(b"x" * 1_000)
    second.write(b"x" * 1_000)
    third = incoming.create("c.txt", "one")
    with pytest.raises(NoRoom):
        third.write(b"x")
    with pytest.raises(NoRoom):
        incoming.create("d.txt", "three")
    first.abort()
    third.write(b"x" * 1_000)
    second.abort()
    third.abort()
    assert incoming.bytes == 0 and list(incoming.folder.iterdir()) == []


def test_one_sender_has_a_share_of_the_room(tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    limits = UploadLimits(files=1, file_bytes=1_000, documents=10, total_bytes=30_000)
    incoming = IncomingFiles(tmp_path / "incoming", limits)
    greedy = [incoming.create("a.txt", "greedy") for _ in range(5)]
    with pytest.raises(NoRoom):
        incoming.create("a.txt", "greedy")
    other = incoming.create("a.txt", "other")
    other.write(b"x" * 1_000)
    for writer in [*greedy, other]:
        writer.abort()


def test_too_large_file_is_stored_up_to_one_byte_past_the_limit(incoming: IncomingFiles) -> None:
    writer = incoming.create("a.txt")
    for _ in range(100):
        writer.write(b"x" * 100)
    writer.close()
    incoming.make_claimable([writer.token])
    path = incoming.claim(writer.token)
    assert path is not None and path.stat().st_size == LIMITS.file_bytes + 1


def test_unclaimed_and_unknown_files_expire(
    incoming: IncomingFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    claimed, unclaimed = received(incoming, b"x", "one"), received(incoming, b"y", "one")
    path = incoming.claim(claimed.token)
    assert path is not None
    unfinished = incoming.create("unfinished.txt")
    (incoming.folder / "stray").write_bytes(b"")
    (incoming.folder / "new").write_bytes(b"")
    os.utime(incoming.folder / "stray", (time.time() - module.UNKNOWN_SECONDS - 1,) * 2)
    now = module.UNCLAIMED_SECONDS + 1
    incoming.remove_expired()
    left = {entry.name for entry in incoming.folder.iterdir()}
    assert left == {claimed.token, unfinished.token, "new"} and not incoming.claim(unclaimed.token)
    now = 10 * module.CLAIMED_SECONDS
    # Of a form of several files the first waits until the last has come.
    unfinished.close()
    incoming.remove_expired()
    incoming.make_claimable([unfinished.token])
    assert not path.exists() and incoming.claim(unfinished.token) is not None


def test_paths_of_others_are_left_alone(incoming: IncomingFiles, tmp_path: Path) -> None:
    other = tmp_path / received(incoming, b"x").token / "a.txt"
    other.parent.mkdir()
    other.write_text("kept")
    incoming.discard([other, tmp_path])
    assert other.read_text() == "kept" and incoming.bytes == 1
