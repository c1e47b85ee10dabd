"""Windows: question and passage as the tokens that a span model reads.

A model reads a limited number of tokens at once. A longer passage is read through several windows
that overlap, so that an answer which one window cuts off is complete in another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

MAX_TOKENS = 384
"""Tokens of a window: question, passage and special tokens. The model was trained with them."""

STRIDE = 96
"""Passage tokens that neighbouring windows share, more than twice the longest answer. Chosen by
hand; not fitted."""


@dataclass(frozen=True, slots=True)
class Window:
    """The input of a span model.

    Attributes:
        passage: Position of the passage in the list that was given.
        ids: ``(tokens,)``, of the vocabulary.
        type_ids: ``(tokens,)``, 0 for the question and 1 for the passage where the model
            distinguishes them.
        offsets: ``(tokens, 2)``, half-open, characters into the passage's text.
        inside: ``(tokens,)``, whether a token belongs to the passage's text, not to the
            question, the heading before the text or the special tokens.
    """

    passage: int
    ids: NDArray[np.int64]
    type_ids: NDArray[np.int64]
    offsets: NDArray[np.int64]
    inside: NDArray[np.bool_]


class QuestionTooLong(ValueError):
    """The question has more tokens than half a window."""


class WindowTokenizer:
    """Splits questions with their passages into the windows of one model.

    Attributes:
        max_tokens: Of a window.
        pad_id: Token with which shorter windows of a batch are filled.
    """

    def __init__(self, tokenizer: Tokenizer, max_tokens: int = MAX_TOKENS) -> None:
        """Take a tokenizer that neither cuts nor pads."""
        self.max_tokens = max_tokens
        self.pad_id: int = tokenizer.token_to_id("[PAD]") or tokenizer.token_to_id("<pad>") or 0
        self._tokenizer = tokenizer
        self._special: int = tokenizer.num_special_tokens_to_add(is_pair=True)

    def split(self, pairs: Sequence[tuple[str, str]], headings: Sequence[str]) -> list[Window]:
        """The windows of (question, passage) pairs, in the order of the pairs.

        A question that would take more than half of a window is cut off there.

        Args:
            pairs: Questions and passages.
            headings: Text read before each passage, to know what it is about; may be empty.
        """
        questions = {question: self._shortened(question) for question, _ in pairs}
        texts = [
            f"{heading}\n{text}" if heading else text
            for (_, text), heading in zip(pairs, headings, strict=True)
        ]
        encoded = self._tokenizer.encode_batch(texts, add_special_tokens=False)
        windows: list[Window] = []
        for at, (passage, (question, text)) in enumerate(zip(encoded, pairs, strict=True)):
            question_tokens = questions[question]
            room = self.max_tokens - self._special - len(question_tokens.ids)
            # Shared tokens must leave some of the window to go on with.
            passage.truncate(room, stride=min(STRIDE, room // 4))
            skipped = len(headings[at]) + 1 if headings[at] else 0
            for part in (passage, *passage.overflowing):
                encoding = self._tokenizer.post_process(question_tokens, part)
                windows.append(_window(at, encoding, text, skipped))
        return windows

    def check(self, question: str) -> None:
        """Make sure that a question fits into a window.

        Raises:
            QuestionTooLong: It would take more than half of a window.
        """
        count, most = len(self._encoded(question).ids), self.max_tokens // 2
        if count > most:
            raise QuestionTooLong(
                f"expected a question of at most {most} tokens, which is about {most * 3 // 4} "
                f"words, got {count:,}; ask it in fewer words"
            )

    def _shortened(self, question: str) -> Encoding:
        encoded = self._encoded(question)
        encoded.truncate(self.max_tokens // 2)
        return encoded

    def _encoded(self, question: str) -> Encoding:
        return self._tokenizer.encode(question, add_special_tokens=False)


def _window(passage: int, encoding: Encoding, text: str, skipped: int) -> Window:
    offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2) - skipped
    second = np.array([sequence_id == 1 for sequence_id in encoding.sequence_ids], dtype=np.bool_)
    inside = second & (offsets[:, 0] >= 0)
    # Some tokenizers count the space before a word to its first token.
    letters = np.flatnonzero(~np.fromiter(map(str.isspace, text), np.bool_, len(text)))
    letters = np.append(letters, len(text))
    starts, ends = offsets[inside].T
    offsets[inside, 0] = np.minimum(letters[np.searchsorted(letters, starts)], ends)
    # A token without characters cannot be quoted.
    inside &= offsets[:, 1] > offsets[:, 0]
    return Window(
        passage,
        np.array(encoding.ids, dtype=np.int64),
        np.array(encoding.type_ids, dtype=np.int64),
        offsets,
        inside,
    )
