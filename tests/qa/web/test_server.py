"""The server as a whole: who is asked first, and how the page's routes refuse."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from qa.web import bodies, sessions
from tests.qa.api.conftest import Server, serving

LENGTH = {"Content-Length": "1000"}


@pytest.fixture
def closed(town: Path, tmp_path: Path, quick_hashing: None) -> Iterator[Server]:
    """A server that needs keys."""
    with serving(town, tmp_path / "index", required=True) as started:
        yield started


@pytest.fixture
def opened(town: Path, tmp_path: Path, quick_hashing: None) -> Iterator[Server]:
    """A server that needs none."""
    with serving(town, tmp_path / "index") as started:
        yield started


async def _unread() -> AsyncIterator[bytes]:
    yield pytest.fail("expected that nobody reads it")


def test_whoever_has_no_key_keeps_out_nobody(
    closed: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 1)
    monkeypatch.setattr(bodies, "MAX_PENDING_BYTES", 400)

    async def send() -> list[int]:
        transport = httpx.ASGITransport(closed.client.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            paths = ("/gradio_api/queue/join", "/gradio_api/run/predict", "/mcp", "/api/v1/answers")
            sent = (client.post(path, content=_unread(), headers=LENGTH) for path in paths * 3)
            return [reply.status_code for reply in await asyncio.gather(*sent)]

    assert asyncio.run(send()) == [401] * 12
    asked = closed.post("/answers", {"question": "When was the bridge opened?"}, "reader")
    assert asked.status_code == 200


def test_fields_that_are_not_as_expected_are_a_counted_problem(opened: Server) -> None:
    before = opened.figures()["qa_refusals_total{invalid-fields}"]
    reply = opened.client.get("/document", params={"path": "town/bridge.txt", "part": "-1"})
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.text == "Not as expected: 'query.part'."
    assert opened.figures()["qa_refusals_total{invalid-fields}"] == before + 1
