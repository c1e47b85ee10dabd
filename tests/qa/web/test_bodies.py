"""Bodies arrive in time, each caller has a share, and a page's session is its caller's own."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from qa.access.caller import Caller
from qa.web import bodies as module
from qa.web.bodies import Bodies
from qa.web.events import Event, EventKind, EventParser
from qa.web.receiving import UPLOAD

KINDS = {
    0: EventKind(("text",), queued=True),
    1: EventKind(("text",), queued=False),
}

JOIN, DIRECT = "/gradio_api/queue/join", "/gradio_api/run/predict"

STREAM = "/gradio_api/queue/data?session_hash=abc"

EVENT = {"fn_index": 0, "data": ["x"], "session_hash": "abc"}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    body = await request.body()
    echoed = {"headers": dict(request.headers), "body": body.decode("utf-8", "replace")}
    await JSONResponse(echoed)(scope, receive, send)


def known(bodies: Bodies) -> ASGIApp:
    """As admission tells the caller, who is named in a header."""

    async def admit(scope: Scope, receive: Receive, send: Send) -> None:
        name = Request(scope).headers.get("x-caller", "key:a")
        caller = Caller(name, frozenset({"ask"}))
        await bodies({**scope, "state": {"caller": caller}}, receive, send)

    return admit


async def send_all(bodies: Bodies, *requests: tuple[str, str, dict[str, object]]) -> list[int]:
    """The statuses of requests that are sent at once."""
    transport = httpx.ASGITransport(known(bodies))
    async with httpx.AsyncClient(transport=transport, base_url="http://chat") as client:
        sent = (client.request(method, path, **how) for method, path, how in requests)  # type: ignore[arg-type]  # by keyword
        return [reply.status_code for reply in await asyncio.gather(*sent)]


def ask(
    bodies: Bodies,
    method: str,
    path: str,
    caller: str = "key:a",
    headers: Mapping[str, str] | None = None,
    **sent: object,
) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(known(bodies))
        async with httpx.AsyncClient(transport=transport, base_url="http://chat") as client:
            named = {"x-caller": caller, **(headers or {})}
            return await client.request(method, path, headers=named, **sent)  # type: ignore[arg-type]  # by keyword

    return asyncio.run(send())


@pytest.fixture
def bodies() -> Bodies:
    return Bodies(echo, EventParser(KINDS))


def test_event_reaches_the_page_with_its_length(bodies: Bodies) -> None:
    echoed = ask(bodies, "POST", JOIN, json=EVENT).json()
    assert json.loads(echoed["body"])["data"] == ["x"]
    assert int(echoed["headers"]["content-length"]) == len(echoed["body"])
    assert ask(bodies, "POST", JOIN, content=b"").status_code == 422
    assert ask(bodies, "POST", DIRECT, json=EVENT).status_code == 422


def test_large_event_is_parsed_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    class Parser(EventParser):
        def parse(self, body: bytes, queued: bool) -> Event:
            try:
                asyncio.get_running_loop()
                places.append("loop")
            except RuntimeError:
                places.append("thread")
            return super().parse(body, queued)

    places: list[str] = []
    bodies = Bodies(echo, Parser(KINDS))
    for length in (10, module.MAX_QUICK_BYTES):
        event = EVENT | {"data": ["x" * length]}
        assert ask(bodies, "POST", JOIN, json=event).status_code == 200
    assert places == ["loop", "thread"]


@pytest.mark.parametrize("path", [JOIN, DIRECT, "/mcp", "/sign-in", "/sources/limit"])
def test_body_has_a_deadline(bodies: Bodies, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    monkeypatch.setattr(module, "BODY_SECONDS", 0.05)
    reply = ask(bodies, "POST", path, headers={"content-length": "100"}, content=never())
    assert reply.status_code == 408 and "Request too slow" in reply.text


def test_files_are_left_to_the_application() -> None:
    for takes_files in (True, False):
        bodies = Bodies(_never_read, EventParser({}), takes_files=takes_files)
        refused = _unreadable() if takes_files else b"x"
        for path in (UPLOAD, "/api/v1/documents"):
            reply = ask(bodies, "POST", path, headers={"content-length": "1"}, content=refused)
            assert reply.status_code == 200


async def _never_read(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({})(scope, receive, send)


async def _unreadable() -> AsyncIterator[bytes]:
    yield pytest.fail("expected that nobody reads it")


def test_pending_bodies_of_one_caller_leave_room_for_others(
    bodies: Bodies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_PENDING_BYTES", 1_000)
    monkeypatch.setattr(module, "BODY_SECONDS", 0.3)

    async def unfinished() -> AsyncIterator[bytes]:
        yield b"x" * 400
        await asyncio.sleep(60)

    def sent(caller: str) -> tuple[str, str, dict[str, object]]:
        headers = {"content-length": "500", "x-caller": caller}
        return "POST", "/mcp", {"content": unfinished(), "headers": headers}

    # One caller may use half of it.
    callers = ["key:a"] * 3 + ["key:b"] * 2 + ["key:c"]
    statuses = asyncio.run(send_all(bodies, *map(sent, callers)))
    assert statuses == [408, 503, 503, 408, 503, 503]
    assert not bodies._pending_bytes and not bodies._direct_events


def test_direct_events_of_one_caller_leave_room_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.05)
        await echo(scope, receive, send)

    monkeypatch.setattr(module, "MAX_DIRECT_EVENTS", 4)
    bodies = Bodies(slow, EventParser(KINDS))

    def sent(caller: str) -> tuple[str, str, dict[str, object]]:
        event = EVENT | {"fn_index": 1, "session_hash": caller[-1]}
        return "POST", DIRECT, {"json": event, "headers": {"x-caller": caller}}

    statuses = asyncio.run(send_all(bodies, *map(sent, ["key:a"] * 3 + ["key:b"] * 2)))
    assert statuses == [200, 200, 503, 200, 200]
    assert not bodies._direct_events


def test_queued_events_of_one_caller_leave_room_for_others() -> None:
    queue: list[str] = []

    async def join(scope: Scope, receive: Receive, send: Send) -> None:
        # As in Gradio, some time passes until it is in the queue.
        body = await Request(scope, receive).body()
        await asyncio.sleep(0)
        queue.append(json.loads(body)["session_hash"])
        await JSONResponse({})(scope, receive, send)

    bodies = Bodies(join, EventParser(KINDS), lambda: queue)

    def sent(caller: str, session: str) -> tuple[str, str, dict[str, object]]:
        event = EVENT | {"session_hash": session}
        return "POST", JOIN, {"json": event, "headers": {"x-caller": caller}}

    most = module.MAX_QUEUED_EVENTS_OF_ONE
    many = [sent("key:a", f"a{number}") for number in range(most + 2)]
    assert asyncio.run(send_all(bodies, *many)) == [200] * most + [429] * 2
    reply = ask(bodies, "POST", JOIN, json=EVENT)
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "60")
    assert ask(bodies, "POST", JOIN, "key:b", json=EVENT | {"session_hash": "b"}).status_code == 200
    del queue[0]
    assert asyncio.run(send_all(bodies, *many)) == [200] + [429] * (most + 1)
    assert not bodies._joining


def test_event_stream_is_open_to_whoever_sent_the_events(bodies: Bodies) -> None:
    assert ask(bodies, "GET", STREAM).status_code == 404
    assert ask(bodies, "POST", JOIN, json=EVENT).status_code == 200
    assert ask(bodies, "GET", STREAM).status_code == 200
    assert ask(bodies, "GET", STREAM, "key:b").status_code == 404
    assert ask(bodies, "GET", f"{STREAM}&x=1").status_code == 404


def test_session_of_another_caller_is_not_there(bodies: Bodies) -> None:
    beat, direct = "/gradio_api/heartbeat/abc", EVENT | {"fn_index": 1}
    # Before its first event a page is nobody's.
    assert ask(bodies, "GET", beat, "key:b").status_code == 200
    assert ask(bodies, "POST", JOIN, json=EVENT).status_code == 200
    for caller, status in (("key:b", 404), ("key:a", 200)):
        assert ask(bodies, "POST", JOIN, caller, json=EVENT).status_code == status
        assert ask(bodies, "POST", DIRECT, caller, json=direct).status_code == status
        assert ask(bodies, "GET", beat, caller).status_code == status


def test_invented_sessions_are_refused_with_retry_after(
    bodies: Bodies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.web.sessions.MAX_SESSIONS_PER_CALLER", 2)
    replies = [
        ask(bodies, "POST", JOIN, json=EVENT | {"session_hash": session})
        for session in ("a", "b", "c", "a")
    ]
    assert [reply.status_code for reply in replies] == [200, 200, 503, 200]
    assert replies[2].headers["retry-after"] == "60"
    assert ask(bodies, "POST", JOIN, "key:b", json=EVENT).status_code == 200
