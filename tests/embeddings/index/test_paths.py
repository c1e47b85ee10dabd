"""Whether a path lies within others is decided alike in Python and in SQL."""

import json
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.index.database import make_tables
from embeddings.index.paths import SOURCES_WITHIN, library_paths, lies_within

NAMES = ["a", "b", "ab", "a.pdf", "a0", "a!", "ä", "日本", "🚚", "%", "_", " ", "'", "\\", "\ufffe"]
PATHS = st.one_of(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join),
    # Halves of surrogate pairs cannot be stored; SQLite ends some strings at a NUL.
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6),
)


def sources_within(paths: list[str], within: list[str]) -> set[str]:
    connection = sqlite3.connect(":memory:")
    make_tables(connection)
    rows = [(path, "f", 0, 0, 0, 0, "", None, "is empty", 0, b"") for path in dict.fromkeys(paths)]
    connection.executemany(f"INSERT INTO source VALUES ({','.join('?' * 11)})", rows)
    found = {row[0] for row in connection.execute(SOURCES_WITHIN, (json.dumps(within),))}
    connection.close()
    return found


@given(paths=st.lists(PATHS, max_size=8), within=st.lists(PATHS, max_size=4))
def test_python_and_sql_agree(paths: list[str], within: list[str]) -> None:
    # Also of paths that are certain to lie inside or beside.
    paths += [f"{place}{end}" for place in within for end in ("", "/x", "0", ".pdf", "/")]
    expected = {path for path in paths if lies_within(path, within)}
    assert sources_within(paths, within) == expected


def test_nothing_lies_within_no_paths() -> None:
    assert not lies_within("docs/a.pdf", ())
    assert sources_within(["docs/a.pdf"], []) == set()


@pytest.mark.parametrize(
    ("given_paths", "expected"),
    [
        ((), ()),
        ([], ()),
        ("docs", ("docs",)),
        ("docs/guide/", ("docs/guide",)),
        (["docs/", "more//"], ("docs", "more")),
        (("docs/a.pdf",), ("docs/a.pdf",)),
        ("", ("",)),
    ],
)
def test_paths_are_normalised(given_paths: str | list[str], expected: tuple[str, ...]) -> None:
    assert library_paths(given_paths) == expected
    assert library_paths(iter([given_paths] if isinstance(given_paths, str) else given_paths)) == (
        expected
    )
