"""Conversations: reloaded, edited, stopped, left and found again, and shared by tabs."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

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
    server_out_of_reach,
    until_finished,
    until_idle,
    until_sent,
)
from tests.end_to_end.chat_process import Running

MEMBERS = "How many members does the IOFS have?"


@pytest.mark.browser
def test_reload_keeps_the_conversation(page: Page) -> None:
    ask_when_founded(page)
    ask(page, "Who won the 2022 World Cup?", "The documents do not say")
    before = page.locator("#sources").inner_text()
    reload(page)
    expect(replies(page)).to_have_count(2)
    expect(replies(page).first).to_contain_text("2013")
    assert page.locator("#sources").inner_text() == before
    ask_when_founded(page)
    expect(page.locator("#sources details:not(.cv-details)")).to_have_count(4)
    until_finished(page)
    begin_conversation(page)
    expect(page.locator("#sources")).to_contain_text(f"{DOCUMENTS} documents")


@pytest.mark.browser
def test_question_stands_in_the_chat_before_the_server_has_replied(
    page: Page,
) -> None:
    until_idle(page)
    with server_out_of_reach(page):
        question_box(page).fill(MEMBERS)
        question_box(page).press("Enter")
        expect(page.get_by_role("group", name="Question")).to_have_text(MEMBERS)
        expect(replies(page)).to_have_text("Sending …")
        expect(question_box(page)).to_have_value("")
    expect(replies(page).last).to_contain_text("41", timeout=ANSWER_MS)


@pytest.mark.slow
@pytest.mark.browser
def test_question_is_edited_and_asked_again(page: Page) -> None:
    ask(page, "Who won the World's R&D Cup for {x} <b>?", "The documents do not say")
    ask(page, "Who won?", "The documents do not say")
    replies(page).first.get_by_role("button", name="Edit the question").click()
    expect(question_box(page)).to_be_focused()
    expect(question_box(page)).to_have_value("Who won the World's R&D Cup for {x} <b>?")
    page.keyboard.press("Escape")
    expect(question_box(page)).to_have_value("")
    expect(replies(page)).to_have_count(2)
    replies(page).first.get_by_role("button", name="Edit the question").click()
    expect(question_box(page)).to_have_value("Who won the World's R&D Cup for {x} <b>?")
    enter(page, "When was the IOFS founded?")
    expect(replies(page)).to_have_count(1)
    expect(replies(page).last).to_contain_text("2013", timeout=ANSWER_MS)
    until_finished(page)
    # The same answer comes again.
    until_sent(page, action(page, "Ask again").click)
    until_finished(page)
    expect(replies(page)).to_have_count(1)
    expect(replies(page).last).to_contain_text("2013", timeout=ANSWER_MS)
    question_box(page).press("ArrowUp")
    expect(question_box(page)).to_have_value("When was the IOFS founded?")
    reload(page)
    expect(replies(page)).to_have_count(1)


@pytest.mark.slow
@pytest.mark.browser
def test_question_edited_into_one_that_fails_takes_no_other_with_it(page: Page) -> None:
    ask_when_founded(page)
    ask(page, "Who won the 2022 World Cup?", "The documents do not say")
    replies(page).first.get_by_role("button", name="Edit the question").click()
    expect(question_box(page)).to_have_value("When was the IOFS founded?")
    enter(page, "why " * 300)
    expect(replies(page).last).to_contain_text("too many words", timeout=ANSWER_MS)
    until_finished(page)
    reload(page)
    expect(replies(page)).to_have_count(2)
    expect(replies(page).first).to_contain_text("2013")


def until_answered(browser: Browser, gated: Running) -> None:
    """Wait until what was being answered has come to its end: another page is answered then."""
    with opened(browser, gated.url) as other:
        ask_when_founded(other)


@pytest.mark.slow
@pytest.mark.browser
def test_stop_leaves_the_question_in_the_chat(browser: Browser, gated: Running) -> None:
    with opened(browser, gated.url) as page:
        ask_when_founded(page)
        with gated.shut():
            enter(page, MEMBERS)
            # The nearest passages are there before the answer is.
            expect(page.locator("#sources")).to_contain_text("Being read.")
            expect(action(page, "Helpful")).to_have_count(0)
            question_box(page).fill("typed meanwhile")
            question_box(page).press("Enter")
            expect(notices(page)).to_contain_text("An answer is on its way")
            page.get_by_role("button", name="Stop").click()
            expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
            expect(replies(page)).to_have_count(2)
            expect(replies(page).last).to_contain_text("This question was not answered")
            expect(page.locator("#chat")).to_contain_text(MEMBERS)
            expect(page.locator("#sources")).not_to_contain_text("Being read.")
        until_answered(browser, gated)
        expect(replies(page).last).to_contain_text("This question was not answered")
        expect(question_box(page)).to_have_value("typed meanwhile")
        until_sent(page, action(page, "Ask again").click)
        expect(replies(page).last).to_contain_text("41", timeout=ANSWER_MS)
        expect(replies(page)).to_have_count(2)
        expect(question_box(page)).to_have_value("typed meanwhile")


@pytest.mark.slow
@pytest.mark.browser
def test_conversation_that_is_left_gets_no_answer_that_was_on_its_way(
    browser: Browser, gated: Running
) -> None:
    with opened(browser, gated.url) as page:
        ask_when_founded(page)
        with gated.shut():
            enter(page, f"{MEMBERS} Please?")
            expect(page.locator("#sources")).to_contain_text("Being read.")
            begin_conversation(page)
        until_answered(browser, gated)
        expect(replies(page)).to_have_count(0)
        expect(page.locator("#sources")).to_contain_text(f"{DOCUMENTS} documents")
        page.go_back()
        expect(replies(page)).to_have_count(2)
        expect(replies(page).last).to_contain_text("This question was not answered")


@pytest.mark.slow
@pytest.mark.browser
def test_question_that_waited_while_its_conversation_was_left_is_not_answered(
    browser: Browser, gated: Running
) -> None:
    with opened(browser, gated.url) as first, opened(browser, gated.url) as second:
        ask_when_founded(second)
        with gated.shut():
            question_box(first).fill("When was the IOFS founded, I wonder?")
            question_box(first).press("Enter")
            expect(first.locator("#sources")).to_contain_text("Being read.")
            with second.expect_response(re.compile("/queue/join")):
                enter(second, MEMBERS)
            begin_conversation(second)
        expect(replies(first).last).to_contain_text("2013", timeout=ANSWER_MS)
        until_answered(browser, gated)
        expect(replies(second)).to_have_count(0)
        ask_when_founded(second)


@pytest.mark.slow
@pytest.mark.browser
def test_tabs_that_ask_in_one_conversation_keep_the_turns_of_both(page: Page) -> None:
    ask_when_founded(page)
    expect(page).to_have_url(re.compile("#conversation="))
    other = page.context.new_page()
    other.goto(page.url)
    expect(replies(other)).to_have_count(1)
    question_box(other).fill(MEMBERS)
    question_box(other).press("Enter")
    expect(replies(other)).to_have_count(2)
    expect(replies(other).last).to_contain_text("41", timeout=ANSWER_MS)
    # The first tab is told.
    expect(replies(page)).to_have_count(2)
    expect(replies(page).last).to_contain_text("41")
    until_idle(page)
    ask(page, "Who won the 2022 World Cup?", "The documents do not say")
    expect(replies(page)).to_have_count(3)
    expect(replies(other)).to_have_count(3)
    expect(replies(other).last).to_contain_text("The documents do not say")
    reload(other)
    for each in (page, other):
        expect(replies(each)).to_have_count(3)
        expect(replies(each).nth(1)).to_contain_text("41")


@pytest.mark.slow
@pytest.mark.browser
def test_conversations_are_found_renamed_deleted_and_brought_back(
    page: Page, tmp_path: Path
) -> None:
    ask_when_founded(page)
    begin_conversation(page)
    ask(page, "Who won the 2022 World Cup?", "The documents do not say")
    expect(page).to_have_title("Who won the 2022 World Cup? · Chapter and Verse")
    page.get_by_role("button", name="Conversations").click()
    dialog = page.get_by_role("dialog", name="Conversations")
    names = dialog.locator(".cv-conversation")
    expect(names).to_have_text(["Who won the 2022 World Cup?", "When was the IOFS founded?"])
    dialog.get_by_label("Search conversations").fill("iofs FOUNDED")
    expect(names).to_have_text(["When was the IOFS founded?"])
    dialog.get_by_role("button", name="Rename “When was the IOFS founded?”").click()
    dialog.get_by_label("Name of the conversation").fill("The <b>IOFS</b>")
    page.keyboard.press("Enter")
    expect(names).to_have_text(["The <b>IOFS</b>"])
    dialog.get_by_label("Search conversations").fill("")
    expect(names).to_have_text(["Who won the 2022 World Cup?", "The <b>IOFS</b>"])
    with page.expect_download() as saving:
        dialog.get_by_role("button", name="Export all").click()
    exported = tmp_path / saving.value.suggested_filename
    saving.value.save_as(exported)
    assert len(json.loads(exported.read_text())["conversations"]) == 2
    delete = dialog.get_by_role("button", name="Delete “The <b>IOFS</b>”")
    delete.click()
    expect(names).to_have_count(1)
    expect(dialog.locator(".cv-toast")).to_have_css("padding-left", "14.4px")
    dialog.get_by_role("button", name="Undo").click()
    expect(names).to_have_count(2)
    delete.click()
    expect(names).to_have_count(1)
    dialog.locator("input[type=file]").set_input_files(exported)
    expect(names).to_have_count(2)
    names.filter(has_text="The <b>IOFS</b>").click()
    expect(dialog).to_be_hidden()
    expect(replies(page)).to_have_count(1)
    expect(replies(page).last).to_contain_text("2013")
    page.get_by_role("button", name="Conversations").click()
    # A row that is no turn would spoil its whole conversation.
    content = json.loads(exported.read_text())
    content["conversations"][0]["turns"][0]["row"] = "{"
    for name, text in (("other", '{"conversations": [{"id": 1}]}'), ("bad", json.dumps(content))):
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
        dialog.locator("input[type=file]").set_input_files(tmp_path / f"{name}.json")
        expect(notices(page)).to_contain_text("This file holds no exported conversations")
        expect(notices(page)).to_be_empty()
