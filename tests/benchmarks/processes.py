"""Processes: runs a command; records the time of each line that it prints, and its memory."""

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

SAMPLE_SECONDS = 0.1
"""Seconds between two samples of the memory."""

QUIET = {
    # No network access and no telemetry.
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "ANONYMIZED_TELEMETRY": "False",
    "TOKENIZERS_PARALLELISM": "true",
}


class ProcessFailed(RuntimeError):
    """A process ended with an error; the message is the end of its error output."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that a process printed.

    Attributes:
        seconds: Since the process was started.
        memory: Resident bytes at that moment, with children.
        text: Without the line break.
    """

    seconds: float
    memory: int
    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A process that has ended.

    Attributes:
        lines: Of its output, without blank ones.
        seconds: From its start to its end.
        peak: Peak of resident bytes, with children; shared pages count in each process.
    """

    lines: tuple[Line, ...]
    seconds: float
    peak: int


def run(
    command: Sequence[str | Path],
    settings: Mapping[str, str] | None = None,
    allowed: Sequence[int] = (0,),
) -> Finished:
    """Run a command in the repository's root and wait for its end.

    Args:
        command: Program and arguments.
        settings: Environment variables to add.
        allowed: Exit codes that are no failure.

    Raises:
        ProcessFailed: The process ended with another exit code.
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
            while not ended.wait(SAMPLE_SECONDS):
                peak = max(peak, resident(process.pid))

        watching = Thread(target=watch, daemon=True)
        watching.start()
        lines: list[Line] = []
        assert process.stdout is not None, "a pipe was requested"
        for text in process.stdout:
            if text.strip():
                seconds = time.perf_counter() - started
                lines.append(Line(seconds, resident(process.pid), text.rstrip("\n")))
        code = process.wait()
        spent = time.perf_counter() - started
        ended.set()
        watching.join()
        if code not in allowed:
            errors.seek(0)
            output = [line.strip() for line in errors.read().splitlines() if line.strip()]
            raise ProcessFailed(f"exit code {code}: {' | '.join(output[-3:])}")
    return Finished(tuple(lines), spent, max([peak, *(line.memory for line in lines)]))


def resident(pid: int) -> int:
    """Resident bytes of a process and its descendants; 0 once it has ended."""
    total = 0
    try:
        top = psutil.Process(pid)
        for process in (top, *top.children(recursive=True)):
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
    except psutil.NoSuchProcess:
        return total
    return total
