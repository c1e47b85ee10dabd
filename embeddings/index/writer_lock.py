"""Writer lock: one process at a time writes to an index."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from embeddings.errors import IndexLocked, IndexNotWritable, Remedy
from embeddings.file_system import FILE_MODE, private_file

LOCK_FILE = "writer.lock"


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Held by the one process that writes to the index in that folder.

    The operating system releases it when the process ends, however it ends.

    Raises:
        IndexLocked: Another process holds it.
        IndexNotWritable: The lock cannot be made.
    """
    owner = folder / f"{LOCK_FILE}.owner"
    lock = FileLock(folder / LOCK_FILE, mode=FILE_MODE)
    try:
        lock.acquire(timeout=0)
        private_file(owner)
        owner.write_text(str(os.getpid()), encoding="ascii")
    except Timeout as error:
        who = (
            f"process {owner.read_text(encoding='ascii', errors='replace')}"
            if owner.is_file()
            else "another process"
        )
        raise IndexLocked(f"is being written by {who}", folder, Remedy.WAIT) from error
    except OSError as error:
        lock.release()
        raise IndexNotWritable(
            f"cannot be written ({error.strerror})", folder, Remedy.MAKE_WRITABLE
        ) from error
    try:
        yield
    finally:
        lock.release()
