"""Lines of print of a PDF's page: from words to lines, with superscripts told from numbers.

A raised number is an exponent behind a power of ten, a unit or a variable (10⁶, m², CO₂), and the
mark of a footnote behind anything else: it is then set in brackets, "4,310[2]", for "4,3102" is
another number.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from embeddings.files.formats.pdf_text import HYPHEN, Word

_RAISED = str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_DIGITS = re.compile(r"[-+−]?\d{1,3}")
_MARKS = re.compile(r"\d{1,3}(?:[,;–-]\d{1,3})*,?|[a-z](?:,[a-z])*")
_ORDINAL = re.compile(r"\d(?:st|nd|rd|th|er|re|e|o|a)$")
_POWER_BASE = re.compile(r"(?:^|\W)(?:10|[kcmdµnM]?m|km|s|ft|in|yd|[A-Za-zα-ωΑ-Ω]|\))$")
_LETTER_END = re.compile(r"[^\W\d_]$")
# Chosen by hand; none is fitted. Of the font size:
_SAME_LINE = 0.5  # most distance between baselines of one line of print
_SCRIPT_SIZE = 0.88  # most size of a superscript or subscript
_RAISE = 0.15  # least height of a superscript's baseline above the line's
_BACK = 0.5  # most by which a word of a line may begin before the end of the one before it
_WIDE_GAP = 1.5  # least gap that parts the two halves of a line in a drop capital's search
_DROP_CAPITAL = 1.8  # least size of a capital that is as high as two lines


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text with its position in points; y grows upwards.

    Attributes:
        text: Ends with ``HYPHEN`` if its last word continues.
        left: Where it begins.
        right: Where it ends.
        base: The y on which its letters stand.
        size: Of its font.
        bold: Whether its first and last words are bold.
        mono: Whether they are of a typewriter font, as program code is.
        bold_start: The characters at its beginning that are bold where the rest is not.
        column: The column of the page in which it stands, from the left.
    """

    text: str
    left: float
    right: float
    base: float
    size: float
    bold: bool = False
    mono: bool = False
    bold_start: int = 0
    column: int = 0


def lines_of(words: Iterable[Word]) -> Iterator[list[Word]]:
    """Words grouped by line, in the order of the file."""
    line: list[Word] = []
    base = size = 0.0
    for word in words:
        if line and not _continues(line, base, size, word):
            yield line
            line = []
        if not line or word.size > 1.1 * size:  # A footnote's mark may begin a line.
            base, size = word.base, word.size
        line.append(word)
    if line:
        yield line


def _continues(line: list[Word], base: float, size: float, word: Word) -> bool:
    previous = line[-1]
    larger = max(size, word.size)
    if word.left < previous.right - _BACK * larger or word.left < line[0].left:
        return False
    if previous.text.endswith(HYPHEN):
        # A soft hyphen within a line is an ordinary one.
        return abs(word.base - base) < _RAISE * larger and word.left - previous.right < larger
    if abs(word.base - base) < _SAME_LINE * larger:
        return True
    # A capital as high as two lines, and the word that it begins.
    capital = len(line) == 1 and len(previous.text) == 1 and previous.text.isupper()
    near = 0 <= word.base - base < size and word.left - previous.right < 0.5 * word.size
    return capital and size >= _DROP_CAPITAL * word.size and near


def line_from(words: list[Word], column: int = 0) -> Line:
    """A line of text from its words."""
    size = max(word.size for word in words)
    # The size of most of it: neither a drop capital's nor a superscript's.
    sizes: dict[float, int] = {}
    for word in words:
        sizes[word.size] = sizes.get(word.size, 0) + len(word.text)
    main = max(sizes, key=lambda each: (sizes[each], each)) if len(sizes) > 1 else size
    base = next(word.base for word in words if word.size == main)
    bold_words = 0
    for word in words:
        if not word.bold:
            break
        bold_words += 1
    text = text_of(words, main, base)
    bold_start = 0
    if 0 < bold_words < len(words):
        bold_start = len(text_of(words[:bold_words], main, base))
    return Line(
        text=text,
        left=min(word.left for word in words),
        right=max(word.right for word in words),
        base=base,
        size=main,
        bold=words[0].bold and words[-1].bold,
        mono=words[0].mono and words[-1].mono,
        bold_start=bold_start,
    )


def text_of(words: list[Word], size: float, base: float) -> str:
    """The text of words of a line whose letters are of that size and stand on that base."""
    text = ""
    for place, word in enumerate(words):
        piece, glued = word.text, word.glued
        previous = words[place - 1] if place else None
        if previous is not None and text.endswith(HYPHEN):
            text, glued = text[:-1] + "-", True
        if previous is not None and _is_drop_capital(previous, word):
            glued = True
        if word.size <= _SCRIPT_SIZE * size and len(piece) <= 12:
            gap = word.left - previous.right if previous else 0.0
            attached = previous is not None and (glued or gap < 0.1 * size)
            shift = word.base - base
            if shift > _RAISE * size:
                piece, glued = _superscript(text if attached else "", piece), glued or attached
            elif shift < -0.05 * size and attached:
                piece, glued = _subscript(text, piece), True
        text += piece if glued or not text else f" {piece}"
    return text


def _is_drop_capital(previous: Word, word: Word) -> bool:
    return (
        len(previous.text) == 1
        and previous.size >= _DROP_CAPITAL * word.size
        and word.left - previous.right < 0.5 * word.size
    )


def _superscript(before: str, text: str) -> str:
    """A raised text behind a text, empty if a space is between."""
    if _ORDINAL.search(before[-1:] + text) or not any(map(str.isalnum, text)):
        return text
    if _POWER_BASE.search(before):
        if _DIGITS.fullmatch(text):
            return text.translate(_RAISED)
        return text if len(text) > 3 else f"^{text}"
    return f"[{text.rstrip(',')}]" if _MARKS.fullmatch(text) else text


def _subscript(before: str, text: str) -> str:
    """A lowered text behind a text."""
    chemical = _DIGITS.fullmatch(text) and (_LETTER_END.search(before) or before.endswith(")"))
    return text.translate(_LOWERED) if chemical else text
