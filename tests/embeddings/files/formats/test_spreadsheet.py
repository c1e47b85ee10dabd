"""What workbooks become: tables of each sheet, with values as the cells show them."""

import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment

from embeddings.document import Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats.number_formats import displayed
from embeddings.files.formats.spreadsheet import read
from embeddings.files.limits import Limits


def document_of(folder: Path, fill: Callable[[Any], None]) -> Document:
    book = openpyxl.Workbook()
    fill(book)
    book.save(folder / "a.xlsx")
    return read(folder / "a.xlsx", Limits())


def shown(document: Document) -> list[tuple[str, str, int]]:
    """Kind, text and number of header rows of each block."""
    return [
        (block.kind, document.text[block.start : block.end], block.header_rows)
        for block in document.blocks
    ]


def test_values_are_as_the_cells_show_them(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.active
        sheet.title = "Fees"
        sheet.append(["Ship", "Due", "Fee", "Share", "Paid"])
        sheet.append(["Ada", datetime(2024, 3, 5), 1234.5, 0.256, True])
        sheet.append(["Bea", datetime(2024, 4, 1), 7, 0.5, False])
        for row in (2, 3):
            sheet.cell(row, 2).number_format = "d mmmm yyyy"
            sheet.cell(row, 3).number_format = '#,##0.00 "€"'
            sheet.cell(row, 4).number_format = "0.0%"

    assert shown(document_of(tmp_path, fill)) == [
        ("heading", "Fees", 0),
        (
            "table",
            "Ship\tDue\tFee\tShare\tPaid\nAda\t5 March 2024\t1,234.50 €\t25.6%\tTRUE\n"
            "Bea\t1 April 2024\t7.00 €\t50.0%\tFALSE",
            1,
        ),
    ]


def test_tables_of_a_sheet_are_parted_by_blank_rows_and_columns(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.active
        for row in (
            ["Harbour 2024"],
            [],
            ["Ship", "Tons", None, "Month", "Fee"],
            ["Ada", 12, None, "May", 5],
            ["Bea", 30, None, "June", 6],
            [],
            ["Pump", "Speed"],
            ["P1", 400],
        ):
            sheet.append(row)

    assert shown(document_of(tmp_path, fill)) == [
        ("paragraph", "Harbour 2024", 0),
        ("table", "Ship\tTons\nAda\t12\nBea\t30", 1),
        ("table", "Month\tFee\nMay\t5\nJune\t6", 1),
        ("table", "Pump\tSpeed\nP1\t400", 1),
    ]


def test_blank_row_inside_a_table_does_not_take_its_names(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        for row in (["Ship", "Tons"], ["Ada", 12], ["Bea", 30], [], ["Cleo", 7], ["Dora", 9]):
            book.active.append(row)

    assert shown(document_of(tmp_path, fill)) == [
        ("table", "Ship\tTons\nAda\t12\nBea\t30\nCleo\t7\nDora\t9", 1)
    ]


def test_merged_cells_are_repeated(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.active
        for row in (["Ship", "Summer", None], [None, "low", "high"], ["Ada", 1, 2], ["Bea", 3, 4]):
            sheet.append(row)
        sheet.append(["Cleo", 5, 6])
        sheet.append([None, 7, 8])
        sheet.merge_cells("B1:C1")
        sheet.merge_cells("A1:A2")
        sheet.merge_cells("A5:A6")

    assert shown(document_of(tmp_path, fill)) == [
        (
            "table",
            "Ship\tSummer\tSummer\nShip\tlow\thigh\nAda\t1\t2\nBea\t3\t4\nCleo\t5\t6\nCleo\t7\t8",
            2,
        )
    ]


HOURS: tuple[list[str | None], ...] = (
    ["Facility", "Opening hours", None, None],
    [None, "Summer", "Winter", "Holidays"],
    ["Tool shed", "8:00 to 20:00", "9:00 to 16:00", "closed"],
    ["Seed library", "10:00 to 18:00", "closed", "closed"],
)
HOURS_READ = (
    "table",
    "Facility\tOpening hours\tOpening hours\tOpening hours\nFacility\tSummer\tWinter\tHolidays\n"
    "Tool shed\t8:00 to 20:00\t9:00 to 16:00\tclosed\n"
    "Seed library\t10:00 to 18:00\tclosed\tclosed",
    2,
)


@pytest.mark.parametrize("above", [0, 1, 3])
def test_merged_cells_tell_a_header_of_words(tmp_path: Path, above: int) -> None:
    def fill(book: Any) -> None:
        sheet = book.active
        if above:
            sheet["A1"] = "Opening hours of the garden"
            sheet.merge_cells("A1:D1")
        for number, row in enumerate(HOURS, start=above + 1):
            for column, text in enumerate(row, start=1):
                sheet.cell(number, column).value = text
        sheet.merge_cells(f"B{above + 1}:D{above + 1}")
        sheet.merge_cells(f"A{above + 1}:A{above + 2}")

    title = [("paragraph", "Opening hours of the garden", 0)] if above else []
    assert shown(document_of(tmp_path, fill)) == [*title, HOURS_READ]


@pytest.mark.parametrize("blank", [0, 1, 2])
@pytest.mark.parametrize(
    ("titles", "areas"),
    [
        (["Rates of 2024"], ["A1:E1"]),
        (["Rates of 2024", "In euros for each night"], ["A1:E1", "A2:E2"]),
        (["Rates of 2024", None], ["A1:E2"]),
        (["Rates of 2024"], ["A1:G1"]),
        (["Rates of 2024"], ["A1:C1"]),
    ],
)
def test_merged_title_is_a_caption(
    tmp_path: Path, titles: list[str | None], areas: list[str], blank: int
) -> None:
    def fill(book: Any) -> None:
        sheet = book.active
        for title in titles:
            sheet.append([title])
        for _ in range(blank):
            sheet.append([None])
        sheet.append(["Boat", "Berth", "Summer", "Winter", "Owner"])
        sheet.append(["Ada", "B1", 20, 10, "Ane"])
        sheet.append(["Bea", "B2", 30, 15, "Bo"])
        for area in areas:
            sheet.merge_cells(area)

    assert shown(document_of(tmp_path, fill)) == [
        *(("paragraph", title, 0) for title in titles if title),
        (
            "table",
            "Boat\tBerth\tSummer\tWinter\tOwner\nAda\tB1\t20\t10\tAne\nBea\tB2\t30\t15\tBo",
            1,
        ),
    ]


@pytest.mark.parametrize("blank", [0, 1])
def test_merged_title_of_a_second_table_is_no_row_of_the_first(tmp_path: Path, blank: int) -> None:
    def fill(book: Any) -> None:
        sheet = book.active
        for title in ("Rates of 2024", "Rates of 2025"):
            sheet.append([title])
            sheet.merge_cells(f"A{sheet.max_row}:B{sheet.max_row}")
            for _ in range(blank):
                sheet.append([])
            for row in (["Boat", "Rate"], ["Ada", 20], [], ["Bea", 30], []):
                sheet.append(row)

    table = ("table", "Boat\tRate\nAda\t20\nBea\t30", 1)
    assert shown(document_of(tmp_path, fill)) == [
        ("paragraph", "Rates of 2024", 0),
        table,
        ("paragraph", "Rates of 2025", 0),
        table,
    ]


def test_merged_row_between_rows_of_a_table_stays_there(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.active
        for row in (["Boat", "Rate"], ["Ada", 20], [], ["Guests"], [], ["Bea", 30]):
            sheet.append(row)
        sheet.merge_cells("A4:B4")

    assert shown(document_of(tmp_path, fill)) == [
        ("table", "Boat\tRate\nAda\t20\nGuests\tGuests\nBea\t30", 1)
    ]


def test_merged_row_below_the_header_names_no_column(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.active
        rows = ["Item", "Price"], ["Fruit"], ["Apple", "3 euros"], ["Meat"], ["Ham", "9 euros"]
        for row in rows:
            sheet.append(row)
        sheet.merge_cells("A2:B2")
        sheet.merge_cells("A4:B4")

    (table,) = shown(document_of(tmp_path, fill))
    assert table[2] == 1


def test_row_of_equal_cells_that_are_not_merged_is_no_caption(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        book.active.append(["closed", "closed", "closed"])

    assert shown(document_of(tmp_path, fill)) == [("table", "closed\tclosed\tclosed", 0)]


def test_rows_below_a_blank_one_keep_the_names_of_a_merged_header(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.active
        for row in (*HOURS[:3], [None], HOURS[3]):
            sheet.append(row)
        sheet.merge_cells("B1:D1")
        sheet.merge_cells("A1:A2")

    assert shown(document_of(tmp_path, fill)) == [HOURS_READ]


def rewritten(path: Path, old: bytes, new: bytes) -> None:
    """Replace bytes in the first sheet of a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert old in parts[sheet]
    parts[sheet] = parts[sheet].replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def test_row_beyond_the_last_of_a_sheet_is_refused(tmp_path: Path) -> None:
    document_of(tmp_path, lambda book: book.active.append(["Ada"]))
    rewritten(tmp_path / "a.xlsx", b'"A1"', b'"A99999999999"')
    rewritten(tmp_path / "a.xlsx", b'<row r="1"', b'<row r="99999999999"')
    with pytest.raises(UnreadableFile, match="more than 1,048,576 rows"):
        read(tmp_path / "a.xlsx", Limits())


def test_hidden_sheets_and_charts_are_said_to_be_left_out(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.active
        for row in (["Ship", "Tons"], ["Ada", 12]):
            sheet.append(row)
        hidden = book.create_sheet("Secret")
        hidden.append(["not seen"])
        hidden.sheet_state = "hidden"
        chart = BarChart()
        chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=2), titles_from_data=True)
        sheet.add_chart(chart, "D1")

    document = document_of(tmp_path, fill)
    assert document.not_read == ("1 hidden sheet", "1 chart")
    assert "not seen" not in document.text and "Secret" not in document.text


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (None, "General", ""),
        (0.1 + 0.2, "General", "0.3"),
        (1e20, "General", "1e+20"),
        (-5, "0;(0)", "(5)"),
        (-5.5, "0.0", "-5.5"),
        (0, '0;-0;"none"', "0"),
        (12, "000", "012"),
        (1234567, "#,##0", "1,234,567"),
        (1234567, "#,##0,", "1,235"),
        (3.5, "0.##", "3.5"),
        (3, "0.##", "3"),
        (12, "[$€-407] 0.00", "€ 12.00"),
        (12, '0 "km/h"', "12 km/h"),
        (12, "0.00E+00", "12"),
        (0.5, "# ?/?", "0.5"),
        (datetime(2024, 3, 5), "mm-dd-yy", "2024-03-05"),
        (datetime(2024, 3, 5, 9, 7), "yyyy-mm-dd hh:mm", "2024-03-05 09:07"),
        (datetime(2024, 3, 5, 15, 7), "d.m.yyyy h:mm AM/PM", "5.3.2024 3:07 PM"),
        (datetime(2024, 3, 5), "[$-407]dddd, d. mmmm yyyy", "Tuesday, 5. March 2024"),
        (datetime(2024, 3, 5), '[$-C0A]d" de "mmmm" de "yyyy', "5 de March de 2024"),
        (datetime(2024, 3, 5).time(), "h:mm", "0:00"),
        (True, "General", "TRUE"),
    ],
)
def test_values_are_shown_by_their_formats(value: object, code: str, text: str) -> None:
    assert displayed(value, code) == text


def test_comments_on_cells_follow_their_sheet(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        for row in (["Ship", "Fee"], ["Ada", 12], ["Bea", 14]):
            book.active.append(row)
        book.active["B2"].comment = Comment("Only until May.", "Olga")

    assert shown(document_of(tmp_path, fill))[1:] == [
        ("paragraph", "Comment on B2: Only until May.", 0)
    ]
