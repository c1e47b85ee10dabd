"""Metrics: figures of a server for Prometheus, from its own client library.

Every series is there from the start, and its labels have values that are named here or by whoever
makes the server: no request can add a series.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, TypeVar, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from embeddings.errors import ChapterAndVerseError

Face = Literal["page", "http", "mcp"]
"""By what a question was asked."""

Outcome = Literal["answered", "not_said", "small_talk", "refused", "failed", "cancelled"]
"""What came of a question."""

Stage = Literal["rewrite", "retrieve", "read"]
"""Part of the time per answer, as ``Answer.seconds`` has it."""

# The time at which each series began would be half of what is sent.
disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped library

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds: a cached answer takes milliseconds, one of a large library seconds."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Metrics:
    """The figures of one server. Safe to use from several threads.

    Args:
        refusal_codes: Of all problems with which a request can be refused.
        running: Reads the number of questions that are being answered.
        waiting: Reads the number of those that wait.
        indexing: Reads whether documents are being indexed.
        documents: Reads the number of documents in the index.
        index_version: Reads the version of the index.
    """

    def __init__(
        self,
        refusal_codes: Iterable[str],
        *,
        running: Callable[[], int],
        waiting: Callable[[], int],
        indexing: Callable[[], bool],
        documents: Callable[[], int],
        index_version: Callable[[], int],
    ) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        answers = Counter(
            "qa_answers",
            "Questions by what they were asked by and what came of them.",
            ["face", "outcome"],
            registry=self._registry,
        )
        self._answers = {
            (face, outcome): answers.labels(face, outcome)
            for face in get_args(Face)
            for outcome in get_args(Outcome)
        }
        self._answer_seconds = Histogram(
            "qa_answer_seconds",
            "Seconds per answer, from its place in the queue on.",
            registry=self._registry,
            buckets=BUCKETS,
        )
        stages = Histogram(
            "qa_stage_seconds",
            "Seconds per answer by stage.",
            ["stage"],
            registry=self._registry,
            buckets=BUCKETS,
        )
        self._stages = {stage: stages.labels(stage) for stage in get_args(Stage)}
        refusals = Counter(
            "qa_refusals",
            "Requests that were refused, by the problem's code.",
            ["code"],
            registry=self._registry,
        )
        self._refusals = {code: refusals.labels(code) for code in refusal_codes}
        self._add_gauge("qa_queue_running", "Questions that are being answered.", running)
        self._add_gauge("qa_queue_waiting", "Questions that wait for their turn.", waiting)
        self._add_gauge("qa_indexing", "1 while documents are being indexed.", indexing)
        self._add_gauge("qa_documents", "Documents in the index.", documents)
        self._add_gauge("qa_index_version", "Differs after each change.", index_version)

    def count_answer(self, face: Face, outcome: Outcome) -> None:
        """Count a question.

        Raises:
            ValueError: There is no such face or outcome.
        """
        _known(self._answers, (face, outcome)).inc()

    def observe_answer(self, seconds: float, stages: Mapping[str, float]) -> None:
        """Record the time that an answer took.

        Args:
            seconds: In all, without those in which it waited.
            stages: Seconds by stage, as ``Answer.seconds`` has them.

        Raises:
            ValueError: There is no such stage.
        """
        histograms = [(_known(self._stages, stage), stages[stage]) for stage in stages]
        self._answer_seconds.observe(seconds)
        for histogram, stage_seconds in histograms:
            histogram.observe(stage_seconds)

    def count_refusal(self, code: str) -> None:
        """Count a request that was refused.

        Raises:
            ValueError: The code is none of those that were named at first.
        """
        _known(self._refusals, code).inc()

    def render(self) -> tuple[bytes, str]:
        """The figures in Prometheus' text format, and the value of ``Content-Type``."""
        return generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4

    def _add_gauge(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        def value() -> float:
            try:
                return float(read())
            except ChapterAndVerseError:
                # The other figures are wanted most when the index is damaged.
                return math.nan

        Gauge(name, meaning, registry=self._registry).set_function(value)


def _known(values: Mapping[_Key, _Value], key: _Key) -> _Value:
    if key not in values:
        raise ValueError(f"expected one of {list(values)}, got {key!r}")
    return values[key]
