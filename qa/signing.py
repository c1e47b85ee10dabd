"""Signing: tells the answers that this program gave from those that somebody made up.

A conversation is kept in the reader's browser, and comes back as whatever the browser sends.
"""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from qa.answer import Answer

KEY_BYTES = 32


class Signer:
    """Signs answers with a key that lies beside the index: HMAC-SHA256 (RFC 2104)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def beside(cls, index: Path) -> "Signer":
        """With the key beside an index, made now if there is none.

        Where none can be kept, signatures are good until the program ends.

        Args:
            index: Its folder.
        """
        index = index.absolute()
        path = index.with_name(f"{index.name}.key")
        with suppress(OSError):
            # Whole or not at all, though two programs begin at once.
            new = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
            try:
                if not path.exists():
                    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                    with os.fdopen(descriptor, "wb") as file:
                        file.write(secrets.token_bytes(KEY_BYTES))
                    with suppress(FileExistsError):
                        os.link(new, path)
            finally:
                new.unlink(missing_ok=True)
            key = path.read_bytes()
            if len(key) == KEY_BYTES:
                return cls(key)
        return cls(secrets.token_bytes(KEY_BYTES))

    def sign(self, answer: Answer) -> str:
        """The signature of an answer, 64 hexadecimal digits."""
        return hmac.new(self._key, answer.to_json().encode(), hashlib.sha256).hexdigest()

    def is_signed(self, answer: Answer, signature: str) -> bool:
        """Whether a signature is that of exactly this answer."""
        return hmac.compare_digest(self.sign(answer).encode(), signature.encode("utf-8", "replace"))
