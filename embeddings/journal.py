"""Journal: a file beside the index that lists the files being read or encoded right now.

If the process is killed, for example because memory ran out, the journal stays, and the next run
suspects the files in it: one of them may have been the cause.

- Sole suspect: the only file that was being read, or encoded. The next run sets it aside, so that
  no file can stop every start.
- Joint suspects: several files were being encoded in one batch. The next run indexes each of them
  in a batch of its own, after all others; if it is killed again, there is a sole suspect.

A normal exit, also by Ctrl-C or an error, leaves no suspects.
"""

import atexit
import json
import os
import signal
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Self

from embeddings.errors import IndexNotWritable, Remedy

JOURNAL_FILE = "reading.json"

SET_ASIDE = (
    "was being read when the program was killed or crashed; index the folder again to retry it"
)
"""The problem of a file that is set aside, in words."""

Content = tuple[str, str]
"""SHA-256 of a file's bytes, and the name of its format."""


class IndexingJournal:
    """The contents in work, and those in work when earlier runs were killed.

    Safe to use from several threads. Only the holder of the index's writer lock may create one.

    Attributes:
        sole_suspects: Contents that were the only one in work when a run was killed.
        joint_suspects: Contents that were in work with others when a run was killed.
    """

    def __init__(self, folder: Path) -> None:
        """Reads what earlier runs left.

        Args:
            folder: Of the index.
        """
        self._path = folder / JOURNAL_FILE
        self._lock = threading.Lock()
        self._reading: set[Content] = set()
        self._encoding: set[Content] = set()
        self._ended = False
        self.sole_suspects: set[Content] = set()
        self.joint_suspects: set[Content] = set()
        # A file that is no journal is ignored.
        with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
            written = json.loads(self._path.read_text(encoding="utf-8"))
            self.sole_suspects = _contents(written["sole_suspects"])
            self.joint_suspects = _contents(written["joint_suspects"])

    def __enter__(self) -> Self:
        # A daemon thread never reaches ``__exit__`` when the process ends.
        atexit.register(self.end)
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        atexit.unregister(self.end)

    def end(self) -> None:
        """End the run: nothing is in work any more."""
        with self._lock:
            self._reading, self._encoding = set(), set()
            self._ended = True
            self._write()

    @contextmanager
    def reading(self, content: Content) -> Iterator[None]:
        """Lists a content while its file is read.

        Raises:
            IndexNotWritable: The journal cannot be written.
        """
        with self._lock:
            self._reading = {content}
            self._write()
        try:
            yield
        finally:
            with self._lock:
                self._reading = set()
                self._write()

    @contextmanager
    def encoding(self, contents: Collection[Content]) -> Iterator[None]:
        """Lists contents while their files are encoded and committed, several at a time.

        Raises:
            IndexNotWritable: The journal cannot be written.
        """
        with self._lock:
            self._encoding = set(contents)
            self._write()
        try:
            yield
        finally:
            with self._lock:
                self._encoding = set()
                self._write()

    def complete(self, content: Content) -> None:
        """Remove a content: the index holds its document or its problem."""
        with self._lock:
            suspected = content in self.sole_suspects | self.joint_suspects
            for contents in (self._encoding, self.sole_suspects, self.joint_suspects):
                contents.discard(content)
            if suspected:
                self._write()

    def _write(self) -> None:
        if self._ended and (self._reading or self._encoding):
            return
        sole = self.sole_suspects | self._reading
        joint = set(self.joint_suspects)
        if len(self._encoding) == 1:
            sole |= self._encoding
        else:
            joint |= self._encoding
        new = self._path.with_name(f"{JOURNAL_FILE}.new")
        try:
            if not sole and not joint:
                self._path.unlink(missing_ok=True)
                return
            new.touch(0o600)
            with new.open("w", encoding="utf-8") as file:
                json.dump({"sole_suspects": sorted(sole), "joint_suspects": sorted(joint)}, file)
                file.flush()
                # A machine that runs out of memory is often switched off.
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as error:
            raise IndexNotWritable(
                f"cannot be written ({error.strerror})", self._path.parent, Remedy.MAKE_WRITABLE
            ) from error


def _contents(written: list[list[object]]) -> set[Content]:
    return {(str(sha256), str(format)) for sha256, format in written}


@contextmanager
def signals_as_exit() -> Iterator[None]:
    """Turns signals that would end the process at once into ``SystemExit``."""
    numbers = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    if threading.current_thread() is not threading.main_thread():
        numbers = []  # Only the main thread may handle signals.
    unhandled = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in unhandled:
        signal.signal(number, _exit)
    try:
        yield
    finally:
        for number in unhandled:
            signal.signal(number, signal.SIG_DFL)


def _exit(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)
