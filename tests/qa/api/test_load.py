"""Many clients at once, of which some leave; ``python -m tests.benchmarks.load`` takes longer."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import httpx
import pytest

from qa.access.keys import Keys
from tests.end_to_end.chat_process import Running, running
from tests.qa.api.conftest import write_library

CLIENTS, SECONDS, CANCELLING = 50, 12, 0.1


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    place = tmp_path_factory.mktemp("served")
    write_library(place / "town")
    with running(place, place / "town", options=["--api-only"]) as started:
        yield started


async def queue_of(client: httpx.AsyncClient) -> tuple[float, float]:
    """Numbers of questions that are being answered, and that wait."""
    text = (await client.get("/metrics")).text
    values = dict(line.split() for line in text.splitlines() if not line.startswith("#"))
    return float(values["qa_queue_running"]), float(values["qa_queue_waiting"])


@pytest.mark.slow
def test_many_clients_are_answered_or_told_when_to_come_again(served: Running) -> None:
    keys = [Keys(served.index).add(name, ["ask"], rate="10000/minute") for name in "abcd"]
    outcomes: Counter[str] = Counter()
    answers: Counter[int] = Counter()
    numbers, chosen = count(), random.Random(1)

    async def ask(client: httpx.AsyncClient, caller: int) -> None:
        number, stream = next(numbers), chosen.random() < 0.3
        question = f"When was bridge number {number} of the town opened, and in which year?"
        response = await client.post(
            "/api/v1/answers",
            json={"question": question, "stream": stream},
            headers={"Authorization": f"Bearer {keys[caller]}"} if caller < len(keys) else {},
        )
        outcomes[str(response.status_code)] += 1
        if response.status_code == 200:
            assert ("event: answer" if stream else '"signature":') in response.text
            answers[caller] += 1
            return
        assert response.status_code in (429, 503), response.text
        assert response.json()["code"] in ("too-many-requests", "busy")
        assert int(response.headers["retry-after"]) >= 1
        await asyncio.sleep(0.2)

    async def ask_again_and_again(client: httpx.AsyncClient, caller: int) -> None:
        while True:
            if chosen.random() < CANCELLING:
                with suppress(TimeoutError):
                    async with asyncio.timeout(chosen.random()):
                        await ask(client, caller)
                    continue
                outcomes["cancelled"] += 1
            else:
                await ask(client, caller)

    async def run() -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx.AsyncClient(base_url=served.url, timeout=60, limits=limits) as client:
            while (await client.get("/readyz")).status_code != 200:
                await asyncio.sleep(0.1)
            # A key takes a moment when it is used for the first time.
            for key in keys:
                await client.get("/metrics", headers={"Authorization": f"Bearer {key}"})
            asking = [
                asyncio.create_task(ask_again_and_again(client, each % (len(keys) + 1)))
                for each in range(CLIENTS)
            ]
            done, _ = await asyncio.wait(
                asking, timeout=SECONDS, return_when=asyncio.FIRST_EXCEPTION
            )
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
            for task in done:
                task.result()
            # All are gone: within a second nothing is computed for them any more.
            async with asyncio.timeout(1):
                while any(await queue_of(client)):
                    await asyncio.sleep(0.02)

    asyncio.run(run())
    assert outcomes["200"] > 20 and outcomes["cancelled"] > 0, outcomes
    assert min(answers.values()) > 0.5 * max(answers.values()), answers
    assert "Traceback" not in served.logged()
