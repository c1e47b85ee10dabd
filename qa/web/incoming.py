"""Incoming: files on their way into the library, between a client and the uploads.

Each lies in a folder of its own whose name, a token that cannot be guessed, is told to the one
who sent it: by it, and by nothing else, a file is asked to be taken in. Bytes are counted as
they come, whatever a client declared.
"""

import os
import secrets
import shutil
import threading
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, time

from qa.settings import UploadLimits

STRAY_SECONDS = 60.0
"""Age of a file that nobody knows of: Gradio makes an empty one beside each file it hands on."""

UNASKED_SECONDS = 60.0
"""Age of a file that was announced and not asked to be taken in: the page asks at once."""

FORGOTTEN_SECONDS = 900.0
"""Age of a file that was asked to be taken in, and waited for its turn in vain."""

SHARE = 0.5
"""Of the room for files on their way that one sender may take."""


class NoRoom(Exception):
    """So much is on its way that nothing more is received for now."""


@dataclass(slots=True)
class _File:
    """A file on its way.

    Attributes:
        path: Where it lies.
        sender: Address of the client.
        size: Bytes received so far.
        since: When its token was told, then when it was asked to be taken in; none before.
        asked: Whether it was.
    """

    path: Path
    sender: str
    size: int = 0
    since: float | None = None
    asked: bool = False


class Incoming:
    """The files on their way to one process. Safe to use from several threads."""

    def __init__(self, folder: Path, limits: UploadLimits) -> None:
        """Nothing is read or written yet.

        Args:
            folder: This process's own.
            limits: On a file, and on all that are on their way.
        """
        self.folder = folder
        self.limits = limits
        self._files: dict[str, _File] = {}
        self._bytes: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """Of all that is on its way, received so far."""
        with self._lock:
            return self._bytes.total()

    def begin(self, name: str, sender: str = "") -> "Arrival":
        """A file that begins to come.

        Args:
            name: For the file system: see ``upload_batch.free_name``.
            sender: Address of the client.

        Raises:
            NoRoom: Too many are on their way.
            OSError: It cannot be written.
        """
        token = secrets.token_urlsafe(24)
        file = _File(self.folder / token / name, sender)
        with self._lock:
            theirs = sum(each.sender == sender for each in self._files.values())
            most = max(self.limits.documents, self.limits.files)
            if len(self._files) >= most or theirs >= max(self.limits.files, SHARE * most):
                raise NoRoom
            self._files[token] = file
        try:
            file.path.parent.mkdir(mode=0o700)
            return Arrival(self, token, file)
        except BaseException:
            self.drop([file.path])
            raise

    def grow(self, file: _File, size: int) -> None:
        """Count bytes that are about to be written.

        Raises:
            NoRoom: There is no room for them.
        """
        most = max(self.limits.total_bytes, self.limits.batch_bytes)
        share = max(self.limits.batch_bytes, SHARE * most)
        with self._lock:
            if self._bytes.total() + size > most or self._bytes[file.sender] + size > share:
                raise NoRoom
            file.size += size
            self._bytes[file.sender] += size

    def announce(self, tokens: Iterable[str]) -> None:
        """The sender is told the tokens: the files may be asked for, and in time are forgotten."""
        with self._lock:
            for token in tokens:
                self._files[token].since = monotonic()

    def ask_for(self, token: str) -> Path | None:
        """Where the file lies that was received under a token, to be taken in; none if none was."""
        with self._lock:
            file = self._files.get(token)
            if file is None or file.since is None or not _is_plain_file(file.path):
                return None
            if not file.asked:
                file.asked, file.since = True, monotonic()
            return file.path

    def is_asked_for(self, path: Path) -> bool:
        """Whether a path is exactly that of a plain file that was asked to be taken in."""
        with self._lock:
            file = self._files.get(path.parent.name)
        return file is not None and file.asked and file.path == path and _is_plain_file(path)

    def drop(self, paths: Iterable[Path]) -> None:
        """Forget files, and remove what is left of them; paths of none are left alone."""
        for path in paths:
            with self._lock:
                file = self._files.get(path.parent.name)
                if file is None or file.path != path:
                    continue
                del self._files[path.parent.name]
                self._bytes[file.sender] -= file.size
                self._bytes += Counter()  # Without senders who have nothing on its way.
            shutil.rmtree(path.parent, ignore_errors=True)

    def clear(self) -> None:
        """Remove what was received and never asked for, and what nobody knows of."""
        now = monotonic()
        with self._lock:
            old = [
                file.path
                for file in self._files.values()
                if file.since is not None
                and now - file.since > (FORGOTTEN_SECONDS if file.asked else UNASKED_SECONDS)
            ]
        self.drop(old)
        with self._lock:
            known = {file.path.parent for file in self._files.values()}
        for stray in self.folder.iterdir() if self.folder.is_dir() else ():
            with suppress(OSError):
                if stray not in known and time() - stray.lstat().st_mtime > STRAY_SECONDS:
                    shutil.rmtree(stray) if stray.is_dir() else stray.unlink()


class Arrival:
    """One file while it comes; a context manager that leaves nothing of one that is cut short."""

    def __init__(self, incoming: Incoming, token: str, file: _File) -> None:
        self.token = token
        self._incoming = incoming
        self._file = file
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._open = os.fdopen(os.open(file.path, flags, 0o600), "wb")

    def write(self, content: bytes) -> None:
        """Take what has come. Of a file that is too large one byte too many is kept.

        Raises:
            NoRoom: Too much is on its way.
            OSError: It cannot be written.
        """
        content = content[: max(0, self._incoming.limits.file_bytes + 1 - self._file.size)]
        self._incoming.grow(self._file, len(content))
        self._open.write(content)

    def finish(self) -> None:
        """All of it has come."""
        self._open.close()

    def abandon(self) -> None:
        """The rest will not come."""
        self._open.close()
        self._incoming.drop([self._file.path])


def _is_plain_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and not path.parent.is_symlink()
