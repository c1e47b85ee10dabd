"""Style sheets: which declarations hold for an element of a web page.

Of CSS what it takes to tell hidden text: selectors of names, classes and ids, one inside another;
rules for all screens; the order in which rules give way to one another. What is not known, as
a pseudo-class, holds for nothing. No library is at hand that does it without a browser in linear
time: rules are looked up by the last name of their selector, and how often the elements around
one are looked through is bounded for the page as a whole.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

MOST_STEPS = 2_000_000
"""Elements looked at, on a whole page, for selectors that say what is around an element."""

_OWN = (1_000_000, 0, 0)
"""More than any selector: the weight of what an element says of itself."""

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?|\\(.)", re.DOTALL)
_COMPOUND = re.compile(r"(?:\*|[\w-]+)?(?:[.#][\w-]+)*")
_PART = re.compile(r"([.#]?)([\w-]+|\*)")
# Rules for other media than a screen, or for some screens, are as good as not there.
_ALWAYS = re.compile(r"@(?:layer\b.*|media\s+(?:only\s+)?(?:all|screen))", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Compound:
    """What must be true of one element: ``p.note#first``."""

    tag: str
    ids: frozenset[str]
    classes: frozenset[str]

    @property
    def key(self) -> str:
        """Under which it is looked up: one of its names."""
        id, name = min(self.ids, default=""), min(self.classes, default="")
        return f"#{id}" if id else f".{name}" if name else self.tag

    def fits(self, element: Any, tag: str) -> bool:
        return (
            self.tag in ("", tag)
            and (not self.ids or self.ids <= {element.get("id")})
            and (not self.classes or self.classes <= set((element.get("class") or "").split()))
        )


@dataclass(frozen=True, slots=True)
class _Rule:
    """The last compound of a selector, and what is around it, inside out.

    Attributes:
        compound: Of the element itself.
        around: For each element around it whether it must be the parent, and its compound.
        weight: Numbers of ids, classes and names in the selector: the higher one wins.
        declarations: What it says, each with its place among all: the later one wins then.
    """

    compound: _Compound
    around: tuple[tuple[bool, _Compound], ...]
    weight: tuple[int, int, int]
    declarations: dict[str, tuple[int, str]]

    @property
    def is_simple(self) -> bool:
        """Whether its key says all of it."""
        return not self.around and sum(self.weight) <= 1


class StyleSheet:
    """The rules of a page."""

    def __init__(self, texts: Iterable[str], wanted: frozenset[str]) -> None:
        """Read style sheets, in their order.

        Args:
            texts: What stands in the page's ``style`` elements.
            wanted: Properties that matter; rules for others are left out.
        """
        self._rules: dict[str, list[_Rule]] = defaultdict(list)
        # Of which there is one for a name, however often it is said.
        self._simple: dict[str, _Rule] = {}
        self._wanted = wanted
        self._steps = MOST_STEPS
        self._place = 0
        for text in texts:
            for selectors, body in _blocks(_COMMENT.sub(" ", text)):
                declarations = declared(body, wanted)
                for selector in selectors.split(",") if declarations else ():
                    self._add(selector, declarations)

    def _add(self, selector: str, declarations: Mapping[str, str]) -> None:
        compounds = _compounds(selector)
        if not compounds:
            return
        (_, compound), *around = compounds
        each = [compound, *(one for _, one in around)]
        weight = (
            sum(len(one.ids) for one in each),
            sum(len(one.classes) for one in each),
            sum(bool(one.tag) for one in each),
        )
        self._place += 1
        placed = {name: (self._place, value) for name, value in declarations.items()}
        rule = _Rule(compound, tuple(around), weight, placed)
        if not rule.is_simple:
            self._rules[compound.key].append(rule)
            return
        known = self._simple.setdefault(compound.key, rule).declarations
        for name, (place, value) in placed.items():
            if "!" in value or "!" not in known.get(name, (0, ""))[1]:
                known[name] = (place, value)

    def of(self, element: Any, tag: str) -> dict[str, str]:
        """What holds for an element, its own ``style`` among it."""
        style = element.get("style")
        holding = {
            name: (("!" in value, _OWN, 0), value)
            for name, value in (declared(style, self._wanted) if style else {}).items()
        }
        for rule in self._of(element, tag):
            for name, (place, value) in rule.declarations.items():
                rank = ("!" in value, rule.weight, place)
                if name not in holding or rank > holding[name][0]:
                    holding[name] = (rank, value)
        return {name: value.partition("!")[0].strip() for name, (_, value) in holding.items()}

    def _of(self, element: Any, tag: str) -> Iterator[_Rule]:
        if not self._rules and not self._simple:
            return
        names = (element.get("class") or "").split()
        keys = [f"#{element.get('id')}", *(f".{name}" for name in names), tag, ""]
        for key in dict.fromkeys(keys):
            if key in self._simple:
                yield self._simple[key]
            for rule in self._rules.get(key, ()):
                if self._fits(rule, element, tag):
                    yield rule

    def _fits(self, rule: _Rule, element: Any, tag: str) -> bool:
        self._steps -= 1
        if self._steps < 0 or not rule.compound.fits(element, tag):
            return False
        above = element.getparent()
        for is_parent, compound in rule.around:
            while above is not None and not compound.fits(above, str(above.tag).lower()):
                self._steps -= 1
                if is_parent or self._steps < 0:
                    return False
                above = above.getparent()
            if above is None:
                return False
            above = above.getparent()
        return True


def declared(text: str, wanted: frozenset[str]) -> dict[str, str]:
    """The declarations of those properties, of which later ones replace earlier ones.

    >>> declared("Color: RED; float: left; color: #fff !important", frozenset(["color"]))
    {'color': '#fff !important'}
    """
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, colon, value = part.partition(":")
        name = _unescaped(name).strip().lower()
        if colon and name in wanted and ("!" in value or "!" not in found.get(name, "")):
            found[name] = _unescaped(value).strip().lower()
    return found


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Selectors and declarations of each rule that holds on every screen."""
    depth = 0
    skipped: int | None = None
    at = 0
    for brace, following in pairwise((*re.finditer(r"[{}]", text), None)):
        assert brace is not None, "only the last one has nothing after it"
        before = text[at : brace.start()].rpartition(";")[2].strip() if brace[0] == "{" else ""
        if brace[0] == "}":
            depth = max(0, depth - 1)
            if skipped is not None and depth <= skipped:
                skipped = None
        elif before.startswith("@"):
            if skipped is None and not _ALWAYS.fullmatch(before.lower()):
                skipped = depth
            depth += 1
        else:
            depth += 1
            if skipped is None:
                end = following.start() if following else len(text)
                yield before, text[brace.end() : end]
        at = brace.end()


def _compounds(selector: str) -> list[tuple[bool, _Compound]]:
    """Of the last element of a selector, then of those around it; empty if it is not understood.

    Each with whether the one before it in this list must be its child.
    """
    words = selector.replace(">", " > ").split()
    found: list[tuple[bool, _Compound]] = []
    is_parent = False
    for word in reversed(words):
        if word == ">":
            is_parent = True
            continue
        plain = word if "\\" not in word else _unescaped(word)
        if not _COMPOUND.fullmatch(plain):
            return []
        parts = _PART.findall(plain)
        found.append(
            (
                is_parent,
                _Compound(
                    "".join(name.lower() for mark, name in parts if not mark and name != "*"),
                    frozenset(name for mark, name in parts if mark == "#"),
                    frozenset(name for mark, name in parts if mark == "."),
                ),
            )
        )
        is_parent = False
    return found


def _unescaped(text: str) -> str:
    r"""Text without comments, and with what is escaped in it as what it is.

    >>> _unescaped(r"d\69splay/* no */")
    'display'
    """
    if "\\" not in text and "/*" not in text:
        return text

    def character(match: re.Match[str]) -> str:
        code = int(match[1], 16) if match[1] else 0
        return (chr(code) if 0 < code < 0xD800 else "") if match[1] else match[2]

    return _ESCAPE.sub(character, _COMMENT.sub("", text))
