"""The models as they are served give the answers that they give in PyTorch."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from embeddings.models.encoder import SentenceTransformersEncoder
from embeddings.models.torch_encoder import TorchEncoder, load_transformer
from embeddings.sentences import sentence_spans
from qa import QuestionAnswerer, Settings
from qa.reading.combined_reader import CombinedReader
from qa.reading.onnx_reader import FOLDER
from qa.reading.sentence_reader import SentenceReader
from qa.reading.span_reader import SpanReader
from qa.reading.table_reader import TableReader
from qa.reading.transformers_reader import TransformersSpanModel, _load, _torch_run
from tests.benchmarks.reader_weights import peers_reader

ASKED = 300
"""Questions; passages that begin with headings take longer to read."""

HITS = 3
"""Passages read; the suite must stay short."""


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packaged reader as a folder of the transformers library, which PyTorch can run."""
    encoder = SentenceTransformersEncoder.load().folder
    return peers_reader(FOLDER, encoder, tmp_path_factory.mktemp("plain") / "reader")


@pytest.fixture
def fast(docs_index: Path, reader: Path) -> Iterator[QuestionAnswerer]:
    settings = Settings(reader=str(reader), precision="float32", hits=HITS)
    with QuestionAnswerer.open(docs_index, settings) as answerer:
        answerer.warm_up()
        yield answerer


@pytest.fixture
def plain(docs_index: Path, reader: Path) -> Iterator[QuestionAnswerer]:
    """The same chain, both models in PyTorch."""
    settings = Settings(reader=str(reader), precision="float32", hits=HITS)
    with QuestionAnswerer.open(docs_index, settings) as answerer:
        encoder = answerer.retriever.encoder
        assert isinstance(encoder, SentenceTransformersEncoder)
        encoder.__dict__["_vectors"] = TorchEncoder(load_transformer(encoder.folder))
        model = TransformersSpanModel.load(reader)
        model.__dict__["_run"] = _torch_run(_load(reader))
        answerer.reader = CombinedReader(SpanReader(model), SentenceReader(encoder), TableReader())
        yield answerer


def questions(answerer: QuestionAnswerer) -> list[str]:
    """Sentences of the documents, halves of them and their beginnings, asked."""
    with answerer.index.snapshot() as snapshot:
        ids = [id for id, _ in snapshot.search_words(["the", "is", "of", "in", "a"], 1_000)]
        texts = [
            stored.passage.text for stored in sorted(snapshot.passages(ids), key=lambda s: s.id)
        ]
    found: dict[str, None] = {}
    for text in texts:
        for start, end in sentence_spans(text):
            words = text[start:end].strip(" .\n").split()
            for some in (words, words[: len(words) // 2], words[len(words) // 2 :]):
                if 2 < len(some) < 40:
                    found[f"What about {' '.join(some)}?"] = None
    return list(found)[:ASKED]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_answers_are_those_of_the_same_models_in_pytorch(
    fast: QuestionAnswerer, plain: QuestionAnswerer
) -> None:
    asked = questions(fast)
    assert len(asked) == ASKED
    encoded = fast.retriever.encoder.encode(asked, "question")
    assert np.allclose(encoded, plain.retriever.encoder.encode(asked, "question"), atol=1e-5)
    different: list[str] = []
    for question in asked:
        one, other = fast.answer(question), plain.answer(question)
        assert one.confidence == pytest.approx(other.confidence, abs=1e-3), question
        same = one.text == other.text and [
            (cited.path, cited.start, cited.end) for cited in one.citations
        ] == [(cited.path, cited.start, cited.end) for cited in other.citations]
        if not same:
            different.append(f"{question}: {one.text!r}, {other.text!r}")
    assert different == []
