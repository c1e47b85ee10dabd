"""Leaders: dots that lead to a number, in contents and indexes, but also in lists of prices."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

_NUMBER_AT_END = re.compile(r"\d{1,9}$")
_IN_ORDER = 0.8
"""Share of the lines that are in order at least; pages and entries may be misread. By hand."""


def are_in_order(lines: Sequence[str]) -> bool:
    """Whether lines with leaders are sorted, by their pages as contents are or as an index is.

    >>> are_in_order(["Tides .... 3", "Nets .... 9", "Boats .... 14"])
    True
    >>> are_in_order(["Coffee .... 3", "Tea .... 2", "Soup .... 5", "Cake .... 4"])
    False
    """
    found = (_NUMBER_AT_END.search(line.rstrip()) for line in lines)
    pages = [int(number[0]) for number in found if number]
    names = [line.strip().casefold() for line in lines]
    return _rise(pages) or _rise(names)


def _rise(keys: Sequence[Any]) -> bool:
    rising = sum(bool(before <= after) for before, after in pairwise(keys))
    return rising >= _IN_ORDER * (len(keys) - 1)
