"""Loading: a file to a document and its passages, in a process that the file may break.

Formats are read and documents split in ``embeddings.files.worker``. A crash, an endless loop or
a decompression bomb ends that process and becomes an ``UnreadableFile``; the next file gets a
new process. It is started with ``subprocess``, because ``multiprocessing`` would import the
caller's main module again and exchange pickles; here JSON lines pass through pipes.
"""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from embeddings.document import Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats import format_of, unsupported
from embeddings.files.limits import Limits
from embeddings.files.worker_answer import (
    max_line_bytes,
    parse_answer,
    parse_document,
    parse_picture,
    parse_reason,
    parse_sections,
)
from embeddings.passages import Passage, Splitting, passages_of

__all__ = ["DocumentLoader", "Limits"]

_SECONDS_TO_END = 5.0  # chosen by hand
_CRASHED = "is so damaged that it crashed its parser"


class DocumentLoader:
    """Reads files one by one; a context manager, for one thread at a time.

    with DocumentLoader() as loader:
        document = loader.load(Path("aid.pdf"))
        document, passages = loader.load_split(Path("aid.pdf"), encoder.splitting)
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._worker: subprocess.Popen[bytes] | None = None
        self._listener: threading.Thread | None = None

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
        listener, self._listener = self._listener, None
        if worker is None:
            return
        worker.kill()
        if listener is not None and listener.is_alive():
            listener.join(_SECONDS_TO_END)
            if listener.is_alive():
                # A process that the worker started holds the pipes open, and pipes cannot be
                # closed while they are read.
                worker.wait()
                return
        _release(worker)

    def load(self, path: Path) -> Document:
        """The document in a file.

        Raises:
            UnreadableFile: Its message completes a sentence that begins with the file's name,
                such as "is empty" or "took longer than 60 s to read".
        """
        with self._answer_errors():
            answer, text = self._request(path, "document", {})
            return parse_document(answer, text, self.limits)

    def load_split(self, path: Path, splitting: Splitting) -> tuple[Document, tuple[Passage, ...]]:
        """The document in a file and its passages, split by the same process.

        Args:
            path: Of the file.
            splitting: The encoder's.

        Raises:
            UnreadableFile: As for ``load``.
        """
        parameters = {"tokenizer": str(splitting.tokenizer), "max_tokens": splitting.max_tokens}
        with self._answer_errors():
            answer, text = self._request(path, "document", {"splitting": parameters})
            document = parse_document(answer, text, self.limits)
            return document, passages_of(document, parse_sections(answer, document, self.limits))

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
        with self._answer_errors():
            parameters = {"page": page, "quotes": quotes}
            answer, contents = self._request(path, "picture", {"picture": parameters})
            return parse_picture(answer, contents, len(quotes))

    @contextmanager
    def _answer_errors(self) -> Iterator[None]:
        """Raises ``UnreadableFile`` for an invalid answer, and for one that memory cannot hold.

        The process that gave it is not used again.
        """
        try:
            yield
        except MemoryError as error:
            self.close()
            raise UnreadableFile("needs more memory than this machine has left") from error
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            self.close()
            raise UnreadableFile(_CRASHED) from error

    def _request(
        self, path: Path, expected: str, parameters: dict[str, object]
    ) -> tuple[dict[str, Any], str]:
        """The answer to a request, which has a key ``expected``, and the text beside it."""
        path = path.absolute()
        self._check(path)
        answer, text = parse_answer(*self._exchange(path, parameters), self.limits)
        if answer["final"]:
            self.close()
        if expected not in answer:
            raise UnreadableFile(parse_reason(answer))
        return answer, text

    def _check(self, path: Path) -> None:
        """Refuse without reading: unknown formats, missing, special, empty and huge files."""
        if format_of(path) is None:
            raise UnreadableFile(unsupported(path))
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

    def _exchange(self, path: Path, parameters: dict[str, object]) -> tuple[bytes, bytes]:
        """Both lines of an answer, within ``limits.seconds``."""
        if self._worker is None or self._worker.poll() is not None:
            self.close()
            self._worker = _start_worker()
        worker = self._worker
        request = {"path": str(path), "limits": asdict(self.limits), **parameters}
        reply: Future[tuple[bytes, bytes]] = Future()
        # Reading a pipe blocks, even after the process was killed, while a process that it started
        # holds the other end. Only a thread of its own may block there.
        self._listener = threading.Thread(
            target=_exchange_lines,
            args=(worker, json.dumps(request).encode(), max_line_bytes(self.limits), reply),
            daemon=True,
        )
        answered = False
        try:
            self._listener.start()
            lines = reply.result(self.limits.seconds)
            answered = True
            return lines
        except TimeoutError:
            raise UnreadableFile(f"took longer than {self.limits.seconds:g} s to read") from None
        except _NoAnswer:
            raise UnreadableFile(self._exit_reason(worker)) from None
        finally:
            # On a timeout, a crash or Ctrl-C the process is in an unknown state.
            if not answered:
                self.close()

    def _exit_reason(self, worker: subprocess.Popen[bytes]) -> str:
        """Why there is no answer, judged by the exit code of the process."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(_SECONDS_TO_END)
        if worker.returncode == -signal.SIGABRT:
            # C++ libraries abort when memory runs out or their state is corrupt.
            memory = f"{self.limits.memory_bytes / 2**30:g} GiB"
            return f"needs more than {memory} of memory, or {_CRASHED}"
        return _CRASHED


def _exchange_lines(
    worker: subprocess.Popen[bytes],
    request: bytes,
    max_bytes: tuple[int, int],
    reply: Future[tuple[bytes, bytes]],
) -> None:
    """Send a request and receive both lines of the answer, each of at most ``max_bytes``."""
    assert worker.stdin is not None and worker.stdout is not None  # both are pipes
    try:
        worker.stdin.write(request + b"\n")
        worker.stdin.flush()
        first, second = (worker.stdout.readline(length) for length in max_bytes)
    except (OSError, ValueError):  # The process ended, or its pipes were closed.
        reply.set_exception(_NoAnswer())
    except MemoryError as error:
        reply.set_exception(error)
    else:
        if second.endswith(b"\n"):
            reply.set_result((first, second))
        else:
            reply.set_exception(_NoAnswer())
    if worker.returncode is not None:
        # The caller has given up waiting.
        _release(worker)


def _release(worker: subprocess.Popen[bytes]) -> None:
    """Close both pipes of a process that ended, and wait for it."""
    # Closing flushes a pending request, which fails if the process has ended.
    with contextlib.suppress(OSError), worker:
        pass


class _NoAnswer(Exception):
    """The worker ended, or sent no complete answer."""


def _start_worker() -> subprocess.Popen[bytes]:
    # The child finds this package from any folder; -P keeps modules in the current folder from
    # shadowing the standard library.
    package_parent = str(Path(__file__).resolve().parent.parent.parent)
    paths = [package_parent, os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "embeddings.files.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        # Out of the terminal's process group: Ctrl-C reaches the parent alone.
        start_new_session=True,
    )
