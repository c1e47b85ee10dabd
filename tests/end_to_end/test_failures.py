"""A page whose server is busy, broken or gone: it says so and goes on."""

import re
import sqlite3
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.browsing import (
    ANSWER_MS,
    action,
    ask,
    ask_when_founded,
    enter,
    notices,
    opened,
    question_box,
    recovering,
    reload,
    replies,
    until_finished,
    until_sent,
)
from tests.end_to_end.chat_process import Running, running


def ask_next(page: Page, question: str, problem: str) -> None:
    """Ask in place of what came to nothing, and wait until it is being answered."""
    until_finished(page)
    expect(question_box(page)).to_be_enabled()
    expect(question_box(page)).to_have_value("")
    enter(page, question)
    expect(replies(page).last).not_to_contain_text(problem)


@pytest.mark.slow
@pytest.mark.browser
def test_full_queue_is_told_as_the_reply(browser: Browser, gated: Running) -> None:
    with (
        opened(browser, gated.url) as first,
        opened(browser, gated.url) as second,
        opened(browser, gated.url) as third,
    ):
        with gated.shut():
            for page in (first, second):
                question_box(page).fill("When was the IOFS founded?")
                with page.expect_response(re.compile("/queue/join")):
                    question_box(page).press("Enter")
                if page is first:
                    expect(replies(page).last).to_contain_text(
                        re.compile("Reading 1[0-9] passages")
                    )
            question_box(third).fill("When was the IOFS founded?")
            question_box(third).press("Enter")
            expect(replies(third).last).to_contain_text("Try again in a moment.")
        for page in (first, second):
            expect(replies(page).last).to_contain_text("2013", timeout=ANSWER_MS)
        question_box(third).fill("When was the IOFS founded?")
        question_box(third).press("Enter")
        expect(replies(third).last).to_contain_text("2013", timeout=ANSWER_MS)


@pytest.mark.slow
@pytest.mark.browser
def test_refused_event_leaves_the_question_to_ask_again(browser: Browser, gated: Running) -> None:
    with opened(browser, gated.url) as page:
        join = re.compile("/queue/join")
        page.route(join, lambda route: route.fulfill(status=429, body="Too many questions"))
        question_box(page).fill("When was the IOFS founded?")
        question_box(page).press("Enter")
        expect(notices(page)).to_contain_text("The question was not answered")
        with recovering(page):
            expect(question_box(page)).to_be_enabled()
            expect(question_box(page)).to_have_value("When was the IOFS founded?")
        page.unroute(join)
        with recovering(page):
            until_sent(page, lambda: question_box(page).press("Enter"))
            expect(replies(page)).to_have_count(1)
        expect(replies(page).last).to_contain_text("2013", timeout=ANSWER_MS)


@pytest.mark.slow
@pytest.mark.browser
def test_unforeseen_error_is_reported_and_logged_and_the_chat_goes_on(
    browser: Browser, gated: Running
) -> None:
    with opened(browser, gated.url) as page:
        question_box(page).fill("boom")
        question_box(page).press("Enter")
        expect(replies(page).last).to_contain_text("Something went wrong", timeout=ANSWER_MS)
        with recovering(page):
            expect(replies(page).last).not_to_contain_text("RuntimeError")
            ask_next(page, "When was the IOFS founded?", "Something went wrong")
        expect(replies(page).last).to_contain_text("2013", timeout=ANSWER_MS)
        # What was not answered stays to be asked again.
        expect(replies(page)).to_have_count(2)
    assert gated.logged().count("RuntimeError: boom") == 1


@pytest.mark.slow
@pytest.mark.browser
def test_damaged_index_is_reported_and_the_chat_goes_on(browser: Browser, gated: Running) -> None:
    with opened(browser, gated.url) as page:
        ask_when_founded(page)
        _execute(gated.index, "UPDATE passage SET text = text || '!'")
        # The answers to the other questions are cached.
        question = "Where did the sixth General Assembly of the IOFS meet?"
        ask(page, question, "damaged")
        assert str(gated.index.parent) not in page.content()
        _execute(gated.index, "UPDATE passage SET text = substr(text, 1, length(text) - 1)")
        with recovering(page):
            ask_next(page, question, "damaged")
        expect(replies(page).last).to_contain_text("Doha", timeout=ANSWER_MS)
    assert str(gated.index) in gated.logged()


@pytest.mark.slow
@pytest.mark.browser
def test_page_goes_on_by_itself_once_the_server_is_back(
    browser: Browser, chat: Running, tmp_path: Path
) -> None:
    with (
        running(tmp_path / "before", index=chat.index) as before,
        opened(browser, before.url) as page,
    ):
        ask_when_founded(page)
        begun = time.monotonic()
        reload(page)
        expect(replies(page).first).to_contain_text("2013")
        loaded = time.monotonic() - begun
        before.process.kill()
        before.process.wait()
        question_box(page).fill("How many members does the IOFS have?")
        question_box(page).press("Enter")
        lost = page.get_by_text("Connection to the server was lost")
        expect(lost).to_be_visible()
        port = ["--port", before.url.rpartition(":")[2]]
        with running(tmp_path / "after", index=chat.index, options=port):
            back = time.monotonic()
            # Gradio loads the page anew; the conversation is in the browser.
            expect(lost).to_have_count(0)
            expect(replies(page).first).to_contain_text("2013")
            # The question is not lost: it stays there, or in the box if it was not sent at all.
            until_finished(page)
            if question_box(page).input_value():
                question_box(page).press("Enter")
            else:
                expect(replies(page).last).to_contain_text("This question was not answered")
                action(page, "Ask again").click()
            expect(replies(page)).to_have_count(2)
            # The page is loaded anew, and shown once it has settled.
            assert time.monotonic() - back < 8 + 4 * loaded
            expect(replies(page).last).to_contain_text("41", timeout=ANSWER_MS)


def _execute(index: Path, statement: str) -> None:
    connection = sqlite3.connect(index / "library.sqlite")
    with connection:
        connection.execute(statement)
    connection.close()
