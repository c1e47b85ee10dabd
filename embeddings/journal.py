"""At hand: a file beside the index that names the documents which are being indexed right now.

If the process is killed (by a machine that runs out of memory, for example) the file stays, and
the next run takes what it names for the suspects: one of them may have been the cause.

- sole suspect: the only file that was being read, or encoded. The next run sets it aside, so that
  no file can stop every start.
- joint suspects: several files were being encoded in one batch. The next run indexes each of them
  by itself, after all others; if it is killed again, there is a sole suspect.

An orderly end, by Ctrl-C or an error for example, leaves no suspects.
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
    "was being read when the program last ended without notice; "
    "index the folder again to try once more"
)
"""The problem of a file that a run had at hand when it died."""

Content = tuple[str, str]
"""SHA-256 of a file's bytes, and the name of its format: what a run can die of."""


class IndexingJournal:
    """The contents at hand, and those that earlier runs had at hand when they died.

    Safe to use from several threads; made by whoever holds the lock of the index's writer.

    Attributes:
        sole_suspects: Contents with which a run died, at hand by themselves.
        joint_suspects: Contents with which a run died, at hand together with others.
    """

    def __init__(self, folder: Path) -> None:
        """What is written down is read.

        Args:
            folder: Of the index.
        """
        self._path = folder / JOURNAL_FILE
        self._lock = threading.Lock()
        self._reading: set[Content] = set()
        self._encoding: set[Content] = set()
        self._over = False
        self.sole_suspects: set[Content] = set()
        self.joint_suspects: set[Content] = set()
        # What another program wrote there says nothing.
        with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
            written = json.loads(self._path.read_text(encoding="utf-8"))
            self.sole_suspects = _contents(written["sole_suspects"])
            self.joint_suspects = _contents(written["joint_suspects"])

    def __enter__(self) -> Self:
        # A thread that does not hold up the end of its process comes to no end of its own.
        atexit.register(self.end)
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        atexit.unregister(self.end)

    def end(self) -> None:
        """The run is over: nothing is at hand any more."""
        with self._lock:
            self._reading, self._encoding = set(), set()
            self._over = True
            self._write()

    @contextmanager
    def reading(self, content: Content) -> Iterator[None]:
        """While a file is read.

        Raises:
            IndexNotWritable: It cannot be written down.
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
        """While files are encoded and committed, which happens to several at a time.

        Raises:
            IndexNotWritable: It cannot be written down.
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

    def settle(self, content: Content) -> None:
        """The index holds what became of a file: it is not at hand, nor suspected any more."""
        with self._lock:
            suspected = content in self.sole_suspects | self.joint_suspects
            for some in (self._encoding, self.sole_suspects, self.joint_suspects):
                some.discard(content)
            if suspected:
                self._write()

    def _write(self) -> None:
        if self._over and (self._reading or self._encoding):
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
                # A machine without memory is often switched off.
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
    """Lets signals that would end the process at once end it through ``SystemExit`` instead."""
    numbers = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    if threading.current_thread() is not threading.main_thread():
        numbers = []  # Only the main thread may say what a signal does.
    ours = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)
