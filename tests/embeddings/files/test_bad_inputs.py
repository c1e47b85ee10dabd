"""Files made to break readers: each gets a verdict in bounded time and memory.

Every file goes through the loader, as in use; afterwards the loader must still
read an ordinary one. The numbers in brackets are bytes of a file or what broken
readers did with one like it.
"""

import contextlib
import stat
import struct
import sys
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from random import Random

import docx
import psutil
import pytest
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from fpdf import FPDF

from embeddings.document import Document
from embeddings.errors import UnreadableFile
from embeddings.files.loading import DocumentLoader

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory")

MAX_SECONDS = 30.0
MAX_PARENT_BYTES = 300_000_000  # above what the test process had before

TOO_DEEP = "is nested too deeply to read"
TOO_LONG = "has more than 10,000,000 characters of text; split it"
NOT_TEXT = "is not text; it may have the wrong suffix"
NO_TEXT = "has no text"
ENCRYPTED = "is encrypted; remove its password first"
TOO_MUCH_MEMORY = "needs more than 1 GiB of memory, or is so damaged that it crashed its parser"


class Reader:
    """Reads files through one loader and measures what that costs."""

    def __init__(self, loader: DocumentLoader, folder: Path) -> None:
        self.loader = loader
        self.folder = folder

    def read(self, name: str, data: bytes) -> Document:
        path = self.folder / name
        path.write_bytes(data)
        before = psutil.Process().memory_info().rss
        started = time.monotonic()
        try:
            return self.loader.load(path)
        finally:
            assert time.monotonic() - started < MAX_SECONDS
            assert psutil.Process().memory_info().rss - before < MAX_PARENT_BYTES

    def reason(self, name: str, data: bytes) -> str:
        with pytest.raises(UnreadableFile) as caught:
            self.read(name, data)
        assert self.read("good.txt", b"Fifty tons.").text == "Fifty tons."
        return str(caught.value)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    with DocumentLoader() as loader:
        yield Reader(loader, tmp_path_factory.mktemp("bad"))


# Word documents

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
MAIN_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
Extra = tuple[str | zipfile.ZipInfo, str]


def word(parts: Iterable[str], doctype: str = "", extra: Iterable[Extra] = ()) -> bytes:
    """A Word document with that body; ``parts`` are written one after another."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/word/document.xml" ContentType="{MAIN_TYPE}"/>'
            + "".join(
                f'<Override PartName="/word/{kind}.xml" '
                f'ContentType="{MAIN_TYPE.replace("document.main", kind)}"/>'
                for kind in ("styles", "numbering")
            )
            + "</Types>",
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{OFFICE}/relationships/officeDocument" Target="word/document.xml"/>'
            "</Relationships>",
        )
        with archive.open("word/document.xml", "w") as document:
            document.write(f'{doctype}<w:document xmlns:w="{WORD}"><w:body>'.encode())
            for part in parts:
                document.write(part.encode())
            document.write(b"</w:body></w:document>")
        for name, data in extra:
            archive.writestr(name, data)
    return file.getvalue()


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


GOOD_WORD = word([paragraph("Fine")])


def cell(content: str, span: int = 1) -> str:
    properties = f'<w:tcPr><w:gridSpan w:val="{span}"/></w:tcPr>'
    return f"<w:tc>{properties}{content}</w:tc>"


def nested_tables(depth: int, content: str) -> str:
    """Tables in tables, each in a cell that covers all columns beside another cell."""
    for _ in range(depth):
        rows = f"<w:tr>{cell(content, 60)}{cell(paragraph('b'))}</w:tr>" * 2
        content = f"<w:tbl>{rows}</w:tbl>{paragraph('')}"
    return content


def test_merged_cells_of_nested_tables_do_not_multiply(reader: Reader) -> None:
    # [repeated in each column: 60 ** 8 times 100 characters]
    document = reader.read("a.docx", word([nested_tables(8, paragraph("x" * 100))]))
    assert len(document.text) < 2_000_000


def test_tall_merged_cells_are_counted_as_text(reader: Reader) -> None:
    wide = cell(paragraph("x" * 200_000), 60)
    assert reader.reason("a.docx", word([f"<w:tbl><w:tr>{wide}{wide}</w:tr></w:tbl>"])) == TOO_LONG


def test_documents_inside_documents_are_read_to_a_small_depth(reader: Reader) -> None:
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    inner = b""
    for depth in reversed(range(6)):
        source, file = docx.Document(), BytesIO()
        source.add_paragraph(f"Document {depth}.")
        if inner:
            part = Part(PackURI("/word/chunk.docx"), kind, inner, source.part.package)
            id = source.part.relate_to(part, f"{OFFICE}/relationships/aFChunk")
            chunk = OxmlElement("w:altChunk")
            chunk.set(qn("r:id"), id)
            source.element.body.insert(1, chunk)
        source.save(file)
        inner = file.getvalue()
    document = reader.read("a.docx", inner)
    assert document.text.split("\n\n") == [f"Document {depth}." for depth in range(4)]
    assert document.not_read == ("1 embedded document",)


def test_ordinary_word_document_made_here_is_read(reader: Reader) -> None:
    document = reader.read("a.docx", GOOD_WORD)
    assert (document.title, document.text) == ("a.docx", "Fine")


def test_truncated_word_document(reader: Reader) -> None:
    reason = reader.reason("a.docx", GOOD_WORD[: len(GOOD_WORD) // 2])
    assert reason == "is damaged or incomplete (File is not a zip file)"


@pytest.mark.slow
def test_word_document_that_unpacks_to_300_mb(reader: Reader) -> None:
    data = word([paragraph("x" * 1_000_000)] * 300)
    assert len(data) < 500_000
    assert reader.reason("a.docx", data) == "unpacks to more than 250 MB"


@pytest.mark.slow
def test_word_document_of_100_mb_text(reader: Reader) -> None:
    assert reader.reason("a.docx", word([paragraph("x" * 1_000_000)] * 100)) == TOO_LONG


@pytest.mark.slow
def test_word_document_of_400_000_empty_paragraphs(reader: Reader) -> None:
    assert reader.reason("a.docx", word(["<w:p/>" * 400_000])) == NO_TEXT


@pytest.mark.slow
def test_word_document_of_300_000_paragraphs(reader: Reader) -> None:
    document = reader.read("b.docx", word([paragraph("ab") * 300_000]))
    assert len(document.blocks) == 300_000


def test_archive_of_many_files(reader: Reader) -> None:
    extra = [(f"file{number}", "") for number in range(10_001)]
    assert reader.reason("a.docx", word([], extra=extra)) == "holds more than 10,000 files"


@pytest.mark.slow
def test_archive_that_lies_about_sizes(reader: Reader) -> None:
    data = bytearray(word([paragraph("x" * 1_000_000)] * 200))
    struct.pack_into("<I", data, data.rfind(b"PK\x01\x02") + 24, 100)  # APPNOTE 4.3.12
    reason = reader.reason("a.docx", bytes(data))
    assert reason.startswith("is damaged or not a valid Word document (BadZipFile: Bad CRC-32")


def test_archive_of_overlapping_files(reader: Reader) -> None:
    data = bytearray(GOOD_WORD)
    first = data.find(b"PK\x01\x02")
    second = data.find(b"PK\x01\x02", first + 4)
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    assert reader.reason("a.docx", bytes(data)) == "is unsafe: files inside it overlap"


@pytest.mark.parametrize("name", ["../evil.xml", "/etc/evil", "a/../../b", "..\\evil", "C:\\evil"])
def test_archive_with_names_that_lead_outside(reader: Reader, name: str) -> None:
    reason = reader.reason("a.docx", word([], extra=[(name, "")]))
    assert reason == "is unsafe: it holds a file whose name leads outside of it"


def test_archive_with_a_link(reader: Reader) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    reason = reader.reason("a.docx", word([], extra=[(link, "/etc/passwd")]))
    assert reason == "is unsafe: it holds a link in place of a file"


def test_archive_with_unbounded_compression(reader: Reader) -> None:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("word/document.xml", "x")
    reason = reader.reason("a.docx", file.getvalue())
    assert reason == "is compressed in an unusual way; save it again"


LAUGHS = (f'<!ENTITY e{number} "{f"&e{number - 1};" * 10}">' for number in range(1, 10))
BILLION_LAUGHS = f'<!DOCTYPE x [<!ENTITY e0 "ha">{"".join(LAUGHS)}]>'
EXTERNAL_ENTITY = '<!DOCTYPE x [<!ENTITY e9 SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("doctype", [BILLION_LAUGHS, EXTERNAL_ENTITY])
def test_word_document_with_entities(reader: Reader, doctype: str) -> None:
    data = word([paragraph("a &e9; b")], doctype=doctype)
    assert reader.reason("a.docx", data) == "is unsafe: it defines XML entities"


def test_word_document_nested_200_000_deep(reader: Reader) -> None:
    data = word(["<w:p>" * 200_000, "</w:p>" * 200_000])
    assert reader.reason("a.docx", data) == TOO_DEEP


OLE2 = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504)


def test_encrypted_word_document(reader: Reader) -> None:
    data = OLE2 + "EncryptedPackage".encode("utf-16-le")
    assert reader.reason("a.docx", data) == ENCRYPTED


def test_old_word_document_under_a_new_name(reader: Reader) -> None:
    data = OLE2 + "WordDocument".encode("utf-16-le")
    assert reader.reason("a.docx", data) == "is an old Office file; save it as .docx first"


def test_encrypted_archive(reader: Reader) -> None:
    data = bytearray(GOOD_WORD)
    data[data.find(b"PK\x01\x02") + 8] |= 1
    assert reader.reason("a.docx", bytes(data)) == ENCRYPTED


def test_book_with_entities_shows_nothing_of_this_machine(reader: Reader) -> None:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(
            "META-INF/container.xml",
            f"{EXTERNAL_ENTITY}<container><rootfiles><rootfile full-path='b.opf'/></rootfiles>"
            "</container>",
        )
        archive.writestr(
            "b.opf",
            f"{EXTERNAL_ENTITY}<package><metadata xmlns:dc='http://purl.org/dc/elements/1.1/'>"
            "<dc:title>A &e9; b</dc:title></metadata><manifest>"
            "<item id='a' href='a.html' media-type='text/html'/></manifest>"
            "<spine><itemref idref='a'/></spine></package>",
        )
        archive.writestr("a.html", f"{EXTERNAL_ENTITY}<body><p>Text &e9;</p></body>")
    document = reader.read("a.epub", file.getvalue())
    assert document.text == "Text &e9;"
    assert "root" not in document.title


# PDF files

CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<<%s>>>>"
PLAIN_PAGE = PAGE % b"/Font<</F 5 0 R>>"
TEXT = b"BT /F 12 Tf 72 700 Td (Hello aid) Tj ET"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(data), data)


def pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF of those objects, numbered from 1, the first of them its catalog."""
    file = b"%PDF-1.7\n"
    places = []
    for number, each in enumerate(objects, start=1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return file + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R%s>>\n"
        b"startxref\n%d\n%%%%EOF" % (size, table, size, trailer, len(file))
    )


GOOD_PDF = pdf(CATALOG, PAGES, PLAIN_PAGE, stream(TEXT), FONT)


def test_ordinary_pdf_made_here_is_read(reader: Reader) -> None:
    assert reader.read("a.pdf", GOOD_PDF).text == "Hello aid"


def test_truncated_pdf(reader: Reader) -> None:
    reason = reader.reason("a.pdf", GOOD_PDF[: len(GOOD_PDF) // 3])
    assert reason == "is damaged or not a valid PDF"


def test_encrypted_pdf(reader: Reader) -> None:
    made = FPDF()
    made.set_encryption(owner_password="owner", user_password="user")
    made.add_page()
    made.set_font("Helvetica")
    made.cell(text="secret")
    assert reader.reason("a.pdf", bytes(made.output())) == ENCRYPTED


def test_pdf_page_tree_with_a_cycle(reader: Reader) -> None:
    cycle = b"<</Type/Pages/Kids[3 0 R 2 0 R]/Count 5>>"
    document = reader.read("a.pdf", pdf(CATALOG, cycle, PLAIN_PAGE, stream(TEXT), FONT))
    assert document.text == "Hello aid"


def test_pdf_of_200_000_pages(reader: Reader) -> None:
    pages = b"<</Type/Pages/Kids[%s]/Count 200000>>" % (b"3 0 R " * 200_000)
    data = pdf(CATALOG, pages, PLAIN_PAGE, stream(TEXT), FONT)
    assert reader.reason("a.pdf", data) == "has more than 10,000 pages; split it"


def test_pdf_that_claims_two_billion_pages(reader: Reader) -> None:
    pages = b"<</Type/Pages/Kids[3 0 R]/Count 2000000000>>"
    document = reader.read("a.pdf", pdf(CATALOG, pages, PLAIN_PAGE, stream(TEXT), FONT))
    assert document.text == "Hello aid"


@pytest.mark.slow
def test_pdf_form_that_contains_itself(reader: Reader) -> None:
    page = PAGE % b"/Font<</F 5 0 R>>/XObject<</X 6 0 R>>"
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>"
    data = pdf(CATALOG, PAGES, page, stream(TEXT + b" /X Do"), FONT, stream(b"/X Do /X Do", form))
    assert reader.reason("a.pdf", data) == TOO_MUCH_MEMORY


@pytest.mark.slow
def test_pdf_compression_bomb(reader: Reader) -> None:
    compressor = zlib.compressobj(9)
    packed = b"".join(compressor.compress(b" " * 1_000_000) for _ in range(1_000))
    content = stream(packed + compressor.flush(), b"/Filter/FlateDecode")
    data = pdf(CATALOG, PAGES, PLAIN_PAGE, content, FONT)
    assert len(data) < 2_000_000
    assert reader.reason("a.pdf", data) == TOO_MUCH_MEMORY


def test_pdf_with_a_circular_cross_reference(reader: Reader) -> None:
    data = GOOD_PDF.replace(b"/Root 1 0 R", b"/Root 1 0 R/Prev %d" % GOOD_PDF.index(b"xref"))
    assert reader.read("a.pdf", data).text == "Hello aid"


def test_pdf_with_a_circular_outline(reader: Reader) -> None:
    catalog = b"<</Type/Catalog/Pages 2 0 R/Outlines 6 0 R>>"
    outline = b"<</Type/Outlines/First 7 0 R/Last 7 0 R>>"
    item = b"<</Title(a)/Parent 6 0 R/Next 7 0 R/First 7 0 R>>"
    data = pdf(catalog, PAGES, PLAIN_PAGE, stream(TEXT), FONT, outline, item)
    assert reader.read("a.pdf", data).text == "Hello aid"


def test_pdf_metadata_with_an_entity_bomb(reader: Reader) -> None:
    catalog = b"<</Type/Catalog/Pages 2 0 R/Metadata 6 0 R>>"
    metadata = stream(BILLION_LAUGHS.encode() + b"<x>&e9;</x>", b"/Type/Metadata/Subtype/XML")
    data = pdf(catalog, PAGES, PLAIN_PAGE, stream(TEXT), FONT, metadata)
    assert reader.read("a.pdf", data).text == "Hello aid"


def test_scanned_pdf(reader: Reader) -> None:
    data = pdf(CATALOG, PAGES, PLAIN_PAGE, stream(b"0 0 100 100 re f"), FONT)
    reason = reader.reason("a.pdf", data)
    assert reason.startswith("has no text on its 1 page (scanned?); ")
    assert "set QA_OCR, to eng for English," in reason


# Files that are not what they are called


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.txt", NOT_TEXT),
        ("a.md", NOT_TEXT),
        ("a.html", NOT_TEXT),
        ("a.csv", NOT_TEXT),
        ("a.pdf", "is damaged or not a valid PDF"),
        ("a.docx", "is not a valid Word document"),
        ("a.pptx", "is not a valid PowerPoint presentation"),
        ("a.epub", "is not a valid EPUB book"),
        ("a.xlsx", "is not a valid Excel workbook"),
        ("a.odt", "is not a valid OpenDocument file"),
        ("a.rst", NOT_TEXT),
        ("a.ipynb", NOT_TEXT),
        ("a.eml", "is not a valid e-mail message"),
        ("a.rtf", "is not a valid RTF document"),
        ("a.bin", "has an unsupported format (.bin)"),
    ],
)
def test_program_under_another_name(reader: Reader, name: str, reason: str) -> None:
    program = b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 40
    assert reader.reason(name, program) == reason


def test_file_that_is_both_pdf_and_archive_is_what_it_is_called(reader: Reader) -> None:
    assert reader.read("a.pdf", GOOD_PDF + GOOD_WORD).text == "Hello aid"
    assert reader.reason("a.docx", GOOD_PDF + GOOD_WORD) == "is not a valid Word document"


def test_word_document_as_a_presentation(reader: Reader) -> None:
    reason = reader.reason("a.pptx", GOOD_WORD)
    assert reason.startswith("is damaged or not a valid PowerPoint presentation (ValueError: ")
    assert str(reader.folder) not in reason


# Web pages and Markdown


def test_page_of_200_000_comment_openings(reader: Reader) -> None:
    assert reader.reason("a.html", b"<!--" * 200_000) == NO_TEXT
    assert reader.read("b.html", b"<p>Text</p>" + b"<!--" * 200_000).text == "Text"


@pytest.mark.parametrize(
    "tag", [b"<div>", b"<b>", b"<table><tr><td>", b"<ul><li>x", b"<blockquote>"]
)
def test_page_nested_200_000_deep(reader: Reader, tag: bytes) -> None:
    assert reader.reason("a.html", tag * 200_000 + b"text") == TOO_DEEP


@pytest.mark.slow
def test_page_of_90_000_marked_words(reader: Reader) -> None:
    assert reader.read("a.html", b"<p>" + b"<b>a</b> " * 90_000).text == "a " * 89_999 + "a"


@pytest.mark.slow
def test_page_of_300_000_paragraphs(reader: Reader) -> None:
    assert len(reader.read("a.html", b"<p>a b</p>" * 300_000).blocks) == 300_000


@pytest.mark.slow
def test_markdown_of_50_000_brackets(reader: Reader) -> None:
    assert reader.read("a.md", b"[" * 50_000).text == "[" * 50_000


@pytest.mark.parametrize(
    "data",
    [
        b"> " * 50_000 + b"x",
        b"- " * 5_000 + b"x",
        b"".join(b"  " * i + b"- x\n" for i in range(999)),
    ],
)
def test_markdown_nested_deep(reader: Reader, data: bytes) -> None:
    assert reader.reason("a.md", data) == TOO_DEEP


@pytest.mark.slow
@pytest.mark.parametrize(
    "data", [b"*a_ " * 100_000, b"<a " * 100_000, b"a" + b"`" * 99_999, b"![a](" * 20_000]
)
def test_markdown_of_unfinished_marks(reader: Reader, data: bytes) -> None:
    assert len(reader.read("a.md", data).text) > len(data) / 2


def test_markdown_of_unfinished_comments(reader: Reader) -> None:
    assert reader.reason("a.md", b"<!--" * 100_000) == NO_TEXT


# Workbooks, notebooks and marked text


def workbook(rows: str, besides: str = "") -> bytes:
    """A workbook of one sheet with those rows."""
    spreadsheet = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-'
        'officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{OFFICE}/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{spreadsheet}" xmlns:r="{OFFICE}/relationships">'
        '<sheets><sheet name="Fees" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{OFFICE}/relationships/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{spreadsheet}"><sheetData>{rows}'
        f"</sheetData>{besides}</worksheet>",
    }
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return file.getvalue()


CELL = '<row r="{row}"><c r="{at}{row}"><v>7</v></c></row>'


def test_workbook_with_a_single_cell_in_its_last_corner(reader: Reader) -> None:
    assert reader.read("a.xlsx", workbook(CELL.format(row=1_048_576, at="XFD"))).text == "Fees\n\n7"


def test_workbook_whose_rows_all_reach_the_last_column(reader: Reader) -> None:
    rows = "".join(CELL.format(row=row, at="XFD") for row in range(1, 2_000))
    assert reader.reason("a.xlsx", workbook(rows)) == TOO_LONG


def test_workbook_of_merged_cells_over_one_another(reader: Reader) -> None:
    merged = '<mergeCell ref="A1:XFD1048576"/>' * 10_000
    rows = "".join(CELL.format(row=row, at="A") for row in range(1, 1_000))
    data = workbook(rows, f"<mergeCells>{merged}</mergeCells>")
    with contextlib.suppress(UnreadableFile):
        reader.read("a.xlsx", data)


def test_truncated_workbook(reader: Reader) -> None:
    data = workbook(CELL.format(row=1, at="A"))
    assert reader.reason("a.xlsx", data[: len(data) // 2]) == (
        "is damaged or incomplete (File is not a zip file)"
    )


def test_workbook_that_defines_entities(reader: Reader) -> None:
    data = workbook(CELL.format(row=1, at="A"))
    with zipfile.ZipFile(BytesIO(data)) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    parts["xl/worksheets/sheet1.xml"] = b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    assert reader.reason("a.xlsx", file.getvalue()) == "is unsafe: it defines XML entities"


def open_document(body: str, manifest: str = "<manifest/>") -> bytes:
    """An OpenDocument file with that body."""
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "text", "table")
    )
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body>{body}</office:body>"
            "</office:document-content>",
        )
    return file.getvalue()


def test_encrypted_open_document(reader: Reader) -> None:
    data = open_document("", "<manifest><encryption-data/></manifest>")
    assert reader.reason("a.odt", data) == ENCRYPTED


def test_open_document_of_cells_repeated_over_and_over(reader: Reader) -> None:
    cell = '<table:table-cell table:number-columns-repeated="16384"><text:p>x</text:p>'
    row = f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-cell>'
    body = f"<table:table>{row}</table:table-row></table:table>"
    data = open_document(f"<office:spreadsheet>{body * 10}</office:spreadsheet>")
    assert len(reader.read("a.ods", data).text) < 2_000_000


def test_open_document_nested_deep(reader: Reader) -> None:
    depth = 5_000
    text = "<text:section>" * depth + "<text:p>a</text:p>" + "</text:section>" * depth
    assert reader.reason("a.odt", open_document(f"<office:text>{text}</office:text>")) == TOO_DEEP


def test_truncated_open_document(reader: Reader) -> None:
    assert reader.reason("a.odt", open_document("<office:text/>")[:300]) == (
        "is damaged or incomplete (File is not a zip file)"
    )


def test_notebook_nested_deep(reader: Reader) -> None:
    assert reader.reason("a.ipynb", b"[" * 200_000) == TOO_DEEP


def test_marked_text_nested_deep(reader: Reader) -> None:
    text = "\n\n".join(" " * depth + "- a" for depth in range(0, 2_000, 2))
    with pytest.raises(UnreadableFile):
        reader.read("a.rst", text.encode())


def test_rich_text_nested_deep(reader: Reader) -> None:
    data = b"{\\rtf1 " + b"{" * 200_000 + b"Fifty tons." + b"}" * 200_000 + b"}"
    assert reader.read("a.rtf", data).text == "Fifty tons."


def test_message_of_many_parts(reader: Reader) -> None:
    parts = b"--b\nContent-Type: text/plain\n\na\n" * 3_000
    head = b'Subject: Aid\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n'
    document = reader.read("a.eml", head + parts + b"--b--\n")
    assert document.text.startswith("Subject\tAid\n\na")
    assert document.not_read == ("2,000 attachments",)


# Plain text and tables of values


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["txt", "md", "csv", "html"])
def test_one_line_of_50_mb(reader: Reader, suffix: str) -> None:
    assert reader.reason(f"a.{suffix}", b"x" * 50_000_000) == TOO_LONG


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["txt", "md"])
def test_one_line_of_9_mb(reader: Reader, suffix: str) -> None:
    assert reader.read(f"a.{suffix}", b"x" * 9_000_000).text == "x" * 9_000_000


def test_values_with_a_quote_that_never_ends(reader: Reader) -> None:
    text = reader.read("a.csv", b'"' + b"a,b\n" * 200_000).text
    assert text == ("a,b " * 200_000).strip()


def test_values_with_100_000_columns(reader: Reader) -> None:
    header = ",".join(f"h{number}" for number in range(100_000))
    text = reader.read("a.csv", f"{header}\n{'x,' * 99_999}x\n".encode()).text
    assert text.startswith("h0\th1\t") and text.endswith("\tx")


@pytest.mark.slow
def test_values_of_600_000_rows(reader: Reader) -> None:
    document = reader.read("a.csv", b"1,2\n" * 600_000)
    assert [block.kind for block in document.blocks] == ["table"]
    assert len(document.text) == 4 * 600_000 - 1


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"A few bad \xff bytes, \xc3\xa9\xc3\xa8\xc3\xa0", "A few bad \ufffd bytes, éèà"),
        ("No mark\n\nhere".encode("utf-16-le"), "No mark\n\nhere"),
        (b"A NUL\0 inside of a text", "A NUL inside of a text"),
        ("Помощь была отправлена в Сирию".encode("cp1251"), "Помощь была отправлена в Сирию"),
        ("left \u202eright\u202c".encode(), "left right"),
        ("zero\u200bwidth \u05e9\u05dc\u05d5\u05dd p\u0430y".encode(), "zerowidth שלום p\u0430y"),
    ],
)
def test_unusual_text_is_read(reader: Reader, data: bytes, text: str) -> None:
    assert reader.read("a.txt", data).text == text


def test_random_bytes_are_not_text(reader: Reader) -> None:
    # The same in every run: one in 40,000 of the short ones would do as text. The bytes of seed 33
    # hold so few control characters that a code page is looked for, and none is found.
    for seed, size in ((0, 100), (33, 100), (1, 5_000), (2, 200_000)):
        assert reader.reason("a.txt", Random(seed).randbytes(size)) == NOT_TEXT
