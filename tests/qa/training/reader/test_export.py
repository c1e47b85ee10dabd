"""The exported model against the trained model, in full precision and in 8 bits."""

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from embeddings.file_system import file_sha256
from embeddings.models.encoder import SentenceTransformersEncoder
from qa.evaluation.datasets import Question
from qa.reading.base import Logits
from qa.reading.onnx_reader import OnnxSpanModel
from qa.training.reader.export import export
from qa.training.reader.model import SpanTransformer
from qa.training.reader.validate import read_all


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packaged encoder's transformer with outputs that nobody trained."""
    folder = tmp_path_factory.mktemp("trained")
    SpanTransformer.start_from(SentenceTransformersEncoder.load().folder, seed=1).save(folder)
    return folder


@pytest.fixture(scope="module")
def exported(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    tokenizer = SentenceTransformersEncoder.load().folder / "tokenizer.json"
    folders = {name: tmp_path_factory.mktemp(name) for name in ("full", "quantised")}
    for name, folder in folders.items():
        sums = export(trained, tokenizer, folder, quantised=name == "quantised")
        assert sums == {file: file_sha256(folder / file) for file in sums}
    return folders


def read(folder: Path, questions: list[Question]) -> list[Logits]:
    model = OnnxSpanModel(folder)
    pairs = [(question.text, question.context) for question in questions]
    return model.read(
        model.window_tokenizer.split(pairs, [question.title for question in questions])
    )


@pytest.mark.slow
def test_full_precision_reads_like_the_trained_model(
    trained: Path, exported: dict[str, Path], questions: list[Question], tokenizer: Tokenizer
) -> None:
    pairs = [(question.text, question.context) for question in questions]
    headings = [question.title for question in questions]
    _, _, expected = read_all(SpanTransformer.load(trained).eval(), tokenizer, pairs, headings)
    found = [logits.answerable for logits in read(exported["full"], questions)]
    assert found == pytest.approx(expected, abs=1e-3)


@pytest.mark.slow
def test_quantised_reads_nearly_like_full_precision(
    exported: dict[str, Path], questions: list[Question]
) -> None:
    pairs = list(
        zip(read(exported["quantised"], questions), read(exported["full"], questions), strict=True)
    )
    for part in ("starts", "ends"):
        quantised, full = (
            np.concatenate([getattr(pair[at], part) for pair in pairs]) for at in (0, 1)
        )
        assert np.corrcoef(quantised, full)[0, 1] > 0.998


@pytest.mark.slow
def test_quantised_model_is_small_enough_for_the_repository(exported: dict[str, Path]) -> None:
    sizes = {name: (folder / "reader.onnx").stat().st_size for name, folder in exported.items()}
    assert sizes["quantised"] < 25_000_000 < 85_000_000 < sizes["full"]
