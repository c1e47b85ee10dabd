"""Takes the pictures of the README: `python tests/make_screenshots.py`, with Chromium there."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.conftest import DOCUMENTS
from tests.end_to_end.browsing import CHROMIUM_OPTIONS, ask, chromium, opened
from tests.end_to_end.chat_process import running

TARGET = Path(__file__).parent / "screenshots"


def main() -> None:
    """Ask two questions in light, then read a document in dark, and use a phone."""
    with (
        tempfile.TemporaryDirectory() as place,
        running(Path(place)) as chat,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=list(CHROMIUM_OPTIONS)
        )
        with opened(browser, chat.url, height=760) as page:
            expect(page.locator("#examples button").first).to_be_visible(timeout=60_000)
            ask(page, "How many members does the IOFS have?", "41")
            ask(page, "How much aid did Kazakhstan send to Syria?", "50 tons")
            page.locator("#sources h2").hover()
            page.screenshot(path=TARGET / "ask.png")
        with opened(browser, chat.url, height=760, dark=True) as page:
            expect(page.locator("#source-list .cv-used")).to_have_text(
                f"{DOCUMENTS} of {DOCUMENTS} used"
            )
            ask(page, "What makes Kazakhstan more than a member of organisations?", "[1]")
            page.locator("#sources .cv-open").first.click()
            page.locator("#reader img").evaluate("image => image.decode()")
            page.screenshot(path=TARGET / "library.png")
        for name, dark in (("phone", False), ("phone-dark", True)):
            with opened(browser, chat.url, 390, 760, dark=dark, touch=True) as page:
                ask(page, "When was the IOFS founded?", "2013")
                if dark:
                    page.locator("#chat a.cv-number").first.tap()
                page.screenshot(path=TARGET / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
