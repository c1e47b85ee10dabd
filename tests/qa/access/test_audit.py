"""The audit log holds whole lines, one for what was done, whoever writes at the same time."""

import json
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.access.audit import KEPT_FILES, MAX_NAME_CHARACTERS, NAMES_IN_LINE, AuditLog


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def test_line_says_who_did_what_when(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "index")
    log.write("key:uploads", "add", ["docs/a.pdf", "docs/b.pdf"])
    log.write("command line", "key-revoked", "uploads", "there is none")
    assert log.path == tmp_path / "index.audit.jsonl"
    assert log.path.stat().st_mode & 0o777 == 0o600
    first, second = read(log.path)
    assert first.pop("at").startswith(time.strftime("%Y-", time.gmtime()))
    assert second.pop("at").endswith("+00:00")
    assert first == {
        "caller": "key:uploads",
        "action": "add",
        "names": ["docs/a.pdf", "docs/b.pdf"],
        "outcome": "done",
    }
    assert second == {
        "caller": "command line",
        "action": "key-revoked",
        "names": ["uploads"],
        "outcome": "there is none",
    }


@given(st.text(), st.lists(st.text(), max_size=3), st.text())
def test_no_text_breaks_a_line(
    tmp_path_factory: pytest.TempPathFactory, caller: str, names: list[str], outcome: str
) -> None:
    log = AuditLog(tmp_path_factory.mktemp("audit") / "index")
    log.write(caller, "add", names, outcome)
    content = log.path.read_bytes()
    assert content.count(b"\n") == 1 and content.endswith(b"\n")
    assert all(32 <= byte < 127 for byte in content[:-1])
    (line,) = read(log.path)
    assert (line["caller"], line["names"], line["outcome"]) == (caller, names, outcome)


def test_lines_are_bounded_and_no_name_is_left_out(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "index")
    names = ["\U0001f600" * 5_000] * (NAMES_IN_LINE + 1)
    log.write("c" * 5_000, "remove", names)
    content = log.path.read_bytes()
    assert max(map(len, content.split(b"\n"))) < 13 * MAX_NAME_CHARACTERS * NAMES_IN_LINE
    first, second = read(log.path)
    assert len(first["names"]) == NAMES_IN_LINE and len(second["names"]) == 1
    assert {len(name) for name in first["names"]} == {MAX_NAME_CHARACTERS}
    assert second["names"][0].endswith("…") and first["at"] <= second["at"]


def test_writers_at_once_mix_no_lines_and_lose_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.access.audit.MAX_FILE_BYTES", 10_000)
    with ThreadPoolExecutor(8) as threads:
        for number in range(200):
            # Each with descriptors of its own, as processes have them.
            threads.submit(AuditLog(tmp_path / "index").write, "me", "add", str(number))
    files = [path for path in tmp_path.iterdir() if not path.name.endswith(".lock")]
    assert {path.name for path in files} >= {"index.audit.jsonl", "index.audit.jsonl.1"}
    names = [line["names"][0] for path in files for line in read(path)]
    assert sorted(names, key=int) == [str(number) for number in range(200)]


def test_full_file_is_rotated_and_the_oldest_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.access.audit.MAX_FILE_BYTES", 1)
    log = AuditLog(tmp_path / "index")
    for number in range(KEPT_FILES + 3):
        log.write("me", "add", str(number))
    names = {path.name for path in tmp_path.iterdir()}
    numbered = {f"index.audit.jsonl.{number}" for number in range(1, KEPT_FILES + 1)}
    assert names == {"index.audit.jsonl", "index.audit.jsonl.lock"} | numbered
    assert [line["names"] for line in read(log.path)] == [[str(KEPT_FILES + 2)]]
    assert [line["names"] for line in read(tmp_path / f"index.audit.jsonl.{KEPT_FILES}")] == [["2"]]


def test_log_that_cannot_be_written_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = AuditLog(tmp_path / "index")
    log.path.mkdir()
    log.write("me\x1b", "add", "docs/a.pdf")
    assert "index.audit.jsonl cannot be written" in caplog.text and "\x1b" not in caplog.text
    log.path.rmdir()
    log.path.symlink_to(tmp_path / "elsewhere")
    log.write("me", "add", "docs/a.pdf")
    assert not (tmp_path / "elsewhere").exists()
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


def test_line_that_a_full_disk_cut_is_not_gone_on_with(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, write = AuditLog(tmp_path / "index"), os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda descriptor, line: write(descriptor, line[:20]))
        log.write("me", "add", "docs/a.pdf")
    assert "No space left on device" in caplog.text
    log.write("me", "add", "docs/b.pdf")
    torn, whole = log.path.read_bytes().split(b"\n")[:-1]
    assert len(torn) == 20 and json.loads(whole)["names"] == ["docs/b.pdf"]
