"""The names and the path under which a proxy shows the page."""

import asyncio

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from qa.web.protection import LOOPBACK
from qa.web.public_address import RootPath, parse_host, parse_root_path
from qa.web.server import accepted_hosts


async def name_path(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(f"{scope['path']} {scope['raw_path'].decode()}")(scope, receive, send)


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/qa/", "/ /"),
        ("/qa/assets/a.js", "/assets/a.js /assets/a.js"),
        ("/qa/document%2Fx", "/document/x /document%2Fx"),
        ("/", "/ /"),
        ("/assets/a.js", "/assets/a.js /assets/a.js"),
        ("/qa", "/qa /qa"),
        ("/qas/", "/qas/ /qas/"),
        ("/x/qa/", "/x/qa/ /x/qa/"),
        ("/qa/qa/", "/qa/ /qa/"),
    ],
)
def test_root_path_is_taken_off_where_it_is_there(path: str, seen: str) -> None:
    async def send() -> str:
        transport = httpx.ASGITransport(RootPath(name_path, "/qa"))
        async with httpx.AsyncClient(transport=transport, base_url="http://chat") as client:
            return (await client.get(path)).text

    assert asyncio.run(send()) == seen


@pytest.mark.parametrize("text", ["qa?", "/a//b", "/a/../b", "http://qa.example/qa", "/ä", "/a b"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a path"):
        parse_root_path(text)


@pytest.mark.parametrize("text", ["", "qa.example:80", "http://qa.example", "*.example", "a..b"])
def test_what_is_no_host_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a host name"):
        parse_host(text)


def test_loopback_address_serves_itself_and_what_is_allowed() -> None:
    assert accepted_hosts("127.0.0.1", ()) == LOOPBACK
    assert accepted_hosts("127.0.0.1", ["qa.example"]) == (*LOOPBACK, "qa.example")


def test_network_address_serves_any_name_until_one_is_allowed() -> None:
    assert accepted_hosts("192.0.2.7", ()) == ()
    assert accepted_hosts("192.0.2.7", ["qa.example"]) == (*LOOPBACK, "192.0.2.7", "qa.example")
