"""Output of the report: as tables, as JSON and as a plot."""

import json
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.figures import MEGABYTE, Report, aims, formatted

COLUMNS = (
    ("cold start", "cold", "s"),
    ("p50", "p50", "ms"),
    ("p95", "p95", "ms"),
    ("indexed/s", "indexed", "/s"),
    ("memory", "steady", "MB"),
    ("peak", "peak", "MB"),
    ("over docs/", "docs_steady", "MB"),
    ("indexing", "indexing_peak", "MB"),
)


def show(console: Console, report: Report) -> None:
    """Print all tables."""
    machine = report.machine
    console.print(
        f"{machine.processor}, {machine.cores} cores ({', '.join(machine.flags)}), "
        f"{machine.memory / 1e9:.0f} GB; {machine.system}"
    )
    console.print(", ".join(f"{name} {found}" for name, found in machine.versions.items()))
    console.print(
        f"The same {report.passages:,} passages, encoder and reader weights for all, "
        f"{report.hits} passages read for an answer; medians over "
        f"{len(report.ours.cold)} processes of {report.warm_answers} warm answers each, indexing "
        f"once. docs/ has {report.docs_passages} passages."
    )
    console.print(_systems(report))
    console.print(_sizes(report))
    console.print(_aims(report))
    ceiling = report.ceiling
    console.print(
        f"The cores compute {ceiling.numpy / 1e9:.0f} G float32 operations a second in NumPy, "
        f"{ceiling.onnx / 1e9:.0f} G in ONNX Runtime, and {ceiling.onnx_int8 / 1e9:.0f} G of "
        f"8-bit integers; an answer reads {report.tokens:,.0f} tokens, which needs "
        f"{report.operations / 1e9:.1f} G. The vectors of the recombined passages are prepared: "
        f"before noise of length {report.noise:g} is added, they have a cosine of "
        f"{report.prepared_cosine:.3f} with real vectors. "
        f"The benchmarks took {report.seconds / 60:.0f} minutes."
    )
    for system in report.systems:
        if system.error:
            console.print(f"{system.name} does not run: {system.error}", markup=False)


def _systems(report: Report) -> Table:
    table = Table(title="Whole processes")
    table.add_column("")
    for heading, _, _ in COLUMNS:
        table.add_column(heading, justify="right")
    for system in report.systems:
        cells = []
        for _, figure, unit in COLUMNS:
            runs = getattr(system, figure)
            cells.append(formatted(median(runs), unit) if runs else "does not run")
        table.add_row(system.name, *cells)
    return table


def _sizes(report: Report) -> Table:
    table = Table(title="Growth, recombined passages")
    for heading in ("passages", "cold start", "p50", "p95", "memory", "peak", "recall@10"):
        table.add_column(heading, justify="right")
    for size in report.sizes:
        table.add_row(
            f"{size.passages:,}",
            formatted(median(size.cold), "s"),
            formatted(median(size.p50), "ms"),
            formatted(median(size.p95), "ms"),
            formatted(median(size.steady), "MB"),
            formatted(median(size.peak), "MB"),
            f"{size.recall:.3f}",
        )
    return table


def _aims(report: Report) -> Table:
    table = Table(title="Aims")
    for heading in ("", "ours", "compared with", "ratio", "aim", "met"):
        table.add_column(heading, justify="left" if heading in ("", "aim") else "right")
    for row in aims(report):
        met = {True: "yes", False: "no", None: ""}[row.met]
        table.add_row(row.what, row.ours, row.other, row.ratio, row.aim, met)
    return table


def as_json(report: Report) -> str:
    """Every figure of every run, and the table of aims, as JSON."""
    rows = [asdict(row) for row in aims(report)]
    figures: dict[str, Any] = {
        **asdict(report),
        "share_of_limit": report.share_of_limit,
        "aims": rows,
    }
    return json.dumps(figures, indent=2, ensure_ascii=False)


def plot(report: Report, path: Path) -> None:
    """Plot time and memory of all systems, and of ours at every size, into an SVG file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6.5), layout="constrained")
    (answers, memory), (growth, growth_memory) = figure.subplots(2, 2)
    running = [system for system in report.systems if not system.error]
    names = [system.name for system in running]
    places = range(len(running))
    bars = (("cold", "cold start", -0.28), ("p50", "warm, p50", 0.0), ("p95", "warm, p95", 0.28))
    for name, label, offset in bars:
        values = [median(getattr(system, name)) for system in running]
        drawn = answers.barh([place + offset for place in places], values, height=0.26, label=label)
        answers.bar_label(drawn, fmt="%.2f", padding=2, fontsize=7)
    answers.set(xlabel="seconds to an answer", yticks=places, yticklabels=names)
    for name, label, offset in (("docs_steady", "over docs/", -0.2), ("steady", "articles", 0.2)):
        values = [median(getattr(system, name)) / MEGABYTE for system in running]
        drawn = memory.barh([place + offset for place in places], values, height=0.38, label=label)
        memory.bar_label(drawn, fmt="%.0f", padding=2, fontsize=7)
    memory.set(xlabel="MB resident after answering", yticks=places, yticklabels=names)
    passages = [size.passages for size in report.sizes]
    for name, label in (("cold", "cold start"), ("p95", "warm, p95"), ("p50", "warm, p50")):
        values = [median(getattr(size, name)) for size in report.sizes]
        growth.plot(passages, values, marker="o", label=label)
    growth.set(xscale="log", ylim=(0, None), xlabel="passages", ylabel="seconds to an answer")
    for name, label in (("peak", "peak"), ("steady", "after answering")):
        values = [median(getattr(size, name)) / MEGABYTE for size in report.sizes]
        growth_memory.plot(passages, values, marker="o", label=label)
    growth_memory.set(xscale="log", ylim=(0, None), xlabel="passages", ylabel="MB resident")
    for axes in (answers, memory):
        axes.invert_yaxis()
        axes.margins(x=0.15)
    for axes in (answers, memory, growth, growth_memory):
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    figure.savefig(path, format="svg")
