"""``python -m qa.training`` on a handful of questions."""

import gzip
import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

from qa.cli import ERROR, OK
from qa.questions import Question
from qa.training.__main__ import main
from tests.qa.training.test_data import written


@pytest.fixture
def file(tmp_path: Path, questions: list[Question]) -> Path:
    rows = []
    for number in range(12):
        for one in questions:
            fields = asdict(one) | {"question": one.text, "title": f"{one.title} {number}"}
            fields["context"] = f"{one.context} It is number {number}."
            rows.append(json.dumps(fields) + "\n")
    path = tmp_path / "small.jsonl.gz"
    path.write_bytes(gzip.compress("".join(rows).encode()))
    return path


def test_training_from_files_to_a_model_with_its_log(file: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    arguments = ["train", str(file), "--work", str(work), "--epochs", "1", "--only", "24"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == OK, result.output
    assert "small: " in result.stderr and "0 do not fit" in result.stderr
    assert (work / "epoch-1" / "span_model.safetensors").is_file()
    log = [json.loads(line) for line in (work / "log.jsonl").read_text().splitlines()]
    assert log[-2]["step"] == log[-2]["of"]
    assert log[-1]["epoch"] == 1
    assert 0 <= log[-1]["exact"] <= log[-1]["f1"] <= 1


def test_training_goes_on_from_a_trained_model(file: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    arguments = ["train", str(file), "--epochs", "1", "--only", "12"]
    assert CliRunner().invoke(main, [*arguments, "--work", str(first)]).exit_code == OK
    more = ["--work", str(second), "--start", str(first / "epoch-1"), "--learning-rate", "0"]
    result = CliRunner().invoke(main, [*arguments, *more, "--dropout", "0.1"])
    assert result.exit_code == OK, result.output
    one, other = (load_file(at / "epoch-1" / "span_model.safetensors") for at in (first, second))
    # With a rate of 0 the weights stay what they were at the start.
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_file_whose_spans_do_not_fit_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = written(tmp_path / "bad.jsonl.gz", misfits=40)
    result = CliRunner().invoke(main, ["train", str(path), "--work", str(tmp_path / "work")])
    assert result.exit_code == ERROR
    assert len(result.stderr.strip().splitlines()) == 1
    assert "40 of 400" in result.stderr
