"""What OpenDocument texts, spreadsheets and presentations become."""

import zipfile
from pathlib import Path

import pytest

from embeddings.document import Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats.open_document import read
from embeddings.files.limits import Limits

SPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("presentation", "presentation"),
        ("style", "style"),
    )
)


def document_of(folder: Path, body: str, styles: str = "") -> Document:
    with zipfile.ZipFile(folder / "a.odt", "w") as archive:
        archive.writestr(
            "content.xml",
            f"<office:document-content {SPACES}><office:automatic-styles>{styles}"
            f"</office:automatic-styles><office:body>{body}</office:body>"
            "</office:document-content>",
        )
    return read(folder / "a.odt", Limits())


def shown(document: Document) -> list[tuple[str, str, int]]:
    """Kind (and level, of headings), text and number of header rows of each block."""
    return [
        (
            f"{block.kind}{block.level or ''}",
            document.text[block.start : block.end],
            block.header_rows,
        )
        for block in document.blocks
    ]


def cell(text: str, attributes: str = "") -> str:
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


def row(*cells: str) -> str:
    return f"<table:table-row>{''.join(cells)}</table:table-row>"


COVERED = "<table:covered-table-cell/>"


def test_text_has_headings_lists_notes_and_boxes(tmp_path: Path) -> None:
    document = document_of(
        tmp_path,
        '<office:text><text:h text:outline-level="2">Fees</text:h>'
        "<text:p>Ada<text:s/>pays <text:span>12</text:span> euros"
        "<text:note><text:note-citation>1</text:note-citation><text:note-body>"
        "<text:p>For one night.</text:p></text:note-body></text:note>."
        "<text:line-break/>Bea pays 7.</text:p>"
        "<text:list><text:list-item><text:p>rope</text:p><text:list><text:list-item>"
        "<text:p>of hemp</text:p></text:list-item></text:list></text:list-item></text:list>"
        "<text:p>Here:<draw:frame><draw:text-box><text:p>In a box.</text:p></draw:text-box>"
        "</draw:frame><draw:frame><draw:image/></draw:frame></text:p>"
        "<text:table-of-content><text:index-body><text:p>Fees 1</text:p></text:index-body>"
        "</text:table-of-content></office:text>",
    )
    assert shown(document) == [
        ("heading2", "Fees", 0),
        ("paragraph", "Ada pays 12 euros[1].\nBea pays 7.", 0),
        ("list", "- rope\n- of hemp", 0),
        ("paragraph", "Here:", 0),
        ("paragraph", "In a box.", 0),
        ("furniture", "Fees 1", 0),
        ("paragraph", "[1] For one night.", 0),
    ]
    assert document.not_read == ("1 picture",)


def test_table_repeats_merged_cells(tmp_path: Path) -> None:
    rows = (
        "<table:table-header-rows>"
        + row(cell("Ship"), cell("Tons"), cell("Note"))
        + "</table:table-header-rows>"
        + row(cell("Ada", 'table:number-rows-spanned="2"'), cell("12"), cell("old"))
        + row(COVERED, cell("30", 'table:number-columns-spanned="2"'), COVERED)
    )
    body = f"<office:text><table:table>{rows}</table:table></office:text>"
    assert shown(document_of(tmp_path, body)) == [
        ("table", "Ship\tTons\tNote\nAda\t12\told\nAda\t30\t30", 1)
    ]


@pytest.mark.parametrize("kind", ["text", "spreadsheet"])
def test_merged_cells_tell_a_header_of_words(tmp_path: Path, kind: str) -> None:
    rows = (
        row(
            cell("Role", 'table:number-rows-spanned="2"'),
            cell("Duty", 'table:number-columns-spanned="2"'),
            COVERED,
        )
        + row(COVERED, cell("In port"), cell("At sea"))
        + row(cell("Mate"), cell("Oils"), cell("Steers"))
    )
    body = f'<office:{kind}><table:table table:name="Table1">{rows}</table:table></office:{kind}>'
    assert shown(document_of(tmp_path, body)) == [
        ("table", "Role\tDuty\tDuty\nRole\tIn port\tAt sea\nMate\tOils\tSteers", 2)
    ]


def test_merged_title_of_a_sheet_is_a_caption(tmp_path: Path) -> None:
    rows = (
        row(cell("Fees of 2024", 'table:number-columns-spanned="2"'), COVERED)
        + row("<table:table-cell/>")
        + row(cell("Ship"), cell("Fee"))
        + row(cell("Ada"), cell("12"))
    )
    body = (
        '<office:spreadsheet><table:table table:name="Table1">'
        f"{rows}</table:table></office:spreadsheet>"
    )
    assert shown(document_of(tmp_path, body)) == [
        ("paragraph", "Fees of 2024", 0),
        ("table", "Ship\tFee\nAda\t12", 1),
    ]


def test_sheets_end_where_their_cells_do(tmp_path: Path) -> None:
    rows = (
        row(cell("Ship"), cell("Tons"), '<table:table-cell table:number-columns-repeated="16382"/>')
        + row(cell("Ada"), cell("12"))
        + '<table:table-row table:number-rows-repeated="1048574"><table:table-cell/>'
        "</table:table-row>"
    )
    body = (
        f'<office:spreadsheet><table:table table:name="Fees">{rows}</table:table>'
        f'<table:table table:name="Hidden" table:style-name="h">{rows}</table:table>'
        "</office:spreadsheet>"
    )
    style = (
        '<style:style style:name="h"><style:table-properties table:display="false"/></style:style>'
    )
    document = document_of(tmp_path, body, style)
    assert shown(document) == [("heading2", "Fees", 0), ("table", "Ship\tTons\nAda\t12", 1)]
    assert document.not_read == ("1 hidden sheet",)


def test_slides_are_pages_with_their_titles_first(tmp_path: Path) -> None:
    def box(kind: str, text: str) -> str:
        return (
            f'<draw:frame presentation:class="{kind}"><draw:text-box><text:p>{text}</text:p>'
            "</draw:text-box></draw:frame>"
        )

    slides = "".join(
        f"<draw:page>{box('outline', f'Text {n}.')}{box('title', f'Title {n}')}"
        f"{box('footer', 'Foot')}</draw:page>"
        for n in (1, 2)
    )
    body = f"<office:presentation>{slides}</office:presentation>"
    document = document_of(tmp_path, body)
    assert document.text == "Title 1\n\nText 1.\n\nTitle 2\n\nText 2."
    assert document.page_at(document.text.index("Text 2")) == 2


def test_text_behind_a_comment_in_the_markup_is_kept(tmp_path: Path) -> None:
    body = (
        "<office:text><text:p>one<!-- no --> two<?no no?> three</text:p><text:list><!-- no -->"
        "<text:list-item><text:p>a<!-- no --> b</text:p></text:list-item></text:list></office:text>"
    )
    assert document_of(tmp_path, body).text == "one two three\n\n- a b"


def test_archive_without_content_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.odt", "w") as archive:
        archive.writestr("other.xml", "<a/>")
    with pytest.raises(UnreadableFile, match="is not a valid OpenDocument file"):
        read(tmp_path / "a.odt", Limits())


def test_what_is_inside_of_cells_follows_their_table(tmp_path: Path) -> None:
    inner = "<table:table><table:table-row>" + cell("Key") + cell("Olga") + "</table:table-row>"
    box = "<text:p><draw:frame><draw:text-box><text:p>Ring twice.</text:p></draw:text-box>"
    comment = "<office:annotation><text:p>Ask her first.</text:p></office:annotation>"
    nested = f"<table:table-cell>{comment}{box}</draw:frame></text:p>{inner}</table:table>"
    rows = [cell("Berth") + cell("Fee"), cell("14") + f"{nested}</table:table-cell>"]
    table = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    document = document_of(
        tmp_path, f"<office:text><table:table>{table}</table:table></office:text>"
    )
    texts = document.text.split("\n\n")
    assert sorted(texts[1:]) == ["Ask her first.", "Key\tOlga", "Ring twice."]
