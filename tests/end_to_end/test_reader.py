"""Documents that are read beside the chat."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.end_to_end.browsing import (
    ANSWER_MS,
    ask,
    ask_when_founded,
    opened,
    question_box,
    reload,
)
from tests.end_to_end.chat_process import Running, running

pytestmark = pytest.mark.browser

ORGANISATIONS = "What makes Kazakhstan more than a member of international organisations?"

OPEN = "link => window.chapterAndVerse.openDocument(link)"


def reader(page: Page) -> Locator:
    return page.locator("#reader")


def open_source(page: Page) -> Locator:
    """Open the document of the first source, and wait for it."""
    page.locator("#sources .cv-open").first.click()
    expect(reader(page).locator("h2")).to_be_visible()
    return reader(page)


def highlighted(page: Page, name: str) -> list[str]:
    found: list[str] = page.evaluate(
        "name => [...CSS.highlights.get(name) ?? []].map(range => range.toString())", name
    )
    return found


def test_source_opens_beside_the_chat_and_the_focus_comes_back(page: Page) -> None:
    ask_when_founded(page)
    document = open_source(page)
    expect(document.locator("h2")).to_have_text("Kazakhstan and food security: the IOFS")
    expect(document.locator("h2")).to_be_focused()
    expect(document.locator("mark")).to_have_text("2013")
    expect(document.locator("mark")).to_be_in_viewport()
    expect(document.locator(".cv-quote-tool")).to_have_text(re.compile("1 quote"))
    # All of it is there, and the sources below it are out of reach.
    expect(document).to_contain_text("fighting hunger")
    assert page.locator("#sources").evaluate("sources => sources.closest('[inert]') !== null")
    own = document.get_by_role("link", name="Open in a tab")
    # In line with the tools below it.
    rights = [
        each.evaluate("element => element.getBoundingClientRect().right")
        for each in (own, document.locator(".cv-view-tool"), document.locator(".cv-find"))
    ]
    assert max(rights) - min(rights) <= 1
    with page.context.expect_page() as opening:
        own.click()
    expect(opening.value.locator("mark")).to_have_text("2013")
    assert opening.value.evaluate("window.opener") is None
    opening.value.close()
    expect(page).to_have_url(re.compile("document=path%3Ddocs"))
    document.get_by_role("button", name="← Sources").click()
    expect(document).to_be_hidden()
    expect(page.locator("#sources .cv-open").first).to_be_focused()
    expect(page).not_to_have_url(re.compile("document="))
    assert page.locator("[inert]").count() == 0


def test_document_is_closed_by_escape_by_back_and_by_a_new_answer(page: Page) -> None:
    ask_when_founded(page)
    open_source(page)
    page.keyboard.press("Escape")
    expect(reader(page)).to_be_hidden()
    open_source(page)
    page.go_back()
    expect(reader(page)).to_be_hidden()
    page.go_forward()
    expect(reader(page).locator("mark")).to_have_text("2013")
    ask(page, "Who won the 2022 World Cup?", "The documents do not say")
    expect(reader(page)).to_be_hidden()
    # The next question can be typed at once.
    expect(question_box(page)).to_be_focused()
    expect(page).not_to_have_url(re.compile("document="))


def test_address_opens_the_document_again_and_keeps_what_is_not_its_own(page: Page) -> None:
    ask_when_founded(page)
    page.evaluate("history.replaceState(null, '', `${location.hash}&note=7`)")
    open_source(page)
    expect(page).to_have_url(re.compile("&note=7&document="))
    reload(page)
    expect(reader(page).locator("mark")).to_have_text("2013")
    expect(page.locator("#sources")).to_contain_text("2013")
    expect(reader(page)).to_be_visible()
    page.keyboard.press("Escape")
    expect(reader(page)).to_be_hidden()
    expect(page).to_have_url(re.compile("&note=7$"))


def test_other_clicks_on_a_source_open_a_tab(page: Page) -> None:
    ask_when_founded(page)
    for button, keys in (("middle", []), ("left", ["Control"])):
        with page.context.expect_page() as opening:
            page.locator("#sources .cv-open").first.click(button=button, modifiers=keys)  # type: ignore[arg-type]
        expect(opening.value.locator("mark")).to_have_text("2013")
        opening.value.close()
    expect(reader(page)).to_be_hidden()


def test_words_are_found_and_stepped_through(page: Page) -> None:
    ask_when_founded(page)
    document = open_source(page)
    field, found = document.get_by_label("Find in document"), document.locator(".cv-found")
    field.fill("FOOD  security")
    expect(found).to_have_text("2 of 4")
    assert [text.lower() for text in highlighted(page, "cv-found")] == ["food security"] * 4
    assert highlighted(page, "cv-found-current") == ["Food Security"]
    for key, label in (("Enter", "3 of 4"), ("Shift+Enter", "2 of 4"), ("Shift+Enter", "1 of 4")):
        field.press(key)
        expect(found).to_have_text(label)
    document.get_by_role("button", name="Previous match").click()
    expect(found).to_have_text("4 of 4")
    field.fill("no such words")
    expect(found).to_have_text("not found")
    assert highlighted(page, "cv-found") == []
    expect(document.get_by_role("button", name="Next match")).to_be_disabled()


@pytest.mark.slow
def test_page_of_a_pdf_comes_first_and_its_text_on_demand(page: Page) -> None:
    ask(page, ORGANISATIONS, "[1]")
    document = open_source(page)
    picture = document.get_by_role("img", name="Page 2 as printed")
    expect(picture).to_be_visible()
    picture.evaluate("image => image.decode()")
    assert picture.evaluate("image => image.naturalHeight") == 1400
    expect(document.locator(".cv-page-tool span")).to_have_text("page 2 of 2")
    expect(document.locator("mark")).to_be_hidden()
    document.get_by_role("button", name="Previous page").click()
    expect(document.get_by_role("img", name="Page 1 as printed")).to_be_visible()
    document.get_by_role("button", name="Next page").click()
    document.get_by_role("button", name="Text").click()
    expect(document.locator("mark")).to_be_in_viewport()
    expect(document.get_by_role("button", name="Text")).to_have_attribute("aria-pressed", "true")
    document.get_by_role("button", name="Previous page").click()
    expect(document.locator(".cv-page-tool span")).to_have_text("page 1 of 2")
    expect(document.locator("[data-page='1']")).to_be_in_viewport()
    # Words are found in the text, wherever one is.
    document.get_by_role("button", name="Page", exact=True).click()
    document.get_by_label("Find in document").fill("middle power")
    expect(document.locator(".cv-found")).to_have_text("1 of 2")
    expect(document.locator(".cv-page-tool span")).to_have_text("page 2 of 2")


def test_outline_and_central_sentences_lead_into_the_document(page: Page) -> None:
    page.evaluate(OPEN, "document?path=docs/kazakhstan-2024/expert-view.pdf")
    document = reader(page)
    document.get_by_role("button", name="About").click()
    known = document.locator(".cv-reader-about")
    expect(known).to_contain_text("Taken from the document, word for word")
    expect(known.locator("q")).to_have_count(3)
    expect(known.locator(".cv-outline li")).to_have_count(8)
    sentence = known.locator("q").last.text_content()
    assert sentence is not None
    known.get_by_role("link", name="Show sentence 3 in the document").click()
    expect(document.locator("mark")).to_have_text(sentence)
    expect(document.locator("mark")).to_be_in_viewport()
    document.get_by_role("button", name="About").click()
    known.get_by_role("link", name="Member and initiator").click()
    expect(document.locator("h4 mark")).to_have_text("Member and initiator")
    expect(document.get_by_role("button", name="Text")).to_have_attribute("aria-pressed", "true")


@pytest.mark.slow
def test_document_of_another_tab_opens_beside_the_chat_and_leads_back(page: Page) -> None:
    page.get_by_role("tab", name="Ask each").click()
    page.locator("#each-question textarea").fill("How many members does the IOFS have?")
    page.get_by_role("button", name="Ask each").click()
    link = page.locator("#each-answers a[href^='document?']").first
    link.click(timeout=ANSWER_MS)
    document = reader(page)
    expect(document.locator("mark")).to_have_text("41")
    expect(page.get_by_role("tab", name="Ask", exact=True)).to_have_attribute(
        "aria-selected", "true"
    )
    document.get_by_role("button", name="← Ask each").click()
    expect(page.get_by_role("tab", name="Ask each")).to_have_attribute("aria-selected", "true")
    expect(link).to_be_focused()


def test_silent_server_is_reported_and_asked_again(page: Page) -> None:
    ask_when_founded(page)
    answers = iter(["abort", "503", "200"])

    def reply(route: Route) -> None:
        answer = next(answers)
        if answer == "abort":
            route.abort()
        elif answer == "503":
            route.fulfill(status=503, headers={"Retry-After": "1"}, body="")
        else:
            route.continue_()

    page.route("**/panel?*", reply)
    page.locator("#sources .cv-open").first.click()
    expect(reader(page).get_by_role("alert")).to_contain_text("The server does not answer.")
    reader(page).get_by_role("button", name="Try again").click()
    expect(reader(page).locator("mark")).to_have_text("2013")
    # A document that has gone meanwhile.
    page.evaluate(OPEN, "document?path=docs/nothing.md")
    expect(reader(page).get_by_role("alert")).to_have_text(
        "There is no document at docs/nothing.md any more."
    )


@pytest.mark.slow
def test_phone_shows_the_document_over_the_whole_page(browser: Browser, chat: Running) -> None:
    with opened(browser, chat.url, width=390, height=844) as page:
        ask_when_founded(page)
        document = open_source(page)
        assert document.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
        assert document.get_attribute("role") == "dialog"
        assert page.locator("#tabs").evaluate("tabs => tabs.closest('[inert]') !== null")
        small = document.evaluate(
            """reader => [...reader.querySelectorAll("button, a, input, summary")]
                .filter(each => each.checkVisibility())
                .filter(each => Math.min(...["width", "height"]
                    .map(side => each.getBoundingClientRect()[side])) < 24)
                .map(each => each.outerHTML)"""
        )
        assert small == []
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.set_viewport_size({"width": 1024, "height": 768})
        expect(document).to_be_visible()
        expect(page.locator("#reading > #reader")).to_have_count(1)
        expect(document.locator("h2")).to_be_focused()
        page.set_viewport_size({"width": 390, "height": 844})
        page.go_back()
        expect(document).to_be_hidden()
        assert page.locator("[inert]").count() == 0


@pytest.mark.slow
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_axe_finds_nothing_in_an_open_document(
    browser: Browser, chat: Running, width: int, dark: bool
) -> None:
    with opened(browser, chat.url, width=width, dark=dark) as page:
        ask(page, ORGANISATIONS, "[1]")
        document = open_source(page)
        for view in ("Page", "Text", "About"):
            document.get_by_role("button", name=view, exact=True).click()
            if view == "About":
                expect(document.locator(".cv-outline li").first).to_be_visible()
            found = Axe().run(page, context="#reader").response
            assert len(found["passes"]) > 10
            assert [(rule["id"], rule["nodes"]) for rule in found["violations"]] == []


HOSTILE = (
    "<img src=x onerror=window.__pwned=1> <script>window.__pwned=1</script> ${window.__pwned=1}"
)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A chat about documents with all that is shown in ways of its own."""
    folder = tmp_path_factory.mktemp("shelf") / "shelf"
    folder.mkdir()
    lines = [f"Entry {number}." for number in range(4_100)]
    lines[10] = lines[4_090] = "The \U0001f426 heron was seen here."
    (folder / "long.txt").write_text("\n\n".join(lines), encoding="utf-8")
    code = f"```\n{'wide ' * 100}end\n    indented\n```"
    (folder / "code.md").write_text(f"# Code\n\n{code}\n\nمرحبا بالعالم\n", encoding="utf-8")
    cells = ",".join(f"column{number}" for number in range(60))
    row = ",".join(f"cell{number}" for number in range(60))
    (folder / "wide.csv").write_text(f"{cells}\n{row}\n", encoding="utf-8")
    (folder / "hostile.txt").write_text(f"A treasure {HOSTILE} was buried.", encoding="utf-8")
    with running(folder.parent / "chat", folder) as started:
        yield started


@pytest.mark.slow
def test_quotes_and_words_are_reached_in_all_parts_of_a_long_document(
    browser: Browser, shelf: Running
) -> None:
    with opened(browser, shelf.url) as page:
        text = (shelf.index.parents[1] / "shelf" / "long.txt").read_text(encoding="utf-8")
        first, second = (match.start() for match in re.finditer("heron", text))
        quotes = "".join(f"&quote={at}-{at + 5}" for at in (first, second))
        page.evaluate(OPEN, f"document?path=shelf/long.txt{quotes}&at=1#quote-1")
        document = reader(page)
        label = document.locator(".cv-quote-tool span")
        expect(label).to_have_text("quote 1 of 2")
        expect(document.locator("mark")).to_be_in_viewport()
        document.locator("h2").press("n")
        expect(document.locator(".cv-parts").first).to_contain_text("Part 3 of 3")
        expect(document.locator("mark")).to_have_text("heron")
        expect(document.locator("mark")).to_be_in_viewport()
        expect(label).to_have_text("quote 2 of 2")
        document.get_by_role("button", name="Previous quote").press("Enter")
        expect(document.locator(".cv-parts").first).to_contain_text("Part 1 of 3")
        # The focus stays where it was, on a new button.
        expect(document.get_by_role("button", name="Previous quote")).to_be_focused()
        document.get_by_label("Find in document").fill("\U0001f426 heron was")
        expect(document.locator(".cv-found")).to_have_text("1 of 2")
        assert highlighted(page, "cv-found-current") == ["\U0001f426 heron was"]
        page.keyboard.press("Enter")
        expect(document.locator(".cv-parts").first).to_contain_text("Part 3 of 3")
        expect(document.locator(".cv-found")).to_have_text("2 of 2")
        assert highlighted(page, "cv-found") == ["\U0001f426 heron was"]
        expect(document.get_by_label("Find in document")).to_be_focused()
        document.get_by_label("Find in document").fill("Entry")
        expect(document.locator(".cv-found")).to_contain_text("of over 1,000")
        expect(document.locator(".cv-parts").first).to_contain_text("Part 1 of 3")
        document.get_by_role("link", name="Later part").first.click()
        expect(document.locator(".cv-parts").first).to_contain_text("Part 2 of 3")
        expect(document.get_by_label("Find in document")).to_have_value("Entry")
        expect(label).to_have_text("quote 1 of 2")


@pytest.mark.slow
def test_code_tables_and_other_directions_are_shown_as_such(
    browser: Browser, shelf: Running
) -> None:
    with opened(browser, shelf.url) as page:
        page.evaluate(OPEN, "document?path=shelf/code.md")
        code = reader(page).locator(".code")
        expect(code).to_contain_text("wide wide")
        style = code.evaluate(
            "code => [getComputedStyle(code).fontFamily, getComputedStyle(code).whiteSpace,"
            " code.scrollWidth > code.clientWidth, code.tabIndex]"
        )
        assert style == ["ui-monospace, monospace", "pre", True, 0]
        assert (code.text_content() or "").endswith("end\n    indented")
        arabic = reader(page).get_by_text("مرحبا بالعالم")
        assert arabic.evaluate("text => getComputedStyle(text).direction") == "rtl"
        page.evaluate(OPEN, "document?path=shelf/wide.csv")
        expect(reader(page).get_by_role("cell").nth(59)).to_have_text("column59")
        table = reader(page).get_by_role("region", name="Table")
        assert table.evaluate("table => table.scrollWidth > table.clientWidth")
        reader(page).get_by_label("Find in document").fill("cell59")
        expect(reader(page).get_by_role("cell", name="cell59")).to_be_in_viewport()
        page.evaluate(OPEN, "document?path=shelf/hostile.txt")
        expect(reader(page).locator(".cv-reader-text .paragraph")).to_have_text(
            f"A treasure {HOSTILE} was buried."
        )
        assert reader(page).locator("img, script").count() == 0


@pytest.mark.slow
def test_library_of_a_phone_is_there_again_behind_its_document(
    browser: Browser, chat: Running
) -> None:
    with opened(browser, chat.url, width=390, height=844) as page:
        page.get_by_role("button", name="Documents", exact=True).click()
        row = page.locator("#choosing .cv-document").filter(has_text="Formats")
        row.locator("summary").click()
        row.get_by_role("link", name="Open").click()
        expect(reader(page).locator("h2")).to_have_text("Formats")
        reader(page).get_by_role("button", name="← Documents").click()
        expect(reader(page)).to_be_hidden()
        expect(row.get_by_role("link", name="Open")).to_be_focused()
