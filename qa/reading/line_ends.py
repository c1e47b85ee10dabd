"""Line ends: a full stop behind each line of a list, as the span model is given it.

The model's tokenizer knows no line breaks: "President: Harriet Lund", "Treasurer: Dimitri Sokolov"
on two lines reads as if Harriet Lund were the treasurer.
"""

import re
from bisect import bisect_left, bisect_right
from itertools import pairwise

from embeddings.rendering import Rendering
from qa.reading.lists import LABEL, LIST_MARKER

LINE_END = "."

_LISTED = re.compile(rf"(?:{LIST_MARKER}+\S|{LABEL}:[ \t]+\S)")
_PUNCTUATION = tuple(".!?:;,")


def with_line_ends(shown: Rendering) -> Rendering:
    r"""The passage with a full stop behind each line of a list that has none and goes on.

    Lines of the form "Label: value" are a list, too. What is added cannot be quoted.

    >>> from embeddings.rendering import rendered
    >>> with_line_ends(rendered("Roles\n\n- Chair: Ann\n- Clerk: Bob\nAll.")).text
    'Roles\n\n- Chair: Ann.\n- Clerk: Bob\nAll.'
    """
    cuts = _ends(shown.text)
    if not cuts:
        return shown
    edges = [0, *cuts, len(shown.text)]
    segments = (
        (start + len(LINE_END) * bisect_right(cuts, start), at + start - place, end - start)
        for place, at, length in shown.segments
        for start, end in pairwise(
            [
                place,
                *cuts[bisect_right(cuts, place) : bisect_left(cuts, place + length)],
                place + length,
            ]
        )
    )
    text = LINE_END.join(shown.text[start:end] for start, end in pairwise(edges))
    return Rendering(text, tuple(segments))


def _ends(text: str) -> list[int]:
    """Ends of the listed lines that another one follows and no punctuation closes."""
    ends: list[int] = []
    open_end = -1
    at = 0
    for line in text.split("\n"):
        stripped = line.rstrip()
        if stripped:
            is_listed = bool(_LISTED.match(line))
            if is_listed and open_end >= 0:
                ends.append(open_end)
            is_open = is_listed and not stripped.endswith(_PUNCTUATION)
            open_end = at + len(stripped) if is_open else -1
        at += len(line) + 1
    return ends
