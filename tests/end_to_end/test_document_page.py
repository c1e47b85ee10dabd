"""Whole documents, to which citations lead."""

import urllib.request

import pytest
from playwright.sync_api import Page, expect

from tests.end_to_end.browsing import ask, ask_when_founded, replies
from tests.end_to_end.chat_process import QUOTE_ROUTE, Running, fetch


@pytest.mark.browser
def test_number_leads_to_the_quote_in_its_document(page: Page) -> None:
    ask_when_founded(page)
    ask(page, "Who won the 2022 World Cup?", "The documents do not say")
    with page.context.expect_page() as opening:
        replies(page).first.get_by_text("[1]").click(modifiers=["Control"])
    expect(opening.value.locator("mark")).to_have_text("2013")
    expect(opening.value.locator("mark")).to_be_in_viewport()
    assert opening.value.evaluate("window.opener") is None


@pytest.mark.slow
@pytest.mark.browser
def test_quote_is_marked_in_the_picture_of_its_page(page: Page) -> None:
    ask(page, "What makes Kazakhstan more than a member of international organisations?", "[1]")
    with page.context.expect_page() as opening:
        replies(page).last.get_by_text("[1]").click(modifiers=["Control"])
    picture = opening.value.get_by_role(
        "img", name="Page 2 as printed, the quote marked where it is found"
    )
    expect(picture).to_be_visible()
    picture.evaluate("image => image.decode()")
    drawn = [picture.evaluate(f"image => image.natural{side}") for side in ("Width", "Height")]
    assert drawn == [990, 1400]
    status, headers = fetch(picture.evaluate("image => image.src"))
    assert (status, headers["content-type"]) == (200, "image/png")


@pytest.mark.browser
def test_page_of_a_document_shows_all_of_it(page: Page, chat: Running) -> None:
    page.goto(f"{chat.url}/{QUOTE_ROUTE}")
    expect(page.locator("h1").first).to_have_text("Formats")
    expect(page.locator("main")).to_contain_text("Word")
    # What only a check needs is folded.
    digest = page.get_by_text("SHA-256 of the file")
    expect(digest).to_be_hidden()
    page.get_by_text("Details").click()
    expect(digest).to_be_visible()
    expect(page.get_by_role("link", name="0–7")).to_be_visible()


def test_document_page_holds_no_script_and_asks_for_nothing(chat: Running) -> None:
    with urllib.request.urlopen(f"{chat.url}/{QUOTE_ROUTE}") as reply:
        text, policy = reply.read().decode("utf-8"), reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "<mark>Formats</mark>" in text and "<script" not in text


def test_document_that_changed_since_it_was_quoted_is_marked_so(chat: Running) -> None:
    with urllib.request.urlopen(f"{chat.url}/{QUOTE_ROUTE}&sha256=00ff") as reply:
        text = reply.read().decode("utf-8")
    assert "has changed since it was quoted" in text and "<mark>" not in text


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("path=docs/guide/nothing.md", 404),
        ("path=../../etc/passwd", 404),
        ("path=docs", 404),
        ("path=%00", 404),
        ("", 422),
        ("path=docs/guide/formats.md&quote=x&quote=9-1&quote=0-999999999", 200),
        ("path=docs/guide/formats.md&part=99", 200),
        ("path=docs/guide/formats.md&part=-1", 422),
    ],
)
def test_odd_address_of_a_document_is_answered(chat: Running, asked: str, status: int) -> None:
    assert fetch(f"{chat.url}/document?{asked}")[0] == status
