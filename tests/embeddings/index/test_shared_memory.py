"""A database may be truncated under an open index."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from embeddings.index.index import STORE_FILE, Index
from tests.embeddings.index.builders import (
    add,
    hits,
)
from tests.embeddings.index.test_vector_cache import cut_short, overwritten

SURVIVE = """
import sys
from pathlib import Path
from embeddings.errors import IndexProblem
from embeddings.index.index import Index
from tests.embeddings.index.builders import hits
index = Index.open(Path(sys.argv[1]))
print(hits(index), flush=True)
sys.stdin.readline()
try:
    print(hits(index), flush=True)
except IndexProblem as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("damage_file", [cut_short, overwritten])
@pytest.mark.parametrize("name", ["", "-wal", "-shm"])
def test_whatever_becomes_of_the_database_a_search_is_right_or_an_error(
    index: Index, name: str, damage_file: Callable[[Path], None]
) -> None:
    expected = str(hits(index))
    path = index.folder / f"{STORE_FILE}{name}"
    with subprocess.Popen(
        [sys.executable, "-c", SURVIVE, str(index.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == expected
        damage_file(path)
        output, errors = process.communicate("\n", timeout=60)
    assert process.returncode == 0, errors
    assert output.strip() == expected or output.startswith("The index at "), output


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a mapped file cannot be cut there")
@pytest.mark.parametrize(
    ("large", "last"),
    [(False, "searches"), (False, "closes"), (True, "searches"), (True, "searches first")],
)
@pytest.mark.parametrize("beside", [False, True], ids=["alone", "with another process"])
@pytest.mark.parametrize("size", [0, 10])
def test_what_is_mapped_may_be_cut_between_two_searches(
    index: Index, size: int, large: bool, beside: bool, last: str
) -> None:
    shared = index.folder / f"{STORE_FILE}-shm"
    connection = index.store._connection
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    if large:
        connection.execute("PRAGMA synchronous = OFF")
        number = 20
        while shared.stat().st_size < 65_536:
            add(index, number)
            number += 1
    expected = str(hits(index))
    if not beside:
        # Its log stays, as that of a process that was killed.
        copy = index.folder.with_name("copy")
        shutil.copytree(index.folder, copy)
        (copy / shared.name).unlink()
        place, shared = copy, copy / shared.name
    else:
        place = index.folder
    program = SURVIVE
    if last == "closes":
        program = program.replace("try:", "index.close(); sys.exit()\ntry:")
    elif last == "searches first":
        program = program.replace("print(hits(index), flush=True)", "print(flush=True)", 1)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == ("" if "first" in last else expected)
        mapped = shared.stat().st_size
        assert mapped == (65_536 if large else 32_768)
        os.truncate(shared, size)
        output, errors = process.communicate("\n", timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert output.strip() == ("" if last == "closes" else expected)
    if beside:
        assert shared.stat().st_size >= mapped
        assert str(hits(index)) == expected
    with closing(Index.open(place)) as opened:
        assert str(hits(opened)) == expected
        assert opened.store.damage() == []
