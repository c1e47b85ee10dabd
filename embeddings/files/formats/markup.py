"""Markup: a tree of HTML elements to blocks, in the order of the page.

Shared by web pages, e-books and the HTML inside Markdown.
The walk is a loop, not a recursion, so that depth cannot exhaust the stack.
"""

import re
from typing import Any

from lxml import etree

from embeddings.document import DocumentBuilder
from embeddings.files.formats import references
from embeddings.files.formats.elements import APART, HEADINGS, INLINE, INVISIBLE, LISTS, tag_of
from embeddings.files.formats.furniture import find_furniture, is_edge, is_label
from embeddings.files.formats.marks import write_marks
from embeddings.files.formats.markup_lists import Numbers, is_simple, lines_of
from embeddings.files.formats.markup_tables import grid, header_rows, is_data_table, regions
from embeddings.files.formats.markup_text import cell_text, code_in, lines_in, tables_in, text_of
from embeddings.files.formats.not_read import count_not_read, words_of_picture
from embeddings.files.formats.tables import SAMPLE_ROWS, add_table

_SPACES = re.compile(r"\s+")
_PARAGRAPHS = re.compile(r"\n\s*\n")
_CODE = frozenset(("pre", "listing", "xmp", "plaintext"))
_WHOLE = INVISIBLE | HEADINGS | _CODE
_BODIES = frozenset(("main", "article"))
_ENTRIES = frozenset(("dl", "details"))
_ADMONITIONS = frozenset(
    f"{word}{end}"
    for name in ("note", "warning", "tip", "caution", "important", "danger", "hint", "attention")
    for word in (name, name.title(), name.upper())
    for end in ("", ":")
)
_COPYRIGHT = re.compile(r"©|\(c\)\s*\d{4}|\bcopyright\b|all rights reserved", re.IGNORECASE)
_LONGEST_ENTRY = 900
"""Characters up to which the paragraphs of a definition are one with its term: about as many as
a passage has. Chosen by hand."""
_LONGEST_TERM = 120
"""Characters of the first paragraph of an item that is a title of the others."""


def add_blocks(builder: DocumentBuilder, root: Any) -> None:
    """Add the blocks below an element, in reading order; the tree is changed.

    Args:
        builder: To which to add.
        root: Element of the page's body, without hidden text.
    """
    write_marks(root)
    _put_captions_first(root)
    _Walk(builder, root).walk()


class _Walk:
    """One pass over a page."""

    def __init__(self, builder: DocumentBuilder, root: Any) -> None:
        self.builder = builder
        self.root = root
        self.furniture = find_furniture(root)
        self.numbers = Numbers()
        self.sections = references.Sections(builder)
        self.inline: list[str] = []
        self.pictures: list[str] = []
        self.linked = 0
        self.links = 0
        self.mark = ""
        self.entry: list[str] = []
        self.in_term = False
        self.defined = False
        self.edge: Any = None
        self.navigation: Any = None
        self.bodies = 0

    def walk(self) -> None:
        """Add all blocks."""
        walker = etree.iterwalk(self.root, events=("start", "end"))
        whole: Any = None
        for event, element in walker:
            tag = tag_of(element)
            if event == "start":
                if self._is_whole(element, tag):
                    whole = element
                    walker.skip_subtree()
                    self._add_whole(element, tag)
                else:
                    self._begin(element, tag)
                continue
            if element is not whole:
                self._end(element, tag)
            whole = None
            if element is not self.root:
                self._add_inline(element.tail)
        self._flush()
        self._close_entry()
        self.sections.open()

    def _is_whole(self, element: Any, tag: str) -> bool:
        """Whether an element becomes one block, or none, with everything inside it."""
        if tag in _WHOLE or element in self.furniture.elements:
            return True
        if tag == "table":
            return is_data_table(element)
        if tag == "td" and "lineno" in (element.get("class") or ""):
            return True
        return tag in LISTS and is_simple(element)

    def _begin(self, element: Any, tag: str) -> None:
        if tag == "br":
            self.inline.append("\n")
        elif tag == "img":
            self._add_picture(element)
        elif tag in APART or _is_box(element, tag):
            self.inline.append(" ")
        elif tag == "a":
            self.links += 1
        elif tag not in INLINE:
            self._begin_block(element, tag)
        self._add_inline(element.text)

    def _begin_block(self, element: Any, tag: str) -> None:
        self._flush()
        if tag in ("dt", "summary"):
            if self.defined:
                self._close_entry()
            self.in_term = True
        elif tag in _ENTRIES:
            self._close_entry()
        elif tag == "li":
            self.mark = self.numbers.mark(element)
        elif tag in _BODIES:
            self.bodies += 1
        if not self.furniture.text:
            return
        if self.edge is None and not self.bodies and is_edge(element, tag):
            self.edge = element
        if self.navigation is None and tag == "nav" and element in self.furniture.linked:
            self.navigation = element

    def _end(self, element: Any, tag: str) -> None:
        if tag == "a":
            self.links -= 1
        elif tag in APART or (tag in INLINE and _is_box(element, tag)):
            self.inline.append(" ")
        if tag in INLINE:
            return
        self._flush()
        if tag in ("dt", "summary"):
            self.in_term = False
        elif tag in _ENTRIES:
            self._close_entry()
        elif tag == "li":
            self.mark = ""
            self._close_entry()
        elif tag in _BODIES:
            self.bodies -= 1
        if element is self.edge:
            self.edge = None
        if element is self.navigation:
            self.navigation = None

    def _add_inline(self, text: str | None) -> None:
        if text:
            self.inline.append(_SPACES.sub(" ", text))
            if self.links > 0:
                self.linked += len(text.strip())

    def _add_picture(self, picture: Any) -> None:
        words = words_of_picture(picture)
        if words:
            self.pictures.append(words)
        if self.edge is None:
            count_not_read(self.builder, picture, "img")

    def _flush(self) -> None:
        """Add the text since the last block."""
        if not self.inline and not self.pictures:
            return
        text, linked, pictures = "".join(self.inline), self.linked, self.pictures
        self.inline, self.linked, self.pictures = [], 0, []
        if not text.strip() and pictures and self.edge is None:
            text = "\n".join(pictures)
        if not text or text.isspace() or text.strip() in ("☐", "☑"):
            return
        share = linked / max(1, len(text.strip()))
        for paragraph in _PARAGRAPHS.split(text):
            lines = (" ".join(line.split()) for line in paragraph.split("\n"))
            if tidy := "\n".join(filter(None, lines)):
                self._add_paragraph(tidy, share)

    def _add_paragraph(self, text: str, share: float) -> None:
        if self.in_term:
            self.entry.append(text)
            return
        if self.entry:
            if not self.defined or sum(map(len, self.entry)) + len(text) < _LONGEST_ENTRY:
                self.entry.append(text)
                self.defined = True
                if self.entry[0] in _ADMONITIONS:
                    self._close_entry()
                return
            self._close_entry()
        mark, self.mark = self.mark, ""
        text = text if mark == "- " else f"{mark}{text}"
        # What an item is about, or a warning, belongs to the paragraph behind it.
        if text in _ADMONITIONS or (mark and len(text) <= _LONGEST_TERM and text[-1] not in ".!?"):
            self.entry = [text]
            return
        if self.navigation is not None and is_label(text):
            self.sections.add("furniture", text, share)
        elif self.edge is not None:
            self._add_edge(text, share)
        else:
            self.sections.add("paragraph", text, share)

    def _add_edge(self, text: str, share: float) -> None:
        """Text of a header, footer or sidebar: each line by itself is content or not."""
        for line in text.split("\n"):
            navigates = share > 0.6 or _COPYRIGHT.search(line)
            self.sections.add("furniture" if navigates else "paragraph", line, share)

    def _close_entry(self) -> None:
        """Add the open definition: its terms and what they mean."""
        entry, self.entry, self.defined = self.entry, [], False
        if entry:
            self.sections.add("paragraph", "\n".join(entry), 0.0)

    def _add_whole(self, element: Any, tag: str) -> None:
        if tag in INVISIBLE:
            count_not_read(self.builder, element, tag)
            return
        self._flush()
        self._close_entry()
        if tag == "td":
            return
        is_introduced = tag in LISTS and self.sections.introduces and is_simple(element)
        if (element in self.furniture.elements and not is_introduced) or (
            self.edge is not None and element in self.furniture.linked
        ):
            self.sections.add("furniture", lines_in(element), 1.0)
        elif tag in HEADINGS:
            text = text_of(element)
            if text in _ADMONITIONS:
                self.entry = [text]
            else:
                self._add_heading(element, text, int(tag[1]))
        elif tag in _CODE:
            self.sections.add("code", code_in(element), 0.0)
        elif tag == "table":
            self._add_tables(element)
        else:
            share = 1.0 if element in self.furniture.linked else 0.0
            self.sections.add("list", lines_of(element, self.numbers), share)
        self.mark = ""

    def _add_heading(self, element: Any, text: str, level: int) -> None:
        pictures = [words_of_picture(img) for img in element.iter("img", "{*}img")]
        text = text or " ".join(filter(None, pictures))
        if self.mark not in ("", "- "):
            text = f"{self.mark}{text}"
        link = element.find(".//a[@href]")
        is_link = link is not None and text_of(link) == text
        if (self.edge is not None and is_link) or (self.navigation is not None and is_label(text)):
            self.sections.add("furniture", text, 1.0)
        else:
            self.sections.add_heading(text, level)

    def _add_tables(self, table: Any) -> None:
        """Add a table, and behind it the tables inside its cells."""
        tables = [table]
        for each in tables:
            self.sections.open()
            for caption in each.iterchildren("caption", "{*}caption"):
                self.builder.add("paragraph", text_of(caption))

            def text(cell: Any) -> str:
                inner = [found for found in tables_in(cell) if is_data_table(found)]
                tables.extend(inner)
                return cell_text(cell, set(inner))

            add_table(self.builder, grid(each, text), header_rows(each), regions(each, SAMPLE_ROWS))


def _is_box(element: Any, tag: str) -> bool:
    """Whether an element that is in a line of text by its name is a box by its style."""
    style = element.get("style") if tag in INLINE else None
    display = (style or "").lower().replace(" ", "").partition("display:")[2].partition(";")[0]
    return display not in ("", "inline", "contents", "none") and not display.startswith("inline!")


def _put_captions_first(root: Any) -> None:
    """Put the captions of tables before them, where their rows find them."""
    for figure in root.iter("figure", "{*}figure"):
        caption = next(figure.iterchildren("figcaption", "{*}figcaption"), None)
        if caption is None or not figure.index(caption):
            continue
        if figure.find(".//table") is not None or figure.find(".//pre") is not None:
            figure.insert(0, caption)
