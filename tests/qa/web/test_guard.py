"""The guard refuses all requests that the page never sends."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from qa.service.incoming import IncomingFiles
from qa.settings import UploadLimits
from qa.web import guard as module
from qa.web.guard import Guard
from qa.web.html.sign_in_page import SIGN_IN, SIGN_OUT
from qa.web.html.source_list import CHANGES, SOURCES_LIMIT
from qa.web.protection import LOOPBACK
from qa.web.receiving import UPLOAD

EVENT = {"fn_index": 0, "data": ["x"], "session_hash": "abc"}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    body = await request.body()
    echoed = {"headers": dict(request.headers), "body": body.decode("utf-8", "replace")}
    await JSONResponse(echoed)(scope, receive, send)


@pytest.fixture
def incoming(tmp_path: Path) -> IncomingFiles:
    return IncomingFiles(tmp_path, UploadLimits(files=1, file_bytes=1_000, total_bytes=1_000))


def ask(
    guard: Guard, method: str, path: str, headers: Mapping[str, str] | None = None, **sent: object
) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(guard)
        async with httpx.AsyncClient(transport=transport, base_url="http://[::1]:80") as client:
            return await client.request(method, path, headers=headers, **sent)  # type: ignore[arg-type]  # by keyword

    return asyncio.run(send())


def test_each_response_has_the_security_headers(incoming: IncomingFiles) -> None:
    for method, path in (("GET", "/"), ("POST", "/gradio_api/queue/join"), ("GET", "/nowhere")):
        reply = ask(Guard(echo, incoming), method, path)
        assert reply.headers["x-content-type-options"] == "nosniff"
        policy = reply.headers["content-security-policy"]
        assert "default-src 'self'; script-src 'self' 'unsafe-eval';" in policy


def test_no_body_is_read_before_it_is_known_who_sends_it(incoming: IncomingFiles) -> None:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse({}, 401)(scope, receive, send)

    async def unread() -> AsyncIterator[bytes]:
        yield pytest.fail("expected that nobody reads it")

    guard = Guard(refuse, incoming)
    for path in ("/gradio_api/queue/join", "/gradio_api/run/predict", "/mcp", SOURCES_LIMIT):
        headers = {"content-length": "100"}
        assert ask(guard, "POST", path, headers, content=unread()).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/assets/index-1.js", 200),
        ("GET", "/gradio_api/queue/data?session_hash=abc", 200),
        ("GET", "/gradio_api/queue/data?session_hash=abc&x=1", 404),
        ("GET", "/gradio_api/heartbeat/abc", 200),
        ("GET", "/gradio_api/queue/data", 404),
        ("GET", f"/static/{'a' * 300}", 404),
        ("GET", "/gradio_api/upload_progress?upload_id=abc", 404),
        ("GET", "/sources?matching=x&after=docs/a.md", 200),
        ("GET", "/sources/state", 200),
        ("GET", "/sources/add", 404),
        ("POST", "/sources", 404),
        ("POST", "/sources/limit", 200),
        ("POST", "/sources/add", 200),
        ("POST", "/sources/remove", 200),
        ("POST", "/sources/index", 200),
        ("GET", "/gradio_api/file=/etc/hostname", 404),
        ("GET", "/gradio_api/file%3D/etc/hostname", 404),
        ("GET", "//gradio_api/file=/etc/hostname", 404),
        ("GET", "/gradio_api/info", 404),
        ("GET", "/gradio_api/heartbeat/..", 404),
        ("GET", "/assets/../secret", 404),
        ("GET", "/assets/%2e%2e/secret", 404),
        ("GET", "/monitoring", 404),
        ("POST", "/gradio_api/run/search", 404),
        ("POST", "/gradio_api/call/search", 404),
        ("POST", "/gradio_api/api/predict", 404),
        ("POST", "/gradio_api/component_server", 404),
        ("POST", "/gradio_api/run/predict/", 404),
        ("POST", "/login", 404),
        ("GET", "/sign-in?next=document", 200),
        ("POST", "/sign-in", 200),
        ("POST", "/sign-out", 200),
        ("GET", "/sign-out", 404),
        ("DELETE", "/", 404),
        ("OPTIONS", "/gradio_api/queue/join", 404),
        ("POST", "/gradio_api/queue/join", 200),
        ("POST", "/gradio_api/run/predict", 200),
        ("POST", UPLOAD, 200),
    ],
)
def test_only_the_routes_of_the_page_are_open(
    incoming: IncomingFiles, method: str, path: str, status: int
) -> None:
    assert ask(Guard(echo, incoming), method, path).status_code == status


def test_read_only_chat_accepts_no_change_of_its_library() -> None:
    guard = Guard(echo)
    assert ask(guard, "POST", UPLOAD, content=b"x").status_code == 404
    for change in CHANGES:
        assert ask(guard, "POST", change, json=[]).status_code == 404
    reply = ask(guard, "POST", SOURCES_LIMIT, json={"limit": "{}"})
    assert json.loads(reply.json()["body"]) == {"limit": "{}"}


def test_body_has_a_declared_and_bounded_length(incoming: IncomingFiles) -> None:
    guard = Guard(echo, incoming)
    for path, most in (
        (UPLOAD, incoming.limits.batch_bytes),
        ("/gradio_api/queue/join", module.MAX_EVENT_BYTES),
        (SOURCES_LIMIT, module.MAX_CHOICE_BYTES),
        (SIGN_IN, module.MAX_SIGN_IN_BYTES),
        (SIGN_OUT, module.MAX_SIGN_IN_BYTES),
    ):
        for length, status in ((f"{most + 1}", 413), ("9" * 5_000, 413), ("-1", 411), ("²", 411)):
            headers = httpx.Headers({"content-length": length}, encoding="latin-1")
            assert ask(guard, "POST", path, headers, content=b"x").status_code == status
        chunked = {"transfer-encoding": "chunked"}
        assert ask(guard, "POST", path, chunked, content=b"x").status_code == 411


def test_proxy_headers_of_a_client_are_removed(incoming: IncomingFiles) -> None:
    names = (
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "Forwarded",
        "X-Real-IP",
        "X-Direct-Url",
        "X-Gradio-Server",
    )
    headers = dict.fromkeys(names, "evil.example")
    echoed = ask(Guard(echo, incoming), "GET", "/", headers).json()["headers"]
    assert "evil.example" not in echoed.values()


def test_requests_of_other_sites_and_to_other_names_are_refused(incoming: IncomingFiles) -> None:
    named = Guard(echo, incoming, LOOPBACK)
    for host in ("[::1]", "localhost:7860", "127.0.0.1"):
        assert ask(named, "GET", "/", {"Host": host}).status_code == 200
    for host in ("rebound.example", "127.0.0.1.example:80", "[", ""):
        assert ask(named, "GET", "/", {"Host": host}).status_code == 400
    for headers in (
        {"Origin": "http://["},
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        reply = ask(named, "POST", "/gradio_api/queue/join", headers, json=EVENT)
        assert reply.status_code == 403
    assert ask(named, "GET", "/", {"Origin": "http://[::1]"}).status_code == 200


def test_page_under_a_public_name_may_send_requests(incoming: IncomingFiles) -> None:
    guard = Guard(echo, incoming, (*LOOPBACK, "qa.example"), ["qa.example"])
    join = "/gradio_api/queue/join"
    # A proxy passes the name on, or puts its own into the header.
    for host in ("qa.example", "QA.example:8443", "127.0.0.1:7860"):
        for origin in ("https://qa.example", "http://qa.example:8080"):
            headers = {"Host": host, "Origin": origin, "Sec-Fetch-Site": "same-origin"}
            assert ask(guard, "POST", join, headers, json=EVENT).status_code == 200
            headers["Sec-Fetch-Site"] = "same-site"
            assert ask(guard, "POST", join, headers, json=EVENT).status_code == 403
        for origin in ("https://evil.example", "https://x.qa.example", "null", "http://["):
            headers = {"Host": host, "Origin": origin}
            assert ask(guard, "POST", join, headers, json=EVENT).status_code == 403
    for host in ("x.qa.example", "qa.example.evil.example", "qa.example."):
        assert ask(guard, "GET", "/", {"Host": host}).status_code == 400


def test_unknown_query_of_the_page_is_removed(incoming: IncomingFiles) -> None:
    seen: list[bytes] = []

    async def see(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["query_string"])
        await JSONResponse({})(scope, receive, send)

    for query in ("page=1", "__theme=dark", "__theme=dark&page=1", ""):
        ask(Guard(see, incoming), "GET", f"/?{query}")
    assert seen == [b"", b"__theme=dark", b"", b""]
