"""Limits on what one file may cost to read, and the builder that keeps to them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from embeddings.document import BlockKind, DocumentBuilder
from embeddings.errors import UnreadableFile

NO_OCR = "none"
"""In place of languages: the text of scanned pages is not recognised."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost before it is refused.

    Each is far above any ordinary document: a long novel has 3 million characters.
    """

    seconds: float = 60.0  # wall-clock time to read and split one file
    memory_bytes: int = 2**30  # address space of the reading process, its libraries included
    file_bytes: int = 200_000_000  # size on disk
    characters: int = 10_000_000  # of text
    blocks: int = 500_000  # paragraphs, headings, lists and tables
    passages: int = 100_000  # into which it is split; each is encoded
    pages: int = 10_000  # of a PDF, slides of a presentation
    archive_members: int = 10_000  # files inside a .docx, .pptx or .epub
    archive_bytes: int = 250_000_000  # their unpacked size, as they declare it
    ocr: str = NO_OCR  # languages in which Tesseract recognises scanned pages, such as eng+deu

    def check_characters(self, count: int) -> None:
        """Refuse a text of more characters than allowed.

        Raises:
            UnreadableFile: There are more.
        """
        if count > self.characters:
            raise UnreadableFile(f"has more than {self.characters:,} characters of text; split it")

    def check_passages(self, count: int) -> None:
        """Refuse a document of more passages than allowed.

        Raises:
            UnreadableFile: There are more.
        """
        if count > self.passages:
            raise UnreadableFile(f"has more than {self.passages:,} passages; split it")

    def check_pages(self, count: int, name: str = "pages") -> None:
        """Refuse a file of more pages (or slides: ``name``) than allowed.

        Raises:
            UnreadableFile: There are more.
        """
        if count > self.pages:
            raise UnreadableFile(f"has more than {self.pages:,} {name}; split it")


class LimitedBuilder(DocumentBuilder):
    """A document builder that stops at the first block too many."""

    def __init__(self, limits: Limits, title: str | None = None) -> None:
        super().__init__(title)
        self.limits = limits
        self._count = 0

    def add(self, kind: BlockKind, text: str, level: int = 0) -> None:
        """Append one block, as in ``DocumentBuilder``.

        Raises:
            UnreadableFile: The document grows past its limits.
            ValueError: A heading without a level from 1 to 6, or a level on something else.
        """
        # Counted before normalisation, which would need several times the memory.
        self.limits.check_characters(self.length + len(text))
        before = self.length
        super().add(kind, text, level)
        self._check_blocks(before)

    def add_table(
        self,
        rows: Iterable[Sequence[str]],
        header_rows: int = 0,
        pages: Sequence[tuple[int, str]] = (),
    ) -> None:
        """Append a table, as in ``DocumentBuilder``.

        Raises:
            UnreadableFile: The document grows past its limits.
        """
        before = self.length
        super().add_table(self._counted(rows), header_rows, pages)
        self._check_blocks(before)

    def _counted(self, rows: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
        count = self.length
        for row in rows:
            count += sum(map(len, row)) + len(row)
            self.limits.check_characters(count)
            yield row

    def _check_blocks(self, before: int) -> None:
        self._count += self.length > before
        if self._count > self.limits.blocks:
            raise UnreadableFile(f"has more than {self.limits.blocks:,} paragraphs; split it")
