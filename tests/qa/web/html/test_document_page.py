"""A document's page shows all of its text, and marks exactly what was quoted."""

import html
import re
from collections.abc import Sequence
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings import parts
from embeddings.document import Document, DocumentBuilder
from embeddings.index.records import DocumentFacts
from embeddings.parts import number_at, parts_of
from qa.service.document_links import parse_quotes
from qa.web.html.document_page import DocumentView, document_page
from qa.web.html.document_panel import document_panel


def document_of(*paragraphs: str) -> Document:
    builder = DocumentBuilder()
    for paragraph in paragraphs:
        builder.add("paragraph", paragraph)
    return builder.build("a.txt")


def page_of(
    path: str,
    document: Document,
    quotes: Sequence[tuple[int, int]] = (),
    part: int | None = None,
    changed: bool = False,
    at: int = 1,
) -> str:
    """The page of a document as ``Documents`` has it made."""
    return document_page(view_of(path, document, quotes, part, changed, at))


def view_of(
    path: str,
    document: Document,
    quotes: Sequence[tuple[int, int]] = (),
    part: int | None = None,
    changed: bool = False,
    at: int = 1,
) -> DocumentView:
    shown = list(parts_of(document))
    offset = quotes[min(at, len(quotes)) - 1][0] if quotes else 0
    number = number_at([other.start for other in shown], offset) if part is None else part
    number = min(number, len(shown) - 1)
    facts = DocumentFacts(
        1,
        (path,),
        document.title,
        "00",
        document.page_starts,
        "",
        1,
        len(document.text),
        len(shown),
        (0,),
        document.page_labels,
    )
    quotes = () if changed else quotes
    return DocumentView(path, facts, number, shown[number], quotes, changed)


class Reader(HTMLParser):
    """Collects the text of ``main``, what is marked in it, and every element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.marked: list[str] = []
        self.text = ""
        self.elements: set[str] = set()
        self.anchors: dict[str, str] = {}
        self._inside: list[str] = []
        self._begun: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        given = dict(attrs)
        if "id" in given:
            self._begun.append(str(given["id"]))
        if tag == "a" and given.get("class") == "step":
            self._inside.append("step")
        elif tag not in ("meta", "link"):
            self._inside.append(tag)
        if tag == "mark":
            self.marked.append("")
            for name in self._begun:
                self.anchors[name] = ""
        assert not any(name.startswith("on") for name in given)

    def handle_endtag(self, tag: str) -> None:
        self._inside.pop()
        if tag == "mark":
            self._begun = []

    def handle_data(self, data: str) -> None:
        if "main" in self._inside and "step" not in self._inside:
            self.text += data
        if "mark" in self._inside:
            self.marked[-1] += data
            for name in self._begun:
                self.anchors[name] += data


PARAGRAPH = st.text(st.sampled_from("ab <&>\"'é\n")) | st.text(max_size=30)


@given(st.data())
def test_all_text_is_shown_and_exactly_the_quotes_are_marked(data: st.DataObject) -> None:
    document = document_of(*data.draw(st.lists(PARAGRAPH, min_size=1, max_size=4)), "end")
    offsets = st.integers(0, len(document.text))
    drawn = data.draw(st.lists(st.tuples(offsets, offsets), max_size=4))
    quotes = parse_quotes([f"{start}-{end}" for start, end in drawn], len(document.text))
    assert quotes == sorted({(start, end) for start, end in drawn if start < end})
    page = Reader(page_of("d/a.txt", document, quotes))
    blocks = [document.text[block.start : block.end] for block in document.blocks]
    assert page.text == "".join(blocks)
    marked = {at for start, end in quotes for at in range(start, end)}
    expected = [document.text[at] for at in sorted(marked) if not _between(document, at)]
    assert "".join(page.marked) == "".join(expected)


def _between(document: Document, at: int) -> bool:
    return not any(block.start <= at < block.end for block in document.blocks)


@given(PARAGRAPH)
def test_no_text_adds_an_element(text: str) -> None:
    hostile = document_of(f"<script>{text}</script><img src=x onerror=y>{text}", "end")
    plain = Reader(page_of("d/a.txt", document_of("a", "b"), [(0, 1)]))
    page = Reader(page_of(f"d/<b>{text}", hostile, [(0, 1)]))
    assert page.elements == plain.elements


def test_quote_is_reached_by_its_anchor_and_from_the_one_before() -> None:
    document = document_of("The bridge was opened in 1901.", "It was closed in 1950.")
    quotes = [(25, 29), (49, 53)]
    page = page_of("d/a.txt", document, quotes)
    read = Reader(page)
    assert read.marked == ["1901", "1950"]
    assert read.anchors == {"quote-1": "1901", "quote-2": "1950"}
    assert 'href="#quote-2" aria-label="next quote"' in page
    assert 'href="#quote-1" aria-label="previous quote"' in page


def test_headings_pages_lists_and_tables_have_their_own_elements() -> None:
    builder = DocumentBuilder()
    for kind, text, level in (("heading", "Aid", 1), ("list", "- one\n- two", 0)):
        builder.start_page()
        builder.add(kind, text, level)  # type: ignore[arg-type]
    builder.start_page("iii")
    builder.add("furniture", "Contents")
    builder.add_table([["Pump", "Speed"], ["P077", ""]], header_rows=1)
    page = page_of("d/a.pdf", builder.build("a.pdf"))
    assert '<p class="page">page 1</p><h2 dir="auto">Aid</h2>' in page
    assert '<p class="page">page 2</p><p class="list" dir="auto">- one\n- two</p>' in page
    assert '<p class="page">page iii (page 3 of the file)</p><p class="furniture"' in page
    assert (
        '<table><tr><th scope="col" dir="auto">Pump</th><th scope="col" dir="auto">Speed</th></tr>'
        '<tr><td dir="auto">P077</td><td dir="auto"></td></tr></table>'
    ) in page


def test_quoted_cell_is_marked_in_its_table() -> None:
    builder = DocumentBuilder()
    builder.add_table([["Pump", "Speed"], ["P077", "654"], ["P078", "700"]], header_rows=1)
    document = builder.build("a.csv")
    speed, next_pump = document.text.index("654"), document.text.index("P078")
    page = page_of("d/a.csv", document, [(speed, speed + 3), (next_pump, len(document.text))])
    read = Reader(page)
    assert read.marked == ["654", "P078", "700"]
    assert read.anchors == {"quote-1": "654", "quote-2": "P078"}
    assert '<td dir="auto">P077</td><td dir="auto"><a id="quote-1"></a><mark>654</mark>' in page


CELL = st.text(st.sampled_from("ab <&>\"'é")) | st.text(max_size=10)


@given(st.lists(st.lists(CELL, min_size=1, max_size=3), min_size=1, max_size=4), st.data())
def test_all_cells_are_shown_and_exactly_the_quotes_are_marked(
    rows: list[list[str]], data: st.DataObject
) -> None:
    builder = DocumentBuilder()
    builder.add_table(rows, header_rows=1)
    builder.add("paragraph", "end")
    document = builder.build("a.csv")
    offsets = st.integers(0, len(document.text))
    drawn = data.draw(st.lists(st.tuples(offsets, offsets), max_size=4))
    quotes = parse_quotes([f"{start}-{end}" for start, end in drawn], len(document.text))
    page = Reader(page_of("d/a.csv", document, quotes))
    shown = [at for at, letter in enumerate(document.text) if letter not in "\t\n"]
    assert page.text == "".join(document.text[at] for at in shown)
    marked = {at for start, end in quotes for at in range(start, end)}
    assert "".join(page.marked) == "".join(document.text[at] for at in shown if at in marked)


class Placed(HTMLParser):
    """Collects the text of each element that names its offset, as a script finds it there."""

    def __init__(self, panel: str) -> None:
        super().__init__()
        self.texts: dict[int, str] = {}
        self._open: list[int | None] = []
        self.feed(panel)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        start = dict(attrs).get("data-start") if tag != "div" else None
        if tag != "input":
            self._open.append(None if start is None else int(start))
        if start is not None:
            assert int(start) not in self.texts
            self.texts[int(start)] = ""

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for start in self._open:
            if start is not None:
                self.texts[start] += data


@given(st.lists(PARAGRAPH, min_size=1, max_size=3), st.lists(st.lists(CELL, min_size=1)), st.data())
def test_panel_has_each_text_at_its_offset(
    paragraphs: list[str], rows: list[list[str]], data: st.DataObject
) -> None:
    builder = DocumentBuilder()
    for number, paragraph in enumerate(paragraphs):
        builder.add("code" if number else "paragraph", paragraph)
    builder.add_table(rows, header_rows=1)
    builder.add("heading", "end", 6)
    document = builder.build("a.txt")
    offsets = st.integers(0, len(document.text))
    drawn = data.draw(st.lists(st.tuples(offsets, offsets), max_size=3))
    quotes = parse_quotes([f"{start}-{end}" for start, end in drawn], len(document.text))
    placed = Placed(document_panel(view_of("d/a.txt", document, quotes), 0)).texts
    assert list(placed) == sorted(placed)
    for start, text in placed.items():
        assert document.text[start : start + len(text)] == text != ""
    shown = {at for start, text in placed.items() for at in range(start, start + len(text))}
    assert all(document.text[at] in "\t\n" for at in {*range(len(document.text))} - shown)


def test_table_in_two_parts_names_its_columns_in_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MAX_CHARACTERS", 40)
    builder = DocumentBuilder()
    builder.add_table([["Pump", "Speed"], *([f"P{at:03}", "65 a"] for at in range(6))], 1)
    document = builder.build("a.csv")
    pages = [page_of("d/a.csv", document, part=part) for part in (0, 1)]
    assert [page.count("<th ") for page in pages] == [2, 0]
    # A part ends where a row does.
    assert [page.count("<tr>") for page in pages] == [3, 4]


def test_changed_document_says_so_and_marks_nothing() -> None:
    page = page_of("d/a.txt", document_of("One.", "Two."), [(0, 3)], changed=True)
    assert "This document has changed since it was quoted." in page
    assert Reader(page).marked == []


def test_long_document_is_shown_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MAX_CHARACTERS", 50)
    document = document_of(*(f"Paragraph number {at:03}." for at in range(10)))
    last = document.text.index("009")
    seen = ""
    for part in range(5):
        page = page_of("d/a b.txt", document, [(last, last + 3)], part)
        seen += Reader(page).text
        labels = re.findall(r"Part (\d+) of (\d+)", page)
        assert labels == [(str(part + 1), "5")] * 2
        links = {html.unescape(link) for link in re.findall(r'href="(\?[^"]*)"', page)}
        assert links == {
            f"?path=d%2Fa+b.txt&sha256=00&quote={last}-{last + 3}&{to}"
            for to in (
                *(f"part={other}" for other in (part - 1, part + 1) if 0 <= other < 5),
                *(["at=1#quote-1"] if part < 4 else []),
            )
        }
    # The way from a quote to the next leads into its part.
    first = document.text.index("000")
    quotes = [(first, first + 3), (last, last + 3)]
    page = page_of("d/a.txt", document, quotes)
    (way,) = re.findall(r'href="([^"]*)" aria-label="next quote"', page)
    assert html.unescape(way).endswith(f"&quote={last}-{last + 3}&at=2#quote-2")
    assert Reader(page_of("d/a.txt", document, quotes, at=2)).marked == ["009"]
    assert Reader(page_of("d/a.txt", document, quotes, at=99)).marked == ["009"]
    assert seen == document.text.replace("\n\n", "")
    # Without a part named, the one with the quote.
    assert Reader(page_of("d/a.txt", document, [(last, last + 3)])).marked == ["009"]
    assert Reader(page_of("d/a.txt", document, (), 99)).text.endswith("009.")


@pytest.mark.slow
@pytest.mark.parametrize("paragraph", ["<", "<" * 1_000, "<" * 1_000_000])
def test_page_of_any_document_is_bounded(paragraph: str) -> None:
    document = document_of(*[paragraph] * (1_000_000 // len(paragraph)))
    assert len(page_of("d/a.txt", document)) < 600_000
