"""PDF files: lines of text with their positions, from which ``pdf_layout`` builds blocks.

pypdfium2: BSD and Apache 2.0, maintained, Chrome's engine; in published comparisons
as good as MuPDF (AGPL) and ten to fifty times faster than pure Python readers.
"""

import math
import re
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

from embeddings.document import LONGEST_TITLE, Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats.pdf_hidden import Visibility
from embeddings.files.formats.pdf_layout import HYPHEN, Line, add_pages
from embeddings.files.limits import LimitedBuilder, Limits

# How PDFium reports a hyphen at which it joined two lines.
_HYPHENS = frozenset((0x02, 0xFFFE, 0xAD))
_LINE_ENDS = frozenset((0x0A, 0x0D))
_BOLD_WEIGHT = 600
_FIXED_PITCH = 1  # ISO 32000-1, table 123
_MONO_NAMES = (b"mono", b"courier", b"consol", b"typewriter", b"cmtt")
# Titles that programs write into the metadata by default.
_JUNK_TITLE = re.compile(
    r"untitled.*|powerpoint presentation|microsoft (?:word|powerpoint|excel)\b.*"
    r"|document\d*|title|slide \d+|\W*"
    r"|\S+\.(?:docx?|pptx?|xlsx?|indd|tex|dvi|pdf|rtf|odt|qxd|pages|html?)",
    re.IGNORECASE,
)


def read(path: Path, limits: Limits) -> Document:
    """The document in a PDF, with its page numbers."""
    try:
        source = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
            raise UnreadableFile("is encrypted; remove its password first") from error
        raise UnreadableFile("is damaged or not a valid PDF") from error
    with source:
        limits.check_pages(len(source))
        pages = _pages(source, limits)
        title = source.get_metadata_value("Title").strip()[: 2 * LONGEST_TITLE]
    if not any(pages):
        raise UnreadableFile("has no text (scanned pages?); run text recognition (OCR) on it first")
    builder = LimitedBuilder(limits, None if _JUNK_TITLE.fullmatch(title) else title)
    add_pages(builder, pages)
    return builder.build(path.name)


def _pages(source: Any, limits: Limits) -> list[list[Line]]:
    pages = []
    count = broken = 0
    for index in range(len(source)):
        lines: list[Line] = []
        try:
            page = source[index]
        except pdfium.PdfiumError:
            # A broken page stays empty; the others are read.
            broken += 1
        else:
            textpage = page.get_textpage()
            count += textpage.count_chars()
            limits.check_characters(count)
            lines = _lines(textpage, Visibility(page, textpage))
            textpage.close()
            page.close()
        pages.append(lines)
    if broken and broken == len(source):
        raise UnreadableFile("is damaged: none of its pages can be opened")
    return pages


def _lines(textpage: Any, visibility: Visibility) -> list[Line]:
    """Lines as PDFium separates them, in file order, without hidden text."""
    lines: list[Line] = []
    codes: list[int] = []
    first = last = -1

    def finish(*, hyphenated: bool) -> None:
        nonlocal first
        text = _decode(codes).strip()
        if text and first >= 0:
            line = _line(textpage, text + HYPHEN * hyphenated, first, last)
            if visibility.is_on_page(line.left, line.right, line.base, line.size):
                lines.append(line)
        codes.clear()
        first = -1

    for index in range(textpage.count_chars()):
        code = raw.FPDFText_GetUnicode(textpage, index)
        if code in _HYPHENS:
            finish(hyphenated=True)
        elif code in _LINE_ENDS:
            finish(hyphenated=False)
        elif visibility.shows(index):
            codes.append(code)
            if code not in (0x20, 0xA0, 0):
                first, last = (index if first < 0 else first), index
    finish(hyphenated=False)
    return lines


def _decode(codes: list[int]) -> str:
    """Text of code points, which may include surrogates."""
    text = "".join(map(chr, codes))
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _line(textpage: Any, text: str, first: int, last: int) -> Line:
    left, bottom, right, top = _box(textpage, first)
    end_left, end_bottom, end_right, end_top = _box(textpage, last)
    bold, mono = _font(textpage, first)
    end_bold, end_mono = _font(textpage, last)
    return Line(
        text=text,
        left=min(left, end_left),
        right=max(right, end_right),
        base=_base(textpage, first, bottom),
        size=max(_size(textpage, first, top - bottom), _size(textpage, last, end_top - end_bottom)),
        bold=bold and end_bold,
        mono=mono and end_mono,
    )


def _box(textpage: Any, index: int) -> tuple[float, float, float, float]:
    try:
        box: tuple[float, float, float, float] = textpage.get_charbox(index, loose=True)
    except pdfium.PdfiumError:  # A character that PDFium inserted itself.
        return 0.0, 0.0, 0.0, 0.0
    return box


def _base(textpage: Any, index: int, default: float) -> float:
    x, y = raw.c_double(), raw.c_double()
    return y.value if raw.FPDFText_GetCharOrigin(textpage, index, x, y) else default


def _size(textpage: Any, index: int, default: float) -> float:
    """Size in points as printed: that of the font, scaled by the matrix it is set with."""
    matrix = raw.FS_MATRIX()
    size: float = raw.FPDFText_GetFontSize(textpage, index)
    if raw.FPDFText_GetMatrix(textpage, index, matrix):
        size *= math.hypot(matrix.c, matrix.d)
    return round(size or default, 1)


def _font(textpage: Any, index: int) -> tuple[bool, bool]:
    """Whether a character is bold, and whether it is of a typewriter font."""
    buffer = raw.create_string_buffer(128)
    flags = raw.c_int()
    raw.FPDFText_GetFontInfo(textpage, index, buffer, len(buffer), flags)
    name = buffer.value.lower()
    weight: int = raw.FPDFText_GetFontWeight(textpage, index)
    mono = bool(flags.value & _FIXED_PITCH) or any(part in name for part in _MONO_NAMES)
    return weight >= _BOLD_WEIGHT or b"bold" in name, mono
