"""What happens on the page while something else is still under way."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.conftest import DOCUMENTS
from tests.end_to_end.browsing import (
    ANSWER_MS,
    action,
    ask,
    ask_when_founded,
    begin_conversation,
    enter,
    notices,
    opened,
    question_box,
    reload,
    replies,
    until_finished,
)
from tests.end_to_end.chat_process import Running

pytestmark = [pytest.mark.slow, pytest.mark.browser]

MEMBERS = "How many members does the IOFS have?"


def held(page: Page, url: str) -> Callable[[], None]:
    """Holds the next request to an address; returns what lets it go on."""
    routes: list[Route] = []
    page.route(re.compile(url), lambda route: routes.append(route), times=1)

    def go_on() -> None:
        while not routes:
            page.wait_for_timeout(10)
        routes.pop().continue_()

    return go_on


def press_enter(page: Page, question: str) -> None:
    """Type a question and press Enter, whatever else is under way."""
    question_box(page).fill(question)
    question_box(page).press("Enter")
    expect(question_box(page)).to_have_value("")


def test_question_asked_while_a_conversation_is_being_shown_is_answered(page: Page) -> None:
    ask_when_founded(page)
    for late in (False, True):
        go_on = held(page, r"run/predict")
        page.evaluate("document.dispatchEvent(new CustomEvent('sourceschange'))")
        count = replies(page).count()
        press_enter(page, MEMBERS)
        if not late:
            go_on()
        expect(replies(page).last).to_contain_text("41", timeout=ANSWER_MS)
        if late:
            go_on()
            # Shown as it was before the question, and then as it is.
            expect(replies(page)).to_have_count(count + 1)
        until_finished(page)
        expect(replies(page)).to_have_count(count + 1)
        expect(replies(page).last).to_contain_text("41")
    ask(page, "Who won the 2022 World Cup?", "The documents do not say")
    reload(page)
    expect(replies(page)).to_have_count(4)


def test_edited_question_that_is_stopped_stays_in_the_box(browser: Browser, gated: Running) -> None:
    with opened(browser, gated.url) as page:
        ask_when_founded(page)
        action(page, "Edit the question").click()
        with gated.shut():
            enter(page, MEMBERS)
            expect(page.locator("#sources")).to_contain_text("Being read.")
            page.get_by_role("button", name="Stop").click()
            expect(question_box(page)).to_have_value(MEMBERS)
            expect(page.locator(".cv-mode")).to_contain_text("Editing a question")
            expect(replies(page).last).to_contain_text("2013")
        # It is asked in the place of the other still.
        question_box(page).press("Enter")
        expect(replies(page).last).to_contain_text("41", timeout=ANSWER_MS)
        until_finished(page)
        expect(replies(page)).to_have_count(1)


REFUSING = """
    IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };
    for (const name of ["getItem", "setItem"]) {
        Storage.prototype[name] = () => { throw new DOMException("blocked", "SecurityError"); };
    }
"""


def test_browser_that_stores_nothing_shows_answers_and_documents(
    browser: Browser, chat: Running
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(REFUSING)
    page = context.new_page()
    page.goto(chat.url)
    expect(page.locator("#source-list .cv-used")).to_have_text(f"{DOCUMENTS} of {DOCUMENTS} used")
    expect(page.locator("#source-list .cv-document")).to_have_count(DOCUMENTS)
    for question, answer in ((MEMBERS, "41"), ("When was the IOFS founded?", "2013")):
        press_enter(page, question)
        expect(replies(page).last).to_contain_text(answer, timeout=ANSWER_MS)
        expect(notices(page)).to_contain_text("This browser could not keep the conversation")
        expect(page.locator("#asking")).not_to_have_attribute("data-awaiting", "")
    context.close()


def test_what_was_ticked_last_is_asked(page: Page) -> None:
    expect(page.locator("#source-list .cv-used")).to_have_text(f"{DOCUMENTS} of {DOCUMENTS} used")
    go_on = held(page, r"sources/limit")
    boxes = page.locator("#source-list .cv-document input[data-path]")
    boxes.nth(1).uncheck()
    row = page.locator("#source-list .cv-document").filter(has_text="Formats")
    row.locator("summary").click()
    row.get_by_role("button", name="Ask only this").click()
    press_enter(page, MEMBERS)
    go_on()
    expect(replies(page).last).to_contain_text("Asked only of:", timeout=ANSWER_MS)
    expect(page.locator("#source-list .cv-used")).to_have_text(f"1 of {DOCUMENTS} used")


def test_document_that_was_left_does_not_come_back(page: Page) -> None:
    ask(page, "Which organisations does Kazakhstan chair?", "[1]")
    reader = page.locator("#reader")
    first, second = (
        "document?path=docs%2Fkazakhstan-2024%2Ffood-security.html",
        "document?path=docs%2Fguide%2Fformats.md",
    )
    open_document = "link => window.chapterAndVerse.openDocument(link)"
    page.evaluate(open_document, first)
    expect(reader.locator("h2")).to_have_text("Kazakhstan and food security: the IOFS")
    go_on = held(page, r"/find")
    with page.expect_request(re.compile("/find")):
        reader.locator(".cv-find input").fill("hunger")
    page.evaluate(open_document, second)
    expect(reader.locator("h2")).to_have_text("Formats")
    go_on()
    page.wait_for_timeout(300)
    expect(reader.locator("h2")).to_have_text("Formats")
    page.go_back()
    expect(reader.locator("h2")).to_have_text("Kazakhstan and food security: the IOFS")
    page.go_forward()
    expect(reader.locator("h2")).to_have_text("Formats")
    # Closed, whichever documents were open before, and opened again at once.
    reader.get_by_role("button", name="← Sources").click()
    page.evaluate(open_document, first)
    expect(reader.locator("h2")).to_have_text("Kazakhstan and food security: the IOFS")
    page.wait_for_timeout(300)
    expect(reader).to_be_visible()
    # A new conversation closes it; going back from there opens it in the old one.
    begin_conversation(page)
    expect(reader).to_be_hidden()
    page.go_back()
    expect(reader.locator("h2")).to_have_text("Kazakhstan and food security: the IOFS")
    expect(replies(page)).to_have_count(1)
    reader.get_by_role("button", name="← Sources").click()
    expect(reader).to_be_hidden()
    expect(page).not_to_have_url(re.compile("document="))
    expect(replies(page)).to_have_count(1)


def test_card_of_a_number_is_reached_with_the_pointer(page: Page) -> None:
    ask_when_founded(page)
    number = page.locator("#chat a.cv-number").first
    number.scroll_into_view_if_needed()
    at = number.bounding_box()
    assert at
    page.mouse.move(at["x"] + 4, at["y"] + 4)
    card = page.locator("#cv-card")
    expect(card).to_be_visible()
    link = card.get_by_role("link", name="Open").bounding_box()
    assert link
    page.mouse.move(link["x"] + 4, link["y"] + 4, steps=8)
    page.mouse.down()
    page.mouse.up()
    expect(page.locator("#reader h2")).to_have_text("Kazakhstan and food security: the IOFS")
    expect(card).to_have_count(0)
