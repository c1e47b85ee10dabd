"""From a file to a document, whatever the file does to its reader.

Readers run in a separate process, ``embeddings.worker``: a crash, an endless
loop or a bomb ends that process and becomes a reason, and the next file gets a
fresh one. It is started with ``subprocess`` because ``multiprocessing`` would
import the caller's main module again and exchange pickles; here JSON lines
pass through pipes.
"""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from embeddings.document import Block, Document
from embeddings.errors import UnreadableFile
from embeddings.formats import format_of
from embeddings.limits import Limits

__all__ = ["DocumentLoader", "Limits"]

# JSON of one character of text takes at most 6 bytes, of one block about 40.
_BYTES_PER_CHARACTER = 6
_BYTES_PER_BLOCK = 48
_BYTES_BESIDES = 1_000_000
_SECONDS_TO_END = 5.0


class DocumentLoader:
    """Reads files one after another; a context manager, for one thread at a time.

    with DocumentLoader() as loader:
        document = loader.load(Path("aid.pdf"))
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._worker: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the reading process; the next ``load`` would start another."""
        worker, self._worker = self._worker, None
        if worker is None:
            return
        worker.kill()
        # Leaving the with statement closes both pipes and waits for the process;
        # closing fails where a request was still to be written to a process that is gone.
        with contextlib.suppress(OSError), worker:
            pass

    def load(self, path: Path) -> Document:
        """The document in a file.

        Raises:
            UnreadableFile: Its message completes a sentence that begins with the file's name,
                such as "is empty" or "took longer than 60 s to read".
        """
        path = path.absolute()
        self._check(path)
        answer = self._ask(path, None)
        if "document" not in answer:
            raise UnreadableFile(answer["reason"])
        found = answer["document"]
        return Document(
            title=found["title"],
            text=found["text"],
            blocks=tuple(Block(*block) for block in found["blocks"]),
            page_starts=tuple(found["page_starts"]),
        )

    def picture(
        self, path: Path, page: int, quotes: Sequence[tuple[str, str, str]]
    ) -> tuple[bytes, int]:
        """A page of a PDF as a PNG picture, and how many of the quotes are marked in it.

        Args:
            path: Of the PDF.
            page: Its number, from 1.
            quotes: What to mark, each with what stands before and behind it.

        Raises:
            UnreadableFile: As for ``load``.
        """
        path = path.absolute()
        self._check(path)
        answer = self._ask(path, {"page": page, "quotes": quotes})
        if "picture" not in answer:
            raise UnreadableFile(answer["reason"])
        return b64decode(answer["picture"]), answer["marked"]

    def _check(self, path: Path) -> None:
        """Refuse what needs no reading: wrong kinds, missing, special, empty and huge files."""
        if format_of(path) is None:
            raise UnreadableFile(f"is of a kind that cannot be read ({path.suffix or 'no suffix'})")
        try:
            status = path.stat()
        except OSError as error:
            raise UnreadableFile(f"cannot be opened ({error.strerror})") from error
        # Opening a FIFO or a device could wait or read for ever.
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFile("is not a regular file")
        if status.st_size == 0:
            raise UnreadableFile("is empty")
        if status.st_size > self.limits.file_bytes:
            raise UnreadableFile(f"is larger than {self.limits.file_bytes / 1e6:,.0f} MB")

    def _ask(self, path: Path, picture: dict[str, object] | None) -> dict[str, Any]:
        if self._worker is None or self._worker.poll() is not None:
            self.close()
            self._worker = _start_worker()
        worker = self._worker
        timed_out = threading.Event()

        def expire() -> None:
            timed_out.set()
            worker.kill()

        timer = threading.Timer(self.limits.seconds, expire)
        timer.daemon = True
        keep = False
        try:
            timer.start()
            answer = self._exchange(worker, path, picture)
            keep = not answer["final"]
            return answer
        except _NoAnswer:
            raise UnreadableFile(self._verdict(worker, timed_out.is_set())) from None
        finally:
            timer.cancel()
            # Ctrl-C may have come before the timer was started.
            with contextlib.suppress(RuntimeError):
                timer.join()
            # On a timeout, a crash or Ctrl-C the process is in an unknown state.
            if not keep or timed_out.is_set():
                self.close()

    def _verdict(self, worker: subprocess.Popen[bytes], timed_out: bool) -> str:
        """Why there is no answer, as far as the end of the process tells."""
        if timed_out:
            return f"took longer than {self.limits.seconds:g} s to read"
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(_SECONDS_TO_END)
        if worker.returncode == -signal.SIGABRT:
            # How libraries in C++ end when they get no more memory, or find their own state broken.
            memory = f"{self.limits.memory_bytes / 2**30:g} GiB"
            return (
                f"needs more than {memory} of memory, or is so damaged that it crashed its reader"
            )
        return "is so damaged that it crashed its reader"

    def _exchange(
        self, worker: subprocess.Popen[bytes], path: Path, picture: dict[str, object] | None
    ) -> dict[str, Any]:
        assert worker.stdin is not None and worker.stdout is not None  # both are pipes
        request = {"path": str(path), "limits": asdict(self.limits), "picture": picture}
        limits = self.limits
        most = (
            limits.characters * _BYTES_PER_CHARACTER
            + limits.blocks * _BYTES_PER_BLOCK
            + _BYTES_BESIDES
        )
        try:
            worker.stdin.write(json.dumps(request).encode() + b"\n")
            worker.stdin.flush()
            line = worker.stdout.readline(most)
            answer = json.loads(line)
        except (OSError, ValueError) as error:
            raise _NoAnswer from error
        if not isinstance(answer, dict):
            raise _NoAnswer
        return answer


class _NoAnswer(Exception):
    """The reading process ended, or said something that is no answer."""


def _start_worker() -> subprocess.Popen[bytes]:
    # The child finds this package whatever its folder is; -P keeps modules that happen
    # to lie in the current folder from shadowing the standard library.
    package_parent = str(Path(__file__).resolve().parent.parent)
    paths = [package_parent, os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "embeddings.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        # Out of the terminal's process group: Ctrl-C reaches the parent alone.
        start_new_session=True,
    )
