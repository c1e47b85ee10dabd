"""The packaged reader, and a model of another project in its place."""

import shutil
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForQuestionAnswering

from embeddings.models import model_cache
from embeddings.models.encoder import SentenceTransformersEncoder
from embeddings.rendering import rendered
from qa.reading.base import SpanModel
from qa.reading.onnx_reader import OnnxSpanModel
from qa.reading.spans import read_passages

PASSAGE = "In February 2023 Kazakhstan sent Syria 50 tons of humanitarian aid under the IOFS."


@pytest.fixture(scope="session")
def packaged() -> OnnxSpanModel:
    return OnnxSpanModel.load()


def best_span(model: SpanModel, question: str, passage: str = PASSAGE) -> tuple[str, float]:
    (spans,) = read_passages(model, [(question, rendered(passage))], [""])
    return passage[spans[0].start : spans[0].end], spans[0].margin


@pytest.fixture
def other_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A question-answering model of another project: tiny, and nobody trained it."""
    monkeypatch.setattr(model_cache, "CACHE", tmp_path / "cache")
    torch.manual_seed(0)
    config = BertConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    BertForQuestionAnswering(config).save_pretrained(tmp_path)
    tokenizer = SentenceTransformersEncoder.load().folder / "tokenizer.json"
    shutil.copy(tokenizer, tmp_path)
    return tmp_path
