"""Which model a name stands for."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertForQuestionAnswering

from embeddings.errors import ModelError
from embeddings.models.encoder import SentenceTransformersEncoder
from qa.reading.calibration import Calibration
from qa.reading.factory import load_span_model
from qa.reading.onnx_reader import FOLDER, OnnxSpanModel
from qa.reading.transformers_reader import TransformersSpanModel
from tests.qa.reading.conftest import PASSAGE, best_span


def test_question_answering_model_in_a_folder_takes_its_place(other_model: Path) -> None:
    model = load_span_model(str(other_model))
    assert isinstance(model, TransformersSpanModel)
    assert model.calibration == Calibration.default()
    text, _ = best_span(model, "Who sent aid?")
    assert text and text in PASSAGE
    (window,) = model.window_tokenizer.split([("Who?", PASSAGE)], [""])
    (logits,) = model.read([window])
    assert logits.answerable is None
    assert logits.null == pytest.approx(float(logits.starts[0] + logits.ends[0]))
    transformer = BertForQuestionAnswering.from_pretrained(other_model)
    inputs = {"input_ids": window.ids, "token_type_ids": window.type_ids}
    with torch.inference_mode():
        expected = transformer(**{name: torch.tensor(one[None]) for name, one in inputs.items()})
    assert np.allclose(logits.starts, expected.start_logits[0], atol=1e-5)
    assert np.allclose(logits.ends, expected.end_logits[0], atol=1e-5)


def test_exported_folder_can_be_named(packaged: OnnxSpanModel) -> None:
    assert best_span(load_span_model(str(FOLDER)), "Who sent aid?") == best_span(
        packaged, "Who sent aid?"
    )


def test_model_without_a_question_answering_head_is_refused(other_model: Path) -> None:
    config = json.loads((other_model / "config.json").read_text())
    (other_model / "config.json").write_text(json.dumps(config | {"architectures": ["BertModel"]}))
    with pytest.raises(ModelError, match=r"no question-answering head .*BertModel"):
        load_span_model(str(other_model))


def test_encoder_is_no_reader() -> None:
    with pytest.raises(ModelError, match="no question-answering head"):
        load_span_model(str(SentenceTransformersEncoder.load().folder))
