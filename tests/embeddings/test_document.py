"""The document's text is fixed once, and its blocks account for all of it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.document import Block, DocumentBuilder, normalise, page_at

# Surrogates included: a reader that decodes badly must not break what follows.
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
SPACED = st.text(
    st.sampled_from(" \t\n\r\x0b\x0c\x1c\x85\xa0\u2028\u2029\u3000\u200b\ufeffa\u0301")
)


def spaceless(text: str) -> str:
    return "".join(text.split())


@given(ANY_TEXT | SPACED)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(ANY_TEXT | SPACED)
def test_normalised_text_is_nfc_printable_and_singly_spaced(text: str) -> None:
    found = normalise(text)
    assert unicodedata.is_normalized("NFC", found)
    assert found == found.strip()
    controls = [char for char in found if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
    assert set(controls) <= {"\n"}
    assert all(char in " \n" for char in found if char.isspace())
    for doubled in ("  ", " \n", "\n ", "\n\n\n", "\r"):
        assert doubled not in found
    found.encode()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Cafe\u0301", "Caf\xe9"),
        ("a\r\nb\rc\x0bd\x0ce\x85f\u2028g\u2029h", "a\nb\nc\nd\ne\nf\ng\nh"),
        ("soft\xadhyphen zero\u200bwidth \ufeffmark", "softhyphen zerowidth mark"),
        ("no\xa0break\u3000wide\ttab", "no break wide tab"),
        ("\u202edesrever\u202c \u2066isolated\u2069", "desrever isolated"),
        ("left\u061cmark", "leftmark"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a\n\n\n\n \n b", "a\n\nb"),
        ("NUL\x00 bell\x07 escape\x1b[31m", "NUL bell escape[31m"),
        ("half\ud83d pair", "half pair"),
        (" \n\t ", ""),
    ],
)
def test_normalise_does_what_it_says(raw: str, expected: str) -> None:
    assert normalise(raw) == expected


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.sampled_from(["heading", "paragraph", "list", "furniture"]), ANY_TEXT))
)
def test_blocks_are_ordered_and_cover_every_character_that_is_no_space(
    blocks: list[tuple[str, str]],
) -> None:
    builder = DocumentBuilder()
    for kind, text in blocks:
        builder.add(kind, text, level=1 if kind == "heading" else 0)  # type: ignore[arg-type]  # drawn from the kinds
    document = builder.build("any.txt")
    position = 0
    covered = ""
    for block in document.blocks:
        assert position <= block.start < block.end <= len(document.text)
        assert document.text[position : block.start].strip() == ""
        text = document.text[block.start : block.end]
        assert text == normalise(text)
        covered += text
        position = block.end
    assert spaceless(covered) == spaceless(document.text)
    assert covered == "".join(normalise(text) for _, text in blocks)
    assert document.text == normalise(document.text)
    assert builder.length == len(document.text)


@given(st.lists(st.lists(ANY_TEXT, max_size=4), max_size=5), st.integers(0, 3))
def test_table_has_a_line_for_each_row_that_is_not_blank(
    rows: list[list[str]], header_rows: int
) -> None:
    builder = DocumentBuilder()
    builder.add_table(rows, header_rows)
    document = builder.build("any.csv")
    cells = [[" ".join(normalise(cell).split()) for cell in row] for row in rows]
    expected = [row for row in cells if any(row)]
    assert [line.split("\t") for line in document.text.split("\n")] == (expected or [[""]])
    named = sum(any(row) for row in cells[:header_rows])
    assert [block.header_rows for block in document.blocks] == ([named] if expected else [])


def test_what_is_not_read_is_counted() -> None:
    builder = DocumentBuilder()
    builder.leave_out("picture", "pictures", 2)
    builder.leave_out("chart", "charts")
    builder.leave_out("picture", "pictures")
    assert builder.build("a.docx").not_read == ("3 pictures", "1 chart")


def test_page_labels_are_those_that_differ_from_the_position() -> None:
    builder = DocumentBuilder()
    for label in ("i", "2", "x" * 21, "5\n7"):
        builder.start_page(label)
        builder.add("paragraph", "text")
    assert builder.build("a.pdf").page_labels == ("i", "", "", "5 7")


def test_builder_keeps_kinds_levels_and_offsets() -> None:
    builder = DocumentBuilder()
    builder.add("heading", " Aid ", level=2)
    builder.add("paragraph", " \u200b ")
    builder.add("list", "- rice\r\n- salt")
    document = builder.build("aid.md")
    assert document.text == "Aid\n\n- rice\n- salt"
    assert document.blocks == (Block("heading", 0, 3, 2), Block("list", 5, 18))


@pytest.mark.parametrize(("kind", "level"), [("heading", 0), ("heading", 7), ("paragraph", 1)])
def test_builder_refuses_a_level_that_does_not_fit(kind: str, level: int) -> None:
    with pytest.raises(ValueError, match="expected a level of 1 to 6 for headings only"):
        DocumentBuilder().add(kind, "text", level=level)  # type: ignore[arg-type]  # drawn from the kinds


@pytest.mark.parametrize(
    ("title", "heading", "expected"),
    [
        ("  Its own\n title ", "Heading", "Its own title"),
        (None, "Heading\nin two lines", "Heading in two lines"),
        (" \x00", "Heading", "Heading"),
        (None, None, "file name.md"),
        ("", None, "file name.md"),
    ],
)
def test_title_is_the_files_own_else_the_first_heading_else_the_name(
    title: str | None, heading: str | None, expected: str
) -> None:
    builder = DocumentBuilder(title)
    builder.add("paragraph", "Before any heading.")
    if heading:
        builder.add("heading", heading, level=3)
        builder.add("heading", "Another", level=1)
    assert builder.build("file  name.md").title == expected


def test_page_of_an_offset_is_the_last_one_begun() -> None:
    builder = DocumentBuilder()
    builder.start_page()
    builder.add("paragraph", "one")
    builder.start_page()
    builder.start_page()
    builder.add("paragraph", "three")
    builder.start_page()
    document = builder.build("pages.pdf")
    assert document.page_starts == (0, 5, 5, 10)
    assert [document.page_at(offset) for offset in (0, 2, 4, 5, 9)] == [1, 1, 1, 3, 3]
    assert DocumentBuilder().build("no.txt").page_at(0) is None


@given(
    st.lists(st.integers(0, 50), min_size=1).map(lambda starts: tuple(sorted(starts))),
    st.integers(0, 60),
)
def test_page_at_equals_counting(starts: tuple[int, ...], offset: int) -> None:
    begun = sum(start <= offset for start in starts)
    assert page_at(starts, offset) == max(1, begun)


WORDS = st.text("ab é\n\u0301", min_size=1, max_size=12)


@given(st.lists(WORDS, min_size=1, max_size=6))
def test_block_over_pages_is_the_text_of_its_parts_and_pages_begin_in_it(parts: list[str]) -> None:
    builder = DocumentBuilder()
    builder.start_page()
    builder.add("paragraph", "before")
    builder.add_over_pages("paragraph", parts, [""] * (len(parts) - 1))
    document = builder.build("a.pdf")
    assert document.text.removeprefix("before").strip() == normalise("".join(parts))
    starts = document.page_starts
    assert len(starts) == len(parts)
    assert list(starts) == sorted(starts) and starts[-1] <= len(document.text)


def test_page_begins_with_the_first_word_of_its_part() -> None:
    builder = DocumentBuilder()
    builder.start_page()
    builder.add_over_pages("paragraph", ["The mill ", "burnt ", "down."], ["ii", "iii"])
    document = builder.build("a.pdf")
    assert document.text == "The mill burnt down."
    assert [document.text[start:] for start in document.page_starts[1:]] == ["burnt down.", "down."]
    assert document.page_labels == ("", "ii", "iii")


def test_page_begins_within_a_table() -> None:
    builder = DocumentBuilder()
    builder.start_page()
    rows = [["Pump", "Speed"], ["P1", "650"], ["P2", "700"]]
    builder.add_table(rows, 1, [(2, "7"), (9, "8")])
    document = builder.build("a.pdf")
    assert document.page_at(document.text.index("P1")) == 1
    assert document.page_at(document.text.index("P2")) == 2
    assert document.page_starts[2] == len(document.text)
