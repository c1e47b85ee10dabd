"""How long browsers keep what the server sends."""

import asyncio

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from qa.web.caching import CREDENTIALS, IMMUTABLE, CacheHeaders

DIGEST = "0" * 64


async def respond(scope: Scope, receive: Receive, send: Send) -> None:
    missing, own = b"missing" in scope["query_string"], scope["path"] == "/own"
    headers = {"Cache-Control": "private, max-age=3"} if own else {}
    await PlainTextResponse("x", 404 if missing else 200, headers)(scope, receive, send)


def ask(method: str, path: str) -> httpx.Headers:
    """The headers of the reply."""

    async def send() -> httpx.Headers:
        transport = httpx.ASGITransport(CacheHeaders(respond))
        async with httpx.AsyncClient(transport=transport, base_url="http://chat") as client:
            return (await client.request(method, path)).headers

    return asyncio.run(send())


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/assets/index-DphvyggB.js", IMMUTABLE),
        ("GET", "/assets/Index-Akn07EZk2.js", IMMUTABLE),
        ("HEAD", "/assets/__vite-browser-external-m1muKBtr.js", IMMUTABLE),
        ("GET", "/assets/index.js", "no-cache"),
        ("GET", "/assets/index-DphvyggB.js?missing", "no-cache"),
        ("GET", f"/theme.css?v={DIGEST}", IMMUTABLE),
        ("GET", "/theme.css", "no-cache"),
        ("GET", "/", "no-cache"),
        ("GET", "/own", "private, max-age=3"),
        ("POST", "/assets/index-DphvyggB.js", None),
    ],
)
def test_only_what_has_a_digest_in_its_address_is_kept_without_a_request(
    method: str, path: str, expected: str | None
) -> None:
    assert ask(method, path).get("cache-control") == expected


def test_what_is_kept_for_one_caller_is_shown_to_no_other() -> None:
    assert ask("GET", "/own")["vary"] == CREDENTIALS
    assert "vary" not in ask("GET", "/assets/index-DphvyggB.js")
