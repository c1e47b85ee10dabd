"""File system: private folders and files, safe opening, checksums and durable renames.

Documents, questions and ratings are private: only their owner can read them, whatever the umask.
Windows has no such modes; there a user's folders are private already.
"""

import errno
import hashlib
import os
import stat
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600

_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


def private_folder(folder: Path) -> None:
    """Create a folder and its missing parents; existing ones are left as they are.

    Raises:
        OSError: It cannot be created, or is a file.
    """
    if folder.is_dir():
        return
    if folder.parent != folder:
        private_folder(folder.parent)
    folder.mkdir(FOLDER_MODE, exist_ok=True)
    # The umask may have removed rights of the owner.
    folder.chmod(FOLDER_MODE)


def private_file(path: Path) -> None:
    """Create an empty file where there is none, and restrict an existing one to its owner.

    Raises:
        OSError: It cannot be created, belongs to another user, or is a link.
    """
    flags = os.O_WRONLY | os.O_CREAT | _NONBLOCK | _NOFOLLOW
    descriptor = os.open(path, flags, FILE_MODE)
    try:
        if os.name == "posix":
            os.fchmod(descriptor, FILE_MODE)
    finally:
        os.close(descriptor)


def open_regular_file(path: Path) -> int:
    """A descriptor for reading a regular file; opening never blocks, even on a pipe.

    Raises:
        OSError: There is none, or it is a folder, a pipe or a device.
    """
    descriptor = os.open(path, os.O_RDONLY | _NONBLOCK | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is not a regular file", str(path))
    return descriptor


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make a rename durable. Windows cannot open a folder and needs no such call."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
