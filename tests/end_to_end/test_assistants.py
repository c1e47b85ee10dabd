"""Assistants ask the whole server, with keys, by the SDK's client."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest
from mcp import Client

from qa import QuestionAnswerer, Settings
from qa.access.keys import Keys
from qa.access.policy import Access
from qa.cancellation import Cancelled
from qa.mcp.streamable_http import PATH
from qa.service.read_only import ReadOnlyService
from qa.service.service import Service
from qa.service.services import Services
from qa.web.chats import Chats
from qa.web.server import ServerOptions, build_server
from tests.qa.mcp.test_streamable_http import call, serving, using

QUESTION = "When was the bridge opened?"


@pytest.fixture
def service(town: Path, tmp_path: Path) -> Iterator[Service]:
    (town / "mills").mkdir()
    (town / "mills" / "mill.txt").write_text("The mill was built in 1850.")
    settings = Settings(index=tmp_path / "index")
    with (
        QuestionAnswerer.from_documents(town, settings=settings) as answerer,
        closing(Service(answerer, town)) as opened,
    ):
        opened.uploads.open()
        yield opened


@pytest.fixture
def keys(service: Service) -> Keys:
    return Keys(service.index.folder)


@pytest.fixture
def address(service: Service) -> Iterator[str]:
    access = Access.beside(service.index.folder, required=True)
    with (
        closing(Chats(Services(service))) as chats,
        serving(build_server(chats, access, ServerOptions())) as served,
    ):
        yield served


@pytest.mark.slow
def test_assistant_with_a_key_has_what_it_allows_until_it_is_revoked(
    address: str, keys: Keys
) -> None:
    key = keys.add("all", ["ask"])
    answer = call(address, key, "ask", question=QUESTION).structured_content
    (citation,) = answer["citations"]
    assert answer["text"] == citation["quote"] == "1901"
    headers = {"Authorization": f"Bearer {key}"}
    page = httpx.get(citation["address"], headers=headers)
    assert page.status_code == 200 and ">1901</mark>" in page.text
    confined = keys.add("mills", ["ask"], "town/mills")
    assert call(address, confined, "ask", question=QUESTION).structured_content["text"] is None
    listed = call(address, confined, "list_documents").structured_content["documents"]
    assert [document["path"] for document in listed] == ["town/mills/mill.txt"]
    writer = {"Authorization": f"Bearer {keys.add('writer', ['write'])}"}
    refused = httpx.post(f"{address}{PATH}", json={}, headers=writer)
    assert refused.status_code == 403 and refused.json()["code"] == "not-allowed"
    keys.revoke("all")
    reply = httpx.post(f"{address}{PATH}", json={}, headers=headers)
    assert reply.status_code == 401 and reply.headers["www-authenticate"].startswith("Bearer")


def test_question_gives_its_place_back_when_the_assistant_is_gone(
    address: str, service: Service, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    def wait(*arguments: Any) -> NoReturn:
        *_, is_wanted = arguments
        begun.set()
        while is_wanted():
            time.sleep(0.01)
        raise Cancelled("nobody waits")

    async def leave(client: Client) -> None:
        asking = asyncio.create_task(client.call_tool("ask", {"question": QUESTION}))
        assert await asyncio.to_thread(begun.wait, 5)
        assert service.queue.running == 1
        asking.cancel()

    monkeypatch.setattr(ReadOnlyService, "answer", wait)
    using(address, keys.add("all", ["ask"]), leave)
    assert service.queue.wait_idle(1)


def test_questions_alone_are_counted_for_the_rate_of_a_key(address: str, keys: Keys) -> None:
    key = keys.add("slow", ["ask"], rate="2/minute")
    for _ in range(2):
        assert not call(address, key, "list_documents").is_error
        assert not call(address, key, "search", question=QUESTION).is_error
    refused = call(address, key, "ask", question=QUESTION)
    assert refused.is_error
    assert refused.content[0].text.startswith("too-many-requests: This key may ask again in ")
    assert not call(address, key, "list_documents").is_error
