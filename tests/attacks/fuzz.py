"""Fuzz: files of every format, mutated, are read as in use.

Each gets a verdict within its time, the process that asks goes on, and its memory stays flat.
"""

import shutil
import time
from pathlib import Path
from random import Random

import psutil

from embeddings.errors import UnreadableFile
from embeddings.files.limits import Limits
from embeddings.files.loading import DocumentLoader
from tests.attacks.mutation import mutated, recompressed
from tests.attacks.seeds import seeds
from tests.attacks.tally import Tally
from tests.builders import HashingEncoder

CRASHED, HUNG, GREW = "crashes of the parent", "hangs", "times that memory grew"
WRONG = "passages that the text does not have"

LIMITS = Limits(
    seconds=10.0,
    characters=300_000,
    blocks=20_000,
    pages=200,
    file_bytes=3_000_000,
    archive_members=300,
    archive_bytes=5_000_000,
)
"""Tight, so that what is too much is found with small files."""

SPLITTING = HashingEncoder().splitting

SLACK_SECONDS = 10.0
"""Beyond the limit, to end a process and begin another on a busy machine."""

WARM_UP = 0.2
"""Share of the files after which memory is compared with what it is at the end."""

MAX_GROWTH = 20_000_000
"""Bytes."""


def fuzz(work: Path, seed: int, files: int, first: int = 0, keep: Path | None = None) -> Tally:
    """Read mutated files, from a number on.

    Args:
        work: Folder for them.
        seed: Of all that is random.
        files: How many.
        first: Number of the first.
        keep: Folder for files that break a promise or take all of their time.
    """
    tally = Tally("mutated files", [CRASHED, HUNG, GREW, WRONG], seed)
    valid_files = list(seeds().items())
    process = psutil.Process()
    warm = 0
    with DocumentLoader(LIMITS) as loader:
        for number in range(first, first + files):
            suffix, path = _write(work, valid_files, seed, number)
            before = sum(map(len, tally.faults.values())) + tally.seen["slow"]
            _read(loader, path, f"file {number} ({suffix})", tally)
            if keep and sum(map(len, tally.faults.values())) + tally.seen["slow"] > before:
                keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, keep / f"{seed}-{number}{suffix}")
            path.unlink()
            tally.trials += 1
            if tally.trials == int(files * WARM_UP):
                warm = process.memory_info().rss
    grown = process.memory_info().rss - warm if warm else 0
    if grown > MAX_GROWTH:
        tally.broken(GREW, f"{grown:,} bytes from file {int(files * WARM_UP)} to the end")
    return tally


def _write(
    work: Path, valid_files: list[tuple[str, bytes]], seed: int, number: int
) -> tuple[str, Path]:
    chance = Random(f"{seed} {number}")
    suffix, valid = valid_files[number % len(valid_files)]
    change = recompressed if suffix == ".pdf" and chance.random() < 0.5 else mutated
    path = work / f"fuzzed{suffix}"
    path.write_bytes(change(valid, chance))
    return suffix, path


def _read(loader: DocumentLoader, path: Path, how: str, tally: Tally) -> None:
    started = time.monotonic()
    try:
        document, passages = loader.load_split(path, SPLITTING)
        tally.seen["read"] += 1
        if any(document.text[passage.start : passage.end] != passage.text for passage in passages):
            tally.broken(WRONG, how)
    except UnreadableFile as error:
        tally.seen["refused"] += 1
        tally.seen["that crashed the reading process"] += "crashed its parser" in str(error)
        tally.seen["slow"] += "took longer" in str(error)
    except Exception as error:  # that there is none is the promise
        tally.broken(CRASHED, f"{how}: {type(error).__name__}: {error}")
    spent = time.monotonic() - started
    if spent > LIMITS.seconds + SLACK_SECONDS:
        tally.broken(HUNG, f"{how}: {spent:.0f} s")
