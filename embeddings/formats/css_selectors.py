"""Selectors of style sheets: what they say, and whether an element is meant.

Names, classes, ids, attributes, one element inside, below or after another, places among
siblings, ``:not``, ``:is`` and ``:where``, and rules inside of rules (CSS Nesting). A selector
with anything else in it, as ``:has``, holds for nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from tinycss2.nth import parse_nth

from embeddings.errors import UnreadableFile

DEEPEST = 20
"""Selectors inside of one another."""

LONGEST = 100
"""Elements that a selector may name."""

TOO_INTRICATE = "has style rules too intricate to tell which text they hide"

Weight = tuple[int, int, int]
"""Numbers of ids, classes and names: the higher one wins."""

_STEPS_EACH = 40
# At rest, without a pointer over the page, they hold for nothing.
_AT_REST = frozenset(
    """
    hover focus focus-visible focus-within active target target-within visited fullscreen modal
    popover-open playing current past future user-invalid user-valid autofill
    """.split()
)
_FLAGS = frozenset("root scope link any-link checked empty defined first-child last-child".split())
_FLAGS |= {"only-child", "first-of-type"}
_NTH = frozenset(["nth-child", "nth-last-child", "nth-of-type"])
_GROUPS = frozenset("not is where matches any -webkit-any -moz-any".split())


@lru_cache(maxsize=1024)
def _split(names: str) -> frozenset[str]:
    return frozenset(names.split())


@dataclass(slots=True, eq=False)
class Node:
    """An element with what selectors ask of it, each found once.

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
        """Forget what is inside, for the sake of memory; those after it know what it was."""
        self._last = self._kinds = self._seen = None
        if self.above is not None:
            self.above._seen = self.above._seen or set()
            self.above._seen.update(self.keys)

    @property
    def keys(self) -> list[str]:
        """What selectors that mean it may be looked up under, besides its attributes."""
        keys = [self.tag, *(f".{name}" for name in self.classes)]
        return keys if self.id is None else [*keys, f"#{self.id}"]

    def is_after(self, key: str) -> bool:
        """Whether an element with that key is before it; asked while it is open."""
        seen = None if self.above is None else self.above._seen
        return seen is not None and key in seen

    @property
    def siblings(self) -> int:
        """Elements inside the one around it, itself among them."""
        if self.above is None:
            return 1
        if self.above._size < 0:
            self.above._size = len(self.above.element)
        return self.above._size


@dataclass(frozen=True, slots=True)
class _Attribute:
    name: str
    operator: str
    value: str
    folds: bool

    def fits(self, node: Node) -> bool:
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
class _Nth:
    """Whether a place is ``step * n + start``."""

    name: str
    step: int
    start: int

    def fits(self, node: Node) -> bool:
        place = node.kind_place if self.name == "nth-of-type" else node.place
        if self.name == "nth-last-child":
            place = node.siblings + 1 - node.place
        steps = place - self.start
        return steps == 0 if not self.step else steps % self.step == 0 and steps // self.step >= 0


@dataclass(frozen=True, slots=True)
class _Flag:
    name: str

    def fits(self, node: Node) -> bool:
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
class _Group:
    selectors: tuple["Selector", ...]
    negates: bool


_Test = _Attribute | _Nth | _Flag | _Group


@dataclass(frozen=True, slots=True)
class Compound:
    """What must be true of one element: ``p.note#first``."""

    tag: str = ""
    ids: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    tests: tuple[_Test, ...] = ()

    @property
    def keys(self) -> list[str]:
        """What it can be looked up under; the last one is good for many elements."""
        names = [f"#{id}" for id in self.ids] + [f".{name}" for name in self.classes]
        names += [f"[{test.name}" for test in self.tests if isinstance(test, _Attribute)]
        return [*sorted(names), self.tag] if self.tag or not names else sorted(names)

    @property
    def is_one_name(self) -> bool:
        """Whether its only key says all of it."""
        return not self.tests and bool(self.tag) + len(self.ids) + len(self.classes) == 1

    def names(self, node: Node) -> bool:
        """Whether name, id and classes are right."""
        return (
            self.tag in ("", node.tag)
            and (not self.ids or self.ids == {node.id})
            and self.classes <= node.classes
        )

    def joined(self, other: "Compound") -> "Compound | None":
        """Both of one element; none if it would have two names."""
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
        """Keys of elements that must be around the element."""
        return frozenset(
            key
            for sign, each in self.around
            if sign in " >"
            for key in each.keys
            if key and key[0] != "["
        )

    def fits(self, node: Node, spend: Callable[[int], None]) -> bool:
        """Whether an element is meant.

        Args:
            node: The element.
            spend: Told how many elements were looked at.
        """
        spend(1)
        return self._is(self.compound, node, spend) and bool(self._fits(0, node, spend))

    def _is(self, compound: Compound, node: Node, spend: Callable[[int], None]) -> bool:
        return compound.names(node) and all(
            test.negates != any(each.fits(node, spend) for each in test.selectors)
            if isinstance(test, _Group)
            else test.fits(node)
            for test in compound.tests
        )

    def _fits(self, at: int, node: Node, spend: Callable[[int], None]) -> bool | None:
        """Whether what is around it is right; none if no element further out can be, either."""
        if at == len(self.around):
            return True
        sign, compound = self.around[at]
        if sign in "+~":
            # Most often there is none, or nothing more is asked of it.
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


def selectors(
    tokens: Sequence[Any], parents: Sequence[Selector], spend: Callable[[int], None]
) -> Iterator[Selector]:
    """Those of a list that are understood.

    Args:
        tokens: Of the list, as tinycss2 reads them.
        parents: Those of the rule around it.
        spend: Told how much was done.

    Raises:
        UnreadableFile: They are longer or deeper than any page's.
    """
    for part in _parts(tokens):
        chain = _chain(part, 0)
        if not chain:
            continue
        for parent in parents or (None,):
            spend(_STEPS_EACH)
            found = _selector(chain, parent)
            if found is not None:
                yield found


def _parts(tokens: Sequence[Any]) -> list[list[Any]]:
    parts: list[list[Any]] = [[]]
    for token in tokens:
        if token == ",":
            parts.append([])
        elif token.type != "comment":
            parts[-1].append(token)
    return parts


def _selector(chain: "Sequence[_Link]", parent: Selector | None) -> Selector | None:
    """A selector with that of the rule around it; none if it is not understood."""
    weight, is_made_up = chain[-1].weight, chain[-1].is_made_up
    links = [(link.sign, link.compound, link.is_parent) for link in chain]
    if parent is None:
        if links[0][0] or any(is_parent for *_, is_parent in links):
            return None
    else:
        if parent.is_made_up:
            return None
        if not any(is_parent for *_, is_parent in links):
            first, *others = links
            links = [("", Compound(), True), (first[0] or " ", *first[1:]), *others]
        for at, (sign, compound, is_parent) in enumerate(links):
            if is_parent:
                joined = compound.joined(parent.compound)
                if joined is None or (at and parent.around):
                    return None
                links[at] = (sign, joined, True)
                weight = _sum(weight, parent.weight)
    around = [(sign, links[at][1]) for at, (sign, *_) in enumerate(links[1:])][::-1]
    if parent is not None and links[0][2]:
        around += parent.around
    if len(around) >= LONGEST:
        raise UnreadableFile(TOO_INTRICATE)
    return Selector(links[-1][1], tuple(around), weight, is_made_up)


@dataclass(frozen=True, slots=True)
class _Link:
    """Of a selector that is being read: what one element must be, and all before it together."""

    sign: str
    compound: Compound = Compound()
    is_parent: bool = False
    weight: Weight = (0, 0, 0)
    is_made_up: bool = False
    is_empty: bool = True

    def told(self, compound: Compound, weight: Weight) -> "_Link | None":
        joined = None if self.is_made_up else self.compound.joined(compound)
        if joined is None:
            return None
        return replace(self, compound=joined, weight=_sum(self.weight, weight), is_empty=False)


def _chain(tokens: Sequence[Any], depth: int) -> list[_Link] | None:
    """What a selector says of each element, from left to right; none if it is not understood."""
    if depth > DEEPEST:
        raise UnreadableFile(TOO_INTRICATE)
    chain = [_Link("")]
    sign = ""
    rest = iter(tokens)
    for token in rest:
        if token.type == "whitespace":
            sign = sign or " "
            continue
        if token.type == "literal" and token.value in (">", "+", "~"):
            if sign.strip():
                return None
            sign = token.value
            continue
        if sign and (not chain[-1].is_empty or sign != " "):
            if chain[-1].is_empty:  # The first sign of a rule inside another.
                chain[-1] = _Link(sign)
            else:
                chain.append(_Link(sign, weight=chain[-1].weight))
            if len(chain) > LONGEST:
                raise UnreadableFile(TOO_INTRICATE)
        sign = ""
        link = _told(chain[-1], token, rest, depth)
        if link is None or chain[-1].is_made_up:
            return None
        chain[-1] = link
    return None if chain[-1].is_empty or sign.strip() else chain


def _told(link: _Link, token: Any, rest: Iterator[Any], depth: int) -> _Link | None:
    """What is known after another part of a compound."""
    if token.type == "ident":
        # A name stands first: "a" behind "[b]" is a mistake.
        named = Compound(tag=token.lower_value)
        return link.told(named, (0, 0, 1)) if link.is_empty else None
    if token.type == "hash":
        return link.told(Compound(ids=frozenset([token.value])), (1, 0, 0))
    if token.type == "[] block":
        test = _attribute(token.content)
        return None if test is None else link.told(Compound(tests=(test,)), (0, 1, 0))
    if token == "*":
        return link.told(Compound(), (0, 0, 0))
    if token == "&":
        return replace(link, is_parent=True, is_empty=False)
    following = next(rest, None) if token.type == "literal" else None
    if following is None:
        return None
    if token == "." and following.type == "ident":
        return link.told(Compound(classes=frozenset([following.value])), (0, 1, 0))
    if token != ":":
        return None
    doubled = following == ":"
    if doubled:
        following = next(rest, None)
    if following is None:
        return None
    if following.type == "ident" and following.lower_value in ("before", "after"):
        return replace(link, is_made_up=True, is_empty=False)
    return None if doubled else _pseudo_class(link, following, depth)


def _pseudo_class(link: _Link, token: Any, depth: int) -> _Link | None:
    if token.type == "ident":
        if token.lower_value in _AT_REST:
            return link.told(Compound(tests=(_Group((), False),)), (0, 1, 0))
        known = token.lower_value in _FLAGS
        return link.told(Compound(tests=(_Flag(token.lower_value),)), (0, 1, 0)) if known else None
    if token.type != "function":
        return None
    name = token.lower_name
    if name in _NTH:
        nth = parse_nth(token.arguments)
        return link.told(Compound(tests=(_Nth(name, *nth),)), (0, 1, 0)) if nth else None
    if name not in _GROUPS:
        return None
    chains = [_chain(part, depth + 1) for part in _parts(token.arguments)]
    found = [chain and _selector(chain, None) for chain in chains]
    inner = tuple(each for each in found if each)
    if (name == "not" and len(inner) < len(found)) or any(each.is_made_up for each in inner):
        return None
    weight = max((each.weight for each in inner), default=(0, 0, 0))
    test = _Group(inner, name == "not")
    return link.told(Compound(tests=(test,)), (0, 0, 0) if name == "where" else weight)


def _attribute(tokens: Sequence[Any]) -> _Attribute | None:
    parts = [token for token in tokens if token.type not in ("whitespace", "comment")]
    if not parts or parts[0].type != "ident":
        return None
    name = parts[0].lower_value
    if len(parts) == 1:
        return _Attribute(name, "", "", False)
    flag = parts[3].lower_value if len(parts) == 4 and parts[3].type == "ident" else ""
    if (
        len(parts) not in (3, 4)
        or (len(parts) == 4 and flag not in ("i", "s"))
        or parts[1].type != "literal"
        or parts[1].value not in ("=", "~=", "|=", "^=", "$=", "*=")
        or parts[2].type not in ("ident", "string")
    ):
        return None
    return _Attribute(name, parts[1].value, parts[2].value, flag == "i")


def _sum(first: Weight, second: Weight) -> Weight:
    return first[0] + second[0], first[1] + second[1], first[2] + second[2]
