"""Keys on the page: signing in and out, and what a key reaches of the library."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.embeddings.files.formats.test_pdf_picture import pdf_of
from tests.end_to_end.browsing import (
    ANSWER_MS,
    ask,
    enter,
    notices,
    opened,
    question_box,
    reload,
    replies,
    until_idle,
)
from tests.end_to_end.chat_process import ROOT, SECONDS, Running, fetch, run, running

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MILL = "The Old Mill was built in 1850. The Old Mill has three wheels."
VAULT = "The Iron Vault was built in 1903. The Iron Vault has seven doors."

DROP = """() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["The bridge was opened in 1901."], "bridge.txt"));
    for (const name of ["dragenter", "dragover", "drop"])
        document.querySelector("#chat").dispatchEvent(new DragEvent(
            name, {dataTransfer: transfer, bubbles: true, cancelable: true}));
}"""


def qa(*arguments: str | Path) -> str:
    """What the command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "qa.cli.main", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    return done.stdout.strip()


def add_key(chat: Running, name: str, *options: str) -> str:
    return qa("keys", "add", name, *options, "--index", chat.index)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    town = tmp_path_factory.mktemp("keys") / "town"
    for name, text in (("public", MILL), ("secret", VAULT)):
        (town / name).mkdir(parents=True)
        (town / name / f"{name}.txt").write_text(text)
        pdf_of(town / name, f"A page of {name}.")
    return town


@pytest.fixture(scope="module")
def keyed(town: Path) -> Iterator[Running]:
    """A chat that others can reach, with the key ``whole``, and ``public`` for a part of it."""
    place = town.parent
    for name, may, *within in (
        ("whole", "ask,write"),
        ("public", "ask", "--within", "town/public"),
    ):
        key = qa("keys", "add", name, "--may", may, *within, "--index", place / "index")
        (place / name).write_text(key)
    with running(place, town, options=["--host", "0.0.0.0"]) as started:
        yield replace(started, url=started.url.replace("0.0.0.0", "127.0.0.1"))


def key_of(chat: Running, name: str) -> str:
    return (chat.index.parent / name).read_text()


def sign_in(page: Page, key: str) -> None:
    page.get_by_label("Your key").fill(key)
    page.get_by_label("Your key").press("Enter")
    page.locator("html.cv-loaded").wait_for()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_key_signs_in_until_its_holder_signs_out(browser: Browser, keyed: Running) -> None:
    with opened(browser, keyed.url, ready="#key") as page:
        assert page.url == f"{keyed.url}/sign-in"
        field = page.get_by_label("Your key")
        expect(field).to_be_focused()
        field.fill("cv_wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_have_text(
            "This key is not valid here, or not any more."
        )
        expect(field).to_be_focused()
        expect(field).to_have_value("")
        sign_in(page, key_of(keyed, "whole"))
        assert page.url == f"{keyed.url}/"
        ask(page, "How many doors does the Iron Vault have?", "seven")
        assert page.evaluate("document.cookie") == ""
        sign_out(page)
        for path in ("/", "/document?path=town%2Fsecret%2Fsecret.txt&quote=0-3"):
            page.goto(f"{keyed.url}{path}")
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        # The address of a quote that was sent to somebody.
        page.goto(f"{keyed.url}/document?path=town%2Fsecret%2Fsecret.txt&quote=4-14#quote-1")
        page.get_by_label("Your key").fill(key_of(keyed, "whole"))
        page.get_by_label("Your key").press("Enter")
        expect(page.locator("mark")).to_have_text("Iron Vault")
        assert page.url.endswith("&quote=4-14#quote-1")


def test_key_reaches_its_documents_alone(browser: Browser, keyed: Running, tmp_path: Path) -> None:
    receipt = tmp_path / "receipt.json"
    receipt.write_text(json.dumps(answered(keyed, "How many doors does the Iron Vault have?")))
    with opened(browser, keyed.url, ready="#key") as page:
        sign_in(page, key_of(keyed, "public"))
        rows = page.locator("#source-list .cv-document")
        expect(rows).to_have_count(2)
        expect(page.locator(".cv-used")).to_have_text("2 of 2 used")
        expect(page.locator("#sources")).to_contain_text("2 documents")
        expect(page.locator("#source-list .cv-folder")).to_have_text("town/public 2 documents")
        examples = page.locator("#examples button:visible")
        expect(examples.first).to_be_visible(timeout=ANSWER_MS)
        assert all("Old Mill" in text for text in examples.all_inner_texts())
        enter(page, "How many doors does the Iron Vault have?")
        expect(replies(page).last).to_contain_text("do not", timeout=ANSWER_MS)
        ask(page, "Hello!", "The library holds 2 documents")
        assert "ecret" not in page.locator("body").inner_text()
        for path, status in (
            ("document?path=town%2Fpublic%2Fpublic.txt", 200),
            ("document?path=town%2Fsecret%2Fsecret.txt", 404),
            ("panel?path=town%2Fsecret%2Fsecret.txt", 404),
            ("about?path=town%2Fsecret%2Fsecret.txt", 404),
            ("find?path=town%2Fsecret%2Fsecret.txt&words=vault", 404),
            ("page.png?path=town%2Fpublic%2Fa.pdf&page=1", 200),
            ("page.png?path=town%2Fsecret%2Fa.pdf&page=1", 404),
        ):
            assert page.request.get(f"{keyed.url}/{path}").status == status, path
        # What it may not do is not offered, and refused where it is tried.
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 844})
            for button in ("Add files", "Read the folder again", "Remove", "Choose files"):
                expect(page.get_by_role("button", name=button)).to_have_count(0)
        page.evaluate(DROP)
        expect(page.get_by_text("your key does not allow it")).to_be_visible()
        page.get_by_role("tab", name="Ask each").click()
        page.get_by_label("Question to each document").fill("How many doors are there?")
        page.get_by_label("Question to each document").press("Enter")
        answers = page.locator("#each-answers")
        expect(answers).to_contain_text("of 2 documents answer", timeout=ANSWER_MS)
        expect(answers).not_to_contain_text("seven")
        page.get_by_role("tab", name="Check", exact=True).click()
        with page.expect_file_chooser() as choosing:
            page.get_by_role("button", name="Choose a receipt").click()
        choosing.value.set_files(receipt)
        expect(page.locator("#checked")).to_contain_text("not in the index any more")


def answered(chat: Running, question: str) -> object:
    """The answer of the whole library, by HTTP."""
    headers = {
        "Authorization": f"Bearer {key_of(chat, 'whole')}",
        "Content-Type": "application/json",
    }
    body = json.dumps({"question": question}).encode()
    request = urllib.request.Request(f"{chat.url}/api/v1/answers", body, headers)
    with urllib.request.urlopen(request, timeout=SECONDS) as reply:
        answer: object = json.load(reply)
    return answer


def test_two_people_at_one_browser_have_conversations_of_their_own(
    browser: Browser, keyed: Running
) -> None:
    with opened(browser, keyed.url, ready="#key") as page:
        sign_in(page, key_of(keyed, "whole"))
        ask(page, "How many doors does the Iron Vault have?", "seven")
        page.locator("#source-list input[data-path='town/secret']").uncheck()
        expect(page.locator(".cv-used")).to_have_text("2 of 4 used")
        address = page.url
        assert "#conversation=" in address
        sign_out(page)
        sign_in(page, key_of(keyed, "public"))
        expect(page.locator(".cv-used")).to_have_text("2 of 2 used")
        page.goto(address)
        reload(page)
        until_idle(page)
        expect(replies(page)).to_have_count(0)
        page.get_by_role("button", name="Conversations").click()
        expect(page.get_by_role("dialog")).to_contain_text("There is none yet.")
        page.keyboard.press("Escape")
        sign_out(page)
        sign_in(page, key_of(keyed, "whole"))
        expect(replies(page)).to_contain_text("seven")
        expect(page.locator(".cv-used")).to_have_text("2 of 4 used")


def test_key_that_is_revoked_ends_an_open_page_which_loses_nothing(
    browser: Browser, keyed: Running
) -> None:
    with opened(browser, keyed.url, ready="#key") as page:
        sign_in(page, add_key(keyed, "guest"))
        ask(page, "When was the Old Mill built?", "1850")
        qa("keys", "revoke", "guest", "--index", keyed.index)
        question_box(page).fill("How many wheels does it have?")
        question_box(page).press("Enter")
        ended = page.locator("#cv-ended")
        expect(ended).to_contain_text("You are signed out")
        expect(notices(page)).to_contain_text("the question was not answered")
        expect(question_box(page)).to_have_value("How many wheels does it have?")
        expect(replies(page).first).to_be_visible()
        assert page.request.get(f"{keyed.url}/sources").status == 401
        with page.context.expect_page() as opening:
            ended.get_by_role("link", name="Sign in again").click()
        sign_in(opening.value, add_key(keyed, "guest"))
        opening.value.close()
        expect(ended).to_have_count(0)
        expect(question_box(page)).to_have_value("How many wheels does it have?")
        until_idle(page)
        question_box(page).press("Enter")
        expect(replies(page).last).to_contain_text("three", timeout=ANSWER_MS)
        qa("keys", "revoke", "guest", "--index", keyed.index)


def test_server_that_others_can_reach_needs_keys_or_a_word(town: Path, tmp_path: Path) -> None:
    at = ("--host", "0.0.0.0", "--port", "0", "--index", str(tmp_path / "index"))
    done = run(*at, town)
    assert (done.returncode, done.stdout) == (2, "")
    (sentence,) = done.stderr.splitlines()
    assert sentence == (
        "Serving at 0.0.0.0 needs keys: there is none yet. Let everybody in with --open, "
        f"or add one: qa keys add NAME --index {tmp_path / 'index'}"
    )
    with running(tmp_path, town, options=["--host", "0.0.0.0", "--open"]) as chat:
        assert fetch(f"{chat.url}/sources")[0] == 200
        assert (
            "Whoever can reach this machine can read and add to these documents." in chat.logged()
        )
