"""The tools over HTTP: a real server, the SDK's client, and requests that it never sends."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NoReturn

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from mcp import Client, MCPError, types
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from starlette.types import ASGIApp, Receive, Scope, Send

from qa.access.caller import Caller
from qa.cancellation import Cancelled
from qa.mcp.streamable_http import PATH, McpFace
from qa.service.read_only import ReadOnlyService, Stage

QUESTION = "How much aid did Kazakhstan send to Syria?"

CALLERS = {
    b"Bearer all": Caller("all", frozenset(("ask",))),
    b"Bearer guide": Caller("guide", frozenset(("ask",)), ("docs/guide",)),
    b"Bearer write": Caller("write", frozenset(("write",))),
}


class Admission:
    """Tells the caller by a key, as the middleware of a server does; none without a known one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            caller = CALLERS.get(dict(scope["headers"]).get(b"authorization", b""))
            state = {**scope.get("state", {}), **({"caller": caller} if caller else {})}
            scope = {**scope, "state": state}
        await self.app(scope, receive, send)


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_config=None, ws="none", timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            deadline = time.monotonic() + 10
            while not server.started and time.monotonic() < deadline:
                time.sleep(0.01)
            host, port = listener.getsockname()
            yield f"http://{host}:{port}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def places() -> list[str]:
    """Who had a place, in order."""
    return []


@pytest.fixture(scope="module")
def address(service: ReadOnlyService, places: list[str]) -> Iterator[str]:
    @asynccontextmanager
    async def place(caller: Caller) -> AsyncIterator[None]:
        places.append(caller.name)
        yield

    face = McpFace(lambda caller: service.confined(caller.limit), place, "/qa")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with face.lifespan():
            yield

    app = FastAPI(lifespan=lifespan)
    app.router.routes.append(face.route)
    app.add_middleware(Admission)
    with serving(app) as served:
        yield served


def using(
    address: str, key: str, work: Callable[[Client], Awaitable[Any]], mode: str = "auto"
) -> Any:
    async def run() -> Any:
        headers = {"Authorization": f"Bearer {key}"}
        async with create_mcp_http_client(headers) as http:
            transport = streamable_http_client(f"{address}{PATH}", http_client=http)
            async with Client(transport, mode=mode) as client:
                return await work(client)

    return asyncio.run(run())


def call(address: str, key: str, name: str, mode: str = "auto", **arguments: Any) -> Any:
    def work(client: Client) -> Awaitable[types.CallToolResult]:
        return client.call_tool(name, arguments)

    return using(address, key, work, mode)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_client_asks_and_opens_the_citation(address: str, mode: str) -> None:
    answer = call(address, "all", "ask", mode, question=QUESTION).structured_content
    (citation,) = answer["citations"]
    assert answer["text"] == "50 tons"
    assert citation["address"].startswith(f"{address}/qa/document?path=docs%2Fkazakhstan-2024")
    place = {key: citation[key] for key in ("sha256", "start", "end")}
    opened = call(address, "all", "open_citation", mode, **place).structured_content
    assert opened["text"] == citation["quote"] == "50 tons"


def test_caller_has_what_the_key_allows(address: str, places: Sequence[str]) -> None:
    assert call(address, "guide", "ask", question=QUESTION).structured_content["text"] is None
    assert places[-1] == "guide"
    listed = call(address, "guide", "list_documents").structured_content["documents"]
    assert listed and all(each["path"].startswith("docs/guide/") for each in listed)
    refused = call(address, "write", "list_documents")
    assert refused.content[0].text == "not-allowed: This key may not ask questions."


def test_request_of_no_known_caller_is_not_served(address: str) -> None:
    refused = call(address, "forged", "list_documents")
    assert refused.is_error and refused.content[0].text.startswith("internal: ")


def post(
    address: str, content: bytes, headers: dict[str, str] | None = None, method: str = "POST"
) -> httpx.Response:
    sent = {
        "Authorization": "Bearer all",
        "Content-Type": "application/json",
        "Accept": "application/json",
        **(headers or {}),
    }
    return httpx.request(method, f"{address}{PATH}", content=content, headers=sent)


def post_call(
    address: str, name: str, arguments: bytes, version: str = "2025-11-25"
) -> httpx.Response:
    """Call a tool with arguments as they are written, as a client of a version of MCP."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"name": name, "arguments": "?", "_meta": meta}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    content = json.dumps(message).encode().replace(b'"?"', arguments)
    headers = {"MCP-Protocol-Version": version, "Mcp-Method": "tools/call", "Mcp-Name": name}
    return post(address, content, headers)


ASKED = json.dumps({"question": QUESTION}).encode()


def test_one_request_is_enough_and_is_answered_in_json(address: str) -> None:
    reply = post_call(address, "ask", ASKED)
    assert reply.headers["content-type"] == "application/json"
    assert "mcp-session-id" not in reply.headers
    assert reply.json()["result"]["structuredContent"]["text"] == "50 tons"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_no_stream_is_opened_and_no_session_ended(address: str, method: str) -> None:
    reply = post(address, b"", {"Accept": "text/event-stream"}, method)
    assert reply.status_code == 405 and reply.headers["allow"] == "POST"


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28", "1"])
@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"[" * 100_000, 400),
        (b"\xff\xff", 400),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": []}', 400),
        (b" " * 5_000_000, 413),
    ],
    ids=["empty", "cut", "batch", "deep", "bytes", "params", "large"],
)
def test_what_is_no_request_is_refused_without_any_place(
    address: str, content: bytes, status: int, version: str
) -> None:
    reply = post(address, content, {"MCP-Protocol-Version": version, "Mcp-Method": "tools/call"})
    assert reply.status_code == status
    assert "Traceback" not in reply.text and "/site-packages" not in reply.text


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
@pytest.mark.parametrize("depth", [50, 80, 500, 900, 5_000])
def test_receipt_that_is_nested_deeply_is_refused(address: str, version: str, depth: int) -> None:
    nested = b'{"receipt": ' + b'{"parts": [' * depth + b"]}" * depth + b"}"
    reply = post_call(address, "verify", nested, version)
    if reply.status_code == 200:
        (content,) = reply.json()["result"]["content"]
        assert content["text"].startswith("not-a-receipt: ")
    else:
        assert reply.status_code == 400 and depth > 80


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
def test_text_that_is_none_is_refused(address: str, version: str) -> None:
    reply = post_call(address, "ask", b'{"question": "\\ud800"}', version)
    if reply.status_code == 200:
        (content,) = reply.json()["result"]["content"]
        assert content["text"].startswith("invalid-fields: Not as expected: question ")
    else:
        assert reply.status_code == 400


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_question_stops_when_its_client_is_gone(
    address: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, stopped = threading.Event(), threading.Event()

    def wait(*arguments: Any) -> NoReturn:
        *_, is_wanted = arguments
        begun.set()
        while is_wanted():
            time.sleep(0.01)
        stopped.set()
        raise Cancelled("nobody waits")

    async def leave(client: Client) -> None:
        asking = asyncio.create_task(client.call_tool("ask", {"question": QUESTION}))
        assert await asyncio.to_thread(begun.wait, 5)
        asking.cancel()
        with pytest.raises((asyncio.CancelledError, MCPError)):
            await asking

    monkeypatch.setattr(ReadOnlyService, "answer", wait)
    using(address, "all", leave, mode)
    assert stopped.wait(2)


def test_question_is_answered_before_the_server_ends(
    service: ReadOnlyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()
    found: list[Any] = []
    answer = ReadOnlyService.answer

    def slow(*arguments: Any) -> Iterator[Stage]:
        begun.set()
        time.sleep(0.3)
        yield from answer(*arguments)

    @asynccontextmanager
    async def no_queue(_: Caller) -> AsyncIterator[None]:
        yield

    monkeypatch.setattr(ReadOnlyService, "answer", slow)
    face = McpFace(lambda _: service, no_queue)
    app = FastAPI(lifespan=lambda _: face.lifespan())
    app.router.routes.append(face.route)
    app.add_middleware(Admission)
    with serving(app) as served:
        asking = threading.Thread(target=lambda: found.append(post_call(served, "ask", ASKED)))
        asking.start()
        assert begun.wait(5)
    asking.join()
    assert found[0].json()["result"]["structuredContent"]["text"] == "50 tons"
