"""What a user meets, on a large screen, a small one and a phone: one visit to the page each."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import DOCUMENTS
from tests.end_to_end.browsing import (
    ANSWER_MS,
    action,
    contrast,
    html_names,
    notices,
    opened,
    point_at,
    question_box,
    replies,
    server_out_of_reach,
    until_finished,
    until_idle,
    until_sent,
)
from tests.end_to_end.chat_process import GATED, Running, running, uploads_of
from tests.end_to_end.test_source_list import documents, remove, upload_results, used

pytestmark = [pytest.mark.slow, pytest.mark.browser]

SIZES = [(1440, 900, False), (1024, 768, False), (390, 844, True)]

SEVERAL = "Tell me about the IOFS"
"""Answered with three sentences."""

SENTENCES = """answer => [...answer.querySelectorAll("q")].map(quote => {
    const line = quote.closest("p");
    const link = line.querySelector("a");
    const at = new URLSearchParams(link.hash ? link.search : "").get("at");
    const quotes = new URLSearchParams(link.search).getAll("quote");
    return {
        quotes: line.querySelectorAll("q").length,
        number: link.textContent,
        start: Number(quotes[at - 1].split("-")[0]),
        top: line.getBoundingClientRect().top,
    };
})"""

FRAME = """() => {
    const box = document.querySelector(".gradio-container").getBoundingClientRect();
    return [document.documentElement.clientWidth, box.left, box.width];
}"""

HIDDEN = """() => [...document.querySelectorAll(
    "#chat [data-testid='user'], #chat .cv-answer, #sources :is(blockquote, [id] > .cv-place)"
)].filter(each => !each.closest(".cv-details") && !each.checkVisibility()).map(
    each => each.textContent)"""
"""What is asked, answered and quoted, and is not shown."""


@pytest.fixture(scope="module")
def changing(chat: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A chat with a gate, whose library each test leaves as it was."""
    place = tmp_path_factory.mktemp("widths")
    shutil.copytree(chat.index, place / "index")
    with running(place, script=GATED) as started:
        yield started


@pytest.fixture(params=SIZES, ids=lambda size: str(size[0]))
def sized(browser: Browser, changing: Running, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, height, touch = request.param
    with opened(browser, changing.url, width, height, touch=touch) as page:
        yield page


def is_phone(page: Page) -> bool:
    return page.viewport_size is not None and page.viewport_size["width"] == 390


def press(target: Locator) -> None:
    """Tap on a phone, else click."""
    if is_phone(target.page):
        target.tap()
    else:
        target.click()


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def questions(page: Page) -> Locator:
    return page.get_by_role("group", name="Question", exact=True)


def test_what_a_visitor_does_first_works_at_each_width(sized: Page, changing: Running) -> None:
    page = sized
    frame = page.evaluate(FRAME)

    def is_still(state: str) -> None:
        assert page.evaluate(FRAME) == frame, f"the page has another width: {state}"

    expect(page.locator("#sources")).to_contain_text(f"{DOCUMENTS} documents")
    stopped_question_stays(page, changing, is_still)
    sentences_are_quotes_of_their_own(page)
    numbers_show_their_sources(page, is_still)
    question_is_edited(page)
    is_still("a conversation of two turns")
    paper_shows_all(page)
    conversation_is_kept_deleted_and_brought_back(page, is_still)
    files_are_added_and_removed(page, changing, is_still)
    for tab in ("Ask each", "Check", "Ask"):
        press(page.get_by_role("tab", name=tab, exact=True))
        is_still(tab)


def stopped_question_stays(page: Page, changing: Running, is_still: Callable[[str], None]) -> None:
    with changing.shut():
        until_idle(page)
        with server_out_of_reach(page):
            question_box(page).fill(SEVERAL)
            question_box(page).press("Enter")
            expect(questions(page)).to_have_text(SEVERAL)
            expect(action(page, "Helpful")).to_have_count(0)
        expect(page.locator("#sources")).to_contain_text("Being read.")
        expect(action(page, "Helpful")).to_have_count(0)
        is_still("an answer is on its way")
        question_box(page).fill("typed meanwhile")
        question_box(page).press("Enter")
        expect(notices(page)).to_contain_text("An answer is on its way")
        covers_no_tab(page, notices(page).locator("p"))
        press(button(page, "Stop"))
        expect(replies(page)).to_contain_text("This question was not answered")
        expect(questions(page)).to_have_text(SEVERAL)
    until_finished(page)
    until_sent(page, lambda: press(action(page, "Ask again")))
    expect(replies(page)).to_contain_text("[3]", timeout=ANSWER_MS)
    until_finished(page)
    expect(question_box(page)).to_have_value("typed meanwhile")
    expect(questions(page)).to_have_text(SEVERAL)
    question_box(page).fill("")
    is_still("an answer is there")


def sentences_are_quotes_of_their_own(page: Page) -> None:
    lines = replies(page).last.evaluate(SENTENCES)
    assert [line["number"] for line in lines] == ["[1]", "[2]", "[3]"], lines
    assert {line["quotes"] for line in lines} == {1}, lines
    for sorted_by in ("top", "start"):
        values = [line[sorted_by] for line in lines]
        assert values == sorted(set(values)), lines
    assert html_names(page) == []
    percentage = replies(page).last.get_by_text(re.compile(r"^[a-z ]+, \d\d%$"))
    percentage.scroll_into_view_if_needed()
    expect(percentage).to_be_in_viewport()
    expect(action(page, "Helpful")).to_be_visible()


def numbers_show_their_sources(page: Page, is_still: Callable[[str], None]) -> None:
    number = replies(page).last.get_by_role("link", name="[2]", exact=True)
    quote = "The IOFS is one of six international organisations that Kazakhstan chairs in 2024."
    if is_phone(page):
        number.tap()
        shown = page.get_by_role("dialog", name="Source")
        expect(shown.locator("mark")).to_be_in_viewport()
    else:
        point_at(number)
        shown = page.get_by_role("tooltip")
        expect(shown).to_be_in_viewport()
    expect(shown.locator("mark")).to_have_text(quote)
    stands_out(shown.locator("mark"))
    is_still("a number shows its source")
    if is_phone(page):
        press(shown.get_by_role("button", name="Close"))
        expect(shown).to_have_count(0)
    source = page.locator("#sources .cv-source").filter(has=page.get_by_text("[2]", exact=True))
    stands_out(source.locator("mark"))
    # A turn later its source is folded.
    question_box(page).fill("When was the IOFS founded?")
    until_sent(page, lambda: question_box(page).press("Enter"))
    expect(replies(page)).to_have_count(2)
    expect(replies(page).last).to_contain_text("2013", timeout=ANSWER_MS)
    until_finished(page)
    source = page.locator("#cv-1-2")
    expect(source).to_be_hidden()
    number = replies(page).first.get_by_role("link", name="[2]", exact=True)
    press(number)
    if is_phone(page):
        expect(shown.locator("mark")).to_have_text(quote)
        press(shown.get_by_role("button", name="Close"))
        expect(shown).to_have_count(0)
    else:
        expect(source).to_be_focused()
        expect(source.locator("mark")).to_be_in_viewport()
        stands_out(source.locator("mark"))


def stands_out(mark: Locator) -> None:
    """A marked quote can be read, and is seen to be marked."""
    found = contrast(mark)
    assert found.text >= 4.5 and found.surface > 1.05, found


def question_is_edited(page: Page) -> None:
    press(action(page, "Edit the question"))
    expect(question_box(page)).to_have_value("When was the IOFS founded?")
    question_box(page).fill("How many members does the IOFS have?")
    until_sent(page, lambda: question_box(page).press("Enter"))
    expect(replies(page).last).to_contain_text("41", timeout=ANSWER_MS)
    until_finished(page)
    expect(questions(page)).to_have_text([SEVERAL, "How many members does the IOFS have?"])


def paper_shows_all(page: Page) -> None:
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#sources blockquote").count() == 4
    assert page.evaluate(HIDDEN) == []
    last = page.locator("#sources [id] > .cv-place").last
    reaches = "e => e.getBoundingClientRect().bottom + scrollY"
    # Nothing is cut off, nor scrolls within the page.
    assert last.evaluate(reaches) <= page.evaluate("document.documentElement.scrollHeight")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    expect(page.locator("#cv-1-2")).to_be_hidden()


def conversation_is_kept_deleted_and_brought_back(
    page: Page, is_still: Callable[[str], None]
) -> None:
    press(button(page, "New"))
    expect(replies(page)).to_have_count(0)
    is_still("a new conversation")
    press(button(page, "Conversations"))
    dialog = page.get_by_role("dialog", name="Conversations")
    kept = dialog.get_by_role("button", name=SEVERAL, exact=True)
    expect(kept).to_be_visible()
    is_still("the conversations are listed")
    press(dialog.get_by_role("button", name=f"Delete “{SEVERAL}”"))
    expect(kept).to_have_count(0)
    press(dialog.get_by_role("button", name="Undo"))
    press(kept)
    expect(dialog).to_be_hidden()
    expect(questions(page)).to_have_text([SEVERAL, "How many members does the IOFS have?"])
    expect(replies(page).last).to_contain_text("41")


def files_are_added_and_removed(
    page: Page, changing: Running, is_still: Callable[[str], None]
) -> None:
    place = changing.index.parent
    good, bad = place / "mill.txt", place / "broken.pdf"
    good.write_text("The mill was built in 1850.", encoding="utf-8")
    bad.write_bytes(b"%PDF-1.4 nonsense")
    loaded = page.evaluate("performance.timeOrigin")
    drop(page, page.get_by_role("heading", level=1), good, bad)
    is_drawer = not used(page).is_visible()
    if is_drawer:
        press(button(page, "Documents"))
    expect(used(page)).to_be_in_viewport()
    taken, refused = upload_results(page, 2).all()
    expect(taken).to_contain_text("in the library: uploads/mill.txt, 1 passage")
    expect(refused).to_contain_text("not taken: it is damaged or not a valid PDF")
    assert page.evaluate("performance.timeOrigin") == loaded, "the browser opened a file"
    is_still("a file was refused")
    warning = refused.evaluate(BAR)
    assert taken.evaluate(BAR) != warning
    remove(page, "mill.txt")
    done = page.get_by_role("status").filter(has_text="Removed:").locator("p")
    expect(done).to_have_text("Removed: uploads/mill.txt.")
    assert done.evaluate(BAR) != warning
    expect(documents(page).filter(has_text="mill.txt")).to_have_count(0)
    expect(used(page)).to_have_text(f"{DOCUMENTS} of {DOCUMENTS} used")
    assert uploads_of(changing) == []
    if is_drawer:
        press(button(page, "Close the list of documents"))
        expect(used(page)).not_to_be_in_viewport()
    for told in (refused, notices(page).locator("p"), page.get_by_role("alert")):
        covers_no_tab(page, told)


BAR = "told => getComputedStyle(told).borderInlineStartColor"
"""Colour of the bar beside what is told."""


def drop(page: Page, place: Locator, *files: Path) -> None:
    """Drop files of this computer as a user does, not by an event of a script."""
    box = place.bounding_box()
    assert box is not None
    data = {"items": [], "files": list(map(str, files)), "dragOperationsMask": 1}
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2, "data": data}
    devtools = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, **at})
    devtools.detach()


def covers_no_tab(page: Page, told: Locator) -> None:
    for tab in page.get_by_role("tab").all():
        place = tab.bounding_box()
        assert place is not None
        for notice in told.all():
            box = notice.bounding_box()
            assert (
                box is None
                or box["x"] >= place["x"] + place["width"]
                or box["x"] + box["width"] <= place["x"]
                or box["y"] >= place["y"] + place["height"]
                or box["y"] + box["height"] <= place["y"]
            ), notice.text_content()
