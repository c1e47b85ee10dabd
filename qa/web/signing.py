"""Signing: whether an answer was given by this program or is a forgery.

A conversation is stored in the user's browser, which may send back anything.
"""

import hashlib
import hmac
import logging
import os
import secrets
from pathlib import Path

from filelock import FileLock, Timeout

from embeddings.file_system import FILE_MODE, open_regular_file, private_file
from qa.results import Answer

KEY_BYTES = 32

_log = logging.getLogger("chapter-and-verse")


class Signer:
    """Signs answers with a key that lies beside the index: HMAC-SHA256 (RFC 2104)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def beside(cls, index: Path) -> "Signer":
        """A signer with the key beside an index; the key is made if there is none.

        If the key cannot be stored, signatures are valid until the program ends.

        Args:
            index: Its folder.
        """
        index = index.absolute()
        path = index.with_name(f"{index.name}.key")
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
            return cls(key)
        except (OSError, Timeout) as error:
            _log.warning(
                "%s cannot be stored (%s): signatures are valid until the program ends.",
                path,
                error,
            )
            return cls(secrets.token_bytes(KEY_BYTES))

    def sign(self, answer: Answer) -> str:
        """The signature of an answer, 64 hexadecimal digits."""
        return hmac.new(self._key, answer.to_json().encode(), hashlib.sha256).hexdigest()

    def is_signed(self, answer: Answer, signature: str) -> bool:
        """Whether a signature is that of exactly this answer."""
        return hmac.compare_digest(self.sign(answer).encode(), signature.encode("utf-8", "replace"))


def _read(path: Path) -> bytes | None:
    """The key in a file; none if there is no file or it holds no key."""
    try:
        with os.fdopen(open_regular_file(path), "rb") as file:
            key = file.read(KEY_BYTES + 1)
    except FileNotFoundError:
        return None
    return key if len(key) == KEY_BYTES else None
