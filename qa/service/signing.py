"""Signing: whether an answer was given by this program or is a forgery.

A conversation is stored in the user's browser, which may send back anything.
"""

import hashlib
import hmac
from pathlib import Path

from qa.results import Answer
from qa.secret_key import secret_key


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
        return cls(secret_key(index.with_name(f"{index.name}.key")))

    def sign(self, answer: Answer) -> str:
        """The signature of an answer, 64 hexadecimal digits."""
        return hmac.new(self._key, answer.to_json().encode(), hashlib.sha256).hexdigest()

    def is_signed(self, answer: Answer, signature: str) -> bool:
        """Whether a signature is that of exactly this answer."""
        return hmac.compare_digest(self.sign(answer).encode(), signature.encode("utf-8", "replace"))
