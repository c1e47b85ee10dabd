"""What tables of values become: one table, whose first rows may name its columns."""

import time
from pathlib import Path

import pytest

from embeddings.document import Document
from embeddings.files.formats import format_of
from embeddings.files.limits import Limits


def document_of(folder: Path, text: str | bytes, name: str = "a.csv") -> Document:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    format = format_of(path)
    assert format is not None
    return format.read(path, Limits())


def shown(document: Document) -> list[tuple[str, str, int]]:
    """Kind, text and number of header rows of each block."""
    return [
        (block.kind, document.text[block.start : block.end], block.header_rows)
        for block in document.blocks
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_rows_are_read_with_any_delimiter(tmp_path: Path, delimiter: str) -> None:
    rows = [["Country", "Tons", "Note"], ["Syria", "50", '"tents, food"'], ["Peru", "", '"3; 4"']]
    document = document_of(tmp_path, "\n".join(delimiter.join(row) for row in rows))
    assert shown(document) == [
        ("table", "Country\tTons\tNote\nSyria\t50\ttents, food\nPeru\t\t3; 4", 1)
    ]


def test_values_without_column_names_are_rows(tmp_path: Path) -> None:
    assert shown(document_of(tmp_path, "Syria,50\nPeru,60\n")) == [
        ("table", "Syria\t50\nPeru\t60", 0)
    ]


def test_only_column_names_are_text_too(tmp_path: Path) -> None:
    assert document_of(tmp_path, "Country,Tons\n").text == "Country\tTons"


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("sep=;\nShip;Tons\nAda;1,5\n", "Ship\tTons\nAda\t1,5"),
        ("sep=^\nShip^Tons\nAda^1,5\n", "Ship\tTons\nAda\t1,5"),
        ("Ship;Tons;Price\nAda;1,5;2,50\nBea;3,5;4,75\n", "Ship\tTons\tPrice"),
        ("Ship,Tons,Flags\nAda,12,a|b\nBea,30,c|d\n", "Ship\tTons\tFlags"),
        ('Ship,Note\nAda,"red\nand tall"\nBea,"small, ""old"""\n', 'Bea\tsmall, "old"'),
        ('Ship,Note\r\nAda,"red\r\nand tall"\r\nBea,x\r\n', "Ada\tred and tall"),
        ("Ship,Note\rAda,red\rBea,blue\r", "Ada\tred\nBea\tblue"),
        ("Ship,Tons,Price\nAda,12\nBea,30,4,5\nCleo,9,2\n", "Ada\t12\nBea\t30\t4\t5"),
    ],
)
def test_files_of_all_habits_are_parted_rightly(tmp_path: Path, text: str, rows: str) -> None:
    assert rows in document_of(tmp_path, text).text


def test_comments_above_the_rows_are_paragraphs(tmp_path: Path) -> None:
    text = "# Ships of the lake\n# in 2024\nShip,Tons\nAda,12\nBea,30\n"
    assert shown(document_of(tmp_path, text)) == [
        ("paragraph", "Ships of the lake", 0),
        ("paragraph", "in 2024", 0),
        ("table", "Ship\tTons\nAda\t12\nBea\t30", 1),
    ]
    assert shown(document_of(tmp_path, "#Ship,Tons\nAda,12\nBea,30\n")) == [
        ("table", "#Ship\tTons\nAda\t12\nBea\t30", 1)
    ]


@pytest.mark.parametrize(
    ("text", "header_rows"),
    [
        ("Country,2023,2024\nPeru,1,2\nChad,3,4\n", 1),
        (",2023,2024\nPeru,1,2\nChad,3,4\n", 1),
        ("Week,1,2,3,4\nAda,9,30,12,44\nBea,7,18,80,2\n", 1),
        ("Ship,,Price,Price\nAda,x,1,2\nBea,y,3,4\n", 1),
        ("Pump,Pressure,Speed\n,bar,rpm\nP1,40,410\nP2,71,258\n", 2),
        (",Summer,Summer,Winter,Winter\nShip,low,high,low,high\nAda,1,2,3,4\nBea,5,6,7,8\n", 2),
        ("Ada,12,red\nBea,30,blue\nCleo,7,red\n", 0),
        ("name,city\nAda,Lund\nBea,Ystad\n", 1),
        ("month,price\n2024-01-01,free\n2024-02-01,closed\n", 1),
        ("symbol,code\nAda,AX-1\nBea,BX-2\n", 1),
        ("2021,5\n2022,7\n2023,9\n", 0),
        ("Ship,Tons,Note\nAda,n/a,old\nBea,30,new\n", 1),
    ],
)
def test_rows_of_column_names_are_found(tmp_path: Path, text: str, header_rows: int) -> None:
    assert document_of(tmp_path, text).blocks[-1].header_rows == header_rows


def test_titles_above_the_column_names_are_paragraphs(tmp_path: Path) -> None:
    text = "Ships of the lake,,,,\nCreated,2024-05-01,,,\nShip,A,B,C,D\nAda,1,2,3,4\nBea,5,6,7,8\n"
    assert shown(document_of(tmp_path, text)) == [
        ("paragraph", "Ships of the lake", 0),
        ("paragraph", "Created 2024-05-01", 0),
        ("table", "Ship\tA\tB\tC\tD\nAda\t1\t2\t3\t4\nBea\t5\t6\t7\t8", 1),
    ]


def test_many_comments_take_linear_time(tmp_path: Path) -> None:
    text = "# Ships of the lake\n" * 2_000 + "Ship,Tons\n" + "Ada,30\n" * 100_000
    start = time.perf_counter()
    document = document_of(tmp_path, text)
    assert time.perf_counter() - start < 20
    assert len(document.blocks) == 2_001
