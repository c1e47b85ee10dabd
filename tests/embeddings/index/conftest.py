"""Fixtures: a database, one with a few documents, and an index of twenty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embeddings.index.index import Index
from embeddings.index.records import Source
from embeddings.index.store import Store
from tests.embeddings.index.builders import ENCODER, add, put


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "library.sqlite"


@pytest.fixture
def store(place: Path) -> Store:
    return Store.create(place, ENCODER.model, 8)


@pytest.fixture
def filled(store: Store) -> Store:
    put(store, "docs/a/one.pdf", "Fifty tons of aid were sent to Syria by trains.")
    put(store, "docs/ab/two.pdf", "Grain was shipped to Yemen.", title="Zweiter Bericht")
    put(store, "docs/a.pdf", "Nothing running here.", title="Third")
    put(store, "more/a/copy.pdf", "Grain was shipped to Yemen.", title="Zweiter Bericht")
    with store.transaction():
        store.put_source(Source("docs/bad.pdf", "docs", 5, 1, 2, 3, "f00", problem="is empty"))
    return store


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = Index.open_or_create(tmp_path / "index", ENCODER)
    for number in range(20):
        add(opened, number)
    yield opened
    opened.close()
