"""What the rewriting model reads of a conversation."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from embeddings.models.model_folder import load_tokenizer
from qa.conversation.context import ANSWER_TOKENS, MAX_TOKENS, Turn, segments_of, window_of
from qa.conversation.features import FEATURES, WORD_FEATURES, content_stems
from qa.reading.onnx_reader import FOLDER

FOUNDED = Turn("When was the IOFS founded?", "When was the IOFS founded?", "2013", ("In 2013.",))
MEMBERS = Turn("How many members?", "How many members does the IOFS have?", "41")


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return load_tokenizer(FOLDER)


def test_question_comes_first_then_what_was_said_latest_first(tokenizer: Tokenizer) -> None:
    window = window_of("What does it do?", [FOUNDED, MEMBERS], tokenizer)
    assert tokenizer.decode(window.ids.tolist(), skip_special_tokens=False) == (
        "[CLS] what does it do? [SEP] how many members does the iofs have? [SEP] 41 [SEP] "
        "when was the iofs founded? [SEP] 2013 in 2013. [SEP]"
    )
    assert window.types.tolist() == [0] * 7 + [1] * (len(window.ids) - 7)


def test_words_are_those_that_the_question_lacks(tokenizer: Tokenizer) -> None:
    window = window_of("When was the organisation founded?", [FOUNDED, MEMBERS], tokenizer)
    assert [(word.form, word.turn, word.in_answer) for word in window.words] == [
        ("members", 1, False),
        ("IOFS", 1, False),
        ("41", 1, True),
        ("IOFS", 0, False),
        ("2013", 0, True),
        ("2013", 0, True),
    ]
    for word in window.words:
        first = tokenizer.decode([window.ids[word.token]])
        assert word.form.lower().startswith(first)


def test_facts_of_a_word_say_where_it_stands(tokenizer: Tokenizer) -> None:
    window = window_of("What does it do?", [FOUNDED, MEMBERS], tokenizer)
    word = next(word for word in window.words if word.form == "IOFS" and word.turn == 0)
    assert window.features[word.token, : len(WORD_FEATURES)].tolist() == pytest.approx(
        [
            # of a question, not the last turn's, the one before, the first, one turn back,
            *(0, 0, 1, 1, 1 / 8),
            # in both turns, the last and the first, in no answer,
            *(1, 2 / 5, 1, 1, 0),
            # in capitals, no number, after "the", before a word of meaning, beside none asked
            *(1, 0, 0, 1, 0, 0),
        ]
    )
    others = sorted(set(range(len(window.ids))) - {word.token for word in window.words} - {0})
    assert not window.features[others].any()
    assert window.features[0, len(WORD_FEATURES)] == 1  # the question has "it"


def test_of_old_answers_nothing_is_read() -> None:
    said = [Turn(f"Q{n}?", f"Q{n}?", f"answer {n}") for n in range(5)]
    read = [segment.text for segment in segments_of(said) if segment.in_answer]
    assert read == ["answer 4", "answer 3"][: len(ANSWER_TOKENS)]


def test_first_turn_is_read_however_long_the_conversation(tokenizer: Tokenizer) -> None:
    said = [Turn("Tell me about Zanzibar.", "Tell me about Zanzibar.")]
    said += [Turn("x", f"What is {n} {'and so on ' * 30}?") for n in range(1_000)]
    started = time.perf_counter()
    window = window_of("Why?", said, tokenizer)
    assert time.perf_counter() - started < 1
    assert len(window.ids) <= MAX_TOKENS
    assert "Zanzibar" in {word.form for word in window.words}


TEXT = st.text(max_size=200) | st.sampled_from(["", " ", "Что это?", "你好 IOFS", "a" * 5_000])
TURN = st.builds(Turn, TEXT, TEXT, TEXT, st.lists(TEXT, max_size=2).map(tuple))


@given(question=TEXT, history=st.lists(TURN, max_size=8))
def test_whatever_was_said_fits_the_model(
    question: str, history: list[Turn], tokenizer: Tokenizer
) -> None:
    window = window_of(question, history, tokenizer)
    assert len(window.ids) == len(window.types) <= MAX_TOKENS
    assert window.features.shape == (len(window.ids), len(FEATURES))
    assert np.isfinite(window.features).all()
    own = content_stems(question[:2_000])
    for word in window.words:
        assert 0 < word.token < len(window.ids) and window.types[word.token] == 1
        assert word.stem not in own
        said = history[word.turn]
        text = " ".join((said.answer, *said.cited)) if word.in_answer else said.standalone
        assert text[word.start :].startswith(word.form)
