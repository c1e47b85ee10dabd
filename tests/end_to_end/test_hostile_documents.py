"""Documents whose text, names and titles would run as a script if one escape were missing."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.browsing import ask, library, opened, replies
from tests.end_to_end.chat_process import running

SCRIPTS = (
    "<img src=x onerror=window.__pwned=1> <script>window.__pwned=1</script> "
    "${window.__pwned=1} {{value}} $$x^2$$ [a](javascript:window.__pwned=1) "
    "<img src=http://192.0.2.1/beacon.png>"
)


@pytest.mark.slow
@pytest.mark.browser
def test_hostile_documents_are_shown_as_they_stand(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "<img src=x onerror=window.__pwned=1>${window.__pwned=1}"
    folder.mkdir()
    name = "<img src=x onerror=window.__pwned=1>{{value}}.txt"
    text = f"The treasure of {SCRIPTS} was buried in 1731."
    (folder / name).write_text(text, encoding="utf-8")
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
        assert passage.text_content() == text
        assert (page.locator("#sources mark").first.text_content() or "") in text
        expect(page.locator("#sources ol").first).to_contain_text(name)
        ask(page, "When was the harbour dug?", "1802")
        expect(page.locator("#sources h3").first).to_have_text(f"[1] {SCRIPTS}")
        assert page.locator("#chat img, #chat script, #sources img, #sources script").count() == 0
        with page.context.expect_page() as opening:
            replies(page).first.get_by_text("[1]").click()
        expect(opening.value.locator("main")).to_have_text(text)
        assert (opening.value.locator("mark").text_content() or "") in text
        assert opening.value.locator("img, script").count() == 0
        with library(page):
            documents = page.locator("#documents")
            expect(documents.locator("tbody .cv-place:is(p)")).to_have_text([name, "harbour.html"])
            with page.context.expect_page() as opening:
                link = documents.get_by_role("link", name=SCRIPTS, exact=True)
                link.click(modifiers=["Control"])
            link.click()
            expect(page.locator("#reader h2")).to_have_text(SCRIPTS)
            expect(page.locator("#reader")).to_contain_text("The harbour was dug in 1802.")
            assert page.locator("#reader").locator("img, script").count() == 0
            page.keyboard.press("Escape")
            assert documents.locator("img, script").count() == 0
        expect(opening.value.locator("header h1")).to_have_text(SCRIPTS)
        expect(opening.value.locator("main")).to_contain_text("The harbour was dug in 1802.")
        assert opening.value.title() == SCRIPTS
        assert opening.value.locator("img, script").count() == 0
        assert str(tmp_path) not in page.content()
