"""Sentences: the offsets of each sentence of a text.

sentencex (MIT, Wikimedia): rule-based, many languages, no model, compiled, and fast
where backtracking splitters hang on hostile input.
"""

from collections.abc import Iterator
from functools import lru_cache

from sentencex import segment

WINDOW_CHARACTERS = 4_000
"""The splitter's time grows with the square of a run of quotation marks; this bounds it."""


@lru_cache(maxsize=4096)
def sentence_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Start and end of each sentence, without surrounding white space.

    >>> sentence_spans("Dr. Smith came. He left.")
    ((0, 15), (16, 24))
    """
    return tuple(iter_sentences(text))


def iter_sentences(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence, lazily, so that those of a long text need no memory."""
    position = 0
    while position < len(text):
        window = _window(text, position)
        sentences = _segment(window)
        if position + len(window) < len(text) and len(sentences) > 1:
            # The window may cut the last sentence: the next window begins with it.
            sentences.pop()
        for sentence in sentences:
            start = position + len(sentence) - len(sentence.lstrip())
            end = position + len(sentence.rstrip())
            if start < end:
                yield start, end
            position += len(sentence)


def _window(text: str, start: int) -> str:
    """The next part of the text, short enough to split, cut at white space if there is any."""
    end = start + WINDOW_CHARACTERS
    if end < len(text):
        space = max(text.rfind(" ", start, end), text.rfind("\n", start, end))
        end = space + 1 if space > start else end
    return text[start:end]


def _segment(text: str) -> list[str]:
    try:
        sentences = segment("en", text)
    except BaseException as error:
        # A panic of the compiled splitter is no ``Exception``; its class is not public.
        if type(error).__name__ != "PanicException":
            raise
        return [text]
    return sentences if "".join(sentences) == text else [text]
