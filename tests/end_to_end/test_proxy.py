"""The page below a path of another host name, through nginx."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.browsing import ANSWER_MS, ask_when_founded, opened, replies
from tests.end_to_end.chat_process import SECONDS, Running, fetch, post, running

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAME = "qa.localhost"
"""Browsers know without asking that it is this machine."""

PDF = "docs%2Fkazakhstan-2024%2Fexpert-view.pdf"

SETTINGS = Path(__file__).parents[2] / "docs" / "guide" / "settings.md"

KEEPING = """
location /qa/ {
    proxy_pass http://127.0.0.1:7860;
    proxy_buffering off;
    client_max_body_size 0;
}
"""
"""Leaves the path on its requests, and puts its own idea of a host name into them."""

CONFIGURATION = """
{user} daemon off; pid nginx.pid; error_log stderr; worker_processes 1;
events {{ worker_connections 256; }}
http {{
    log_format asked "$request_uri"; access_log asked asked; default_type application/octet-stream;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    server {{ listen 127.0.0.1:{port}; {location} }}
}}
"""


def removing() -> str:
    """The lines in the guide: they remove the path."""
    (lines,) = re.findall(r"```nginx\n(.*?)```", SETTINGS.read_text(encoding="utf-8"), re.DOTALL)
    return str(lines)


@pytest.fixture(scope="module")
def proxied(chat: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A chat that may be shown under another name, and changed by a test."""
    place = tmp_path_factory.mktemp("proxied")
    shutil.copytree(chat.index, place / "index")
    with running(place, options=["--root-path", "/qa", "--allowed-host", NAME]) as started:
        yield started


@pytest.fixture(scope="module", params=["removing", "keeping"])
def public(
    proxied: Running, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address at which nginx shows it."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/bin")
    if nginx is None:
        pytest.skip("NO NGINX FOUND: the page behind a proxy is NOT tested; install nginx")
    place = tmp_path_factory.mktemp("nginx")
    location = removing() if request.param == "removing" else KEEPING
    location = location.replace("http://127.0.0.1:7860", proxied.url)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    configuration = place / "nginx.conf"
    # Started by root, it would work as a user who may not write here.
    user = "user root;" if os.geteuid() == 0 else ""
    configuration.write_text(CONFIGURATION.format(user=user, port=port, location=location))
    with subprocess.Popen([nginx, "-p", str(place), "-c", str(configuration)]) as process:
        try:
            _wait_for(port)
            yield f"http://{NAME}:{port}/qa"
            asked = (place / "asked").read_text(encoding="utf-8").splitlines()
            # Playwright does not see that a browser asks for a page's icon.
            assert {path for path in asked if not path.startswith("/qa/")} == set()
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise AssertionError("nginx did not start")


def test_page_asks_for_nothing_outside_its_path(browser: Browser, public: str) -> None:
    # ``opened`` fails on any request to another address, also of the documents opened here.
    with opened(browser, f"{public}/") as page:
        ask_when_founded(page)
        with page.context.expect_page() as opening:
            replies(page).last.get_by_role("link", name="[1]").first.click(modifiers=["Control"])
        document = opening.value
        expect(document.locator("mark").first).to_contain_text("2013")
        assert document.url.startswith(f"{public}/document?")
        document.goto(f"{public}/document?path={PDF}&quote=0-7")
        picture = document.locator("img").first
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") > 500


def test_file_is_added_through_the_proxy(browser: Browser, public: str, tmp_path: Path) -> None:
    # Larger than nginx passes on unless told otherwise.
    port = urlsplit(public).port
    content = f"<!--{'x' * 2_000_000}--><p>Lighthouse {port} was lit in 1912."
    name = f"lighthouse-{port}.html"
    (tmp_path / name).write_text(content, encoding="utf-8")
    with opened(browser, f"{public}/") as page:
        page.locator("#source-list input[type=file]").set_input_files(tmp_path / name)
        expect(page.locator("#source-list")).to_contain_text(name, timeout=ANSWER_MS)


def test_first_stage_of_an_answer_is_not_held_back(browser: Browser, public: str) -> None:
    with opened(browser, f"{public}/") as page:
        page.evaluate(
            """() => {
              window.seen = [];
              new MutationObserver(() => {
                const text = document.querySelector("#chat [data-testid='bot']")?.innerText ?? "";
                if (text && text !== window.seen.at(-1)) window.seen.push(text);
              }).observe(document.body, { childList: true, subtree: true, characterData: true });
            }"""
        )
        ask_when_founded(page)
        seen: list[str] = page.evaluate("window.seen")
        assert any("Searching" in text for text in seen), seen


def test_other_names_are_still_refused(public: str) -> None:
    address = public.replace(NAME, "127.0.0.1")
    assert fetch(f"{address}/", Host=NAME)[0] == 200
    origin = {"Origin": "http://rebound.example", "Content_Type": "application/json"}
    assert post(f"{address}/gradio_api/queue/join", b"{}", **origin) == 403


def test_name_that_was_not_allowed_is_refused(proxied: Running) -> None:
    for host in ("rebound.example", f"x.{NAME}", f"{NAME}.example"):
        assert fetch(f"{proxied.url}/", Host=host)[0] == 400
        assert fetch(f"{proxied.url}/qa/", Host=host)[0] == 400
    for host in (NAME, f"{NAME}:8443", "127.0.0.1"):
        for path in ("/", "/qa/"):
            assert fetch(f"{proxied.url}{path}", Host=host)[0] == 200
