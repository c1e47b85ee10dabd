"""Files on their way: counted as they come, and asked for by a token alone."""

import os
import time
from pathlib import Path

import pytest

from qa.settings import UploadLimits
from qa.web import incoming as module
from qa.web.incoming import Arrival, Incoming, NoRoom

LIMITS = UploadLimits(files=2, file_bytes=1_000, documents=3, total_bytes=1_500)


@pytest.fixture
def incoming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Incoming:
    monkeypatch.setattr("qa.settings.FORM_BYTES", 0)
    folder = tmp_path / "incoming"
    folder.mkdir()
    return Incoming(folder, LIMITS)


def arrived(incoming: Incoming, content: bytes, sender: str = "") -> Arrival:
    arrival = incoming.begin("a.txt", sender)
    arrival.write(content)
    arrival.finish()
    incoming.announce([arrival.token])
    return arrival


def test_file_is_there_once_it_is_whole(incoming: Incoming) -> None:
    arrival = incoming.begin("a.txt")
    arrival.write(b"half")
    assert incoming.ask_for(arrival.token) is None
    arrival.finish()
    assert incoming.ask_for(arrival.token) is None
    incoming.announce([arrival.token])
    path = incoming.ask_for(arrival.token)
    assert path is not None and path.read_bytes() == b"half"
    assert incoming.is_asked_for(path) and not incoming.is_asked_for(path.parent)
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("token", ["", ".", "..", "/etc/hostname", "x" * 5_000, "\0"])
def test_token_that_nobody_was_told_names_nothing(incoming: Incoming, token: str) -> None:
    arrived(incoming, b"x")
    assert incoming.ask_for(token) is None


def test_bytes_are_counted_as_they_come_and_given_back(incoming: Incoming) -> None:
    first, second = incoming.begin("a.txt", "one"), incoming.begin("b.txt", "two")
    assert incoming.bytes == 0
    first.write(b"x" * 1_000)
    second.write(b"x" * 1_000)
    third = incoming.begin("c.txt", "one")
    with pytest.raises(NoRoom):
        third.write(b"x")
    with pytest.raises(NoRoom):
        incoming.begin("d.txt", "three")
    first.abandon()
    third.write(b"x" * 1_000)
    second.abandon()
    third.abandon()
    assert incoming.bytes == 0 and list(incoming.folder.iterdir()) == []


def test_one_sender_has_a_share_of_the_room(tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    limits = UploadLimits(files=1, file_bytes=1_000, documents=10, total_bytes=30_000)
    incoming = Incoming(tmp_path / "incoming", limits)
    greedy = [incoming.begin("a.txt", "greedy") for _ in range(5)]
    with pytest.raises(NoRoom):
        incoming.begin("a.txt", "greedy")
    other = incoming.begin("a.txt", "other")
    other.write(b"x" * 1_000)
    for arrival in [*greedy, other]:
        arrival.abandon()


def test_of_a_file_that_is_too_large_one_byte_too_many_is_kept(incoming: Incoming) -> None:
    arrival = incoming.begin("a.txt")
    for _ in range(100):
        arrival.write(b"x" * 100)
    arrival.finish()
    incoming.announce([arrival.token])
    path = incoming.ask_for(arrival.token)
    assert path is not None and path.stat().st_size == LIMITS.file_bytes + 1


def test_what_nobody_asks_for_or_knows_of_is_removed_in_time(
    incoming: Incoming, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    asked, unasked = arrived(incoming, b"x", "one"), arrived(incoming, b"y", "one")
    path = incoming.ask_for(asked.token)
    assert path is not None
    coming = incoming.begin("coming.txt")
    (incoming.folder / "stray").write_bytes(b"")
    (incoming.folder / "new").write_bytes(b"")
    os.utime(incoming.folder / "stray", (time.time() - module.STRAY_SECONDS - 1,) * 2)
    now = module.UNASKED_SECONDS + 1
    incoming.clear()
    left = {each.name for each in incoming.folder.iterdir()}
    assert left == {asked.token, coming.token, "new"} and not incoming.ask_for(unasked.token)
    now = 10 * module.FORGOTTEN_SECONDS
    # Of a form of several files the first waits until the last has come.
    coming.finish()
    incoming.clear()
    incoming.announce([coming.token])
    assert not path.exists() and incoming.ask_for(coming.token) is not None


def test_paths_of_others_are_left_alone(incoming: Incoming, tmp_path: Path) -> None:
    other = tmp_path / arrived(incoming, b"x").token / "a.txt"
    other.parent.mkdir()
    other.write_text("kept")
    incoming.drop([other, tmp_path])
    assert other.read_text() == "kept" and incoming.bytes == 1
