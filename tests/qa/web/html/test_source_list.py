"""The list of documents as HTML."""

from dataclasses import replace
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from qa.library.listing import LibraryFile, Listing
from qa.service.messages import Notice
from qa.service.upload import Upload
from qa.settings import UploadLimits
from qa.web.html.source_list import (
    MAX_ROWS,
    ListOptions,
    notice_line,
    source_list,
    source_rows,
    uploads_list,
    welcome,
)
from tests.qa.web.html.test_page import HOSTILE, TEXT, Read


def listed(path: str, title: str = "Title") -> LibraryFile:
    return LibraryFile(path, path.split("/")[0], "00", title, 3, 2, "2026-11-25T03:42:21+00:00")


def listing(*files: LibraryFile) -> Listing:
    return Listing(files, {"town": Path(__file__).parent})


def test_each_document_has_a_row_with_its_facts_and_a_tick() -> None:
    rows = source_rows(listing(listed("town/old/mill.pdf", "The mill"), listed("town/b.xyz")))
    assert 'href="document?path=town%2Fold%2Fmill.pdf&amp;sha256=00"' in rows
    assert rows.count('<input type="checkbox"') == 3
    # One menu is open at a time.
    assert rows.count('<details class="cv-menu" name="cv-menu">') == 2
    read = Read(rows)
    # The folder that holds everything is not worth a row.
    assert read.text.strip().startswith("Title text")
    assert "town/old 1 document" in read.text
    assert "The mill PDF" in read.text
    assert "3 passages, 2 pages · indexed 2026-11-25 03:42 (UTC)" in read.text


def test_several_top_folders_have_a_row_each() -> None:
    held = listing(listed("sea/a.txt"), listed("town/b.txt"), listed("town/c/d.txt"))
    rows = source_rows(held, uploads="sea")
    assert [path in rows for path in ('"sea"', '"town"', '"town/c"')] == [True] * 3
    assert "town 2 documents" in Read(rows).text
    assert rows.count("data-uploaded") == 1


def test_problems_come_first_with_their_reason_and_cannot_be_asked() -> None:
    broken = LibraryFile("town/z.pdf", "town", "", problem="is empty")
    rows = source_rows(listing(listed("town/a.txt"), broken))
    read = Read(rows)
    assert read.text.startswith("z.pdf PDF")
    assert "Not indexed: it is empty." in read.text
    assert rows.count('data-do="only"') == rows.count('<input type="checkbox"') == 1
    assert rows.count('data-do="remove"') == 2


def test_document_says_what_was_not_read_and_why_it_was_kept() -> None:
    file = replace(listed("town/a.docx"), not_read=("3 pictures",))
    kept = replace(listed("town/b.txt"), problem="cannot be read (Permission denied)")
    read = Read(source_rows(listing(file, kept)))
    assert "3 pictures were not read" in read.text
    assert "Kept as it was: it cannot be read (Permission denied)." in read.text
    assert "Not indexed" not in read.text


def test_folder_that_is_gone_is_named_above_its_documents() -> None:
    held = Listing((listed("town/a.txt"),), {"town": Path("/nowhere"), "sea": Path("/nowhere")})
    read = Read(source_rows(held))
    assert read.text.startswith("The folder town is no longer where it was indexed: it was moved")
    assert "sea" not in read.text and "/nowhere" not in read.text


def test_what_is_not_found_or_not_there_is_said() -> None:
    held = listing(listed("town/a.txt", "The Old Mill"))
    assert Read(source_rows(held, "bridge")).text == "Nothing in the library has these words."
    assert Read(source_rows(listing())).text == "No documents yet."
    assert Read(source_rows(Listing((), {}, "It is damaged."))).text == "It is damaged."


def test_pages_follow_each_other_and_hold_every_document_once() -> None:
    files = [listed(f"town/{number % 3}/{number:03}.txt") for number in range(2 * MAX_ROWS + 5)]
    held = listing(*sorted(files, key=lambda file: file.path))
    seen: list[str] = []
    after, pages = "", 0
    while True:
        rows = source_rows(held, after=after)
        found = [
            file.path
            for file in held.files
            if f'<li class="cv-document" data-path="{file.path}"' in rows
        ]
        seen += found
        pages += 1
        # A folder that goes on has no second row.
        assert rows.count('<li class="cv-folder">') == [2, 1, 0][pages - 1]
        if "cv-more" not in rows:
            break
        after = found[-1]
    assert (pages, len(seen), len(set(seen))) == (3, 205, 205)
    # Behind a document that is gone, the list goes on with those that followed it.
    rows = source_rows(held, after="town/2/1.txt")
    assert 'data-path="town/2/0' not in rows and 'data-path="town/2/101.txt"' in rows


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


def test_success_is_no_warning() -> None:
    assert notice_line(Notice("Removed.", "done")) == '<p class="cv-done" dir="auto">Removed.</p>'
    assert 'class="cv-problem" role="alert"' in notice_line(Notice("It failed.", "failed"))
    assert notice_line(Notice("")) == ""


@given(TEXT)
@example(HOSTILE)
def test_no_name_or_title_adds_an_element(text: str) -> None:
    plain = Read(source_rows(listing(listed("t/u/a"), LibraryFile("t/b", "t", "", problem="c"))))
    path = f"t/u/{text.replace('/', '')}"
    problem = LibraryFile(f"t/{text}", "t", "", problem=text or "c")
    hostile = Read(source_rows(listing(listed(path, text), problem)))
    assert hostile.tags == plain.tags
    assert Read(uploads_list([Upload(text, "refused", text)])).tags == (
        Read(uploads_list([Upload("a", "refused", "b")])).tags
    )
    for shown in (source_list, welcome):
        options = ListOptions("a", "b", UploadLimits())
        assert (
            Read(shown(ListOptions(text, text, UploadLimits()))).tags == Read(shown(options)).tags
        )


@given(st.integers(1, 10**10))
def test_limits_are_shown_where_files_can_be_added(size: int) -> None:
    limits = UploadLimits(files=7, file_bytes=size)
    for shown in (source_list, welcome):
        read = Read(shown(ListOptions("docs", "key", limits)))
        assert f"Up to 7 files at a time, {size / 1e6:,.0f} MB each" in read.text
        read_only = shown(ListOptions("docs", "key"))
        assert not any(f'data-do="{change}"' in read_only for change in ("add", "index"))
        assert "dialog" not in Read(read_only).tags
