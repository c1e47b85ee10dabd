"""The chat as a process: started on a free port, asked over HTTP. Needs no browser."""

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


SECONDS = 180
"""Within which a process starts or ends on a busy machine."""


@dataclass(frozen=True)
class Running:
    """The chat, running."""

    process: subprocess.Popen[bytes]
    url: str
    index: Path
    log: Path

    @property
    def gate(self) -> Path:
        """While this file is there, ``GATED`` answers and indexes nothing."""
        return self.index.parent / "gate"

    @contextmanager
    def shut(self) -> Iterator[None]:
        """The gate is there until the block ends, also where it fails: others use the chat, too."""
        self.gate.touch()
        try:
            yield
        finally:
            self.gate.unlink()

    def logged(self) -> str:
        return self.log.read_text(encoding="utf-8")


@contextmanager
def running(
    place: Path,
    folder: Path | None = None,
    index: Path | None = None,
    script: str = "app.py",
    options: Sequence[str] = (),
    indexed: bool = True,
) -> Iterator[Running]:
    """The chat on a free port; ``script`` is the file to run, or the code if it has lines.

    Unless told otherwise, its folder is indexed by then.
    """
    place.mkdir(parents=True, exist_ok=True)
    index = index or place / "index"
    log = place / "log"
    start = ["-c", script] if "\n" in script else [script]
    command = [sys.executable, *start, "--port", "0", "--index", str(index), *options]
    with (
        log.open("wb") as file,
        subprocess.Popen(
            [*command, *([str(folder)] if folder else [])], cwd=ROOT, stdout=file, stderr=file
        ) as process,
    ):
        try:
            url = _logged(process, log, r" at (http://\S+) \(Ctrl-C ends it\)")
            if indexed:
                _logged(process, log, r"(\d+) passages\s+encoded")
            _check_health(url)
            yield Running(process, url, index, log)
        finally:
            process.kill()


def _logged(process: subprocess.Popen[bytes], log: Path, pattern: str) -> str:
    """The group of a pattern, once the process has logged it."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        found = re.search(pattern, log.read_text(encoding="utf-8"))
        if found:
            return found[1]
        time.sleep(0.05)
    raise AssertionError(f"the chat did not start:\n{log.read_text(encoding='utf-8')}")


def _check_health(url: str) -> None:
    with urllib.request.urlopen(f"{url}/healthz", timeout=SECONDS) as reply:
        assert json.load(reply) == {"status": "ok"}


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    return subprocess.run(
        [sys.executable, "app.py", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def fetch(url: str, **headers: str) -> tuple[int, dict[str, str]]:
    """Status and headers of the reply to GET."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as reply:
            return reply.status, dict(reply.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers)


def post(url: str, body: bytes = b"x", **headers: str) -> int:
    """Status of the reply to POST."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, fields, method="POST")
    try:
        with urllib.request.urlopen(request) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


QUOTE_ROUTE = "document?path=docs%2Fguide%2Fformats.md&quote=0-7"
"""Address of a quote in a shipped document."""


def uploads_of(chat: Running) -> list[str]:
    """The files of all uploads, added or being received."""
    (place,) = chat.index.with_name(f"{chat.index.name}.uploads").iterdir()
    return sorted(
        path.relative_to(place).as_posix()
        for path in place.rglob("*")
        if path.is_file() and path.stat().st_size
    )


GATED = """
import pathlib, sys, time
import app, qa.pipeline, qa.service.answer_queue as queue

queue.CONCURRENT_ANSWERS = queue.MAX_WAITING = 1
gate = pathlib.Path(sys.argv[sys.argv.index("--index") + 1]).parent / "gate"
answerer = qa.pipeline.QuestionAnswerer
read, index_folder = answerer.read, answerer.index_folder
answer_each = answerer.answer_each

def read_later(self, retrieval):
    question = retrieval.message.text
    if question == "boom":
        raise RuntimeError("boom")
    while question != "?" and gate.exists():
        time.sleep(0.02)
    return read(self, retrieval)

def answer_each_later(*arguments):
    for row in answer_each(*arguments):
        yield row
        while gate.exists():
            time.sleep(0.02)

def index_later(*arguments, **options):
    while gate.exists():
        time.sleep(0.02)
    return index_folder(*arguments, **options)

answerer.read, answerer.index_folder = read_later, index_later
answerer.answer_each = answer_each_later
app.main()
"""
"""Answers one question at a time, and lets one wait. While the gate is there, the file
``Running.gate``, it answers and indexes nothing, and asks each document no further than one."""
