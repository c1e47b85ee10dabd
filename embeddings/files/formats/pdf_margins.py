"""Line numbers that drafts have in the margin of a PDF's page."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from embeddings.files.formats.pdf_text import Word

# Chosen by hand; none is fitted.
_MIN_NUMBERS = 10  # least numbers of a page, if each line has one
_MIN_SPARSE = 5  # the same, if every fifth has one
_SPARSE_STEPS = (2, 5, 10)
_ALIGNED = 2.5  # points: ends of numbers nearer than this line up
_MIN_HEIGHT = 0.4  # share of the height of the text that they go down at least
_COUNTING = 0.8  # share of the numbers that are as much larger than the one above as most are
_EVEN = 0.25  # most by which a step down differs from the usual one, of it
_SMALL = 0.85  # size of numbers, of the text's, that are no column of a table
_MIN_WORDS_BESIDE = 4.0  # words of a line beside them on average: they are no column of a table


def without_line_numbers(words: list[Word]) -> list[Word]:
    """Words of a page without numbers in the margin that count its lines."""
    numbers = [at for at, word in enumerate(words) if word.text.isdecimal() and len(word.text) < 5]
    if len(numbers) < _MIN_SPARSE:
        return words
    drop: set[int] = set()
    for ends in ([word.right for word in words], [word.left for word in words]):
        by_place = sorted(numbers, key=ends.__getitem__)
        start = 0
        for end in range(1, len(by_place) + 1):
            last = end == len(by_place)
            if last or ends[by_place[end]] - ends[by_place[end - 1]] > _ALIGNED:
                drop |= _counting(words, by_place[start:end])
                start = end
    return [word for at, word in enumerate(words) if at not in drop] if drop else words


def _counting(words: Sequence[Word], column: list[int]) -> set[int]:
    """The positions of numbers in a column if they count lines; none otherwise."""
    if len(column) < _MIN_SPARSE:
        return set()
    column = sorted(column, key=lambda at: -words[at].base)
    values = [int(words[at].text) for at in column]
    steps = Counter(after - before for before, after in pairwise(values))
    step, count = max(steps.items(), key=lambda each: each[1])
    if count < _COUNTING * (len(values) - 1):
        return set()
    # Without a page's number above or below them.
    column = [
        at
        for place, at in enumerate(column)
        if step in (a - b for a, b in pairwise(values[max(0, place - 1) : place + 2][::-1]))
    ]
    if (step != 1 and step not in _SPARSE_STEPS) or len(column) < _MIN_SPARSE:
        return set()
    left = min(words[at].left for at in column)
    right = max(words[at].right for at in column)
    own = set(column)
    others = [word for at, word in enumerate(words) if at not in own]
    if not others:
        return set()
    # Other numbers of the kind may stand in the other margin.
    inside = sum(word.right > left and word.left < right for word in others)
    before = sum(word.right <= left for word in others)
    after = len(others) - inside - before
    if inside > 0.02 * len(others) or min(before, after) > 0.1 * len(others):
        return set()
    height = max(word.base for word in words) - min(word.base for word in words)
    top, bottom = words[column[0]].base, words[column[-1]].base
    downs = [words[one].base - words[other].base for one, other in pairwise(column)]
    usual = median(downs)
    even = sum(abs(down - usual) <= _EVEN * usual for down in downs)
    small = words[column[0]].size <= _SMALL * median(word.size for word in others)
    if step == 1 and not small and len(column) < _MIN_NUMBERS:
        return set()
    if (not small and top - bottom < _MIN_HEIGHT * height) or even < 0.5 * len(downs):
        return set()
    lines = {round(word.base) for word in others if bottom - 1 <= word.base <= top + 1}
    return own if len(others) >= _MIN_WORDS_BESIDE * len(lines) else set()
