"""The tab of the library: search, uploads, removal, indexing again."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from qa.web.messages import LIBRARY_UNCHANGED
from tests.end_to_end.browsing import (
    ANSWER_MS,
    ask,
    ask_when_founded,
    library,
    opened,
    recovering,
    replies,
    until_idle,
    until_sent,
)
from tests.end_to_end.chat_process import Running, post, running, uploads_of


def choose_to_remove(page: Page, document: str) -> None:
    chosen = page.get_by_role("combobox", name="Documents to remove")
    chosen.fill(document)
    chosen.press("Enter")


def upload(page: Page, *files: Path) -> Locator:
    """Add files to the library; the state of each, once all are taken or refused."""
    until_idle(page)
    page.locator("#files input[type=file]").set_input_files(files)
    return upload_results(page, len(files))


def upload_results(page: Page, count: int) -> Locator:
    """The state of each of so many uploaded files, once all are taken or refused."""
    expect(page.locator("#files input[type=file]")).to_be_attached(timeout=ANSWER_MS)
    rows = page.locator("#arrived li")
    expect(rows).to_have_count(count, timeout=ANSWER_MS)
    expect(page.locator("#arrived li:is(.cv-taken, .cv-refused)")).to_have_count(
        count, timeout=ANSWER_MS
    )
    return rows


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


@pytest.mark.slow
@pytest.mark.browser
def test_files_that_are_dropped_are_listed_until_each_is_taken_or_refused(
    browser: Browser, own: Running
) -> None:
    files = [["harbour.txt", "Ada Finch dug the harbour of Tern."], ["broken.pdf", "%PDF-1.4"]]
    with opened(browser, own.url) as page, library(page):
        own.gate.touch()
        transfer = page.evaluate_handle(TRANSFER, files)
        for event in ("dragenter", "dragover", "drop"):
            place = page.locator("#files").get_by_role("button", name="Click to upload or drop")
            place.dispatch_event(event, {"dataTransfer": transfer})
        expect(page.locator("#arrived li")).to_have_text(
            [re.compile(r"^harbour\.txt\s+waiting$"), re.compile(r"^broken\.pdf\s+waiting$")]
        )
        own.gate.unlink()
        taken, refused = upload_results(page, 2).all()
        expect(taken).to_contain_text("in the library: uploads/harbour.txt, 1 passage")
        expect(refused).to_contain_text("not taken: it is damaged or not a valid PDF")
        expect(page.locator("#documents")).to_contain_text("13 documents")


@pytest.mark.slow
@pytest.mark.browser
def test_full_queue_leaves_the_library_to_change_again(
    browser: Browser, own: Running, tmp_path: Path
) -> None:
    harbour = tmp_path / "harbour.txt"
    harbour.write_text("Ada Finch dug the harbour of Tern.", encoding="utf-8")
    with (
        opened(browser, own.url) as first,
        opened(browser, own.url) as second,
        opened(browser, own.url) as third,
    ):
        own.gate.touch()
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
            # The message about the change before is gone.
            third.reload()
            third.get_by_role("tab", name="Library").click()
            change()
            expect(changed).to_have_text(LIBRARY_UNCHANGED)
        own.gate.unlink()
        for page in (first, second):
            expect(page.locator("#changed")).to_contain_text("0 added", timeout=ANSWER_MS)
        expect(third.locator("#documents")).to_contain_text("12 documents")
        with recovering(third):
            # What was chosen is chosen still.
            until_sent(third, removing.click)
            expect(changed).to_contain_text("Removed: docs/guide/formats.md.")
        until_sent(third, again.click)
        expect(changed).to_contain_text("docs: 1 added", timeout=ANSWER_MS)
        expect(upload(third, harbour)).to_contain_text("in the library: uploads/harbour.txt")
        expect(third.locator("#documents")).to_contain_text("13 documents")


@pytest.mark.slow
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


@pytest.mark.slow
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
        assert post(f"{public.url}/gradio_api/upload") == 404
        ask_when_founded(page)
