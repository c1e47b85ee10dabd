"""The table of aims, from figures by hand."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.benchmarks.figures import OURS, Report, Row, Size, System, aims, best_peer, percentile
from tests.benchmarks.limit import Ceiling
from tests.benchmarks.machine import Machine
from tests.benchmarks.show import as_json, plot, show


def system(name: str, cold: float, warm: float, indexed: float, megabytes: float) -> System:
    memory = [megabytes * 1e6]
    return System(
        name, [cold], [warm], [2 * warm], [indexed], memory, memory, memory, memory, memory
    )  # fmt: skip


def size(passages: int, p95: float, recall: float) -> Size:
    return Size(passages, [1.0, 9.0, 2.0], [p95 / 2], [p95], [2e8], [3e8], recall)


REPORT = Report(
    machine=Machine("a processor", 2, ("avx2",), 24 * 10**9, "Linux", {"numpy": "2.4.6"}),
    passages=2_100,
    docs_passages=40,
    hits=10,
    warm_answers=40,
    systems=(
        system(OURS, 1.0, 0.2, 60.0, 300),
        system("Swift", 6.0, 0.7, 24.0, 1_000),
        system("Lean", 12.0, 0.9, 20.0, 800),
        System("Broken", error="exit code 1: ImportError"),
    ),
    sizes=(size(1_000, 0.30, 1.0), size(1_000_000, 0.36, 0.98)),
    clients={1: 4.0, 4: 6.0, 16: 7.0},
    ceiling=Ceiling(90e9, 100e9, 150e9),
    operations=12e9,
    tokens=1_700.0,
    prepared_cosine=0.93,
    noise=0.4,
    seconds=600.0,
)


def row(report: Report, what: str) -> Row:
    (found,) = [aim for aim in aims(report) if aim.what.startswith(what)]
    return found


def test_percentile_is_interpolated() -> None:
    assert percentile([10.0, 20.0, 30.0, 40.0, 50.0], 95) == pytest.approx(48.0)
    assert percentile([7.0], 50) == 7.0


def test_each_figure_is_compared_with_the_peer_that_is_best_at_it() -> None:
    found = {name: best_peer(REPORT.systems, name) for name in ("cold", "steady")}
    assert {name: peer and peer.name for name, peer in found.items()} == {
        "cold": "Swift",
        "steady": "Lean",
    }
    fastest = best_peer(REPORT.systems, "indexed", most=True)
    assert fastest and fastest.name == "Swift"


def test_ratio_says_how_many_times_better_ours_is() -> None:
    cold = row(REPORT, "cold start")
    assert (cold.ours, cold.other, cold.ratio, cold.met) == (
        "1.00 s",
        "6.00 s (Swift)",
        "6.0",
        True,
    )
    warm = row(REPORT, "warm answer, p50")
    assert (warm.ratio, warm.met) == ("3.5", False)
    indexing = row(REPORT, "indexing")
    assert (indexing.ours, indexing.other, indexing.ratio, indexing.met) == (
        "60.0",
        "24.0 (Swift)",
        "2.5",
        True,
    )


def test_aim_with_a_bound_of_its_own_needs_both() -> None:
    memory = row(REPORT, "memory, answering over docs/")
    assert (memory.ratio, memory.met) == ("2.7", False)
    slow = system(OURS, 2.1, 0.2, 60.0, 360)
    far_behind = system("Swift", 60.0, 0.7, 24.0, 9_000)
    report = replace(REPORT, systems=(slow, far_behind))
    assert not row(report, "cold start").met
    assert not row(report, "memory, answering over docs/").met


def test_growth_recall_and_clients_are_judged_at_a_million_passages() -> None:
    growth = row(REPORT, "warm p95 at 1,000,000")
    assert (growth.ratio, growth.met) == ("1.20", True)
    assert row(REPORT, "recall@10").met
    assert row(REPORT, "answers a second").ratio == "1.75"
    short = replace(REPORT, sizes=REPORT.sizes[:1])
    assert row(short, "warm p95").met is None
    assert row(short, "recall@10").met is None


def test_share_of_the_limit_is_work_over_what_the_cores_could_do() -> None:
    # 12 G operations in 0.2 s, where the cores do 100 G a second.
    assert REPORT.share_of_limit == pytest.approx(0.6)
    assert row(REPORT, "operations").ratio == "60%"


def test_without_a_peer_that_runs_nothing_is_claimed() -> None:
    alone = replace(REPORT, systems=(REPORT.ours, REPORT.systems[-1]))
    cold = row(alone, "cold start")
    assert (cold.other, cold.ratio, cold.met) == ("none measured", "", None)


@pytest.mark.slow
def test_report_is_shown_written_and_drawn(tmp_path: Path) -> None:
    console = Console(width=160, record=True, file=StringIO())
    show(console, REPORT)
    shown = console.export_text()
    assert "Broken does not run: exit code 1: ImportError" in shown
    assert "60%" in shown and "1,000,000" in shown
    figures = json.loads(as_json(REPORT))
    assert figures["systems"][1]["cold"] == [6.0]
    assert figures["sizes"][0]["cold"] == [1.0, 9.0, 2.0]
    assert len(figures["aims"]) == len(aims(REPORT))
    plot(REPORT, tmp_path / "report.svg")
    assert "<svg" in (tmp_path / "report.svg").read_text(encoding="utf-8")
