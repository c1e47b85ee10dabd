"""Context: the conversation so far, as the tokens and features that the rewriting model reads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from qa.conversation.features import (
    FEATURES,
    WORD,
    WORD_FEATURES,
    Word,
    content_stems,
    is_content_word,
    question_features,
    word_features,
)
from qa.text import stem

# The model was trained with these limits (its card, under "input"): others need a new model.

MAX_TOKENS = 192
"""Tokens of a window: question, history and special tokens."""

QUESTION_TOKENS = 64
"""Of them, at most for the question, and for each question before."""

ANSWER_TOKENS = (64, 16)
"""Tokens read of the last answer, and of the one before it; of older ones, none."""

TURNS_READ = 20
"""Turns read: the first, which names the subject of the conversation, and the last ones."""

MAX_CHARACTERS = 2_000
"""Characters read of a question or an answer: more do not fit into its tokens."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question of the conversation, and its answer.

    Attributes:
        question: As typed.
        standalone: The question that was answered, understandable without the conversation.
        answer: What the documents say; empty if they do not.
        cited: The sentences that hold the answer.
    """

    question: str
    standalone: str
    answer: str = ""
    cited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """A question or an answer of the history.

    Attributes:
        turn: Position of its turn in the history.
        in_answer: Whether it is the turn's answer.
        max_tokens: Tokens read of it.
        text: Of the question, or of the answer and the sentences cited.
    """

    turn: int
    in_answer: bool
    max_tokens: int
    text: str


@dataclass(frozen=True, slots=True)
class PlacedSegment:
    """A segment with its place in a window.

    Attributes:
        segment: Of the history.
        first_token: Position of its first token in the window.
        offsets: Start and end of each of its tokens in the window, into its text.
    """

    segment: Segment
    first_token: int
    offsets: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class HistoryWindow:
    """What the rewriting model reads at once: the question, then the history, latest first.

    Attributes:
        ids: ``(tokens,)`` int64, of the vocabulary.
        types: ``(tokens,)`` int64, 0 for the question and 1 for the history.
        features: ``(tokens, len(FEATURES))`` float32, of the word that begins at a token; 0
            elsewhere, but for the first token, which has the features of the question.
        words: That can be added to the question.
    """

    ids: NDArray[np.int64]
    types: NDArray[np.int64]
    features: NDArray[np.float32]
    words: tuple[Word, ...]


def window_of(question: str, history: Sequence[Turn], tokenizer: Tokenizer) -> HistoryWindow:
    """The window of a question and the conversation before it.

    Args:
        question: As typed.
        history: The turns before, oldest first; only the first and the last ones are read.
        tokenizer: Of the model.
    """
    segments = segments_of(history)
    question = question[:MAX_CHARACTERS]
    encoded = tokenizer.encode_batch(
        [question, *(segment.text for segment in segments)], add_special_tokens=False
    )
    start, end = (tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]"))
    ids = [start, *encoded[0].ids[:QUESTION_TOKENS], end]
    types = [0] * len(ids)
    question_stems = content_stems(question)
    placed: list[PlacedSegment] = []
    for segment, tokens in zip(segments, encoded[1:], strict=True):
        count = min(len(tokens.ids), segment.max_tokens, MAX_TOKENS - len(ids) - 1)
        if count <= 0:
            continue
        placed.append(PlacedSegment(segment, len(ids), tokens.offsets[:count]))
        ids += [*tokens.ids[:count], end]
        types += [1] * (count + 1)
    words = [word for segment in placed for word in _addable_words(segment, question_stems)]
    features = np.zeros((len(ids), len(FEATURES)), np.float32)
    of_question = question_features(question, len(question_stems), len(history))
    features[0, len(WORD_FEATURES) :] = of_question
    texts = {(at.segment.turn, at.segment.in_answer): at.segment.text for at in placed}
    rows = word_features(words, texts, len(history), question_stems)
    for word, row in zip(words, rows, strict=True):
        features[word.token] = [*row, *of_question]
    return HistoryWindow(np.array(ids, np.int64), np.array(types, np.int64), features, tuple(words))


def segments_of(history: Sequence[Turn]) -> list[Segment]:
    """The questions and answers of the history that are read, in reading order."""
    count = len(history)
    last = range(count - 1, max(count - TURNS_READ, 0) - 1, -1)
    chosen = [*last] if 0 in last or not count else [*last, 0]
    # The first turn comes second: where there is no room for all, it is read still.
    if len(chosen) > 2:
        chosen = [chosen[0], chosen[-1], *chosen[1:-1]]
    segments: list[Segment] = []
    for at in chosen:
        turn = history[at]
        segments.append(Segment(at, False, QUESTION_TOKENS, turn.standalone[:MAX_CHARACTERS]))
        back = count - 1 - at
        answer = " ".join((turn.answer, *turn.cited))[:MAX_CHARACTERS]
        if back < len(ANSWER_TOKENS) and answer.strip():
            segments.append(Segment(at, True, ANSWER_TOKENS[back], answer))
    return segments


def _addable_words(placed: PlacedSegment, question_stems: set[str]) -> list[Word]:
    """The content words of a segment that the question does not have."""
    segment = placed.segment
    starts = {
        start: placed.first_token + at for at, (start, _) in reversed([*enumerate(placed.offsets)])
    }
    found: list[Word] = []
    for match in WORD.finditer(segment.text):
        token = starts.get(match.start())
        form = match[0]
        if token is not None and is_content_word(form) and stem(form) not in question_stems:
            found.append(
                Word(token, stem(form), form, segment.turn, segment.in_answer, match.start())
            )
    return found
