"""Each document asked on the page, as a table of answers."""

import csv
import re
from io import StringIO

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import DOCUMENTS
from tests.end_to_end.browsing import ANSWER_MS, WIDTHS, opened
from tests.end_to_end.chat_process import Running
from tests.end_to_end.test_source_list import row

QUESTION = "How many members does the IOFS have?"


def ask_each(page: Page) -> None:
    page.get_by_role("tab", name="Ask each").click()
    page.locator("#each-question textarea").fill(QUESTION)
    page.locator("#each-question textarea").press("Enter")


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("size", WIDTHS)
def test_each_document_is_asked_and_the_table_is_saved(
    browser: Browser, gated: Running, size: tuple[int, int]
) -> None:
    with opened(browser, gated.url, *size) as page:
        status = page.locator("#each-answers [role=status]")
        with gated.shut():
            ask_each(page)
            expect(status).to_contain_text(f"1 of {DOCUMENTS} documents …", timeout=ANSWER_MS)
            expect(page.get_by_role("button", name="Stop")).to_be_visible()
        expect(status).to_have_text(f"1 of {DOCUMENTS} documents answers.", timeout=4 * ANSWER_MS)
        expect(page.get_by_role("button", name="Ask each")).to_be_visible()
        row = page.locator("#each-answers tbody tr")
        expect(row).to_have_count(1)
        expect(row).to_contain_text("docs/kazakhstan-2024/food-security.html")
        expect(row).to_contain_text("very likely right")
        # A line between rows, no grid of boxes.
        expect(row.locator("td").first).to_have_css("border-width", "0px")
        path, title = row.locator("th .cv-place"), row.locator("th")
        expect(path).to_have_css("font-weight", "400")
        expect(title).to_have_css("font-weight", "600")
        label = row.locator("td").last.evaluate(
            "cell => getComputedStyle(cell, '::before').content"
        )
        assert label == ('"Confidence: "' if size[0] == 390 else "none")
        right = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        assert right <= 0
        with page.expect_download() as saving:
            page.get_by_role("link", name="Save this table as CSV").click()
        saved = saving.value.path().read_text(encoding="utf-8-sig")
        first, *others = csv.DictReader(StringIO(saved))
        assert (first["answer"], first["path"].split("/")[-1]) == ("41", "food-security.html")
        assert len(others) == DOCUMENTS - 1 and {other["answer"] for other in others} == {""}
        page.locator("#each-answers summary").click()
        expect(page.locator(".cv-silent li")).to_have_count(DOCUMENTS - 1)
        page.locator(".cv-silent li").last.scroll_into_view_if_needed()
        expect(page.locator(".cv-silent li").last).to_be_in_viewport()
        with page.context.expect_page() as opening:
            row.get_by_role("link").click(modifiers=["Control"])
        expect(opening.value.locator("mark")).to_have_text("41")


@pytest.mark.slow
@pytest.mark.browser
def test_asking_is_stopped_and_what_was_found_stays(browser: Browser, gated: Running) -> None:
    with opened(browser, gated.url) as page:
        with gated.shut():
            ask_each(page)
            expect(page.locator("#each-answers tbody tr")).to_have_count(1, timeout=ANSWER_MS)
            page.locator("#each-question textarea").press("Enter")
            expect(page.locator("#each-notice")).to_contain_text("still being asked")
            stop = page.get_by_role("button", name="Stop")
            stop.click()
            expect(stop).to_be_hidden()
        status = page.locator("#each-answers [role=status]")
        stopped = re.compile("; stopped before the other 1[12]")
        expect(status).to_have_text(stopped, timeout=ANSWER_MS)
        expect(page.locator("#each-answers tbody tr")).to_have_count(1)
        expect(page.get_by_role("button", name="Ask each")).to_be_visible()
        expect(page.locator("#each-notice")).to_be_hidden()
        page.locator("#each-question textarea").fill(" ")
        page.get_by_role("button", name="Ask each").click()
        expect(page.locator("#each-notice")).to_have_text("Type a question first.")
        expect(page.locator("#each-answers tbody tr")).to_have_count(1)


@pytest.mark.slow
@pytest.mark.browser
def test_question_waits_for_its_turn_and_asks_what_the_chat_is_limited_to(
    browser: Browser, gated: Running
) -> None:
    with opened(browser, gated.url) as page:
        answers = page.locator("#each-answers")
        page.get_by_role("tab", name="Ask each").click()
        expect(answers).to_contain_text("Puts one question to each document")
        with gated.shut(), opened(browser, gated.url) as other:
            ask_each(other)
            expect(other.locator("#each-answers")).to_contain_text(
                f"of {DOCUMENTS} documents …", timeout=ANSWER_MS
            )
            ask_each(page)
            expect(answers).to_contain_text("Waiting: another question")
            page.get_by_role("button", name="Stop").click()
            expect(answers).to_contain_text("Stopped before any document was asked.")
        page.get_by_role("tab", name="Ask", exact=True).click()
        row(page, "Formats").get_by_role("button", name="Ask only this").click()
        expect(page.locator("#limit-chip")).to_contain_text("Only: Formats")
        ask_each(page)
        expect(answers).to_contain_text(
            "0 of 1 document answers.Asked only of: Formats.", timeout=ANSWER_MS
        )
