"""Paths of the library: which of them a search is limited to, in Python and in SQL.

A library path is the name of a folder, then the path inside it: "docs/guide/ask.md". A limit,
``within``, is a tuple of such paths, of documents or folders, without a slash at the end.
"""

from collections.abc import Iterable, Sequence


def library_paths(within: str | Iterable[str]) -> tuple[str, ...]:
    """Library paths as callers give them, normalised: one path or several.

    >>> library_paths("docs/guide/"), library_paths(["docs", "more/a.pdf"])
    (('docs/guide',), ('docs', 'more/a.pdf'))
    """
    paths = [within] if isinstance(within, str) else within
    return tuple(path.rstrip("/") for path in paths)


def lies_within(path: str, within: Iterable[str]) -> bool:
    """Whether a path is one of those paths, or lies inside one; false if there are none.

    >>> lies_within("docs/a/b.pdf", ["docs/a"]), lies_within("docs/ab.pdf", ["docs/a"])
    (True, False)
    """
    return any(path == place or path.startswith(f"{place}/") for place in within)


def paths_in_common(within: Iterable[str], others: Sequence[str]) -> tuple[str, ...]:
    """The paths that lie within both limits; none if nothing can.

    >>> paths_in_common(["docs", "leases/a.pdf"], ["docs/guide", "leases"])
    ('docs/guide', 'leases/a.pdf')

    Args:
        within: Paths of documents or folders; of an empty limit there are none.
        others: The same.
    """
    common = {
        inner: None
        for path in within
        for other in others
        for inner, outer in ((path, other), (other, path))
        if lies_within(inner, (outer,))
    }
    return tuple(common)


# "0" is the character behind "/": the range holds everything that starts with "path/", and the
# primary key finds it without reading the other paths.
SOURCES_WITHIN = """
    SELECT source.* FROM json_each(?) AS wanted CROSS JOIN source
    ON source.path = wanted.value
    OR (source.path >= wanted.value || '/' AND source.path < wanted.value || '0')
"""
"""The sources for whose paths ``lies_within`` is true; the parameter is a JSON list of paths.

A source that lies inside several of the paths comes once for each.
"""
