"""Sections: what the passages under one heading have in common, written once.

The headings of a long document all begin alike. A section that begins as an earlier one does, its
base, keeps so many characters and headings of it and holds the rest alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile


@dataclass(frozen=True, slots=True)
class Section:
    """What stands above passages.

    Attributes:
        context: As in ``Passage``.
        headings: As in ``Passage``.
    """

    context: str
    headings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rest:
    """A section as it differs from its base.

    Attributes:
        context_kept: Characters that the base's context begins with.
        context: What follows them.
        headings_kept: Headings that the base's begin with.
        headings: What follows them.
    """

    context_kept: int
    context: str
    headings_kept: int
    headings: tuple[str, ...]


def whole(section: Section) -> Rest:
    """The section without a base."""
    return Rest(0, section.context, 0, section.headings)


def rest_of(section: Section, base: Section) -> Rest | None:
    """What a section has beyond its base; none if they have less than half in common.

    >>> rest_of(Section("A › B › D", ("B", "D")), Section("A › B › C", ("B", "C")))
    Rest(context_kept=8, context='D', headings_kept=1, headings=('D',))
    """
    kept = _in_common(section.context, base.context)
    if 2 * kept < len(section.context):
        return None
    headings = _in_common(section.headings, base.headings)
    return Rest(kept, section.context[kept:], headings, section.headings[headings:])


def joined(rest: Rest, base: Section | None) -> Section:
    """The section, given its base; the opposite of ``whole`` and ``rest_of``."""
    if base is None:
        return Section(rest.context, rest.headings)
    return Section(
        base.context[: rest.context_kept] + rest.context,
        base.headings[: rest.headings_kept] + rest.headings,
    )


def _in_common(one: Sequence[str], other: Sequence[str]) -> int:
    """With how many equal members both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
