"""Words of a PDF's page with their positions, in the order of the file.

PDFium is asked once for all characters of a page, and for places and fonts at the ends of words
alone: that takes a third of the time of asking for each character.
"""

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from pypdfium2 import raw

from embeddings.files.formats.pdf_hidden import Visibility
from embeddings.files.formats.pdf_symbols import readable

HYPHEN = "\x02"
"""Ends a word that continues in the next line."""

Box = tuple[float, float, float, float]
"""Left, bottom, right and top in points; y grows upwards."""

# Up to a space, or a hyphen as PDFium reports it where it joined lines; without a word before it,
# that is a bullet.
_HYPHENS = "\x02\ufffe\xad"
_WORDS = re.compile(rf"[^\0\n\r \xa0{_HYPHENS}]++[{_HYPHENS}]?|[{_HYPHENS}]")
_BOLD_WEIGHT = 600
_FIXED_PITCH = 1  # ISO 32000-1, table 123
_FORCE_BOLD = 1 << 18
_BOLD_NAME = re.compile(r"bold|black|heavy|demi|medi(?!um)|cmbx|sfbx|(?<=t)b$")
# Weights are guessed from the width of stems; these names say that a font is not bold.
_PLAIN_NAME = re.compile(
    r"regu|roman|light|book|italic|oblique|medium|mono|^(?:\w+\+)?(?:cm|sf|lm)[a-z]{1,4}\d"
)
_MONO_NAMES = (b"mono", b"courier", b"consol", b"typewriter", b"cmtt")
# Chosen by hand; none is fitted. Of the font size:
_WORD_GAP = 0.17  # least gap between words for which PDFium gave no space
_WIDE = 0.62  # least width of a word, for each of its letters, that is looked at more closely
_LETTER_GAP = 0.6  # least gap between letters of a word that are two
_SCRIPT_SHIFT = 0.12  # least distance of a superscript's baseline from that of its line
_SCRIPT_SIZE = 0.9  # most size of a superscript

# By their addresses: making a pointer object for each character takes three times as long.
_text_object = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)(
    ctypes.cast(raw.FPDFText_GetTextObject, ctypes.c_void_p).value or 0
)
_loose_box = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(
    ctypes.cast(raw.FPDFText_GetLooseCharBox, ctypes.c_void_p).value or 0
)


class Word(NamedTuple):
    """A word, or a part of one that is set in another size or on another baseline.

    Attributes:
        text: Ends with ``HYPHEN`` if it continues in the next line.
        left: Where it begins, in points.
        right: Where it ends.
        base: The y on which its letters stand.
        size: Of its font.
        bold: Whether it is bold.
        mono: Whether it is of a typewriter font, as program code is.
        glued: Whether no space is before it.
        angle: Degrees by which it is turned, counterclockwise.
    """

    text: str
    left: float
    right: float
    base: float
    size: float
    bold: bool = False
    mono: bool = False
    glued: bool = False
    angle: int = 0


class _Style(NamedTuple):
    shown: bool
    size: float
    base: float | None
    bold: bool
    mono: bool
    angle: int
    font: str


def words_of(textpage: Any, visibility: Visibility) -> Iterator[Word]:
    """The visible words of a page, each turned upright about the page's origin."""
    source = _Source(textpage, visibility)
    for found in _WORDS.finditer(source.text):
        yield from source.words(*found.span())


def main_angle(words: list[Word]) -> int:
    """The angle at which most of a page's text is set."""
    counts: Counter[int] = Counter()
    for word in words:
        counts[word.angle] += len(word.text)
    return counts.most_common(1)[0][0] if counts else 0


def turned(box: Box, angle: int) -> Box:
    """A box turned clockwise about the origin, so that text of that angle stands upright."""
    left, bottom, right, top = box
    quarter = round(angle / 90) % 4
    if quarter == 1:
        return bottom, -right, top, -left
    if quarter == 2:
        return -right, -top, -left, -bottom
    if quarter == 3:
        return -top, left, -bottom, right
    return box


def _text(textpage: Any) -> str:
    """The characters of a page, each of one UTF-16 unit or code point."""
    count = textpage.count_chars()
    buffer = (ctypes.c_ushort * (count + 1))()
    # Each character once, unless some have no code or need two.
    if raw.FPDFText_GetText(textpage, 0, count, buffer) == count + 1:
        return "".join(map(chr, buffer[:count]))
    return "".join(chr(raw.FPDFText_GetUnicode(textpage, index)) for index in range(count))


class _Source:
    """The characters of a page."""

    def __init__(self, textpage: Any, visibility: Visibility) -> None:
        self.text = _text(textpage)
        self._textpage = textpage
        self._address = ctypes.cast(textpage.raw, ctypes.c_void_p).value or 0
        self._visibility = visibility
        self._styles: dict[int, _Style] = {}
        # PDFium writes its results here; allocating them for each call doubles its time.
        self._rect = raw.FS_RECTF()
        self._place = ctypes.addressof(self._rect)

    def words(self, start: int, end: int) -> Iterator[Word]:
        """The visible words, or parts of a word, between two characters."""
        first = _text_object(self._address, start) or 0
        if end - start < 2 or first == (_text_object(self._address, end - 1) or first):
            word = self._word(start, end, first, glued=False)
            if word and word.right - word.left > _WIDE * word.size * (end - start):
                for begin, after in self._apart(start, end, word.size, word.angle):
                    part = self._word(begin, after, first, glued=False)
                    if part:
                        yield part
            elif word:
                yield word
            return
        previous: Word | None = None
        begin, place = start, first
        for index in range(start + 1, end + 1):
            here = (_text_object(self._address, index) or place) if index < end else -1
            if here == place:
                continue
            word = self._word(begin, index, place, glued=begin > start)
            begin, place = index, here
            if word is None:
                continue
            if previous is None:
                previous = word._replace(glued=False)
            elif (joined := _joined(previous, word)) is not None:
                previous = joined
            else:
                yield previous
                apart = word.left - previous.right > _WORD_GAP * (previous.size or 1.0)
                previous = word._replace(glued=not apart)
        if previous is not None:
            yield previous

    def _apart(self, start: int, end: int, size: float, angle: int) -> Iterator[tuple[int, int]]:
        """Where the words between two characters begin and end, told from gaps between letters."""
        boxes = [turned(self._box(index), angle) for index in range(start, end)]
        begin = start
        for index in range(start + 1, end):
            if boxes[index - start][0] - boxes[index - start - 1][2] > _LETTER_GAP * size:
                yield begin, index
                begin = index
        yield begin, end

    def _word(self, start: int, end: int, place: int, *, glued: bool) -> Word | None:
        style = self._styles.get(place)
        if style is None:
            style = self._styles[place] = self._style(place, start)
        if not style.shown:
            return None
        text = self.text[start:end]
        hyphen = text[-1] in _HYPHENS and len(text) > 1
        if hyphen:
            end -= 1
            text = text[:-1]
        text = _decoded(text)
        if not (text.isascii() and text.isprintable()):
            text = readable(text, style.font, alone=not glued)
        left, bottom, right, top = self._box(start)
        if end - start > 1:
            begin, low, last, high = self._box(end - 1)
            left, bottom = min(left, begin), min(bottom, low)
            right, top = max(right, last), max(top, high)
        if not text or not self._visibility.is_on_page(left, bottom, right, top):
            return None
        if style.angle:
            left, bottom, right, top = turned((left, bottom, right, top), style.angle)
        size = style.size or round(top - bottom, 1)
        base = bottom if style.base is None else style.base
        text += HYPHEN * hyphen
        return Word(text, left, right, base, size, style.bold, style.mono, glued, style.angle)

    def _box(self, index: int) -> Box:
        rect = self._rect
        if not _loose_box(self._address, index, self._place):
            return 0.0, 0.0, 0.0, 0.0
        left, bottom, right, top = rect.left, rect.bottom, rect.right, rect.top
        return min(left, right), min(bottom, top), max(left, right), max(bottom, top)

    def _style(self, place: int, index: int) -> _Style:
        """Of the characters of a text object."""
        shown = self._visibility.shows(index) if place else True
        size: float = raw.FPDFText_GetFontSize(self._textpage, index)
        matrix = raw.FS_MATRIX()
        angle = 0
        # Size in points as printed: that of the font, scaled by the matrix it is set with.
        if raw.FPDFText_GetMatrix(self._textpage, index, matrix):
            size *= math.hypot(matrix.c, matrix.d)
            angle = round(math.degrees(math.atan2(matrix.b, matrix.a))) % 360
            nearest = round(angle / 90) * 90
            angle = nearest % 360 if abs(angle - nearest) < 5 else angle
        x, y = ctypes.c_double(), ctypes.c_double()
        base = None
        if place and raw.FPDFText_GetCharOrigin(self._textpage, index, x, y):
            base = turned((x.value, y.value, x.value, y.value), angle)[1]
        bold, mono, name = self._font(index)
        return _Style(shown, round(size, 1), base, bold, mono, angle, name)

    def _font(self, index: int) -> tuple[bool, bool, str]:
        """Whether a character is bold, whether it is of a typewriter font, and the font's name."""
        buffer = raw.create_string_buffer(128)
        flags = raw.c_int()
        raw.FPDFText_GetFontInfo(self._textpage, index, buffer, len(buffer), flags)
        name = buffer.value.lower()
        mono = bool(flags.value & _FIXED_PITCH) or any(part in name for part in _MONO_NAMES)
        text = name.decode("latin-1")
        bold = bool(flags.value & _FORCE_BOLD or _BOLD_NAME.search(text))
        if not bold and not _PLAIN_NAME.search(text):
            bold = raw.FPDFText_GetFontWeight(self._textpage, index) >= _BOLD_WEIGHT
        return bold, mono, text.replace("-", " ")


def _joined(previous: Word, word: Word) -> Word | None:
    """Two parts of a word as one; none if they differ in size or baseline, or are apart."""
    size = max(previous.size, word.size)
    if previous.angle != word.angle or min(previous.size, word.size) < _SCRIPT_SIZE * size:
        return None
    if abs(word.base - previous.base) > _SCRIPT_SHIFT * size:
        return None
    if not -size < word.left - previous.right < _WORD_GAP * size:
        return None
    return previous._replace(text=previous.text + word.text, right=max(previous.right, word.right))


def _decoded(text: str) -> str:
    """Text whose surrogates are joined in pairs."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
