import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from qa.evaluation.datasets import Gold, Question, load_questions, sample

ROWS: list[dict[str, Any]] = [
    {
        "id": "q1",
        "question": "When was the IOFS founded?",
        "context": "The IOFS was founded in 2013.",
        "title": "Food_security",
        "answers": [{"text": "2013", "start": 24}],
        "source": "made",
    },
    {"question": "Why is grass green?", "context": "Sheep are white.", "answers": []},
]

SQUAD = {
    "version": "2.0",
    "data": [
        {
            "title": "Food_security",
            "paragraphs": [
                {
                    "context": "The IOFS was founded in 2013.",
                    "qas": [
                        {
                            "id": "a",
                            "question": "When was the IOFS founded?",
                            "answers": [{"text": "2013", "answer_start": 24}],
                            "is_impossible": False,
                        },
                        {
                            "id": "b",
                            "question": "Who founded it?",
                            "answers": [],
                            "is_impossible": True,
                        },
                    ],
                }
            ],
        }
    ],
}


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("name", ["questions.jsonl", "questions.jsonl.gz"])
def test_json_lines_are_read_as_they_stand(tmp_path: Path, name: str) -> None:
    first, last = load_questions(written(tmp_path / name, ROWS))
    assert first == Question(
        "q1",
        "When was the IOFS founded?",
        "The IOFS was founded in 2013.",
        "Food security",
        (Gold("2013", 24),),
        "made",
    )
    assert (last.answers, last.title, last.id) == ((), "", f"{name}, line 2")


@pytest.mark.parametrize("name", ["dev.json", "dev.json.gz"])
def test_json_of_squad_is_read(tmp_path: Path, name: str) -> None:
    text = json.dumps(SQUAD).encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    first, last = load_questions(tmp_path / name)
    assert (first.id, first.title, first.answers) == ("a", "Food security", (Gold("2013", 24),))
    assert (last.id, last.context, last.answers) == ("b", first.context, ())


@pytest.mark.parametrize("line", ["{", "[]", '{"question": "Why?"}', '{"answers": 3}'])
def test_line_that_is_no_question_is_named(tmp_path: Path, line: str) -> None:
    path = written(tmp_path / "bad.jsonl", ROWS)
    path.write_text(path.read_text() + line)
    with pytest.raises(ValueError, match=r"expected a question .* in line 3 of .*bad\.jsonl"):
        load_questions(path)


@pytest.mark.parametrize("text", ["{", "[]", '{"data": [{"paragraphs": 3}]}', '{"data": {}}'])
def test_json_that_is_not_of_squad_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    if text == '{"data": {}}':
        assert load_questions(path) == []
    else:
        with pytest.raises(ValueError, match=r"expected SQuAD's JSON .* in .*bad\.json, got"):
            load_questions(path)


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b'{"question": "Why?"}' * 100)[:-9], b"no gzip", b"\x1f\x8b\x08\xff" * 9],
)
def test_damaged_gzip_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"expected questions in UTF-8.*bad\.jsonl\.gz"):
        load_questions(path)


def test_text_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "latin.jsonl"
    path.write_bytes("é".encode("latin-1"))
    with pytest.raises(ValueError, match=r"expected questions in UTF-8.*latin\.jsonl"):
        load_questions(path)


def test_answer_elsewhere_than_it_says_is_a_misfit() -> None:
    fits, off, empty = (
        Question("", "When?", "Founded in 2013.", "", (gold,))
        for gold in (Gold("2013", 11), Gold("2013", 10), Gold("", 3))
    )
    assert (fits.misaligned, off.misaligned, empty.misaligned) == (
        None,
        Gold("2013", 10),
        Gold("", 3),
    )


def test_sample_is_the_same_for_the_same_seed() -> None:
    questions = [Question(str(number), "", "", "", ()) for number in range(100)]
    one = sample(questions, 10, seed=1)
    assert one == sample(questions, 10, seed=1) != sample(questions, 10, seed=2)
    assert len(set(one)) == 10
    assert sample(questions, 200) == questions
