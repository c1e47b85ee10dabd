"""Secret keys: random bytes in private files beside the index, which sign answers and sessions."""

import logging
import os
import secrets
from pathlib import Path

from filelock import FileLock, Timeout

from embeddings.file_system import FILE_MODE, open_regular_file, private_file

KEY_BYTES = 32

_log = logging.getLogger("chapter-and-verse")


def secret_key(path: Path) -> bytes:
    """The key in a file, ``KEY_BYTES`` long; it is made if there is none.

    If it cannot be stored, what it signs is valid until the program ends.
    """
    try:
        # Two programs that start at the same time share one key.
        with FileLock(path.with_name(f"{path.name}.lock"), mode=FILE_MODE, timeout=10):
            key = _read(path)
            if key is None:
                key = secrets.token_bytes(KEY_BYTES)
                new = path.with_name(f"{path.name}.new")
                new.unlink(missing_ok=True)
                private_file(new)
                new.write_bytes(key)
                new.replace(path)
        return key
    except (OSError, Timeout) as error:
        _log.warning(
            "%s cannot be stored (%s): signatures are valid until the program ends.", path, error
        )
        return secrets.token_bytes(KEY_BYTES)


def _read(path: Path) -> bytes | None:
    """The key in a file; none if there is no file or it holds no key."""
    try:
        with os.fdopen(open_regular_file(path), "rb") as file:
            key = file.read(KEY_BYTES + 1)
    except FileNotFoundError:
        return None
    return key if len(key) == KEY_BYTES else None
