from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import RobertaProcessing
from tokenizers.trainers import BpeTrainer

from embeddings.models.encoder import SentenceTransformersEncoder
from embeddings.models.model_folder import load_tokenizer
from qa.reading.windows import Window, WindowTokenizer

TEXT = st.text(st.sampled_from("abz é1.\n-😀")) | st.text(max_size=40)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return load_tokenizer(SentenceTransformersEncoder.load().folder)


def covered(windows: list[Window], text: str) -> str:
    """What of the text's characters some window holds, spaces left out."""
    held = np.zeros(len(text), np.bool_)
    for window in windows:
        for start, end in window.offsets[window.inside]:
            held[start:end] = True
    return "".join(text[at] for at in np.flatnonzero(held))


@given(question=TEXT, text=TEXT, heading=TEXT)
def test_offsets_point_into_the_passage_alone(
    tokenizer: Tokenizer, question: str, text: str, heading: str
) -> None:
    for window in WindowTokenizer(tokenizer, 24).split([(question, text)], [heading]):
        assert len(window.ids) <= 24
        spans = window.offsets[window.inside]
        assert ((spans[:, 0] >= 0) & (spans[:, 0] < spans[:, 1])).all()
        assert (spans[:, 1] <= len(text)).all()


@pytest.fixture(scope="module")
def spaced() -> Tokenizer:
    """A tokenizer that counts the space before a word to the word, as RoBERTa's can."""
    made = Tokenizer(BPE())
    made.pre_tokenizer = ByteLevel(add_prefix_space=False)
    trainer = BpeTrainer(
        special_tokens=["<pad>", "<s>", "</s>"],
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(["a b ab ba  a\n b"], trainer)
    made.post_processor = RobertaProcessing(("</s>", 2), ("<s>", 1), trim_offsets=False)
    return made


@given(text=TEXT | st.text(st.sampled_from("ab \n\u00a0\u2003"), max_size=40), heading=TEXT)
def test_space_that_is_counted_to_a_word_is_not_quoted(
    spaced: Tokenizer, text: str, heading: str
) -> None:
    whole = f"{heading}\n{text}" if heading else text
    skipped = len(whole) - len(text)
    expected = []
    for first, end in spaced.encode(whole, add_special_tokens=False).offsets:
        start = first - skipped
        while 0 <= start < end - skipped and text[start].isspace():
            start += 1
        if 0 <= start < end - skipped:
            expected.append((start, end - skipped))
    (window,) = WindowTokenizer(spaced).split([("b?", text)], [heading])
    assert [tuple(offset) for offset in window.offsets[window.inside].tolist()] == expected


def test_long_passage_is_covered_by_windows_that_overlap(tokenizer: Tokenizer) -> None:
    text = " ".join(f"word{number}" for number in range(300))
    windows = WindowTokenizer(tokenizer, 64).split([("why?", text)], [""])
    assert len(windows) > 10
    assert covered(windows, text) == text.replace(" ", "")
    for one, other in pairwise(windows):
        last, first = one.offsets[one.inside][-1], other.offsets[other.inside][0]
        assert first[0] < last[1]


def test_words_of_the_question_and_the_heading_are_outside(tokenizer: Tokenizer) -> None:
    (window,) = WindowTokenizer(tokenizer).split([("Who won?", "Denver won.")], ["Super Bowl 50"])
    inside = [tuple(offset) for offset in window.offsets[window.inside].tolist()]
    assert inside == [(0, 6), (7, 10), (10, 11)]
    assert window.type_ids[window.inside].all()
    assert tokenizer.decode(window.ids[~window.inside].tolist()) == "who won? super bowl 50"


def test_question_longer_than_the_window_leaves_half_to_the_passage(tokenizer: Tokenizer) -> None:
    question = "why " * 2_000
    (window,) = WindowTokenizer(tokenizer, 64).split([(question, "Because it rained.")], [""])
    assert len(window.ids) <= 64
    assert covered([window], "Because it rained.") == "Becauseitrained."


def test_question_that_cannot_be_read_whole_is_refused(tokenizer: Tokenizer) -> None:
    window_tokenizer = WindowTokenizer(tokenizer)
    window_tokenizer.check("why " * 192)
    with pytest.raises(ValueError, match="at most 192 tokens, which is about 144 words, got 193"):
        window_tokenizer.check("why " * 193)


@pytest.mark.parametrize("letter", ["한", "각", "\u0958", "ß", "ﷺ"])
def test_letter_of_several_tokens_is_cut_like_others(tokenizer: Tokenizer, letter: str) -> None:
    windows = WindowTokenizer(tokenizer, 64).split([(letter * 90, "It rained.")], [""])
    assert covered(windows, "It rained.") == "Itrained."


def test_passage_of_one_enormous_word_is_read(tokenizer: Tokenizer) -> None:
    text = "x" * 20_000
    (window,) = WindowTokenizer(tokenizer).split([("why?", f"{text} it rained")], [""])
    # The vocabulary knows no such word: one token stands for all of it.
    spans = window.offsets[window.inside].tolist()
    assert spans == [[0, 20_000], [20_001, 20_003], [20_004, 20_010]]


def test_each_pair_has_its_windows_in_order(tokenizer: Tokenizer) -> None:
    pairs = [("one?", "a b c"), ("two?", "word " * 100), ("three?", "")]
    windows = WindowTokenizer(tokenizer, 32).split(pairs, ["", "", ""])
    passages = [window.passage for window in windows]
    assert passages == sorted(passages)
    assert set(passages) == {0, 1, 2}
    assert not windows[-1].inside.any()
