"""Ratings are stored with their answers, and exported as questions for evaluation."""

import json
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from embeddings.errors import IndexNotWritable
from embeddings.index.database import checksum
from qa.evaluation.datasets import Gold, load_questions
from qa.library import feedback
from qa.library.feedback import (
    MAX_NOTE_CHARACTERS,
    Feedback,
    FeedbackDamaged,
    FeedbackFull,
    TooMuchFeedback,
    as_question,
)
from qa.library.receipts import without_passages
from tests.qa.web.html.test_page import ANSWER, HIT, NO_ANSWER

UNANSWERED = replace(NO_ANSWER, hits=(HIT,))


ME = "a user"


def test_rating_is_stored_with_its_answer_and_note(tmp_path: Path) -> None:
    store = Feedback(tmp_path / "index")
    assert store.entries() == [] and not store.path.exists()
    key = store.put(ANSWER, True, ME)
    store.note(key, "  Just what I wanted. ")
    store.put(UNANSWERED, False, ME)
    liked, disliked = sorted(
        Feedback(tmp_path / "index").entries(), key=lambda entry: not entry.liked
    )
    assert (liked.answer, liked.liked) == (replace(ANSWER, hits=(), seconds={}), True)
    assert liked.note == "Just what I wanted."
    assert (disliked.answer, disliked.liked, disliked.note) == (UNANSWERED, False, "")


def test_second_rating_replaces_the_first(tmp_path: Path) -> None:
    store = Feedback(tmp_path / "index")
    key = store.put(ANSWER, True, ME)
    store.note(key, "x" * (MAX_NOTE_CHARACTERS + 1))
    assert len(store.entries()[0].note) == MAX_NOTE_CHARACTERS
    assert store.put(replace(ANSWER, seconds={"read": 3.0}), False, ME) == key
    (entry,) = store.entries()
    assert (entry.liked, entry.note) == (False, "")
    store.drop(ANSWER, ME)
    assert store.entries() == []


def test_users_rate_the_same_answer_independently(tmp_path: Path) -> None:
    store = Feedback(tmp_path / "index")
    store.note(store.put(ANSWER, True, ME), "Right.")
    store.put(ANSWER, False, "another")
    assert sorted((entry.liked, entry.note) for entry in store.entries()) == [
        (False, ""),
        (True, "Right."),
    ]


def test_rating_from_another_version_is_skipped(tmp_path: Path) -> None:
    store = Feedback(tmp_path / "index")
    store.put(ANSWER, True, ME)
    with sqlite3.connect(store.path) as connection:
        values = ("k", "2020", 1, "", "{}", "")
        row = (*values, checksum(values))
        connection.execute("INSERT INTO opinion VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    connection.close()
    assert [entry.answer.question for entry in store.entries()] == [ANSWER.question]


def test_ratings_of_concurrent_users_are_all_stored(tmp_path: Path) -> None:
    def rate(number: int) -> None:
        Feedback(tmp_path / "index").put(
            replace(ANSWER, question=f"{number}?"), bool(number % 2), ME
        )

    threads = [threading.Thread(target=rate, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = Feedback(tmp_path / "index").entries()
    assert {entry.answer.question for entry in entries} == {f"{number}?" for number in range(20)}


def test_feedback_is_bounded_per_sender_and_in_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Feedback(tmp_path / "index")
    size = len(replace(without_passages(ANSWER), seconds={}, question="00").to_json())
    monkeypatch.setattr(feedback, "MAX_SENDER_BYTES", 10 * size)
    for number in range(10):
        store.put(replace(ANSWER, question=f"{number:02}"), True, f"session {number}", "sender")
    with pytest.raises(TooMuchFeedback, match="So many ratings"):
        store.put(replace(ANSWER, question="10"), True, "session 10", "sender")
    # Ratings already stored can still be changed.
    store.put(replace(ANSWER, question="00"), False, "session 0", "sender")
    store.put(ANSWER, True, "another", "another sender")
    assert len(store.entries()) == 11
    with pytest.raises(TooMuchFeedback, match="too long"):
        store.put(replace(ANSWER, question="x" * feedback.MAX_ANSWER_CHARACTERS), True, ME)
    monkeypatch.setattr(feedback, "MAX_FILE_BYTES", store.path.stat().st_size - 1)
    with pytest.raises(FeedbackFull, match=r"Export it"):
        store.put(ANSWER, True, "a third")


def test_unwritable_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(IndexNotWritable, match="no permission"):
        Feedback(tmp_path / "missing" / "index").put(ANSWER, True, ME)
    Feedback(tmp_path / "index").path.write_bytes(
        b"no database at all, but long enough to be one " * 50
    )
    with pytest.raises(FeedbackDamaged, match=r"feedback\.sqlite is damaged\. Move that"):
        Feedback(tmp_path / "index").entries()


@pytest.mark.parametrize("bit", [1, 128])
def test_rating_damaged_on_disk_is_not_returned(tmp_path: Path, bit: int) -> None:
    store = Feedback(tmp_path / "index")
    key = store.put(ANSWER, True, ME)
    content = bytearray(store.path.read_bytes())
    content[content.index(ANSWER.question.encode())] ^= bit
    store.path.write_bytes(content)
    with pytest.raises(FeedbackDamaged, match=r"feedback\.sqlite is damaged\. Move that"):
        store.entries()
    with pytest.raises(FeedbackDamaged):
        store.note(key, "Right.")


def test_file_is_an_ordinary_database(tmp_path: Path) -> None:
    Feedback(tmp_path / "index").put(ANSWER, True, ME)
    with sqlite3.connect(Feedback(tmp_path / "index").path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def exported(folder: Path) -> Path:
    rows = [as_question(entry) for entry in Feedback(folder / "index").entries()]
    path = folder / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows if row), encoding="utf-8")
    return path


def test_liked_answer_is_a_question_with_its_right_answer(tmp_path: Path) -> None:
    Feedback(tmp_path / "index").put(ANSWER, True, ME)
    (question,) = load_questions(exported(tmp_path))
    cited = ANSWER.citations[0]
    assert (question.text, question.context) == (ANSWER.question, cited.passage)
    assert question.answers == (Gold(cited.quote, cited.start - cited.passage_start),)
    assert question.misaligned is None
    assert (question.title, question.source) == (cited.title, "feedback")


def test_rightly_missing_answer_is_a_question_without_one(tmp_path: Path) -> None:
    Feedback(tmp_path / "index").put(UNANSWERED, True, ME)
    (question,) = load_questions(exported(tmp_path))
    assert (question.context, question.answers) == (HIT.text, ())


def test_feedback_without_a_right_answer_is_not_exported(tmp_path: Path) -> None:
    store = Feedback(tmp_path / "index")
    store.put(UNANSWERED, False, ME)
    store.put(ANSWER, False, ME)
    store.put(replace(NO_ANSWER, hits=()), True, ME)
    store.put(replace(ANSWER, text="Two sentences. Joined."), True, ME)
    assert len(store.entries()) == 4
    assert load_questions(exported(tmp_path)) == []
