"""Opinions are kept with their answers, and come out as questions to evaluate with."""

import json
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from embeddings.errors import IndexDamaged, IndexNotWritable
from qa.feedback import MOST_NOTE, Feedback, as_question
from qa.questions import Gold, load_questions
from tests.qa.test_page import ANSWER, HIT, NO_ANSWER

UNANSWERED = replace(NO_ANSWER, hits=(HIT,))


def test_opinion_is_kept_with_its_answer_and_note(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path)
    assert feedback.opinions() == [] and not feedback.path.exists()
    key = feedback.put(ANSWER, liked=True)
    feedback.note(key, "  Just what I wanted. ")
    feedback.put(UNANSWERED, liked=False)
    one, other = sorted(Feedback(tmp_path).opinions(), key=lambda one: not one.liked)
    assert (one.answer, one.liked) == (replace(ANSWER, hits=(), seconds={}), True)
    assert one.note == "Just what I wanted."
    assert (other.answer, other.liked, other.note) == (UNANSWERED, False, "")


def test_second_thought_takes_the_place_of_the_first(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path)
    key = feedback.put(ANSWER, liked=True)
    feedback.note(key, "x" * (MOST_NOTE + 1))
    assert feedback.put(replace(ANSWER, seconds={"read": 3.0}), liked=False) == key
    (opinion,) = feedback.opinions()
    assert (opinion.liked, len(opinion.note)) == (False, MOST_NOTE)


def test_many_readers_at_once_lose_nothing(tmp_path: Path) -> None:
    def say(number: int) -> None:
        Feedback(tmp_path).put(replace(ANSWER, question=f"{number}?"), liked=bool(number % 2))

    threads = [threading.Thread(target=say, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    opinions = Feedback(tmp_path).opinions()
    assert {one.answer.question for one in opinions} == {f"{number}?" for number in range(20)}


def test_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(IndexNotWritable, match="no permission"):
        Feedback(tmp_path / "missing").put(ANSWER, liked=True)
    Feedback(tmp_path).path.write_bytes(b"no database at all, but long enough to be one " * 50)
    with pytest.raises(IndexDamaged, match=r"feedback\.sqlite is damaged; move that file away"):
        Feedback(tmp_path).opinions()


def test_file_is_an_ordinary_database(tmp_path: Path) -> None:
    Feedback(tmp_path).put(ANSWER, liked=True)
    with sqlite3.connect(Feedback(tmp_path).path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def exported(folder: Path) -> Path:
    rows = [as_question(one) for one in Feedback(folder).opinions()]
    path = folder / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows if row), encoding="utf-8")
    return path


def test_liked_answer_is_a_question_with_its_right_answer(tmp_path: Path) -> None:
    Feedback(tmp_path).put(ANSWER, liked=True)
    (question,) = load_questions(exported(tmp_path))
    cited = ANSWER.citations[0]
    assert (question.text, question.context) == (ANSWER.question, cited.passage)
    gold = Gold(cited.quote, cited.start - cited.passage_start)
    assert set(question.answers) == {gold} and question.misfit is None
    assert (question.title, question.source) == (cited.title, "feedback")


@pytest.mark.parametrize(
    ("answer", "liked", "context"),
    [(ANSWER, False, ANSWER.citations[0].passage), (UNANSWERED, True, HIT.text)],
)
def test_what_is_no_answer_is_a_question_without_one(
    tmp_path: Path, answer: object, liked: bool, context: str
) -> None:
    Feedback(tmp_path).put(answer, liked)  # type: ignore[arg-type]  # of the two above
    (question,) = load_questions(exported(tmp_path))
    assert (question.context, question.answers) == (context, ())


def test_missing_answer_that_is_disliked_tells_of_no_right_one(tmp_path: Path) -> None:
    Feedback(tmp_path).put(UNANSWERED, liked=False)
    Feedback(tmp_path).put(replace(NO_ANSWER, hits=()), liked=True)
    assert load_questions(exported(tmp_path)) == []
