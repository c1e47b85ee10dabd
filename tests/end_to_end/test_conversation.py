"""A conversation that is reloaded, edited, stopped and cleared, also while a reply is awaited."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.browsing import (
    ANSWER_MS,
    ask,
    ask_when_founded,
    enter,
    opened,
    question_box,
    replies,
    until_finished,
    until_sent,
)
from tests.end_to_end.chat_process import Running


@pytest.mark.slow
@pytest.mark.browser
def test_clearing_forgets_the_chat(page: Page) -> None:
    ask_when_founded(page)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#sources")).to_contain_text("12 documents")
    ask_when_founded(page)
    expect(page.locator("#sources details")).to_have_count(1)


@pytest.mark.browser
def test_reload_keeps_the_conversation(page: Page) -> None:
    ask_when_founded(page)
    ask(page, "Who won the 2022 World Cup?", "The documents do not say")
    before = page.locator("#sources").inner_text()
    page.reload()
    expect(replies(page)).to_have_count(2)
    expect(replies(page).first).to_contain_text("2013")
    assert page.locator("#sources").inner_text() == before
    ask_when_founded(page)
    expect(page.locator("#sources details")).to_have_count(4)
    until_finished(page)
    page.get_by_role("button", name="Clear").click()
    expect(replies(page)).to_have_count(0)
    page.reload()
    expect(page.locator("#sources")).to_contain_text("12 documents")
    expect(replies(page)).to_have_count(0)


@pytest.mark.slow
@pytest.mark.browser
def test_question_is_edited_asked_again_and_taken_back(page: Page) -> None:
    ask(page, "Who won the World's R&D Cup for {x}?", "The documents do not say")
    page.get_by_role("button", name="Edit").first.click()
    editor = page.locator("#chat textarea")
    expect(editor).to_have_value("Who won the World's R&D Cup for {x}?")
    editor.fill("When was the IOFS founded?")
    until_sent(page, page.get_by_role("button", name="Submit").click)
    expect(replies(page)).to_have_count(1)
    expect(replies(page).last).to_contain_text("2013", timeout=ANSWER_MS)
    until_finished(page)
    # The same answer comes again, which the page does not show.
    until_sent(page, page.get_by_role("button", name="Retry").click)
    until_finished(page)
    expect(replies(page)).to_have_count(1)
    expect(replies(page).last).to_contain_text("2013", timeout=ANSWER_MS)
    page.get_by_role("button", name="Undo").click()
    expect(replies(page)).to_have_count(0)
    expect(question_box(page)).to_have_value("When was the IOFS founded?")
    expect(page.locator("#sources")).to_contain_text("12 documents")


@pytest.mark.slow
@pytest.mark.browser
def test_question_edited_into_one_that_fails_takes_no_other_with_it(page: Page) -> None:
    ask_when_founded(page)
    ask(page, "Who won the 2022 World Cup?", "The documents do not say")
    page.get_by_role("button", name="Edit").first.click()
    page.locator("#chat textarea").fill("why " * 300)
    until_sent(page, page.get_by_role("button", name="Submit").click)
    expect(replies(page).last).to_contain_text("too many words", timeout=ANSWER_MS)
    until_finished(page)
    page.reload()
    expect(replies(page)).to_have_count(2)
    expect(replies(page).first).to_contain_text("2013")


def until_answered(browser: Browser, gated: Running) -> None:
    """Wait until what was being answered has come to its end: another page is answered then."""
    with opened(browser, gated.url) as other:
        ask_when_founded(other)


@pytest.mark.slow
@pytest.mark.browser
def test_stop_gives_the_question_up(browser: Browser, gated: Running) -> None:
    with opened(browser, gated.url) as page:
        ask_when_founded(page)
        gated.gate.touch()
        enter(page, "How many members does the IOFS have?")
        # The nearest passages are there before the answer is.
        expect(page.locator("#sources")).to_contain_text("Being read.")
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
        expect(replies(page)).to_have_count(1)
        expect(page.locator("#sources")).not_to_contain_text("Being read.")
        gated.gate.unlink()
        until_answered(browser, gated)
        expect(replies(page)).to_have_count(1)
        ask(page, "How many members does the IOFS have?", "41")
        expect(replies(page)).to_have_count(2)


@pytest.mark.slow
@pytest.mark.browser
def test_cleared_chat_stays_cleared_though_an_answer_was_on_its_way(
    browser: Browser, gated: Running
) -> None:
    with opened(browser, gated.url) as page:
        ask_when_founded(page)
        gated.gate.touch()
        enter(page, "How many members does the IOFS have, please?")
        expect(page.locator("#sources")).to_contain_text("Being read.")
        page.get_by_role("button", name="Clear").click()
        gated.gate.unlink()
        until_answered(browser, gated)
        for _ in range(2):
            expect(replies(page)).to_have_count(0)
            expect(page.locator("#sources")).to_contain_text("12 documents")
            page.reload()


@pytest.mark.slow
@pytest.mark.browser
def test_question_that_waited_while_the_chat_was_cleared_brings_nothing_back(
    browser: Browser, gated: Running
) -> None:
    with opened(browser, gated.url) as first, opened(browser, gated.url) as second:
        ask_when_founded(second)
        gated.gate.touch()
        question_box(first).fill("When was the IOFS founded, I wonder?")
        question_box(first).press("Enter")
        expect(first.locator("#sources")).to_contain_text("Being read.")
        with second.expect_response(re.compile("/queue/join")):
            enter(second, "How many members does the IOFS have?")
        second.get_by_role("button", name="Clear").click()
        expect(replies(second)).to_have_count(0)
        gated.gate.unlink()
        expect(replies(first).last).to_contain_text("2013", timeout=ANSWER_MS)
        expect(second.locator("#notice")).to_contain_text("ask it again", timeout=ANSWER_MS)
        expect(question_box(second)).to_have_value("How many members does the IOFS have?")
        for _ in range(2):
            expect(replies(second)).to_have_count(0)
            second.reload()
