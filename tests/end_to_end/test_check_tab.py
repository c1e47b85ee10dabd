"""A receipt checked on the page: chosen, or dropped anywhere on its tab."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from qa import QuestionAnswerer
from tests.end_to_end.browsing import (
    ANSWER_MS,
    WIDTHS,
    ask_when_founded,
    opened,
    reload,
    until_idle,
)
from tests.end_to_end.chat_process import Running

DROP = """([selector, text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], "receipt.json"));
    for (const name of ["dragover", "drop"])
        document.querySelector(selector).dispatchEvent(new DragEvent(
            name, {dataTransfer: transfer, bubbles: true, cancelable: true}));
}"""


def open_check(page: Page) -> None:
    page.get_by_role("tab", name="Check").click()
    expect(page.get_by_role("button", name="Choose a receipt")).to_be_visible()


def choose(page: Page, file: Path) -> None:
    with page.expect_file_chooser() as choosing:
        page.get_by_role("button", name="Choose a receipt").click()
    choosing.value.set_files(file)


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("size", WIDTHS)
def test_saved_conversation_is_checked(
    browser: Browser,
    chat: Running,
    answerer: QuestionAnswerer,
    tmp_path: Path,
    size: tuple[int, int],
) -> None:
    receipt = tmp_path / "receipt.json"
    receipt.write_text(answerer.answer("When was the IOFS founded?").to_json(), encoding="utf-8")
    forged = json.loads(receipt.read_text(encoding="utf-8"))
    forged["citations"][0]["quote"] = "2014"
    with opened(browser, chat.url, *size) as page:
        open_check(page)
        choose(page, receipt)
        rows = page.locator("#checked tbody tr")
        expect(page.locator("#checked [role=status]")).to_contain_text(
            "in the documents exactly.", timeout=ANSWER_MS
        )
        expect(rows.first).to_contain_text("Exact")
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
        with page.context.expect_page() as opening:
            rows.first.get_by_role("link").click()
        expect(opening.value.locator("mark")).to_have_text("2013")
        page.evaluate(DROP, ["#check", json.dumps(forged)])
        expect(rows.first).to_contain_text("Changed", timeout=ANSWER_MS)
        expect(rows.first).to_contain_text("2014")


@pytest.mark.slow
@pytest.mark.browser
def test_receipt_that_the_page_saved_is_checked_and_anything_else_is_told(
    page: Page, tmp_path: Path
) -> None:
    ask_when_founded(page)
    with page.expect_download() as saving:
        page.get_by_role("link", name="JSON, a receipt to verify").click()
    saving.value.save_as(tmp_path / "receipt.json")
    # Dropped anywhere, it is checked, and no document.
    page.evaluate(DROP, ["#chat", (tmp_path / "receipt.json").read_text(encoding="utf-8")])
    expect(page.locator("#checked")).to_contain_text("exactly.", timeout=ANSWER_MS)
    expect(page.locator("#source-list .cv-arrived li")).to_have_count(0)
    reload(page)
    open_check(page)
    choose(page, tmp_path / "receipt.json")
    expect(page.locator("#checked")).to_contain_text("exactly.", timeout=ANSWER_MS)
    for name, content, sentence in (
        ("other.json", '{"schema": 7}', "This is no receipt"),
        ("empty.json", "", "This is no receipt"),
        ("large.json", "x" * 9_000_000, "This is too large"),
        ("image.png", "\x89PNG\0", "This is no receipt"),
    ):
        (tmp_path / name).write_text(content, encoding="utf-8")
        # What is chosen while the one before is being checked is not taken.
        until_idle(page)
        choose(page, tmp_path / name)
        expect(page.locator("#checked [role=alert]")).to_contain_text(sentence, timeout=ANSWER_MS)
