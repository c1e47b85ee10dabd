"""Coverage-guided fuzzing of one format's reader, in a process of its own, with atheris.

Started by ``guided`` as ``python -m tests.attacks.coverage_guided SUFFIX CORPUS -runs=N``.
libFuzzer keeps each file that reaches new code and goes on from it. What a reader raises is a
verdict, as in use; a crash, a hang or too much memory ends the process, and the file is kept.
"""

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from random import Random

from tests.attacks.seeds import seeds
from tests.attacks.tally import Tally

ROOT = Path(__file__).resolve().parents[2]

ENDED = "readers ended"

SECONDS_A_FILE = 100
"""What is counted on the way takes ten times as long as in use, or more."""

MEGABYTES = 2048

AT_ONCE = (".txt", ".md", ".html", ".pdf", ".docx", ".pptx", ".epub", ".csv")
"""A suffix of each format."""


def is_installed() -> bool:
    """Whether atheris is there; it is not among what the tests need."""
    return find_spec("atheris") is not None


def guided(work: Path, seed: int, files: int, keep: Path | None = None) -> Tally:
    """Fuzz the reader of each format with so many files.

    Args:
        work: Folder for those that reach new code.
        seed: Of all that is random.
        files: How many.
        keep: Folder for those that end a reader; ``work`` if it is left out.
    """
    tally = Tally("files guided by coverage", [ENDED], seed)
    valid = seeds()
    for suffix in AT_ONCE:
        corpus, found = work / f"corpus{suffix}", (keep or work) / f"found{suffix}"
        corpus.mkdir()
        found.mkdir(parents=True, exist_ok=True)
        (corpus / "seed").write_bytes(valid[suffix])
        command = [
            sys.executable, "-m", "tests.attacks.coverage_guided", suffix, str(corpus),
            f"-artifact_prefix={found}/", f"-runs={files}", f"-seed={seed + 1}",
            f"-timeout={SECONDS_A_FILE}", f"-rss_limit_mb={MEGABYTES}", "-max_len=50000",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        tally.trials += files
        tally.seen["kept for new code"] += len(list(corpus.iterdir())) - 1
        if done.returncode:
            found_files = [str(path) for path in found.iterdir()]
            tally.broken(
                ENDED, f"{suffix}: status {done.returncode}, {found_files}: {done.stderr[-400:]}"
            )
    return tally


def main() -> None:
    """Fuzz one reader until libFuzzer ends this process."""
    atheris = import_module("atheris")
    from tests.attacks.mutation import mutated

    suffix, *options = sys.argv[1:]
    with atheris.instrument_imports(include=["embeddings", "docx", "pptx", "markdown_it"]):
        from embeddings.files.formats import format_of
        from tests.attacks.fuzz import LIMITS

        path = Path(options[0]).parent / f"read{suffix}"
        format = format_of(path)
        assert format is not None
        path.write_bytes(seeds()[suffix])
        format.read(path, LIMITS)

    def read(data: bytes) -> None:
        path.write_bytes(data)
        try:
            format.read(path, LIMITS)
        except Exception:  # each is a verdict in use
            return

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        return mutated(bytes(data) or b" ", Random(seed))[:most]

    atheris.Setup([sys.argv[0], *options], read, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
