"""The file of keys is whole, or an error."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from embeddings.errors import ChapterAndVerseError
from qa.access.key_file import KeyFile, KeysUnusable
from qa.access.keys import Keys

pytestmark = pytest.mark.usefixtures("quick_hashing")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file, with two keys."""
    keys = Keys(tmp_path / "index")
    keys.add("one", ["ask"])
    keys.add("two", ["ask", "write"], ["docs"])
    return tmp_path / "index.keys.json"


def test_entries_are_those_that_were_written(path: Path) -> None:
    entries, stamp = KeyFile(path.with_name("index")).read()
    assert [(entry.name, entry.rights, entry.within) for entry in entries] == [
        ("one", frozenset({"ask"}), ()),
        ("two", frozenset({"ask", "write"}), ("docs",)),
    ]
    assert stamp == KeyFile(path.with_name("index")).stamp()
    assert "argon2" not in repr(entries)


def test_no_file_holds_no_keys(tmp_path: Path) -> None:
    assert KeyFile(tmp_path / "index").read() == ((), None)
    assert KeyFile(tmp_path / "index").stamp() is None


def with_key(change: dict[str, object]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def changed(content: dict[str, Any]) -> dict[str, Any]:
        return content | {"keys": [content["keys"][0] | change, content["keys"][1]]}

    return changed


@pytest.mark.parametrize(
    "change",
    [
        lambda content: {},
        lambda content: [],
        lambda content: content | {"version": 2},
        lambda content: content | {"more": 1},
        lambda content: {"version": 1, "keys": [content["keys"][0]] * 2},
        with_key({"name": "two"}),
        with_key({"name": "a\nb"}),
        with_key({"rights": []}),
        with_key({"rights": ["own"]}),
        with_key({"within": [""]}),
        with_key({"within": "docs"}),
        with_key({"rate": "often"}),
        with_key({"hash": "plain"}),
        with_key({"id": "../../etc/passwd"}),
        with_key({"owner": "me"}),
    ],
)
def test_damaged_file_is_an_error_with_a_remedy_and_never_without_keys(
    change: Callable[[dict[str, Any]], object], path: Path
) -> None:
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    index = path.with_name("index")
    with pytest.raises(ChapterAndVerseError, match=r"is damaged .* Put that file back"):
        KeyFile(index).read()
    with pytest.raises(KeysUnusable):
        Keys(index).verify(f"cv_{'0' * 16}_{'x' * 43}")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[" * 100_000, b'{"version": 1, "keys": ['])
def test_file_that_is_no_json_is_damaged(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    keys = Keys(path.with_name("index"))
    with pytest.raises(KeysUnusable, match="is damaged"):
        keys.add("three", ["ask"])
    assert path.read_bytes() == content


def test_damage_while_serving_is_noticed(path: Path) -> None:
    keys = Keys(path.with_name("index"))
    key = keys.add("three", ["ask"])
    assert keys.verify(key)
    good = path.read_bytes()
    path.write_bytes(good[:-10])
    for _ in range(2):
        with pytest.raises(KeysUnusable):
            keys.verify(key)
    path.write_bytes(good)
    assert keys.verify(key)


def test_what_is_no_file_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "index.keys.json")
    with pytest.raises(KeysUnusable, match="cannot be read"):
        KeyFile(tmp_path / "index").read()


def test_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(KeysUnusable, match=r"index\.keys\.json cannot be "):
        Keys(tmp_path / "file" / "index").add("one", ["ask"])


def test_what_a_killed_run_left_is_no_hindrance(path: Path) -> None:
    path.with_name(f"{path.name}.new").write_text("half")
    Keys(path.with_name("index")).add("three", ["ask"])
    assert [entry.name for entry in Keys(path.with_name("index")).entries()] == [
        "one", "two", "three",
    ]  # fmt: skip
    names = {other.name for other in path.parent.iterdir()}
    assert names == {path.name, f"{path.name}.lock"}
