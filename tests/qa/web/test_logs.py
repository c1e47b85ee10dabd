"""Logs are bounded in messages per interval and in bytes."""

import logging
from pathlib import Path

import pytest

from qa.web import logs
from qa.web.logs import LogError, RateLimit, set_up_logs


@pytest.fixture(autouse=True)
def _handlers_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("asyncio", logging.ERROR, "", 0, text, None, None)


def test_suppressed_messages_are_counted_with_the_next_one() -> None:
    now = 0.0
    limit = RateLimit(lambda: now)
    passed = [limit.filter(record(f"{number}")) for number in range(1_000)]
    assert passed == [True] * logs.MAX_MESSAGES + [False] * (1_000 - logs.MAX_MESSAGES)
    now = logs.INTERVAL_SECONDS
    later = record("later")
    assert limit.filter(later)
    assert later.getMessage() == "later (900 messages were left out)"
    after = record("after")
    assert limit.filter(after) and after.getMessage() == "after"


def test_file_rotates_and_flood_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "FILE_BYTES", 1_000)
    file = tmp_path / "chat.log"
    set_up_logs(file)
    for _ in range(10_000):
        logging.getLogger("asyncio").error("socket.accept() out of system resource")
    (handler,) = logging.getLogger().handlers
    handler.close()
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 1 + logs.BACKUP_FILES and max(sizes) <= 1_000


def test_unwritable_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"gone/chat\.log cannot be written .* Choose another log"):
        set_up_logs(tmp_path / "gone" / "chat.log")
