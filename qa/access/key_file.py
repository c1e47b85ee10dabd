"""File of keys: what is stored of each API key, beside the index."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from filelock import FileLock, Timeout
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from embeddings.errors import ChapterAndVerseError, Remedy
from embeddings.file_system import (
    FILE_MODE,
    open_regular_file,
    private_file,
    private_folder,
    sync_folder,
)
from qa.access.caller import Caller, Right, limit_of
from qa.access.rates import parse_rate

MAX_NAME_CHARACTERS = 64
"""Of a key's name."""

MAX_FILE_BYTES = 10_000_000
"""Of the file, some 20,000 keys."""

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_NAME_CHARACTERS - 1}}}")

Stamp = tuple[int, int, int, int]
"""By which a change of the file is seen."""


class KeysUnusable(ChapterAndVerseError):
    """The file of keys is damaged, or cannot be read or written."""

    subject = "The file of keys"


def checked_name(name: str) -> str:
    """The name, if a key can have it.

    Raises:
        ValueError: It cannot.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"expected a name of letters, digits, '-', '_' and '.', at most {MAX_NAME_CHARACTERS} "
            f"and the first a letter or digit, got {name!r}"
        )
    return name


def checked_rate(rate: str) -> str:
    """The rate, if ``parse_rate`` reads it.

    Raises:
        ValueError: It does not.
    """
    parse_rate(rate)
    return rate


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """What is stored of a key.

    Attributes:
        name: Under which it is listed and revoked.
        rights: What whoever holds it may do.
        within: Library paths that exist for them; empty is the whole library.
        rate: How often they may ask.
        added: When, ISO 8601, UTC.
        id: By which it is found; random.
        hash: Argon2id of the whole key.
    """

    name: Annotated[str, AfterValidator(checked_name)]
    rights: Annotated[frozenset[Right], Field(min_length=1)]
    within: Annotated[tuple[str, ...], AfterValidator(limit_of)]
    rate: Annotated[str, AfterValidator(checked_rate)]
    added: str
    id: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    hash: Annotated[str, Field(pattern=r"^\$argon2id\$")] = field(repr=False)

    @property
    def caller(self) -> Caller:
        """Whoever holds the key."""
        return Caller(f"key:{self.name}", self.rights, self.within, self.rate)


@dataclass(frozen=True, slots=True)
class _Content:
    version: Literal[1]
    keys: tuple[KeyEntry, ...]


_CONTENT = TypeAdapter(_Content)


class KeyFile:
    """The file of one index's keys. Safe to use from several threads and processes.

    A file that is damaged or cannot be read is an error, never one without keys.
    """

    def __init__(self, index: Path) -> None:
        index = index.absolute()
        self.path = index.with_name(f"{index.name}.keys.json")

    def stamp(self) -> Stamp | None:
        """By which a change is seen; none if there is no file.

        Raises:
            KeysUnusable: It cannot be reached.
        """
        try:
            return _stamp(self.path.stat())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unreadable(error) from error

    def read(self) -> tuple[tuple[KeyEntry, ...], Stamp | None]:
        """The entries, in the order in which they were added, and their stamp.

        Raises:
            KeysUnusable: The file is damaged or cannot be read.
        """
        try:
            with os.fdopen(open_regular_file(self.path), "rb") as file:
                stamp = _stamp(os.fstat(file.fileno()))
                content = file.read(MAX_FILE_BYTES + 1)
        except FileNotFoundError:
            return (), None
        except OSError as error:
            raise self._unreadable(error) from error
        try:
            return _entries(content), stamp
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            raise self.unusable("is damaged", Remedy.RESTORE_KEYS, first["msg"]) from error
        except ValueError as error:
            raise self.unusable("is damaged", Remedy.RESTORE_KEYS, error) from error

    @contextmanager
    def writing(self) -> Iterator[tuple[KeyEntry, ...]]:
        """Yields the entries; meanwhile no other process changes them.

        Raises:
            KeysUnusable: The file is damaged, or cannot be read or written.
        """
        try:
            private_folder(self.path.parent)
            with FileLock(self._beside("lock"), mode=FILE_MODE, timeout=10):
                yield self.read()[0]
        except Timeout as error:
            raise self.unusable("is being written by another process", Remedy.WAIT) from error
        except OSError as error:
            what = f"cannot be written ({error.strerror})"
            raise self.unusable(what, Remedy.MAKE_WRITABLE) from error

    def write(self, entries: tuple[KeyEntry, ...]) -> None:
        """Replace the file at once: no reader and no killed process sees half of it.

        Raises:
            OSError: It cannot be written; ``writing`` turns it into a ``KeysUnusable``.
        """
        new = self._beside("new")
        new.unlink(missing_ok=True)
        private_file(new)
        with new.open("wb") as file:
            file.write(_CONTENT.dump_json(_Content(1, entries), indent=1))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
        sync_folder(self.path.parent)

    def unusable(self, what: str, remedy: Remedy, detail: object = "") -> KeysUnusable:
        """An error about this file."""
        return KeysUnusable(what, self.path, remedy, detail=detail)

    def _unreadable(self, error: OSError) -> KeysUnusable:
        return self.unusable(f"cannot be read ({error.strerror})", Remedy.ALLOW_READING)

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{suffix}")


def _entries(content: bytes) -> tuple[KeyEntry, ...]:
    """The entries in a file's content.

    Raises:
        ValueError: It is damaged.
    """
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"more than {MAX_FILE_BYTES:,} bytes")
    entries = _CONTENT.validate_json(content, extra="forbid").keys
    for attribute in ("name", "id"):
        if len({getattr(entry, attribute) for entry in entries}) < len(entries):
            raise ValueError(f"two keys of one {attribute}")
    return entries


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size
