"""Blocks of a Word document on their way into the builder.

Lines of lists, listings and tables set with tabs are collected; notes, comments and drawings wait
until the list or table behind what refers to them has come.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from docx.oxml.ns import qn

from embeddings.document import BlockKind
from embeddings.files.formats.merged_header_rows import Regions
from embeddings.files.formats.references import Sections
from embeddings.files.formats.tables import add_table
from embeddings.files.formats.word_blocks import PARAGRAPH
from embeddings.files.formats.word_embedded import add_drawn
from embeddings.files.formats.word_lines import TabbedRows
from embeddings.files.formats.word_text import Attached, TextReader
from embeddings.files.limits import LimitedBuilder


class Output:
    """Adds blocks to a builder."""

    def __init__(self, builder: LimitedBuilder, part: Any, texts: TextReader) -> None:
        """Nothing waits yet.

        Args:
            builder: To which to add.
            part: The document's main part.
            texts: Reads notes and comments.
        """
        self.builder = builder
        self._part = part
        self._texts = texts
        self._sections = Sections(builder)
        self._kind: BlockKind = "list"
        self._lines: list[str] = []
        self._tabbed = TabbedRows()
        self._attached: list[Attached] = []

    def add(self, kind: BlockKind, text: str, level: int = 0) -> None:
        """Append a paragraph, or a heading of that level."""
        self.end_lines()
        self._add_attached()
        if level:
            self._sections.add_heading(text, level)
        else:
            self._sections.add(kind, text, share=0.0)

    def collect(self, kind: BlockKind, line: str) -> None:
        """Append a line to a block of that kind that goes on, or begin one."""
        self._tabbed.flush(self.builder)
        if kind != self._kind:
            self._add_lines()
        self._kind = kind
        self._lines.append(line)

    def add_tabbed(self, line: str, cells: list[str]) -> None:
        """Append a line that is parted by tabs."""
        self._add_lines()
        self._sections.open()
        self._tabbed.add(self.builder, line, cells)

    def add_table(
        self, rows: Iterable[Sequence[str]], header_rows: int | None, regions: Regions
    ) -> None:
        """Append a table, as ``tables.add_table`` does."""
        self.end_lines()
        self._sections.open()
        add_table(self.builder, rows, header_rows, regions)

    def attach(self, attached: Attached) -> None:
        """Have something wait that hangs on the block added last."""
        self._attached.append(attached)

    def end_lines(self) -> None:
        """Append the block whose lines were collected."""
        self._tabbed.flush(self.builder)
        self._add_lines()

    def end(self) -> None:
        """Append everything that waits."""
        self.end_lines()
        self._add_attached()
        self._sections.open()

    def _add_lines(self) -> None:
        if self._lines:
            lines, self._lines = self._lines, []
            self._sections.add(self._kind, "\n".join(lines), share=0.0)

    def _add_attached(self) -> None:
        waiting, self._attached = self._attached, []
        if any(each.drawn or each.notes or each.comments for each in waiting):
            self._sections.open()
        for attached in waiting:
            for drawn in attached.drawn:
                add_drawn(self.builder, self._part, drawn)
            for mark, note in attached.notes:
                if text := self._whole(note):
                    self.builder.add("paragraph", f"{mark} {text}")
            for comment in attached.comments:
                author = comment.get(qn("w:author"), "").strip()
                if text := self._whole(comment):
                    name = f"Comment ({author})" if author else "Comment"
                    self.builder.add("paragraph", f"{name}: {text}")

    def _whole(self, note: Any) -> str:
        return "\n".join(map(self._texts.text, note.iter(PARAGRAPH))).strip()
