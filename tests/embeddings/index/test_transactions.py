"""A transaction is stored completely or not at all."""

import sqlite3
from typing import Any

import pytest

from embeddings.errors import (
    IndexLocked,
    IndexNotWritable,
)
from embeddings.index.store import Store
from tests.embeddings.index.builders import everything, put, put_inside


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_whatever_is_raised_nothing_of_the_transaction_stays(
    filled: Store, error: type[BaseException]
) -> None:
    before = everything(filled)
    with pytest.raises(error), filled.transaction():
        put_inside(filled, "docs/new.pdf", "A new one.")
        filled.drop_source("docs/a.pdf")
        raise error
    assert everything(filled) == before
    assert filled.damage() == []
    put(filled, "docs/new.pdf", "A new one.")
    assert "docs/new.pdf" in filled.sources()


class Interrupting:
    """A connection that is interrupted at one of its statements, or just behind it."""

    def __init__(self, connection: sqlite3.Connection, stop: int, behind: bool) -> None:
        self._connection = connection
        self._left = stop
        self._behind = behind
        self.last = ""

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        self._left -= 1
        if self._left == 0:
            self.last = sql
        if self._left == 0 and not self._behind:
            raise KeyboardInterrupt
        cursor = self._connection.execute(sql, *values)
        if self._left == 0:
            raise KeyboardInterrupt
        return cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


@pytest.mark.parametrize("behind", [False, True])
def test_ctrl_c_at_any_statement_leaves_nothing_half_written(filled: Store, behind: bool) -> None:
    before = everything(filled)
    connection = filled._connection
    for stop in range(1, 100):
        interrupting = Interrupting(connection, stop, behind)
        filled._connection = interrupting  # type: ignore[assignment]  # stands in for it
        try:
            put(filled, "docs/new.pdf", "A new one.")
        except KeyboardInterrupt:
            if interrupting.last == "COMMIT" and behind:
                break
            filled._connection = connection
            assert everything(filled) == before, f"interrupted at {interrupting.last}"
        else:
            break
    filled._connection = connection
    assert stop >= 19
    assert "docs/new.pdf" in filled.sources()
    assert filled.damage() == []


def test_full_disk_is_said_and_leaves_nothing_half_written(filled: Store) -> None:
    before = everything(filled)
    pages = filled._connection.execute("PRAGMA page_count").fetchone()[0]
    filled._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(IndexNotWritable) as caught:
        put(filled, "docs/new.pdf", "A new one. " * 20_000)
    assert str(caught.value) == (
        f"The index at {filled.path.parent} cannot be written: the disk is full. "
        "Free some space and try again."
    )
    assert everything(filled) == before
    filled._connection.execute("PRAGMA max_page_count = 1000000")
    put(filled, "docs/new.pdf", "A new one. " * 20_000)
    assert filled.damage() == []


def test_transaction_inside_another_is_refused_and_ends_neither(filled: Store) -> None:
    with filled.snapshot():
        with pytest.raises(ValueError, match="expected no open transaction"), filled.snapshot():
            pass
        assert "docs/a.pdf" in filled.sources()
    with filled.transaction():
        filled.drop_source("docs/a.pdf")
        with pytest.raises(ValueError, match="expected no open"), filled.transaction():
            pass
    assert "docs/a.pdf" not in filled.sources()


def test_second_writer_gets_an_error_that_the_index_is_in_use(filled: Store) -> None:
    other = Store.open(filled.path)
    other._connection.execute("PRAGMA busy_timeout = 10")
    with filled.transaction():
        filled.drop_source("docs/a.pdf")
        assert "docs/a.pdf" in other.sources()
        with pytest.raises(IndexLocked, match=r"is in use by another process\. Try again"):
            put(other, "docs/new.pdf", "A new one.")
    assert "docs/a.pdf" not in other.sources()
