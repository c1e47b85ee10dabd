"""A database is created completely, and refused if it is no sound index."""

import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from embeddings.errors import (
    IndexDamaged,
    IndexMismatch,
    IndexMissing,
    IndexNotWritable,
)
from embeddings.index.database import FORMAT_VERSION
from embeddings.index.store import Store
from tests.embeddings.index.builders import ENCODER, as_nobody, everything, put, truncated_by


def no_index(path: Path) -> None:
    path.write_bytes(b"")


def zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def text_file(path: Path) -> None:
    path.write_text("This is not a database. " * 1_000)


def other_database(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE header (id INTEGER)")
    connection.close()


def other_header(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE header SET dimension = 9")
    connection.close()


def without_header(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM header")
    connection.close()


@pytest.mark.parametrize(
    "damage_file",
    [
        no_index, zeros, text_file, other_database, truncated_by(0.01), other_header,
        without_header,
    ],
)  # fmt: skip
def test_file_that_is_no_sound_index_is_refused(
    filled: Store, damage_file: Callable[[Path], None]
) -> None:
    filled.close()
    damage_file(filled.path)
    with pytest.raises(IndexDamaged) as caught:
        Store.open(filled.path)
    message = str(caught.value)
    assert message.startswith(f"The index at {filled.path.parent} is damaged: library.sqlite ")
    assert message.endswith("Delete that folder and index again; your documents are not touched.")


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_truncated_index_is_noticed(filled: Store, share: float) -> None:
    filled.close()
    truncated_by(share)(filled.path)
    with pytest.raises(IndexDamaged, match="is damaged"):
        opened = Store.open(filled.path)
        everything(opened)
    try:
        opened = Store.open(filled.path)
    except IndexDamaged:
        return
    assert opened.damage() != []


def test_other_format_version_is_named(filled: Store) -> None:
    filled._connection.execute(f"PRAGMA user_version = {FORMAT_VERSION + 1}")
    filled.close()
    with pytest.raises(IndexMismatch) as caught:
        Store.open(filled.path)
    assert str(caught.value) == (
        f"The index at {filled.path.parent} has format version {FORMAT_VERSION + 1}, this program "
        f"reads version {FORMAT_VERSION}. Delete that folder and index again; your documents are "
        "not touched."
    )


def test_nothing_indexed_is_said_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match=r"index at .* does not exist\. Index a folder first\."):
        Store.open(tmp_path / "library.sqlite")


def test_store_is_not_made_where_a_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(IndexNotWritable, match="cannot be written"):
        Store.create(tmp_path / "missing" / "library.sqlite", ENCODER.model, 8)


def test_store_is_not_made_over_another(filled: Store) -> None:
    before = everything(filled)
    with pytest.raises(ValueError, match=r"expected no file at .*, found one"):
        Store.create(filled.path, ENCODER.model, 8)
    assert everything(filled) == before


@pytest.mark.slow
def test_store_whose_making_was_cut_off_is_made_again(place: Path) -> None:
    program = f"""
    import os, signal, sqlite3, sys
    from pathlib import Path
    from embeddings.index.store import Store
    from tests.builders import HashingEncoder
    connect, left = sqlite3.connect, int(sys.argv[1])
    def step(statement):
        global left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
    def traced(*args, **options):
        connection = connect(*args, **options)
        connection.set_trace_callback(step)
        return connection
    sqlite3.connect = traced
    Store.create(Path({str(place)!r}), HashingEncoder().model, 8)
    """
    for stop in (1, 3, 4, 6, 15, 25):
        command = [sys.executable, "-c", textwrap.dedent(program), str(stop)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == -signal.SIGKILL, done.stderr
        with pytest.raises(IndexMissing):
            Store.open(place)
    Store.create(place, ENCODER.model, 8)
    assert Store.open(place).damage() == []


def test_no_permission_to_make_an_index_is_said(open_folder: Path) -> None:
    output = as_nobody(
        """
        try:
            Store.create(place / "library.sqlite", HashingEncoder().model, 8)
        except IndexProblem as error:
            print(type(error).__name__, error)
        """,
        open_folder,
    )
    assert output == (
        f"IndexNotWritable The index at {open_folder} cannot be written: no permission. "
        "Change who may write there, or choose another place for the index.\n"
    )
    assert list(open_folder.iterdir()) == []


def test_index_of_another_user_can_be_read_and_not_written(open_folder: Path) -> None:
    store = Store.create(open_folder / "library.sqlite", ENCODER.model, 8)
    put(store, "docs/a.pdf", "Grain was shipped.")
    store.close()
    (open_folder / "library.sqlite").chmod(0o644)
    output = as_nobody(
        """
        store = Store.open(place / "library.sqlite")
        print(list(store.sources()), len(store.search_words(["grain"], 9)), store.damage())
        try:
            with store.transaction():
                store.drop_source("docs/a.pdf")
        except IndexProblem as error:
            print(type(error).__name__, error)
        """,
        open_folder,
    ).splitlines()
    assert output[0].startswith("['docs/a.pdf'] ") and output[0].endswith(" []")
    assert output[1].startswith("IndexNotWritable ") and "no permission" in output[1]


def test_index_that_may_not_be_read_is_an_error_with_a_remedy(open_folder: Path) -> None:
    store = Store.create(open_folder / "library.sqlite", ENCODER.model, 8)
    store.close()
    output = as_nobody(
        """
        try:
            Store.open(place / "library.sqlite")
        except IndexProblem as error:
            print(type(error).__name__, error)
        """,
        open_folder,
    )
    assert output.startswith("IndexNotWritable ") and "permission" in output
