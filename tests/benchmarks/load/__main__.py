"""The command: ``python -m tests.benchmarks.load --work FOLDER``."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

import click
import httpx
import psutil

from qa.access.keys import Keys
from qa.cli.commands import ERROR, OK, report_errors
from tests.attacks.serving import memory
from tests.benchmarks.load.outcomes import Outcome, Summary, summary
from tests.benchmarks.load.questions import questions, slow_question, texts
from tests.end_to_end.chat_process import ROOT, Running, running

CALLERS = ("first", "second", "third", "fourth")
"""Names of the keys; a fifth caller has none."""

MOST_A_SECOND = 200
"""More questions than are asked in a second."""

WARMING = 500
"""Questions after which memory is expected to be flat."""

SLOW = 20
"""Slow questions that are cancelled together."""

STOP_SECONDS = 1.0
"""Within which a question that nobody waits for costs nothing any more."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--work", required=True, type=click.Path(path_type=Path), help="Folder of index and log."
)
@click.option("--folder", type=click.Path(exists=True, path_type=Path), help="Documents; docs/.")
@click.option("--clients", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--seconds", type=click.IntRange(min=0), default=180, show_default=True)
@click.option("--questions", "count", type=click.IntRange(min=0), default=5_000, show_default=True)
@report_errors
def main(work: Path, folder: Path | None, clients: int, seconds: int, count: int) -> int:
    """Ask a server by many clients at once, then thousands of questions, and leave others.

    The exit code says whether nothing but 429 and 503 was refused, and cancelled questions ended.
    """
    sound = True
    with running(work, folder, options=["--api-only"]) as server:
        asked = questions(texts(server.url), seed=1)
        next_asked = _shared(asked)
        _wait_until_ready(server.url)
        made = Keys(server.index)
        keys = {name: made.add(name, ["ask"], rate="10000/minute") for name in CALLERS}
        keys["no key"] = ""
        if seconds:
            found = _load(server, keys, next_asked, clients, seconds)
            sound = sound and not found.kinds.get("failed")
        sound = _cancel(server, [*keys.values()]) and sound
        if count:
            sound = _ask_many(server, next_asked, count) and sound
    return OK if sound else ERROR


def _shared(asked: Iterator[str]) -> Iterator[str]:
    """The same for several threads."""
    lock = threading.Lock()
    while True:
        with lock:
            question = next(asked)
        yield question


def _wait_until_ready(url: str) -> None:
    while httpx.get(f"{url}/readyz").status_code != 200:
        time.sleep(0.1)


def _load(
    server: Running, keys: Mapping[str, str], asked: Iterator[str], clients: int, seconds: int
) -> Summary:
    before = memory(server.process.pid)
    told = {
        "url": server.url,
        "keys": keys,
        "questions": list(islice(asked, MOST_A_SECOND * seconds)),
        "clients": clients,
        "seconds": seconds,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.load.clients"],
        input=json.dumps(told),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
    )
    found = summary([Outcome(*values) for values in json.loads(done.stdout)], seconds)
    after = memory(server.process.pid)
    click.echo(f"{clients} clients, {seconds} s: {found.kinds} {found.details}")
    click.echo(f"{found.throughput:.1f} answers/s, p50 {found.p50:.2f} s, p95 {found.p95:.2f} s")
    click.echo(f"answers by caller {found.answers}, least to most {found.fairness:.2f}")
    click.echo(f"memory {before / 1e6:.0f} MB at the start, {after / 1e6:.0f} MB at the end")
    return found


def _cancel(server: Running, keys: Sequence[str]) -> bool:
    """Cancel slow questions; whether none is answered or waits a moment later."""
    headers = [{"Authorization": f"Bearer {key}"} if key else {} for key in keys]
    url, process = f"{server.url}/api/v1/answers", psutil.Process(server.process.pid)

    def ask_and_leave(number: int) -> None:
        with suppress(httpx.TimeoutException):
            httpx.post(
                url,
                json={"question": slow_question(number)},
                headers=headers[number % len(headers)],
                timeout=leaving - time.time(),
            )

    leaving = time.time() + 1.5
    threads = [threading.Thread(target=ask_and_leave, args=(each,)) for each in range(SLOW)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    busy = _queue(server.url)
    for thread in threads:
        thread.join()
    gone = time.perf_counter()
    while any(_queue(server.url)) and time.perf_counter() - gone < 30:
        time.sleep(0.01)
    stopped = time.perf_counter() - gone
    process.cpu_percent()
    time.sleep(1)
    cost = process.cpu_percent()
    click.echo(
        f"{SLOW} slow questions, {busy[0]:g} answered and {busy[1]:g} waiting when they were "
        f"cancelled: none after {stopped:.2f} s, {cost:.0f}% of a core in the second after that"
    )
    return stopped < STOP_SECONDS and busy[0] > 0


def _queue(url: str) -> tuple[float, float]:
    """Numbers of questions that are being answered, and that wait."""
    values = dict(
        line.split() for line in httpx.get(f"{url}/metrics").text.splitlines() if line[0] != "#"
    )
    return float(values["qa_queue_running"]), float(values["qa_queue_waiting"])


def _ask_many(server: Running, asked: Iterator[str], count: int) -> bool:
    """Ask by four clients; prints the memory after each tenth, and whether all were answered."""
    sizes: list[int] = []
    failed: list[str] = []
    mine = islice(asked, count)
    lock, done = threading.Lock(), [0]

    def ask() -> None:
        with httpx.Client(base_url=server.url, timeout=120) as client:
            while True:
                with lock:
                    question = next(mine, None)
                if question is None:
                    return
                response = client.post("/api/v1/answers", json={"question": question})
                with lock:
                    if response.status_code != 200:
                        failed.append(response.text)
                    done[0] += 1
                    if done[0] == WARMING or done[0] % max(1, count // 10) == 0:
                        sizes.append(memory(server.process.pid))
                        click.echo(f"{done[0]:,} questions: {sizes[-1] / 1e6:.1f} MB")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    growth = (sizes[-1] - sizes[0]) / 1e6
    click.echo(
        f"{count:,} questions, {len(failed)} failed, growth after the first: {growth:.1f} MB"
    )
    return not failed


if __name__ == "__main__":
    main()
