"""The tab where questions are asked: answers, sources, examples, follow-ups."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from qa.library.feedback import Feedback
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
    point_at,
    question_box,
    reload,
    replies,
    until_finished,
    until_sent,
)
from tests.end_to_end.chat_process import Running


@pytest.mark.browser
def test_answer_is_quoted_with_its_source_beside_it(page: Page) -> None:
    ask_when_founded(page)
    mark = page.locator("#sources mark")
    expect(mark).to_have_count(1)
    assert mark.text_content() == replies(page).last.locator("q").text_content()
    assert "2013" in (mark.text_content() or "")
    panel = page.get_by_role("region", name="Sources")
    expect(panel.get_by_role("heading", level=3).first).to_have_text(
        "[1] Kazakhstan and food security: the IOFS"
    )
    expect(panel).to_contain_text("Kazakhstan and food security › Foundation and members")
    expect(panel).to_contain_text("docs/kazakhstan-2024/food-security.html")
    expect(replies(page).last).to_contain_text(re.compile(r"Confidence: [a-z ]+, \d\d%"))


@pytest.mark.slow
@pytest.mark.browser
def test_number_shows_its_quote_and_leads_to_its_source(page: Page) -> None:
    ask_when_founded(page)
    ask(page, "Which organisations does Kazakhstan chair?", "[1]")
    number = replies(page).first.get_by_text("[1]")
    point_at(number)
    card = page.get_by_role("tooltip")
    expect(card).to_contain_text("Kazakhstan and food security: the IOFS")
    expect(card.locator("mark")).to_have_text("2013")
    assert card.bounding_box()["width"] == 360  # type: ignore[index]  # it is visible
    expect(card.get_by_role("link", name="Open")).to_be_visible()
    question_box(page).hover()
    expect(card).to_have_count(0)
    number.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(card).to_be_visible()
    # Its source is folded, as an earlier one.
    source = page.locator("#cv-1-1")
    expect(source).to_be_hidden()
    number.press("Enter")
    expect(card).to_have_count(0)
    expect(source).to_be_in_viewport()
    expect(source).to_be_focused()
    bar = "e => getComputedStyle(e, '::before').backgroundColor"
    assert source.evaluate(bar) == "rgb(23, 92, 109)"
    assert source.locator("mark").evaluate("e => getComputedStyle(e).backgroundColor") != (
        source.evaluate("e => getComputedStyle(e).backgroundColor")
    )


@pytest.mark.slow
@pytest.mark.browser
def test_page_of_a_pdf_is_reported(page: Page) -> None:
    ask(page, "What makes Kazakhstan more than a member of international organisations?", "[1]")
    expect(page.locator("#sources ol")).to_contain_text(
        re.compile(r"docs/kazakhstan-2024/expert-view\.pdf · page \d · file of")
    )


@pytest.mark.browser
def test_what_the_documents_do_not_say_is_reported(page: Page) -> None:
    ask(page, "Who won the 2022 World Cup?", "The documents do not say")
    expect(page.locator("#sources")).to_contain_text("Not an answer.")
    expect(page.locator("#sources blockquote")).to_have_count(3)
    expect(page.locator("#sources mark")).to_have_count(0)
    expect(replies(page).last).not_to_contain_text("[1]")


@pytest.mark.slow
@pytest.mark.browser
def test_answer_is_copied_with_its_sources(browser: Browser, chat: Running) -> None:
    with opened(browser, chat.url) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        ask_when_founded(page)
        until_finished(page)
        action(page, "Copy answer and sources").click()
        expect(notices(page)).to_have_text("Copied.")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("## When was the IOFS founded?\n\n**2013**\n\n> ")
        assert "docs/kazakhstan-2024/food-security.html, characters 345–349" in copied


@pytest.mark.slow
@pytest.mark.browser
def test_other_candidates_are_folded_below_the_sources(page: Page) -> None:
    ask_when_founded(page)
    candidates = page.locator("#sources details:not(.cv-details)").first
    expect(candidates.locator("q").first).to_be_hidden()
    candidates.locator("summary").first.click()
    expect(candidates.locator("q").first).to_be_visible()
    expect(candidates).to_contain_text("docs/kazakhstan-2024/")


@pytest.mark.slow
@pytest.mark.browser
def test_examples_are_answered_at_a_click_and_follow_ups_take_their_place(page: Page) -> None:
    offered = page.locator("#examples button")
    expect(offered).to_have_count(4, timeout=2 * ANSWER_MS)
    examples = offered.all_inner_texts()
    assert "What is the default of QA_INDEX?" in examples
    question_box(page).fill("half a question")
    until_sent(page, offered.filter(has_text="QA_INDEX").click)
    expect(replies(page).last).to_contain_text("[1]", timeout=ANSWER_MS)
    expect(offered.first).not_to_have_text(examples[0], timeout=2 * ANSWER_MS)
    follow_ups = offered.all_inner_texts()
    assert 0 < len(follow_ups) <= 3 and "What is the default of QA_INDEX?" not in follow_ups
    # All are about the section that was cited.
    assert all(each.startswith("What is the default of QA_") for each in follow_ups)
    until_sent(page, offered.first.click)
    expect(replies(page)).to_have_count(2, timeout=ANSWER_MS)
    expect(replies(page).last).to_contain_text("very likely right", timeout=ANSWER_MS)
    until_finished(page)
    expect(question_box(page)).to_have_value("half a question")
    for example in examples:
        question_box(page).fill("")
        ask(page, example, "[1]")


@pytest.mark.slow
@pytest.mark.browser
def test_question_blank_or_too_long_is_reported_and_the_next_is_answered(page: Page) -> None:
    question_box(page).press("Enter")
    expect(notices(page)).to_have_text("Type a question first.")
    question_box(page).fill("w" * 2_001)
    until_sent(page, page.get_by_role("button", name="Ask", exact=True).click)
    expect(notices(page)).to_contain_text("2,001 characters, 2,000 at most")
    expect(question_box(page)).to_have_value("w" * 2_001)
    expect(replies(page)).to_have_count(0)
    ask_when_founded(page)


@pytest.mark.slow
@pytest.mark.browser
def test_conversation_is_saved_and_verified(page: Page, chat: Running, tmp_path: Path) -> None:
    ask_when_founded(page)
    for name, link in (("answers.md", "Markdown"), ("receipt.json", "JSON")):
        with page.expect_download() as saving:
            page.locator("#sources").get_by_role("link", name=re.compile(link)).click()
        assert saving.value.suggested_filename == name
        saving.value.save_as(tmp_path / name)
    assert "**2013**" in (tmp_path / "answers.md").read_text(encoding="utf-8")
    verified = subprocess.run(
        [sys.executable, "-m", "qa.cli.main", "verify", tmp_path / "receipt.json"],
        env=os.environ | {"QA_INDEX": str(chat.index)},
        capture_output=True,
        text=True,
    )
    assert verified.returncode == 0, verified.stderr
    assert verified.stdout.startswith("exact: 2013\n")


@pytest.mark.slow
@pytest.mark.browser
def test_answer_is_limited_to_the_documents_chosen(page: Page) -> None:
    page.get_by_role("checkbox", name="docs/kazakhstan-2024 5 documents").uncheck()
    expect(page.locator("#limit-chip .cv-chip-label")).to_have_text(
        f"{DOCUMENTS - 5} of {DOCUMENTS} documents"
    )
    ask(page, "When was the IOFS founded?", "The documents do not say")
    expect(replies(page).last).to_contain_text("Asked only of: docs/guide.")
    expect(page.locator("#sources .cv-place").first).to_contain_text("docs/guide/")


@pytest.mark.slow
@pytest.mark.browser
def test_three_follow_ups_are_rewritten_and_a_wrong_rewriting_is_corrected(page: Page) -> None:
    ask_when_founded(page)
    expect(replies(page).last).not_to_contain_text("Understood as")
    ask(page, "And how many members does it have?", "41")
    expect(replies(page).last).to_contain_text(re.compile("Understood as: .*IOFS"))
    ask(page, "Where did its sixth General Assembly meet?", "Doha")
    action(page, "Change").click()
    expect(question_box(page)).to_have_value(re.compile("IOFS.* sixth General Assembly"))
    enter(page, "How much aid did Kazakhstan send to Syria?")
    expect(replies(page).last).to_contain_text("50 tons", timeout=ANSWER_MS)
    expect(replies(page)).to_have_count(3)
    expect(replies(page).last).to_contain_text("Understood as: How much aid did Kazakhstan send")
    until_finished(page)
    # Another subject is not polluted by the turns before.
    ask(page, "Which formats are read?", "[1]")
    expect(replies(page).last).not_to_contain_text("Understood as")
    reload(page)
    expect(replies(page)).to_have_count(4)


@pytest.mark.slow
@pytest.mark.browser
def test_two_questions_are_both_answered_and_small_talk_cites_nothing(page: Page) -> None:
    ask(page, "When was the IOFS founded and how many members does it have?", "[2]")
    for text in ("2013", "41"):
        expect(replies(page).last).to_contain_text(text)
    expect(page.locator("#sources .cv-source mark")).to_have_count(2)
    ask(page, "hello", f"{DOCUMENTS} documents")
    expect(replies(page).last).not_to_contain_text("[")


@pytest.mark.slow
@pytest.mark.browser
def test_rating_is_stored_with_its_note(page: Page, chat: Running) -> None:
    question = "In which year was the IOFS founded?"  # No other test rates its answer.
    ask(page, question, "2013")

    def stored() -> list[tuple[str | None, bool, str]]:
        return [
            (entry.answer.text, entry.liked, entry.note)
            for entry in Feedback(chat.index).entries()
            if entry.answer.question == question
        ]

    action(page, "Not helpful").click()
    expect(action(page, "Not helpful")).to_have_attribute("aria-pressed", "true")
    note = page.get_by_label("Your opinion of the answer")
    expect(page.locator("#rated")).to_have_text(
        "Your opinion of the answer to “In which year was the IOFS founded?”"
    )
    note.fill("It was 2012.")
    note.press("Enter")
    expect(note).to_be_hidden()
    expect(page.locator("#notice")).to_have_text("Noted.")
    assert stored() == [("2013", False, "It was 2012.")]
    action(page, "Helpful").click()
    expect(note).to_be_visible()
    expect(page.locator("#notice")).to_have_text("")
    assert stored() == [("2013", True, "")]
    page.get_by_role("button", name="No thanks").click()
    expect(note).to_be_hidden()
    # It is asked for as long as that answer is the last one and is rated.
    action(page, "Not helpful").click()
    expect(note).to_be_visible()
    action(page, "Not helpful").click()
    expect(note).to_be_hidden()
    action(page, "Helpful").click()
    expect(note).to_be_visible()
    ask(page, "How many members does the IOFS have?", "41")
    expect(note).to_be_hidden()
    action(page, "Helpful").click()
    expect(page.locator("#rated")).to_contain_text("How many members")
    begin_conversation(page)
    expect(note).to_be_hidden()


@pytest.mark.slow
@pytest.mark.browser
def test_two_pages_ask_at_once_and_each_gets_its_own_answer(
    browser: Browser, chat: Running
) -> None:
    with opened(browser, chat.url) as one, opened(browser, chat.url) as other:
        question_box(one).fill("When was the IOFS founded?")
        question_box(other).fill("How much humanitarian aid was sent to Syria?")
        question_box(one).press("Enter")
        question_box(other).press("Enter")
        expect(replies(one).last).to_contain_text("2013", timeout=ANSWER_MS)
        expect(replies(other).last).to_contain_text("50 tons", timeout=ANSWER_MS)
        expect(replies(one)).to_have_count(1)
        expect(replies(other)).to_have_count(1)
