"""Elements of a page, as selectors match them.

Each is looked at while it is open, as the page is gone through from its beginning.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

Weight = tuple[int, int, int]
"""Numbers of ids, classes and names in a selector: the higher one wins."""


@lru_cache(maxsize=1024)
def _split(names: str) -> frozenset[str]:
    return frozenset(names.split())


@dataclass(slots=True, eq=False)
class Node:
    """An element with cached answers to the tests of selectors.

    Attributes:
        element: lxml's.
        tag: Its name, in small letters.
        above: The element around it.
        before: The element before it inside the same element.
        place: Of how many elements it is inside that one, from 1.
        variables: Custom properties that hold for it.
    """

    element: Any
    tag: str
    above: "Node | None" = None
    before: "Node | None" = None
    place: int = 1
    id: str | None = None
    classes: frozenset[str] = frozenset()
    variables: Mapping[str, str] = field(default_factory=dict)
    kind_place: int = 1
    _kinds: dict[str, int] | None = None
    _last: "Node | None" = None
    _seen: set[str] | None = None
    _size: int = -1

    def child(self, element: Any, tag: str) -> "Node":
        """The next element inside this one."""
        self._kinds = self._kinds or {}
        self._kinds[tag] = self._kinds.get(tag, 0) + 1
        names = element.get("class")
        child = Node(
            element,
            tag,
            self,
            self._last,
            self._last.place + 1 if self._last else 1,
            element.get("id"),
            _split(names) if names else frozenset(),
            self.variables,
            self._kinds[tag],
        )
        self._last = child
        return child

    def close(self) -> None:
        """Drop its content to save memory; its siblings still see the element."""
        self._last = self._kinds = self._seen = None
        if self.above is not None:
            self.above._seen = self.above._seen or set()
            self.above._seen.update(self.keys)

    @property
    def keys(self) -> list[str]:
        """Keys under which selectors that match it may be stored, besides its attributes."""
        keys = [self.tag, *(f".{name}" for name in self.classes)]
        return keys if self.id is None else [*keys, f"#{self.id}"]

    def is_after(self, key: str) -> bool:
        """Whether an earlier sibling has that key; valid while the element is open."""
        seen = None if self.above is None else self.above._seen
        return seen is not None and key in seen

    @property
    def siblings(self) -> int:
        """The children of its parent, itself included."""
        if self.above is None:
            return 1
        if self.above._size < 0:
            self.above._size = len(self.above.element)
        return self.above._size


@dataclass(frozen=True, slots=True)
class Attribute:
    """A test of an attribute."""

    name: str
    operator: str
    value: str
    folds: bool

    def fits(self, node: Node) -> bool:
        """Whether an element passes the test."""
        there = node.element.get(self.name)
        if there is None:
            return False
        value = self.value
        if self.folds:
            there, value = there.lower(), value.lower()
        match self.operator:
            case "":
                return True
            case "=":
                return bool(there == value)
            case "~=":
                return value in there.split()
            case "|=":
                return bool(there == value or there.startswith(f"{value}-"))
            case "^=":
                return bool(value and there.startswith(value))
            case "$=":
                return bool(value and there.endswith(value))
            case _:
                return bool(value and value in there)


@dataclass(frozen=True, slots=True)
class Nth:
    """Whether a place is ``step * n + start``."""

    name: str
    step: int
    start: int

    def fits(self, node: Node) -> bool:
        """Whether an element passes the test."""
        place = node.kind_place if self.name == "nth-of-type" else node.place
        if self.name == "nth-last-child":
            place = node.siblings + 1 - node.place
        steps = place - self.start
        return steps == 0 if not self.step else steps % self.step == 0 and steps // self.step >= 0


@dataclass(frozen=True, slots=True)
class Flag:
    """A pseudo-class without arguments."""

    name: str

    def fits(self, node: Node) -> bool:
        """Whether an element passes the test."""
        element = node.element
        match self.name:
            case "root" | "scope":
                return node.above is None
            case "link" | "any-link":
                return node.tag in ("a", "area") and element.get("href") is not None
            case "checked":
                return element.get("checked") is not None or element.get("selected") is not None
            case "empty":
                return len(element) == 0 and not element.text
            case "first-child":
                return node.place == 1
            case "last-child":
                return node.place == node.siblings
            case "only-child":
                return node.siblings == 1
            case "first-of-type":
                return node.kind_place == 1
        return self.name == "defined"


@dataclass(frozen=True, slots=True)
class Group:
    """Selectors of which at least one must match; or none, if it negates."""

    selectors: tuple["Selector", ...]
    negates: bool


_Test = Attribute | Nth | Flag | Group


@dataclass(frozen=True, slots=True)
class Compound:
    """A compound selector: the tests of one element, as in ``p.note#first``."""

    tag: str = ""
    ids: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    tests: tuple[_Test, ...] = ()

    @property
    def keys(self) -> list[str]:
        """Keys under which it can be stored; the last is the least specific."""
        names = [f"#{id}" for id in self.ids] + [f".{name}" for name in self.classes]
        names += [f"[{test.name}" for test in self.tests if isinstance(test, Attribute)]
        return [*sorted(names), self.tag] if self.tag or not names else sorted(names)

    @property
    def is_one_name(self) -> bool:
        """Whether it is equivalent to its only key."""
        return not self.tests and bool(self.tag) + len(self.ids) + len(self.classes) == 1

    def names(self, node: Node) -> bool:
        """Whether name, id and classes match."""
        return (
            self.tag in ("", node.tag)
            and (not self.ids or self.ids == {node.id})
            and self.classes <= node.classes
        )

    def joined(self, other: "Compound") -> "Compound | None":
        """The conjunction of both; none if the element would have two names."""
        if self.tag and other.tag and self.tag != other.tag:
            return None
        return Compound(
            self.tag or other.tag,
            self.ids | other.ids,
            self.classes | other.classes,
            self.tests + other.tests,
        )


@dataclass(frozen=True, slots=True)
class Selector:
    """A compound, and what is around it, inside out: each after how they are combined.

    Attributes:
        is_made_up: Of what is drawn before or after the text of an element.
    """

    compound: Compound
    around: tuple[tuple[str, Compound], ...] = ()
    weight: Weight = (0, 0, 0)
    is_made_up: bool = False

    @property
    def needs(self) -> frozenset[str]:
        """Keys of ancestors that must exist."""
        return frozenset(
            key
            for sign, each in self.around
            if sign in " >"
            for key in each.keys
            if key and key[0] != "["
        )

    def fits(self, node: Node, spend: Callable[[int], None]) -> bool:
        """Whether an element matches.

        Args:
            node: The element.
            spend: Called with the number of elements that were examined.
        """
        spend(1)
        return self._is(self.compound, node, spend) and bool(self._fits(0, node, spend))

    def _is(self, compound: Compound, node: Node, spend: Callable[[int], None]) -> bool:
        return compound.names(node) and all(
            test.negates != any(each.fits(node, spend) for each in test.selectors)
            if isinstance(test, Group)
            else test.fits(node)
            for test in compound.tests
        )

    def _fits(self, at: int, node: Node, spend: Callable[[int], None]) -> bool | None:
        """Whether its ancestors match; none if no further ancestor can match, either."""
        if at == len(self.around):
            return True
        sign, compound = self.around[at]
        if sign in "+~":
            # Usually there is none, or nothing more to test.
            keys = [key for key in compound.keys if key and key[0] != "["]
            if not all(map(node.is_after, keys)):
                return False
            if sign == "~" and keys and compound.is_one_name and at + 1 == len(self.around):
                return True
        other = node.above if sign in " >" else node.before
        while other is not None:
            spend(1)
            if self._is(compound, other, spend):
                fits = self._fits(at + 1, other, spend)
                if fits is not False:
                    return fits
            if sign in ">+":
                return False
            other = other.above if sign == " " else other.before
        return None if sign == " " else False
