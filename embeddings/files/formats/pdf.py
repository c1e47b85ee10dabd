"""PDF files: lines and tables of each page, from which ``pdf_layout`` builds blocks.

pypdfium2: BSD and Apache 2.0, maintained, Chrome's engine; in published comparisons
as good as MuPDF (AGPL) and ten to fifty times faster than pure Python readers.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, cast

import pypdfium2 as pdfium
from pypdfium2 import raw

from embeddings.document import LONGEST_TITLE, BlockKind, Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats.pdf_forms import notes_of, with_notes
from embeddings.files.formats.pdf_furniture import mark_furniture
from embeddings.files.formats.pdf_layout import PAGE_MARK, Part, parts_of
from embeddings.files.formats.pdf_ocr import program
from embeddings.files.formats.pdf_page import Page, read_page
from embeddings.files.formats.titles import useful_title
from embeddings.files.limits import NO_OCR, LimitedBuilder, Limits

_RUNNING_PAGES = 3  # pages with the same turned text, on which it is no content; chosen by hand


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
        pages = list(_pages(source, limits))
        labels = [_label(source, index) for index in range(len(pages))]
        title = source.get_metadata_value("Title").strip()[: 2 * LONGEST_TITLE]
    if all(page is None for page in pages):
        raise UnreadableFile("is damaged: none of its pages can be opened")
    if not any(page and (page.items or page.turned) for page in pages):
        raise UnreadableFile(_scanned(len(pages), limits.ocr))
    builder = LimitedBuilder(limits, useful_title(title))
    add_pages(builder, pages, labels)
    return builder.build(path.name)


def _pages(source: Any, limits: Limits) -> Iterator[Page | None]:
    """The pages; none for one that is broken: the others are read."""
    source.init_forms()
    count = 0
    for index in range(len(source)):
        try:
            page = source[index]
        except pdfium.PdfiumError:
            yield None
            continue
        textpage = page.get_textpage()
        count += textpage.count_chars()
        limits.check_characters(count)
        found = read_page(page, textpage, "" if limits.ocr == NO_OCR else limits.ocr)
        notes = list(notes_of(page, source.formenv))
        found.items[:] = with_notes(found.items, notes)
        count += sum(len(note.text) for note in notes)
        textpage.close()
        page.close()
        yield found


def _scanned(pages: int, languages: str) -> str:
    """Why there is no text, and what can be done."""
    count = "1 page" if pages == 1 else f"{pages:,} pages"
    if program() is None:
        remedy = "; install Tesseract and set QA_OCR, to eng for English, to have it recognised"
    elif languages == NO_OCR:
        remedy = "; set QA_OCR, to eng for English, to have it recognised"
    else:
        remedy = f", and Tesseract recognised none in {languages}"
    return f"has no text on its {count} (scanned?){remedy}"


def _label(source: Any, index: int) -> str:
    """What is printed on a page as its number, as the file says."""
    try:
        label: str = source.get_page_label(index)
    except (pdfium.PdfiumError, UnicodeDecodeError):
        return ""
    return label


def add_pages(
    builder: LimitedBuilder, pages: Sequence[Page | None], labels: Sequence[str] = ()
) -> None:
    """Add all pages, each begun with ``start_page``.

    Args:
        builder: To which to add.
        pages: The pages; none for one that is broken.
        labels: What is printed on them as their numbers.
    """
    parts = parts_of([page.items if page else [] for page in pages])
    mark_furniture(parts)
    # What is turned comes last on its page.
    parts = sorted([*parts, *_turned(pages)], key=lambda part: part.page)
    writer = _Writer(builder, labels or [""] * len(pages))
    for is_item, run in groupby(parts, key=lambda part: part.kind == "list"):
        if is_item:
            writer.add_list(list(run))
        else:
            for part in run:
                writer.add(part)
    writer.start_pages(len(pages) - 1)
    pictures = sum(page.pictures for page in pages if page)
    if pictures:
        builder.leave_out("picture", "pictures", pictures)
    blank = sum(page is None or not (page.items or page.turned) for page in pages)
    if blank:
        builder.leave_out("page without text", "pages without text", blank)


def _turned(pages: Sequence[Page | None]) -> Iterator[Part]:
    """Text that is turned against the rest of its page, such as a stamp in the margin."""
    counts = Counter(line.text for page in pages if page for line in page.turned)
    for number, page in enumerate(pages):
        for line in page.turned if page else ():
            if counts[line.text] < _RUNNING_PAGES:
                words = sum(map(str.isalpha, line.text)) > 2
                yield Part("paragraph" if words else "furniture", line.text, number)


class _Writer:
    """Adds parts to a document, and begins its pages where they do."""

    def __init__(self, builder: LimitedBuilder, labels: Sequence[str]) -> None:
        self._builder = builder
        self._labels = labels
        self._started = 0

    def start_pages(self, page: int) -> None:
        """Begin all pages up to that one."""
        while self._started <= page:
            self._builder.start_page(self._labels[self._started])
            self._started += 1

    def add(self, part: Part) -> None:
        """Add one block."""
        self.start_pages(part.page)
        if part.tables:
            self._add_table(part)
        elif part.kind == "heading":
            self._builder.add("heading", part.text, part.level)
        else:
            self._add_text(cast(BlockKind, part.kind), part.text)

    def add_list(self, items: Sequence[Part]) -> None:
        """Add one list."""
        self.start_pages(items[0].page)
        text = ""
        page = items[0].page
        for item in items:
            text += "\n" * bool(text) + PAGE_MARK * max(0, item.page - page) + item.text
            page = max(page, item.page) + item.text.count(PAGE_MARK)
        self._add_text("list", text)

    def _add_text(self, kind: BlockKind, text: str) -> None:
        pieces = text.split(PAGE_MARK)
        labels = self._labels[self._started : self._started + len(pieces) - 1]
        self._builder.add_over_pages(kind, pieces, labels)
        self._started += len(labels)

    def _add_table(self, part: Part) -> None:
        rows = [list(row) for row in part.tables[0].rows]
        header_rows = part.tables[0].header_rows
        # A row of one cell above the header is a title.
        while header_rows > 1 and len(texts := {cell for cell in rows[0] if cell}) <= 1:
            self._builder.add("paragraph", "".join(texts))
            del rows[0]
            header_rows -= 1
        pages = []
        for table in part.tables[1:]:
            pages.append((len(rows), self._labels[self._started]))
            self._started += 1
            rows += table.rows
        self._builder.add_table(rows, header_rows, pages)
