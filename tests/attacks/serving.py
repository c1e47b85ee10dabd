"""Serving: a real chat, as a process, to be attacked from outside."""

import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import psutil

from tests.end_to_end.chat_process import Running, running

HEALTHY_SECONDS = 2.0
"""Longest time for a healthy server to answer."""


@contextmanager
def chat(
    place: Path, index: Path, folder: Path | None = None, options: Sequence[str] = ()
) -> Iterator[Running]:
    """A chat whose temporary files lie in ``place``, too."""
    temporary = place / "tmp"
    temporary.mkdir(parents=True)
    with (
        patch.dict(os.environ, TMPDIR=str(temporary)),
        running(place, folder, index, options=options) as started,
    ):
        yield started


def is_healthy(url: str, seconds: float = HEALTHY_SECONDS) -> bool:
    """Whether the server answers in time; tried twice, since the machine is busy."""
    for _ in range(2):
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=seconds) as reply:
                return bool(reply.status == 200)
        except OSError:  # refused, no reply in time, or a status that is an error
            continue
    return False


def until_healthy(url: str, seconds: float) -> float:
    """Wait until the server is healthy; the seconds that it took."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if is_healthy(url):
            return time.monotonic() - started
    raise TimeoutError(f"the server was not healthy for {seconds:g} s")


def memory(process_id: int) -> int:
    """Resident bytes of a process and its children."""
    process = psutil.Process(process_id)
    total = process.memory_info().rss
    for child in process.children(recursive=True):
        try:
            total += child.memory_info().rss
        except psutil.NoSuchProcess:  # a reading process that has just ended
            continue
    return int(total)
