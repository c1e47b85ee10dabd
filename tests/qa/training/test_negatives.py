from pathlib import Path

from qa.evaluation.datasets import Gold, Question
from qa.training.negatives import SHARE, Blind, contexts_of, mine
from tests.encoders import HashingEncoder

TEXTS = [
    "The bridge over the Tall river was opened in 1901.",
    "The bridge over the Wide river was built of stone in 1901.",
    "The bridge over the Wide river was painted by the mayor.",
    "Sheep are white and eat grass.",
]
QUESTIONS = [
    Question(str(at), "When was the bridge over the Tall river opened?", TEXTS[0], "Bridge",
             (Gold("1901", 45),))
    for at in range(10)
] + [Question("x", "What?", text, "", (Gold("mayor", 50),)) for text in TEXTS[1:]]  # fmt: skip


def test_best_passages_without_the_answer_are_kept(tmp_path: Path) -> None:
    mined = mine(QUESTIONS, HashingEncoder(), 0.5, tmp_path / "kept.json")
    looked_for = [one for one in mined if one]
    assert len(looked_for) == int(SHARE * len(QUESTIONS))
    asked = [found for found, one in zip(mined, QUESTIONS, strict=True) if found and one.id != "x"]
    for found in asked:
        texts = [one.context for one in found]
        # The second text holds the answer, the first is the question's own.
        assert texts[0] == TEXTS[2]
        assert set(texts) <= {TEXTS[2], TEXTS[3]}


def test_second_run_takes_what_the_first_found(tmp_path: Path) -> None:
    encoder = HashingEncoder()
    one = mine(QUESTIONS, encoder, 0.5, tmp_path / "kept.json")
    calls = encoder.calls
    assert mine(QUESTIONS, encoder, 0.5, tmp_path / "kept.json") == one
    assert encoder.calls == calls
    mine(QUESTIONS, encoder, 0.4, tmp_path / "kept.json")
    assert encoder.calls > calls


def test_blind_search_goes_by_words(tmp_path: Path) -> None:
    encoder = HashingEncoder()
    mined = mine(QUESTIONS, Blind(encoder), 1.0, tmp_path / "kept.json")
    asked = [found for found, one in zip(mined, QUESTIONS, strict=True) if found and one.id != "x"]
    assert all(found[0].context == TEXTS[2] for found in asked)
    assert encoder.calls == 0


def test_each_context_stands_once_in_order() -> None:
    assert [one.context for one in contexts_of(QUESTIONS)] == TEXTS
