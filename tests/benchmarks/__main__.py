"""Measure all: ``python -m tests.benchmarks QUESTIONS --work FOLDER``."""

from pathlib import Path

import click
from rich.console import Console

from qa.cli.main import OK, report_errors
from qa.evaluation.datasets import load_questions

SIZES = (1_000, 100_000)

MILLION = 1_000_000


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("questions", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--work", required=True, type=click.Path(path_type=Path), help="Folder for all that is made."
)
@click.option("--runs", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--million", is_flag=True, help="Also 1,000,000 passages: more time, 10 GB of disk.")
@report_errors
def main(questions: Path, work: Path, runs: int, million: bool) -> int:
    """Measure this project and what users would pick instead, over the contexts of QUESTIONS.

    QUESTIONS is a file as `qa eval` takes it. Tables are printed; report.json and report.svg lie
    in the work folder afterwards.
    """
    from tests.benchmarks.measure import Benchmark
    from tests.benchmarks.show import as_json, plot, show

    work = work.resolve()
    asked = load_questions(questions)
    benchmark = Benchmark(asked, work, runs, Console(stderr=True))
    report = benchmark.report((*SIZES, MILLION) if million else SIZES)
    (work / "report.json").write_text(as_json(report), encoding="utf-8")
    plot(report, work / "report.svg")
    show(Console(), report)
    return OK


if __name__ == "__main__":
    main()
