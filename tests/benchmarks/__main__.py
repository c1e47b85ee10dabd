"""The command of all benchmarks: ``python -m tests.benchmarks QUESTIONS --work FOLDER``."""

from pathlib import Path

import click
from rich.console import Console

from qa.cli.commands import OK, report_errors
from qa.evaluation.datasets import load_questions

SIZES = (1_000, 100_000)
"""Passages of the large libraries."""

MILLION = 1_000_000


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("questions", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--work", required=True, type=click.Path(path_type=Path), help="Folder of all output."
)
@click.option("--runs", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--million", is_flag=True, help="Also 1,000,000 passages: slow, 10 GB of disk.")
@report_errors
def main(questions: Path, work: Path, runs: int, million: bool) -> int:
    """Measure this project and its alternatives over the contexts of QUESTIONS.

    QUESTIONS is a file in a format of `qa eval`. Tables are printed; report.json and report.svg
    are written to the work folder.
    """
    from tests.benchmarks.measure import Benchmark
    from tests.benchmarks.show import as_json, plot, show

    work = work.resolve()
    benchmark = Benchmark(load_questions(questions), work, runs, Console(stderr=True))
    report = benchmark.report((*SIZES, MILLION) if million else SIZES)
    (work / "report.json").write_text(as_json(report), encoding="utf-8")
    plot(report, work / "report.svg")
    show(Console(), report)
    return OK


if __name__ == "__main__":
    main()
