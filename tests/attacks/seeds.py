"""Seeds: small valid files of every format that is read, made by code, from which others grow."""

import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO

import docx
import openpyxl
import pptx
from fpdf import FPDF, TextStyle
from pptx.util import Inches

from embeddings.files.formats import FORMATS

CREATED = datetime(2024, 2, 7, 12, 0, tzinfo=UTC)

PLAIN = (
    "Aid to Syria\n\nFifty tons were sent in February 2023.\nAll of it came.\n\n"
    "- tents\n- food\n  for families\n\nÇa coûte 41 €, “quoted” — нет, 援助。\n"
)

MARKED = (
    '---\ntitle: "Aid report"\ndate: 2024\n---\n# Aid *sent*\n\nFifty **tons** of [aid](http://x) '
    "and `code` ![a map](i.png)\nnext &amp; <b>raw</b>.\n\n<div>Some <i>HTML</i><!-- no --></div>"
    "\n\n- one\n- two\n\n  more\n  - inner\n    1. deep\n\n| A | B |\n|---|---|\n| 1 | **2** |\n\n"
    "```py\nx = 1\n```\n\n> quoted\n> > twice\n\nBelow\n-----\n\n[ref]: http://y 'title'\n"
)

WEB = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Aid to Syria</title>
<style>p {color: red}</style></head><body><nav><a href="/">Home</a></nav><article><h1>Aid sent</h1>
<p>Fifty <b>tons</b> of aid were <a href="x">sent to Syria</a> in February&nbsp;2023.<br>All.</p>
<h2 style="display:none" aria-hidden="true">Hidden</h2><ul><li>tents<ul><li>for families</li></ul>
</li></ul><table><tr><th>A</th><td colspan="2">1</td></tr></table><pre>x = 1</pre>
<p>The organisation has forty-one members, and its seat is in Astana, Kazakhstan's capital.</p>
</article><script>no()</script></body></html>"""

TABLE = 'name,founded,"members, all"\nIOFS,2013,41\n"OTS ""Turkic""",2009,5\n\nCICA,1992,28\n'

STRUCTURED = (
    "Aid\n===\n\n:Author: Ada\n\nFifty *tons* were sent to `Syria <http://x>`_.\n\n"
    "- tents\n\n  1. red\n\n"
    "term\n   meaning\n\n+---+---+\n| A | B |\n+===+===+\n| 1 | 2 |\n+---+---+\n\n"
    ".. note:: All of it.\n\n.. image:: x.png\n\n::\n\n   x = 1\n"
)

NOTEBOOK = (
    '{"cells": [{"cell_type": "markdown", "source": ["# Aid\\n", "Fifty tons."]}, {"cell_type": '
    '"code", "source": "x = 1", "outputs": [{"output_type": "stream", "text": ["41\\n"]}]}], '
    '"metadata": {"title": "Aid"}, "nbformat": 4, "nbformat_minor": 5}'
)

MESSAGE = (
    "From: =?utf-8?q?Ada_=C3=89?= <ada@example.org>\nTo: b@example.org\nSubject: Aid\n"
    "Date: Tue, 05 Mar 2024 10:00:00 +0100\nMIME-Version: 1.0\n"
    'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain; charset=utf-8\n'
    "Content-Transfer-Encoding: quoted-printable\n\nFifty tons were sent.\n--b\n"
    'Content-Type: text/csv\nContent-Disposition: attachment; filename="a.csv"\n'
    "Content-Transfer-Encoding: base64\n\nQSxCCjEsMgo=\n--b--\n"
)

RICH = (
    r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\info{\title Aid}}\pard\b Fifty tons\b0  were "
    r"sent, caf\'e9 \u8364? 5.\par\trowd\cellx1000\cellx2000 A\cell 1\cell\row\pard The end.\par}"
)


def pdf() -> bytes:
    """Two pages with headings, a table and an outline."""
    made = FPDF(format="A4", unit="mm")
    made.set_creation_date(CREATED)
    made.set_title("Aid")
    made.set_section_title_styles(TextStyle("Helvetica", "B", 18), TextStyle("Helvetica", "B", 14))
    for number in (1, 2):
        made.add_page()
        made.set_font("Helvetica", size=11)
        made.start_section(f"Part {number}", level=0)
        made.multi_cell(0, 6, "Fifty tons of aid were sent to Syria. " * 5)
        with made.table() as table:
            for row in (("name", "members"), ("IOFS", "41")):
                table.row(row)
    return bytes(made.output())


def word() -> bytes:
    """A heading, paragraphs, a list and a table."""
    made = docx.Document()
    made.add_heading("Aid sent", 1)
    made.add_paragraph("Fifty tons were sent to Syria.").add_run(" All of it.").bold = True
    made.add_paragraph("tents", style="List Bullet")
    table = made.add_table(2, 2)
    for at, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = f"cell {at}"
    return _saved(made.save)


def slides() -> bytes:
    """Two slides, with a table and notes."""
    made = pptx.Presentation()
    for number in (1, 2):
        slide = made.slides.add_slide(made.slide_layouts[1])
        slide.shapes.title.text = f"Aid {number}"
        slide.placeholders[1].text_frame.text = "Fifty tons were sent."
        slide.notes_slide.notes_text_frame.text = "All of it came."
    shape = slide.shapes.add_table(2, 2, Inches(1), Inches(1), Inches(4), Inches(1))
    shape.table.cell(0, 0).text = "IOFS"
    return _saved(made.save)


def open_document() -> bytes:
    """A heading, a paragraph with a note, a list and a table with merged cells."""
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "text", "table")
    )
    content = (
        f"<office:document-content {spaces}><office:body><office:text>"
        '<text:h text:outline-level="1">Aid</text:h><text:p>Fifty tons<text:note>'
        "<text:note-citation>1</text:note-citation><text:note-body><text:p>All.</text:p></text:note-body></text:note>"
        "</text:p><text:list><text:list-item><text:p>tents</text:p></text:list-item></text:list>"
        '<table:table><table:table-row><table:table-cell table:number-rows-spanned="2"><text:p>A'
        '</text:p></table:table-cell><table:table-cell table:number-columns-repeated="2"><text:p>1'
        "</text:p></table:table-cell></table:table-row><table:table-row><table:covered-table-cell/>"
        "<table:table-cell><text:p>2</text:p></table:table-cell></table:table-row></table:table>"
        "</office:text></office:body></office:document-content>"
    )
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), "application/vnd.oasis.opendocument.text")
        archive.writestr(zipfile.ZipInfo("content.xml"), content)
    return made.getvalue()


def workbook() -> bytes:
    """Two sheets, with formats, merged cells and a hidden sheet."""
    made = openpyxl.Workbook()
    for name, state in (("Aid", "visible"), ("Hidden", "hidden")):
        sheet = made.create_sheet(name)
        for row in (["Fifty tons"], ["name", "members", "since"], ["IOFS", 41, CREATED.date()]):
            sheet.append(row)
        sheet["B3"].number_format = "#,##0.00"
        sheet.merge_cells("A1:C1")
        sheet.sheet_state = state
    return _saved(made.save)


def book() -> bytes:
    """Two chapters, with metadata."""
    chapter = (
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>One</title></head>'
        "<body><h1>Aid {}</h1><p>Fifty tons were <em>sent</em>.</p></body></html>"
    )
    parts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:'
        'container" version="1.0"><rootfiles><rootfile full-path="OEBPS/a.opf" '
        'media-type="application/oebps-package+xml"/></rootfiles></container>',
        "OEBPS/a.opf": '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Aid</dc:title></metadata><manifest>'
        '<item id="b" href="b.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="b"/><itemref idref="c"/></spine></package>',
        "OEBPS/b.xhtml": chapter.format(1),
        "OEBPS/c.xhtml": chapter.format(2),
    }
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part)
    return made.getvalue()


# Says when an Office file was written; an empty one is none.
_MODIFIED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def _saved(save: Callable[[BytesIO], object]) -> bytes:
    """An archive with the same bytes whenever it is made: it has no date, nor has a member."""
    made, dateless = BytesIO(), BytesIO()
    save(made)
    with zipfile.ZipFile(made) as archive, zipfile.ZipFile(dateless, "w") as copy:
        for name in archive.namelist():
            content = _MODIFIED.sub(rb"\g<1>", archive.read(name))
            copy.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return dateless.getvalue()


def seeds() -> dict[str, bytes]:
    """A file for each suffix that is read."""
    made = {
        "text file": PLAIN.encode(),
        "Markdown file": MARKED.encode(),
        "web page": WEB.encode(),
        "PDF": pdf(),
        "Word document": word(),
        "PowerPoint presentation": slides(),
        "EPUB book": book(),
        "table of values": TABLE.encode(),
        "OpenDocument file": open_document(),
        "Excel workbook": workbook(),
        "reStructuredText file": STRUCTURED.encode(),
        "Jupyter notebook": NOTEBOOK.encode(),
        "e-mail message": MESSAGE.encode(),
        "RTF document": RICH.encode(),
    }
    return {suffix: made[format.name] for format in FORMATS for suffix in format.suffixes}
