"""Prometheus' own parser reads back what was counted."""

import math
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from embeddings.errors import IndexDamaged
from qa.service.metrics import BUCKETS, Metrics

CODES = ("question-too-long", "queue-full")


def metrics(
    running: Callable[[], int] = lambda: 0,
    indexing: Callable[[], bool] = lambda: False,
    documents: Callable[[], int] = lambda: 0,
) -> Metrics:
    return Metrics(
        CODES,
        running=running,
        waiting=lambda: 4,
        indexing=indexing,
        documents=documents,
        index_version=lambda: (3 << 32) + 17,
    )


def read(figures: Metrics) -> dict[str, float]:
    """Each value by the name of its series, as Prometheus writes it."""
    text, content_type = figures.render()
    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    series: dict[str, float] = {}
    for family in text_string_to_metric_families(text.decode("utf-8")):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
            name = f"{sample.name}{{{labels}}}" if labels else sample.name
            assert name not in series
            series[name] = sample.value
    return series


def test_answers_and_refusals_are_counted_by_their_labels() -> None:
    figures = metrics()
    figures.count_answer("http", "answered")
    figures.count_answer("http", "answered")
    figures.count_answer("mcp", "not_said")
    figures.count_refusal("queue-full")
    series = read(figures)
    counted = {name: value for name, value in series.items() if "_total" in name and value}
    counted.pop("process_cpu_seconds_total", None)
    assert counted == {
        'qa_answers_total{face="http",outcome="answered"}': 2,
        'qa_answers_total{face="mcp",outcome="not_said"}': 1,
        'qa_refusals_total{code="queue-full"}': 1,
    }


def test_seconds_are_recorded_in_buckets() -> None:
    figures = metrics()
    figures.observe_answer(0.31, {"retrieve": 0.004, "read": 0.3})
    figures.observe_answer(20, {"rewrite": 0.5, "retrieve": 0.005, "read": 19})
    series = read(figures)
    assert series["qa_answer_seconds_sum"] == pytest.approx(20.31)
    assert series["qa_answer_seconds_count"] == 2
    bounds = [*map(str, BUCKETS), "+Inf"]
    assert [series[f'qa_answer_seconds_bucket{{le="{bound}"}}'] for bound in bounds] == (
        [0] * 6 + [1] * 5 + [2]
    )
    assert series['qa_stage_seconds_bucket{le="0.005",stage="retrieve"}'] == 2
    assert series['qa_stage_seconds_bucket{le="0.25",stage="read"}'] == 0
    assert series['qa_stage_seconds_bucket{le="0.5",stage="read"}'] == 1
    assert series['qa_stage_seconds_sum{stage="rewrite"}'] == 0.5


def test_gauges_are_read_when_they_are_asked_for() -> None:
    running, indexing, documents = 1, True, 12
    figures = metrics(lambda: running, lambda: indexing, lambda: documents)
    names = ("queue_running", "queue_waiting", "indexing", "documents", "index_version")
    assert [read(figures)[f"qa_{name}"] for name in names] == [1, 4, 1, 12, 12_884_901_905]
    running, indexing, documents = 2, False, 13
    assert [read(figures)[f"qa_{name}"] for name in names[::2]] == [2, 0, 12_884_901_905]
    assert read(figures)["qa_documents"] == 13


def test_figure_that_cannot_be_read_leaves_the_others() -> None:
    def damaged() -> int:
        raise IndexDamaged("is damaged")

    series = read(metrics(documents=damaged))
    assert math.isnan(series["qa_documents"])
    assert series["qa_queue_waiting"] == 4


def test_all_series_are_there_from_the_start_and_none_is_added() -> None:
    figures = metrics()
    before = set(read(figures))
    assert 'qa_answers_total{face="page",outcome="cancelled"}' in before
    assert 'qa_refusals_total{code="question-too-long"}' in before
    assert sum(name.startswith("qa_answers_total") for name in before) == 18
    with pytest.raises(ValueError, match=r"expected one of .* got 'x'"):
        figures.count_refusal("x")
    with pytest.raises(ValueError, match="got 'x'"):
        figures.observe_answer(1, {"read": 1, "x": 1})
    with pytest.raises(ValueError, match=r"got \('http', 'x'\)"):
        figures.count_answer("http", "x")  # type: ignore[arg-type]
    after = read(figures)
    assert set(after) == before
    # What was refused has counted nothing.
    assert after['qa_stage_seconds_count{stage="read"}'] == after["qa_answer_seconds_count"] == 0


def test_servers_of_one_process_count_apart() -> None:
    first, second = metrics(), metrics()
    first.count_answer("page", "failed")
    name = 'qa_answers_total{face="page",outcome="failed"}'
    assert (read(first)[name], read(second)[name]) == (1, 0)
    assert not any(family.name.startswith("qa_") for family in REGISTRY.collect())


def test_threads_lose_no_count() -> None:
    figures = metrics()

    def count() -> None:
        for _ in range(500):
            figures.count_answer("page", "answered")

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read(figures)['qa_answers_total{face="page",outcome="answered"}'] == 4_000


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="read from /proc")
def test_process_is_measured() -> None:
    series = read(metrics())
    assert series["process_resident_memory_bytes"] > 10_000_000
    assert series["process_open_fds"] >= 3
