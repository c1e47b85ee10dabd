"""Pages of a PDF as pictures with quotes marked.

The text of a document is laid out anew when it is read: lines are joined, hyphens taken out,
running lines left out. So a quote is found on the page by its letters and digits alone, and
distinguished from equal text by what stands before and behind it. What stands in the margin, such
as numbers of lines, may lie between its words in the file: then it is found by its letters.
"""

import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
from PIL import Image
from pypdfium2 import raw

from embeddings.errors import UnreadableFile

MAX_PIXELS = 1400
"""Of the longer side."""

MAX_SCALE = 2.0
"""Pixels for a point, of a small page."""

MARK = np.array([0.68, 0.89, 0.92], dtype=np.float32)
"""By which red, green and blue of what is marked are multiplied, so that it stays readable."""

MAX_PLACES = 1_000
"""Occurrences of a quote on a page that are compared; real pages repeat less. Chosen by hand."""

CONTEXT = 200
"""Characters before and behind a quote that distinguish its occurrences. Chosen by hand."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """A quote to mark on a page.

    Attributes:
        text: As the document has it, cut at the page's ends.
        before: What stands before it on the page, of which the last characters matter.
        after: What stands behind it.
    """

    text: str
    before: str = ""
    after: str = ""


def picture(path: Path, number: int, quotes: Sequence[Quoted]) -> tuple[bytes, int]:
    """A page as a PNG picture, and how many of the quotes are marked in it.

    Args:
        path: Of the PDF.
        number: Of the page, from 1.
        quotes: To be marked; one that is not found on the page is left out.

    Raises:
        UnreadableFile: It is no PDF any more, or has no such page.
    """
    try:
        with pdfium.PdfDocument(path) as source:
            if not 1 <= number <= len(source):
                raise UnreadableFile(f"has no page {number}")
            page = source[number - 1]
            pixels = _pixels(page)
            textpage = page.get_textpage()
            printed = _characters(textpage)
            found = [list(_runs(printed, quote)) for quote in quotes]
            marked = np.zeros(pixels.shape[:2], dtype=bool)
            for first, last in chain.from_iterable(found):
                for left, top, right, bottom in _boxes(page, textpage, first, last, marked.shape):
                    marked[top:bottom, left:right] = True
            textpage.close()
            page.close()
    except pdfium.PdfiumError as error:
        raise UnreadableFile("is damaged or not a valid PDF") from error
    pixels[marked] = (pixels[marked] * MARK).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue(), sum(map(bool, found))


def _pixels(page: Any) -> NDArray[np.uint8]:
    """The page, ``(height, width, 3)`` uint8, red first."""
    width, height = page.get_size()
    if not (width > 0 and height > 0):
        raise UnreadableFile("has a page without a size")
    scale = min(MAX_SCALE, MAX_PIXELS / max(width, height))
    bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
    return np.array(bitmap.to_numpy()[:, :, :3])


def _characters(textpage: Any) -> list[str]:
    """The characters of the page in the order of the file; empty where there is none."""
    return [
        _character(raw.FPDFText_GetUnicode(textpage, index))
        for index in range(textpage.count_chars())
    ]


def _runs(printed: Sequence[str], quote: Quoted) -> Iterator[tuple[int, int]]:
    """Places of the first and last characters of the runs that make up the quote on the page.

    Args:
        printed: The characters of the page.
        quote: That is looked for; one run, unless something of the margin lies within it.
    """
    letters = [(letter, at) for at, each in enumerate(printed) for letter in _key(each)]
    span = _find(letters, quote)
    if span:
        yield _with_ends(printed, *span, quote.text)
        return
    span = _find(_without_digits(letters), quote, digits=False)
    if not span:
        return
    first, last = _with_ends(printed, *span, quote.text)
    start = first
    for left_out in _other_digits(letters, first, last, _key(quote.text)):
        if start < left_out:
            yield start, left_out - 1
        start = left_out + 1
    yield start, last


def _with_ends(printed: Sequence[str], first: int, last: int, text: str) -> tuple[int, int]:
    """Places from its first to its last letter, with the punctuation before and behind them."""
    ends = [at for at, character in enumerate(text) if _key(character)]
    behind = list(_following(printed, range(last + 1, len(printed)), text[ends[-1] + 1 :]))
    before = list(_following(printed, range(first - 1, -1, -1), text[: ends[0]][::-1]))
    return min([first, *before]), max([last, *behind])


def _following(printed: Sequence[str], places: Iterable[int], text: str) -> Iterator[int]:
    """The places at which a text goes on, as far as it does; space does not matter."""
    wanted = iter("".join(unicodedata.normalize("NFKC", text).split()))
    character = next(wanted, None)
    for at in places:
        if character is None:
            return
        # A line's end is two characters, and a character without a code is none.
        if printed[at].strip("\0") and not printed[at].isspace():
            if unicodedata.normalize("NFKC", printed[at]) != character:
                return
            yield at
            character = next(wanted, None)


def _without_digits(letters: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    return [(letter, at) for letter, at in letters if not letter.isdecimal()]


def _other_digits(
    letters: Sequence[tuple[str, int]], first: int, last: int, wanted: str
) -> Iterator[int]:
    """Places of the digits between two characters that are none of the quote's."""
    at = 0
    for letter, place in letters:
        if first <= place <= last:
            # Digits of the quote that stand elsewhere on the page.
            while at < len(wanted) and wanted[at].isdecimal() and wanted[at] != letter:
                at += 1
            if at < len(wanted) and wanted[at] == letter:
                at += 1
            elif letter.isdecimal():
                yield place


def _character(code: int) -> str:
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else ""


def _key(text: str) -> str:
    r"""The characters of a text that are compared: letters and digits, compatibility-normalised.

    >>> _key("Re-\ufb01ned, caf\xe9 50 %")
    'Refinedcafe50'
    """
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text)))


def _find(
    letters: Sequence[tuple[str, int]], quote: Quoted, digits: bool = True
) -> tuple[int, int] | None:
    """Places of the quote's first and last letter on the page; none if it is not there.

    Args:
        letters: Of the page, each with its place there.
        quote: That is looked for.
        digits: Whether they are compared, too; if not, ``letters`` has none.
    """

    def key(text: str) -> str:
        letters_of = _key(text)
        return letters_of if digits else "".join(c for c in letters_of if not c.isdecimal())

    wanted, printed = key(quote.text), "".join(letter for letter, _ in letters)
    if not wanted:
        return None
    before, after = key(quote.before[-CONTEXT:]), key(quote.after[:CONTEXT])

    def alike(at: int) -> int:
        ahead = printed[max(0, at - CONTEXT) : at]
        behind = printed[at + len(wanted) : at + len(wanted) + CONTEXT]
        return _shared(before[::-1], ahead[::-1]) + _shared(after, behind)

    # The first among those with equal contexts.
    best = max(islice(_places(printed, wanted), MAX_PLACES), key=alike, default=None)
    return None if best is None else (letters[best][1], letters[best + len(wanted) - 1][1])


def _places(text: str, wanted: str) -> Iterator[int]:
    at = text.find(wanted)
    while at >= 0:
        yield at
        at = text.find(wanted, at + 1)


def _shared(left: str, right: str) -> int:
    """Length of the common prefix."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(left), len(right)))


def _boxes(
    page: Any, textpage: Any, first: int, last: int, shape: tuple[int, ...]
) -> Iterator[tuple[int, int, int, int]]:
    """Boxes of the characters, one for each line: left, top, right, bottom in pixels."""
    height, width = shape
    for at in range(textpage.count_rects(first, last - first + 1)):
        left, bottom, right, top = textpage.get_rect(at)
        corners = [_pixel(page, x, y, width, height) for x, y in ((left, bottom), (right, top))]
        (x0, x1), (y0, y1) = (sorted(edge) for edge in zip(*corners, strict=True))
        yield max(0, x0 - 1), max(0, y0 - 1), min(width, x1 + 2), min(height, y1 + 2)


def _pixel(page: Any, x: float, y: float, width: int, height: int) -> tuple[int, int]:
    """Pixel of a point of the page, which may be rotated or cropped."""
    across, down = raw.c_int(), raw.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, width, height, 0, x, y, across, down)
    return across.value, down.value
