"""Clients: locust's users, who ask at the same time, some of whom do not wait for the answer.

A process of its own: the command gives it what to ask as JSON on its standard input, and reads the
outcomes from its standard output.
"""

import json
import random
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import astuple
from typing import Any

from tests.benchmarks.load.outcomes import Outcome

CANCELLING = 0.1
"""Share of the requests whose connection is closed midway."""

STREAMING = 0.3
"""Share of the requests that ask for a stream."""

PATIENCE_SECONDS = 120.0
"""How long the others wait."""

MAX_PAUSE_SECONDS = 5.0
"""Longest pause of a client that was told to come again later."""


def run(
    url: str, keys: Mapping[str, str], asked: Iterator[str], clients: int, seconds: float
) -> list[Outcome]:
    """What comes of the requests of clients that ask without a pause.

    Args:
        url: Of the server.
        keys: By caller; an empty one is none.
        asked: Questions.
        clients: Number of clients, which is shared out to the callers.
        seconds: How long they ask.
    """
    # It replaces parts of the standard library, and so it is the first that uses the network.
    from locust import HttpUser, task  # isort: skip
    import gevent
    import requests
    from locust.env import Environment

    outcomes: list[Outcome] = []
    callers = [*keys] * (clients // len(keys) + 1)
    # Of the answers so far, to close a connection midway.
    mean = [1.0]

    class Client(HttpUser):  # type: ignore[misc]  # locust is not installed everywhere
        host = url

        def on_start(self) -> None:
            self.caller = callers.pop()
            key = keys[self.caller]
            self.headers = {"Authorization": f"Bearer {key}"} if key else {}
            self.choice = random.Random(len(callers))

        def wait_time(self) -> float:
            return 0.0

        @task  # type: ignore[untyped-decorator]
        def ask(self) -> None:
            outcome = self._ask(next(asked))
            outcomes.append(outcome)
            if outcome.kind == "answered":
                mean[0] += 0.05 * (outcome.seconds - mean[0])

        def _ask(self, question: str) -> Outcome:
            began = time.perf_counter()
            cancels = self.choice.random() < CANCELLING
            patience = self.choice.uniform(0.01, mean[0]) if cancels else PATIENCE_SECONDS
            try:
                with self.client.post(
                    "/api/v1/answers",
                    json={"question": question, "stream": self.choice.random() < STREAMING},
                    headers=self.headers,
                    timeout=patience,
                    stream=True,
                    catch_response=True,
                ) as response:
                    content = self._read(response, began + patience)
                    response.success()
            except requests.exceptions.RequestException as error:
                # Also where no byte came in time, midway or before.
                if not cancels:
                    return Outcome(self.caller, "failed", time.perf_counter() - began, repr(error))
                content = None
            spent = time.perf_counter() - began
            if content is None:
                return Outcome(self.caller, "cancelled" if cancels else "failed", spent)
            return self._judged(response, content, spent)

        def _read(self, response: Any, until: float) -> bytes | None:
            """The response's body; none if the client leaves before it is whole."""
            if response.raw is None:  # locust's own, where there is none
                raise response.error
            content = b""
            for part in response.iter_content(4_096):
                if time.perf_counter() > until:
                    response.close()
                    return None
                content += part
            return content

        def _judged(self, response: Any, content: bytes, spent: float) -> Outcome:
            if response.status_code == 200:
                whole = b'"signature":' in content
                return Outcome(
                    self.caller,
                    "answered" if whole else "failed",
                    spent,
                    "" if whole else content[-300:].decode(),
                )
            code = str(json.loads(content).get("code"))
            pause = response.headers.get("Retry-After", "")
            if response.status_code not in (429, 503) or not pause.isdecimal():
                return Outcome(self.caller, "failed", spent, f"{response.status_code} {code}")
            gevent.sleep(min(float(pause), MAX_PAUSE_SECONDS))
            return Outcome(self.caller, "refused", spent, code)

    environment = Environment(user_classes=[Client])
    runner = environment.create_local_runner()
    runner.start(clients, spawn_rate=clients)
    gevent.sleep(seconds)
    runner.quit()
    return outcomes


if __name__ == "__main__":
    told = json.load(sys.stdin)
    found = run(
        told["url"], told["keys"], iter(told["questions"]), told["clients"], told["seconds"]
    )
    json.dump([astuple(each) for each in found], sys.stdout)
