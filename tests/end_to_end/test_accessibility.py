"""The page for users with a keyboard, a screen reader, a small screen or weak eyes."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.browsing import (
    ANSWER_MS,
    ask,
    ask_when_founded,
    contrast,
    html_names,
    opened,
    question_box,
    replies,
    until_finished,
)
from tests.end_to_end.chat_process import QUOTE_ROUTE, Running


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_axe_finds_nothing_that_shuts_anyone_out(
    browser: Browser, gated: Running, dark: bool
) -> None:
    axe = Axe()

    def findings(page: Page) -> list[tuple[str, str, list[str]]]:
        found = axe.run(page).response
        assert len(found["passes"]) > 15
        return [
            (rule["impact"], rule["id"], [node["html"] for node in rule["nodes"]])
            for rule in found["violations"]
        ]

    with opened(browser, gated.url, dark=dark) as page:
        assert findings(page) == []
        ask_when_founded(page)
        assert findings(page) == []
        page.locator("#source-list summary").first.click()
        page.get_by_role("button", name="Ask only this").first.click()
        expect(page.locator("#limit-chip .cv-chip")).to_be_visible()
        assert findings(page) == []
        page.get_by_role("button", name="Remove").first.click()
        assert findings(page) == []
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Ask all documents again").click()
        page.get_by_role("tab", name="Ask each").click()
        page.locator("#each-question textarea").fill("How many members does the IOFS have?")
        with gated.shut():
            page.get_by_role("button", name="Ask each").click()
            expect(page.locator("#each-answers tbody tr")).to_have_count(1, timeout=ANSWER_MS)
            assert findings(page) == []
            page.get_by_role("button", name="Stop").click()
            expect(page.get_by_role("button", name="Stop")).to_be_hidden()
        expect(page.locator(".cv-silent")).to_be_visible(timeout=ANSWER_MS)
        assert findings(page) == []
        page.get_by_role("tab", name="Check").click()
        expect(page.get_by_role("button", name="Choose a receipt")).to_be_visible()
        assert findings(page) == []
    context = browser.new_context(color_scheme="dark" if dark else "light")
    page = context.new_page()
    page.goto(f"{gated.url}/{QUOTE_ROUTE}")
    assert findings(page) == []
    context.close()


FOCUSED = """() => {
    const focused = document.activeElement;
    const name = focused.ariaLabel || focused.labels?.[0]?.textContent || focused.textContent;
    return [focused.tagName, name.trim(), getComputedStyle(focused).outlineStyle];
}"""


def tab_to(page: Page, name: str) -> None:
    """Press Tab until this has the focus; all that is passed shows when it has it."""
    reached: list[str] = []
    while len(reached) < 60:
        page.keyboard.press("Tab")
        tag, focused, outline = page.evaluate(FOCUSED)
        reached.append(focused)
        assert tag == "BODY" or outline != "none", reached
        if focused == name:
            return
    raise AssertionError(f"{name} is not among {reached}")


@pytest.mark.slow
@pytest.mark.browser
def test_everything_is_done_with_the_keyboard(page: Page) -> None:
    expect(page.locator("#examples button")).to_have_count(4, timeout=ANSWER_MS)
    expect(question_box(page)).to_be_focused()
    page.keyboard.type("When was the IOFS founded?")
    page.keyboard.press("Enter")
    expect(replies(page).last).to_contain_text("[1]", timeout=ANSWER_MS)
    until_finished(page)
    expect(question_box(page)).to_be_focused()
    for wanted in ("Ask", "Sources", "Open the document here", "Other places say (3)"):
        tab_to(page, wanted)
    for wanted in ("New", "Conversations", "Ask each", "[1]"):
        tab_to(page, wanted)
    page.keyboard.press("Enter")
    expect(page.locator("#cv-1-1")).to_be_focused()
    tab_to(page, "Open the document here")
    page.keyboard.press("Enter")
    expect(page.locator("#reader mark")).to_have_text("2013")
    tab_to(page, "Find in document")
    page.keyboard.type("members")
    expect(page.locator(".cv-found")).to_have_text("1 of 2")
    page.keyboard.press("Enter")
    expect(page.locator(".cv-found")).to_have_text("2 of 2")
    tab_to(page, "Details")
    for _ in range(2):  # The first empties the field that is searched from.
        page.get_by_label("Find in document").press("Escape")
    expect(page.locator("#reader")).to_be_hidden()
    assert page.evaluate(FOCUSED)[1] == "Open the document here"
    for wanted in ("[1]", "Copy answer and sources", "Edit the question", "Helpful"):
        tab_to(page, wanted)
    # Keys that work wherever nothing is typed.
    page.keyboard.press("1")
    expect(page.locator("#cv-1-1")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(question_box(page)).to_be_focused()
    expect(question_box(page)).to_have_value("")
    tab_to(page, "Search documents")
    page.keyboard.type("formats")
    expect(page.locator("#source-list .cv-document")).to_have_count(1)
    tab_to(page, "Formats Markdown")
    tab_to(page, "More about Formats")
    page.keyboard.press("Enter")
    for wanted in ("Open", "Ask only this", "Remove", "Add files", "Index docs again"):
        tab_to(page, wanted)


@pytest.mark.slow
@pytest.mark.browser
def test_screen_reader_hears_what_the_page_shows(page: Page) -> None:
    ask(page, "Tell me about the IOFS", "[3]")
    expect(page.get_by_role("log")).to_match_aria_snapshot("""
      - log:
        - group "Question": Tell me about the IOFS
        - group "Answer":
          - paragraph:
            - text: The abbreviation IOFS stands for the Islamic Organization for Food Security.
            - link "[1]"
          - paragraph:
            - text: /The IOFS is one of six .* 2024\\./
            - link "[2]"
          - paragraph:
            - text: /Food security is a mounting worry, .*/
            - link "[3]"
          - paragraph: /Confidence. [a-z ]+, [0-9]+%/
          - button "Copy answer and sources"
          - button "Edit the question"
          - button "Ask again"
          - button "Helpful"
          - button "Not helpful"
    """)
    # No name of anything is the source of HTML.
    assert html_names(page) == []


TOO_WIDE = """() => [...document.body.querySelectorAll("*")].filter(
    each => each.checkVisibility() && each.getBoundingClientRect().right > innerWidth
).map(each => each.cloneNode().outerHTML)"""
"""What reaches beyond the page, also where it is cut off there."""


@pytest.mark.slow
@pytest.mark.browser
def test_narrow_page_needs_no_sideways_scrolling(browser: Browser, chat: Running) -> None:
    with opened(browser, chat.url, width=390, height=844) as page:
        ask_when_founded(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert page.evaluate(TOO_WIDE) == []
        expect(replies(page).last.locator("q")).to_be_in_viewport()
        expect(page.locator("#sources mark")).to_be_in_viewport()
        page.get_by_role("button", name="Documents", exact=True).click()
        expect(page.locator("#source-list .cv-document")).to_have_count(12)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert page.evaluate(TOO_WIDE) == []


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_in_light_and_dark(browser: Browser, chat: Running, dark: bool) -> None:
    with opened(browser, chat.url, dark=dark) as page:
        expect(page.locator("#examples button").first).to_be_visible(timeout=ANSWER_MS)
        example = contrast(page.locator("#examples button").first)
        assert example.text >= 4.5, example
        ask_when_founded(page)
        assert ("rgb(255, 255, 255)" in contrast(page.locator("#sources")).behind) is not dark
        for part in (
            "#chat .user .md",
            "#chat .cv-answer",
            "#chat .cv-note",
            "#chat .cv-action",
            "#tabs [role='tab'][aria-selected='true']",
            "#tabs [role='tab'][aria-selected='false']",
            "#source-list .cv-title",
            "#source-list .cv-kind",
            "#source-list .cv-used",
            "#source-list summary",
            "#source-list .cv-button",
            "#chat a.cv-number",
            "#sources h2",
            "#sources .cv-headings",
            "#sources blockquote",
            "#sources mark",
            "#sources .cv-place",
            "#sources summary",
            "#question textarea",
            "#ask",
            ".cv-header p",
        ):
            found = contrast(page.locator(part).first)
            assert found.text >= 4.5, (part, found)
