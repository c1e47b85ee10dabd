import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from embeddings.rendering import rendered
from qa.reading.spans import ScoredSpan, best_spans
from qa.reading.windows import Window

PIECES = st.lists(st.sampled_from(["a", "Bc", "1", ".", " ", "é", "-", "\n", "😀"]), max_size=14)
# Paragraphs end, and lines of lists begin: all markers that can be made of the pieces.
BREAK = r"\n(?=\n| *(?:-|a\.|1{1,3}\.|1{1,3}(?:\.1{1,3})+\.?) )"


def window_of(pieces: list[str]) -> tuple[Window, str]:
    """A window with a special token, one question token, then a token for each piece."""
    text = "".join(pieces)
    ends = np.cumsum([len(piece) for piece in pieces], dtype=np.int64)
    begins = ends - [len(piece) for piece in pieces]
    offsets = np.concatenate([[[0, 0], [0, 1]], np.stack([begins, ends], axis=1)])
    inside = np.array([False, False, *(True for _ in pieces)])
    ids = np.arange(len(offsets))
    return Window(0, ids, np.zeros_like(ids), offsets, inside), text


def exhaustive(
    starts: NDArray[np.float32], ends: NDArray[np.float32], window: Window, text: str, longest: int
) -> list[ScoredSpan]:
    """Every span that the rules allow, found by two loops."""
    found = []
    for first in range(len(window.ids)):
        for last in range(first, min(first + longest, len(window.ids))):
            start, end = int(window.offsets[first, 0]), int(window.offsets[last, 1])
            if not (window.inside[first] and window.inside[last]) or text[start].isspace():
                continue
            if start and text[start - 1].isalnum() and text[start].isalnum():
                continue
            breaks = [match.start() for match in re.finditer(BREAK, text)]
            if any(start < at <= int(window.offsets[last, 0]) for at in breaks):
                continue
            if any(at and re.match(r"\d[.,:]\d", text[at - 1 :]) for at in (start, end)):
                continue
            if any(at > 1 and re.match(r"\d[.,:]\d", text[at - 2 :]) for at in (start, end)):
                continue
            at_line = start == 0 or text[start - 1] == "\n"
            if at_line and text[start] == "-" and text[start + 1 : start + 2] == " ":
                continue
            if end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
                continue
            found.append(ScoredSpan(start, end, float(starts[first] + ends[last])))
    return sorted(found, key=lambda span: -span.score)


@given(PIECES, st.integers(1, 6), st.integers(1, 20), st.randoms(use_true_random=False))
def test_best_spans_are_those_of_two_loops(pieces, longest, limit, random) -> None:  # type: ignore[no-untyped-def]  # Hypothesis fills them in
    window, text = window_of(pieces)
    order = list(range(2 * len(window.ids)))
    random.shuffle(order)
    # A Sidon set (of Erdős and Turán, for the prime 1009): no two sums are equal, and float32
    # holds each exactly, so there is one right order.
    logits = np.array([2 * 1009 * n + n * n % 1009 for n in order], np.float32)
    starts, ends = logits[: len(window.ids)], logits[len(window.ids) :]
    found = best_spans(starts, ends, window, rendered(text), limit, longest)
    assert found == exhaustive(starts, ends, window, text, longest)[:limit]


def test_span_never_ends_before_it_starts() -> None:
    window, text = window_of(["one", " ", "two"])
    starts, ends = np.zeros(5, np.float32), np.zeros(5, np.float32)
    starts[4], ends[2] = 10, 10
    best = best_spans(starts, ends, window, rendered(text), 9)
    assert {(span.start, span.end) for span in best} == {(0, 3), (4, 7), (0, 7), (0, 4)}
    assert best[0].score == 10


def test_special_tokens_and_the_question_are_never_part_of_an_answer() -> None:
    window, text = window_of(["one"])
    logits = np.array([9, 8, 0], np.float32)
    assert best_spans(logits, logits, window, rendered(text), 9) == [ScoredSpan(0, 3, 0.0)]


def test_no_token_of_the_passage_has_no_spans() -> None:
    window, text = window_of([])
    assert (
        best_spans(np.ones(2, np.float32), np.ones(2, np.float32), window, rendered(text), 3) == []
    )
