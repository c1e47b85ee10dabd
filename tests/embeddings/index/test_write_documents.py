"""The store returns what was stored in it."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.index.records import Source
from embeddings.index.store import Store
from embeddings.splitting import split
from tests.embeddings.index.builders import ENCODER, document, put


def test_everything_comes_back_as_it_was_put(place: Path, store: Store) -> None:
    text = "Fifty tons — “aid” — café 日本語 🚚 were sent."
    made = document(text)
    passages = split(made, ENCODER.tokenize, 16)
    vectors = np.random.default_rng(0).random((len(passages), 8), dtype=np.float32)
    source = Source("docs/ü '\"\n<b>.pdf", "docs", 2**40, -1, 2**62, 3, "abc", document=1)
    with store.transaction():
        store.put_folder("docs", Path("/disk/docs"))
        id = store.put_document("abc", "PDF", made, passages, vectors)
        store.put_source(source)
    store.close()
    store = Store.open(place)
    assert id == 1
    assert store.document(1) == made
    assert [stored.passage for stored in store.passages_of(1)] == list(passages)
    assert {stored.document for stored in store.passages_of(1)} == {1}
    assert store.sources() == {source.path: source} == store.sources("docs")
    assert store.sources("other") == {}
    assert store.folders() == {"docs": Path("/disk/docs")}
    assert store.header.encoder == ENCODER.model
    assert store.header.dimension == 8
    facts = store.documents()[1]
    assert (facts.paths, facts.title, facts.sha256) == ((source.path,), "Aid report", "abc")
    assert facts.page_starts == made.page_starts
    assert facts.indexed_at.endswith("+00:00")
    ids = store.passage_ids()
    ((found, block),) = store.vectors(ids)
    assert found.tolist() == ids.tolist() and (block == vectors).all()
    start = made.text.index("“aid”")
    assert store.text(1, start, start + 5) == "“aid”"
    assert store.document_id("abc", "PDF") == 1
    assert store.document_id("abc", "web page") is None
    assert store.documents()[1].passages == len(passages)
    assert store.damage() == []


@given(texts=st.lists(st.text(min_size=1, max_size=300), max_size=5, unique=True))
def test_any_text_survives(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    store = Store.create(tmp_path_factory.mktemp("any") / "library.sqlite", ENCODER.model, 8)
    made = {put(store, f"docs/{at}.pdf", text): text for at, text in enumerate(texts)}
    for id, text in made.items():
        assert store.document(id) == document(text)
        for stored in store.passages_of(id):
            start, end = stored.passage.start, stored.passage.end
            assert (
                store.text(id, start, end) == stored.passage.text == document(text).text[start:end]
            )
    assert store.damage() == []
    store.close()


def test_passages_come_in_the_order_asked_for(filled: Store) -> None:
    ids = filled.passage_ids().tolist()
    asked = [ids[2], 999, ids[0]]
    assert [stored.id for stored in filled.passages(asked)] == [ids[2], ids[0]]
    many = random.Random(1).choices(ids, k=3_000)
    assert [stored.id for stored in filled.passages(many)] == many


def test_same_content_at_two_paths_is_one_document(filled: Store) -> None:
    (facts,) = [facts for facts in filled.documents().values() if len(facts.paths) > 1]
    assert facts.paths == ("docs/ab/two.pdf", "more/a/copy.pdf")
    with filled.transaction():
        filled.drop_source("docs/ab/two.pdf")
    assert filled.documents()[facts.id].paths == ("more/a/copy.pdf",)
    with filled.transaction():
        filled.drop_source("more/a/copy.pdf")
    assert facts.id not in filled.documents()
    assert filled.search_words(["yemen"], 9) == []
    with pytest.raises(KeyError):
        filled.document(facts.id)
    assert filled.damage() == []


def test_removed_ids_are_never_given_again(filled: Store) -> None:
    ids, passages = set(filled.documents()), set(filled.passage_ids().tolist())
    with filled.transaction():
        for path in filled.sources():
            filled.drop_source(path)
    assert not filled.documents() and not len(filled.passage_ids())
    put(filled, "docs/new.pdf", "New.")
    assert not ids & set(filled.documents())
    assert not passages & set(filled.passage_ids().tolist())


def test_generation_grows_with_each_change_of_passages_only(filled: Store) -> None:
    before = filled.generation
    with filled.transaction():
        source = filled.sources()["docs/a.pdf"]
        filled.put_source(source)
    assert filled.generation == before
    with filled.transaction():
        filled.drop_source("docs/a.pdf")
    assert filled.generation > before


def test_vectors_that_do_not_fit_are_refused(store: Store) -> None:
    made = document("a")
    passages = split(made, ENCODER.tokenize, 16)
    for shape in [(len(passages) + 1, 8), (len(passages), 7)]:
        with pytest.raises(ValueError, match=r"expected vectors of shape \(1, 8\), got \("):
            store.put_document("a", "PDF", made, passages, np.zeros(shape, dtype=np.float32))
