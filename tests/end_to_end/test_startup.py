"""The page while its folder is indexed for the first time."""

import signal
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.browsing import ANSWER_MS, ask, enter, opened, replies
from tests.end_to_end.chat_process import SECONDS, running

SLOW = """
import pathlib, sys, time
import app
from embeddings.files.loading import DocumentLoader

gate = pathlib.Path(sys.argv[sys.argv.index("--index") + 1]).parent / "gate"
load_split, close = DocumentLoader.load_split, DocumentLoader.close
closed = []

def load_later(self, path, splitting):
    while path.name == "mill.txt" and gate.exists() and not closed:
        time.sleep(0.02)
    return load_split(self, path, splitting)

def note_and_close(self):
    if self._worker is not None:
        closed.append(self)
    close(self)

DocumentLoader.load_split, DocumentLoader.close = load_later, note_and_close
app.main()
"""
"""Does not read ``mill.txt`` while the gate is there: the file ``Running.gate``."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "bridge.txt").write_text("The bridge was opened in 1901.", encoding="utf-8")
    (folder / "mill.txt").write_text("The mill was built in 1850.", encoding="utf-8")
    (tmp_path / "chat").mkdir()
    (tmp_path / "chat" / "gate").touch()
    return folder


@pytest.mark.browser
def test_page_answers_from_what_is_in_and_shows_what_comes_in(
    browser: Browser, tmp_path: Path, folder: Path
) -> None:
    with (
        running(tmp_path / "chat", folder, script=SLOW, indexed=False) as chat,
        opened(browser, chat.url) as page,
    ):
        line = page.locator("#indexing")
        expect(line).to_have_text(
            "Reading 2 of 2 · mill.txt. Documents that are read can be asked already.",
            timeout=ANSWER_MS,
        )
        # How many there are in all is not known yet.
        expect(page.locator("#sources")).not_to_contain_text("1 document")
        tab = page.get_by_role("tab", name="Ask", exact=True)
        tab_place = tab.bounding_box()
        used = page.locator("#source-list .cv-used")
        expect(used).to_have_text("1 of 1 used")
        # What is not found may be in a file that is still to come.
        ask(page, "Who dug the harbour of Tern?", "The documents do not say")
        expect(replies(page).last).to_contain_text(
            "Not all files are in yet: 1 of 2 are read so far."
        )
        ask(page, "When was the bridge opened?", "1901")
        expect(replies(page).last).not_to_contain_text("are read so far")
        assert "passages encoded" not in chat.logged()
        chat.gate.unlink()
        expect(line).to_have_text("", timeout=ANSWER_MS)
        assert tab.bounding_box() == tab_place
        expect(used).to_have_text("2 of 2 used", timeout=ANSWER_MS)
        ask(page, "When was the mill built?", "1850")
        assert "town: 2 added" in chat.logged()


@pytest.mark.slow
def test_end_while_the_folder_is_indexed_keeps_what_is_in(tmp_path: Path, folder: Path) -> None:
    with running(tmp_path / "chat", folder, script=SLOW, indexed=False) as chat:
        chat.process.send_signal(signal.SIGTERM)
        ended = time.monotonic()
        assert chat.process.wait(SECONDS) == 2
        assert time.monotonic() - ended < 30
        assert chat.logged().splitlines()[-1] == (
            "Interrupted; what was finished is kept. Run the same command again to go on."
        )
    chat.gate.unlink()
    with running(tmp_path / "again", folder, index=chat.index) as again:
        assert again.logged().count("town: ") == 1


@pytest.mark.browser
@pytest.mark.slow
def test_empty_folder_is_served_and_files_are_added(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "town").mkdir()
    (tmp_path / "bridge.txt").write_text("The bridge was opened in 1901.", encoding="utf-8")
    with (
        running(tmp_path / "chat", tmp_path / "town", indexed=False) as chat,
        opened(browser, chat.url) as page,
    ):
        expect(page.locator("#welcome")).to_contain_text("Add the first documents")
        page.locator("#source-list input[type=file]").set_input_files(tmp_path / "bridge.txt")
        expect(page.locator("#source-list")).to_contain_text("1 of 1 used", timeout=ANSWER_MS)
        enter(page, "When was the bridge opened?")
        expect(replies(page)).to_contain_text("1901", timeout=ANSWER_MS)
        assert "town holds no file that can be read" in chat.logged()


@pytest.mark.browser
@pytest.mark.slow
def test_folder_without_a_sound_file_is_served_to_readers(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "town").mkdir()
    (tmp_path / "town" / "plan.pdf").write_bytes(b"%PDF-1.7 torn")
    place = tmp_path / "chat"
    with (
        running(place, tmp_path / "town", options=["--read-only"], indexed=False) as chat,
        opened(browser, chat.url) as page,
    ):
        expect(page.locator("#sources")).to_contain_text("There is nothing to answer from")
        expect(page.locator("#source-list")).to_contain_text("plan.pdf", timeout=ANSWER_MS)
        assert "town has no file that could be read" in chat.logged()
