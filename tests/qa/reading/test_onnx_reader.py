"""The packaged reader."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.models import model_cache
from embeddings.models.model_folder import SUMS
from qa.reading import onnx_reader
from qa.reading.calibration import Calibration
from qa.reading.factory import load_span_model
from qa.reading.onnx_reader import FILES, FOLDER, OnnxSpanModel
from qa.settings import DEFAULT_READER
from tests.qa.reading.conftest import PASSAGE, best_span


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How much aid did Kazakhstan send to Syria?", "50 tons"),
        ("how much aid did kazakhstan send to syria", "50 tons"),
        ("When did Kazakhstan send aid?", "February 2023"),
        ("Who sent aid to Syria?", "Kazakhstan"),
    ],
)
def test_packaged_reader_points_at_the_answer(
    packaged: OnnxSpanModel, question: str, answer: str
) -> None:
    text, margin = best_span(packaged, question)
    assert text == answer
    assert margin > 0


def test_packaged_reader_prefers_no_answer_to_a_wrong_one(packaged: OnnxSpanModel) -> None:
    _, margin = best_span(packaged, "Who painted the ceiling of the chapel?")
    assert margin < 0


@pytest.mark.parametrize("name", FILES)
def test_packaged_file_that_was_changed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "model"))
    monkeypatch.setattr(onnx_reader, "FOLDER", folder)
    monkeypatch.setattr(model_cache, "CACHE", tmp_path / "cache")
    assert load_span_model(DEFAULT_READER).calibration == Calibration.load(folder)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{name} is not the published file .* Install Chapter"):
        load_span_model(DEFAULT_READER).check()
    with pytest.raises(ModelError, match=rf"{name} is not the published file .* Install Chapter"):
        best_span(load_span_model(DEFAULT_READER), "Who?")
    (folder / name).unlink()
    with pytest.raises(ModelError, match=rf"{name} is missing\. Install Chapter and Verse again"):
        load_span_model(DEFAULT_READER).check()
    (folder / SUMS).unlink()
    with pytest.raises(ModelError, match=rf"{SUMS} has checksums that cannot be .* Install"):
        load_span_model(DEFAULT_READER)


def test_reader_that_cannot_be_cached_reads_the_same(
    packaged: OnnxSpanModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    windows = packaged.window_tokenizer.split([("Who?", PASSAGE), ("Why?", "Aid.")], ["", ""])
    expected = packaged.read(windows)
    (tmp_path / "file").write_text("no folder can be made in a file")
    monkeypatch.setattr(model_cache, "CACHE", tmp_path / "file" / "models")
    for logits, same in zip(OnnxSpanModel.load().read(windows), expected, strict=True):
        assert np.allclose(logits.starts, same.starts, atol=1e-4)
        assert np.allclose(logits.ends, same.ends, atol=1e-4)
    assert "runs from its own file" in caplog.text


def test_file_that_is_no_model_is_named_when_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_cache, "CACHE", tmp_path / "cache")
    folder = Path(shutil.copytree(FOLDER, tmp_path / "model"))
    (folder / "reader.onnx").write_bytes(b"\x08\x07 no model")
    with pytest.raises(ModelError, match=r"reader\.onnx cannot be loaded"):
        best_span(OnnxSpanModel(folder), "Who?")
