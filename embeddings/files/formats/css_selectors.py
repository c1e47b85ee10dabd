"""Selectors of style sheets, parsed.

Names, classes, ids, attributes, one element inside, below or after another, places among
siblings, ``:not``, ``:is`` and ``:where``, and rules inside of rules (CSS Nesting). A selector
with anything else in it, as ``:has``, holds for nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tinycss2.nth import parse_nth

from embeddings.errors import UnreadableFile
from embeddings.files.formats.css_elements import (
    Attribute,
    Compound,
    Flag,
    Group,
    Nth,
    Selector,
    Weight,
)

DEEPEST = 20
"""Deepest nesting of selectors. Chosen by hand."""

LONGEST = 100
"""Most compounds of a selector. Chosen by hand."""

TOO_INTRICATE = "has style rules too intricate to tell which text they hide"


_STEPS_EACH = 40
# Without a pointer over the page and without input, they match nothing.
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


def selectors(
    tokens: Sequence[Any], parents: Sequence[Selector], spend: Callable[[int], None]
) -> Iterator[Selector]:
    """The selectors of a list that are supported.

    Args:
        tokens: Of the list, as tinycss2 reads them.
        parents: Those of the rule around it.
        spend: Called with the number of steps taken.

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
    """A selector with that of the rule around it; none if it is not supported."""
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


_ANY = Compound()


@dataclass(frozen=True, slots=True)
class _Link:
    """A partly parsed selector: its last compound, and the weight of all its compounds."""

    sign: str
    compound: Compound = _ANY
    is_parent: bool = False
    weight: Weight = (0, 0, 0)
    is_made_up: bool = False
    is_empty: bool = True

    def extended(self, compound: Compound, weight: Weight) -> "_Link | None":
        joined = None if self.is_made_up else self.compound.joined(compound)
        if joined is None:
            return None
        return replace(self, compound=joined, weight=_sum(self.weight, weight), is_empty=False)


def _chain(tokens: Sequence[Any], depth: int) -> list[_Link] | None:
    """The compounds of a selector, from left to right; none if it is not supported."""
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
        link = _extended(chain[-1], token, rest, depth)
        if link is None or chain[-1].is_made_up:
            return None
        chain[-1] = link
    return None if chain[-1].is_empty or sign.strip() else chain


def _extended(link: _Link, token: Any, rest: Iterator[Any], depth: int) -> _Link | None:
    """The link with another part of its compound; none if that is not supported."""
    if token.type == "ident":
        # A name comes first: "a" after "[b]" is invalid.
        named = Compound(tag=token.lower_value)
        return link.extended(named, (0, 0, 1)) if link.is_empty else None
    if token.type == "hash":
        return link.extended(Compound(ids=frozenset([token.value])), (1, 0, 0))
    if token.type == "[] block":
        test = _attribute(token.content)
        return None if test is None else link.extended(Compound(tests=(test,)), (0, 1, 0))
    if token == "*":
        return link.extended(Compound(), (0, 0, 0))
    if token == "&":
        return replace(link, is_parent=True, is_empty=False)
    following = next(rest, None) if token.type == "literal" else None
    if following is None:
        return None
    if token == "." and following.type == "ident":
        return link.extended(Compound(classes=frozenset([following.value])), (0, 1, 0))
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
            return link.extended(Compound(tests=(Group((), False),)), (0, 1, 0))
        known = token.lower_value in _FLAGS
        return (
            link.extended(Compound(tests=(Flag(token.lower_value),)), (0, 1, 0)) if known else None
        )
    if token.type != "function":
        return None
    name = token.lower_name
    if name in _NTH:
        nth = parse_nth(token.arguments)
        return link.extended(Compound(tests=(Nth(name, *nth),)), (0, 1, 0)) if nth else None
    if name not in _GROUPS:
        return None
    chains = [_chain(part, depth + 1) for part in _parts(token.arguments)]
    found = [chain and _selector(chain, None) for chain in chains]
    inner = tuple(selector for selector in found if selector)
    if (name == "not" and len(inner) < len(found)) or any(
        selector.is_made_up for selector in inner
    ):
        return None
    weight = max((selector.weight for selector in inner), default=(0, 0, 0))
    test = Group(inner, name == "not")
    return link.extended(Compound(tests=(test,)), (0, 0, 0) if name == "where" else weight)


def _attribute(tokens: Sequence[Any]) -> Attribute | None:
    parts = [token for token in tokens if token.type not in ("whitespace", "comment")]
    if not parts or parts[0].type != "ident":
        return None
    name = parts[0].lower_value
    if len(parts) == 1:
        return Attribute(name, "", "", False)
    flag = parts[3].lower_value if len(parts) == 4 and parts[3].type == "ident" else ""
    if (
        len(parts) not in (3, 4)
        or (len(parts) == 4 and flag not in ("i", "s"))
        or parts[1].type != "literal"
        or parts[1].value not in ("=", "~=", "|=", "^=", "$=", "*=")
        or parts[2].type not in ("ident", "string")
    ):
        return None
    return Attribute(name, parts[1].value, parts[2].value, flag == "i")


def _sum(first: Weight, second: Weight) -> Weight:
    return first[0] + second[0], first[1] + second[1], first[2] + second[2]
