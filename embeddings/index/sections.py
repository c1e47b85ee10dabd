"""Sections: what the passages under one heading have in common, stored once.

The headings of a long document all begin alike. A section that begins as an earlier one does, its
base, is stored as its difference from that: how many characters and headings both begin with, and
what follows them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile


@dataclass(frozen=True, slots=True)
class Section:
    """What passages under one heading have in common.

    Attributes:
        context: As in ``Passage``.
        headings: As in ``Passage``.
        columns: As in ``Passage``.
    """

    context: str
    headings: tuple[str, ...]
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SectionDifference:
    """A section as it differs from its base.

    Attributes:
        context_kept: Characters that the base's context begins with.
        context: What follows them.
        headings_kept: Headings that the base's begin with.
        headings: What follows them.
        columns: All of them.
    """

    context_kept: int
    context: str
    headings_kept: int
    headings: tuple[str, ...]
    columns: tuple[str, ...] = ()


def in_full(section: Section) -> SectionDifference:
    """The section stored without a base."""
    return SectionDifference(0, section.context, 0, section.headings, section.columns)


def difference(section: Section, base: Section) -> SectionDifference | None:
    """The section's difference from its base; none if they have less than half in common.

    >>> difference(Section("A › B › D", ("B", "D")), Section("A › B › C", ("B", "C")))
    SectionDifference(context_kept=8, context='D', headings_kept=1, headings=('D',), columns=())
    """
    characters = _common_prefix(section.context, base.context)
    if 2 * characters < len(section.context):
        return None
    headings = _common_prefix(section.headings, base.headings)
    return SectionDifference(
        characters,
        section.context[characters:],
        headings,
        section.headings[headings:],
        section.columns,
    )


def restored(stored: SectionDifference, base: Section | None) -> Section:
    """The section, given its base; the opposite of ``in_full`` and ``difference``."""
    if base is None:
        return Section(stored.context, stored.headings, stored.columns)
    return Section(
        base.context[: stored.context_kept] + stored.context,
        base.headings[: stored.headings_kept] + stored.headings,
        stored.columns,
    )


def _common_prefix(one: Sequence[str], other: Sequence[str]) -> int:
    """With how many equal members both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
