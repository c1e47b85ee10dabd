"""BM25 from the occurrences is FTS5's own, to the last digit that matters."""

import sqlite3
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.index import word_index
from embeddings.index.database import TOKENIZER, make_tables
from embeddings.index.word_index import WordIndex

WORDS = ["aid", "grain", "sent", "ships", "Ship", "river", "café", "cafe", "50", "x_y", "the"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
TERMS = st.lists(
    st.one_of(st.sampled_from(WORDS), st.sampled_from(["aid sent", "x y", "the river bank", "…"])),
    max_size=5,
)

Passages = Sequence[tuple[str, str]]


class Words:
    """Passages of (context, text) alone, without documents."""

    def __init__(self, passages: Passages) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        make_tables(self.connection)
        self.index = WordIndex(self.connection, TOKENIZER)
        self.generation = 0
        for context, text in passages:
            self.add(context, text)

    def add(self, context: str, text: str) -> None:
        self.generation += 1
        section = self.connection.execute(
            "INSERT INTO section (document, context_kept, context, headings_kept, headings, "
            "columns, checksum) VALUES (1, 0, ?, 0, '[]', '[]', x'')",
            (context,),
        ).lastrowid
        self.connection.execute(
            'INSERT INTO passage (document, section, start, "end", text, checksum) '
            "VALUES (1, ?, 0, 0, ?, x'')",
            (section, text),
        )

    def search(
        self, terms: Sequence[str], limit: int = 100, among: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        chosen = None if among is None else np.array(among, dtype=np.int64)
        return self.index.search(terms, limit, str(self.generation), chosen)

    def reference(self, terms: Sequence[str]) -> list[tuple[int, float]]:
        """As FTS5 ranks them."""
        match = " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)
        if not match:
            return []
        sql = "SELECT rowid, -rank FROM words WHERE words MATCH ? ORDER BY rank"
        found = [(int(id), float(score)) for id, score in self.connection.execute(sql, (match,))]
        return sorted(found, key=lambda hit: (-round(hit[1], 9), hit[0]))

    def close(self) -> None:
        self.index.close()
        self.connection.close()


def same(found: list[tuple[int, float]], expected: list[tuple[int, float]]) -> None:
    found = sorted(found, key=lambda hit: (-round(hit[1], 9), hit[0]))
    assert [id for id, _ in found] == [id for id, _ in expected], (found, expected)
    assert np.allclose([score for _, score in found], [score for _, score in expected], atol=1e-9)


@pytest.mark.slow
@given(passages=st.lists(st.tuples(TEXTS, TEXTS), max_size=30), terms=TERMS, data=st.data())
def test_scores_are_those_of_fts5(
    passages: Passages, terms: list[str], data: st.DataObject
) -> None:
    words = Words(passages)
    try:
        expected = words.reference(terms)
        same(words.search(terms), expected)
        among = data.draw(st.lists(st.integers(1, 40), unique=True))
        same(words.search(terms, among=among), [hit for hit in expected if hit[0] in among])
        limit = data.draw(st.integers(0, 5))
        best = words.search(terms, limit)
        assert len(best) == min(limit, len(expected))
        assert np.allclose([score for _, score in best], [score for _, score in expected[:limit]])
    finally:
        words.close()


@pytest.fixture
def many() -> Iterator[Words]:
    chance = np.random.default_rng(0)
    vocabulary = [f"word{at}" for at in range(300)]
    shares = 1 / np.arange(1, 301)
    passages = [
        ("", " ".join(chance.choice(vocabulary, chance.integers(3, 90), p=shares / shares.sum())))
        for _ in range(3_000)
    ]
    words = Words(passages)
    yield words
    words.close()


def test_the_best_of_many_are_the_best_though_few_lengths_are_fetched(
    many: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[int] = []
    fill = WordIndex._read_lengths

    def counted(self: WordIndex, lengths, ids, at) -> None:  # type: ignore[no-untyped-def]  # passed on
        fetched.append(len(at))
        fill(self, lengths, ids, at)

    monkeypatch.setattr(WordIndex, "_read_lengths", counted)
    terms = ["word1", "word70", "word200", "word1 word2", "word299"]
    expected = many.reference(terms)
    found = many.search(terms, 10)
    assert np.allclose([score for _, score in found], [score for _, score in expected[:10]])
    assert len(expected) > 1_000 and sum(fetched) < len(expected) / 4, fetched


def test_nothing_of_an_older_generation_is_cached(many: Words) -> None:
    before = many.search(["word5"])
    many.add("", "word5")
    assert many.search(["word5"]) != before
    same(many.search(["word5"], 5_000), many.reference(["word5"]))


def test_nothing_of_a_transaction_that_was_rolled_back_is_cached(many: Words) -> None:
    many.connection.execute("BEGIN")
    many.add("", "zebra")
    assert len(many.search(["zebra"])) == 1
    many.connection.execute("ROLLBACK")
    many.connection.execute("BEGIN")
    many.generation -= 1
    many.add("", "another")
    assert many.search(["zebra"]) == []
    many.connection.execute("COMMIT")


@pytest.mark.slow
def test_cache_is_bounded(many: Words, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_index, "MAX_CACHED_OCCURRENCES", 500)
    for at in range(300):
        terms = [f"word{at}", f"word{at // 2}"]
        same(many.search(terms, 5_000), many.reference(terms))
        kept = many.index._cache.values()
        assert len(kept) == 1 or sum(map(len, kept)) <= 500


def test_words_that_stand_nowhere_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_index, "MAX_CACHED_TOKENS", 20)
    words = Words([("", "aid sent")])
    for at in range(100):
        assert words.search([f"nowhere{at}"]) == []
    assert len(words.index._cache) == 20
    same(words.search(["aid"]), words.reference(["aid"]))
