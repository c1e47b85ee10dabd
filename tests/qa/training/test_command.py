"""``python -m qa.training`` on a handful of questions."""

import gzip
import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

from embeddings.models import model_cache
from embeddings.models.encoder import SentenceTransformersEncoder
from embeddings.models.model_folder import read_checksums
from qa import Turn
from qa.cli.commands import ERROR, OK
from qa.conversation.rewriter import QuestionRewriter
from qa.evaluation.datasets import Question
from qa.training import __main__ as command
from qa.training.__main__ import main
from qa.training.reader.model import SpanTransformer
from qa.training.reader.plan import Plan
from qa.training.rewriter import run as rewriter_run
from qa.training.rewriter.conversations import FOLDS
from qa.training.rewriter.model import TermModel
from tests.qa.training.reader.test_data import written
from tests.qa.training.rewriter.conftest import write_conversations

WEIGHTS = SpanTransformer.weights


@pytest.fixture
def file(tmp_path: Path, questions: list[Question]) -> Path:
    rows = []
    for number in range(12):
        for question in questions:
            fields = asdict(question) | {
                "question": question.text,
                "title": f"{question.title} {number}",
            }
            fields["context"] = f"{question.context} It is number {number}."
            rows.append(json.dumps(fields) + "\n")
    path = tmp_path / "small.jsonl.gz"
    path.write_bytes(gzip.compress("".join(rows).encode()))
    return path


@pytest.mark.slow
def test_training_from_files_to_a_model_with_its_log(file: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    arguments = ["train", str(file), "--work", str(work), "--epochs", "1", "--only", "24"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == OK, result.output
    assert "small: " in result.stderr and "0 misaligned" in result.stderr
    assert (work / "epoch-1" / WEIGHTS).is_file()
    log = [json.loads(line) for line in (work / "log.jsonl").read_text().splitlines()]
    assert log[-2]["step"] == log[-2]["of"]
    assert log[-1]["epoch"] == 1
    assert 0 <= log[-1]["exact"] <= log[-1]["f1"] <= 1


@pytest.mark.slow
def test_training_goes_on_from_a_trained_model(file: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    arguments = ["train", str(file), "--epochs", "1", "--only", "12"]
    assert CliRunner().invoke(main, [*arguments, "--work", str(first)]).exit_code == OK
    more = ["--work", str(second), "--start", str(first / "epoch-1"), "--learning-rate", "0"]
    result = CliRunner().invoke(main, [*arguments, *more, "--dropout", "0.1"])
    assert result.exit_code == OK, result.output
    before, after = (load_file(folder / "epoch-1" / WEIGHTS) for folder in (first, second))
    # At a rate of 0 the weights do not change.
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.slow
def test_reader_is_distilled_from_teachers_and_finished_models_are_not_trained_again(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "TEACHERS", (Plan(epochs=1, seed=0), Plan(epochs=1, seed=1)))
    students = [Plan(epochs=1, distillation_weight=0.5, seed=seed) for seed in (2, 3)]
    monkeypatch.setattr(command, "STUDENTS", tuple((plan, {"made": 0.3}) for plan in students))
    work, folder = tmp_path / "work", tmp_path / "reader"
    arguments = ["reproduce", str(file), "--work", str(work), "--to", str(folder)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == OK, result.output
    assert "best threshold" in result.output
    weights = [load_file(work / f"student-{seed}/epoch-1" / WEIGHTS) for seed in (2, 3)]
    mean = load_file(work / "mean" / WEIGHTS)
    for name, weight in mean.items():
        assert torch.allclose(weight, (weights[0][name] + weights[1][name]) / 2, atol=1e-6)
    assert not torch.equal(weights[0]["span.weight"], weights[1]["span.weight"])
    assert set(read_checksums(folder)) == {"reader.onnx", "tokenizer.json", "calibration.json"}
    logs = sorted(work.glob("*/log.jsonl"))
    assert [log.parent.name for log in logs] == ["student-2", "student-3", "teacher-0", "teacher-1"]
    written_first = [log.read_bytes() for log in logs]
    assert CliRunner().invoke(main, arguments).exit_code == OK
    assert [log.read_bytes() for log in logs] == written_first


@pytest.mark.slow
def test_rewriting_model_is_trained_and_measured_by_folds(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewriter_run, "SYNTHETIC_COUNT", 16)
    monkeypatch.setattr(rewriter_run, "EPOCHS", 1)
    monkeypatch.setattr(model_cache, "CACHE", tmp_path / "cache")
    reader, work, folder = (tmp_path / name for name in ("reader", "work", "rewriter"))
    SpanTransformer.start_from(SentenceTransformersEncoder.load().folder, 0).save(reader)
    conversations = write_conversations(tmp_path / "some.jsonl.gz", conversations=FOLDS)
    arguments = ["conversation", str(conversations), str(file)]
    places = ["--reader", str(reader), "--work", str(work), "--to", str(folder)]
    result = CliRunner().invoke(main, [*arguments, *places])
    assert result.exit_code == OK, result.output
    for row in ("bare", *(f"rewritten, fold {fold}" for fold in range(FOLDS)), "all folds"):
        assert row in result.output
    assert "95th percentile" in result.output
    parts = [load_file(work / f"all-{at}" / TermModel.weights) for at in range(2)]
    for name, weight in load_file(work / "all" / TermModel.weights).items():
        assert torch.allclose(weight, (parts[0][name] + parts[1][name]) / 2, atol=1e-6)
    assert QuestionRewriter(folder).rewrite("Where is Doha?", [Turn("Hi", "Hi")])
    # A model that is trained again by itself is the same.
    for name in ("all", "all-1"):
        shutil.rmtree(work / name)
    torch.manual_seed(99)
    assert CliRunner().invoke(main, [*arguments, *places]).exit_code == OK
    again = load_file(work / "all-1" / TermModel.weights)
    assert all(torch.equal(part, again[name]) for name, part in parts[1].items())
    SpanTransformer.start_from(SentenceTransformersEncoder.load().folder, 1).save(reader)
    result = CliRunner().invoke(main, [*arguments, *places])
    assert result.exit_code == ERROR
    assert "began, got others; name another folder" in result.stderr


def test_file_of_misaligned_answers_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = written(tmp_path / "bad.jsonl.gz", misaligned=40)
    result = CliRunner().invoke(main, ["train", str(path), "--work", str(tmp_path / "work")])
    assert result.exit_code == ERROR
    assert len(result.stderr.strip().splitlines()) == 1
    assert "40 of 400" in result.stderr
