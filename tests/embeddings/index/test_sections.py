"""What stands above passages is stored once, comes back whole, and is found by its words."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.document import Document
from embeddings.index.database import TOKENIZER
from embeddings.index.records import Source
from embeddings.index.sections import Section, difference, in_full, restored
from embeddings.index.store import Store
from embeddings.passages import Passage
from tests.builders import HashingEncoder

ENCODER = HashingEncoder(dimension=8)
TEXTS = st.text(st.sampled_from("ab› é🚚"), max_size=8)
SECTIONS = st.builds(Section, TEXTS, st.lists(TEXTS, max_size=4).map(tuple))


@given(section=SECTIONS, base=SECTIONS)
def test_section_comes_back_from_its_difference(section: Section, base: Section) -> None:
    stored = difference(section, base)
    assert restored(in_full(section), None) == section
    if stored is None:
        half = (len(section.context) + 1) // 2
        assert section.context[:half] != base.context[:half]
    else:
        assert restored(stored, base) == section
        assert 2 * len(stored.context) <= len(section.context)


def passages(contexts: Sequence[tuple[str, tuple[str, ...]]]) -> list[Passage]:
    return [
        Passage(at, at + 1, f"Passage {at} of {at % 7}.", context, headings)
        for at, (context, headings) in enumerate(contexts)
    ]


def store_of(folder: Path, *documents: Sequence[Passage]) -> Store:
    store = Store.create(folder / "library.sqlite", ENCODER.model, 8)
    with store.transaction():
        store.put_folder("docs", folder)
        for number, stored in enumerate(documents):
            vectors = np.zeros((len(stored), 8), dtype=np.float32)
            id = store.put_document(str(number), "text", Document("T", "t", ()), stored, vectors)
            path = f"docs/{number}"
            store.put_source(Source(path, "docs", 1, 1, 1, 1, str(number), id))
    return store


@pytest.mark.slow
@given(
    documents=st.lists(
        st.lists(st.tuples(TEXTS, st.lists(TEXTS, max_size=3).map(tuple)), max_size=12), max_size=3
    )
)
def test_any_contexts_and_headings_come_back(
    documents: list[list[tuple[str, tuple[str, ...]]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    expected_of = [passages(contexts) for contexts in documents]
    with closing(store_of(tmp_path_factory.mktemp("sections"), *expected_of)) as store:
        for number, expected in enumerate(expected_of):
            id = store.document_at(f"docs/{number}")
            assert id is not None
            assert [stored.passage for stored in store.passages_of(id)] == expected
        assert store.damage() == []
        with store.transaction():
            for path in store.sources():
                store.drop_source(path)
        assert store._integers("SELECT count(*) FROM section") == [0]
        assert store.damage() == []


def test_passages_of_one_section_share_it(tmp_path: Path) -> None:
    contexts = [("A › B", ("B",))] * 5 + [("A › C", ("C",))] * 3 + [("A › B", ("B",))]
    with closing(store_of(tmp_path, passages(contexts))) as store:
        assert store._integers("SELECT count(*) FROM section") == [3]


def test_words_above_passages_score_as_if_each_held_them(tmp_path: Path) -> None:
    heads = ["Aid report", "Grain for Yemen", "Grain for Syria and Yemen", "Trains"]
    contexts = [
        (f"The library › {heads[at % 4]} › Part {at // 9}", (heads[at % 4], f"Part {at // 9}"))
        for at in range(200)
    ]
    contents = passages(contexts)
    with (
        closing(store_of(tmp_path, contents)) as store,
        closing(sqlite3.connect(":memory:")) as fts,
    ):
        fts.execute(f"CREATE VIRTUAL TABLE words USING fts5 (a, b, tokenize = '{TOKENIZER}')")
        rows = [(at, passage.context, passage.text) for at, passage in enumerate(contents, start=1)]
        fts.executemany("INSERT INTO words (rowid, a, b) VALUES (?, ?, ?)", rows)
        for terms in (["grain"], ["yemen", "passage"], ["part", "3", "aid"], ["library"]):
            sql = "SELECT rowid, -rank FROM words WHERE words MATCH ?"
            expected = dict(fts.execute(sql, (" OR ".join(terms),)).fetchall())
            found = dict(store.search_words(terms, 1_000))
            assert found.keys() == expected.keys()
            assert np.allclose([found[id] for id in expected], list(expected.values()), atol=1e-9)


@pytest.mark.slow
def test_long_heading_is_not_stored_with_each_section_below_it(tmp_path: Path) -> None:
    sections = 20_000
    sizes = []
    for words in (1, 50):
        heading = " ".join(f"w{at:04}" for at in range(words))
        contexts = [
            (f"Title › {heading} › Part {at}", (heading, f"Part {at}")) for at in range(sections)
        ]
        (tmp_path / str(words)).mkdir()
        with closing(store_of(tmp_path / str(words), passages(contexts))) as store:
            store.checkpoint()
            sizes.append(store.path.stat().st_size)
    # The word index holds a byte or so for each word of each; nothing holds the letters.
    assert sizes[1] - sizes[0] < sections * 4 * 50, sizes
