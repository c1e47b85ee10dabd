from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import IndexDamaged
from embeddings.index.index import Index
from embeddings.models.encoder import SentenceTransformersEncoder
from qa import QuestionAnswerer
from qa.retrieval.retriever import Retriever, _day
from qa.retrieval.search import fuse
from qa.text import search_terms
from tests.qa.retrieval.builders import LONG, library

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
    assert hits[0].text.startswith(
        "Aid for Syria\n\nIn February 2023 Kazakhstan sent Syria 50 tons"
    )


def test_weight_beyond_its_range_is_refused(answerer: QuestionAnswerer) -> None:
    with pytest.raises(ValueError, match=r"expected a word weight of 0 to 1, got 1\.5"):
        Retriever(answerer.index, answerer.retriever.encoder, 1.5)


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
