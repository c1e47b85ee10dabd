"""From a file to a document and its passages, whatever the file does to its reader.

Readers run, and documents are split, in a separate process, ``embeddings.worker``: a
crash, an endless loop or a bomb ends that process and becomes a reason, and the next
file gets a fresh one. It is started with ``subprocess`` because ``multiprocessing`` would
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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from embeddings.document import Block, Document
from embeddings.errors import UnreadableFile
from embeddings.formats import format_of
from embeddings.limits import Limits
from embeddings.passages import Passage, Section, Splitting, passages_of

__all__ = ["DocumentLoader", "Limits"]

# JSON of one character of text takes at most 6 bytes, of one block about 40, of one passage with
# a section of its own about 80.
_BYTES_PER_CHARACTER = 6
_BYTES_PER_BLOCK = 48
_BYTES_PER_PASSAGE = 100
_BYTES_BESIDES = 1_000_000
_SECONDS_TO_END = 5.0
_CRASHED = "is so damaged that it crashed its reader"


class DocumentLoader:
    """Reads files one after another; a context manager, for one thread at a time.

    with DocumentLoader() as loader:
        document = loader.load(Path("aid.pdf"))
        document, passages = loader.load_split(Path("aid.pdf"), encoder.splitting)
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
        with _understood():
            return _document(self._asked(path, "document", {}))

    def load_split(self, path: Path, splitting: Splitting) -> tuple[Document, tuple[Passage, ...]]:
        """The document in a file and its passages, split by the same process.

        Args:
            path: Of the file.
            splitting: The encoder's.

        Raises:
            UnreadableFile: As for ``load``.
        """
        how = {"tokenizer": str(splitting.tokenizer), "max_tokens": splitting.max_tokens}
        with _understood():
            answer = self._asked(path, "document", {"splitting": how})
            document = _document(answer)
            return document, passages_of(document, _sections(answer))

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
        with _understood():
            asked = {"page": page, "quotes": quotes}
            answer = self._asked(path, "picture", {"picture": asked})
            return b64decode(answer["picture"]), answer["marked"]

    def _asked(self, path: Path, wanted: str, more: dict[str, object]) -> dict[str, Any]:
        """The answer to a request, in which ``wanted`` is."""
        path = path.absolute()
        self._check(path)
        answer = self._ask(path, more)
        if wanted not in answer:
            raise UnreadableFile(answer["reason"])
        return answer

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

    def _ask(self, path: Path, more: dict[str, object]) -> dict[str, Any]:
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
            answer = self._exchange(worker, path, more)
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
            return f"needs more than {memory} of memory, or {_CRASHED}"
        return _CRASHED

    def _exchange(
        self, worker: subprocess.Popen[bytes], path: Path, more: dict[str, object]
    ) -> dict[str, Any]:
        assert worker.stdin is not None and worker.stdout is not None  # both are pipes
        request = {"path": str(path), "limits": asdict(self.limits), **more}
        limits = self.limits
        most = (
            limits.characters * _BYTES_PER_CHARACTER
            + limits.blocks * _BYTES_PER_BLOCK
            + limits.passages * _BYTES_PER_PASSAGE
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


@contextmanager
def _understood() -> Iterator[None]:
    """Turns an answer that makes no sense, or for which there is no room, into a reason.

    Whoever takes over the process that reads may let it say anything.
    """
    try:
        yield
    except MemoryError as error:
        raise UnreadableFile("needs more memory than this machine has left") from error
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableFile(_CRASHED) from error


def _document(answer: dict[str, Any]) -> Document:
    found = answer["document"]
    return Document(
        title=found["title"],
        text=found["text"],
        blocks=tuple(Block(*block) for block in found["blocks"]),
        page_starts=tuple(found["page_starts"]),
    )


def _sections(answer: dict[str, Any]) -> Iterator[Section]:
    for headings, context_length, spans in answer["sections"]:
        yield Section(tuple(headings), context_length, tuple((start, end) for start, end in spans))


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
