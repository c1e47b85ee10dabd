"""Which of the passages found are read: near-duplicates and crowds left out."""

from collections import Counter
from pathlib import Path

import pytest

from embeddings.models.encoder import SentenceTransformersEncoder
from qa.results import MAX_PLACES
from qa.retrieval.retriever import Retriever
from tests.qa.retrieval.builders import LONG, library


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


def test_of_near_duplicates_in_which_a_word_differs_five_are_read(
    tmp_path: Path, encoder: SentenceTransformersEncoder
) -> None:
    adjectives = ("whole", "entire", "old", "northern", "eastern", "southern", "high")
    texts = {f"{word}.txt": LONG.replace("whole", word) for word in adjectives}
    index = library(tmp_path, texts, encoder)
    hits = Retriever(index, encoder).retrieve("When was the bridge opened?", 10)
    index.close()
    assert len(hits) == 5
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


@pytest.mark.slow
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
