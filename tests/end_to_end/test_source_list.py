"""The list of documents: searched, chosen from, added to, removed from."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import DOCUMENTS
from tests.end_to_end.browsing import (
    ANSWER_MS,
    ask,
    ask_when_founded,
    notices,
    opened,
    question_box,
    reload,
    replies,
    until_finished,
)
from tests.end_to_end.chat_process import Running, post, running, uploads_of


def documents(page: Page) -> Locator:
    """The rows of documents, also of files that have none."""
    return page.locator("#source-list .cv-document")


def used(page: Page) -> Locator:
    return page.locator("#source-list .cv-used")


def row(page: Page, title: str) -> Locator:
    """The row of a document, its menu open."""
    found = documents(page).filter(has=page.get_by_text(title, exact=True))
    if found.locator("details[open]").count() == 0:
        found.locator("summary").click()
    return found


def upload(page: Page, *files: Path) -> Locator:
    """Add files to the library; the state of each, once all are taken or refused."""
    page.locator("#source-list .cv-files").set_input_files(files)
    return upload_results(page, len(files))


def upload_results(page: Page, count: int) -> Locator:
    """The state of each of so many uploaded files, once all are taken or refused."""
    rows = page.locator("#source-list .cv-arrived li")
    expect(rows).to_have_count(count, timeout=ANSWER_MS)
    ended = page.locator("#source-list .cv-arrived li:is(.cv-taken, .cv-refused)")
    expect(ended).to_have_count(count, timeout=ANSWER_MS)
    return rows


def remove(page: Page, title: str) -> None:
    """Remove a document, and confirm it."""
    row(page, title).get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()


@pytest.mark.browser
def test_good_file_is_taken_and_answered_from_at_once_a_bad_one_is_refused(
    browser: Browser, own: Running, tmp_path: Path
) -> None:
    good, bad = tmp_path / "harbour <b>.txt", tmp_path / "broken.pdf"
    good.write_text("The harbour of Tern was dug in 1802 by Ada Finch.", encoding="utf-8")
    bad.write_bytes(b"%PDF-1.4 nonsense")
    with opened(browser, own.url) as page:
        taken, refused = upload(page, good, bad).all()
        expect(taken).to_contain_text("in the library: uploads/harbour b.txt, 1 passage")
        expect(refused).to_contain_text("not taken: it is damaged or not a valid PDF")
        # What was refused is told where the files are listed, and covers nothing.
        expect(page.locator("[data-testid='toast-body']")).to_have_count(0)
        expect(used(page)).to_have_text(f"{DOCUMENTS + 1} of {DOCUMENTS + 1} used")
        expect(documents(page).filter(has_text="harbour b.txt")).to_have_count(1)
        assert uploads_of(own) == ["uploads/harbour b.txt"]
        ask(page, "Who dug the harbour of Tern?", "Ada Finch")
        expect(page.locator("#sources .cv-place").first).to_contain_text("uploads/harbour b.txt")
        reload(page)
        expect(replies(page).last).to_contain_text("Ada Finch")
        same = upload(page, good).first
        expect(same).to_contain_text("is in the library already, as uploads/harbour b.txt")
        row(page, "harbour b.txt").get_by_role("button", name="Remove").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("the file that was added here is deleted")
        expect(dialog.get_by_text("is not deleted")).to_be_hidden()
        dialog.get_by_role("button", name="Keep it").click()
        expect(dialog).to_have_count(0)
        remove(page, "harbour b.txt")
        changed = page.locator("#source-list .cv-changed")
        expect(changed).to_have_text("Removed: uploads/harbour b.txt.")
        # Success has neither the colour nor the role of a problem.
        expect(changed.locator(".cv-done")).to_have_css(
            "border-left-color",
            "rgb(23, 92, 109)",
        )
        expect(changed.get_by_role("alert")).to_have_count(0)
        expect(page.get_by_role("status").filter(has_text="Removed:")).to_have_count(1)
        expect(used(page)).to_have_text(f"{DOCUMENTS} of {DOCUMENTS} used")
        assert uploads_of(own) == []
        # What was quoted is gone, and the old answer says so at once.
        expect(page.locator("#sources .cv-warning").last).to_contain_text("has changed since")
        ask(page, "Who dug the harbour of Tern?", "The documents do not say")


DROP = """async ([files, steps]) => {
    const transfer = new DataTransfer();
    for (const [name, text] of files) transfer.items.add(new File([text], name));
    const place = document.querySelector("#chat");
    const kept = [];
    for (const step of steps) {
        const about = {dataTransfer: transfer, bubbles: true, cancelable: true};
        const event = new DragEvent(step, about);
        kept.push(!place.dispatchEvent(event));
    }
    return kept;
}"""
"""Drags files over the conversation; which of the events do not navigate away."""


@pytest.mark.slow
@pytest.mark.browser
def test_files_dropped_anywhere_are_listed_until_each_is_taken_or_refused(
    browser: Browser, own: Running
) -> None:
    files = [["harbour.txt", "Ada Finch dug the harbour of Tern."], ["broken.pdf", "%PDF-1.4"]]
    with opened(browser, own.url) as page:
        expect(used(page)).to_have_text(f"{DOCUMENTS} of {DOCUMENTS} used")
        with own.shut():
            zone = page.locator("#cv-drop")
            assert page.evaluate(DROP, [files, ["dragenter", "dragover"]]) == [True, True]
            expect(zone).to_have_text("Drop to add to the library")
            expect(zone).to_be_visible()
            assert zone.bounding_box() == {"x": 0, "y": 0, "width": 1440, "height": 900}
            page.evaluate(DROP, [files, ["dragleave"]])
            expect(zone).to_be_hidden()
            assert page.evaluate(DROP, [files, ["dragenter", "drop"]]) == [True, True]
            expect(zone).to_be_hidden()
            expect(page.locator("#source-list .cv-arrived li")).to_have_text(
                [re.compile(r"^harbour\.txt\s+waiting$"), re.compile(r"^broken\.pdf\s+waiting$")]
            )
            # What is dropped meanwhile waits for these.
            later = [["mill.txt", "The mill was built in 1850."], ["torn.pdf", "%PDF-1.4"]]
            assert page.evaluate(DROP, [later, ["dragenter", "drop"]]) == [True, True]
            arrived = page.locator("#source-list .cv-arrived li")
            expect(arrived).to_have_count(4)
            expect(arrived.nth(2)).to_have_text(re.compile(r"^mill\.txt\s+on its way$"))
        taken, refused, later_taken, later_refused = upload_results(page, 4).all()
        expect(taken).to_contain_text("in the library: uploads/harbour.txt, 1 passage")
        expect(refused).to_contain_text("not taken: it is damaged or not a valid PDF")
        expect(later_taken).to_contain_text("in the library: uploads/mill.txt, 1 passage")
        expect(later_refused).to_contain_text("not taken: it is damaged or not a valid PDF")
        expect(used(page)).to_have_text(f"{DOCUMENTS + 2} of {DOCUMENTS + 2} used")
        # Once all is done, the next files are listed without these.
        expect(documents(page).filter(has_text="mill.txt")).to_have_count(1)
        page.evaluate(DROP, [[["cut.pdf", "%PDF"]], ["dragenter", "drop"]])
        expect(arrived).to_have_count(1)


@pytest.mark.slow
@pytest.mark.browser
def test_library_is_searched_and_indexed_again(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "bridge.txt").write_text("The bridge was opened in 1901.", encoding="utf-8")
    (folder / "empty.pdf").write_bytes(b"")
    with running(tmp_path / "chat", folder) as chat, opened(browser, chat.url) as page:
        (folder / "mill.txt").write_text("The mill was built in 1850.", encoding="utf-8")
        expect(used(page)).to_have_text("1 of 1 used · 1 not indexed")
        expect(documents(page).first).to_contain_text("Not indexed: it is empty.")
        page.get_by_role("button", name="Read the folder again").click()
        changed = page.locator("#source-list .cv-changed")
        expect(changed).to_have_text("1 added.", timeout=ANSWER_MS)
        clear = page.get_by_role("button", name="Clear this list")
        clear.click()
        expect(changed).to_have_text("")
        expect(clear).to_be_hidden()
        expect(used(page)).to_have_text("2 of 2 used · 1 not indexed")
        search = page.get_by_role("searchbox", name="Search documents")
        search.fill("MILL")
        expect(documents(page)).to_have_count(1)
        expect(documents(page)).to_contain_text("mill.txt")
        search.fill("nowhere")
        rows = page.locator("#source-list .cv-rows")
        expect(rows).to_have_text("Nothing in the library has these words.")
        expect(page.locator("#sources")).to_contain_text("2 documents")
        ask(page, "When was the mill built?", "1850")
        # What another browser adds is listed, too.
        search.fill("")
        (folder / "well.txt").write_text("The well was dug in 1720.", encoding="utf-8")
        assert page.context.request.post(f"{chat.url}/sources/index").ok
        expect(used(page)).to_have_text("3 of 3 used · 1 not indexed", timeout=ANSWER_MS)
        expect(documents(page).filter(has_text="well.txt")).to_have_count(1)


@pytest.mark.browser
def test_limit_is_a_chip_that_survives_a_reload_and_is_said_in_the_answer(page: Page) -> None:
    expect(used(page)).to_have_text(f"{DOCUMENTS} of {DOCUMENTS} used")
    chip = page.locator("#limit-chip .cv-chip")
    expect(chip).to_be_hidden()
    offered = page.locator("#examples button")
    expect(offered.filter(has_text="QA_INDEX")).to_have_count(1, timeout=2 * ANSWER_MS)
    row(page, "Formats").get_by_role("button", name="Ask only this").click()
    expect(chip).to_have_text("Only: Formats ✕")
    # Settings do not stand in that document.
    expect(offered.filter(has_text="QA_INDEX")).to_have_count(0)
    expect(used(page)).to_have_text(f"1 of {DOCUMENTS} used")
    folder = page.get_by_role("checkbox", name="docs/guide 8 documents")
    assert folder.evaluate("box => [box.checked, box.indeterminate]") == [False, True]
    # Not a colour of Gradio's.
    expect(folder).to_have_css("background-color", "rgb(23, 92, 109)")
    expect(page.get_by_role("checkbox", name="Settings Markdown")).not_to_be_checked()
    ask(page, "When was the IOFS founded?", "The documents do not say")
    expect(replies(page).last).to_contain_text("Asked only of: Formats.")
    reload(page)
    expect(chip).to_have_text("Only: Formats ✕")
    # By keyboard: the chip is in the order of the page, right before the question.
    question_box(page).focus()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Ask all documents again")).to_be_focused()
    page.keyboard.press("Enter")
    expect(chip).to_be_hidden()
    expect(question_box(page)).to_be_focused()
    expect(used(page)).to_have_text(f"{DOCUMENTS} of {DOCUMENTS} used")
    page.get_by_role("checkbox", name="Settings Markdown").focus()
    page.keyboard.press("Space")
    expect(chip).to_have_text(f"{DOCUMENTS - 1} of {DOCUMENTS} documents ✕")
    folder.check()
    expect(chip).to_be_hidden()
    page.get_by_role("checkbox", name=f"{DOCUMENTS} of {DOCUMENTS} used").uncheck()
    expect(chip).to_have_text("No document ✕")
    question_box(page).fill("When was the IOFS founded?")
    question_box(page).press("Enter")
    expect(notices(page)).to_contain_text("No document is ticked to be asked")
    page.get_by_role("button", name="Ask all documents again").click()
    until_finished(page)
    ask_when_founded(page)
    expect(replies(page).last).not_to_contain_text("Asked only of")


@pytest.mark.slow
@pytest.mark.browser
def test_chosen_document_that_is_gone_is_dropped_with_a_word(
    browser: Browser, own: Running
) -> None:
    with opened(browser, own.url) as page:
        row(page, "Formats").get_by_role("button", name="Ask only this").click()
        expect(page.locator("#limit-chip")).to_contain_text("Only: Formats")
        row(page, "Formats").get_by_role("button", name="Remove").click()
        expect(page.get_by_role("dialog").get_by_text("is not deleted")).to_be_visible()
        page.keyboard.press("Escape")
        remove(page, "Formats")
        expect(page.locator("#source-list .cv-choice-notice")).to_have_text(
            "No longer in the library, and taken out of your choice: docs/guide/formats.md."
        )
        expect(page.locator("#limit-chip .cv-chip")).to_be_hidden()
        expect(used(page)).to_have_text(f"{DOCUMENTS - 1} of {DOCUMENTS - 1} used")


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1024, 768), (390, 844)])
def test_list_is_a_drawer_where_there_is_no_room(
    browser: Browser, chat: Running, width: int, height: int
) -> None:
    with opened(browser, chat.url, width=width, height=height) as page:
        opener = page.get_by_role("button", name="Documents", exact=True)
        expect(opener).to_have_attribute("aria-expanded", "false")
        expect(page.locator("#choosing")).to_be_hidden()
        opener.focus()
        page.keyboard.press("Enter")
        expect(opener).to_have_attribute("aria-expanded", "true")
        expect(documents(page)).to_have_count(DOCUMENTS)
        expect(page.locator("#choosing")).to_be_in_viewport()
        close = page.get_by_role("button", name="Close the list of documents")
        expect(close).to_be_focused()
        assert page.evaluate("document.querySelector('#asking').inert") is True
        page.keyboard.press("Escape")
        expect(page.locator("#choosing")).to_be_hidden()
        expect(opener).to_be_focused()
        assert page.evaluate("document.querySelector('#asking').inert") is False
        assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.slow
@pytest.mark.browser
def test_touch_chooses_scrolls_and_removes_a_limit(browser: Browser, chat: Running) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto(chat.url)
    page.get_by_role("button", name="Documents", exact=True).tap()
    last = documents(page).last
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport()
    small = """() => [...document.querySelectorAll(
        "#choosing :is(button, a, summary, label, input[type=search]), .cv-open-list"
    )].filter(each => each.checkVisibility()).map(each => [each.outerHTML.slice(0, 80),
        each.getBoundingClientRect()]).filter(([, box]) => Math.min(box.width, box.height) < 24)"""
    assert page.evaluate(small) == []
    last.locator("summary").tap()
    last.get_by_role("button", name="Ask only this").tap()
    expect(page.locator("#choosing")).to_be_hidden()
    title = last.get_attribute("data-title")
    expect(page.locator("#limit-chip .cv-chip-label")).to_have_text(f"Only: {title}")
    page.get_by_role("button", name="Ask all documents again").tap()
    expect(page.locator("#limit-chip .cv-chip")).to_be_hidden()
    context.close()


@pytest.mark.slow
@pytest.mark.browser
def test_empty_library_takes_its_first_documents(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "bridge.txt").write_text("The bridge was opened in 1901.", encoding="utf-8")
    with running(tmp_path / "chat", folder) as chat, opened(browser, chat.url) as page:
        welcome = page.locator("#welcome")
        expect(welcome).to_be_hidden()
        remove(page, "bridge.txt")
        expect(welcome.get_by_role("heading")).to_have_text("Add the first documents")
        expect(welcome).to_contain_text("Up to 20 files at a time, 50 MB each: .txt, .md, .html")
        expect(question_box(page)).to_be_hidden()
        page.reload()
        expect(welcome).to_be_visible()
        # Nothing can be asked in any tab.
        expect(page.get_by_role("tab")).to_have_count(0)
        for width, height in ((1440, 900), (1024, 768), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            box = page.locator(".cv-welcome").bounding_box()
            assert box is not None and abs(2 * box["x"] + box["width"] - width) <= 1
            expect(welcome.get_by_role("button", name="Choose files")).to_be_in_viewport()
            assert page.evaluate("document.documentElement.scrollWidth") == width
        with page.expect_file_chooser():
            welcome.get_by_role("button", name="Choose files").press("Enter")
        page.set_viewport_size({"width": 1440, "height": 900})
        broken = [["broken.pdf", "%PDF-1.4"]]
        drop = DROP.replace("#chat", "#welcome")
        assert page.evaluate(drop, [broken, ["dragenter", "drop"]]) == [True, True]
        expect(welcome).to_contain_text("not taken: it is damaged", timeout=ANSWER_MS)
        files = [["mill.txt", "The mill was built in 1850."]]
        assert page.evaluate(drop, [files, ["dragenter", "drop"]]) == [True, True]
        expect(welcome).to_be_hidden(timeout=ANSWER_MS)
        expect(used(page)).to_have_text("1 of 1 used")
        ask(page, "When was the mill built?", "1850")


@pytest.mark.slow
@pytest.mark.browser
def test_read_only_page_changes_nothing(browser: Browser, chat: Running, tmp_path: Path) -> None:
    options = ["--read-only"]
    with (
        running(tmp_path, index=chat.index, options=options) as public,
        opened(browser, public.url) as page,
    ):
        expect(used(page)).to_have_text(f"{DOCUMENTS} of {DOCUMENTS} used")
        found = row(page, "Formats")
        expect(found.get_by_role("button")).to_have_text(["Ask only this"])
        expect(found.get_by_role("link", name="Open")).to_be_visible()
        expect(page.locator("input[type=file]")).to_have_count(0)
        expect(page.get_by_role("button", name=re.compile("Add|Read"))).to_have_count(0)
        dropped = [["a.txt", "x"]]
        assert page.evaluate(DROP, [dropped, ["dragenter", "dragover", "drop"]]) == [True] * 3
        expect(page.locator("#cv-drop")).to_have_text(
            "Documents cannot be added here: this page is for reading only."
        )
        expect(page.locator("#cv-drop")).to_be_visible()
        for route in ("gradio_api/upload", "sources/add", "sources/remove", "sources/index"):
            assert post(f"{public.url}/{route}") == 404
        ask_when_founded(page)
