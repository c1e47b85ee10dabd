"""Text recognition (OCR) of scanned pages by Tesseract, where it is installed and asked for.

Tesseract is a program of its own (Apache 2.0), started for each page with its picture on standard
input; it inherits the limits of the reading process.
"""

import io
import os
import shutil
import subprocess
from collections.abc import Iterator
from statistics import median
from typing import Any

from embeddings.files.formats.pdf_text import Word

DOTS_PER_INCH = 300
"""Resolution for which Tesseract is trained."""

MAX_PIXELS = 5_000
"""Of the longer side of a page's picture; bounds memory. Chosen by hand."""

PAGE_SECONDS = 30.0
"""A page takes a few seconds; one that takes longer stays without text. Chosen by hand."""

_POINTS_PER_INCH = 72
_WORD_LEVEL = "5"  # of Tesseract's table of values; 4 are lines
_MIN_CONFIDENCE = 30.0  # of 100: below are specks and pictures; chosen by hand


def program() -> str | None:
    """Where Tesseract is installed, if it is."""
    return shutil.which("tesseract")


def recognised_words(page: Any, languages: str) -> list[Word]:
    """The words in the picture of a page; none if it cannot be recognised.

    Args:
        page: PDFium's.
        languages: As Tesseract names them, such as ``eng+deu``.
    """
    tesseract = program()
    if tesseract is None:
        return []
    width, height = page.get_size()
    scale = min(DOTS_PER_INCH / _POINTS_PER_INCH, MAX_PIXELS / max(width, height, 1.0))
    picture = io.BytesIO()
    page.render(scale=scale, grayscale=True).to_pil().save(picture, "PNG")
    try:
        done = subprocess.run(
            [tesseract, "stdin", "stdout", "-l", languages, "--dpi", str(DOTS_PER_INCH), "tsv"],
            input=picture.getvalue(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PAGE_SECONDS,
            check=False,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return list(_words(done.stdout.decode("utf-8", "replace"), scale, height))


def _words(table: str, scale: float, height: float) -> Iterator[Word]:
    """Words from Tesseract's table of values: level, five numbers, box, confidence, text."""
    lines: dict[tuple[str, ...], list[tuple[list[int], str]]] = {}
    for row in table.split("\n")[1:]:
        cells = row.split("\t", 11)
        if len(cells) < 12 or cells[0] != _WORD_LEVEL or not cells[11].strip():
            continue
        if float(cells[10]) >= _MIN_CONFIDENCE:
            box = [int(cell) for cell in cells[6:10]]
            lines.setdefault(tuple(cells[1:5]), []).append((box, cells[11].strip()))
    heights: dict[tuple[str, ...], list[int]] = {}
    for key, words in lines.items():
        heights.setdefault(key[:3], []).append(max(box[3] for box, _ in words))
    for key, words in lines.items():
        # The letters of a paragraph are of one size, whichever of them a line has.
        size = float(round(median(heights[key[:3]]) / scale))
        bottom = median(box[1] + box[3] for box, _ in words)
        for (left, _, wide, _), text in words:
            base = height - bottom / scale
            yield Word(text, left / scale, (left + wide) / scale, base, size)
