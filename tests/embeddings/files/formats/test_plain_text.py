"""What plain text becomes: pages, headings, lists, definitions and tables told from its layout."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.document import Document
from embeddings.files.formats.plain_text import add_text, read
from embeddings.files.limits import LimitedBuilder, Limits
from tests.builders import shown as blocks_of

CASES = Path(__file__).parent.parent / "cases"
Shown = list[tuple[str, str]]


def document_of(text: str) -> Document:
    builder = LimitedBuilder(Limits())
    add_text(builder, text)
    return builder.build("a.txt")


def shown(text: str) -> Shown:
    """Kind (and level, of headings) and text of each block."""
    return blocks_of(document_of(text))


# Paragraphs and titles


def test_paragraphs_are_parted_by_blank_lines() -> None:
    text = "Aid to Syria\n\nFifty tons\nwere sent.\n \n- a\n- b\n  c"
    assert document_of(text.replace("\n", "\r\n")).title == "Aid to Syria"
    assert shown(text) == [
        ("heading1", "Aid to Syria"),
        ("paragraph", "Fifty tons\nwere sent."),
        ("list", "- a\n- b c"),
    ]


def test_prices_behind_dots_are_text() -> None:
    prices = "Coffee ......... 3\nTea ............ 2\nWaffle ......... 7\nSoup ........... 5"
    text = (
        f"Menu\n\nWe serve all day.\n\n{prices}\n\nDeposit: see below.\n\nA cup ...... 50\n\nEnd."
    )
    assert "furniture" not in dict(shown(text))


def test_lines_below_a_numbered_title_are_lines_of_their_own() -> None:
    minutes = "1. Opening\nThe chair came at 19:30.\n2. Boathouse\nThe club builds one for 40,000."
    wrapped = (
        "1. The chair opened the meeting at half past seven in the evening and\n"
        "welcomed all of the members who had come to the boathouse by the river.\n2. End."
    )
    assert shown(f"Minutes\n\n{minutes}") == [("heading1", "Minutes"), ("list", minutes)]
    assert shown(f"Minutes\n\n{wrapped}")[1:] == [("list", wrapped.replace("\nw", " w"))]


def test_pages_behind_dots_are_contents() -> None:
    lines = "Tides .......... 3\nNets ........... 9\nBoats ......... 14"
    text = f"The lake\n\nWhat is in it.\n\n{lines}\n\nWinds ......... 20\n\nThe lake is deep."
    assert [part for kind, part in shown(text) if kind == "furniture"] == [
        lines,
        "Winds ......... 20",
    ]


def test_short_lines_without_blank_lines_stay_together() -> None:
    assert shown("Roses are red.\nViolets are blue.") == [
        ("paragraph", "Roses are red.\nViolets are blue.")
    ]


def test_long_lines_without_blank_lines_are_paragraphs() -> None:
    lines = ["word " * 60 + "one.", "word " * 60 + "two."]
    assert [text for _, text in shown("\n".join(lines))] == lines


@pytest.mark.parametrize(
    "first",
    ["Fifty tons were sent.", "The pool is open!", "Empty it (this is the law)", "開きます。"],
)
def test_first_paragraph_that_ends_as_a_sentence_is_no_title(first: str) -> None:
    document = document_of(f"{first}\n\nThe end.")
    assert document.title == "a.txt"
    assert [block.kind for block in document.blocks] == ["paragraph", "paragraph"]


@pytest.mark.parametrize("name", ["boiler.txt", "library.txt"])
def test_case_of_a_first_line_is_a_paragraph(name: str) -> None:
    document = read(CASES / "T02_firstline" / name, Limits())
    assert [block.kind for block in document.blocks] == ["paragraph", "paragraph"]
    assert document.title == name


def test_case_of_ligatures_has_letters() -> None:
    document = read(CASES / "P05_ligature" / "fire.txt", Limits())
    assert document.text == "The fire officer checks the floor certificate every fifth week."


def test_case_of_steps_is_a_list_of_lines() -> None:
    document = read(CASES / "L01_listnumber" / "steps.txt", Limits())
    assert [block.kind for block in document.blocks] == ["heading", "list"]
    block = document.blocks[1]
    assert document.text[block.start : block.end].split("\n")[2] == (
        "3. Pull the filter out. The new filter has the number KF-220."
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cjk.txt", "図書館は午前九時に開きます"),
        ("sjis.txt", "図書館"),
        ("cp1251.txt", "Музей"),
        ("utf16.txt", "The bridge"),
        ("mixed.txt", "The café is open."),
    ],
)
def test_case_of_encodings_is_read(name: str, words: str) -> None:
    assert words in read(CASES / "T01_enc" / name, Limits()).text


def test_wrapped_lines_are_joined_and_broken_words_mended_where_the_text_has_them_whole() -> None:
    text = (
        "The harbour keeps its well-known light burning until the har-\n"
        "bour master closes the gate in the evening, and no non-\n"
        "resident may enter after it has been closed by them.\n"
    )
    assert shown(text) == [
        (
            "paragraph",
            "The harbour keeps its well-known light burning until the harbour master closes the "
            "gate in the evening, and no non-resident may enter after it has been closed by them.",
        )
    ]


# Pages


def memo(pages: int, body: str = "Text of page {n} that is here.") -> str:
    return "\f".join(
        f"Note 12                    Harbour rules                   May 2021\n\n\n"
        f"{body.format(n=n)}\n\n\nBrandt                     Draft                   [Page {n}]\n"
        for n in range(1, pages + 1)
    )


def test_running_lines_are_left_out_and_pages_have_their_numbers() -> None:
    document = document_of("\n\n" + memo(4))
    assert document.text == "\n\n".join(f"Text of page {n} that is here." for n in range(1, 5))
    assert [document.page_at(document.text.index(f"page {n}")) for n in range(1, 5)] == [1, 2, 3, 4]


def test_head_of_all_pages_but_the_first_is_left_out_of_a_short_text() -> None:
    head = "RFC 99417              Sled Transfer           January 2022"
    text = f"Sled Transfer\n\nA sled is never heavy.\n\f{head}\n\nIt is pulled.\n"
    assert document_of(f"{text}\f{head}\n\nIt stops.").text == (
        "Sled Transfer\n\nA sled is never heavy.\n\nIt is pulled.\n\nIt stops."
    )
    # A line that is no head, or on one page alone, may be anything.
    price = "Double room: 120 euros"
    pages = f"Prices\n\nCheap.\n\f{price}\n\nGood.\n\f{price}\n\nFine."
    assert document_of(pages).text.count(price) == 2
    assert " ".join(head.split()) in " ".join(document_of(text).text.split())


def test_running_lines_of_facing_pages_are_mirrored() -> None:
    feet = [
        f"Brandt{' ' * 40}[Page {n}]" if n % 2 else f"[Page {n}]{' ' * 40}Brandt" for n in range(8)
    ]
    text = "\f".join(f"Words of {'abcdefgh'[n]}.\n\n{foot}\n" for n, foot in enumerate(feet))
    assert "Brandt" not in document_of(text).text


def test_printed_numbers_that_are_not_the_position_are_labels() -> None:
    text = "\f".join(f"Words of {n}.\n\n- {n} -" for n in ("i", "ii", "iii", "1", "2", "3"))
    assert document_of(text).page_labels == ("i", "ii", "iii", "1", "2", "3")


def test_pages_are_found_by_their_numbers_where_form_feeds_are_missing() -> None:
    document = document_of(memo(5).replace("\f", ""))
    assert "Brandt" not in document.text and "Note 12" not in document.text
    assert document.page_at(document.text.index("page 3")) == 3


def test_sentence_cut_by_a_page_is_joined() -> None:
    first = "Every ship that comes into the harbour at night must show a\n"
    text = f"\n\n{first}\n\n\nRules                    [Page 1]\n\f\n\nred light at its bow.\n\n"
    text += (
        "\n\nRules                    [Page 2]\n\fOther words.\n\nRules               [Page 3]\n"
    )
    assert shown(text)[0] == ("paragraph", f"{first.strip()} red light at its bow.")
    document = document_of(text)
    assert document.page_at(document.text.index("must show")) == 1
    assert document.page_at(document.text.index("red light")) == 2


def test_lines_at_the_edge_that_differ_in_a_number_are_content() -> None:
    text = "\f".join(
        f"Chair {name}\n\nWarranty: {years} years" for name, years in (("A", 2), ("B", 3), ("C", 4))
    )
    for words in ("Warranty: 2 years", "Warranty: 3 years", "Warranty: 4 years", "Chair C"):
        assert words in document_of(text).text


def test_totals_at_the_foot_of_pages_are_content() -> None:
    text = "\f".join(
        f"Invoice\n\nRope\n\nTotal                {total} euros" for total in (410, 35, 78)
    )
    words = " ".join(document_of(text).text.split())
    assert all(f"Total {total} euros" in words for total in (410, 35, 78))


def test_contents_and_references_are_furniture() -> None:
    text = (
        "Rules of the harbour\n\nTable of Contents\n\n   1. Ships ........ 2\n"
        "   2. Fees ......... 3\n\n1. Ships\n\n   They moor at the quay [B2].\n\n"
        '2. References\n\n   [B2]  Brandt, A., "Quays", 1990.\n\n3. Contact\n\n   Ask Ada.\n'
    )
    assert [(kind, found[:8]) for kind, found in shown(text)] == [
        ("heading1", "Rules of"),
        ("furniture", "Table of"),
        ("furniture", "1. Ships"),
        ("heading2", "1. Ships"),
        ("paragraph", "They moo"),
        ("furniture", "2. Refer"),
        ("furniture", "[B2] Bra"),
        ("heading2", "3. Conta"),
        ("paragraph", "Ask Ada."),
    ]


def test_numbers_of_a_drafts_lines_are_left_out() -> None:
    words = "the ships that come into the harbour pay when they leave it again".split()
    lines = [f"{n:4}  {' '.join(words[n % 9 :])}" for n in range(1, 41)]
    assert not any(character.isdigit() for character in document_of("\n".join(lines)).text)


def test_numbers_before_the_lines_of_a_list_stay() -> None:
    lines = [f"{n:4}  Ship of number {n}" for n in range(1, 41)]
    assert "17 Ship of number 17" in document_of("\n".join(lines)).text.replace("\t", " ").replace(
        "\n", " "
    )


# Headings


def test_headings_are_found_by_number_capitals_underline_and_margin() -> None:
    text = (
        "Rules\n=====\n\n1. Ships\n\n   They moor at the quay of the harbour until they leave.\n\n"
        "1.1. SMALL SHIPS\n\n   They moor at the pier until the harbour master comes.\n\n"
        "Fees\n----\n\n   They are paid at once to the master of the harbour.\n\n"
        "Appendix A. Lights\n\n   Red and green.\n\nContact\n\n   Ask Ada at the gate.\n"
    )
    assert [each for each in shown(text) if each[0].startswith("heading")] == [
        ("heading1", "Rules"),
        ("heading2", "1. Ships"),
        ("heading3", "1.1. SMALL SHIPS"),
        ("heading2", "Fees"),
        ("heading2", "Appendix A. Lights"),
        ("heading2", "Contact"),
    ]


def test_paragraph_that_begins_with_its_sections_title_is_parted() -> None:
    text = (
        "Licence\n\n1. Grant of Use. The owner of the boat allows the tenant to use it from the\n"
        "first of May until the last of September, on the lake and on the canal alone, but\n"
        "never at sea.\n\n2. Fees. The tenant pays to the owner of the boat on the first day of\n"
        "each month the sum that is agreed upon between them and is written down below, and\n"
        "keeps the receipt.\n"
    )
    assert [(kind, found[:20]) for kind, found in shown(text)] == [
        ("heading1", "Licence"),
        ("heading2", "1. Grant of Use."),
        ("paragraph", "The owner of the boa"),
        ("heading2", "2. Fees."),
        ("paragraph", "The tenant pays to t"),
    ]


def test_front_of_a_memo_is_a_paragraph_above_its_centred_title() -> None:
    text = (
        "Harbour Working Group                                        A. Brandt\n"
        "Memo: 12                                                     Lake Inc.\n"
        "Category: Rules                                               May 2021\n\n\n"
        "                         Rules of the Harbour (2nd)\n\nStatus\n\n   In force.\n"
    )
    document = document_of(text)
    assert document.title == "Rules of the Harbour (2nd)"
    assert shown(text)[:2] == [
        (
            "paragraph",
            "Harbour Working Group\nMemo: 12\nCategory: Rules\nA. Brandt\nLake Inc.\nMay 2021",
        ),
        ("heading1", "Rules of the Harbour (2nd)"),
    ]


# Lists and definitions


def test_items_parted_by_blank_lines_are_one_list_with_one_line_each() -> None:
    text = (
        "A ship needs:\n\n   o  a light that can be seen from all sides when it is dark\n"
        "      on the lake\n\n   o  an anchor\n\n      It is made of iron.\n\n   o  a rope\n\n"
        "It may have a flag.\n"
    )
    assert shown(text)[1:] == [
        (
            "list",
            "- a light that can be seen from all sides when it is dark on the lake\n- an anchor\n"
            "It is made of iron.\n- a rope",
        ),
        ("paragraph", "It may have a flag."),
    ]


def test_numbers_of_many_kinds_mark_items() -> None:
    text = "Rules:\n1. Ships\n   (a) small ones\n   (b) tall ones\n2. Boats\n   2.1. of wood\n"
    assert shown(text) == [
        ("paragraph", "Rules:"),
        ("list", "1. Ships\n(a) small ones\n(b) tall ones\n2. Boats\n2.1. of wood"),
    ]


def test_number_at_the_begin_of_a_wrapped_line_is_no_item() -> None:
    text = "a) The rule of the harbour that is written down below in the section\n   7. It holds.\n"
    text += "b) The rule of the lake.\n"
    assert shown(text) == [
        (
            "list",
            "a) The rule of the harbour that is written down below in the section 7. It holds.\n"
            "b) The rule of the lake.",
        )
    ]


def test_term_and_definition_are_one_paragraph() -> None:
    text = (
        "Codes\n\n   E_LATE  The ship came after the gate of the harbour had been closed\n"
        "           for the night.\n\n   E_FULL:\n\n      No place is left at the quay.\n\n"
        "      Wait outside.\n\n   berth\n      a place for a ship\n\n"
        "Fender — a cushion\nBollard — a post\n"
    )
    assert shown(text)[1:] == [
        (
            "paragraph",
            "E_LATE\nThe ship came after the gate of the harbour had been closed for the night.",
        ),
        ("paragraph", "E_FULL:\nNo place is left at the quay.\nWait outside."),
        ("paragraph", "berth\na place for a ship"),
        ("paragraph", "Fender — a cushion"),
        ("paragraph", "Bollard — a post"),
    ]


def test_manual_page_has_its_sections_and_options() -> None:
    text = (
        "GATE(1)            Harbour Tools            GATE(1)\n\n"
        "NAME\n       gate - opens the lock\n\nOPTIONS\n"
        "       -v     Tells each step.\n\n       -t SECONDS\n              Waits so long.\n"
    )
    assert shown(text) == [
        ("heading1", "GATE(1) Harbour Tools GATE(1)"),
        ("heading2", "NAME"),
        ("paragraph", "gate - opens the lock"),
        ("heading2", "OPTIONS"),
        ("paragraph", "-v\nTells each step."),
        ("paragraph", "-t SECONDS\nWaits so long."),
    ]


# Tables, drawings and code

GRID = """\
+------+-------+
| Ship | Tons  |
+------+-------+
| Ada  | 12    |
| Bea  | 30    |
+------+-------+
"""
BARS = "Ship | Tons\n-----|-----\nAda | 12\nBea | 30\n"
ALIGNED = "Ship   Tons   Flag\nAda    12     red\nBea    30     blue\n"
UNDERLINED = "Ship   Tons\n----   ----\nAda    12\nBea    30\n"
TABS = "Ship\tTons\nAda\t12\nBea\t30\n"


@pytest.mark.parametrize("drawn", [GRID, BARS, UNDERLINED, TABS, ALIGNED])
def test_tables_are_read_by_rows(drawn: str) -> None:
    document = document_of(f"The ships:\n\n{drawn}\nThey are small.\n")
    block = document.blocks[1]
    assert (block.kind, block.header_rows) == ("table", 1)
    rows = [row.split("\t")[:2] for row in document.text[block.start : block.end].split("\n")]
    assert rows == [["Ship", "Tons"], ["Ada", "12"], ["Bea", "30"]]


def test_caption_below_a_table_stands_before_its_rows() -> None:
    assert shown(f"Ships are here.\n\n{GRID}\n          Table 3: Ships and tons\n")[1] == (
        "paragraph",
        "Table 3: Ships and tons",
    )


def test_drawing_is_code() -> None:
    drawing = "+----+    +---+\n| A  |--->| B |\n+----+    +---+\n"
    assert [kind for kind, _ in shown(f"It works so.\n\n{drawing}\nThe end.\n")] == [
        "paragraph",
        "code",
        "paragraph",
    ]


def test_grammar_and_dialogue_are_code_with_their_lines() -> None:
    text = 'The form:\n\n   name = 1*ALPHA\n   gate = "G" name\n\nSo:\n\n   C: OPEN\n   S: OK\n'
    assert [each for each in shown(text) if each[0] == "code"] == [
        ("code", 'name = 1*ALPHA\ngate = "G" name'),
        ("code", "C: OPEN\nS: OK"),
    ]


# Any text

LINES = st.lists(
    st.text(alphabet="ab A1.)-|=+:o\t[]", max_size=30) | st.just("\f") | st.just(""), max_size=40
)


@given(LINES)
def test_no_word_of_any_layout_is_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    found = "".join(filter(str.isalpha, document_of(text).text))
    # Bullets may be typed as a letter, and running lines are left out.
    if "\f" not in text:
        assert sorted(found.replace("o", "")) == sorted(filter(str.isalpha, text.replace("o", "")))


def test_text_of_a_rule_alone_is_kept() -> None:
    assert shown("-" * 60) == [("paragraph", "-" * 60)]


def test_footer_that_tells_a_contact_is_kept_once() -> None:
    footer = "Harbour office: telephone 555-0188, open 9 to 5"
    pages = [f"Berth {at} is let to a boat.\n\nIt lies by the pier.\n\n{footer}" for at in "ABCD"]
    document = document_of("\f".join(pages))
    assert document.text.count(footer) == 1
