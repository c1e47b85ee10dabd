import gzip
import json
from pathlib import Path

import pytest

from qa.training.reader.data import HELD_BACK, load_sets


def written(path: Path, misaligned: int, count: int = 400, title: str = "") -> Path:
    rows = []
    for number in range(count):
        context = f"The bridge number {number} was opened in 1901."
        start = 3 if number < misaligned else context.index("1901")
        rows.append(
            {
                "id": f"{path.stem}-{number}",
                "question": "When?",
                "context": context,
                "title": title or f"Bridge {number // 4}",
                "answers": [{"text": "1901", "start": start}],
            }
        )
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    return path


def test_whole_articles_are_held_back_the_same_in_every_file(tmp_path: Path) -> None:
    first, second = load_sets([written(tmp_path / f"{name}.jsonl.gz", 0) for name in "ab"])
    assert {q.title for q in first.held_back} == {q.title for q in second.held_back}
    assert not {q.title for q in first.held_back} & {q.title for q in first.train}
    assert len(first.held_back) + len(first.train) == 400
    assert 0.2 * HELD_BACK < len(first.held_back) / 400 < 3 * HELD_BACK
    assert (first.name, second.name) == ("a", "b")


def test_contexts_are_held_back_where_a_title_names_a_collection(tmp_path: Path) -> None:
    (questions,) = load_sets([written(tmp_path / "a.jsonl.gz", 0, title="Reviews")])
    assert 0.2 * HELD_BACK < len(questions.held_back) / 400 < 3 * HELD_BACK


def test_few_misaligned_questions_are_left_out_and_listed(tmp_path: Path) -> None:
    (questions,) = load_sets([written(tmp_path / "a.jsonl.gz", misaligned=4)])
    assert [question.id for question in questions.misaligned] == [f"a.jsonl-{n}" for n in range(4)]
    assert len(questions.train) + len(questions.held_back) == 396


def test_file_with_over_one_percent_of_misaligned_answers_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl.gz", misaligned=5)
    with pytest.raises(ValueError, match=r"got 5 of 400 in .*a\.jsonl\.gz .*a\.jsonl-0"):
        load_sets([path])
