"""The command, as far as it goes without measuring."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from qa.cli.commands import ERROR
from tests.benchmarks.__main__ import main
from tests.benchmarks.figures import OURS, System
from tests.benchmarks.measure import Benchmark
from tests.benchmarks.processes import ProcessFailed


def test_too_few_questions_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    rows = [
        {"question": f"Who is {number}?", "context": "Nobody.", "answers": []}
        for number in range(9)
    ]
    file = tmp_path / "few.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    work = tmp_path / "work"
    result = CliRunner().invoke(main, [str(file), "--work", str(work), "--runs", "1"])
    assert result.exit_code == ERROR
    assert "expected at least 194 different questions, got 9;" in result.stderr
    assert not work.exists()


def test_peer_that_fails_is_left_out_with_its_error() -> None:
    benchmark = object.__new__(Benchmark)
    benchmark.print = lambda *_, **__: None
    measured: list[str] = []

    def measure(system: System) -> None:
        measured.append(system.name)
        if system.name == "Broken":
            raise ProcessFailed("exit code 1: ImportError")

    systems = [System(OURS), System("Broken"), System("Sound")]
    benchmark._each(systems, measure)
    benchmark._each(systems, measure)
    assert measured == [OURS, "Broken", "Sound", OURS, "Sound"]
    assert [system.error for system in systems] == [None, "exit code 1: ImportError", None]


def test_failure_of_the_project_itself_ends_the_run() -> None:
    def measure(system: System) -> None:
        raise ProcessFailed("exit code 2")

    with pytest.raises(ProcessFailed):
        object.__new__(Benchmark)._each([System(OURS)], measure)
