"""What text comes out of a file of each format, block by block."""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pptx
import pytest
from docx.oxml import parse_xml
from hypothesis import given
from hypothesis import strategies as st
from pptx.util import Inches

from embeddings.document import LONGEST_TITLE, Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats import FORMATS, format_of
from embeddings.files.formats.decoding import decode
from embeddings.files.limits import Limits
from tests.builders import shown

Read = Callable[[str, str | bytes], Document]
Shown = list[tuple[str, str]]


def read_path(path: Path) -> Document:
    format = format_of(path)
    assert format is not None
    return format.read(path, Limits())


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads content as a file of that name."""

    def write_and_read(name: str, content: str | bytes) -> Document:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_path(path)

    return write_and_read


def test_registry_finds_formats_by_suffix_in_any_case() -> None:
    suffixes = [suffix for each in FORMATS for suffix in each.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert [format_of(Path(f"a{suffix.upper()}")) for suffix in suffixes] == [
        each for each in FORMATS for _ in each.suffixes
    ]
    assert format_of(Path("a.exe")) is None


def test_registry_imports_no_library() -> None:
    code = """
import sys, embeddings.files.formats, embeddings.files.loading
heavy = {"lxml", "docx", "pptx", "pypdfium2", "markdown_it", "charset_normalizer"}
print(sorted(heavy & set(sys.modules)))
"""
    root = Path(__file__).resolve().parents[4]
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert found.stdout == "[]\n"


# Text


RUSSIAN = "Казахстан направил пятьдесят тонн гуманитарной помощи в Сирию. Это много."
FRENCH = "L'été dernier, le Kazakhstan a envoyé cinquante tonnes d'aide, déjà utilisée. Où ?"
TURKISH = "Kazakistan elli ton insani yardım gönderdi; güçlü deprem ağır hasar bıraktı, çok kişi."
JAPANESE = "カザフスタンはシリアに五十トンの人道支援を送りました。"
ENCODED = [
    ("Aid", "utf-8-sig"),
    ("Aid", "utf-16"),
    ("Aid", "utf-32"),
    ("Fifty tons", "utf-16-le"),
    ("Fifty tons", "utf-16-be"),
    ("Fifty tons", "utf-32-le"),
    ("Fifty tons", "utf-32-be"),
    (RUSSIAN, "utf-16-le"),
    (RUSSIAN, "utf-16-be"),
    (RUSSIAN, "cp1251"),
    (RUSSIAN, "koi8-r"),
    (FRENCH, "cp1252"),
    ("café", "cp1252"),
    ("“Quoted” — it’s", "cp1252"),
    (TURKISH, "cp1254"),
    (JAPANESE, "cp932"),
    ("哈萨克斯坦向叙利亚运送了五十吨人道主义援助物资。", "gb18030"),
]


@pytest.mark.parametrize(("text", "encoding"), ENCODED)
def test_encodings_are_detected(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_damaged_bytes_do_not_change_the_encoding_of_the_rest() -> None:
    assert decode("Où étaient-ils déjà ?".encode() + b" \xff end") == (
        "Où étaient-ils déjà ? \ufffd end"
    )


@given(st.text(max_size=200))
def test_any_utf8_text_is_decoded_exactly_or_is_binary(text: str) -> None:
    data = text.encode("utf-8", "ignore")
    try:
        decoded = decode(data)
    except UnreadableFile:
        assert any(not character.isprintable() or character == "\ufffd" for character in text)
        return
    # A byte-order mark, or zeros between all letters, rightly mean something else.
    if "\0" not in text and not text.startswith(("\ufeff", "\ufffe")):
        assert decoded == data.decode()


# Markdown


def test_markdown_shows_what_a_reader_of_the_page_sees(read: Read) -> None:
    document = read(
        "a.md",
        '---\ntitle: "Aid report"\ndate: 2024\n---\n'
        "# Aid *sent*\n\n"
        "Fifty **tons** of [aid](http://x) and `code` ![a map](i.png)\nnext &amp; <b>raw</b>.\n\n"
        "<div>Some <i>HTML</i><!-- no --><script>no()</script></div>\n\n"
        "- one\n- two\n\n  more\n  - inner\n    1. deep\n    2. deeper\n\n"
        "3) c\n4) d\n\n"
        "| A | B |\n|---|---|\n| 1 | **2** |\n\n"
        "```py\nx = 1\n\ny = 2\n```\n\n"
        "> quoted\n\nBelow\n-----\n",
    )
    assert document.title == "Aid report"
    assert shown(document) == [
        ("table", "date\t2024"),
        ("heading1", "Aid sent"),
        ("paragraph", "Fifty tons of aid (http://x) and code a map next & raw."),
        ("paragraph", "Some HTML"),
        ("list", "- one\n- two\nmore\n- inner\n1. deep\n2. deeper"),
        ("list", "3) c\n4) d"),
        ("table", "A\tB\n1\t2"),
        ("code", "x = 1\n\ny = 2"),
        ("paragraph", "quoted"),
        ("heading2", "Below"),
    ]


def test_markdown_title_is_the_first_heading(read: Read) -> None:
    assert read("a.md", "Text.\n\n## Aid\n").title == "Aid"


# Web pages

PAGE = """<html><head><title>Aid to Syria</title><style>p {}</style></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/b">Shop</a></li></ul></nav>
<article><h1>Aid sent</h1>
<p>Fifty <b>tons</b> of aid were
<a href="x">sent to Syria</a> by <code>plane</code> in February&nbsp;2023.<br>All of it.</p>
<h2>Details</h2>
<ul><li>tents<ul><li>for families</li></ul></li><li>food</li></ul>
<table><tr><th>Country</th><th>Tons</th></tr><tr><td>Syria</td><td>50</td></tr></table>
<blockquote><p>It was hard.</p></blockquote>
<pre>a = 1
b = 2</pre>
<div>One<div>Two</div>Three</div></article>
<script>alert("no")</script><footer><a href="/c">Cookies</a></footer></body></html>"""

PAGE_BLOCKS = [
    ("heading1", "Aid sent"),
    (
        "paragraph",
        "Fifty tons of aid were sent to Syria by plane in February 2023.\nAll of it.",
    ),
    ("heading2", "Details"),
    ("list", "- tents\n- for families\n- food"),
    ("table", "Country\tTons\nSyria\t50"),
    ("paragraph", "It was hard."),
    ("code", "a = 1\nb = 2"),
    ("paragraph", "One"),
    ("paragraph", "Two"),
    ("paragraph", "Three"),
]


def test_web_page_gives_its_main_content(read: Read) -> None:
    document = read("a.html", PAGE)
    assert document.title == "Aid to Syria"
    assert [each for each in shown(document) if each[0] != "furniture"] == PAGE_BLOCKS


def test_web_page_without_main_content_gives_all_its_text(read: Read) -> None:
    document = read("a.html", "<h1>Aid</h1><nav>Fifty tons</nav><script>no</script>")
    assert document.title == "Aid"
    assert "Fifty tons" in document.text
    assert "no" not in document.text


@pytest.mark.parametrize(
    "data",
    [
        '<meta charset="windows-1251"><p>Помощь'.encode("cp1251"),
        '<?xml version="1.0" encoding="koi8-r"?><html><body><p>Помощь'.encode("koi8-r"),
        "<p>Помощь".encode(),
        "<p>Помощь".encode("utf-16"),
        # Declared wrongly.
        '<meta charset="iso-8859-1"><p>Помощь'.encode("utf-16"),
    ],
)
def test_web_page_encoding_is_found(read: Read, data: bytes) -> None:
    assert read("a.html", data).text == "Помощь"


# Word, PowerPoint, EPUB


def test_word_document_in_order(tmp_path: Path) -> None:
    source = docx.Document()
    source.core_properties.title = "Aid to Syria"
    source.add_heading("Report", 0)
    source.add_heading("Summary", 2)
    source.add_paragraph("Fifty tons\nwere sent.")
    for text in ("tents", "food"):
        source.add_paragraph(text, style="List Bullet")
    for text in ("load", "fly"):
        source.add_paragraph(text, style="List Number")
    table = source.add_table(2, 2)
    for row, texts in zip(table.rows, (("Country", "Tons"), ("Syria", "50")), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    source.add_paragraph("The end.")
    source.save(str(tmp_path / "a.docx"))
    document = read_path(tmp_path / "a.docx")
    assert document.title == "Aid to Syria"
    assert shown(document) == [
        ("heading1", "Report"),
        ("heading2", "Summary"),
        ("paragraph", "Fifty tons\nwere sent."),
        ("list", "- tents\n- food\n1. load\n2. fly"),
        ("table", "Country\tTons\nSyria\t50"),
        ("paragraph", "The end."),
    ]


def test_word_document_shows_insertions_and_not_deletions(tmp_path: Path) -> None:
    source = docx.Document()
    paragraph = source.add_paragraph("Fifty ")
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    for xml in (
        f'<w:ins xmlns:w="{word}"><w:r><w:t>tons</w:t></w:r></w:ins>',
        f'<w:del xmlns:w="{word}"><w:r><w:delText>kilos</w:delText></w:r></w:del>',
        f'<w:sdt xmlns:w="{word}"><w:sdtContent><w:r><w:t> of aid</w:t></w:r></w:sdtContent>'
        "</w:sdt>",
    ):
        paragraph._p.append(parse_xml(xml))
    source.save(str(tmp_path / "a.docx"))
    assert read_path(tmp_path / "a.docx").text == "Fifty tons of aid"


def test_presentation_has_a_page_for_each_slide(tmp_path: Path) -> None:
    source = pptx.Presentation()
    first = source.slides.add_slide(source.slide_layouts[0])
    first.shapes.title.text = "Aid"
    first.placeholders[1].text = "A report"
    second = source.slides.add_slide(source.slide_layouts[1])
    second.shapes.title.text = "What was sent"
    second.placeholders[1].text = "tents\nfood"
    box = second.shapes.add_textbox(0, 0, Inches(2), Inches(1))
    box.text_frame.text = "In 2023."
    table = second.shapes.add_table(2, 2, 0, 0, Inches(2), Inches(2)).table
    for place, text in enumerate(("Country", "Tons", "Syria", "50")):
        table.cell(*divmod(place, 2)).text = text
    second.notes_slide.notes_text_frame.text = "Speak slowly."
    source.save(str(tmp_path / "a.pptx"))
    document = read_path(tmp_path / "a.pptx")
    assert document.title == "Aid"
    assert shown(document) == [
        ("heading1", "Aid"),
        ("paragraph", "A report"),
        ("heading2", "What was sent"),
        ("list", "- tents\n- food"),
        ("paragraph", "In 2023."),
        ("table", "Country\tTons\nSyria\t50"),
        ("paragraph", "Speak slowly."),
    ]
    assert document.page_at(document.text.index("report")) == 1
    assert document.page_at(document.text.index("What")) == 2


def test_book_follows_its_spine(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.epub", "w") as book:
        book.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OPS/book.opf"/></rootfiles></container>',
        )
        book.writestr(
            "OPS/book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>Aid</dc:title>'
            "</metadata><manifest>"
            '<item id="two" href="two.xhtml" media-type="application/xhtml+xml"/>'
            '<item id="one" href="text/part%20one.xhtml" media-type="application/xhtml+xml"/>'
            '<item id="style" href="style.css" media-type="text/css"/></manifest>'
            '<spine><itemref idref="one"/><itemref idref="two"/></spine></package>',
        )
        book.writestr(
            "OPS/text/part one.xhtml",
            '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>'
            '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>'
            '<h1>One</h1><p>A caf\u00e9&nbsp;<a id="z"/>there.</p></body></html>',
        )
        book.writestr("OPS/two.xhtml", "<html><body><h1>Two</h1><p>The end.</p></body></html>")
    document = read_path(tmp_path / "a.epub")
    assert document.title == "Aid"
    assert shown(document) == [
        ("heading1", "One"),
        ("paragraph", "A café there."),
        ("heading1", "Two"),
        ("paragraph", "The end."),
    ]


# Characters that may not be there


@pytest.mark.parametrize(
    "data",
    [
        b"<p>Fifty\x01tons</p>",
        b"<p>Fifty\x00tons</p>",
        b"<p>Fifty\x0btons</p>",
        b"<p>Fifty\x1btons</p>",
        b"<p>Fifty&#1;tons</p>",
        b"<p>Fifty&#0;tons</p>",
        b"<p>Fifty&#x1;tons</p>",
        b"<p>Fifty&#X00B;tons</p>",
        b"<p>Fifty&#31;tons</p>",
        "<p>Fifty\ufffftons</p>".encode(),
        b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><p>Fifty\x02tons</p></html>',
    ],
)
def test_control_character_in_a_page_is_a_space(read: Read, data: bytes) -> None:
    assert read("a.html", data).text == "Fifty tons"
    assert read("a.xhtml", data).text == "Fifty tons"


def test_references_to_ordinary_characters_stay(read: Read) -> None:
    text = read("a.html", "<p>a&#9;b&#10;c&#33;&#147;d&#148; &#128;5 &#x2014; &#x1F69A;</p>").text
    assert text == "a b c!“d” €5 — 🚚"


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.txt", "Fifty \x01tons"), ("a.md", "Fifty \x01tons &#1;"), ("a.csv", "Fifty \x01tons")],
)
def test_control_character_in_a_text_is_left_out(read: Read, name: str, text: str) -> None:
    assert read(name, text).text.rstrip(" \ufffd") == "Fifty tons"


@pytest.mark.parametrize("control", [b"\x01", b"&#1;", b"&#x0B;"])
def test_control_character_in_an_archive_is_a_space(
    read: Read, tmp_path: Path, control: bytes
) -> None:
    source = docx.Document()
    source.add_paragraph("FiftyXtons")
    source.save(str(tmp_path / "b.docx"))
    slides = pptx.Presentation()
    box = slides.slides.add_slide(slides.slide_layouts[6]).shapes.add_textbox(0, 0, 9, 9)
    box.text_frame.text = "FiftyXtons"
    slides.save(str(tmp_path / "b.pptx"))
    with zipfile.ZipFile(tmp_path / "b.epub", "w") as book:
        book.writestr(
            "META-INF/container.xml",
            "<container><rootfiles><rootfile full-path='b.opf'/></rootfiles></container>",
        )
        book.writestr(
            "b.opf",
            "<package><metadata xmlns:d='http://purl.org/dc/elements/1.1/'><d:title>FiftyXtons"
            "</d:title></metadata><manifest><item id='a' href='a.html' media-type='text/html'/>"
            "</manifest><spine><itemref idref='a'/></spine></package>",
        )
        book.writestr("a.html", "<p>FiftyXtons</p>")
    for suffix in ("docx", "pptx", "epub"):
        with (
            zipfile.ZipFile(tmp_path / f"b.{suffix}") as clean,
            zipfile.ZipFile(tmp_path / f"a.{suffix}", "w") as spoiled,
        ):
            for member in clean.infolist():
                data = clean.read(member).replace(b"FiftyXtons", b"Fifty" + control + b"tons")
                spoiled.writestr(member.filename, data)
        document = read_path(tmp_path / f"a.{suffix}")
        assert document.text == "Fifty tons", suffix
    assert document.title == "Fifty tons"


@pytest.mark.parametrize(
    "charset",
    [
        "idna", "undefined", "punycode", "rot13", "base64", "hex", "zlib", "unicode_escape",
        "raw_unicode_escape", "mbcs", "oem", "utf-7", "utf-32", "cp037", "palmos", "no-such",
    ],
)  # fmt: skip
def test_page_that_declares_no_encoding_of_characters_is_read(read: Read, charset: str) -> None:
    page = f'<html><head><meta charset="{charset}"></head><body><p>Caf\u00e9 \\u0041 a-b</p>'
    assert read("a.html", page).text == "Caf\u00e9 \\u0041 a-b"
    assert decode("Caf\u00e9".encode(), charset) == "Caf\u00e9"


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("windows-1251", "Помощь"), ("koi8-r", "Помощь"), ("iso-8859-5", "Помощь"),
        ("shift_jis", "支援"), ("euc-jp", "支援"), ("iso-2022-jp", "支援"), ("gbk", "援助"),
        ("gb2312", "援助"), ("gb18030", "援助"), ("big5", "援助"), ("euc-kr", "도움"),
        ("iso-8859-2", "pomoc č"), ("macintosh", "café"), ("tis-620", "ช่วย"), ("utf-8", "é"),
    ],
)  # fmt: skip
def test_encoding_that_a_page_declares_is_used(read: Read, charset: str, text: str) -> None:
    page = f'<html><head><meta charset="{charset}"></head><body><p>{text}</p>'.encode(charset)
    assert read("a.html", page).text == text


# Titles and headings


@pytest.mark.parametrize("name", ["a.md", "a.html"])
def test_title_and_headings_too_long_to_be_repeated_lose_no_word(read: Read, name: str) -> None:
    heading = "word " * 100 + "zebra"
    document = read(
        name,
        f"# {heading}\n\nBelow.\n"
        if name == "a.md"
        else f"<title>{heading}</title><h1>{heading}</h1><p>Below.</p>",
    )
    assert len(document.title) <= LONGEST_TITLE
    assert [kind for kind, _ in shown(document)] == ["paragraph", "paragraph"]
    assert "zebra" in document.text
    if name == "a.html":
        assert document.title.startswith("word word") and document.title.endswith("word…")
