"""The library as HTML."""

from dataclasses import replace
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from qa.library.listing import LibraryFile, Listing
from qa.settings import UploadLimits
from qa.web.html.library_page import (
    MAX_ROWS,
    library_table,
    maintenance_help,
    upload_help,
    uploads_list,
)
from qa.web.upload import Upload
from tests.qa.web.html.test_page import HOSTILE, TEXT, Read


def listed(path: str, title: str = "Title") -> LibraryFile:
    return LibraryFile(path, path.split("/")[0], "00", title, 3, 2, "2026-11-25T03:42:21+00:00")


def listing(*files: LibraryFile) -> Listing:
    return Listing(files, {"town": Path(__file__).parent})


def test_each_document_has_a_row_that_leads_to_it() -> None:
    table = library_table(listing(listed("town/old/mill.pdf", "The mill"), listed("town/b.txt")))
    assert 'href="document?path=town%2Fold%2Fmill.pdf&amp;sha256=00"' in table
    read = Read(table)
    assert read.tags.count("tr") == 3
    assert read.text.startswith("2 documents")
    assert "The millmill.pdftown/old322026-11-25 03:42" in read.text


def test_problems_come_first_with_their_reason() -> None:
    broken = LibraryFile("town/z.pdf", "town", "", problem="is empty")
    read = Read(library_table(listing(listed("town/a.txt"), broken)))
    assert read.text.startswith("1 document, 1 not indexed")
    assert read.text.index("Not indexed: it is empty.") < read.text.index("a.txt")


def test_document_says_what_was_not_read_and_why_it_was_kept() -> None:
    file = replace(listed("town/a.docx"), not_read=("3 pictures",))
    kept = replace(listed("town/b.txt"), problem="cannot be read (Permission denied)")
    read = Read(library_table(listing(file, kept)))
    assert read.text.startswith("2 documents")
    assert "not indexed" not in read.text
    assert "a.docx3 pictures were not read" in read.text
    assert "b.txtKept as it was: it cannot be read (Permission denied)." in read.text


def test_folder_that_is_gone_is_named_above_its_documents() -> None:
    held = Listing((listed("town/a.txt"),), {"town": Path("/nowhere"), "sea": Path("/nowhere")})
    read = Read(library_table(held))
    assert read.text.startswith("The folder town is no longer where it was indexed: it was moved")
    assert "sea" not in read.text and "/nowhere" not in read.text


def test_search_takes_every_word_in_any_case() -> None:
    held = listing(listed("town/a.txt", "The Old Mill"), listed("town/old/b.txt", "The bridge"))
    assert Read(library_table(held, "OLD")).tags.count("tr") == 3
    assert Read(library_table(held, "old mill")).tags.count("tr") == 2
    assert Read(library_table(held, "mill bridge")).text == (
        "Nothing in the library has these words."
    )
    assert Read(library_table(listing())).text == "No documents yet."


def test_number_of_rows_is_bounded_and_the_bound_is_shown() -> None:
    held = listing(*(listed(f"town/{number}.txt") for number in range(MAX_ROWS + 1)))
    read = Read(library_table(held))
    assert read.tags.count("tr") == MAX_ROWS + 1
    assert read.text.startswith(f"201 documents, {MAX_ROWS} shown; search to see others")


def test_each_upload_has_its_state() -> None:
    rows = [
        Upload("a.txt"),
        Upload("b.txt", "reading", "3 of 9 passages"),
        Upload("c.txt", "taken", "uploads/c.txt, 9 passages"),
        Upload("d.txt", "refused", "is empty"),
    ]
    read = Read(uploads_list(rows))
    assert read.tags.count("li") == 4
    for expected in (
        "a.txt waiting",
        "b.txt being indexed: 3 of 9 passages",
        "c.txt in the library: uploads/c.txt, 9 passages",
        "d.txt not taken: it is empty",
    ):
        assert expected in read.text
    assert uploads_list([]) == ""


@given(TEXT)
@example(HOSTILE)
def test_no_name_or_title_adds_an_element(text: str) -> None:
    plain = Read(library_table(listing(listed("t/a"), LibraryFile("t/b", "t", "", problem="c"))))
    hostile = Read(
        library_table(listing(listed(f"t/{text}", text), LibraryFile(text, "t", "", problem=text)))
    )
    assert hostile.tags == plain.tags
    assert Read(uploads_list([Upload(text, "refused", text)])).tags == (
        Read(uploads_list([Upload("a", "refused", "b")])).tags
    )
    assert Read(maintenance_help(text)).tags == Read(maintenance_help("a")).tags


@given(st.integers(1, 10**10))
def test_limits_are_shown(size: int) -> None:
    limits = UploadLimits(files=7, file_bytes=size)
    assert f"Up to 7 files at a time, {size / 1e6:,.0f} MB each" in Read(upload_help(limits)).text
