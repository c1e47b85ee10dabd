"""Models of other projects, converted or in PyTorch."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from transformers import BertConfig, BertModel

from embeddings.errors import ModelError, NotConvertible, Remedy
from embeddings.models.model_folder import load_tokenizer
from qa.reading import transformers_reader
from qa.reading.base import Run, onnx_run
from qa.reading.factory import load_span_model
from qa.reading.windows import WindowTokenizer
from tests.qa.reading.conftest import PASSAGE, best_span


def test_model_that_cannot_be_converted_reads_the_same_in_pytorch(
    other_model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    windows = WindowTokenizer(load_tokenizer(other_model)).split(
        [("Who?", PASSAGE), ("Why?", "Aid.")], ["", ""]
    )
    expected = load_span_model(str(other_model)).read(windows)

    def refuse(*_: object) -> None:
        raise NotConvertible("it does something that no graph can say")

    monkeypatch.setattr(transformers_reader, "_convert", refuse)
    monkeypatch.setattr(transformers_reader, "CONVERSION", "none")
    for logits, same in zip(load_span_model(str(other_model)).read(windows), expected, strict=True):
        assert np.allclose(logits.starts, same.starts, atol=1e-4)
        assert np.allclose(logits.ends, same.ends, atol=1e-4)
    assert "runs in PyTorch" in caplog.text and "no graph can say" in caplog.text


def test_graph_that_holds_for_one_length_only_is_not_served(
    other_model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def short(path: Path, remedy: Remedy) -> Run:
        run = onnx_run(path, remedy)

        def off(
            ids: NDArray[np.int64], types: NDArray[np.int64], mask: NDArray[np.int64]
        ) -> Sequence[NDArray[np.float32]]:
            starts, ends = run(ids, types, mask)
            return starts + (ids.shape[1] != 24), ends

        return off

    monkeypatch.setattr(transformers_reader, "onnx_run", short)
    best_span(load_span_model(str(other_model)), "Who sent aid?")
    assert "runs in PyTorch" in caplog.text and "its logits would differ by 1" in caplog.text


def test_head_that_is_named_but_missing_is_refused(other_model: Path) -> None:
    config = json.loads((other_model / "config.json").read_text())
    BertModel(BertConfig.from_dict(config)).save_pretrained(other_model)
    (other_model / "config.json").write_text(json.dumps(config))
    model = load_span_model(str(other_model))
    with pytest.raises(ModelError, match=r"lacks weights of its question-answering head"):
        best_span(model, "Who?")


def test_damaged_weights_are_named(other_model: Path) -> None:
    (other_model / "model.safetensors").write_bytes(b"no weights")
    model = load_span_model(str(other_model))
    with pytest.raises(ModelError, match="cannot be loaded"):
        best_span(model, "Who?")
