"""Spans: from a model's logits to the stretches of text that may be the answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embeddings.rendering import Rendering
from qa.reading.base import Logits, SpanModel
from qa.reading.line_ends import with_line_ends
from qa.reading.lists import LIST_MARKER
from qa.reading.windows import Window

MAX_ANSWER_TOKENS = 40
"""Longest short answer; what needs more is answered with sentences. Chosen by hand; not fitted."""

SPANS_PER_PASSAGE = 8
"""Spans of each passage that are compared with those of the others. Chosen by hand; the
calibration was fitted with it."""

# The marker of a list's line is not part of an answer.
_MARKER = re.compile(r"^[-*•–][ \t]", re.MULTILINE)
_IN_NUMBER = ".,:"
_BREAK = re.compile(rf"\n(?=\n|{LIST_MARKER})")


@dataclass(frozen=True, slots=True)
class ScoredSpan:
    """A span of a passage's text, scored in one window.

    Attributes:
        start: Offset of its first character, into the passage's text.
        end: Offset behind its last character.
        score: Sum of the logits of its first token as start and of its last as end.
    """

    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class PassageSpan:
    """A span of a passage's text, scored in all windows of the passage.

    Attributes:
        start: Offset of its first character, into the passage's text.
        end: Offset behind its last character.
        margin: Its score above the null span's of its window.
        answerable: Logit of there being an answer in its window.
        sharpness: Log-probability among the best spans of the passage.
    """

    start: int
    end: int
    margin: float
    answerable: float
    sharpness: float


def read_passages(
    model: SpanModel, pairs: Sequence[tuple[str, Rendering]], headings: Sequence[str]
) -> list[list[PassageSpan]]:
    """The best spans of each passage, best first, with offsets into the passage's own text.

    Args:
        model: To read with.
        pairs: Questions, and passages as they are shown.
        headings: Text read before each passage, to know what it is about.
    """
    renderings = [with_line_ends(rendering) for _, rendering in pairs]
    texts = [
        (question, rendering.text)
        for (question, _), rendering in zip(pairs, renderings, strict=True)
    ]
    windows = model.window_tokenizer.split(texts, headings)
    by_passage: list[list[tuple[Window, Logits]]] = [[] for _ in pairs]
    for window, logits in zip(windows, model.read(windows), strict=True):
        by_passage[window.passage].append((window, logits))
    return [
        _passage_spans(read, rendering)
        for read, rendering in zip(by_passage, renderings, strict=True)
    ]


def _passage_spans(
    read: Sequence[tuple[Window, Logits]], rendering: Rendering
) -> list[PassageSpan]:
    best: dict[tuple[int, int], tuple[float, float]] = {}
    for window, logits in read:
        for span in best_spans(logits.starts, logits.ends, window, rendering, SPANS_PER_PASSAGE):
            margin = span.score - logits.null
            answerable = margin if logits.answerable is None else logits.answerable
            place = (span.start, span.end)
            # Windows overlap: the one with more context around a span scores it higher.
            if place not in best or best[place][0] < margin:
                best[place] = (margin, answerable)
    ordered = sorted(best.items(), key=lambda item: (-item[1][0], item[0]))[:SPANS_PER_PASSAGE]
    margins = np.array([margin for _, (margin, _) in ordered])
    total = float(np.logaddexp.reduce(margins)) if ordered else 0.0
    return [
        PassageSpan(start, end, margin, answerable, margin - total)
        for (start, end), (margin, answerable) in ordered
    ]


def best_spans(
    starts: NDArray[np.float32],
    ends: NDArray[np.float32],
    window: Window,
    rendering: Rendering,
    limit: int,
    max_tokens: int = MAX_ANSWER_TOKENS,
) -> list[ScoredSpan]:
    """The spans with the highest scores, best first; with offsets into the passage's own text.

    A span lies inside one paragraph, line of a list or cell of a table, ends where it starts or
    behind, has at most ``max_tokens`` tokens, and begins and ends where words do, behind the
    marker of a list's line.

    Args:
        starts: ``(tokens,)`` float32, logits of starting at a token.
        ends: ``(tokens,)`` float32, logits of ending at a token.
        window: The tokens.
        rendering: The passage as it is shown.
        limit: Number of spans at most.
        max_tokens: Length of the longest span.
    """
    text = rendering.text
    segments = np.array(rendering.segments, dtype=np.int64).reshape(-1, 3)
    segment = np.searchsorted(segments[:, 0], window.offsets[:, 0], side="right") - 1
    # What is shown between the cells of a table is not the passage's.
    behind = segments[segment, 0] + segments[segment, 2]
    quotable = window.inside & (segment >= 0) & (window.offsets[:, 1] <= behind)
    first = [at for at in np.flatnonzero(quotable) if _begins_word(text, window, int(at))]
    last = [at for at in np.flatnonzero(quotable) if _ends_word(text, window, int(at))]
    if not first or not last:
        return []
    length = np.array(last)[None, :] - np.array(first)[:, None]
    scores = starts[first][:, None] + ends[last][None, :]
    breaks = [match.start() for match in _BREAK.finditer(text)]
    unit = np.searchsorted(np.sort([*breaks, *segments[1:, 0]]), window.offsets[:, 0], "right")
    in_one = unit[first][:, None] == unit[last][None, :]
    scores = np.where((length >= 0) & (length < max_tokens) & in_one, scores, -np.inf)
    count = min(limit, scores.size)
    flat = np.argpartition(-scores, count - 1, axis=None)[:count]
    ordered = sorted(flat.tolist(), key=lambda at: (-scores.flat[at], at))
    spans: list[ScoredSpan] = []
    for at in ordered:
        row, column = divmod(at, scores.shape[1])
        if np.isfinite(scores[row, column]):
            shift = int(np.diff(segments[segment[first[row]], :2])[0])
            start = int(window.offsets[first[row], 0]) + shift
            end = int(window.offsets[last[column], 1]) + shift
            spans.append(ScoredSpan(start, end, float(scores[row, column])))
    return spans


def _begins_word(text: str, window: Window, token: int) -> bool:
    at = int(window.offsets[token, 0])
    if text[at].isspace() or _MARKER.match(text, at):
        return False
    return not (at > 0 and _is_inside_word(text, at))


def _ends_word(text: str, window: Window, token: int) -> bool:
    at = int(window.offsets[token, 1])
    return not (at < len(text) and _is_inside_word(text, at))


def _is_inside_word(text: str, at: int) -> bool:
    """Whether an offset is inside a word or a number such as 22:00 or 1,250.5."""
    if text[at - 1].isalnum() and text[at].isalnum():
        return True
    digits = text[at - 1].isdigit() and text[at] in _IN_NUMBER and text[at + 1 : at + 2].isdigit()
    return digits or (
        at > 1 and text[at - 2].isdigit() and text[at - 1] in _IN_NUMBER and text[at].isdigit()
    )
