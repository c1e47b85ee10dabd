"""From a file to a document and its passages, whatever the file does to its reader.

Readers run, and documents are split, in a separate process, ``embeddings.files.worker``: a
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
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from embeddings.document import Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats import format_of
from embeddings.files.limits import Limits
from embeddings.files.worker_answer import (
    document_in,
    most_bytes,
    parsed,
    picture_in,
    reason_in,
    sections_in,
)
from embeddings.passages import Passage, Splitting, passages_of

__all__ = ["DocumentLoader", "Limits"]

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
                # Whoever took the process over has started another one, which holds the pipes.
                # They cannot be closed while they are read.
                worker.wait()
                return
        _release(worker)

    def load(self, path: Path) -> Document:
        """The document in a file.

        Raises:
            UnreadableFile: Its message completes a sentence that begins with the file's name,
                such as "is empty" or "took longer than 60 s to read".
        """
        with self._understood():
            answer, text = self._asked(path, "document", {})
            return document_in(answer, text, self.limits)

    def load_split(self, path: Path, splitting: Splitting) -> tuple[Document, tuple[Passage, ...]]:
        """The document in a file and its passages, split by the same process.

        Args:
            path: Of the file.
            splitting: The encoder's.

        Raises:
            UnreadableFile: As for ``load``.
        """
        how = {"tokenizer": str(splitting.tokenizer), "max_tokens": splitting.max_tokens}
        with self._understood():
            answer, text = self._asked(path, "document", {"splitting": how})
            document = document_in(answer, text, self.limits)
            return document, passages_of(document, sections_in(answer, document, self.limits))

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
        with self._understood():
            asked = {"page": page, "quotes": quotes}
            answer, contents = self._asked(path, "picture", {"picture": asked})
            return picture_in(answer, contents, len(quotes))

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """Turns an answer that makes no sense, or for which there is no room, into a reason.

        A process that said it is not asked again.
        """
        try:
            yield
        except MemoryError as error:
            self.close()
            raise UnreadableFile("needs more memory than this machine has left") from error
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            self.close()
            raise UnreadableFile(_CRASHED) from error

    def _asked(
        self, path: Path, wanted: str, more: dict[str, object]
    ) -> tuple[dict[str, Any], str]:
        """The answer to a request, in which ``wanted`` is, and the text beside it."""
        path = path.absolute()
        self._check(path)
        answer, text = parsed(*self._ask(path, more), self.limits)
        if answer["final"]:
            self.close()
        if wanted not in answer:
            raise UnreadableFile(reason_in(answer))
        return answer, text

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

    def _ask(self, path: Path, more: dict[str, object]) -> tuple[bytes, bytes]:
        """Both lines of an answer, within the time that there is for it."""
        if self._worker is None or self._worker.poll() is not None:
            self.close()
            self._worker = _start_worker()
        worker = self._worker
        request = {"path": str(path), "limits": asdict(self.limits), **more}
        said: Future[tuple[bytes, bytes]] = Future()
        # A pipe is silent, even after the process has been killed, while another one that the
        # process started holds its other end. A thread may wait there without end.
        self._listener = threading.Thread(
            target=_exchange,
            args=(worker, json.dumps(request).encode(), most_bytes(self.limits), said),
            daemon=True,
        )
        answered = False
        try:
            self._listener.start()
            lines = said.result(self.limits.seconds)
            answered = True
            return lines
        except TimeoutError:
            raise UnreadableFile(f"took longer than {self.limits.seconds:g} s to read") from None
        except _NoAnswer:
            raise UnreadableFile(self._verdict(worker)) from None
        finally:
            # On a timeout, a crash or Ctrl-C the process is in an unknown state.
            if not answered:
                self.close()

    def _verdict(self, worker: subprocess.Popen[bytes]) -> str:
        """Why there is no answer, as far as the end of the process tells."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(_SECONDS_TO_END)
        if worker.returncode == -signal.SIGABRT:
            # How libraries in C++ end when they get no more memory, or find their own state broken.
            memory = f"{self.limits.memory_bytes / 2**30:g} GiB"
            return f"needs more than {memory} of memory, or {_CRASHED}"
        return _CRASHED


def _exchange(
    worker: subprocess.Popen[bytes],
    request: bytes,
    most: tuple[int, int],
    said: Future[tuple[bytes, bytes]],
) -> None:
    """Ask, and hear both lines of the answer, each of at most so many bytes."""
    assert worker.stdin is not None and worker.stdout is not None  # both are pipes
    try:
        worker.stdin.write(request + b"\n")
        worker.stdin.flush()
        first, second = (worker.stdout.readline(length) for length in most)
    except (OSError, ValueError):  # It is gone, or its pipes were closed.
        said.set_exception(_NoAnswer())
    except MemoryError as error:
        said.set_exception(error)
    else:
        if second.endswith(b"\n"):
            said.set_result((first, second))
        else:
            said.set_exception(_NoAnswer())
    if worker.returncode is not None:
        # Nobody waits any more.
        _release(worker)


def _release(worker: subprocess.Popen[bytes]) -> None:
    """Close both pipes of a process that ended, and wait for it."""
    # Closing fails where a request was still to be written to a process that is gone.
    with contextlib.suppress(OSError), worker:
        pass


class _NoAnswer(Exception):
    """The reading process ended, or said something that is no answer."""


def _start_worker() -> subprocess.Popen[bytes]:
    # The child finds this package whatever its folder is; -P keeps modules that happen
    # to lie in the current folder from shadowing the standard library.
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
