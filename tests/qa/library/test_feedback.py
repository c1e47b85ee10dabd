"""Opinions are kept with their answers, and come out as questions to evaluate with."""

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


ME = "a reader"


def test_opinion_is_kept_with_its_answer_and_note(tmp_path: Path) -> None:
    kept = Feedback(tmp_path / "index")
    assert kept.opinions() == [] and not kept.path.exists()
    key = kept.put(ANSWER, True, ME)
    kept.note(key, "  Just what I wanted. ")
    kept.put(UNANSWERED, False, ME)
    one, other = sorted(
        Feedback(tmp_path / "index").opinions(), key=lambda opinion: not opinion.liked
    )
    assert (one.answer, one.liked) == (replace(ANSWER, hits=(), seconds={}), True)
    assert one.note == "Just what I wanted."
    assert (other.answer, other.liked, other.note) == (UNANSWERED, False, "")


def test_second_thought_takes_the_place_of_the_first(tmp_path: Path) -> None:
    kept = Feedback(tmp_path / "index")
    key = kept.put(ANSWER, True, ME)
    kept.note(key, "x" * (MAX_NOTE_CHARACTERS + 1))
    assert len(kept.opinions()[0].note) == MAX_NOTE_CHARACTERS
    assert kept.put(replace(ANSWER, seconds={"read": 3.0}), False, ME) == key
    (opinion,) = kept.opinions()
    assert (opinion.liked, opinion.note) == (False, "")
    kept.drop(ANSWER, ME)
    assert kept.opinions() == []


def test_readers_of_one_answer_each_have_their_opinion(tmp_path: Path) -> None:
    kept = Feedback(tmp_path / "index")
    kept.note(kept.put(ANSWER, True, ME), "Right.")
    kept.put(ANSWER, False, "another")
    assert sorted((opinion.liked, opinion.note) for opinion in kept.opinions()) == [
        (False, ""),
        (True, "Right."),
    ]


def test_opinion_of_another_version_is_passed_over(tmp_path: Path) -> None:
    kept = Feedback(tmp_path / "index")
    kept.put(ANSWER, True, ME)
    with sqlite3.connect(kept.path) as connection:
        values = ("k", "2020", 1, "", "{}", "")
        row = (*values, checksum(values))
        connection.execute("INSERT INTO opinion VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    connection.close()
    assert [opinion.answer.question for opinion in kept.opinions()] == [ANSWER.question]


def test_many_readers_at_once_lose_nothing(tmp_path: Path) -> None:
    def say(number: int) -> None:
        Feedback(tmp_path / "index").put(
            replace(ANSWER, question=f"{number}?"), bool(number % 2), ME
        )

    threads = [threading.Thread(target=say, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    opinions = Feedback(tmp_path / "index").opinions()
    assert {opinion.answer.question for opinion in opinions} == {
        f"{number}?" for number in range(20)
    }


def test_what_one_reader_and_all_may_say_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Feedback(tmp_path / "index")
    size = len(replace(without_passages(ANSWER), seconds={}, question="00").to_json())
    monkeypatch.setattr(feedback, "MAX_SENDER_BYTES", 10 * size)
    for number in range(10):
        kept.put(replace(ANSWER, question=f"{number:02}"), True, f"session {number}", "sender")
    with pytest.raises(TooMuchFeedback, match="So many opinions"):
        kept.put(replace(ANSWER, question="10"), True, "session 10", "sender")
    # What was said can be changed still.
    kept.put(replace(ANSWER, question="00"), False, "session 0", "sender")
    kept.put(ANSWER, True, "another", "another sender")
    assert len(kept.opinions()) == 11
    with pytest.raises(TooMuchFeedback, match="too long"):
        kept.put(replace(ANSWER, question="x" * feedback.MAX_ANSWER_CHARACTERS), True, ME)
    monkeypatch.setattr(feedback, "MAX_FILE_BYTES", kept.path.stat().st_size - 1)
    with pytest.raises(FeedbackFull, match=r"Export it"):
        kept.put(ANSWER, True, "a third")


def test_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(IndexNotWritable, match="no permission"):
        Feedback(tmp_path / "missing" / "index").put(ANSWER, True, ME)
    Feedback(tmp_path / "index").path.write_bytes(
        b"no database at all, but long enough to be one " * 50
    )
    with pytest.raises(FeedbackDamaged, match=r"feedback\.sqlite is damaged\. Move that"):
        Feedback(tmp_path / "index").opinions()


@pytest.mark.parametrize("bit", [1, 128])
def test_opinion_that_was_changed_on_the_disk_is_not_given(tmp_path: Path, bit: int) -> None:
    kept = Feedback(tmp_path / "index")
    key = kept.put(ANSWER, True, ME)
    content = bytearray(kept.path.read_bytes())
    content[content.index(ANSWER.question.encode())] ^= bit
    kept.path.write_bytes(content)
    with pytest.raises(FeedbackDamaged, match=r"feedback\.sqlite is damaged\. Move that"):
        kept.opinions()
    with pytest.raises(FeedbackDamaged):
        kept.note(key, "Right.")


def test_file_is_an_ordinary_database(tmp_path: Path) -> None:
    Feedback(tmp_path / "index").put(ANSWER, True, ME)
    with sqlite3.connect(Feedback(tmp_path / "index").path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def exported(folder: Path) -> Path:
    rows = [as_question(opinion) for opinion in Feedback(folder / "index").opinions()]
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


def test_what_tells_of_no_right_answer_is_no_question(tmp_path: Path) -> None:
    kept = Feedback(tmp_path / "index")
    kept.put(UNANSWERED, False, ME)
    kept.put(ANSWER, False, ME)
    kept.put(replace(NO_ANSWER, hits=()), True, ME)
    kept.put(replace(ANSWER, text="Two sentences. Joined."), True, ME)
    assert len(kept.opinions()) == 4
    assert load_questions(exported(tmp_path)) == []
