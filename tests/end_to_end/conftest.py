"""The running chat and the browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.end_to_end.browsing import CHROMIUM_OPTIONS, chromium, opened
from tests.end_to_end.chat_process import GATED, Running, running


@pytest.fixture(scope="package")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A chat about the shipped documents, whose library no test may change."""
    with running(tmp_path_factory.mktemp("chat")) as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # For one module: while Playwright runs, asyncio.run fails in tests that need no browser.
    found = chromium()
    if not found:
        pytest.skip("NO CHROMIUM FOUND: the page is NOT tested; install it, or name it in CHROMIUM")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=list(CHROMIUM_OPTIONS))
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, chat: Running) -> Iterator[Page]:
    with opened(browser, chat.url) as ready:
        yield ready


@pytest.fixture(scope="package")
def gated(chat: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A chat whose answers wait while its gate is there; its library no test may change."""
    index = tmp_path_factory.mktemp("gated") / "index"
    shutil.copytree(chat.index, index)
    with running(index.parent / "chat", index=index, script=GATED) as started:
        yield started


@pytest.fixture
def own(chat: Running, tmp_path: Path) -> Iterator[Running]:
    """A chat whose library a test may change; nothing does so while the gate is there."""
    shutil.copytree(chat.index, tmp_path / "own" / "index")
    with running(tmp_path / "own", script=GATED) as started:
        yield started
