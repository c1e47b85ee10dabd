"""Private files: folders and files that only their owner can read, whatever the umask.

What is indexed, asked and said of answers is nobody else's. Windows has no such modes; there a
user's folders are private already.
"""

import errno
import os
import stat
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600

_NOT_WAITING = getattr(os, "O_NONBLOCK", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def private_folder(folder: Path) -> None:
    """Make a folder that is not there yet, and those above it; those that are stay as they are.

    Raises:
        OSError: It cannot be made, or is a file.
    """
    if folder.is_dir():
        return
    if folder.parent != folder:
        private_folder(folder.parent)
    folder.mkdir(FOLDER_MODE, exist_ok=True)
    # The umask can have taken rights away from the owner as well.
    folder.chmod(FOLDER_MODE)


def private_file(path: Path) -> None:
    """Make an empty file where there is none, and leave to its owner alone one that is there.

    Raises:
        OSError: It cannot be made, belongs to somebody else, or is a link.
    """
    flags = os.O_WRONLY | os.O_CREAT | _NOT_WAITING | _NO_LINK
    descriptor = os.open(path, flags, FILE_MODE)
    try:
        if os.name == "posix":
            os.fchmod(descriptor, FILE_MODE)
    finally:
        os.close(descriptor)


def open_regular_file(path: Path) -> int:
    """A descriptor to read a plain file by; a pipe put in its place does not hold anyone up.

    Raises:
        OSError: There is none, or it is a folder, a pipe or a device.
    """
    descriptor = os.open(path, os.O_RDONLY | _NOT_WAITING | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is no plain file", str(path))
    return descriptor
