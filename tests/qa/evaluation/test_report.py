"""``qa eval`` on a small file."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from qa.cli.commands import ERROR, OK
from qa.cli.main import main
from tests.qa.evaluation.test_evaluate import QUESTIONS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "questions.jsonl"
    rows = [
        {
            "id": question.id,
            "question": question.text,
            "context": question.context,
            "title": question.title,
            "answers": [asdict(gold) for gold in question.answers],
        }
        for question in QUESTIONS
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["eval", *map(str, arguments)])


def figures(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == OK, result.output
    printed = json.loads(result.stdout)
    assert isinstance(printed, dict)
    return printed


def test_all_three_modes_are_reported_as_by_hand(file: Path) -> None:
    printed = figures(file)
    assert (printed["questions"], printed["contexts"]) == (3, 3)
    for mode in ("reader", "chain"):
        scores = printed[mode]
        assert (scores["answerable"], scores["unanswerable"]) == (2, 1)
        assert (scores["exact"], scores["f1"], scores["auroc"]) == (1.0, 1.0, 1.0)
        assert scores["risk"][-1] == pytest.approx([1.0, 1 / 3])
        assert scores["risk_answerable"][-1] == [1.0, 0.0]
        assert 0 < scores["seconds"][0] <= scores["seconds"][1] < 60
    assert printed["chain"]["exact_citations"] == 1.0
    assert (printed["half"]["answerable"], printed["half"]["unanswerable"]) == (1, 1)
    assert [method["recall"]["1"] for method in printed["retrieval"]] == [1.0] * 5


def test_one_mode_alone_is_measured_where_it_is_named(file: Path) -> None:
    printed = figures(file, "--mode", "reader", "--sample", 2)
    assert (printed["questions"], printed["retrieval"], printed["chain"], printed["half"]) == (
        2,
        None,
        None,
        None,
    )


@pytest.mark.slow
def test_index_of_ones_own_documents_can_be_asked(file: Path, docs_index: Path) -> None:
    printed = figures(file, "--index", docs_index, "--mode", "chain", "--mode", "retrieval")
    assert (printed["contexts"], printed["half"], printed["reader"]) == (0, None, None)
    # The shipped documents say when the IOFS was founded, and nothing of a bridge.
    assert printed["chain"]["exact"] == 0.5
    assert printed["retrieval"][-1]["recall"]["5"] == 0.5


def test_figures_are_shown_as_tables(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    shown = run(file).stdout
    assert "3 questions over 3 contexts" in shown
    lines = {line.split("  ")[0]: line.split() for line in shown.splitlines()}
    assert lines["weighted scores, words 0.3"][-4:] == ["1.000"] * 4
    assert lines["EM, answerable"][-3] == "1.000"
    assert "Wrong with the highest confidence, reader alone:" in shown


def test_risk_and_coverage_are_drawn(file: Path, tmp_path: Path) -> None:
    picture = tmp_path / "risk.png"
    assert run(file, "--mode", "chain", "--plot", picture).exit_code == OK
    with Image.open(picture) as opened:
        assert (opened.format, opened.size) == ("PNG", (768, 576))
        assert len(opened.convert("RGB").getcolors(100_000) or []) > 20


def test_missing_matplotlib_is_named_with_its_extra(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.evaluation.report.find_spec", lambda name: None)
    result = run(file, "--plot", tmp_path / "risk.png")
    assert result.exit_code == ERROR
    assert result.stderr == "Plots need Matplotlib: pip install 'chapter-and-verse[evaluate]'.\n"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be used: No such file"),
        ("", "expected at least one question, got a file without any"),
        ("{", "expected a question with context and answers in line 1 of"),
    ],
)
def test_file_that_cannot_be_asked_is_named(
    tmp_path: Path, content: str | None, sentence: str
) -> None:
    path = tmp_path / "questions.jsonl"
    if content is not None:
        path.write_text(content)
    result = run(path)
    assert result.exit_code == ERROR
    assert sentence in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_unknown_mode_is_refused(file: Path) -> None:
    result = run(file, "--mode", "guess")
    assert result.exit_code == ERROR
    assert "'guess' is not one of 'reader', 'retrieval', 'chain'" in result.stderr
