"""The packaged reader, and other models in its place."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import BertConfig, BertForQuestionAnswering, BertModel

from embeddings.errors import ModelError, NotConvertible
from embeddings.models import model_cache
from embeddings.models.encoder import SentenceTransformersEncoder
from embeddings.models.model_folder import SUMS, load_tokenizer
from embeddings.models.onnx_model import BATCH_TOKENS
from qa.reading import span_model, transformers_reader
from qa.reading.calibration import Calibration
from qa.reading.reader import read_passages
from qa.reading.span_model import (
    DEFAULT_READER,
    FILES,
    FOLDER,
    PackagedSpanModel,
    Run,
    load_span_model,
    onnx_run,
    read_batches,
)
from qa.reading.transformers_reader import TransformersSpanModel
from qa.reading.windows import WindowTokenizer

PASSAGE = "In February 2023 Kazakhstan sent Syria 50 tons of humanitarian aid under the IOFS."


@pytest.fixture(scope="module")
def packaged() -> PackagedSpanModel:
    return PackagedSpanModel.load()


def best(model: span_model.SpanModel, question: str, passage: str = PASSAGE) -> tuple[str, float]:
    (spans,) = read_passages(model, [(question, passage)], [""])
    return passage[spans[0].start : spans[0].end], spans[0].margin


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
    packaged: PackagedSpanModel, question: str, answer: str
) -> None:
    text, margin = best(packaged, question)
    assert text == answer
    assert margin > 0


def test_packaged_reader_prefers_no_answer_to_a_wrong_one(packaged: PackagedSpanModel) -> None:
    _, margin = best(packaged, "Who painted the ceiling of the chapel?")
    assert margin < 0


def test_windows_read_together_are_read_as_alone(packaged: PackagedSpanModel) -> None:
    pairs = [("Who?", PASSAGE[:at]) for at in range(1, len(PASSAGE), 3)]
    pairs += [("How much aid?", f"{PASSAGE} " * 12)]
    windows = packaged.window_tokenizer.split(pairs, [""] * len(pairs))
    assert sum(len(window.ids) for window in windows) > BATCH_TOKENS / 4
    together = packaged.read(windows)
    for window, one in zip(windows, together, strict=True):
        (alone,) = packaged.read([window])
        assert len(one.starts) == len(one.ends) == len(window.ids)
        assert np.allclose(one.starts, alone.starts, atol=1e-3)
        assert np.allclose(one.ends, alone.ends, atol=1e-3)
        assert alone.null == pytest.approx(float(alone.starts[0] + alone.ends[0]))


def test_batches_hold_no_more_tokens_than_allowed(packaged: PackagedSpanModel) -> None:
    shapes: list[tuple[int, int]] = []

    def run(ids, types, mask):  # type: ignore[no-untyped-def]  # stands in for a model
        shapes.append(ids.shape)
        # Each window's logits are its own ids, so that an exchange would show.
        assert (ids[mask == 0] == 9).all()
        return ids.astype(np.float32), ids.astype(np.float32), mask.sum(axis=1)

    pairs = [("Who?", "word " * count) for count in (300, 1, 200, 50, 120, 7, 90)]
    windows = packaged.window_tokenizer.split(pairs, [""] * len(pairs))
    logits = read_batches(windows, run, pad_id=9)
    # A window that is longer by itself is read by itself.
    assert all(rows == 1 or rows * tokens <= BATCH_TOKENS for rows, tokens in shapes)
    assert max(rows for rows, _ in shapes) > 1
    assert sum(rows for rows, _ in shapes) == len(windows)
    for window, logit in zip(windows, logits, strict=True):
        assert logit.starts.tolist() == window.ids.tolist()
        assert logit.answerable == len(window.ids)
    assert read_batches([], run, pad_id=9) == []


@pytest.mark.parametrize("name", FILES)
def test_packaged_file_that_was_changed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "model"))
    monkeypatch.setattr(span_model, "FOLDER", folder)
    monkeypatch.setattr(model_cache, "CACHE", tmp_path / "cache")
    assert load_span_model(DEFAULT_READER).calibration == Calibration.load(folder)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{name} is not the published file .* install Chapter"):
        load_span_model(DEFAULT_READER).check()
    with pytest.raises(ModelError, match=rf"{name} is not the published file .* install Chapter"):
        best(load_span_model(DEFAULT_READER), "Who?")
    (folder / name).unlink()
    with pytest.raises(ModelError, match=rf"{name} is missing; install Chapter and Verse again"):
        load_span_model(DEFAULT_READER).check()
    (folder / SUMS).unlink()
    with pytest.raises(ModelError, match=rf"{SUMS} cannot be read .* install Chapter and Verse"):
        load_span_model(DEFAULT_READER)


def test_reader_that_cannot_be_kept_reads_the_same(
    packaged: PackagedSpanModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    windows = packaged.window_tokenizer.split([("Who?", PASSAGE), ("Why?", "Aid.")], ["", ""])
    expected = packaged.read(windows)
    (tmp_path / "file").write_text("no folder can be made in a file")
    monkeypatch.setattr(model_cache, "CACHE", tmp_path / "file" / "models")
    for one, same in zip(PackagedSpanModel.load().read(windows), expected, strict=True):
        assert np.allclose(one.starts, same.starts, atol=1e-4)
        assert np.allclose(one.ends, same.ends, atol=1e-4)
    assert "runs from its own file" in caplog.text


def test_file_that_is_no_model_is_named_when_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_cache, "CACHE", tmp_path / "cache")
    folder = Path(shutil.copytree(FOLDER, tmp_path / "model"))
    (folder / "reader.onnx").write_bytes(b"\x08\x07 no model")
    with pytest.raises(ModelError, match=r"reader\.onnx cannot be loaded"):
        best(PackagedSpanModel(folder), "Who?")


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A question-answering model of another project: tiny, and nobody trained it."""
    monkeypatch.setattr(model_cache, "CACHE", tmp_path / "cache")
    config = BertConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    BertForQuestionAnswering(config).save_pretrained(tmp_path)
    tokenizer = SentenceTransformersEncoder.load().folder / "tokenizer.json"
    shutil.copy(tokenizer, tmp_path)
    return tmp_path


def test_question_answering_model_in_a_folder_takes_its_place(other: Path) -> None:
    model = load_span_model(str(other))
    assert isinstance(model, TransformersSpanModel)
    assert model.calibration == Calibration.rough()
    text, _ = best(model, "Who sent aid?")
    assert text and text in PASSAGE
    (window,) = model.window_tokenizer.split([("Who?", PASSAGE)], [""])
    (logits,) = model.read([window])
    assert logits.answerable is None
    assert logits.null == pytest.approx(float(logits.starts[0] + logits.ends[0]))
    transformer = BertForQuestionAnswering.from_pretrained(other)
    inputs = {"input_ids": window.ids, "token_type_ids": window.type_ids}
    with torch.inference_mode():
        expected = transformer(**{name: torch.tensor(one[None]) for name, one in inputs.items()})
    assert np.allclose(logits.starts, expected.start_logits[0], atol=1e-5)
    assert np.allclose(logits.ends, expected.end_logits[0], atol=1e-5)


def test_model_that_cannot_be_converted_reads_the_same_in_pytorch(
    other: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    windows = WindowTokenizer(load_tokenizer(other)).split(
        [("Who?", PASSAGE), ("Why?", "Aid.")], ["", ""]
    )
    expected = load_span_model(str(other)).read(windows)

    def refuse(*_: object) -> None:
        raise NotConvertible("it does something that no graph can say")

    monkeypatch.setattr(transformers_reader, "_convert", refuse)
    monkeypatch.setattr(transformers_reader, "CONVERSION", "none")
    for one, same in zip(load_span_model(str(other)).read(windows), expected, strict=True):
        assert np.allclose(one.starts, same.starts, atol=1e-4)
        assert np.allclose(one.ends, same.ends, atol=1e-4)
    assert "runs in PyTorch" in caplog.text and "no graph can say" in caplog.text


def test_graph_that_holds_for_one_length_only_is_not_served(
    other: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def short(path: Path, remedy: str) -> Run:
        run = onnx_run(path, remedy)

        def off(
            ids: NDArray[np.int64], types: NDArray[np.int64], mask: NDArray[np.int64]
        ) -> Sequence[NDArray[np.float32]]:
            starts, ends = run(ids, types, mask)
            return starts + (ids.shape[1] != 24), ends

        return off

    monkeypatch.setattr(transformers_reader, "onnx_run", short)
    best(load_span_model(str(other)), "Who sent aid?")
    assert "runs in PyTorch" in caplog.text and "its logits would differ by 1" in caplog.text


def test_exported_folder_can_be_named(packaged: PackagedSpanModel) -> None:
    assert best(load_span_model(str(FOLDER)), "Who sent aid?") == best(packaged, "Who sent aid?")


def test_model_without_a_question_answering_head_is_refused(other: Path) -> None:
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"architectures": ["BertModel"]}))
    with pytest.raises(ModelError, match=r"no question-answering head .*BertModel"):
        load_span_model(str(other))


def test_encoder_is_no_reader() -> None:
    with pytest.raises(ModelError, match="no question-answering head"):
        load_span_model(str(SentenceTransformersEncoder.load().folder))


def test_head_that_is_named_but_missing_is_refused(other: Path) -> None:
    config = json.loads((other / "config.json").read_text())
    BertModel(BertConfig.from_dict(config)).save_pretrained(other)
    (other / "config.json").write_text(json.dumps(config))
    model = load_span_model(str(other))
    with pytest.raises(ModelError, match=r"lacks weights of its question-answering head"):
        best(model, "Who?")


def test_damaged_weights_are_named(other: Path) -> None:
    (other / "model.safetensors").write_bytes(b"no weights")
    model = load_span_model(str(other))
    with pytest.raises(ModelError, match="cannot be loaded"):
        best(model, "Who?")
