"""Documents whose text, names and titles would run as a script if one escape were missing."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.browsing import ask, opened, replies
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
    override = "\u202egpj.\u202c<svg onload=window.__pwned=1>.txt"
    # A title is what is read of the name; its path keeps what turns the direction.
    plain = "gpj.<svg onload=window.__pwned=1>.txt"
    (folder / override).write_text("The well is deep.", encoding="utf-8")
    title = SCRIPTS.replace("&", "&amp;").replace("<", "&lt;")
    html = f"<title>{title}</title><h1>{title}</h1><p>The harbour was dug in 1802.</p>"
    (folder / "harbour.html").write_text(html, encoding="utf-8")
    with running(tmp_path / "chat", folder) as chat, opened(browser, chat.url) as page:
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
            replies(page).first.get_by_text("[1]").click(modifiers=["Control"])
        expect(opening.value.locator("main")).to_have_text(text)
        assert (opening.value.locator("mark").text_content() or "") in text
        assert opening.value.locator("img, script").count() == 0
        documents = page.locator("#source-list")
        expect(documents.locator(".cv-title")).to_have_text([name, SCRIPTS, plain])
        # What turns the direction of a name ends with the name.
        assert documents.locator("bdi.cv-title").count() == 3
        documents.locator(".cv-document summary").first.click()
        expect(documents.locator(".cv-menu .cv-place:first-of-type").first).to_contain_text(name)
        documents.get_by_role("button", name="Ask only this").first.click()
        expect(page.locator("#limit-chip .cv-chip-label")).to_have_text(f"Only: {name}")
        documents.get_by_role("button", name="Remove").first.click()
        expect(page.get_by_role("dialog").get_by_role("heading")).to_have_text(f"Remove {name}?")
        page.keyboard.press("Escape")
        documents.locator(".cv-document summary").nth(1).click()
        with page.context.expect_page() as opening:
            documents.get_by_role("link", name="Open").click(modifiers=["Control"])
        assert page.locator("#choosing, #limit-chip").locator("img, script").count() == 0
        expect(opening.value.locator("header h1")).to_have_text(SCRIPTS)
        expect(opening.value.locator("main")).to_contain_text("The harbour was dug in 1802.")
        assert opening.value.title() == SCRIPTS
        assert opening.value.locator("img, script").count() == 0
        assert str(tmp_path) not in page.content()
