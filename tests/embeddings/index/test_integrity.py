"""Damage is noticed wherever it is."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from embeddings.errors import (
    IndexDamaged,
    IndexProblem,
)
from embeddings.index.store import Store
from tests.embeddings.index.builders import everything

TABLES = ("header", "folder", "source", "document", "part", "section", "passage", "vector")


LETTERS = {
    "folder": (b"/disk/docs", b"/disk/dogs"),
    "source": (b"docs/bad.pdfdocs", b"docs/bat.pdfdocs"),
    "document": (b"Zweiter Bericht[0", b"Zweiter Becicht[0"),
    "part": (b"Syria\n\nFifty tons", b"Syria\n\nFifth tons"),
    "passage": (b"Fifty tons of aid were sent to Syria by trains.", b"Fifty tons of aid were sent"),
    "header": (b"hashing", b"hashinG"),
    "section": (b'["Syria"]', b'["Syrie"]'),
}


def patch(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert old in content, f"{old!r} is not in the file"
    new = new + old[len(new) :]
    path.write_bytes(content.replace(old, new))


@pytest.mark.parametrize("table", TABLES)
def test_one_changed_letter_in_any_table_is_noticed(filled: Store, table: str) -> None:
    vector = filled._connection.execute("SELECT vector FROM vector WHERE passage = 3").fetchone()[0]
    of_first = "SELECT text, checksum FROM passage WHERE id = 1"
    # The page, 1, between them takes no byte.
    passage = b"".join(
        [
            part.encode() if isinstance(part, str) else part
            for part in filled._connection.execute(of_first).fetchone()
        ]
    )
    old, new = {
        **LETTERS,
        "vector": (vector, bytes([vector[0] ^ 1]) + vector[1:]),
        "passage": (passage, b"X" + passage[1:]),
    }[table]
    filled.close()
    patch(filled.path, old, new)
    if table == "header":
        with pytest.raises(IndexDamaged, match="fails its checksum in table header"):
            Store.open(filled.path)
        return
    opened = Store.open(filled.path)
    damage = opened.damage()
    assert any(f"table {table}, row" in line for line in damage), damage
    reading: dict[str, Callable[[], object]] = {
        "folder": opened.folders,
        "source": opened.sources,
        "document": opened.documents,
        "part": lambda: [opened.document(id) for id in (1, 2, 3)],
        "passage": lambda: opened.passages_of(1),
        "section": lambda: opened.passages_of(1),
        "vector": lambda: list(opened.vectors(opened.passage_ids())),
    }
    with pytest.raises(IndexDamaged, match=f"fails its checksum in table {table}, row"):
        reading[table]()


def test_no_flipped_bit_changes_what_is_read_unnoticed(filled: Store) -> None:
    filled._connection.execute("PRAGMA journal_mode = DELETE")
    before = everything(filled)
    filled.close()
    content = filled.path.read_bytes()
    generator = random.Random(2024)
    noticed = 0
    trials = 400
    for trial in range(trials):
        # Half of the pages of so small a database are empty: aim at what is not zero.
        while True:
            at = generator.randrange(len(content))
            if content[at] or trial % 4 == 0:
                break
        corrupted = bytearray(content)
        corrupted[at] ^= 1 << generator.randrange(8)
        filled.path.write_bytes(corrupted)
        try:
            store = Store.open(filled.path)
        except IndexProblem:
            noticed += 1
            continue
        try:
            damage = store.damage()
            try:
                found = everything(store)
            except IndexProblem:
                noticed += 1
                assert damage, f"byte {at}: reading fails, yet no damage is found"
                continue
            noticed += bool(damage)
            assert damage or found == before, f"byte {at}: something else is read"
        finally:
            store.close()
    assert noticed > trials // 2, noticed


def test_damage_reports_an_inconsistent_word_index(filled: Store) -> None:
    filled._connection.execute("INSERT INTO words (words) VALUES ('delete-all')")
    assert filled.damage() == ["The word index does not agree with the passages."]
