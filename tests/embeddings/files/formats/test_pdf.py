"""What text comes out of a PDF: lines in their order, tables, forms, and what is no content."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

from embeddings.document import Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats import pdf
from embeddings.files.formats.pdf_lines import Line, line_from
from embeddings.files.formats.pdf_margins import without_line_numbers
from embeddings.files.formats.pdf_ocr import program
from embeddings.files.formats.pdf_page import Item, Page
from embeddings.files.formats.pdf_running import without_running_lines
from embeddings.files.formats.pdf_text import HYPHEN, Word
from embeddings.files.limits import LimitedBuilder, Limits
from embeddings.files.loading import DocumentLoader
from tests.builders import shown

CASES = Path(__file__).parent.parent / "cases"
Write = Callable[[FPDF], None]
Shown = list[tuple[str, str]]


def read(path: Path) -> Document:
    return pdf.read(path, Limits())


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Document]:
    """Reads a PDF that a function writes."""

    def write_and_read(write: Write, title: str = "") -> Document:
        made = FPDF(unit="pt", format=(600, 800))
        made.set_auto_page_break(False)
        made.set_font("Helvetica", size=10)
        if title:
            made.set_title(title)
        write(made)
        path = tmp_path / "a.pdf"
        made.output(str(path))
        return read(path)

    return write_and_read


def tables(document: Document) -> list[tuple[int, list[list[str]]]]:
    """Header rows and cells of each table."""
    return [
        (
            block.header_rows,
            [row.split("\t") for row in document.text[block.start : block.end].split("\n")],
        )
        for block in document.blocks
        if block.kind == "table"
    ]


def laid_out(*pages: list[Line]) -> Document:
    builder = LimitedBuilder(Limits())
    made = [Page(items=list[Item](page), turned=[], pictures=0) for page in pages]
    pdf.add_pages(builder, made)
    return builder.build("a.pdf")


# Our own files


def test_form_has_its_values_beside_their_labels() -> None:
    assert shown(read(CASES / "P01_form" / "permit.pdf"))[1:] == [
        ("paragraph", "Name of the boat: Silver Heron"),
        ("paragraph", "Home harbour: Port Wessel"),
        ("paragraph", "Fishing licence held: Yes"),
        ("paragraph", "Inspector note: hull repaired in May 2025"),
    ]


def test_lines_at_the_edge_that_differ_in_a_number_are_content() -> None:
    chairs = read(CASES / "P03_running" / "chairs.pdf").text
    assert [f"Warranty in months: {months}" in chairs for months in (12, 40, 7)] == [True] * 3
    invoices = read(CASES / "P03_running" / "invoices.pdf").text
    assert [f"Total amount due in euros: {due}" in invoices for due in (150, 320, 410)] == [
        True
    ] * 3


def test_ruled_tables_are_tables() -> None:
    assert tables(read(CASES / "P09_table" / "machines.pdf")) == [
        (
            1,
            [
                ["Machine", "Service interval", "Oil grade", "Responsible"],
                ["Press 1", "7 weeks", "VG 32", "Ada"],
                ["Press 2", "10 weeks", "VG 42", "Bruno"],
                ["Press 3", "13 weeks", "VG 52", "Clio"],
                ["Press 4", "16 weeks", "VG 62", "Dana"],
            ],
        )
    ]


def test_wrapped_cells_are_whole() -> None:
    assert tables(read(CASES / "P09_table" / "wrapped.pdf")) == [
        (
            1,
            [
                ["Product", "What is covered by the guarantee and for how long", "Who to call"],
                [
                    "Kettle K1",
                    "The heating element is covered for two years, the lid for six months and the "
                    "cord not at all",
                    "The shop in Elm Street, on weekdays",
                ],
                [
                    "Toaster T2",
                    "The spring is covered for five years, the timer for one year and the tray not "
                    "at all",
                    "The factory hotline, at any hour",
                ],
            ],
        )
    ]


def test_printed_page_labels_are_kept() -> None:
    document = read(CASES / "P10_labels" / "birds.pdf")
    assert document.page_labels == ("i", "ii", "57", "58")
    assert document.page_at(document.text.index("puffin")) == 3


def test_footnote_mark_is_apart_from_the_number_before_it() -> None:
    text = read(CASES / "H02_sup" / "tank.pdf").text
    assert text == "The tank weighs 120 ³ kilograms when it is empty."


def test_ligatures_are_letters() -> None:
    text = read(CASES / "P05_ligature" / "fire.pdf").text
    assert text == "The fire officer checks the floor certificate every fifth week."


# Words and lines


def word(text: str, left: float, base: float = 700, size: float = 10, **more: Any) -> Word:
    return Word(text, left, left + 0.5 * size * len(text), base, size, **more)


@pytest.mark.parametrize(
    ("before", "raised", "text"),
    [
        ("10", "6", "10⁶"),
        ("10", "−3", "10⁻³"),
        ("m", "2", "m²"),
        ("x", "2", "x²"),
        ("thousand", "1", "thousand ¹"),
        ("4,310", "2", "4,310 ²"),
        ("works", "3,4", "works ³,⁴"),
        ("Holm", "a", "Holm ᵃ"),
        ("21", "st", "21st"),
        ("Heron", "®", "Heron®"),
    ],
)
def test_superscript_is_an_exponent_or_a_mark(before: str, raised: str, text: str) -> None:
    first = word(before, 50)
    mark = word(raised, first.right, base=704, size=7, glued=True)
    assert line_from([first, mark]).text == text


def test_subscript_of_a_formula() -> None:
    words = [word("CO", 50), word("2", 60, base=697, size=7, glued=True)]
    assert line_from(words).text == "CO₂"


def test_line_numbers_in_the_margin_are_left_out() -> None:
    numbers = [word(str(at), 20, base=700 - 12 * at) for at in range(12)]
    text = [
        word("words", left, base=700 - 12 * at) for at in range(12) for left in range(60, 400, 40)
    ]
    assert without_line_numbers([*numbers, *text]) == text
    # A first column of a table counts as well.
    names = [word("words", 60, base=700 - 12 * at) for at in range(12)]
    assert without_line_numbers([*numbers, *names]) == [*numbers, *names]


# Layout


def write_report(made: FPDF) -> None:
    down: Any = {"new_x": "LMARGIN", "new_y": "NEXT"}
    for number in (1, 2, 3):
        made.add_page()
        made.set_font("Helvetica", size=9)
        made.set_xy(10, 5)
        made.cell(text="Annual report")
        made.set_xy(10, 285)
        made.cell(text=f"Page {number} of 3")
        made.set_xy(10, 20)
        made.set_font("Helvetica", "B", 18)
        made.cell(h=10, text=f"Chapter {number}", **down)
        made.set_font("Helvetica", size=11)
        made.multi_cell(
            90,
            5,
            "In February 2023 Kazakhstan sent fifty tons of humani\u00adtarian aid to Syria, which "
            "was hit hard by the power\u00adful earthquake.",
            **down,
        )
        made.ln(4)
        made.multi_cell(90, 5, "A second paragraph stands below a gap in the text.", **down)
        made.ln(4)
        made.set_font("Helvetica", "B", 11)
        made.cell(h=6, text="In bold", **down)
        made.set_font("Helvetica", size=11)
        for item in ("tents", "food"):
            text = f"- {item} that is listed so long that it fills two lines"
            made.multi_cell(90, 5, text, **down)


def test_lines_become_headings_paragraphs_and_lists(tmp_path: Path) -> None:
    made = FPDF()
    made.set_auto_page_break(False)
    made.set_title("Microsoft Word - x.doc")
    write_report(made)
    made.output(str(tmp_path / "a.pdf"))
    document = read(tmp_path / "a.pdf")
    assert document.title == "Chapter 1"
    assert shown(document)[:5] == [
        ("heading1", "Chapter 1"),
        (
            "paragraph",
            "In February 2023 Kazakhstan sent fifty tons of humanitarian aid to Syria, which "
            "was hit hard by the powerful earthquake.",
        ),
        ("paragraph", "A second paragraph stands below a gap in the text."),
        ("heading2", "In bold"),
        (
            "list",
            "- tents that is listed so long that it fills two lines\n"
            "- food that is listed so long that it fills two lines",
        ),
    ]
    # Headers and page numbers are gone; pages begin with their chapters.
    assert "report" not in document.text and "Page" not in document.text
    assert [document.text[start : start + 9] for start in document.page_starts] == [
        "Chapter 1",
        "Chapter 2",
        "Chapter 3",
    ]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Aid to Syria", "Aid to Syria"),
        ("untitled", "Heading"),
        ("report-final.docx", "Heading"),
        ("PowerPoint Presentation", "Heading"),
        ("", "Heading"),
    ],
)
def test_title_is_not_what_programs_write(
    written: Callable[..., Document], title: str, expected: str
) -> None:
    def write(made: FPDF) -> None:
        made.add_page()
        made.set_font("Helvetica", size=20)
        made.cell(text="Heading", new_x="LMARGIN", new_y="NEXT")
        made.set_font("Helvetica", size=10)
        made.cell(text="Text that is longer than its heading.")

    assert written(write, title).title == expected


def lines_down(*lines: tuple[str, float, float]) -> Shown:
    """Blocks made of lines of equal size: (text, left, distance from the line above)."""
    base = 700.0
    page = []
    for text, left, step in lines:
        base -= step
        page.append(Line(text, left=left, right=left + 5 * len(text), base=base, size=10.0))
    return shown(laid_out(page))


def test_indented_line_begins_a_paragraph() -> None:
    assert lines_down(
        ("   The aid that was", 62, 12),
        ("sent to them there", 50, 12),
        ("   It then arrived in", 62, 12),
        ("the northern province", 50, 12),
    ) == [
        ("paragraph", "The aid that was sent to them there"),
        ("paragraph", "It then arrived in the northern province"),
    ]


def test_line_that_ends_early_with_a_full_stop_ends_its_paragraph() -> None:
    assert lines_down(
        ("The aid that was sent to them there", 50, 12),
        ("arrived.", 50, 12),
        ("It was used in the northern province.", 50, 12),
    ) == [
        ("paragraph", "The aid that was sent to them there arrived."),
        ("paragraph", "It was used in the northern province."),
    ]


def test_running_lines_are_left_out_but_neither_titles_nor_tables() -> None:
    def page(number: int, *texts: str) -> list[Item]:
        lines = (f"Aid report {number}", *texts, str(number))
        return [
            Line(text, left=50, right=300, base=700 - 12 * place, size=10.0)
            for place, text in enumerate(lines)
        ]

    pages = [page(number, f"10 20 {number}", f"90 {number}") for number in (1, 2, 3)]
    kept = without_running_lines(pages, body=10.0)
    assert [[line.text for line in lines if isinstance(line, Line)] for lines in kept] == [
        ["10 20 1", "90 1"],
        ["10 20 2", "90 2"],
        ["10 20 3", "90 3"],
    ]
    # What now stands highest and lowest is a table: it stays.
    assert without_running_lines(kept, body=10.0) == kept


def test_monospaced_lines_are_code_with_their_line_breaks() -> None:
    def line(text: str, base: float, *, mono: bool) -> Line:
        return Line(text, left=50, right=300, base=base, size=10.0, mono=mono)

    document = laid_out(
        [
            line("The program is as short", 700, mono=False),
            line("as it can be made to be,", 688, mono=False),
            line("and this is all of it:", 676, mono=False),
            line("if aid:", 660, mono=True),
            line("send(aid)", 648, mono=True),
        ]
    )
    assert shown(document) == [
        ("paragraph", "The program is as short as it can be made to be, and this is all of it:"),
        ("code", "if aid:\nsend(aid)"),
    ]


def test_sentence_goes_on_in_the_next_column() -> None:
    assert lines_down(
        ("The aid that was", 50, 12), ("sent to them", 50, 12), ("arrived there.", 300, -12)
    ) == [("paragraph", "The aid that was sent to them arrived there.")]


def test_broken_words_are_made_whole_but_compounds_keep_their_hyphen() -> None:
    assert lines_down(
        (f"Humani{HYPHEN}", 50, 12),
        (f"tarian aid of a well{HYPHEN}", 50, 12),
        (f"known kind; the Anglo{HYPHEN}", 50, 12),
        ("Saxon and well-known one", 50, 12),
    ) == [
        ("paragraph", "Humanitarian aid of a well-known kind; the Anglo-Saxon and well-known one")
    ]


# Pages as they are printed


def put(made: FPDF, left: float, top: float, text: str) -> None:
    made.text(left, top, text)


def prose(made: FPDF, left: float, top: float, width: float, text: str) -> None:
    made.set_xy(left, top)
    made.multi_cell(width, 12, text, align="J", new_x="LMARGIN", new_y="NEXT")


FERRY = (
    "The ferry to the northern islands leaves the old harbour each morning when the tide allows "
    "it, and it comes back in the evening of the same day with the mail and the fish. "
)
MILL = (
    "A mill on the hill above the village has ground oats for two hundred years, first by wind "
    "and then by steam, until the last miller left for the city and its wheel stood still. "
)


def test_columns_of_short_cells_are_a_table_without_ruling_lines(
    written: Callable[..., Document],
) -> None:
    rows = [
        ("Boat", "Berth", "Length"),
        ("Maja", "14", "9.5 m"),
        ("Silver Heron", "3", "12 m"),
        ("Tern", "27", ""),
        ("Old Otter", "8", "7.25 m"),
    ]

    def write(made: FPDF) -> None:
        made.add_page()
        prose(made, 50, 40, 480, FERRY)
        put(made, 50, 110, "Table 2: Boats of the club")
        for at, row in enumerate(rows):
            for left, cell in zip((50, 200, 300), row, strict=True):
                put(made, left, 130 + 16 * at, cell)
        prose(made, 50, 230, 480, MILL)

    document = written(write)
    assert tables(document) == [(1, [list(row) for row in rows])]
    assert [kind for kind, _ in shown(document)] == ["paragraph", "paragraph", "table", "paragraph"]
    assert shown(document)[1] == ("paragraph", "Table 2: Boats of the club")


@pytest.mark.parametrize("by_row", [False, True])
def test_two_columns_of_prose_are_read_one_after_the_other(
    written: Callable[..., Document], by_row: bool
) -> None:
    def write(made: FPDF) -> None:
        made.add_page()
        made.set_xy(50, 50)
        columns: list[Any] = [
            made.multi_cell(230, 12, 3 * text, dry_run=True, output="LINES")
            for text in (FERRY, MILL)
        ]
        lines = [(at, side) for side in (0, 1) for at in range(len(columns[side]))]
        for at, side in sorted(lines) if by_row else lines:
            put(made, 50 + 270 * side, 60 + 12 * at, columns[side][at])

    assert shown(written(write)) == [
        ("paragraph", (3 * FERRY).strip()),
        ("paragraph", (3 * MILL).strip()),
    ]


def test_table_goes_on_over_a_page_with_its_header(written: Callable[..., Document]) -> None:
    def write(made: FPDF) -> None:
        for page in (0, 1):
            made.add_page()
            made.set_xy(50, 50)
            with made.table(width=400, align="LEFT", line_height=14) as table:
                table.row(["Pump", "Speed", "Place"])
                for at in range(3):
                    number = 3 * page + at
                    table.row([f"P{number}", str(650 + number), f"Hall {number}"])

    document = written(write)
    body = [[f"P{number}", str(650 + number), f"Hall {number}"] for number in range(6)]
    assert tables(document) == [(1, [["Pump", "Speed", "Place"], *body])]
    assert [document.page_at(document.text.index(f"P{number}")) for number in (2, 3)] == [1, 2]


def test_sentence_goes_on_over_the_end_of_a_page(written: Callable[..., Document]) -> None:
    def write(made: FPDF) -> None:
        made.add_page()
        prose(made, 50, 50, 400, FERRY + "Its captain is the daughter of")
        made.add_page()
        prose(made, 50, 50, 400, "the miller, who has never been at sea. " + MILL)

    document = written(write)
    assert len(document.blocks) == 1
    text = document.text
    assert "is the daughter of the miller, who" in text
    assert document.page_starts == (0, text.index("the miller, who"))
    assert document.page_at(text.index("daughter")) == 1


def test_contents_and_references_are_furniture(written: Callable[..., Document]) -> None:
    def write(made: FPDF) -> None:
        made.add_page()
        made.set_font("Helvetica", size=16)
        put(made, 50, 60, "Contents")
        made.set_font("Helvetica", size=10)
        for at, name in enumerate(("Boats", "Harbours", "Tides", "Winds")):
            put(made, 50, 90 + 14 * at, f"{at + 1} {name} {'.' * 60} {at + 2}")
        made.add_page()
        made.set_font("Helvetica", size=16)
        put(made, 50, 60, "Boats")
        made.set_font("Helvetica", size=10)
        prose(made, 50, 80, 400, FERRY)
        made.set_font("Helvetica", size=16)
        put(made, 50, 160, "References")
        made.set_font("Helvetica", size=10)
        for at in range(4):
            put(
                made, 50, 190 + 24 * at, f"[{at + 1}] A. Writer. Of boats {at}. Sea Press, 199{at}."
            )

    kinds = [kind for kind, _ in shown(written(write))]
    assert kinds == ["furniture"] * 5 + ["heading1", "paragraph"] + ["furniture"] * 5


def test_page_that_is_turned_as_a_whole_keeps_its_body(written: Callable[..., Document]) -> None:
    def write(made: FPDF) -> None:
        made.add_page()
        with made.rotation(90, 300, 400):
            prose(made, 50, 350, 400, FERRY + MILL)
        put(made, 20, 780, "Sheet B")

    assert shown(written(write)) == [
        ("paragraph", (FERRY + MILL).strip()),
        ("paragraph", "Sheet B"),
    ]


def test_numbers_that_count_up_with_the_pages_are_left_out() -> None:
    def page(number: int) -> list[Line]:
        texts = ("Harbour rules", f"Boats moored on day {7 * number % 5}: none", str(40 + number))
        return [
            Line(text, left=50, right=300, base=base, size=10.0)
            for text, base in zip(texts, (760, 700, 40), strict=True)
        ]

    document = laid_out(*map(page, range(5)))
    assert [text for _, text in shown(document)] == [
        f"Boats moored on day {7 * number % 5}: none" for number in range(5)
    ]


def test_picture_and_blank_page_are_noted(written: Callable[..., Document]) -> None:
    def write(made: FPDF) -> None:
        made.add_page()
        put(made, 50, 50, "The map of the harbour")
        picture = io.BytesIO()
        Image.new("RGB", (40, 40), "grey").save(picture, "PNG")
        made.image(picture, 50, 100, w=300, h=300)
        made.image(picture, 50, 500, w=20, h=20)
        made.add_page()

    assert written(write).not_read == ("1 picture", "1 page without text")


@pytest.mark.skipif(program() is None, reason="Tesseract is not installed: OCR was NOT tested")
def test_scanned_page_is_recognised_where_it_is_asked_for(tmp_path: Path) -> None:
    font = ImageFont.load_default(size=60)
    picture = Image.new("L", (1700, 2200), "white")
    drawing = ImageDraw.Draw(picture)
    for at, text in enumerate(("The puffin lays one egg a year", "on the cliffs of Smola.")):
        drawing.text((150, 200 + 100 * at), text, fill="black", font=font)
    picture.save(tmp_path / "a.pdf", resolution=200)
    # In the process that has limits, which Tesseract inherits.
    with DocumentLoader(Limits(ocr="eng")) as loader:
        text = loader.load(tmp_path / "a.pdf").text
    assert text == "The puffin lays one egg a year on the cliffs of Smola."
    with pytest.raises(UnreadableFile, match="has no text on its 1 page"):
        read(tmp_path / "a.pdf")


def test_scan_says_what_can_be_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("L", (40, 40), "white").save(tmp_path / "a.pdf")
    monkeypatch.setattr(pdf, "program", lambda: None)
    with pytest.raises(UnreadableFile, match="install Tesseract and set QA_OCR"):
        read(tmp_path / "a.pdf")


def test_footer_that_tells_a_contact_is_kept_once() -> None:
    footer = "Harbour office: telephone 555-0188"
    pages = [
        [
            Line(f"Berth {at} is let to a boat.", left=50, right=200, base=700, size=10.0),
            Line("It lies by the pier.", left=50, right=160, base=650, size=10.0),
            Line(footer, left=50, right=220, base=40, size=10.0),
        ]
        for at in "ABCD"
    ]
    assert laid_out(*pages).text.count(footer) == 1
