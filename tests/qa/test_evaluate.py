import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings.encoder import SentenceTransformersEncoder
from qa.calibrate import Read, best, calibration_error, without
from qa.evaluate import Question, evaluate_retrieval, library_of, load_questions, sample
from tests.qa.test_answer import HIT

ROWS: list[dict[str, Any]] = [
    {
        "question": "When was the IOFS founded?",
        "context": "The IOFS was founded in 2013.",
        "title": "IOFS",
        "answers": [{"text": "2013", "start": 24}],
    },
    {
        "question": "Who opened the bridge?",
        "context": "The mayor opened the bridge over the river.",
        "title": "Old_bridge",
        "answers": [{"text": "The mayor", "start": 0}],
    },
    {
        "question": "Why is grass green?",
        "context": "Sheep are white.",
        "title": "",
        "answers": [],
    },
]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("name", ["questions.jsonl", "questions.jsonl.gz"])
def test_questions_are_read_as_they_stand(tmp_path: Path, name: str) -> None:
    first, _, last = load_questions(write(tmp_path / name, ROWS))
    assert (first.text, first.context) == (ROWS[0]["question"], ROWS[0]["context"])
    assert (first.title, first.answers, last.answers) == ("IOFS", ("2013",), ())


@pytest.mark.parametrize("line", ["{", "[]", '{"question": "Why?"}', '{"answers": 3}'])
def test_line_that_is_no_question_is_named(tmp_path: Path, line: str) -> None:
    path = write(tmp_path / "bad.jsonl", ROWS)
    path.write_text(path.read_text() + line)
    with pytest.raises(ValueError, match=r"expected a question .* in line 4 of .*bad\.jsonl"):
        load_questions(path)


def test_retrieval_of_easy_questions_is_scored_as_by_hand(tmp_path: Path) -> None:
    questions = load_questions(write(tmp_path / "questions.jsonl", ROWS))
    encoder = SentenceTransformersEncoder.load()
    (tmp_path / "library").mkdir()
    index, documents = library_of(questions, tmp_path / "library", encoder)
    with index.snapshot() as snapshot:
        (stored,) = snapshot.passages([2])
    assert stored.passage.context == "Old bridge"
    scores = {one.name: one for one in evaluate_retrieval(questions, index, documents, encoder)}
    index.close()
    assert list(scores) == [
        "vectors alone",
        "words alone",
        "reciprocal ranks, k = 10",
        "reciprocal ranks, k = 60",
        "weighted scores, words 0.3",
    ]
    # The last question shares no word with any context and is nearest to none in particular;
    # the other two are found first by every way.
    for one in scores.values():
        assert one.recall[1] >= 2 / 3
        assert one.recall[5] == one.recall[20] == 1
        assert 2 / 3 + 1 / 9 <= one.mrr <= 1


def test_sample_is_the_same_for_the_same_seed() -> None:
    questions = [Question(str(number), "", "", ()) for number in range(100)]
    one = sample(questions, 10, seed=1)
    assert one == sample(questions, 10, seed=1) != sample(questions, 10, seed=2)
    assert len(set(one)) == 10
    assert sample(questions, 200) == questions


def test_hits_without_a_document_are_scored_anew() -> None:
    hits = [
        replace(HIT, document=1, word_score=8.0, vector_score=0.5, score=0.65),
        replace(HIT, document=2, word_score=4.0, vector_score=0.5, score=0.5),
    ]
    (left,) = without(hits, 1, word_weight=0.3)
    assert left.document == 2
    assert left.score == pytest.approx(0.7 * 0.5 + 0.3)


def test_best_sentence_has_the_highest_logit() -> None:
    read = Read(np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([False, True]), True)
    logits, right = best([read], np.array([2.0, 1.0]), bias=-0.5)
    assert (logits.tolist(), right.tolist()) == ([1.5], [True])


def test_calibration_error_of_a_sure_and_wrong_reader_is_one() -> None:
    assert calibration_error(np.array([1.0, 1.0]), np.array([False, False])) == 1.0
