"""Figures: measurements of each system, and the comparison of ours with the best peer's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from tests.benchmarks.limit import Ceiling
from tests.benchmarks.machine import Machine

OURS = "Chapter and Verse"

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class System:
    """One system's figures; a list holds one figure for each run.

    Attributes:
        name: As in the table.
        cold: Seconds from the start of a process to its first printed answer.
        p50: Seconds of a warm answer, median of a run.
        p95: Seconds of a warm answer, 95th percentile of a run.
        indexed: Passages indexed a second, whole process.
        indexing_peak: Peak of resident bytes while indexing.
        steady: Bytes resident after the last answer of a run.
        peak: Peak of resident bytes during a run.
        docs_steady: Bytes resident after the last answer over the shipped documents.
        docs_peak: Peak of resident bytes, likewise.
        error: Why the system could not be measured.
    """

    name: str
    cold: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p95: list[float] = field(default_factory=list)
    indexed: list[float] = field(default_factory=list)
    indexing_peak: list[float] = field(default_factory=list)
    steady: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)
    docs_steady: list[float] = field(default_factory=list)
    docs_peak: list[float] = field(default_factory=list)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """Ours over a library of recombined passages; a list holds one figure for each run.

    Attributes:
        passages: In the library.
        cold: Seconds from the start of ``qa ask`` to its answer.
        p50: Seconds of a warm answer, median of a run.
        p95: Seconds of a warm answer, 95th percentile of a run.
        steady: Bytes resident after the last answer.
        peak: Peak of resident bytes.
        recall: Recall@10 of the vector search against comparing all vectors.
    """

    passages: int
    cold: list[float]
    p50: list[float]
    p95: list[float]
    steady: list[float]
    peak: list[float]
    recall: float


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of a run of the benchmarks.

    Attributes:
        machine: Where it was measured.
        passages: Of the articles that all systems indexed.
        docs_passages: Of the shipped documents.
        hits: Passages read for each answer.
        warm_answers: Counted in each run.
        systems: Ours first.
        sizes: Smallest first.
        clients: Answers a second by number of clients.
        ceiling: Peak operations a second of the cores.
        operations: Needed for an answer, mean.
        tokens: Read for an answer, mean.
        prepared_cosine: Of the real vectors of recombined passages with the prepared ones.
        noise: Length of the noise added to the prepared vectors.
        seconds: Taken by the benchmarks.
    """

    machine: Machine
    passages: int
    docs_passages: int
    hits: int
    warm_answers: int
    systems: tuple[System, ...]
    sizes: tuple[Size, ...]
    clients: Mapping[int, float]
    ceiling: Ceiling
    operations: float
    tokens: float
    prepared_cosine: float
    noise: float
    seconds: float

    @property
    def ours(self) -> System:
        """The project's figures."""
        return self.systems[0]

    @property
    def share_of_limit(self) -> float:
        """Operations that an answer needs over what the cores could do in the time it takes."""
        return self.operations / (self.ceiling.float32 * median(self.ours.p50))


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table of aims.

    Attributes:
        what: Name of the figure.
        ours: With its unit.
        other: The figure compared with, with its unit.
        ratio: How many times better ours is, or as in the aim.
        aim: In words.
        met: Whether the aim is met; none if it was not measured.
    """

    what: str
    ours: str
    other: str
    ratio: str
    aim: str
    met: bool | None


def percentile(seconds: Sequence[float], percent: float) -> float:
    """The percentile of the values, interpolated linearly.

    >>> percentile([4.0, 1.0, 3.0, 2.0], 50)
    2.5
    """
    return float(np.percentile(seconds, percent))


def best_peer(systems: Sequence[System], figure: str, most: bool = False) -> System | None:
    """The peer with the lowest or highest median of a figure; none if no peer has it.

    Args:
        systems: Ours first.
        figure: Name of an attribute of ``System``.
        most: Whether more is better.
    """
    measured = [system for system in systems[1:] if getattr(system, figure)]
    sign = -1 if most else 1
    return min(measured, key=lambda system: sign * median(getattr(system, figure)), default=None)


def aims(report: Report) -> list[Row]:
    """The rows of the table of aims."""
    ours = report.ours
    cold, docs = median(ours.cold), median(ours.docs_steady) / MEGABYTE
    rows = [
        _compared(report, "cold start to first answer", "cold", 5, "s", also=cold < 2,
                  aim="5 times faster, under 2 s"),
        _compared(report, "warm answer, p50", "p50", 4, "ms"),
        _compared(report, "warm answer, p95", "p95", None, "ms"),
        _compared(report, "indexing, passages a second", "indexed", 2, "/s"),
        _compared(report, "memory, answering over docs/", "docs_steady", 3, "MB", also=docs < 350,
                  aim="a third, under 350 MB"),
        _compared(report, "memory, answering over the articles", "steady", None, "MB"),
        _compared(report, "memory, indexing", "indexing_peak", None, "MB"),
    ]  # fmt: skip
    first, last = report.sizes[0], report.sizes[-1]
    growth = median(last.p95) / median(first.p95)
    rows.append(
        Row(
            f"warm p95 at {last.passages:,} passages over {first.passages:,}",
            f"{median(last.p95) * 1e3:.0f} ms",
            f"{median(first.p95) * 1e3:.0f} ms",
            f"{growth:.2f}",
            "at most 1.5 at 1,000,000",
            growth <= 1.5 if last.passages >= 1_000_000 else None,
        )
    )
    recall = f"recall@10 at {last.passages:,} passages, against exact"
    at_million = last.passages >= 1_000_000
    rows.append(
        Row(
            recall, f"{last.recall:.3f}", "1", "", "0.97 at 1,000,000",
            last.recall >= 0.97 if at_million else None,
        )
    )  # fmt: skip
    few, many = min(report.clients), max(report.clients)
    more = report.clients[many] / report.clients[few]
    rows.append(
        Row(
            f"answers a second, {many} clients over {few}",
            f"{report.clients[many]:.2f}",
            f"{report.clients[few]:.2f}",
            f"{more:.2f}",
            "at least 1.5",
            more >= 1.5,
        )
    )
    share = f"{report.share_of_limit:.0%}"
    what = "operations needed over what the cores do"
    needed = f"{report.operations / 1e9:.1f} G"
    possible = f"{report.ceiling.float32 * median(ours.p50) / 1e9:.1f} G"
    rows.append(Row(what, needed, possible, share, "", None))
    return rows


def _compared(
    report: Report,
    what: str,
    figure: str,
    least: float | None,
    unit: str,
    also: bool = True,
    aim: str = "",
) -> Row:
    """The row of ours against the best peer's."""
    most = unit == "/s"
    peer = best_peer(report.systems, figure, most)
    ours = median(getattr(report.ours, figure))
    aim = aim or (f"{least:g} times" if least else "")
    if peer is None:
        return Row(what, formatted(ours, unit), "none measured", "", aim, None)
    theirs = median(getattr(peer, figure))
    ratio = ours / theirs if most else theirs / ours
    met = None if least is None else ratio >= least and also
    other = f"{formatted(theirs, unit)} ({peer.name})"
    return Row(what, formatted(ours, unit), other, f"{ratio:.1f}", aim, met)


def formatted(value: float, unit: str) -> str:
    """Seconds or bytes as text, in a unit.

    >>> formatted(0.25, "ms"), formatted(1.5, "s"), formatted(350e6, "MB"), formatted(52.31, "/s")
    ('250 ms', '1.50 s', '350 MB', '52.3')
    """
    if unit == "ms":
        return f"{value * 1e3:.0f} ms"
    if unit == "MB":
        return f"{value / MEGABYTE:.0f} MB"
    return f"{value:.1f}" if unit == "/s" else f"{value:.2f} s"
