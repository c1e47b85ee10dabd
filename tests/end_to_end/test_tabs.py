"""The address of the page says which tab is shown."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.browsing import WIDTHS, ask_when_founded, opened, reload
from tests.end_to_end.chat_process import Running


def expect_tab(page: Page, name: str) -> None:
    expect(page.get_by_role("tab", name=name, exact=True)).to_have_attribute(
        "aria-selected", "true"
    )


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("size", WIDTHS)
def test_back_leads_to_the_tab_before(
    browser: Browser, chat: Running, size: tuple[int, int]
) -> None:
    with opened(browser, chat.url, *size) as page:
        page.get_by_role("tab", name="Ask each").click()
        page.get_by_role("tab", name="Check").click()
        expect(page).to_have_url(re.compile("#tab=check$"))
        page.go_back()
        expect_tab(page, "Ask each")
        reload(page)
        expect_tab(page, "Ask each")
        expect(page.locator("#each-question textarea")).to_be_visible()
        page.get_by_role("tab", name="Ask", exact=True).click()
        expect(page).not_to_have_url(re.compile("#"))
        page.go_back()
        expect_tab(page, "Ask each")
        page.go_back()
        expect_tab(page, "Ask")
        page.go_forward()
        expect_tab(page, "Ask each")
        # A copied address, and one that names no tab.
        page.goto(f"{chat.url}#tab=check")
        expect_tab(page, "Check")
        page.goto(f"{chat.url}#tab=none")
        reload(page)
        expect_tab(page, "Ask")


TEXT_BOTTOMS = """() => ["#cv-new", "#ask-tab-button"].map(selector => {
    const range = document.createRange();
    range.selectNodeContents(document.querySelector(selector));
    return Math.max(...[...range.getClientRects()].map(box => box.bottom));
})"""


@pytest.mark.slow
@pytest.mark.browser
def test_tabs_stand_on_one_line_with_the_buttons(page: Page) -> None:
    for width in (1440, 1180, 981, 865):
        page.set_viewport_size({"width": width, "height": 800})
        button, tab = page.evaluate(TEXT_BOTTOMS)
        assert abs(button - tab) <= 1, width
        # Nothing has wrapped.
        assert button < 45, width


@pytest.mark.slow
@pytest.mark.browser
def test_document_is_closed_by_another_tab_and_opened_by_back(page: Page) -> None:
    ask_when_founded(page)
    page.locator("#sources .cv-open").first.click()
    reader = page.locator("#reader")
    expect(reader.locator("mark")).to_have_text("2013")
    page.get_by_role("tab", name="Check").click()
    expect(page).not_to_have_url(re.compile("document="))
    expect(page).to_have_url(re.compile("tab=check"))
    page.go_back()
    expect_tab(page, "Ask")
    expect(reader.locator("mark")).to_have_text("2013")
    page.go_forward()
    expect_tab(page, "Check")
    page.get_by_role("tab", name="Ask", exact=True).click()
    expect(reader).to_be_hidden()
    expect(page.locator("#sources")).to_contain_text("2013")
