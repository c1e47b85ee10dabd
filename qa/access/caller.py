"""Callers: who asks, what they may do, and on which part of the library."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from embeddings.index.paths import library_paths

Right = Literal["ask", "write"]
"""What a caller can be allowed: asking and reading, or adding and removing documents."""

RIGHTS: tuple[Right, ...] = get_args(Right)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request.

    Attributes:
        name: Identifies the caller for rates, jobs and the audit log: ``key:reports``,
            ``oidc:<subject>`` or ``address:127.0.0.1``.
        rights: What the caller may do.
        limit: Library paths of the documents and folders that exist for this caller, as
            ``library_paths`` returns them; empty is the whole library.
        rate: How often the caller may ask, as ``parse_rate`` reads it; none is any number of times.
    """

    name: str
    rights: frozenset[Right]
    limit: tuple[str, ...] = ()
    rate: str | None = None

    def may(self, right: Right) -> bool:
        """Whether the caller has a right."""
        return right in self.rights


def limit_of(within: str | Iterable[str]) -> tuple[str, ...]:
    """Library paths, normalised, each of them once.

    >>> limit_of(["docs/public/", "docs/public", "more"])
    ('docs/public', 'more')

    Raises:
        ValueError: A path is none of a library.
    """
    paths = library_paths(within)
    for path in paths:
        if not path or path.startswith("/") or not _is_storable(path):
            raise ValueError(
                f"expected the path of a document or folder in the library, got {path!r}"
            )
    return tuple(dict.fromkeys(paths))


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
