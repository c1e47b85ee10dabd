from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import IndexDamaged
from embeddings.index.index import Index
from embeddings.indexing import index_folder
from embeddings.models.encoder import SentenceTransformersEncoder
from qa import QuestionAnswerer
from qa.results import MAX_PLACES
from qa.retrieval.retriever import Retriever, _day
from qa.retrieval.search import fuse
from qa.text import search_terms

QUESTION = "How much aid did Kazakhstan send to Syria?"


def test_hits_carry_the_scores_and_ranks_of_both_searches(answerer: QuestionAnswerer) -> None:
    retriever = answerer.retriever
    hits = retriever.retrieve(QUESTION, 12)
    assert [hit.rank for hit in hits] == list(range(1, 13))
    vector = retriever.encoder.encode([QUESTION], role="question")[0]
    assert isinstance(answerer.index, Index)
    store = answerer.index.store
    ids = store.passage_ids()
    vectors = np.concatenate([batch for _, batch in store.vectors(ids)])
    cosines = np.sort(vectors @ vector)[::-1]
    words = store.search_words(search_terms(QUESTION), 100)
    highest = words[0][1]
    for hit in hits:
        assert hit.vector_rank is not None
        assert hit.vector_score == pytest.approx(cosines[hit.vector_rank - 1], abs=1e-5)
        if hit.word_rank is not None:
            assert hit.word_score == pytest.approx(words[hit.word_rank - 1][1])
        else:
            assert hit.word_score == 0
        assert hit.score == pytest.approx(fuse(hit.vector_score, hit.word_score, highest, 0.3))
    assert hits[0].text.startswith("In February 2023 Kazakhstan sent Syria 50 tons")


@pytest.mark.parametrize(
    ("cosine", "bm25", "highest", "weight", "score"),
    [(0.6, 4.0, 8.0, 0.5, 0.55), (-0.2, 8.0, 8.0, 0.3, 0.3), (0.5, 0.0, 0.0, 0.3, 0.35)],
)
def test_scores_are_fused_as_by_hand(
    cosine: float, bm25: float, highest: float, weight: float, score: float
) -> None:
    assert fuse(cosine, bm25, highest, weight) == pytest.approx(score)


def test_weight_beyond_its_range_is_refused(answerer: QuestionAnswerer) -> None:
    with pytest.raises(ValueError, match=r"expected a word weight of 0 to 1, got 1\.5"):
        Retriever(answerer.index, answerer.retriever.encoder, 1.5)


@pytest.fixture(scope="module")
def encoder() -> SentenceTransformersEncoder:
    return SentenceTransformersEncoder.load()


def library(folder: Path, texts: dict[str, str], encoder: SentenceTransformersEncoder) -> Index:
    (folder / "d").mkdir()
    for name, text in texts.items():
        (folder / "d" / name).write_text(text, encoding="utf-8")
    index = Index.open_or_create(folder / "index", encoder)
    index_folder(folder / "d", index, encoder)
    return index


LONG = (
    "The old stone bridge over the river Ishim was opened by the mayor of the town in the "
    "spring of 1901 after nine years of work by two hundred masons from the whole province."
)


def test_near_duplicates_are_one_hit_and_other_statements_are_not(
    tmp_path: Path, encoder: SentenceTransformersEncoder
) -> None:
    texts = {
        "a.txt": LONG,
        "b.txt": LONG + " ",
        "c.txt": LONG.replace("whole", "entire"),
        "d.txt": LONG.replace("1901", "1907"),
        "n.txt": LONG.replace("was opened", "was not opened"),
        "e.txt": "The market hall was built later.",
    }
    index = library(tmp_path, texts, encoder)
    hits = Retriever(index, encoder).retrieve("When was the bridge opened?", 10)
    index.close()
    found = {hit.path: set(hit.near_duplicates) for hit in hits}
    # Another year or a negation makes another statement; another adjective may make one.
    assert {"d/c.txt", "d/d.txt", "d/n.txt"} <= set(found)
    assert all(hit.also_at == () for hit in hits)
    (first,) = (path for path in found if path in ("d/a.txt", "d/b.txt"))
    assert {first, *found[first]} == {"d/a.txt", "d/b.txt"}
    assert found["d/c.txt"] == set()


def test_of_near_duplicates_in_which_a_word_differs_two_are_read(
    tmp_path: Path, encoder: SentenceTransformersEncoder
) -> None:
    adjectives = ("whole", "entire", "old", "northern", "eastern")
    texts = {f"{word}.txt": LONG.replace("whole", word) for word in adjectives}
    index = library(tmp_path, texts, encoder)
    hits = Retriever(index, encoder).retrieve("When was the bridge opened?", 10)
    index.close()
    assert len(hits) == 2
    assert {path for hit in hits for path in (hit.path, *hit.near_duplicates)} == {
        f"d/{name}" for name in texts
    }


@pytest.mark.slow
def test_copies_do_not_crowd_out_other_passages(
    tmp_path: Path, encoder: SentenceTransformersEncoder
) -> None:
    texts = {f"{number:03}.txt": f"{LONG} {'so ' * number}" for number in range(130)}
    texts["other.txt"] = "A bridge also stands in the south; that bridge was opened in 1950."
    index = library(tmp_path, texts, encoder)
    hits = Retriever(index, encoder).retrieve("When was the bridge over the Ishim opened?", 2)
    index.close()
    assert [hit.path for hit in hits][1] == "d/other.txt"
    assert len(hits[0].near_duplicates) == MAX_PLACES


def test_passage_that_is_not_in_its_document_is_damage(
    tmp_path: Path, encoder: SentenceTransformersEncoder
) -> None:
    index = library(tmp_path, {"a.txt": LONG}, encoder)
    with index.store.transaction():
        index.store._execute("UPDATE part SET text = replace(text, 'Ishim', 'Irtys')")
    with pytest.raises(IndexDamaged, match=r"passage of d/a\.txt is not what its document says"):
        Retriever(index, encoder).retrieve("bridge", 3)
    index.close()


def test_paths_outside_what_was_asked_for_are_not_named(
    tmp_path: Path, encoder: SentenceTransformersEncoder
) -> None:
    index = library(tmp_path, {"a.txt": LONG, "z.txt": LONG}, encoder)
    hits = Retriever(index, encoder).retrieve("bridge", 3, within=["d/z.txt"])
    index.close()
    assert (hits[0].path, hits[0].also_at) == ("d/z.txt", ())


@pytest.mark.parametrize(
    ("modified_ns", "day"),
    [
        (0, "1970-01-01"),
        (86_400 * 10**9 - 1, "1970-01-01"),
        (-1, "1969-12-31"),
        (1_707_300_000 * 10**9, "2024-02-07"),
        (10**21, ""),
        (-(10**21), ""),
    ],
)
def test_time_of_a_file_is_a_day_of_the_calendar_or_none(modified_ns: int, day: str) -> None:
    assert _day(modified_ns) == day


def test_one_document_has_at_most_half_of_the_places_where_others_are_near(
    tmp_path: Path, encoder: SentenceTransformersEncoder
) -> None:
    bridge = "The bridge over the Ishim was opened in {} by the mayor {} of the town."
    crowd = "\n\n".join(
        f"# Part {number}\n\nWhen was the bridge over the Ishim opened? The answer is {number}. "
        f"The bridge of the Ishim has pier {number * 7} opened."
        for number in range(150)
    )
    texts = {"crowd.md": crowd} | {
        f"{year}.txt": bridge.format(year, "ABCDEFGH"[year - 1901]) for year in range(1901, 1905)
    }
    texts["far.txt"] = "Bread is baked from flour, water and salt."
    index = library(tmp_path, texts, encoder)
    retriever = Retriever(index, encoder)
    hits = retriever.retrieve("When was the bridge over the Ishim opened?", 12)
    few = retriever.retrieve("When was the bridge over the Ishim opened?", 5)
    alone = retriever.retrieve("When was the bridge opened?", 12, within=["d/crowd.md"])
    index.close()
    count = Counter(hit.path for hit in hits)
    # Four others are near; a document about bread is not, and the crowd fills what they leave.
    assert count == {"d/crowd.md": 8, **{f"d/{year}.txt": 1 for year in range(1901, 1905)}}, count
    assert [hit.rank for hit in hits] == list(range(1, 13))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert sum(hit.path == "d/crowd.md" for hit in few) == 3
    assert len(alone) == 12
