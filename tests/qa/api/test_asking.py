"""Questions keep a place while their thread answers them, and no longer."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import aclosing
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message

from qa.access.caller import RIGHTS, Caller
from qa.api import asking
from qa.api.problem_response import ClientGone
from qa.cancellation import Cancelled
from qa.service import operations
from qa.service.answer_queue import AnswerQueue
from qa.service.busy import Stopping
from qa.service.replies import Addresses, LinkedAnswer, UnderstoodEvent
from qa.service.requests import AskRequest, SearchRequest, VerifyRequest
from qa.service.service import Service
from tests.qa.api.conftest import Server

CALLER = Caller("key:test", frozenset(RIGHTS))

ASKED = AskRequest(question="When was the bridge opened?")


@pytest.fixture
def service(server: Server, monkeypatch: pytest.MonkeyPatch) -> Service:
    """It answers one question at a time."""
    monkeypatch.setattr(server.service, "queue", AnswerQueue(1, 4, 4))
    return server.service


class Blocked:
    """Questions that are answered only once they may, or are not wanted any more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.ended, self.may_end = (threading.Event() for _ in range(3))
        monkeypatch.setattr(operations, "ask", self.ask)

    def ask(self, *arguments: Any) -> Iterator[Any]:
        *_, is_wanted = arguments
        yield UnderstoodEvent(("x",))
        self.begun.set()
        while is_wanted():
            time.sleep(0.005)
        self.may_end.wait(5)
        self.ended.set()
        raise Cancelled("nobody waits")


@pytest.fixture
def blocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Blocked]:
    made = Blocked(monkeypatch)
    yield made
    made.may_end.set()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():
            await asyncio.sleep(0.005)


def answering(service: Service) -> Coroutine[Any, Any, LinkedAnswer]:
    return asking.answer(service, ASKED, Addresses(), CALLER)


def test_stages_that_nobody_takes_keep_no_place(service: Service) -> None:
    async def run() -> None:
        async with aclosing(asking.stages(service, ASKED, Addresses(), CALLER)) as replies:
            assert await anext(replies) == UnderstoodEvent((ASKED.question,))
            await until(lambda: service.queue.running == 0)
            *_, last = [reply async for reply in replies]
        assert isinstance(last, LinkedAnswer) and last.text == "1901"

    asyncio.run(run())


def test_cancelled_question_keeps_its_place_until_its_thread_ends(
    service: Service, blocked: Blocked
) -> None:
    async def run() -> None:
        task = asyncio.create_task(answering(service))
        await until(blocked.begun.is_set)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not blocked.ended.is_set() and service.queue.running == 1
        blocked.may_end.set()
        await until(lambda: service.queue.running == 0)
        assert blocked.ended.is_set()

    asyncio.run(run())


def test_closed_stream_is_not_wanted_any_more(service: Service, blocked: Blocked) -> None:
    blocked.may_end.set()

    async def run() -> None:
        async with aclosing(asking.stages(service, ASKED, Addresses(), CALLER)) as replies:
            await anext(replies)
        await until(lambda: service.queue.running == 0)
        assert blocked.ended.is_set()

    asyncio.run(run())


def test_question_that_waits_leaves_the_queue_when_it_is_cancelled(
    service: Service, blocked: Blocked
) -> None:
    async def run() -> None:
        first, second = (asyncio.create_task(answering(service)) for _ in range(2))
        await until(lambda: service.queue.waiting == 1)
        second.cancel()
        await until(lambda: service.queue.waiting == 0)
        assert service.queue.running == 1
        first.cancel()

    asyncio.run(run())


def test_question_that_waits_is_refused_when_the_server_stops(
    service: Service, blocked: Blocked
) -> None:
    async def run() -> None:
        first, second = (asyncio.create_task(answering(service)) for _ in range(2))
        await until(lambda: service.queue.waiting == 1)
        service.queue.stop()
        with pytest.raises(Stopping):
            await second
        assert not first.done()
        first.cancel()

    asyncio.run(run())


@pytest.mark.parametrize("name", ["search", "verify"])
def test_search_and_verification_have_a_place_only_while_they_run(
    service: Service, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    running: list[int] = []

    def looking(*_: object) -> str:
        running.append(service.queue.running)
        return "found"

    monkeypatch.setattr(operations, name, looking)

    async def run() -> None:
        for _ in range(2):
            if name == "search":
                found: Any = await asking.search(service, SearchRequest(question="x"), CALLER)
            else:
                found = await asking.verify(service, VerifyRequest(receipt={}), CALLER)
            assert found == "found"
            await until(lambda: service.queue.running == 0)

    asyncio.run(run())
    assert running == [1, 1]


def test_error_gives_the_place_back(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Iterator[Any]:
        raise RuntimeError("boom")

    monkeypatch.setattr(operations, "ask", fail)

    async def run() -> None:
        with pytest.raises(RuntimeError, match="boom"):
            await answering(service)
        await until(lambda: service.queue.running == 0)

    asyncio.run(run())


def request_of(*messages: Message) -> Request:
    """A request whose client sends these messages, and then nothing."""
    left = list(messages)

    async def receive() -> Message:
        if left:
            return left.pop(0)
        await asyncio.sleep(60)
        raise AssertionError("asked too long")

    return Request({"type": "http"}, receive)


def test_work_ends_with_its_client() -> None:
    cancelled = threading.Event()

    async def work() -> str:
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()
        return "done"

    async def run() -> None:
        empty: Message = {"type": "http.request", "body": b"", "more_body": False}
        with pytest.raises(ClientGone):
            await asking.while_connected(request_of(empty, {"type": "http.disconnect"}), work())

    asyncio.run(run())
    assert cancelled.is_set()


def test_result_and_error_of_the_work_are_handed_on() -> None:
    async def work(error: Exception | None = None) -> str:
        await asyncio.sleep(0)
        if error:
            raise error
        return "done"

    async def run() -> None:
        assert await asking.while_connected(request_of(), work()) == "done"
        with pytest.raises(KeyError):
            await asking.while_connected(request_of(), work(KeyError("x")))

    asyncio.run(run())
