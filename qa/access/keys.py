"""API keys: made, revoked and verified; stored as hashes.

A key is ``cv_<id>_<secret>``. The id finds its entry, so that a key that is none costs nothing; of
the secret, 256 random bits, a hash by Argon2id (RFC 9106) is stored.
"""

import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError, VerifyMismatchError

from embeddings.errors import Remedy
from qa.access.caller import RIGHTS, Caller, Right, limit_of
from qa.access.key_file import KeyEntry, KeyFile, Stamp, checked_name, checked_rate
from qa.access.rates import DEFAULT_RATE, Failures
from qa.access.refusals import TooManyAttempts

_KEY = re.compile(r"cv_([0-9a-f]{16})_[A-Za-z0-9_-]{43}")


def key_id(key: str) -> str | None:
    """The id in a key; none if that is no key.

    >>> key_id("cv_0123456789abcdef_" + 43 * "x"), key_id("guest")
    ('0123456789abcdef', None)
    """
    found = _KEY.fullmatch(key)
    return found[1] if found else None


class Keys:
    """The keys of one index. Safe to use from several threads and processes.

    Their file lies beside the index's folder, which may be deleted to index anew. It is read again
    once it has changed, so that a key that any process revokes ends at once.
    """

    def __init__(self, index: Path) -> None:
        self._file = KeyFile(index)
        self._hasher = PasswordHasher()
        # Held for microseconds: to look at what is remembered.
        self._lock = threading.Lock()
        # Held while hashing, for a tenth of a second and with 64 MB: one at a time.
        self._hashing = threading.Lock()
        self._stamp: Stamp | None = None
        self._entries: dict[str, KeyEntry] = {}
        self._remembered: dict[str, bytes] = {}
        self._failures = Failures()

    def add(
        self,
        name: str,
        rights: Iterable[Right],
        within: str | Sequence[str] = (),
        rate: str = DEFAULT_RATE,
    ) -> str:
        """Make a key; returns it, which nothing can do later.

        Args:
            name: Under which it is listed and revoked.
            rights: What whoever holds it may do.
            within: Library paths that exist for them; empty is the whole library.
            rate: How often they may ask, such as ``60/minute``.

        Raises:
            ValueError: A value is not what is expected, or there is a key of that name.
            KeysUnusable: The file cannot be read or written.
        """
        identifier = secrets.token_hex(8)
        key = f"cv_{identifier}_{secrets.token_urlsafe(32)}"
        entry = KeyEntry(
            name=checked_name(name),
            rights=_checked_rights(rights),
            within=limit_of(within),
            rate=checked_rate(rate),
            added=datetime.now(UTC).isoformat(timespec="seconds"),
            id=identifier,
            hash=self._hasher.hash(key),
        )
        with self._file.writing() as entries:
            if any(other.name == name for other in entries):
                raise ValueError(f"expected a name that no key has, got {name}")
            self._file.write((*entries, entry))
        return key

    def revoke(self, name: str) -> None:
        """Delete a key, here and for every process that reads this file.

        Raises:
            ValueError: There is no key of that name.
            KeysUnusable: The file cannot be read or written.
        """
        with self._file.writing() as entries:
            left = tuple(entry for entry in entries if entry.name != name)
            if len(left) == len(entries):
                raise ValueError(f"expected the name of a key, got {name!r}")
            self._file.write(left)

    @property
    def exist(self) -> bool:
        """Whether there ever was a key."""
        return self._file.path.exists()

    def entries(self) -> tuple[KeyEntry, ...]:
        """All keys, in the order in which they were added.

        Raises:
            KeysUnusable: The file cannot be read.
        """
        return self._file.read()[0]

    def holder(self, identifier: str) -> Caller | None:
        """Whoever holds the key of an id; none if there is none, or it was revoked.

        Raises:
            KeysUnusable: The file cannot be read.
        """
        with self._lock:
            self._refresh()
            entry = self._entries.get(identifier)
        return entry.caller if entry else None

    def remembered(self, key: str) -> Caller | None:
        """Whoever holds a key that was verified in this process; none for any other.

        Raises:
            KeysUnusable: The file cannot be read.
        """
        return self._look_up(key)[0]

    def verify(self, key: str) -> Caller | None:
        """Whoever holds a key; none if it is none, wrong or revoked.

        The first time, a key is hashed, which takes a tenth of a second; then it is remembered.

        Raises:
            TooManyAttempts: So many wrong secrets were given with this id that none is looked at.
            KeysUnusable: The file cannot be read.
        """
        caller, entry = self._look_up(key)
        if caller or not entry:
            return caller
        with self._hashing:
            # Another thread may have verified it meanwhile.
            caller, entry = self._look_up(key)
            if caller or not entry:
                return caller
            if seconds := self._failures.wait(entry.id):
                raise TooManyAttempts(seconds)
            if not self._is_of(key, entry):
                self._failures.add(entry.id)
                return None
            with self._lock:
                self._refresh()
                # It may have been revoked meanwhile.
                if self._entries.get(entry.id) != entry:
                    return None
                self._remembered[entry.id] = _digest(key)
        return entry.caller

    def _look_up(self, key: str) -> tuple[Caller | None, KeyEntry | None]:
        """The holder of a remembered key; else the entry to compare the key with, if any."""
        identifier = key_id(key)
        if not identifier:
            return None, None
        with self._lock:
            self._refresh()
            entry = self._entries.get(identifier)
            digest = self._remembered.get(identifier)
        if not entry or not digest:
            return None, entry
        # An id has one secret: where it is known, any other is wrong.
        return (entry.caller, entry) if hmac.compare_digest(digest, _digest(key)) else (None, None)

    def _is_of(self, key: str, entry: KeyEntry) -> bool:
        try:
            return self._hasher.verify(entry.hash, key)
        except VerifyMismatchError:
            return False
        except (Argon2Error, InvalidHashError) as error:
            raise self._file.unusable(
                f"holds what cannot be compared with the key {entry.name}",
                Remedy.RESTORE_KEYS,
                error,
            ) from error

    def _refresh(self) -> None:
        """Read the file if it has changed; keys that are others now are verified anew."""
        if self._file.stamp() != self._stamp:
            before, self._entries = self._entries, {}
            remembered, self._remembered = self._remembered, {}
            entries, self._stamp = self._file.read()
            self._entries = {entry.id: entry for entry in entries}
            self._remembered = {
                id: digest
                for id, digest in remembered.items()
                if id in self._entries and self._entries[id].hash == before[id].hash
            }


def _checked_rights(rights: Iterable[Right]) -> frozenset[Right]:
    named = frozenset(rights)
    if not named or not named <= set(RIGHTS):
        got = ", ".join(sorted(named)) or "none"
        raise ValueError(f"expected some of the rights {', '.join(RIGHTS)}, got {got}")
    return named


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
