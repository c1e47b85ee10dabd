"""The page for users with a keyboard, a screen reader, a small screen or weak eyes."""

import re
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.conftest import DOCUMENTS
from tests.end_to_end.browsing import (
    ANSWER_MS,
    action,
    ask,
    ask_when_founded,
    contrast,
    html_names,
    notices,
    opened,
    question_box,
    replies,
    until_finished,
    until_sent,
)
from tests.end_to_end.chat_process import QUOTE_ROUTE, Running, running


def findings(page: Page) -> list[tuple[str, str, list[str]]]:
    """What axe finds: severity, rule and elements."""
    found = Axe().run(page).response
    assert len(found["passes"]) > 15
    return [
        (rule["impact"], rule["id"], [node["html"] for node in rule["nodes"]])
        for rule in found["violations"]
    ]


def findings_in_both_themes(page: Page) -> list[tuple[str, str, list[str]]]:
    found = []
    for _ in range(2):
        # A dialog that is open keeps the mouse from the button.
        page.locator("#cv-theme").evaluate("button => button.click()")
        # Colours between two themes are of neither; those of what is not shown never arrive.
        page.evaluate("""() => document.getAnimations()
            .filter(each => each instanceof CSSTransition).forEach(each => each.finish())""")
        found += findings(page)
    return found


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_axe_finds_nothing_that_shuts_anyone_out(
    browser: Browser, gated: Running, dark: bool
) -> None:
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
        stopped = page.get_by_text("stopped before the other")
        expect(stopped).to_be_visible(timeout=ANSWER_MS)
        page.locator("#each-question textarea").fill("Who leads?")
        page.get_by_role("button", name="Ask each").click()
        expect(page.locator(".cv-silent")).to_be_visible(timeout=3 * ANSWER_MS)
        assert findings(page) == []
        page.get_by_role("tab", name="Check").click()
        expect(page.get_by_role("button", name="Choose a receipt")).to_be_visible()
        assert findings(page) == []
    context = browser.new_context(color_scheme="dark" if dark else "light")
    page = context.new_page()
    page.goto(f"{gated.url}/{QUOTE_ROUTE}")
    assert findings(page) == []
    context.close()


@pytest.mark.slow
@pytest.mark.browser
def test_axe_finds_nothing_in_what_opens_over_the_page(page: Page) -> None:
    ask_when_founded(page)
    for name in ("Conversations", "Keyboard shortcuts"):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("dialog", name=name)).to_be_visible()
        assert findings_in_both_themes(page) == [], name
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    page.set_viewport_size({"width": 1024, "height": 768})
    page.get_by_role("button", name="Documents", exact=True).click()
    expect(page.locator("#choosing")).to_be_in_viewport()
    assert findings_in_both_themes(page) == []
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 844})
    replies(page).last.get_by_text("[1]").click()
    expect(page.get_by_role("dialog", name="Source")).to_be_visible()
    assert findings_in_both_themes(page) == []


@pytest.mark.slow
@pytest.mark.browser
def test_axe_finds_nothing_in_an_empty_library_and_where_documents_disagree(
    browser: Browser, tmp_path: Path
) -> None:
    folder = tmp_path / "town"
    folder.mkdir()
    files = []
    for name, year in (("guide", "1901"), ("chronicle", "1911")):
        files.append(tmp_path / f"{name}.txt")
        files[-1].write_text(f"The bridge of Tern was opened in {year}.", encoding="utf-8")
    with (
        running(tmp_path / "chat", folder, indexed=False) as chat,
        opened(browser, chat.url) as page,
    ):
        expect(page.get_by_role("heading", name="Add the first documents")).to_be_visible()
        assert findings_in_both_themes(page) == []
        page.locator("#source-list input[type=file]").set_input_files(files)
        expect(page.locator("#source-list")).to_contain_text("2 of 2 used", timeout=ANSWER_MS)
        ask(page, "When was the bridge of Tern opened?", "Another document says otherwise.")
        for said in ("1901", "1911"):
            expect(replies(page).last).to_contain_text(said)
        assert findings_in_both_themes(page) == []


FOCUSED = """() => {
    const focused = document.activeElement;
    const name = focused.ariaLabel || focused.labels?.[0]?.textContent || focused.textContent;
    return [focused.tagName, name.trim(), getComputedStyle(focused).outlineStyle];
}"""


def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    """Press Tab until this has the focus; all that is passed shows when it has it."""
    reached: list[str] = []
    while len(reached) < 60:
        page.keyboard.press(key)
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
    for wanted in ("Open", "Ask only this", "Remove", "Add files", "Read the folder again"):
        tab_to(page, wanted)


@pytest.mark.slow
@pytest.mark.browser
def test_buttons_are_pressed_with_the_keyboard(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(question_box(page)).to_be_focused()
    page.keyboard.type("When was the IOFS founded?")
    page.keyboard.press("Enter")
    expect(replies(page).last).to_contain_text("[1]", timeout=ANSWER_MS)
    until_finished(page)

    def press(name: str, key: str = "Tab") -> None:
        tab_to(page, name, key)
        page.keyboard.press("Enter")

    press("Not helpful", "Shift+Tab")
    expect(action(page, "Not helpful")).to_have_attribute("aria-pressed", "true")
    note = page.get_by_label("Your opinion of the answer")
    expect(note).to_be_visible()
    for _ in range(60):
        page.keyboard.press("Tab")
        if note.evaluate("note => note === document.activeElement"):
            break
    page.keyboard.type("It was 2012.")
    page.keyboard.press("Enter")
    expect(note).to_be_hidden()
    page.keyboard.press("/")
    press("Copy answer and sources", "Shift+Tab")
    expect(notices(page)).to_have_text("Copied.")
    assert "2013" in page.evaluate("navigator.clipboard.readText()")
    press("Edit the question")
    expect(question_box(page)).to_be_focused()
    expect(question_box(page)).to_have_value("When was the IOFS founded?")
    page.keyboard.press("Escape")
    expect(question_box(page)).to_have_value("")
    press("More about Formats", "Shift+Tab")
    press("Remove")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("Remove Formats?")
    press("Keep it")
    expect(dialog).to_have_count(0)
    expect(page.locator("#source-list .cv-used")).to_have_text(f"{DOCUMENTS} of {DOCUMENTS} used")
    assert page.evaluate(FOCUSED)[1] == "Remove"
    tab_to(page, "Add files")
    with page.expect_file_chooser():
        page.keyboard.press("Enter")
    press("Conversations", "Shift+Tab")
    conversations = page.get_by_role("dialog", name="Conversations")
    expect(conversations.get_by_label("Search conversations")).to_be_focused()
    tab_to(page, "When was the IOFS founded?")
    page.keyboard.press("Enter")
    expect(conversations).to_have_count(0)
    expect(replies(page)).to_have_count(1)
    press("New", "Shift+Tab")
    expect(replies(page)).to_have_count(0)
    expect(question_box(page)).to_be_focused()
    press("Check", "Shift+Tab")
    tab_to(page, "Choose a receipt")
    with page.expect_file_chooser():
        page.keyboard.press("Enter")
    press("Light or dark", "Shift+Tab")
    expect(page.locator("body")).to_have_class(re.compile(r"\bdark\b"))
    page.keyboard.press("Enter")
    expect(page.locator("body")).not_to_have_class(re.compile(r"\bdark\b"))


@pytest.mark.slow
@pytest.mark.browser
def test_everything_is_done_by_touch(browser: Browser, gated: Running) -> None:
    with opened(browser, gated.url, 390, 844, touch=True) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])

        def tap(role: Literal["button", "link", "tab"], name: str) -> None:
            page.get_by_role(role, name=name, exact=True).tap()

        question_box(page).fill("When was the IOFS founded?")
        tap("button", "Ask")
        expect(replies(page).last).to_contain_text("[1]", timeout=ANSWER_MS)
        until_finished(page)
        tap("button", "Copy answer and sources")
        expect(notices(page)).to_have_text("Copied.")
        assert "2013" in page.evaluate("navigator.clipboard.readText()")
        page.locator("#sources").get_by_role("link", name="Open the document here").first.tap()
        reader = page.locator("#reader")
        expect(reader.locator("mark")).to_have_text("2013")
        expect(reader.locator("mark")).to_be_in_viewport()
        reader.get_by_role("button", name="← Sources").tap()
        expect(reader).to_be_hidden()
        tap("button", "Edit the question")
        expect(question_box(page)).to_have_value("When was the IOFS founded?")
        question_box(page).fill("How many members does the IOFS have?")
        until_sent(page, lambda: tap("button", "Ask"))
        expect(replies(page).last).to_contain_text("41", timeout=ANSWER_MS)
        until_finished(page)
        expect(replies(page)).to_have_count(1)
        tap("button", "New")
        expect(replies(page)).to_have_count(0)
        tap("button", "Conversations")
        conversations = page.get_by_role("dialog", name="Conversations")
        conversations.get_by_role("button", name="How many members does the IOFS have?").first.tap()
        expect(conversations).to_have_count(0)
        expect(replies(page).last).to_contain_text("41")
        tap("button", "Light or dark")
        expect(page.locator("body")).to_have_class(re.compile(r"\bdark\b"))
        tap("tab", "Ask each")
        page.locator("#each-question textarea").fill("How many members does the IOFS have?")
        with gated.shut():
            tap("button", "Ask each")
            expect(page.locator("#each-answers tbody tr")).to_have_count(1, timeout=ANSWER_MS)
            tap("button", "Stop")
            expect(page.get_by_role("button", name="Stop")).to_be_hidden()
        expect(page.locator("#each-answers [role=status]")).to_contain_text(
            "; stopped before the other", timeout=ANSWER_MS
        )
        page.locator("#each-answers").get_by_role("link").first.tap()
        expect(reader.locator("mark")).to_have_text("41")
        reader.get_by_role("button", name="← Ask each").tap()
        expect(reader).to_be_hidden()
        tap("tab", "Check")
        with page.expect_file_chooser():
            tap("button", "Choose a receipt")


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
            - text: The IOFS has 41 members.
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
        expect(page.locator("#source-list .cv-document")).to_have_count(DOCUMENTS)
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
