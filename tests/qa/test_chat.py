"""The chat without a page: replies, and conversations that a browser kept."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from qa import QuestionAnswerer
from qa.chat import MOST_TURNS, Chat, kept
from qa.page import Turn
from qa.receipts import as_json

TEXT = "The bridge was opened in 1901. It was closed in 1950."


@pytest.fixture
def town(tmp_path: Path) -> Path:
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "bridge.txt").write_text(TEXT)
    return folder


@pytest.fixture
def chat(town: Path, tmp_path: Path) -> Iterator[Chat]:
    with QuestionAnswerer.from_documents(town, tmp_path / "index") as answerer:
        chat = Chat(answerer, town)
        chat.warm_up()
        yield chat


def reply(chat: Chat, question: str, within: Sequence[str] = (), number: int = 1) -> Turn:
    *_, last = chat.replies(number, question, within)
    return last


def test_stages_are_told_as_they_happen(chat: Chat) -> None:
    searching, reading, answered = chat.replies(1, "When was the bridge opened?")
    assert "Searching the documents" in searching.reply and searching.sources == ""
    assert "Reading 1 passage …" in reading.reply
    assert "Being read." in reading.sources and TEXT in reading.sources
    assert answered.answer is not None and answered.answer.text == "1901"
    assert searching.answer is None and reading.answer is None


def test_examples_are_questions_that_the_documents_answer(chat: Chat, town: Path) -> None:
    assert chat.examples() == []
    (town / "mill.txt").write_text(
        "The Old Mill was built in 1850. The Old Mill has three wheels. It has two doors. "
        "Nothing is known of Westfield."
    )
    with QuestionAnswerer.from_documents(town, chat.index.folder) as answerer:
        again = Chat(answerer, town)
        again.warm_up()
        assert again.examples() == [
            "When was the Old Mill built?",
            "How many wheels does the Old Mill have?",
        ]


def test_answer_is_limited_to_places(chat: Chat, town: Path, tmp_path: Path) -> None:
    (town / "old").mkdir()
    (town / "old" / "mill.txt").write_text("The mill was opened in 1850.")
    with QuestionAnswerer.from_documents(town, tmp_path / "index") as answerer:
        chat = Chat(answerer, town)
        chat.warm_up()
        assert chat.places == ["town/bridge.txt", "town/old", "town/old/mill.txt"]
        for within, text in ((["town/old"], "1850"), (["town/bridge.txt"], "1901")):
            answer = reply(chat, "When was it opened?", within).answer
            assert answer is not None and answer.text == text
        gone = reply(chat, "When was it opened?", ["town/gone.txt"])
        assert gone.answer is None and "is not in the library any more" in gone.reply


def test_conversation_is_kept_and_restored(chat: Chat) -> None:
    turns = tuple(
        reply(chat, question, number=number)
        for number, question in enumerate(("When was the bridge opened?", "Who won?"), start=1)
    )
    assert [turn.answer.text if turn.answer else "" for turn in turns] == ["1901", None]
    restored = chat.restored(kept(turns))
    assert [(one.number, one.asked, one.reply, one.sources) for one in restored] == [
        (one.number, one.asked, one.reply, one.sources) for one in turns
    ]


def test_document_that_changed_or_went_is_named_in_what_was_kept(
    chat: Chat, town: Path, tmp_path: Path
) -> None:
    saved = kept([reply(chat, "When was the bridge opened?")])
    (unchanged,) = chat.restored(saved)
    assert "has changed since" not in unchanged.sources
    (town / "bridge.txt").write_text(TEXT.replace("1950", "1951"))
    QuestionAnswerer.from_documents(town, tmp_path / "index").close()
    (changed,) = chat.restored(saved)
    assert "This document has changed since, or is gone." in changed.sources
    status, page = chat.document("town/bridge.txt", "00", ["25-29"], None)
    assert status == 200 and "has changed since it was quoted" in page


@pytest.mark.parametrize("saved", [None, 3, "", "[", "{}", '[{"question": 1}]', ["x"]])
def test_something_else_restores_nothing(chat: Chat, saved: object) -> None:
    assert chat.restored(saved) == ()


def test_only_the_last_turns_are_restored(chat: Chat) -> None:
    answer = reply(chat, "When was the bridge opened?").answer
    assert answer is not None
    restored = chat.restored(as_json([answer] * (MOST_TURNS + 5)))
    assert [turn.number for turn in restored] == list(range(1, MOST_TURNS + 1))


def test_document_of_another_folder_is_not_shown(chat: Chat, town: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "secret.txt").write_text("The key lies under the mat.")
    QuestionAnswerer.from_documents(other, tmp_path / "index").close()
    assert chat.index.document("other/secret.txt") is not None
    for path in ("other/secret.txt", "town", "", "town/../other/secret.txt"):
        status, page = chat.document(path, "", [], None)
        assert status == 404 and "There is no document at" in page and "mat" not in page
