"""E-books: chapters in order, with their notes apart from words, and without contents pages."""

import zipfile
from pathlib import Path

import pytest

from embeddings.document import Document
from embeddings.files.formats import epub
from embeddings.files.limits import Limits
from tests.builders import shown_with_bars as blocks

CASES = Path(__file__).parents[1] / "cases"
HEAD = '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'


def book(folder: Path, metadata: str, *chapters: str, guide: str = "", nav: str = "") -> Document:
    """A book with these chapters, named "c0.xhtml" and so on."""
    path = folder / "a.epub"
    names = [f"c{number}.xhtml" for number in range(len(chapters))]
    items = "".join(
        f'<item id="i{name}" href="{name}" media-type="application/xhtml+xml"'
        f"{nav if name == names[-1] else ''}/>"
        for name in names
    )
    spine = "".join(f'<itemref idref="i{name}"/>' for name in names)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="book.opf"/></rootfiles></container>',
        )
        archive.writestr(
            "book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" '
            f'xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>{metadata}</metadata>'
            f"<manifest>{items}</manifest><spine>{spine}</spine><guide>{guide}</guide></package>",
        )
        for name, body in zip(names, chapters, strict=True):
            archive.writestr(name, f"{HEAD}<head><title>x</title></head><body>{body}</body></html>")
    return epub.read(path, Limits())


def test_marks_of_notes_are_apart_from_words() -> None:
    document = epub.read(CASES / "E01_epub/keeper.epub", Limits())
    assert document.title == "The lighthouse keeper"
    assert blocks(document) == [
        ("table", "Author | Runa Vik"),
        ("heading1", "One"),
        ("paragraph", "The keeper lit the lamp at dusk. [1]"),
        ("paragraph", "The lamp burned rapeseed oil."),
        ("heading1", "Notes"),
        ("paragraph", "The tower is 31 metres high."),
        ("heading1", "Two"),
        ("paragraph", "A storm came from the west.\nThe bell rang."),
    ]


def test_author_date_and_useless_title(tmp_path: Path) -> None:
    metadata = (
        "<dc:title>Unknown</dc:title><dc:creator>Runa Vik</dc:creator><dc:creator>Per Aas"
        "</dc:creator><dc:date>2019-05-04T10:00:00Z</dc:date>"
    )
    document = book(tmp_path, metadata, "<h1>The tower</h1><p>High.</p>")
    assert document.title == "The tower"
    assert blocks(document)[0] == ("table", "Author | Runa Vik, Per Aas\nDate | 2019-05-04")


LINKS = "".join(f'<p><a href="c{number}.xhtml">Chapter {number}</a></p>' for number in range(5))


@pytest.mark.parametrize(
    ("contents", "guide"),
    [
        (f"<h1>Contents</h1>{LINKS}", ""),
        ("<p>One</p><p>Two</p>", '<reference type="toc" href="c0.xhtml#top"/>'),
        ('<nav epub:type="toc"><ol><li><a href="c1.xhtml">One</a></li>'
         '<li><a href="c2.xhtml">Two</a></li></ol></nav><p/>', ""),
    ],
)  # fmt: skip
def test_contents_pages_are_furniture(tmp_path: Path, contents: str, guide: str) -> None:
    document = book(tmp_path, "", contents, "<p>The tower is high.</p>", guide=guide)
    kinds = [kind for kind, _ in blocks(document)]
    assert kinds[-1] == "paragraph"
    assert set(kinds[:-1]) == {"furniture"}


def test_navigation_document_is_left_out(tmp_path: Path) -> None:
    document = book(tmp_path, "", "<p>High.</p>", "<p>One</p>", nav=' properties="scripted nav"')
    assert document.text == "High."


def test_verses_keep_their_lines(tmp_path: Path) -> None:
    document = book(tmp_path, "", "<p>\n<span>The lamp,</span>\n<br/>\n<span>the sea.</span>\n</p>")
    assert document.text == "The lamp,\nthe sea."
