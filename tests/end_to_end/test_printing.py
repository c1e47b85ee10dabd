"""The page on paper."""

from collections.abc import Iterator
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.browsing import ask, opened, replies
from tests.end_to_end.chat_process import QUOTE_ROUTE, Running, running

pytestmark = [pytest.mark.slow, pytest.mark.browser]

TOWNS = ("Ashford", "Brinton", "Corley")

TASKS = (
    "Keeping the bridges over the river open to carts",
    "Lighting the streets from dusk until the last train",
    "Buying books for the schools on both banks",
    "Paying the two nurses of the hospital",
    "Clearing the market of straw before noon",
    "Counting the boats that are moored at the quay",
)


def letters(text: str) -> str:
    """The letters and digits, which lines on paper part in other places."""
    return "".join(filter(str.isalnum, text))


def printed(page: Page, path: Path) -> list[str]:
    """The letters on each page of what is printed."""
    page.pdf(path=path, format="A4", margin={"top": "2cm", "bottom": "2cm"})
    with pdfium.PdfDocument(path) as document:
        found = []
        for sheet in document:
            textpage = sheet.get_textpage()
            found.append(letters(textpage.get_text_range()))
            textpage.close()
        return found


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A chat about towns, each with a long list of what its council does."""
    folder = tmp_path_factory.mktemp("towns") / "towns"
    folder.mkdir()
    for town in TOWNS:
        tasks = "".join(f"- {task} and {task.lower()} in {town};\n" for task in TASKS)
        text = (
            f"# The council of {town}\n\nThe council of {town} has much to do. "
            f"The tasks of the council of {town} are these:\n\n{tasks}"
        )
        (folder / f"{town}.md").write_text(text, encoding="utf-8")
    with running(folder.parent / "chat", folder) as started:
        yield started


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_all_turns_are_printed_with_all_their_sources(
    browser: Browser, towns: Running, tmp_path: Path, width: int, dark: bool
) -> None:
    with opened(browser, towns.url, width=width, dark=dark) as page:
        for town in TOWNS:
            ask(page, f"What are the tasks of the council of {town}?", "[1]")
        quotes = page.locator("#sources blockquote").all_text_contents()
        assert len(quotes) >= 3 and sum(map(len, quotes)) > 1_000
        sheets = printed(page, tmp_path / "chat.pdf")
        assert len(sheets) > 1
        whole = "".join(sheets)
        for number, town in enumerate(TOWNS):
            assert letters(f"What are the tasks of the council of {town}?") in whole
            answer = replies(page).nth(number).locator(".cv-answer").text_content()
            assert answer is not None and "[1]" in answer
            assert letters(answer) in whole
            assert letters(f"towns/{town}.md") in whole
        # No sheet ends inside a quote.
        for quote in quotes:
            assert any(letters(quote) in sheet for sheet in sheets), quote
        for button in ("Ask the documents", "Library", "Open the document here", "SHA256"):
            assert letters(button) not in whole
        # What answers beside is no source of a number.
        others = page.locator("#sources details:has(> ul)")
        assert others.count() == 3
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        expect(page.locator("#sources details[open]")).to_have_count(2)
        expect(others.first).to_have_js_property("open", False)
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        # What was folded is folded again.
        earlier = page.locator("#sources .cv-earlier > details").first
        expect(earlier).to_have_js_property("open", False)


def test_document_is_printed_without_its_links(
    browser: Browser, chat: Running, tmp_path: Path
) -> None:
    with opened(browser, chat.url, dark=True) as page:
        page.goto(f"{chat.url}/{QUOTE_ROUTE}")
        text = letters(page.locator("main").inner_text())
        whole = "".join(printed(page, tmp_path / "document.pdf"))
        assert len(text) > 500 and text in whole
        assert "Details" not in whole and "SHA256" not in whole
