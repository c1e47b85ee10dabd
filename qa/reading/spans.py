"""Spans: from a model's logits to the stretches of text that may be the answer."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.reading.windows import Window

MAX_ANSWER_TOKENS = 40
"""A short answer has no more tokens; longer ones are answered with sentences."""


# What stands before a line of a list is no part of what it says.
_MARKER = re.compile(r"^[-*•–][ \t]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ScoredSpan:
    """A span of a passage's text with what the model says of it.

    Attributes:
        start: Offset of its first character, into the passage's text.
        end: Offset behind its last character.
        score: Sum of the logits of its first token as start and of its last as end.
    """

    start: int
    end: int
    score: float


def best_spans(
    starts: NDArray[np.float32],
    ends: NDArray[np.float32],
    window: Window,
    text: str,
    limit: int,
    max_tokens: int = MAX_ANSWER_TOKENS,
) -> list[ScoredSpan]:
    """The spans with the highest scores, best first.

    A span lies inside one paragraph of the passage's text, ends where it starts or behind, has
    at most ``max_tokens`` tokens, and begins and ends where words do, behind the marker of a
    list's line.

    Args:
        starts: ``(tokens,)`` float32, logits of starting at a token.
        ends: ``(tokens,)`` float32, logits of ending at a token.
        window: The tokens.
        text: Of the passage.
        limit: Number of spans at most.
        max_tokens: Length of the longest span.
    """
    first = [at for at in np.flatnonzero(window.inside) if _begins_word(text, window, int(at))]
    last = [at for at in np.flatnonzero(window.inside) if _ends_word(text, window, int(at))]
    if not first or not last:
        return []
    length = np.array(last)[None, :] - np.array(first)[:, None]
    scores = starts[first][:, None] + ends[last][None, :]
    breaks = [match.start() for match in re.finditer("\n\n", text)]
    paragraph = np.searchsorted(breaks, window.offsets[:, 0])
    together = paragraph[first][:, None] == paragraph[last][None, :]
    scores = np.where((length >= 0) & (length < max_tokens) & together, scores, -np.inf)
    count = min(limit, scores.size)
    flat = np.argpartition(-scores, count - 1, axis=None)[:count]
    ordered = sorted(flat.tolist(), key=lambda at: (-scores.flat[at], at))
    spans: list[ScoredSpan] = []
    for at in ordered:
        row, column = divmod(at, scores.shape[1])
        if np.isfinite(scores[row, column]):
            start = int(window.offsets[first[row], 0])
            end = int(window.offsets[last[column], 1])
            spans.append(ScoredSpan(start, end, float(scores[row, column])))
    return spans


def _begins_word(text: str, window: Window, token: int) -> bool:
    at = int(window.offsets[token, 0])
    if text[at].isspace() or _MARKER.match(text, at):
        return False
    return not (at > 0 and _is_one_word(text[at - 1], text[at]))


def _ends_word(text: str, window: Window, token: int) -> bool:
    at = int(window.offsets[token, 1])
    return not (at < len(text) and _is_one_word(text[at - 1], text[at]))


def _is_one_word(one: str, other: str) -> bool:
    return one.isalnum() and other.isalnum()
