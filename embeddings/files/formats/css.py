"""Style sheets: which declarations hold for an element of a web page.

The subset of CSS needed to detect hidden text, as the page is on an ordinary screen when it is
opened. Unsupported features, such as ``:has`` or ``@container``, match nothing. No library does
this without a browser in bounded time: rules are looked up by the last part of their selector, and
the elements that are matched are counted for the page as a whole.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import tinycss2

from embeddings.errors import UnreadableFile
from embeddings.files.formats.css_elements import Compound, Node, Selector
from embeddings.files.formats.css_media import is_on_screen, is_supported
from embeddings.files.formats.css_selectors import TOO_INTRICATE, selectors
from embeddings.files.formats.css_values import expanded, resolved, text_of, tokens_of

MAX_STEPS = 8_000_000
"""Selectors parsed, and elements matched against them, for a whole page. Chosen by hand."""

MAX_CHARACTERS = 5_000_000
"""Characters of all style sheets of a page; parsing takes hundreds of bytes for each."""

_NO_LAYER = 1_000_000
_MAX_ALIKE = 10_000

Declaration = tuple[str, str, bool]
"""Name, value and whether it is important."""

_Rank = tuple[bool, bool, int, tuple[int, int, int], int]


@dataclass(frozen=True, slots=True)
class _Rule:
    """A selector, and its declarations with their ranks.

    Attributes:
        selector: Of the elements that match.
        need: Key of an ancestor that must exist; empty if none must.
        declarations: Ranks and values by names.
    """

    selector: Selector
    need: str
    declarations: dict[str, tuple[_Rank, str]]


class StyleSheet:
    """The rules of a page, and the elements that are open in it."""

    def __init__(self, texts: Iterable[str], wanted: frozenset[str]) -> None:
        """Read style sheets, in their order.

        Args:
            texts: What stands in the page's ``style`` elements.
            wanted: Properties that matter; others are left out.

        Raises:
            UnreadableFile: They are longer or more intricate than any page's.
        """
        self._wanted = wanted
        self._steps = MAX_STEPS
        self._place = 0
        self._layers: dict[str, int] = {}
        self._rules: dict[str, list[_Rule]] = defaultdict(list)
        self._known: dict[tuple[Selector, int], _Rule] = {}
        self._named: dict[tuple[str, str | None, frozenset[str]], dict[str, list[_Rule]]] = {}
        self._open: dict[str, int] = {}
        self._needed: Counter[str] = Counter()
        self._has_attributes = False
        self._alike: dict[tuple[tuple[int, ...], str, int], tuple[object, dict[str, str]]] = {}
        texts = [*texts]
        if sum(map(len, texts)) > MAX_CHARACTERS:
            raise UnreadableFile("has more style rules than can be read")
        for text in texts:
            self._read(tinycss2.parse_stylesheet(tokens_of(text), skip_whitespace=True))

    def spend(self, steps: int) -> None:
        """Count the steps taken.

        Raises:
            UnreadableFile: It was more than any page takes. To go on without its rules would
                be to read what they hide.
        """
        self._steps -= steps
        if self._steps < 0:
            raise UnreadableFile(TOO_INTRICATE)

    # Reading

    def _read(self, contents: Sequence[Any]) -> None:
        """Read rules and nested rules, to any depth."""
        levels: list[tuple[Iterator[Any], Sequence[Selector], str | None]] = [
            (iter(contents), (), None)
        ]
        while levels:
            inside, parents, layer = levels[-1]
            own: list[Declaration] = []
            for each in inside:
                if each.type == "declaration":
                    own += _declaration(each, self._wanted)
                elif each.type == "qualified-rule":
                    found = [*selectors(each.prelude, parents, self.spend)]
                    if found:
                        levels.append((_contents(each), found, layer))
                        break
                elif each.type == "at-rule":
                    inner = self._inside(each, layer)
                    if inner is not None:
                        levels.append((_contents(each), parents, inner or None))
                        break
            else:
                levels.pop()
            if own:
                self._add(parents, layer, own)

    def _inside(self, rule: Any, layer: str | None) -> str | None:
        """The layer of an at-rule's content ("" without one), or None if its condition fails."""
        name = rule.lower_at_keyword
        if name == "layer":
            names = [token.value for token in rule.prelude if token.type == "ident"] or [""]
            if rule.content is None:
                for each in names:
                    self._layer(f"{layer or ''}.{each}")
                return None
            return f"{layer or ''}.{'.'.join(names)}"
        holds = (name == "media" and is_on_screen(rule.prelude)) or (
            name == "supports" and is_supported(rule.prelude)
        )
        return (layer or "") if holds and rule.content is not None else None

    def _layer(self, name: str | None) -> int:
        return _NO_LAYER if name is None else self._layers.setdefault(name, len(self._layers))

    def _add(
        self, parents: Sequence[Selector], layer: str | None, own: Sequence[Declaration]
    ) -> None:
        order = self._layer(layer)
        for selector in parents:
            declared = _made_up(own) if selector.is_made_up else own
            if not declared:
                continue
            rule = self._known.get((selector, order))
            if rule is None:
                need = min(selector.needs, key=lambda key: (self._needed[key], key), default="")
                self._needed[need] += 1
                rule = _Rule(selector, need, {})
                self._known[selector, order] = rule
                key = self._key(selector.compound)
                self._has_attributes |= key[:1] == "["
                self._rules[key].append(rule)
            self.spend(len(declared))
            for name, value, important in declared:
                self._place += 1
                # The last layer wins; among important declarations the first.
                rank = (
                    important,
                    False,
                    -order if important else order,
                    selector.weight,
                    self._place,
                )
                if name not in rule.declarations or rank > rule.declarations[name][0]:
                    rule.declarations[name] = (rank, value)

    def _key(self, compound: Compound) -> str:
        """The key under which the fewest rules are."""
        return min(compound.keys, key=lambda key: (not key, len(self._rules.get(key, ()))))

    # Looking up

    def enter(self, node: Node) -> None:
        """Enter an element; it must be left before its next sibling is entered."""
        if self._known:
            for key in node.keys:
                self._open[key] = self._open.get(key, 0) + 1

    def leave(self, node: Node) -> None:
        """Leave an element and its content."""
        node.close()
        if self._known:
            for key in node.keys:
                self._open[key] -= 1
                if not self._open[key]:
                    del self._open[key]

    def of(self, node: Node) -> dict[str, str]:
        """The declarations for an element, including its ``style`` attribute."""
        rules, style = [*self._matching(node)], node.element.get("style") or ""
        if not rules and not style:
            return {}
        # Many elements have the same styles.
        alike = (tuple(map(id, rules)), style, id(node.variables))
        if alike in self._alike:
            return self._alike[alike][1]
        holding: dict[str, tuple[_Rank, str]] = {}
        for rule in rules:
            for name, (rank, value) in rule.declarations.items():
                if name not in holding or rank > holding[name][0]:
                    holding[name] = (rank, value)
        for at, (name, value, important) in enumerate(declared(style, self._wanted)):
            rank = (important, True, 0, (0, 0, 0), at)
            if name not in holding or rank > holding[name][0]:
                holding[name] = (rank, value)
        around = node.variables
        self._define(node, {name: value for name, (_, value) in holding.items() if _is_own(name)})
        styles: dict[str, str] = {}
        for name, (_, value) in sorted(holding.items(), key=lambda each: each[1][0]):
            if not _is_own(name):
                styles |= expanded(name, resolved(value, node.variables))
        if node.variables is around:
            if len(self._alike) >= _MAX_ALIKE:
                self._alike.clear()
            # Stored with the variables, so that no other object can get the same id.
            self._alike[alike] = (around, styles)
        return styles

    def _define(self, node: Node, variables: dict[str, str]) -> None:
        if variables:
            self.spend(len(node.variables) + len(variables))
            known = {**node.variables, **variables}
            node.variables = known | {
                name: resolved(value, known) for name, value in variables.items() if "(" in value
            }

    def _matching(self, node: Node) -> Iterator[_Rule]:
        if not self._known:
            return
        names = (node.tag, node.id, node.classes)
        named = self._named.get(names)
        if named is None:
            named = self._named[names] = self._naming(node)
        # Most rules need an ancestor that does not exist.
        self.spend(1 + min(len(named), len(self._open)) // 8)
        for key in named.keys() & self._open.keys():
            for rule in named[key]:
                if rule.selector.fits(node, self.spend):
                    yield rule
        attributes = node.element.keys()
        for key in (f"[{name}" for name in attributes) if self._has_attributes else ():
            for rule in self._rules.get(key, ()):
                if rule.selector.fits(node, self.spend):
                    yield rule

    def _naming(self, node: Node) -> dict[str, list[_Rule]]:
        """Rules whose name, id and classes match, by the rarest ancestor that they need.

        What needs nothing is found by the element's own name.
        """
        named: dict[str, list[_Rule]] = defaultdict(list)
        for key in (*node.keys, ""):
            rules = self._rules.get(key, ())
            self.spend(len(rules))
            for rule in rules:
                if rule.selector.compound.names(node):
                    named[rule.need or node.tag].append(rule)
        return named


def _is_own(name: str) -> bool:
    """Whether a property is a custom property (a variable)."""
    return name[:2] == "--"


def _contents(rule: Any) -> Iterator[Any]:
    return iter(
        tinycss2.parse_blocks_contents(rule.content, skip_comments=True, skip_whitespace=True)
    )


def _made_up(own: Sequence[Declaration]) -> list[Declaration]:
    """Of what is drawn before an element's text: it may be laid behind it."""
    names = {name for name, *_ in own}
    lies_behind = "position" in names and not names.isdisjoint(("background", "background-color"))
    return [("background-image", "url()", False)] if lies_behind else []


def _declaration(found: Any, wanted: frozenset[str]) -> list[Declaration]:
    name = found.name if _is_own(found.name) else found.lower_name
    if name not in wanted and not _is_own(name):
        return []
    value = text_of(found.value)
    # An invalid declaration does not replace an earlier one.
    is_right = _is_own(name) or "(" in value or expanded(name, value.lower())
    return [(name, value, found.important)] if is_right else []


@lru_cache(maxsize=1024)
def declared(text: str, wanted: frozenset[str]) -> tuple[Declaration, ...]:
    """The declarations of those properties, and of variables.

    >>> declared("Color: RED; float: left; color: #fff !important", frozenset(["color"]))
    (('color', 'RED', False), ('color', '#fff', True))
    """
    return tuple(
        declaration
        for each in tinycss2.parse_blocks_contents(tokens_of(text))
        if each.type == "declaration"
        for declaration in _declaration(each, wanted)
    )
