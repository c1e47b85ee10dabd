"""Articles and recombined libraries."""

from pathlib import Path

import numpy as np
import pytest

from embeddings.index.index import Index
from embeddings.indexing import open_and_index
from embeddings.models.encoder import Encoder, SentenceTransformersEncoder
from qa.evaluation.datasets import Question
from tests.benchmarks.documents import (
    NOISE,
    RealPassage,
    passage_texts,
    prepared_cosine,
    real_passages,
    recombined,
    write_articles,
    write_library,
)
from tests.builders import HashingEncoder

CONTEXTS = {
    "The steppe is wide. Horses cross it in summer. Winters are cold.": "Steppe",
    "Rivers run north. They freeze in November.": "Steppe",
    "Cotton grows in the south. It needs much water. Canals bring it there.": "Cotton",
}
QUESTIONS = [
    Question(str(number), f"Question {number}?", context, title, ())
    for number, (context, title) in enumerate([*CONTEXTS.items(), *CONTEXTS.items()])
]


def indexed(folder: Path, encoder: Encoder) -> Path:
    write_articles(QUESTIONS, folder / "articles")
    index, _ = open_and_index(folder / "articles", folder / "index", encoder)
    index.close()
    return folder / "index"


def test_each_title_becomes_one_article_with_each_context_once(tmp_path: Path) -> None:
    assert write_articles(QUESTIONS, tmp_path / "articles") == 3
    files = sorted((tmp_path / "articles").iterdir())
    assert [path.name for path in files] == ["0000-steppe.md", "0001-cotton.md"]
    steppe = list(CONTEXTS)[:2]
    assert files[0].read_text() == "\n\n".join(["# Steppe", *steppe]) + "\n"


def test_peers_are_given_what_the_encoder_saw(tmp_path: Path, hashing: HashingEncoder) -> None:
    texts = passage_texts(indexed(tmp_path, hashing))
    assert all(text.startswith(("Steppe\n", "Cotton\n")) for text in texts)
    assert all(any(context in text for text in texts) for context in CONTEXTS)


def test_recombined_passages_hold_whole_sentences_of_two_real_ones(
    tmp_path: Path, hashing: HashingEncoder
) -> None:
    _, real = real_passages(indexed(tmp_path, hashing))
    sentences = {sentence for passage in real for sentence in passage.sentences}
    passages = list(recombined(real, 12))
    assert passages[0][0] == real[0].context
    for _, text, vector in passages:
        left = text
        # A heading, which is a short one, may stand in another.
        for sentence in sorted(sentences, key=len, reverse=True):
            left = left.replace(sentence, "")
        assert not left.strip()
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert [text for _, text, _ in recombined(real, 12)] == [text for _, text, _ in passages]


def test_noise_has_the_stated_length() -> None:
    rng = np.random.default_rng(0)
    vector = rng.standard_normal(384).astype(np.float32)
    vector /= np.linalg.norm(vector)
    cosines = [
        float(passages @ vector)
        for _, _, passages in recombined([RealPassage("", ("A.",), vector)], 200)
    ]
    assert np.mean(cosines) == pytest.approx(1 / np.sqrt(1 + NOISE**2), abs=0.005)


def test_library_is_an_ordinary_index(tmp_path: Path, hashing: HashingEncoder) -> None:
    model, real = real_passages(indexed(tmp_path, hashing))
    (tmp_path / "library").mkdir()
    write_library(real, model, 205, tmp_path / "library")
    index = Index.open(tmp_path / "library")
    assert index.store.damage() == []
    assert len(index.store.sources()) == 3
    passages = list(recombined(real, 205))
    with index.snapshot() as snapshot:
        ids = index.store.passage_ids().tolist()
        assert [passage.passage.text for passage in snapshot.passages(ids)] == [
            text for _, text, _ in passages
        ]
        nearest, cosine = snapshot.search_vectors(passages[150][2], 1)[0]
        assert nearest == ids[150]
        assert cosine == pytest.approx(1, abs=1e-5)
        assert snapshot.search_words(["canals"], 300)
    index.close()


def test_vectors_that_are_prepared_are_near_to_real_ones(tmp_path: Path) -> None:
    encoder = SentenceTransformersEncoder.load()
    _, real = real_passages(indexed(tmp_path, encoder))
    assert prepared_cosine(real, encoder, 30) > 0.85
