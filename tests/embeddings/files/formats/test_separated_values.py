"""What tables of values become: one table, whose first rows may name its columns."""

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
