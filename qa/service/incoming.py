"""Incoming files: received from clients, until they are added to the library or expire.

Each lies in a folder of its own whose name is a random token. Only the client that sent a file
gets its token, and only by its token a file can be claimed. Bytes are counted as they arrive,
whatever length a client declared.
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

UNKNOWN_SECONDS = 60.0
"""Age at which a file without an entry is removed: Gradio makes an empty one beside each file."""

UNCLAIMED_SECONDS = 60.0
"""Age at which a file that was not claimed is removed: the page claims it at once."""

CLAIMED_SECONDS = 900.0
"""Age at which a claimed file is removed that was not added, such as after a lost event."""

SENDER_SHARE = 0.5
"""Share of the room for incoming files that one sender may use. Chosen by hand."""


class NoRoom(Exception):
    """The limits on incoming files allow no more for now."""


@dataclass(slots=True)
class _Entry:
    """A file that is being received or was received.

    Attributes:
        path: Where it lies.
        sender: Address of the client.
        size: Bytes received so far.
        since: When it became claimable, then when it was claimed; None before.
        claimed: Whether it was claimed.
    """

    path: Path
    sender: str
    size: int = 0
    since: float | None = None
    claimed: bool = False


class IncomingFiles:
    """The incoming files of one process. Safe to use from several threads.

    Nothing is read or written until the first file.

    Args:
        folder: Used by this process alone.
        limits: On each file, and on all incoming files together.
    """

    def __init__(self, folder: Path, limits: UploadLimits) -> None:
        self.folder = folder
        self.limits = limits
        self._entries: dict[str, _Entry] = {}
        self._bytes: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """Total size of all incoming files, as received so far."""
        with self._lock:
            return self._bytes.total()

    def create(self, name: str, sender: str = "") -> "FileWriter":
        """A writer for a new file.

        Args:
            name: For the file system: see ``upload_batch.available_name``.
            sender: Address of the client.

        Raises:
            NoRoom: There are too many incoming files.
            OSError: The file cannot be created.
        """
        token = secrets.token_urlsafe(24)
        entry = _Entry(self.folder / token / name, sender)
        with self._lock:
            of_sender = sum(each.sender == sender for each in self._entries.values())
            most = max(self.limits.documents, self.limits.files)
            most_of_sender = max(self.limits.files, SENDER_SHARE * most)
            if len(self._entries) >= most or of_sender >= most_of_sender:
                raise NoRoom
            self._entries[token] = entry
        try:
            entry.path.parent.mkdir(mode=0o700)
            return FileWriter(self, token, entry)
        except BaseException:  # Also of Ctrl-C: the entry would count for ever.
            self.discard([entry.path])
            raise

    def reserve(self, entry: _Entry, size: int) -> None:
        """Count bytes that are about to be written.

        Raises:
            NoRoom: They would exceed the limits.
        """
        most = max(self.limits.total_bytes, self.limits.batch_bytes)
        most_of_sender = max(self.limits.batch_bytes, SENDER_SHARE * most)
        with self._lock:
            if (
                self._bytes.total() + size > most
                or self._bytes[entry.sender] + size > most_of_sender
            ):
                raise NoRoom
            entry.size += size
            self._bytes[entry.sender] += size

    def make_claimable(self, tokens: Iterable[str]) -> None:
        """Let the files be claimed; from now on they expire. The client is sent the tokens."""
        with self._lock:
            for token in tokens:
                self._entries[token].since = monotonic()

    def claim(self, token: str) -> Path | None:
        """Where the file of the token lies, to be added to the library; None if there is none."""
        with self._lock:
            entry = self._entries.get(token)
            if entry is None or entry.since is None or not _is_regular_file(entry.path):
                return None
            if not entry.claimed:
                entry.claimed, entry.since = True, monotonic()
            return entry.path

    def is_claimed(self, path: Path) -> bool:
        """Whether a path is exactly that of a regular file that was claimed."""
        with self._lock:
            entry = self._entries.get(path.parent.name)
        return entry is not None and entry.claimed and entry.path == path and _is_regular_file(path)

    def discard(self, paths: Iterable[Path]) -> None:
        """Remove the incoming files at these paths; other paths are ignored."""
        for path in paths:
            with self._lock:
                entry = self._entries.get(path.parent.name)
                if entry is None or entry.path != path:
                    continue
                del self._entries[path.parent.name]
                self._bytes[entry.sender] -= entry.size
                self._bytes += Counter()  # Removes senders without incoming files.
            shutil.rmtree(path.parent, ignore_errors=True)

    def remove_expired(self) -> None:
        """Remove expired files, and old files without an entry."""
        now = monotonic()
        with self._lock:
            expired = [
                entry.path
                for entry in self._entries.values()
                if entry.since is not None
                and now - entry.since > (CLAIMED_SECONDS if entry.claimed else UNCLAIMED_SECONDS)
            ]
        self.discard(expired)
        with self._lock:
            known = {entry.path.parent for entry in self._entries.values()}
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            with suppress(OSError):
                if path not in known and time() - path.lstat().st_mtime > UNKNOWN_SECONDS:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


class FileWriter:
    """Writes one incoming file."""

    def __init__(self, files: IncomingFiles, token: str, entry: _Entry) -> None:
        self.token = token
        self._files = files
        self._entry = entry
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._stream = os.fdopen(os.open(entry.path, flags, 0o600), "wb")

    def write(self, content: bytes) -> None:
        """Append bytes. Of a file that is too large, one byte beyond the limit is written.

        Raises:
            NoRoom: They would exceed the limits on all incoming files.
            OSError: They cannot be written.
        """
        content = content[: max(0, self._files.limits.file_bytes + 1 - self._entry.size)]
        self._files.reserve(self._entry, len(content))
        self._stream.write(content)

    def close(self) -> None:
        """End the file, which is complete."""
        self._stream.close()

    def abort(self) -> None:
        """Remove the file, which will not be completed."""
        self._stream.close()
        self._files.discard([self._entry.path])


def _is_regular_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and not path.parent.is_symlink()
