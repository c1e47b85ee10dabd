"""The chat as its users meet it: a process, a port and a browser."""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as NotInTime

from qa.library.feedback import Feedback
from qa.web.messages import LIBRARY_UNCHANGED

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
SECONDS = 60
QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
)

# A busy machine is slow; what is expected soon is timed where it is.
expect.set_options(timeout=20_000)


@dataclass(frozen=True)
class Running:
    """The chat, running."""

    process: subprocess.Popen[bytes]
    url: str
    index: Path
    log: Path

    def logged(self) -> str:
        return self.log.read_text(encoding="utf-8")


@contextmanager
def running(
    place: Path,
    folder: Path | None = None,
    index: Path | None = None,
    script: str = "app.py",
    options: Sequence[str] = (),
) -> Iterator[Running]:
    """The chat on a free port; ``script`` is the file to run, or the code if it has lines."""
    place.mkdir(parents=True, exist_ok=True)
    index = index or place / "index"
    log = place / "log"
    start = ["-c", script] if "\n" in script else [script]
    command = [sys.executable, *start, "--port", "0", "--index", str(index), *options]
    with (
        log.open("wb") as file,
        subprocess.Popen(
            [*command, *([str(folder)] if folder else [])], cwd=ROOT, stdout=file, stderr=file
        ) as process,
    ):
        try:
            url = _address(process, log)
            _until_healthy(url)
            yield Running(process, url, index, log)
        finally:
            process.kill()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        found = re.search(r" at (http://\S+) \(Ctrl-C ends it\)", log.read_text(encoding="utf-8"))
        if found:
            return found[1]
        time.sleep(0.05)
    raise AssertionError(f"the chat did not start:\n{log.read_text(encoding='utf-8')}")


def _until_healthy(url: str) -> None:
    with urllib.request.urlopen(f"{url}/healthz", timeout=SECONDS) as reply:
        assert json.load(reply) == {"status": "ok"}


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "app.py", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("chat")) as started:
        yield started


def chromium() -> str | None:
    """Where Chromium lies, if it is there."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = chromium()
    if not found:
        pytest.skip("NO CHROMIUM FOUND: the page is NOT tested; install it, or name it in CHROMIUM")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield opened
        opened.close()


@contextmanager
def opened(
    browser: Browser, url: str, width: int = 1440, height: int = 900, dark: bool = False
) -> Iterator[Page]:
    """The page in a browser of its own, which may talk to nobody else and run no script of ours.

    Nor may any page that is opened from it.
    """
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
    )
    context.set_default_timeout(30_000)
    asked: list[str] = []
    errors: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on("dialog", lambda dialog: errors.append(f"a dialog opened: {dialog.message}"))
    page = context.new_page()
    page.goto(url)
    box(page).wait_for()
    yield page
    assert [each for each in asked if not each.startswith((f"{url}/", "data:", "blob:"))] == []
    assert errors == []
    assert {each.evaluate("window.__pwned") for each in context.pages} == {None}
    context.close()


@pytest.fixture
def page(browser: Browser, chat: Running) -> Iterator[Page]:
    with opened(browser, chat.url) as ready:
        yield ready


def box(page: Page) -> Locator:
    return page.locator("#question textarea")


def replies(page: Page) -> Locator:
    return page.locator("#chat [data-testid='bot']")


def ask(page: Page, question: str, reply: str) -> None:
    """Ask with the keyboard and wait for the reply, after which the next can be asked."""
    count = replies(page).count()
    enter(page, question)
    expect(replies(page)).to_have_count(count + 1, timeout=30_000)
    expect(replies(page).last).to_contain_text(reply, timeout=30_000)
    until_kept(page)
    expect(box(page)).to_be_enabled()
    expect(box(page)).to_have_value("")


def until_kept(page: Page) -> None:
    """Wait until a reply that is shown is kept, too: the next question is refused before."""
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()


def enter(page: Page, question: str) -> None:
    """Type a question and press Enter until it is sent."""
    box(page).fill(question)
    until_sent(page, lambda: box(page).press("Enter"))


def until_sent(page: Page, act: Callable[[], None]) -> None:
    """Do what asks something until the page sends it.

    For a moment after a reply Gradio takes the event that brought it for unfinished, and what
    would begin the same event again is ignored.
    """
    for _ in range(10):
        try:
            with page.expect_request(re.compile("/queue/join"), timeout=1_000):
                act()
        except NotInTime:
            continue
        return
    raise AssertionError("nothing was sent")


def founded(page: Page) -> None:
    ask(page, "When was the IOFS founded?", "[1]")
    expect(replies(page).last).to_contain_text("2013")


@pytest.mark.browser
def test_answer_is_quoted_with_its_source_beside_it(page: Page) -> None:
    founded(page)
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
    expect(replies(page).last).to_have_text(re.compile(r"Confidence: [a-z ]+, probability \d\d%$"))


@pytest.mark.browser
def test_source_is_marked_while_its_number_is_pointed_at(page: Page) -> None:
    founded(page)
    source = page.locator("#cv-1-1")
    colour = "e => getComputedStyle(e).backgroundColor"
    assert source.evaluate(colour) == "rgba(0, 0, 0, 0)"
    replies(page).last.get_by_text("[1]").hover()
    expect(source).to_have_css("background-color", "rgb(207, 231, 236)")
    box(page).hover()
    expect(source).to_have_css("background-color", "rgba(0, 0, 0, 0)")


@pytest.mark.browser
def test_page_of_a_pdf_is_told(page: Page) -> None:
    ask(page, "What makes Kazakhstan more than a member of international organisations?", "[1]")
    expect(page.locator("#sources ol")).to_contain_text(
        re.compile(r"docs/kazakhstan-2024/expert-view\.pdf · page \d · characters")
    )


@pytest.mark.browser
def test_what_the_documents_do_not_say_is_said_so(page: Page) -> None:
    ask(page, "Who won the 2022 World Cup?", "The documents do not say")
    expect(page.locator("#sources")).to_contain_text("Not an answer.")
    expect(page.locator("#sources blockquote")).to_have_count(3)
    expect(page.locator("#sources mark")).to_have_count(0)
    expect(replies(page).last).not_to_contain_text("[1]")


@pytest.mark.browser
def test_number_leads_to_the_quote_in_its_document(page: Page) -> None:
    founded(page)
    ask(page, "Who won the 2022 World Cup?", "The documents do not say")
    with page.context.expect_page() as opening:
        replies(page).first.get_by_text("[1]").click()
    expect(opening.value.locator("mark")).to_have_text("2013")
    expect(opening.value.locator("mark")).to_be_in_viewport()
    assert opening.value.evaluate("window.opener") is None


@pytest.mark.browser
def test_quote_is_marked_in_the_picture_of_its_page(page: Page) -> None:
    ask(page, "What makes Kazakhstan more than a member of international organisations?", "[1]")
    with page.context.expect_page() as opening:
        replies(page).last.get_by_text("[1]").click()
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
def test_answer_is_copied_with_its_sources(browser: Browser, chat: Running) -> None:
    with opened(browser, chat.url) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        copy = page.get_by_role("button", name="Copy answer and sources")
        expect(copy).to_be_hidden()
        founded(page)
        until_kept(page)
        copy.click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("## When was the IOFS founded?\n\n**2013**\n\n> ")
        assert "docs/kazakhstan-2024/food-security.html, characters 345–349" in copied


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_that_shuts_anyone_out(
    browser: Browser, chat: Running, dark: bool
) -> None:
    axe = Axe()

    def findings(page: Page) -> list[tuple[str, str, list[str]]]:
        found = axe.run(page).response
        assert len(found["passes"]) > 15
        return [
            (one["impact"], one["id"], [node["html"] for node in one["nodes"]])
            for one in found["violations"]
        ]

    with opened(browser, chat.url, dark=dark) as page:
        assert findings(page) == []
        founded(page)
        assert findings(page) == []
        page.get_by_role("tab", name="Library").click()
        expect(page.locator("#documents")).to_contain_text("12 documents")
        assert findings(page) == []
    context = browser.new_context(color_scheme="dark" if dark else "light")
    page = context.new_page()
    page.goto(f"{chat.url}/{QUOTED}")
    assert findings(page) == []
    context.close()


@pytest.mark.browser
def test_other_candidates_are_folded_below_the_sources(page: Page) -> None:
    founded(page)
    candidates = page.locator("#sources details").first
    expect(candidates.locator("q").first).to_be_hidden()
    candidates.locator("summary").click()
    expect(candidates.locator("q").first).to_be_visible()
    expect(candidates).to_contain_text("docs/kazakhstan-2024/")


@pytest.mark.browser
def test_examples_are_answered_at_a_click(page: Page) -> None:
    examples = page.locator("#examples button")
    expect(examples).to_have_count(4, timeout=30_000)
    box(page).fill("half a question")
    for number in range(4):
        examples.nth(number).click()
        expect(replies(page)).to_have_count(number + 1, timeout=30_000)
        expect(replies(page).last).to_contain_text("[1]", timeout=30_000)
        until_kept(page)
    expect(box(page)).to_have_value("half a question")


@pytest.mark.browser
def test_question_blank_or_too_long_is_told_and_the_next_is_answered(page: Page) -> None:
    until_sent(page, lambda: box(page).press("Enter"))
    expect(page.get_by_role("alert")).to_have_text("Type a question first.")
    box(page).fill("w" * 2_001)
    until_sent(page, page.get_by_role("button", name="Ask", exact=True).click)
    expect(page.get_by_role("alert")).to_contain_text("2,001 characters, 2,000 at most")
    expect(box(page)).to_have_value("w" * 2_001)
    expect(replies(page)).to_have_count(0)
    founded(page)
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.browser
def test_clearing_forgets_the_chat(page: Page) -> None:
    founded(page)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#sources")).to_contain_text("12 documents")
    founded(page)
    expect(page.locator("#sources details")).to_have_count(1)


@pytest.mark.browser
def test_reload_keeps_the_conversation(page: Page) -> None:
    founded(page)
    ask(page, "Who won the 2022 World Cup?", "The documents do not say")
    before = page.locator("#sources").inner_text()
    page.reload()
    expect(replies(page)).to_have_count(2)
    expect(replies(page).first).to_contain_text("2013")
    assert page.locator("#sources").inner_text() == before
    founded(page)
    expect(page.locator("#sources details")).to_have_count(4)
    until_kept(page)
    page.get_by_role("button", name="Clear").click()
    expect(replies(page)).to_have_count(0)
    page.reload()
    expect(page.locator("#sources")).to_contain_text("12 documents")
    expect(replies(page)).to_have_count(0)


@pytest.mark.browser
def test_question_is_edited_asked_again_and_taken_back(page: Page) -> None:
    ask(page, "Who won the World's R&D Cup for {x}?", "The documents do not say")
    page.get_by_role("button", name="Edit").first.click()
    editor = page.locator("#chat textarea")
    expect(editor).to_have_value("Who won the World's R&D Cup for {x}?")
    editor.fill("When was the IOFS founded?")
    page.get_by_role("button", name="Submit").click()
    expect(replies(page)).to_have_count(1)
    expect(replies(page).last).to_contain_text("2013", timeout=30_000)
    until_kept(page)
    page.get_by_role("button", name="Retry").click()
    # The same answer comes again, and nothing on the page tells that it has.
    page.wait_for_timeout(2_000)
    expect(replies(page)).to_have_count(1)
    expect(replies(page).last).to_contain_text("2013", timeout=30_000)
    page.get_by_role("button", name="Undo").click()
    expect(replies(page)).to_have_count(0)
    expect(box(page)).to_have_value("When was the IOFS founded?")
    expect(page.locator("#sources")).to_contain_text("12 documents")


@pytest.mark.browser
def test_conversation_is_saved_and_verified(page: Page, chat: Running, tmp_path: Path) -> None:
    founded(page)
    for name, link in (("answers.md", "Markdown"), ("receipt.json", "JSON")):
        with page.expect_download() as saving:
            page.locator("#sources").get_by_role("link", name=re.compile(link)).click()
        assert saving.value.suggested_filename == name
        saving.value.save_as(tmp_path / name)
    assert "**2013**" in (tmp_path / "answers.md").read_text(encoding="utf-8")
    told = subprocess.run(
        [sys.executable, "-m", "qa.cli.main", "verify", tmp_path / "receipt.json"],
        env=os.environ | {"QA_INDEX": str(chat.index)},
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("exact: 2013\n")


@pytest.mark.browser
def test_answer_is_limited_to_the_documents_chosen(page: Page) -> None:
    page.get_by_role("button", name="Answer from certain documents only").click()
    choice = page.get_by_role("combobox", name="Documents and folders to answer from")
    choice.fill("docs/guide")
    choice.press("Enter")
    ask(page, "When was the IOFS founded?", "The documents do not say")
    expect(page.locator("#sources .cv-place").first).to_contain_text("docs/guide/")
    page.get_by_role("button", name="Clear").last.click()


@pytest.mark.browser
def test_three_follow_ups_are_completed_and_a_wrong_guess_is_mended(page: Page) -> None:
    founded(page)
    meant = page.locator("#standalone-question textarea")
    expect(meant).to_be_hidden()
    ask(page, "And how many members does it have?", "41")
    expect(replies(page).last).to_contain_text("Understood as: ")
    expect(meant).to_have_value(re.compile("IOFS"))
    ask(page, "Where did its sixth General Assembly meet?", "Doha")
    # Not the one of the question before: what is typed too early would be overwritten.
    expect(meant).to_have_value(re.compile("IOFS.* sixth General Assembly"))
    # At its end a reply is sent once more, over what was typed meanwhile.
    page.wait_for_timeout(1_000)
    meant.fill("How much aid did Kazakhstan send to Syria?")
    meant.press("Enter")
    expect(replies(page).last).to_contain_text("50 tons", timeout=30_000)
    expect(replies(page)).to_have_count(3)
    expect(replies(page).last).to_contain_text("Understood as: How much aid did Kazakhstan send")
    until_kept(page)
    # Another subject is not polluted by what was said before.
    ask(page, "Which formats are read?", "[1]")
    expect(meant).to_be_hidden()
    page.reload()
    expect(replies(page)).to_have_count(4)


@pytest.mark.browser
def test_two_questions_are_both_answered_and_small_talk_cites_nothing(page: Page) -> None:
    ask(page, "When was the IOFS founded and how many members does it have?", "[2]")
    for text in ("2013", "41"):
        expect(replies(page).last).to_contain_text(text)
    expect(page.locator("#sources .cv-source mark")).to_have_count(2)
    ask(page, "hello", "12 documents")
    expect(replies(page).last).not_to_contain_text("[")


def until_free(browser: Browser, strained: Running) -> None:
    """Wait until what was being answered has come to its end: another page is answered then."""
    with opened(browser, strained.url) as other:
        founded(other)


@pytest.mark.browser
def test_stop_gives_the_question_up(browser: Browser, strained: Running) -> None:
    gate = strained.index.parent / "gate"
    with opened(browser, strained.url) as page:
        founded(page)
        gate.touch()
        enter(page, "How many members does the IOFS have?")
        # The nearest passages are there before the answer is.
        expect(page.locator("#sources")).to_contain_text("Being read.")
        page.get_by_role("button", name="Stop").click()
        until_kept(page)
        expect(replies(page)).to_have_count(1)
        expect(page.locator("#sources")).not_to_contain_text("Being read.")
        gate.unlink()
        until_free(browser, strained)
        expect(replies(page)).to_have_count(1)
        ask(page, "How many members does the IOFS have?", "41")
        expect(replies(page)).to_have_count(2)


@pytest.mark.browser
def test_cleared_chat_stays_cleared_though_an_answer_was_on_its_way(
    browser: Browser, strained: Running
) -> None:
    gate = strained.index.parent / "gate"
    with opened(browser, strained.url) as page:
        founded(page)
        gate.touch()
        enter(page, "How many members does the IOFS have, please?")
        expect(page.locator("#sources")).to_contain_text("Being read.")
        page.get_by_role("button", name="Clear").click()
        gate.unlink()
        until_free(browser, strained)
        for _ in range(2):
            expect(replies(page)).to_have_count(0)
            expect(page.locator("#sources")).to_contain_text("12 documents")
            page.reload()


@pytest.mark.browser
def test_question_that_waited_while_the_chat_was_cleared_brings_nothing_back(
    browser: Browser, strained: Running
) -> None:
    gate = strained.index.parent / "gate"
    with opened(browser, strained.url) as first, opened(browser, strained.url) as second:
        founded(second)
        gate.touch()
        box(first).fill("When was the IOFS founded, I wonder?")
        box(first).press("Enter")
        expect(first.locator("#sources")).to_contain_text("Being read.")
        with second.expect_response(re.compile("/queue/join")):
            enter(second, "How many members does the IOFS have?")
        second.get_by_role("button", name="Clear").click()
        expect(replies(second)).to_have_count(0)
        gate.unlink()
        expect(replies(first).last).to_contain_text("2013", timeout=30_000)
        expect(second.locator("#notice")).to_contain_text("ask it again", timeout=30_000)
        expect(box(second)).to_have_value("How many members does the IOFS have?")
        for _ in range(2):
            expect(replies(second)).to_have_count(0)
            second.reload()


@pytest.mark.browser
def test_question_edited_into_one_that_fails_takes_no_other_with_it(page: Page) -> None:
    founded(page)
    ask(page, "Who won the 2022 World Cup?", "The documents do not say")
    page.get_by_role("button", name="Edit").first.click()
    page.locator("#chat textarea").fill("why " * 300)
    page.get_by_role("button", name="Submit").click()
    expect(replies(page).last).to_contain_text("too many words", timeout=30_000)
    until_kept(page)
    page.reload()
    expect(replies(page)).to_have_count(2)
    expect(replies(page).first).to_contain_text("2013")


@pytest.mark.browser
def test_opinion_is_kept_with_its_note(page: Page, chat: Running) -> None:
    founded(page)
    page.get_by_role("button", name="Dislike").click()
    opinion = page.get_by_label("Your opinion of the answer")
    opinion.fill("It was 2012.")
    opinion.press("Enter")
    expect(opinion).to_be_hidden()
    (kept,) = Feedback(chat.index).opinions()
    assert (kept.answer.text, kept.liked, kept.note) == ("2013", False, "It was 2012.")
    page.get_by_role("button", name="Like", exact=True).click()
    expect(opinion).to_be_visible()
    assert [(one.liked, one.note) for one in Feedback(chat.index).opinions()] == [(True, "")]


FOCUSED = """() => {
    const focused = document.activeElement;
    const name = focused.ariaLabel || focused.labels?.[0]?.textContent || focused.textContent;
    return [focused.tagName, name.trim(), getComputedStyle(focused).outlineStyle];
}"""


def tab_to(page: Page, name: str) -> None:
    """Press Tab until this has the focus; all that is passed shows when it has it."""
    reached: list[str] = []
    while len(reached) < 40:
        page.keyboard.press("Tab")
        tag, focused, outline = page.evaluate(FOCUSED)
        reached.append(focused)
        assert tag == "BODY" or outline != "none", reached
        if focused == name:
            return
    raise AssertionError(f"{name} is not among {reached}")


@pytest.mark.browser
def test_everything_is_done_with_the_keyboard(page: Page) -> None:
    expect(page.locator("#examples button")).to_have_count(4, timeout=30_000)
    expect(box(page)).to_be_focused()
    page.keyboard.type("When was the IOFS founded?")
    page.keyboard.press("Enter")
    expect(replies(page).last).to_contain_text("[1]", timeout=30_000)
    until_kept(page)
    expect(box(page)).to_be_focused()
    for wanted in (
        "Ask",
        "Copy answer and sources",
        "Sources",
        "Other places say (3)",
        "[1]",
    ):
        tab_to(page, wanted)
    with page.context.expect_page() as opening:
        page.keyboard.press("Enter")
    expect(opening.value.locator("mark")).to_have_text("2013")
    expect(opening.value.locator("mark")).to_be_in_viewport()
    page.bring_to_front()
    tab_to(page, "When was the IOFS founded?")
    tab_to(page, "Library")
    page.keyboard.press("Enter")
    tab_to(page, "Search the library")
    page.keyboard.type("formats")
    expect(page.locator("#documents tbody tr")).to_have_count(1)
    tab_to(page, "Formats")
    tab_to(page, "Click to upload or drop files")


TOO_WIDE = """() => [...document.body.querySelectorAll("*")].filter(
    each => each.checkVisibility() && each.getBoundingClientRect().right > innerWidth
).map(each => each.cloneNode().outerHTML)"""
"""What reaches beyond the page, also where it is cut off there."""


@pytest.mark.browser
def test_narrow_page_needs_no_sideways_scrolling(browser: Browser, chat: Running) -> None:
    with opened(browser, chat.url, width=390, height=844) as page:
        founded(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert page.evaluate(TOO_WIDE) == []
        expect(replies(page).last.locator("q")).to_be_in_viewport()
        expect(page.locator("#sources mark")).to_be_in_viewport()
        with library(page):
            expect(page.locator("#documents tbody tr")).to_have_count(12)
            assert page.evaluate("document.documentElement.scrollWidth") == 390
            assert page.evaluate(TOO_WIDE) == []


CONTRAST = """selector => {
    const parts = colour => colour.match(/[\\d.]+/g).map(Number);
    const luminance = colour => {
        const [r, g, b] = parts(colour).map(each => each / 255).map(
            each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const element = document.querySelector(selector);
    let behind = element;
    while (behind && parts(getComputedStyle(behind).backgroundColor)[3] === 0)
        behind = behind.parentElement;
    const both = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor];
    const [light, dark] = both.map(luminance).sort((one, other) => other - one);
    return [(light + 0.05) / (dark + 0.05), ...both];
}"""


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_in_light_and_dark(browser: Browser, chat: Running, dark: bool) -> None:
    with opened(browser, chat.url, dark=dark) as page:
        founded(page)
        brightness = page.evaluate(CONTRAST, "#sources blockquote")
        assert ("rgb(255, 255, 255)" in brightness[2]) is not dark
        for part in (
            "#chat .user .md",
            "#chat .cv-answer",
            "#chat .cv-note",
            "#copy",
            "#tabs [role='tab'][aria-selected='true']",
            "#tabs [role='tab'][aria-selected='false']",
            "#chat a.cv-number",
            "#sources h2",
            "#sources .cv-headings",
            "#sources blockquote",
            "#sources mark",
            "#sources .cv-place",
            "#sources summary",
            "#examples button",
            "#question textarea",
            "#ask",
            ".cv-header p",
        ):
            ratio, text, background = page.evaluate(CONTRAST, part)
            assert ratio >= 4.5, (part, ratio, text, background)


@pytest.mark.browser
def test_two_pages_ask_at_once_and_each_gets_its_own_answer(
    browser: Browser, chat: Running
) -> None:
    with opened(browser, chat.url) as one, opened(browser, chat.url) as other:
        box(one).fill("When was the IOFS founded?")
        box(other).fill("How much humanitarian aid was sent to Syria?")
        box(one).press("Enter")
        box(other).press("Enter")
        expect(replies(one).last).to_contain_text("2013", timeout=30_000)
        expect(replies(other).last).to_contain_text("50 tons", timeout=30_000)
        expect(replies(one)).to_have_count(1)
        expect(replies(other)).to_have_count(1)


SCRIPTS = (
    "<img src=x onerror=window.__pwned=1> <script>window.__pwned=1</script> "
    "${window.__pwned=1} {{value}} $$x^2$$ [a](javascript:window.__pwned=1) "
    "<img src=http://192.0.2.1/beacon.png>"
)


@pytest.mark.browser
def test_hostile_documents_are_shown_as_they_stand(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "<img src=x onerror=window.__pwned=1>${window.__pwned=1}"
    folder.mkdir()
    name = "<img src=x onerror=window.__pwned=1>{{value}}.txt"
    told = f"The treasure of {SCRIPTS} was buried in 1731."
    (folder / name).write_text(told, encoding="utf-8")
    title = SCRIPTS.replace("&", "&amp;").replace("<", "&lt;")
    html = f"<title>{title}</title><h1>{title}</h1><p>The harbour was dug in 1802.</p>"
    (folder / "harbour.html").write_text(html, encoding="utf-8")
    with running(tmp_path / "chat", folder) as chat, opened(browser, chat.url) as page:
        expect(page.locator("#sources")).to_contain_text(SCRIPTS)
        expect(page.locator("header")).to_contain_text(folder.name)
        expect(page.locator("#examples button")).to_have_count(0)
        question = f"When was the treasure buried? {SCRIPTS}"
        ask(page, question, "1731")
        assert page.locator("#chat [data-testid='user'] .md").inner_text() == question
        passage = page.locator("#sources ol blockquote").first
        assert passage.text_content() == told
        assert (page.locator("#sources mark").first.text_content() or "") in told
        expect(page.locator("#sources ol").first).to_contain_text(name)
        ask(page, "When was the harbour dug?", "1802")
        expect(page.locator("#sources h3").first).to_have_text(f"[1] {SCRIPTS}")
        assert page.locator("#chat img, #chat script, #sources img, #sources script").count() == 0
        with page.context.expect_page() as opening:
            replies(page).first.get_by_text("[1]").click()
        expect(opening.value.locator("main")).to_have_text(told)
        assert (opening.value.locator("mark").text_content() or "") in told
        assert opening.value.locator("img, script").count() == 0
        with library(page):
            documents = page.locator("#documents")
            expect(documents.locator("tbody .cv-place:is(p)")).to_have_text([name, "harbour.html"])
            with page.context.expect_page() as opening:
                documents.get_by_role("link", name=SCRIPTS, exact=True).click()
            assert documents.locator("img, script").count() == 0
        expect(opening.value.locator("header h1")).to_have_text(SCRIPTS)
        expect(opening.value.locator("main")).to_contain_text("The harbour was dug in 1802.")
        assert opening.value.title() == SCRIPTS
        assert opening.value.locator("img, script").count() == 0
        assert str(tmp_path) not in page.content()


STRAINED = """
import pathlib, sys, time
import app, qa.pipeline, qa.web.queue_limits, qa.web.uploads

qa.web.queue_limits.CONCURRENT_ANSWERS = qa.web.queue_limits.MOST_WAITING = 1
gate = pathlib.Path(sys.argv[sys.argv.index("--index") + 1]).parent / "gate"
answer = qa.pipeline.QuestionAnswerer.answer

def strained(self, question, *others):
    if question == "boom":
        raise RuntimeError("boom")
    while question != "?" and gate.exists():
        time.sleep(0.02)
    return answer(self, question, *others)

index = qa.web.uploads.index_folder

def index_later(*asked, **options):
    while gate.exists():
        time.sleep(0.02)
    return index(*asked, **options)

qa.pipeline.QuestionAnswerer.answer = strained
qa.web.uploads.index_folder = index_later
app.main()
"""
"""Answers one question at a time, lets one wait, and answers none while the gate is there.

Nor does it index anything while the gate is there.
"""


@pytest.fixture(scope="module")
def strained(chat: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    index = tmp_path_factory.mktemp("strained") / "index"
    shutil.copytree(chat.index, index)
    with running(index.parent / "chat", index=index, script=STRAINED) as started:
        yield started


@contextmanager
def recovering(page: Page) -> Iterator[None]:
    """What went wrong was told just now: the page is used again in 5 s, and without a reload."""
    loaded, told = page.evaluate("performance.timeOrigin"), time.monotonic()
    yield
    assert time.monotonic() - told < 5
    assert page.evaluate("performance.timeOrigin") == loaded


def ask_next(page: Page, question: str, problem: str) -> None:
    """Ask in place of what came to nothing, and wait until it is being answered."""
    until_kept(page)
    expect(box(page)).to_be_enabled()
    expect(box(page)).to_have_value("")
    enter(page, question)
    expect(replies(page).last).not_to_contain_text(problem)


@pytest.mark.browser
def test_full_queue_leaves_the_question_to_ask_again(browser: Browser, strained: Running) -> None:
    gate = strained.index.parent / "gate"
    gate.touch()
    with (
        opened(browser, strained.url) as first,
        opened(browser, strained.url) as second,
        opened(browser, strained.url) as third,
    ):
        for page in (first, second):
            box(page).fill("When was the IOFS founded?")
            with page.expect_response(re.compile("/queue/join")):
                box(page).press("Enter")
            if page is first:
                expect(replies(page).last).to_contain_text(re.compile("Reading 1[0-9] passages"))
        box(third).fill("When was the IOFS founded?")
        box(third).press("Enter")
        expect(third.locator("#notice")).to_contain_text("The question was not answered")
        with recovering(third):
            expect(box(third)).to_be_enabled()
            expect(box(third)).to_have_value("When was the IOFS founded?")
        gate.unlink()
        for page in (first, second):
            expect(replies(page).last).to_contain_text("2013", timeout=30_000)
        with recovering(third):
            until_sent(third, lambda: box(third).press("Enter"))
            expect(replies(third)).to_have_count(1)
        expect(replies(third).last).to_contain_text("2013", timeout=30_000)
        expect(third.locator("#notice")).to_have_text("")


@pytest.mark.browser
def test_unforeseen_error_is_told_and_logged_and_the_chat_goes_on(
    browser: Browser, strained: Running
) -> None:
    with opened(browser, strained.url) as page:
        box(page).fill("boom")
        box(page).press("Enter")
        expect(replies(page).last).to_contain_text("Something went wrong", timeout=30_000)
        with recovering(page):
            expect(replies(page).last).not_to_contain_text("RuntimeError")
            # What was not answered makes room for the next question.
            ask_next(page, "When was the IOFS founded?", "Something went wrong")
        expect(replies(page).last).to_contain_text("2013", timeout=30_000)
        expect(replies(page)).to_have_count(1)
    assert strained.logged().count("RuntimeError: boom") == 1


@pytest.mark.browser
def test_damaged_index_is_told_and_the_chat_goes_on(browser: Browser, strained: Running) -> None:
    with opened(browser, strained.url) as page:
        founded(page)
        _execute(strained.index, "UPDATE passage SET text = text || '!'")
        # The answers to the other questions are kept from before.
        question = "Where did the sixth General Assembly of the IOFS meet?"
        ask(page, question, "damaged")
        assert str(strained.index.parent) not in page.content()
        _execute(strained.index, "UPDATE passage SET text = substr(text, 1, length(text) - 1)")
        with recovering(page):
            ask_next(page, question, "damaged")
        expect(replies(page).last).to_contain_text("Doha", timeout=30_000)
    assert str(strained.index) in strained.logged()


@pytest.mark.browser
def test_page_goes_on_by_itself_once_the_server_is_back(
    browser: Browser, chat: Running, tmp_path: Path
) -> None:
    with (
        running(tmp_path / "before", index=chat.index) as before,
        opened(browser, before.url) as page,
    ):
        founded(page)
        before.process.kill()
        before.process.wait()
        box(page).fill("How many members does the IOFS have?")
        box(page).press("Enter")
        lost = page.get_by_text("Connection to the server was lost")
        expect(lost).to_be_visible()
        port = ["--port", before.url.rpartition(":")[2]]
        with running(tmp_path / "after", index=chat.index, options=port):
            back = time.monotonic()
            # Gradio loads the page anew; the conversation is in the browser.
            expect(lost).to_have_count(0)
            expect(replies(page)).to_have_count(1)
            box(page).fill("How many members does the IOFS have?")
            box(page).press("Enter")
            expect(replies(page)).to_have_count(2)
            assert time.monotonic() - back < 5
            expect(replies(page).last).to_contain_text("41", timeout=30_000)


def _execute(index: Path, statement: str) -> None:
    connection = sqlite3.connect(index / "library.sqlite")
    with connection:
        connection.execute(statement)
    connection.close()


def fetch(url: str, **headers: str) -> tuple[int, dict[str, str]]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as reply:
            return reply.status, dict(reply.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers)


def test_source_opens_in_its_document_at_the_quote(page: Page) -> None:
    founded(page)
    with page.context.expect_page() as opening:
        page.locator("#sources").get_by_role("link", name="Open the document here").first.click()
    document = opening.value
    expect(document.locator("mark")).to_have_text("2013")
    expect(document.locator("mark")).to_be_in_viewport()
    expect(document.locator("h1").first).to_have_text("Kazakhstan and food security: the IOFS")
    # All of it is there, and it is on the page that is read, not in the chat's.
    expect(document.locator("main")).to_contain_text("fighting hunger")
    assert document.evaluate("window.opener") is None


QUOTED = "document?path=docs%2Fguide%2Fformats.md&quote=0-7"


def test_document_page_holds_no_script_and_asks_for_nothing(chat: Running) -> None:
    with urllib.request.urlopen(f"{chat.url}/{QUOTED}") as reply:
        text, policy = reply.read().decode("utf-8"), reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "<mark>Formats</mark>" in text and "<script" not in text


def test_document_that_changed_since_it_was_quoted_says_so(chat: Running) -> None:
    with urllib.request.urlopen(f"{chat.url}/{QUOTED}&sha256=00ff") as reply:
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


def test_page_may_load_from_its_own_host_only(chat: Running) -> None:
    status, headers = fetch(chat.url)
    assert status == 200
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy and "connect-src 'self'" in policy
    assert "http:" not in policy and "https:" not in policy and "*" not in policy


@pytest.mark.parametrize(
    "path",
    [
        "gradio_api/file=https://example.org/",
        "gradio_api/file%3Dhttps://example.org/",
        "gradio_api/file=/etc/passwd",
        "gradio_api/proxy=https://example.org/",
    ],
)
def test_server_fetches_no_files(chat: Running, path: str) -> None:
    assert fetch(f"{chat.url}/{path}")[0] == 404


@contextmanager
def library(page: Page) -> Iterator[None]:
    """On the tab of the library, then back to the questions."""
    page.get_by_role("tab", name="Library").click()
    yield
    page.get_by_role("tab", name="Ask").click()


def upload(page: Page, *files: Path) -> Locator:
    """Add files to the library; what is said of each, once all is done."""
    page.locator("#files input[type=file]").set_input_files(files)
    return verdicts(page, len(files))


def verdicts(page: Page, count: int) -> Locator:
    """What is said of each of so many files that were added, once all is done."""
    expect(page.locator("#files input[type=file]")).to_be_attached(timeout=30_000)
    arrived = page.locator("#arrived li")
    expect(arrived).to_have_count(count, timeout=30_000)
    expect(page.locator("#arrived li:is(.cv-taken, .cv-refused)")).to_have_count(
        count, timeout=30_000
    )
    return arrived


def choose_to_remove(page: Page, document: str) -> None:
    chosen = page.get_by_role("combobox", name="Documents to remove")
    chosen.fill(document)
    chosen.press("Enter")


@pytest.fixture
def own(chat: Running, tmp_path: Path) -> Iterator[Running]:
    """A chat whose library a test may change; nothing does so while the gate is there."""
    shutil.copytree(chat.index, tmp_path / "own" / "index")
    with running(tmp_path / "own", script=STRAINED) as started:
        yield started


def uploads_of(chat: Running) -> list[str]:
    """All that is kept of uploads, and all that is on its way."""
    (place,) = chat.index.with_name(f"{chat.index.name}.uploads").iterdir()
    return sorted(
        path.relative_to(place).as_posix()
        for path in place.rglob("*")
        if path.is_file() and path.stat().st_size
    )


@pytest.mark.browser
def test_good_file_is_taken_and_answered_from_at_once_a_bad_one_is_refused(
    browser: Browser, own: Running, tmp_path: Path
) -> None:
    good, bad = tmp_path / "harbour <b>.txt", tmp_path / "broken.pdf"
    good.write_text("The harbour of Tern was dug in 1802 by Ada Finch.", encoding="utf-8")
    bad.write_bytes(b"%PDF-1.4 nonsense")
    with opened(browser, own.url) as page:
        with library(page):
            taken, refused = upload(page, good, bad).all()
            expect(taken).to_contain_text("in the library: uploads/harbour b.txt, 1 passage")
            expect(refused).to_contain_text("not taken: it is damaged or not a valid PDF")
            expect(page.locator("#documents")).to_contain_text("13 documents")
            expect(page.locator("#documents")).to_contain_text("harbour b.txt")
            expect(page.locator("#documents")).not_to_contain_text("broken")
        assert uploads_of(own) == ["uploads/harbour b.txt"]
        ask(page, "Who dug the harbour of Tern?", "Ada Finch")
        expect(page.locator("#sources .cv-place").first).to_contain_text("uploads/harbour b.txt")
        page.reload()
        expect(replies(page).last).to_contain_text("Ada Finch")
        with library(page):
            same = upload(page, good).first
            expect(same).to_contain_text("is in the library already, as uploads/harbour b.txt")
            choose_to_remove(page, "harbour")
            page.get_by_role("button", name="Remove", exact=True).click()
            expect(page.locator("#changed")).to_contain_text("Removed: uploads/harbour b.txt.")
            expect(page.locator("#documents")).to_contain_text("12 documents")
        assert uploads_of(own) == []
        ask(page, "Who dug the harbour of Tern?", "The documents do not say")
        # What was quoted is gone, and the old answer says so.
        page.reload()
        expect(page.locator("#sources .cv-warning").last).to_contain_text("has changed since")


TRANSFER = """files => {
    const transfer = new DataTransfer();
    for (const [name, text] of files) transfer.items.add(new File([text], name));
    return transfer;
}"""


@pytest.mark.browser
def test_files_that_are_dropped_are_listed_until_each_is_taken_or_refused(
    browser: Browser, own: Running
) -> None:
    gate = own.index.parent / "gate"
    files = [["harbour.txt", "Ada Finch dug the harbour of Tern."], ["broken.pdf", "%PDF-1.4"]]
    with opened(browser, own.url) as page, library(page):
        gate.touch()
        transfer = page.evaluate_handle(TRANSFER, files)
        for event in ("dragenter", "dragover", "drop"):
            place = page.locator("#files").get_by_role("button", name="Click to upload or drop")
            place.dispatch_event(event, {"dataTransfer": transfer})
        expect(page.locator("#arrived li")).to_have_text(
            [re.compile(r"^harbour\.txt\s+waiting$"), re.compile(r"^broken\.pdf\s+waiting$")]
        )
        gate.unlink()
        taken, refused = verdicts(page, 2).all()
        expect(taken).to_contain_text("in the library: uploads/harbour.txt, 1 passage")
        expect(refused).to_contain_text("not taken: it is damaged or not a valid PDF")
        expect(page.locator("#documents")).to_contain_text("13 documents")


@pytest.mark.browser
def test_full_queue_leaves_the_library_to_change_again(
    browser: Browser, own: Running, tmp_path: Path
) -> None:
    gate = own.index.parent / "gate"
    harbour = tmp_path / "harbour.txt"
    harbour.write_text("Ada Finch dug the harbour of Tern.", encoding="utf-8")
    with (
        opened(browser, own.url) as first,
        opened(browser, own.url) as second,
        opened(browser, own.url) as third,
    ):
        gate.touch()
        for page in (first, second):
            with library(page), page.expect_response(re.compile("/queue/join")):
                page.get_by_role("button", name="Index docs again").click()
            if page is first:
                expect(page.locator("#changed")).to_have_text("Looking for what has changed …")
        again = third.get_by_role("button", name="Index docs again")
        removing = third.get_by_role("button", name="Remove", exact=True)
        changed = third.locator("#changed")

        def add() -> None:
            third.locator("#files input[type=file]").set_input_files(harbour)

        def remove() -> None:
            choose_to_remove(third, "docs/guide/formats.md")
            removing.click()

        changes: tuple[Callable[[], None], ...] = (again.click, add, remove)
        for change in changes:
            # Of the change before nothing is told any more.
            third.reload()
            third.get_by_role("tab", name="Library").click()
            change()
            expect(changed).to_have_text(LIBRARY_UNCHANGED)
        gate.unlink()
        for page in (first, second):
            expect(page.locator("#changed")).to_contain_text("0 added", timeout=30_000)
        expect(third.locator("#documents")).to_contain_text("12 documents")
        with recovering(third):
            # What was chosen is chosen still.
            removing.click()
            expect(changed).to_contain_text("Removed: docs/guide/formats.md.")
        again.click()
        expect(changed).to_contain_text("docs: 1 added", timeout=30_000)
        expect(upload(third, harbour)).to_contain_text("in the library: uploads/harbour.txt")
        expect(third.locator("#documents")).to_contain_text("13 documents")


@pytest.mark.browser
def test_library_is_searched_and_indexed_again(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "bridge.txt").write_text("The bridge was opened in 1901.", encoding="utf-8")
    (folder / "empty.pdf").write_bytes(b"")
    with running(tmp_path / "chat", folder) as chat, opened(browser, chat.url) as page:
        (folder / "mill.txt").write_text("The mill was built in 1850.", encoding="utf-8")
        with library(page):
            documents = page.locator("#documents")
            expect(documents).to_contain_text("1 document, 1 not indexed")
            expect(documents).to_contain_text("Not indexed: it is empty.")
            page.get_by_role("button", name="Index town again").click()
            expect(page.locator("#changed")).to_contain_text("town: 1 added, 0 changed, 0 removed")
            expect(documents).to_contain_text("2 documents, 1 not indexed")
            page.get_by_label("Search the library").fill("MILL")
            expect(documents).to_contain_text("1 document")
            expect(documents.locator("tbody tr")).to_have_count(1)
            page.get_by_label("Search the library").fill("nowhere")
            expect(documents).to_have_text("Nothing in the library has these words.")
        expect(page.locator("#sources")).to_contain_text("2 documents")
        ask(page, "When was the mill built?", "1850")


@pytest.mark.browser
def test_read_only_page_changes_nothing(browser: Browser, chat: Running, tmp_path: Path) -> None:
    options = ["--read-only"]
    with (
        running(tmp_path, index=chat.index, options=options) as public,
        opened(browser, public.url) as page,
    ):
        with library(page):
            expect(page.locator("#documents")).to_contain_text("12 documents")
            expect(page.locator("#library button")).to_have_count(0)
            expect(page.locator("input[type=file]")).to_have_count(0)
        assert _post(f"{public.url}/gradio_api/upload") == 404
        founded(page)


def _post(url: str, body: bytes = b"x", **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    asked = urllib.request.Request(url, body, named, method="POST")
    try:
        with urllib.request.urlopen(asked) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_upload_too_large_or_from_another_site_is_refused(chat: Running) -> None:
    upload = f"{chat.url}/gradio_api/upload"
    assert _post(upload, Sec_Fetch_Site="cross-site") == 403
    assert _post(f"{chat.url}/gradio_api/queue/join", Sec_Fetch_Site="cross-site") == 403
    # A site that the browser says nothing of but its name, as to an address of a network.
    assert _post(upload, Origin="http://evil.example") == 403
    assert _post(upload, Sec_Fetch_Site="same-site") == 403
    assert fetch(chat.url, Origin="http://evil.example")[0] == 403
    assert fetch(chat.url, Origin=chat.url)[0] == 200
    with socket.create_connection(("127.0.0.1", int(chat.url.rpartition(":")[2]))) as wire:
        head = "POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999"
        wire.sendall(f"{head}\r\n\r\n".encode())
        assert wire.recv(12) == b"HTTP/1.1 413"


def test_what_a_killed_process_had_begun_to_receive_is_removed(
    chat: Running, tmp_path: Path
) -> None:
    shutil.copytree(chat.index, tmp_path / "index")
    with running(tmp_path, index=tmp_path / "index") as killed:
        (incoming,) = (tmp_path / "index.uploads").glob("docs-*/incoming/*/")
        (incoming / "half").write_bytes(b"half a file")
        with running(tmp_path / "other", index=killed.index) as other:
            # Another process on the same index lets it be while the first lives.
            assert len(uploads_of(other)) == 1
        killed.process.kill()
        killed.process.wait()
    with running(tmp_path / "next", index=tmp_path / "index") as again:
        assert uploads_of(again) == []
        again.process.send_signal(signal.SIGTERM)
        again.process.wait(SECONDS)
    assert list((tmp_path / "index.uploads").glob("docs-*/incoming/*")) == []


def test_other_host_names_are_refused(chat: Running) -> None:
    assert fetch(chat.url, Host="rebound.example")[0] == 400


def test_page_tells_no_place_on_the_disk(chat: Running) -> None:
    for path in ("", "config"):
        with urllib.request.urlopen(f"{chat.url}/{path}") as reply:
            text = reply.read().decode("utf-8")
        assert str(ROOT) not in text and str(chat.index.parent) not in text, path


FETCHING = """
import asyncio, socket, sys
from gradio import processing_utils
from qa.web.tabs.page import refuse_addresses

def asked(*named, **options):
    raise SystemExit(f"asked for {named}")

refuse_addresses()
socket.getaddrinfo = asked
try:
    fetched = processing_utils.async_ssrf_protected_download("http://example.org/a.md", sys.argv[1])
    asyncio.run(fetched)
except ValueError as error:
    print(error)
"""


def test_address_in_place_of_a_file_is_not_even_looked_up(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FETCHING, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.stdout == "expected a file that was uploaded, got an address\n", done.stderr


START_ONLY = """
import sys
import uvicorn

def run(server, sockets):
    print("torch is loaded:", "torch" in sys.modules)

uvicorn.Server.run = run
import app
app.main()
"""


def test_second_start_indexes_nothing_and_imports_no_pytorch_to_serve(chat: Running) -> None:
    assert "12 added" in chat.logged()
    done = subprocess.run(
        [sys.executable, "-c", START_ONLY, "--port", "0", "--index", str(chat.index)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert "docs: 12 unchanged (0 passages encoded" in done.stdout
    assert "torch is loaded: False" in done.stdout


@pytest.mark.browser
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_it_without_a_word_though_a_page_is_open(
    browser: Browser, chat: Running, tmp_path: Path, how: signal.Signals
) -> None:
    with running(tmp_path, index=chat.index) as again, opened(browser, again.url) as page:
        # One while the models are being loaded, one after that.
        if how == signal.SIGTERM:
            founded(page)
        before = again.logged()
        again.process.send_signal(how)
        assert again.process.wait(SECONDS) == 0
        assert again.logged() == before


def test_interrupted_indexing_says_that_it_goes_on_later(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(400):
        text = f"{number} is a number. " * 60
        (folder / f"{number}.txt").write_text(text, encoding="utf-8")
    index = tmp_path / "index"
    command = [sys.executable, "app.py", str(folder), "--port", "0", "--index", str(index)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while not (index / "library.sqlite").exists() and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 2
    assert said.splitlines() == [
        "Interrupted; what was finished is kept. Run the same command again to go on."
    ]


def test_help_is_immediate_and_names_the_options() -> None:
    done = run("--help")
    assert done.returncode == 0
    for option in ("--host", "--port", "--index", "FOLDER"):
        assert option in done.stdout
    assert done.stderr == ""


def _told(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that was said on the way out."""
    assert done.returncode == 2, done
    lines: Sequence[str] = done.stderr.splitlines()
    assert len(lines) == 1 and "Traceback" not in done.stderr, done.stderr
    return lines[0]


def test_missing_folder_is_told(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    told = _told(run(missing, "--port", "0", "--index", tmp_path / "index"))
    assert told == f"{missing} does not exist. Check the name of the folder."


def test_empty_folder_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    told = _told(run(folder, "--port", "0", "--index", tmp_path / "index"))
    assert told.startswith(f"{folder} holds no file that can be read")


def test_port_in_use_is_told_before_anything_is_indexed(tmp_path: Path) -> None:
    index = tmp_path / "index"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = _told(run("--port", str(port), "--index", index))
    assert told == f"Port {port} on 127.0.0.1 is in use. Choose another with --port."
    assert not index.exists()


def test_host_of_another_machine_is_told(tmp_path: Path) -> None:
    told = _told(run("--host", "192.0.2.1", "--port", "0", "--index", tmp_path / "index"))
    assert told == "192.0.2.1 is no address of this machine. Choose another with --host."


def test_setting_out_of_range_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_THRESHOLD", "3")
    told = _told(run("--port", "0", "--index", tmp_path / "index"))
    assert told.startswith("The setting QA_THRESHOLD does not fit")
