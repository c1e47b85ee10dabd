"""Processes: run one, and note when it prints each line and how much memory it holds."""

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psutil

ROOT = Path(__file__).parents[2]

EVERY = 0.1
"""Seconds between two looks at the memory."""

QUIET = {
    # Nothing may look for anything on the network, or tell anyone.
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "ANONYMIZED_TELEMETRY": "False",
    "TOKENIZERS_PARALLELISM": "true",
}


class ProcessFailed(RuntimeError):
    """A process ended with an error; the message is its own last words."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that a process printed.

    Attributes:
        seconds: Since the process was started.
        memory: Bytes resident at that moment, children included.
        text: Without the line's end.
    """

    seconds: float
    memory: int
    text: str


@dataclass(frozen=True, slots=True)
class Ran:
    """A process that has ended.

    Attributes:
        lines: What it printed, blank lines left out.
        seconds: From its start to its end.
        peak: Bytes resident at most, children included; pages that processes share count in each.
    """

    lines: tuple[Line, ...]
    seconds: float
    peak: int


def run(
    command: Sequence[str | Path],
    settings: Mapping[str, str] | None = None,
    fine: Sequence[int] = (0,),
) -> Ran:
    """Run a command in the repository's root to its end.

    Args:
        command: Program and arguments.
        settings: Environment variables beside those that are there.
        fine: Exit codes that are no failure.

    Raises:
        ProcessFailed: It ended with another exit code.
    """
    environment = os.environ | QUIET | dict(settings or {})
    peak = 0
    ended = Event()
    started = time.perf_counter()
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):

        def watch() -> None:
            nonlocal peak
            while not ended.wait(EVERY):
                peak = max(peak, resident(process.pid))

        watching = Thread(target=watch, daemon=True)
        watching.start()
        lines: list[Line] = []
        assert process.stdout is not None, "asked for a pipe"
        for text in process.stdout:
            if text.strip():
                seconds = time.perf_counter() - started
                lines.append(Line(seconds, resident(process.pid), text.rstrip("\n")))
        code = process.wait()
        spent = time.perf_counter() - started
        ended.set()
        watching.join()
        if code not in fine:
            errors.seek(0)
            said = [line.strip() for line in errors.read().splitlines() if line.strip()]
            raise ProcessFailed(f"exit code {code}: {' | '.join(said[-3:])}")
    return Ran(tuple(lines), spent, max([peak, *(line.memory for line in lines)]))


def resident(pid: int) -> int:
    """Bytes resident of a process and all below it; 0 once it has ended."""
    total = 0
    try:
        top = psutil.Process(pid)
        for one in (top, *top.children(recursive=True)):
            try:
                total += one.memory_info().rss
            except psutil.NoSuchProcess:
                continue
    except psutil.NoSuchProcess:
        return total
    return total
