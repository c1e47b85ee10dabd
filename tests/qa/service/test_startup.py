"""Indexing in the background, while the chat answers."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import pytest

from embeddings.errors import ChapterAndVerseError, FolderError, IndexLocked, NothingToRead, Remedy
from embeddings.index.writer_lock import writer_lock
from embeddings.indexing_report import IndexingProgress, IndexingReport, OnProgress
from qa import QuestionAnswerer, Settings
from qa.service.messages import FOLDER_EMPTIED, FOLDER_NOT_INDEXED, NO_DOCUMENTS
from qa.service.service import Service
from qa.service.startup import StartupIndexing
from qa.web.chat import Chat

SECONDS = 30

EARLIER = "Answers come from what was read before."


def report(added: int) -> IndexingReport:
    paths = tuple(f"town/{number}.txt" for number in range(added))
    return IndexingReport("town", paths, (), (), 0, (), added, 0.1)


class Folders:
    """In place of the uploads: indexes when it is told to.

    Args:
        outcome: The report, or an error to raise.
    """

    def __init__(self, outcome: IndexingReport | Exception) -> None:
        self.outcome = outcome
        self.go_on = threading.Event()
        self.reached = threading.Event()

    def index_all(self, on_progress: OnProgress) -> list[IndexingReport]:
        on_progress(IndexingProgress(12, 1_079, "town/a.txt"))
        self.reached.set()
        assert self.go_on.wait(SECONDS)
        on_progress(IndexingProgress(13, 1_079, "town/b.txt"))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return [self.outcome]

    def notice_of_earlier(self) -> str:
        return EARLIER


class Terminal:
    """Notes what is shown in the terminal."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.reports: list[IndexingReport] = []
        self.errors: list[ChapterAndVerseError] = []

    @contextmanager
    def bar(self) -> Iterator[OnProgress]:
        yield lambda now: self.done.append(now.files_done)


def started(folders: Folders) -> tuple[StartupIndexing, Terminal]:
    indexing, terminal = StartupIndexing(folders), Terminal()  # type: ignore[arg-type]
    assert (indexing.running, indexing.failed, indexing.status) == (False, False, "")
    indexing.start(terminal.bar, terminal.reports.append, terminal.errors.append)
    assert folders.reached.wait(SECONDS)
    return indexing, terminal


def test_progress_is_told_until_all_is_indexed() -> None:
    folders = Folders(report(1_079))
    indexing, terminal = started(folders)
    assert (indexing.running, indexing.failed) == (True, False)
    assert indexing.status == "Reading 13 of 1,079 · a.txt"
    assert indexing.unread == "Not all files are in yet: 12 of 1,079 are read so far."
    folders.go_on.set()
    indexing.join()
    assert (indexing.running, indexing.failed, indexing.status) == (False, False, "")
    assert indexing.unread == ""
    assert (terminal.done, terminal.reports, terminal.errors) == ([12, 13], [report(1_079)], [])
    assert not indexing.close()


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        (
            IndexLocked("is being written by process 7", Path("/i"), Remedy.WAIT),
            "Not indexed: The index is being written by process 7. Try again once it has finished.",
        ),
        (RuntimeError("boom"), FOLDER_NOT_INDEXED),
    ],
    ids=["locked", "unforeseen"],
)
def test_problem_is_told_on_the_page_and_in_the_terminal(
    outcome: IndexingReport | Exception, problem: str
) -> None:
    folders = Folders(outcome)
    indexing, terminal = started(folders)
    folders.go_on.set()
    indexing.join()
    assert (indexing.running, indexing.failed) == (False, True)
    assert indexing.status.startswith(problem)
    assert len(terminal.errors) == isinstance(outcome, IndexLocked)


@pytest.mark.parametrize("outcome", [report(0), NothingToRead("holds no file", Path("/town"))])
def test_folder_with_nothing_to_read_is_no_failure(
    outcome: IndexingReport | NothingToRead,
) -> None:
    folders = Folders(outcome)
    indexing, terminal = started(folders)
    folders.go_on.set()
    indexing.join()
    assert (indexing.running, indexing.failed, indexing.status) == (False, False, EARLIER)
    (error,) = terminal.errors
    assert isinstance(error, NothingToRead)


def test_end_of_the_chat_ends_indexing() -> None:
    folders = Folders(report(3))
    indexing, terminal = started(folders)
    closed: list[bool] = []
    closing_thread = threading.Thread(target=lambda: closed.append(indexing.close()))
    closing_thread.start()
    folders.go_on.set()
    closing_thread.join(SECONDS)
    assert closed in ([True], [False])
    assert not indexing.running
    assert len(terminal.reports) == (closed == [False])


@pytest.mark.slow
def test_chat_answers_from_what_is_in_already(town: Path, tmp_path: Path) -> None:
    settings = Settings(index=tmp_path / "index")
    with (
        QuestionAnswerer.open_folder(town, settings) as answerer,
        closing(Service(answerer, town)) as service,
    ):
        service.uploads.open()
        assert answerer.answer("When was the bridge opened?").text is None
        reports: list[IndexingReport] = []
        service.indexing.start(lambda: nullcontext(print), reports.append, print)
        service.indexing.join()
        assert [each.added for each in reports] == [("town/bridge.txt",)]
        assert answerer.answer("When was the bridge opened?").text == "1901"


def test_folder_that_cannot_be_used_is_refused_at_once(town: Path, tmp_path: Path) -> None:
    settings = Settings(index=tmp_path / "index")
    with pytest.raises(FolderError, match="does not exist"):
        QuestionAnswerer.open_folder(tmp_path / "missing", settings)
    assert not settings.index.exists()
    with QuestionAnswerer.open_folder(town, settings) as answerer:
        assert answerer.within == ("town",)
    with writer_lock(settings.index), pytest.raises(IndexLocked):
        QuestionAnswerer.open_folder(town, settings)


@pytest.mark.slow
def test_empty_folder_is_served_and_what_it_held_before_is_said(town: Path, tmp_path: Path) -> None:
    settings = Settings(index=tmp_path / "index")
    held = town / "bridge.txt"
    text = held.read_text(encoding="utf-8")

    def status() -> tuple[bool, str, int, str]:
        with (
            QuestionAnswerer.open_folder(town, settings) as answerer,
            closing(Service(answerer, town)) as service,
            closing(Chat(service)) as chat,
        ):
            chat.uploads.open()
            chat.indexing.start(lambda: nullcontext(lambda _: None), lambda _: None, lambda _: None)
            service.warm_up()
            chat.indexing.join()
            *_, last = chat.replies(1, "When was the bridge opened?")
            indexing, documents = chat.indexing, len(chat.listing().documents)
            return indexing.failed, indexing.status, documents, last.reply

    held.unlink()
    failed, said, documents, reply = status()
    assert (failed, said, documents) == (False, "", 0)
    assert NO_DOCUMENTS in reply
    held.write_text(text, encoding="utf-8")
    failed, said, documents, reply = status()
    assert (failed, said, documents) == (False, "", 1)
    assert "1901" in reply
    held.unlink()
    failed, said, documents, reply = status()
    assert (failed, said, documents) == (False, f"town {FOLDER_EMPTIED}", 1)
    assert "1901" in reply
