"""Limit: the documents and folders of a library that a user chose to be answered from.

A page shows a part of a large library and does not know the rest, so that it keeps a limit as a
few paths and has each tick worked out here, where all documents are known.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic_core import from_json

from embeddings.index.paths import lies_within

MAX_PATHS = 1_000
"""Documents and folders that a limit names."""

MAX_LIMIT_CHARACTERS = 100_000
"""Of a limit as JSON."""

TOO_MANY_PATHS = (
    f"More than {MAX_PATHS:,} documents and folders would be chosen one by one; choose whole "
    "folders, or fewer documents."
)

_KEYS = {"only", "except"}


@dataclass(frozen=True, slots=True)
class Limit:
    """What is answered from: everything, unless told otherwise.

    >>> documents = ["town/a.txt", "town/old/b.txt", "town/old/c.txt"]
    >>> limit = Limit().ticked("town/old/b.txt", False, documents)
    >>> limit.within(documents)
    ('town/a.txt', 'town/old/c.txt')

    Attributes:
        only: Library paths of the documents and folders that were chosen; None for all.
        excluded: Library paths of those that are left out of all.
    """

    only: tuple[str, ...] | None = None
    excluded: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is left out."""
        return self.only is not None or bool(self.excluded)

    def to_json(self) -> str:
        """The limit as ``parse_limit`` reads it."""
        if self.only is not None:
            return json.dumps({"only": self.only})
        return json.dumps({"except": self.excluded} if self.excluded else {})

    def includes(self, path: str) -> bool:
        """Whether a document is answered from."""
        if self.only is not None:
            return lies_within(path, self.only)
        return not lies_within(path, self.excluded)

    def count(self, documents: Sequence[str]) -> int:
        """The number of these documents that are answered from."""
        if not self:
            return len(documents)
        named = frozenset(self.excluded if self.only is None else self.only)
        inside = sum(not named.isdisjoint(_places(path)) for path in documents)
        return inside if self.only is not None else len(documents) - inside

    def without_gone(self, documents: Sequence[str]) -> tuple["Limit", tuple[str, ...]]:
        """The limit without paths at which there is no document, and these paths.

        Args:
            documents: Library paths of all documents.
        """
        present = {place for path in documents for place in _places(path)}
        named = self.excluded if self.only is None else self.only
        left = tuple(path for path in named if path in present)
        gone = tuple(path for path in named if path not in present)
        if self.only is None:
            return Limit(None, left), gone
        # A limit whose every document is gone is none: it does not say what else to choose.
        return (Limit(left) if left or not gone else Limit()), gone

    def ticked(self, path: str, tick: bool, documents: Sequence[str]) -> "Limit":
        """The limit once a document, a folder or, with an empty path, everything is ticked or not.

        Args:
            path: In the library.
            tick: Whether it is answered from.
            documents: Library paths of all documents.

        Raises:
            ValueError: It would name too many paths.
        """
        if not path:
            return Limit() if tick else Limit(())
        named = self.excluded if self.only is None else self.only
        outside = [each for each in named if each != path and not each.startswith(f"{path}/")]
        # Where everything is answered from, what is named is what is left out.
        if tick is (self.only is not None):
            changed = outside if lies_within(path, outside) else [*outside, path]
        else:
            around = [each for each in outside if path.startswith(f"{each}/")]
            rest = [each for place in around for each in _rest(place, path, documents)]
            changed = [*(each for each in outside if each not in around), *rest]
        limit = Limit(None, tuple(changed)) if self.only is None else Limit(tuple(changed))
        count = limit.count(documents)
        if count == len(documents):
            return Limit()
        limit = limit if count else Limit(())
        limit.within(documents)
        return limit

    def within(self, documents: Sequence[str]) -> tuple[str, ...]:
        """Library paths of documents and folders that are just what is answered from.

        None if that is everything, and none if it is nothing.

        Args:
            documents: Library paths of all documents.

        Raises:
            ValueError: They are too many.
        """
        if self.only is not None:
            paths = self.only
        else:
            paths = tuple(_cover("", documents, self.excluded)) if self.excluded else ()
        if len(paths) > MAX_PATHS:
            raise ValueError(TOO_MANY_PATHS)
        return paths


def parse_limit(text: str) -> Limit:
    """The limit in JSON: ``{}``, ``{"only": […]}`` or ``{"except": […]}``.

    >>> parse_limit('{"only": ["docs/guide"]}')
    Limit(only=('docs/guide',), excluded=())

    Raises:
        ValueError: It is none, or names too many paths.
    """
    if len(text) > MAX_LIMIT_CHARACTERS:
        raise ValueError(f"expected a limit of at most {MAX_LIMIT_CHARACTERS:,} characters")
    value = from_json(text or "{}")
    if not isinstance(value, dict) or len(value) > 1 or not value.keys() <= _KEYS:
        raise ValueError("expected a limit as an object")
    for paths in value.values():
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            raise ValueError("expected a list of library paths")
        if len(paths) > MAX_PATHS:
            raise ValueError(TOO_MANY_PATHS)
    only = value.get("only")
    return Limit(None if only is None else tuple(only), tuple(value.get("except", ())))


def _places(path: str) -> Iterator[str]:
    """A path and the folders around it, outermost first."""
    yield from (path[:at] for at, letter in enumerate(path) if letter == "/")
    yield path


def _children(place: str, documents: Sequence[str]) -> list[str]:
    """The documents and folders right inside a folder; the outermost ones if it is empty."""
    start = f"{place}/" if place else ""
    inside = (path for path in documents if path.startswith(start))
    return sorted({f"{start}{path[len(start) :].partition('/')[0]}" for path in inside})


def _rest(place: str, path: str, documents: Sequence[str]) -> Iterator[str]:
    """Documents and folders that together are all of a folder but a path inside it."""
    while place != path:
        towards = place + "/" + path[len(place) + 1 :].partition("/")[0]
        yield from (child for child in _children(place, documents) if child != towards)
        place = towards


def _cover(place: str, documents: Sequence[str], excluded: Sequence[str]) -> Iterator[str]:
    """Documents and folders that together are all of a folder but what is excluded."""
    for child in _children(place, documents):
        if child in excluded:
            continue
        inside = [path for path in excluded if path.startswith(f"{child}/")]
        if inside:
            held = [path for path in documents if path.startswith(f"{child}/")]
            yield from _cover(child, held, inside)
        else:
            yield child
