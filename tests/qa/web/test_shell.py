"""The page is changed on its way out: a head of our own, and a first picture of the page."""

import asyncio
from collections.abc import Mapping
from importlib.resources import files

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from qa.web import shell as module
from qa.web.caching import IMMUTABLE
from qa.web.shell import Shell, add_scripts, policy_of, scripts_version

GRADIO = (files("gradio") / "templates" / "frontend" / "index.html").read_text(encoding="utf-8")
"""The page as this version of Gradio has it, with its placeholders."""


async def gradio_page(scope: Scope, receive: Receive, send: Send) -> None:
    await HTMLResponse(GRADIO)(scope, receive, send)


def shell(folder: str = "town", attributes: Mapping[str, str] | None = None) -> Shell:
    return Shell(gradio_page, folder, lambda scope: attributes or {})


def get(app: Shell | FastAPI, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://chat") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(send())


def test_head_names_nobody_else() -> None:
    page = get(shell(), "/").text
    head = page[: page.index("<body")]
    for foreign in ("twitter", "githubusercontent", "gradio.app", "manifest", "Click to try", "//"):
        assert foreign not in head
    assert head.count('property="og:') == 3
    assert 'content="Answers from town, quoted word for word."' in head
    assert '<html\n\tlang="en"' in head
    assert head.count("viewport") == 1 and "maximum-scale" not in head


def test_folder_cannot_leave_its_place() -> None:
    page = get(shell('"><script>${x}</script>'), "/").text
    assert "<script>${x}" not in page and "<script>$" not in page
    assert page.count("&lt;script&gt;") == 3


def test_first_picture_stands_before_the_page_and_nothing_else_is_changed() -> None:
    app = shell()
    page = get(app, "/").text
    assert page.index("<body") < page.index('id="cv-shell"') < page.index("<gradio-app")
    assert page.index("/main.js") < page.index('crossorigin src="./assets/')
    assert get(app, "/x").text == GRADIO
    assert int(get(app, "/").headers["content-length"]) == len(page.encode())


def test_page_tells_of_who_opened_it() -> None:
    attributes = {"data-may-not": 'add">', "data-signed-in": ""}
    page = get(shell(attributes=attributes), "/").text
    assert '<html data-may-not="add&quot;&gt;" data-signed-in=""\n\tlang="en"' in page
    assert page.count("data-may-not=") == 1


def test_only_scripts_that_were_sent_in_the_page_may_run() -> None:
    reply = get(shell(), "/")
    policy = reply.headers["content-security-policy"]
    assert policy == policy_of(reply.content)
    (scripts,) = (part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe-inline" not in scripts
    assert policy_of(b"<script>a()</script><script src='x'></script>").count("sha256-") == 1


def test_policy_has_the_digest_that_browsers_compute() -> None:
    # From the example of the standard, https://www.w3.org/TR/CSP3/#external-hash.
    digest = "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
    assert digest in policy_of(b"<script>alert('Hello, world.');</script>")


def test_scripts_have_an_address_that_changes_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    server = FastAPI()
    add_scripts(server)
    for name in ("main.js", "loading.js"):
        reply = get(server, f"/scripts/{scripts_version()}/{name}")
        assert (reply.status_code, reply.headers["cache-control"]) == (200, IMMUTABLE)
        assert get(server, f"/scripts/{'0' * 16}/{name}").status_code == 404
    assert get(server, f"/scripts/{scripts_version()}/none.js").status_code == 404
    version = scripts_version()
    monkeypatch.setattr(module, "SCRIPTS", module.ICONS)
    assert scripts_version() != version


def test_icon_is_our_own() -> None:
    server = FastAPI()
    add_scripts(server)
    for name, media_type, begin in (
        ("favicon.svg", "image/svg+xml", b"<svg"),
        ("favicon.ico", "image/", b"\0\0\1\0"),
    ):
        reply = get(server, f"/{name}")
        assert reply.content.startswith(begin)
        assert reply.headers["content-type"].startswith(media_type)
        assert reply.headers["cache-control"] == "public, max-age=86400"
