"""Passages are found by their words, within the documents and folders named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.index.store import Store
from tests.embeddings.index.builders import ENCODER, put


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store.create(tmp_path_factory.mktemp("words") / "library.sqlite", ENCODER.model, 8)
    put(store, "docs/a.pdf", "Grain was shipped.")
    return store


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (["TRAIN"], ["docs/a/one.pdf"]),
        (["sending", "sends", "trained"], ["docs/a/one.pdf"]),
        (["run"], ["docs/a.pdf"]),
        (["ship"], ["docs/ab/two.pdf"]),
        (["zweiter"], ["docs/ab/two.pdf"]),
        (["absent"], []),
        ([], []),
        ([""], []),
        (["", "  ", "!?"], []),
    ],
)
def test_words_are_found_by_their_stems(
    filled: Store, terms: list[str], expected: list[str]
) -> None:
    assert found_paths(filled, terms) == expected


def found_paths(store: Store, terms: list[str], within: tuple[str, ...] = ()) -> list[str]:
    hits = store.search_words(terms, 100, within)
    assert [score for _, score in hits] == sorted((score for _, score in hits), reverse=True)
    assert all(score > 0 for _, score in hits)
    passages = store.passages([id for id, _ in hits])
    documents = store.documents(passage.document for passage in passages)
    return sorted({documents[passage.document].paths[0] for passage in passages})


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        ((), {"docs/a/one.pdf", "docs/ab/two.pdf", "docs/a.pdf"}),
        (("docs",), {"docs/a/one.pdf", "docs/ab/two.pdf", "docs/a.pdf"}),
        (("docs/a",), {"docs/a/one.pdf"}),
        (("docs/a.pdf",), {"docs/a.pdf"}),
        (("docs/ab", "docs/a"), {"docs/a/one.pdf", "docs/ab/two.pdf"}),
        (("more",), {"docs/ab/two.pdf"}),
        (("doc",), set()),
        (("docs/%",), set()),
        (("docs/a_",), set()),
        (("",), set()),
        (("' OR 1 --",), set()),
    ],
)
def test_search_stays_within_the_documents_and_folders_named(
    filled: Store, within: tuple[str, ...], expected: set[str]
) -> None:
    terms = ["more"]  # in the list of each document
    assert set(found_paths(filled, terms, within)) == expected
    passages = filled.passages(filled.passage_ids(within).tolist())
    documents = filled.documents(passage.document for passage in passages)
    assert {facts.paths[0] for facts in documents.values()} == expected


def test_search_within_thousands_of_documents(filled: Store) -> None:
    within = ["docs/a.pdf", *(f"docs/{at}.pdf" for at in range(5_000))]
    assert found_paths(filled, ["more"], tuple(within)) == ["docs/a.pdf"]
    assert len(filled.passage_ids(within)) > 0


HOSTILE_TERMS = [
    "AND", "OR", "NOT", "NEAR(", "NEAR(aid, 5)", '"', '""', "*", "ai*", "^aid", "-aid", "aid:",
    "context:aid", "{context}", "(", ")", "+", "'", "\\", "\0", "a\0b", ";", "--", "aid OR grain",
    "\udcff", "\ufffe", "e\u0301", "🚚", "%", "x" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("term", HOSTILE_TERMS)
def test_operators_in_words_are_harmless(filled: Store, term: str) -> None:
    alone = filled.search_words([term], 100)
    both = filled.search_words([term, "fifty"], 100)
    assert {id for id, _ in filled.search_words(["fifty"], 100)} <= {id for id, _ in both}
    if term in ("*", "-", "(", '"', "\0", "\udcff"):
        assert alone == []
    assert filled.damage() == []


@given(terms=st.lists(st.text(st.characters(codec=None, exclude_categories=()))))
def test_any_words_can_be_searched(searched: Store, terms: list[str]) -> None:
    searched.search_words(terms, 10)


@pytest.mark.slow
def test_a_question_of_ten_thousand_words_is_answered(filled: Store) -> None:
    hits = filled.search_words([f"word{at}" for at in range(10_000)] + ["grain"], 100)
    assert hits
