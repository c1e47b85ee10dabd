"""Questions rewritten by the packaged model, and from given logits."""

import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.models import model_cache
from embeddings.models.model_folder import load_tokenizer
from qa import Turn
from qa.conversation.context import window_of
from qa.conversation.rewriter import FILES, FOLDER, GRAPH, QuestionRewriter, Thresholds, rewritings
from qa.conversation.wording import refers_to_person, resolve_ellipsis
from qa.reading.onnx_reader import FOLDER as READER_FOLDER


def turns(*questions: str) -> list[Turn]:
    return [Turn(question, question) for question in questions]


@pytest.fixture(scope="module")
def rewriter() -> QuestionRewriter:
    return QuestionRewriter()


IOFS = "What does IOFS stand for?"


def said(question: str, answer: str = "") -> Turn:
    return Turn(question, question, answer)


REWRITTEN = (
    (turns(IOFS), "When was it founded?", "When was IOFS founded?"),
    (turns(IOFS), "And how many members does it have?", "And how many members does IOFS have?"),
    (turns("When was the IOFS founded?"), "And the OTS?", "When was the OTS founded?"),
    (
        turns("How much aid did Kazakhstan send to Syria?"),
        "What about Turkey?",
        "How much aid did Kazakhstan send to Turkey?",
    ),
    (turns("When was the IOFS founded?"), "Where?", "Where was the IOFS founded?"),
)

PERSONS = (
    ([said("Who is Miras Zhienbayev?", "an expert"), said("When did it appear?")],
     "Where does he work?", "Where does Miras Zhienbayev work?"),
    ([said("Who leads the IOFS?", "Berik Aryn")], "When was he born?", "When was Berik Aryn born?"),
    ([said("who was Ada Lovelace?")], "What did her mother do?",
     "What did Ada Lovelace's mother do?"),
    ([said("Who is Ada Lovelace?"), said("What did Ada Lovelace write?")], "When did she die?",
     "When did Ada Lovelace die?"),
    ([said("Who was Hamlet written by?", "William Shakespeare")], "When was he born?",
     "When was William Shakespeare born?"),
    ([said("Who is Director General of the IOFS?", "Berik Aryn")], "Where does he work?",
     "Where does Berik Aryn work?"),
    ([said("Who is Özlem Türeci?")], "Where was she born?", "Where was Özlem Türeci born?"),
)  # fmt: skip


@pytest.mark.parametrize(("history", "question", "rewritten"), (*REWRITTEN, *PERSONS))
def test_follow_up_is_rewritten(
    history: list[Turn], question: str, rewritten: str, rewriter: QuestionRewriter
) -> None:
    assert rewriter.rewrite(question, history)[0] == rewritten


@pytest.mark.parametrize(
    "question",
    [
        "Who is Miras Zhienbayev?",
        "What is the capital of Kazakhstan?",
    ],
)
def test_change_of_subject_is_not_rewritten(question: str, rewriter: QuestionRewriter) -> None:
    history = turns(IOFS, "When was the IOFS founded?", "How many members does the IOFS have?")
    assert rewriter.rewrite(question, history) == (question,)


@pytest.mark.parametrize(
    "question",
    ["Who wrote RFC 822?", "What is the seat of the SCO?", "What does BN-12 mean?"],
)
def test_question_that_names_its_subject_is_left_alone(question: str) -> None:
    history = turns("What is the IOFS?", "Who sent aid?")
    window = window_of(question, history, load_tokenizer(READER_FOLDER))
    certain = np.full(len(window.words), 9, np.float32), 9.0
    assert rewritings(question, history, window, certain, Thresholds()) == (question,)


def test_first_question_is_not_rewritten(tmp_path: Path) -> None:
    # The model is not even loaded.
    nowhere = QuestionRewriter(tmp_path)
    question = "When was it founded?"
    assert nowhere.rewrite(question, []) == (question,)
    assert nowhere.rewrite(question, turns("", "  ")) == (question,)


def test_words_above_the_threshold_are_added_if_the_question_is_incomplete() -> None:
    history = turns("What is the IOFS?", "Who sent aid?")
    window = window_of("When was it sent?", history, load_tokenizer(READER_FOLDER))
    logits = np.array(
        [{"aid": 2.0, "IOFS": -1.0}.get(w.form, -9) for w in window.words], np.float32
    )

    def rewritten(incomplete: float, thresholds: Thresholds) -> tuple[str, ...]:
        return rewritings("When was it sent?", history, window, (logits, incomplete), thresholds)

    assert rewritten(1.0, Thresholds()) == ("When was aid sent?",)
    # A less likely word is not written behind the question.
    assert rewritten(1.0, Thresholds(word=-2.0)) == ("When was aid sent?",)
    assert rewritten(-1.0, Thresholds()) == ("When was it sent?",)
    assert rewritten(1.0, Thresholds(question=2.0)) == ("When was it sent?",)


@pytest.mark.parametrize(
    "question",
    ["What does he credit Astana with?", "Who published his comments?", "Did she like the town?"],
)
def test_name_after_a_pronoun_is_not_its_referent(question: str) -> None:
    assert refers_to_person(question)


@pytest.mark.parametrize(
    "question",
    [
        "Where did Einstein do his work?",
        "Did Einstein like his work?",
        "Was Ada Lovelace proud of her work?",
        "What does it say about him?",
        "Where did its founder do his work?",
        "What must a member bring to his or her first meeting?",
        "What does a user do if he forgets his password?",
        "Is he or she paid?",
        "Where does it stand?",
        "Where is the hero?",
    ],
)
def test_pronoun_with_another_possible_referent_is_not_resolved(question: str) -> None:
    assert not refers_to_person(question)


ODD = (
    turns(*["When was the IOFS founded?"] * 1_000),
    [Turn("", "", "", ("",))] * 50,
    turns("Когда была основана ИОПБ?", "什么是粮食安全?", "‮evil‬"),
    turns("'; DROP TABLE passages; --", "{{7*7}} <script>alert(1)</script>", "__import__('os')"),
    [Turn("What?", "word " * 50_000, "answer " * 50_000, ("sentence " * 50_000,))],
    turns("\0\x1b[31m", "(" * 5_000, "a" * 100_000),
    [said("Who is it?", "A" * 5_000), said("Who is A" + "." * 1_985 + "(b")],
)


@pytest.mark.parametrize("history", ODD)
@pytest.mark.parametrize(
    "question", ["When was it founded?", "Why?", "x" * 2_000, "и что?", "Where is he?"]
)
def test_odd_history_takes_bounded_time(
    history: list[Turn], question: str, rewriter: QuestionRewriter
) -> None:
    rewriter.rewrite("Load it.", turns("Load it."))
    started = time.perf_counter()
    wordings = rewriter.rewrite(question, history)
    assert time.perf_counter() - started < 2
    assert all(len(wording) <= max(1_000, len(question)) for wording in wordings)


def test_hostile_text_is_text(rewriter: QuestionRewriter) -> None:
    history = turns("What is <script>alert(1)</script> {{7*7}} in Kazakhstan?")
    assert "49" not in rewriter.rewrite("When was it founded?", history)[0]


@pytest.mark.slow
def test_int8_logits_are_close_to_full_precision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_cache, "CACHE", tmp_path)
    full, eight = (QuestionRewriter(precision=each)._model for each in ("float32", "int8"))
    assert sorted(path.name.split("-")[0] for path in tmp_path.glob("rewriter*")) == [
        "rewriter",
        "rewriter8",
    ]
    differences = []
    for history, question, _ in REWRITTEN:
        window = window_of(question, history, full[0])
        (words, question_logit), (words8, question_logit8) = full[1](window), eight[1](window)
        differences += [*np.abs(words - words8), abs(question_logit - question_logit8)]
    # Without instructions for it sums are cut off, and what is computed is further away.
    assert 0 < max(differences) < 3
    assert np.mean(differences) < 1


def test_model_that_cannot_be_cached_runs_from_its_own_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(model_cache, "CACHE", tmp_path / "file")
    history, question, rewritten = REWRITTEN[0]
    assert QuestionRewriter().rewrite(question, history)[0] == rewritten
    assert "The question rewriting model runs from its own file" in caplog.text


@pytest.mark.parametrize("name", FILES)
def test_damaged_model_is_reported(name: str, tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "model")
    with (tmp_path / "model" / name).open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelError, match=f"{name} is not the published file"):
        QuestionRewriter(tmp_path / "model").rewrite("Why?", turns(IOFS))


def test_missing_model_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Install Chapter and Verse again"):
        QuestionRewriter(tmp_path).rewrite("Why?", turns(IOFS))


def test_model_is_small_enough_for_the_repository() -> None:
    assert (FOLDER / GRAPH).stat().st_size < 23_500_000


def test_last_question_again_needs_no_thresholds() -> None:
    assert (
        resolve_ellipsis("And the OTS?", "What does IOFS stand for?") == "What does OTS stand for?"
    )
