"""Sessions: who signed in on the page with a key, in a signed cookie; nothing is stored here."""

import hashlib
from pathlib import Path

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer

from qa.access.refusals import NotAuthenticated
from qa.secret_key import secret_key

SESSION_SECONDS = 12 * 3_600
"""How long a sign-in lasts at most."""

ENDED = "The sign-in has ended: sign in again."
"""What whoever signed in is told when it is over."""

MAX_COOKIE_CHARACTERS = 512
"""Of a cookie that is looked at; ours have a fifth of it."""


class Sessions:
    """Signs the id of a key into a cookie's value, and reads it there."""

    def __init__(self, secret: bytes) -> None:
        self._serializer = URLSafeTimedSerializer(
            secret, salt="session", signer_kwargs={"digest_method": hashlib.sha256}
        )

    @classmethod
    def beside(cls, index: Path) -> "Sessions":
        """Sessions signed with a key beside an index; the key is made if there is none.

        If the key cannot be stored, sessions are valid until the program ends.

        Args:
            index: Its folder.
        """
        index = index.absolute()
        return cls(secret_key(index.with_name(f"{index.name}.sessions.key")))

    def cookie(self, identifier: str) -> str:
        """The cookie's value for the id of a key."""
        value = self._serializer.dumps(identifier)
        return value if isinstance(value, str) else value.decode("ascii")

    def key_id(self, cookie: str) -> str | None:
        """The id in a cookie's value; none if that was not made here.

        Raises:
            NotAuthenticated: It was, and is too old.
        """
        if len(cookie) > MAX_COOKIE_CHARACTERS or not cookie.isascii():
            return None
        try:
            identifier = self._serializer.loads(cookie, max_age=SESSION_SECONDS)
        except SignatureExpired as error:
            raise NotAuthenticated(ENDED) from error
        except BadData:
            return None
        return identifier if isinstance(identifier, str) else None
