"""The page on small screens: it scrolls, what is typed stays in reach, numbers open a sheet."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.browsing import ANSWER_MS, opened, question_box, replies
from tests.end_to_end.chat_process import Running

SCREENS = [(390, 844), (640, 360), (720, 450)]
"""A phone, one that is held sideways, and a window of 1440 by 900 at 200%."""


def ask_by_touch(page: Page, question: str) -> None:
    count = replies(page).count()
    question_box(page).fill(question)
    page.get_by_role("button", name="Ask", exact=True).tap()
    expect(replies(page)).to_have_count(count + 1)
    expect(replies(page).last).to_contain_text("[1]", timeout=ANSWER_MS)


def touch_upwards(page: Page) -> None:
    """Move a finger upwards on the screen, again and again."""
    session = page.context.new_cdp_session(page)
    size = page.viewport_size
    assert size is not None
    x, bottom, top = size["width"] // 2, size["height"] * 2 // 3, size["height"] // 6

    def send(kind: str, *points: int) -> None:
        touching = {"type": kind, "touchPoints": [{"x": x, "y": y} for y in points]}
        session.send("Input.dispatchTouchEvent", touching)

    for _ in range(20):
        send("touchStart", bottom)
        for y in range(bottom, top, -20):
            send("touchMove", y)
        send("touchEnd")


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), SCREENS)
@pytest.mark.parametrize("how", ["wheel", "touch"])
def test_last_source_is_reached_and_the_box_stays(
    browser: Browser, chat: Running, width: int, height: int, how: str
) -> None:
    with opened(browser, chat.url, width, height, touch=True) as page:
        ask_by_touch(page, "When was the IOFS founded?")
        ask_by_touch(page, "Tell me about the IOFS")
        last = page.locator("#sources .cv-export")
        expect(last).not_to_be_in_viewport()
        page.evaluate("scrollTo(0, 0)")
        if how == "wheel":
            page.mouse.move(width / 2, height / 3)
            page.mouse.wheel(0, 20_000)
        else:
            touch_upwards(page)
        expect(last).to_be_in_viewport()
        expect(question_box(page)).to_be_in_viewport(ratio=1)
        # The box covers nothing of it.
        page.wait_for_function("""() => {
            const box = document.querySelector("#dock").getBoundingClientRect();
            return document.querySelector(".cv-export").getBoundingClientRect().bottom <= box.top;
        }""")


@pytest.mark.slow
@pytest.mark.browser
def test_number_that_is_tapped_opens_its_passage(browser: Browser, chat: Running) -> None:
    with opened(browser, chat.url, 390, 844, touch=True) as page:
        ask_by_touch(page, "When was the IOFS founded?")
        # An answer may be as wide as the page.
        expect(page.locator("#chat .bot-row")).to_have_css("max-width", "100%")
        number = replies(page).last.get_by_text("[1]")
        box = number.bounding_box()
        assert box is not None and min(box["width"], box["height"]) >= 24
        number.tap()
        sheet = page.get_by_role("dialog", name="Source")
        expect(sheet.locator("mark")).to_have_text("2013")
        expect(sheet.locator("mark")).to_be_in_viewport()
        sheet.get_by_role("button", name="Close").tap()
        expect(sheet).to_have_count(0)


SMALL_TARGETS = """() => [...document.querySelectorAll("button, a, input, textarea, summary")]
    .filter(each => each.checkVisibility({visibilityProperty: true}))
    .filter(each => !each.closest("p:not(.cv-mode), .visually-hidden"))
    .map(each => [each.textContent.trim() || each.id, each.getBoundingClientRect()])
    .filter(([, box]) => box.width && (box.width < 24 || box.height < 24))
    .map(([name, box]) => [name, box.width, box.height])"""
"""Links within text may be smaller."""


@pytest.mark.slow
@pytest.mark.browser
def test_targets_are_large_enough_for_a_finger(browser: Browser, chat: Running) -> None:
    with opened(browser, chat.url, 390, 844, touch=True) as page:
        ask_by_touch(page, "When was the IOFS founded?")
        assert page.evaluate(SMALL_TARGETS) == []
