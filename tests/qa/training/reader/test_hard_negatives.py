from pathlib import Path

from qa.evaluation.datasets import Gold, Question
from qa.training.reader.hard_negatives import SHARE, ConstantEncoder, contexts_of, mine
from tests.builders import HashingEncoder

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


def test_best_passages_without_the_answer_are_mined(tmp_path: Path) -> None:
    mined = mine(QUESTIONS, HashingEncoder(), 0.5, tmp_path / "cache.json")
    searched = [negatives for negatives in mined if negatives]
    assert len(searched) == int(SHARE * len(QUESTIONS))
    of_bridge = [
        negatives
        for negatives, question in zip(mined, QUESTIONS, strict=True)
        if negatives and question.id != "x"
    ]
    for negatives in of_bridge:
        texts = [negative.context for negative in negatives]
        # The second text holds the answer, the first is the question's own.
        assert texts[0] == TEXTS[2]
        assert set(texts) <= {TEXTS[2], TEXTS[3]}


def test_second_run_reads_the_cache_of_the_first(tmp_path: Path) -> None:
    encoder = HashingEncoder()
    first = mine(QUESTIONS, encoder, 0.5, tmp_path / "cache.json")
    calls = encoder.calls
    assert mine(QUESTIONS, encoder, 0.5, tmp_path / "cache.json") == first
    assert encoder.calls == calls
    mine(QUESTIONS, encoder, 0.4, tmp_path / "cache.json")
    assert encoder.calls > calls


def test_search_with_constant_vectors_goes_by_words(tmp_path: Path) -> None:
    encoder = HashingEncoder()
    mined = mine(QUESTIONS, ConstantEncoder(encoder), 1.0, tmp_path / "cache.json")
    of_bridge = [
        negatives
        for negatives, question in zip(mined, QUESTIONS, strict=True)
        if negatives and question.id != "x"
    ]
    assert all(negatives[0].context == TEXTS[2] for negatives in of_bridge)
    assert encoder.calls == 0


def test_each_context_stands_once_in_order() -> None:
    assert [question.context for question in contexts_of(QUESTIONS)] == TEXTS
