"""What reStructuredText, notebooks, messages, RTF and files without a suffix become."""

import json
from email.message import EmailMessage
from pathlib import Path

import pytest

from embeddings.document import Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats import format_of, named_format
from embeddings.files.formats.contained import add_document
from embeddings.files.limits import LimitedBuilder, Limits
from tests.builders import shown

Shown = list[tuple[str, str]]


def document_of(path: Path, content: str | bytes) -> Document:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    format = format_of(path)
    assert format is not None
    return format.read(path, Limits())


# Files whose suffix names no format


@pytest.mark.parametrize("name", ["LICENSE", "Makefile", "notes.org", "tool.py", "a.b.c", "x."])
def test_text_under_any_name_is_read(tmp_path: Path, name: str) -> None:
    assert document_of(tmp_path / name, "Fifty tons were sent.").text == "Fifty tons were sent."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_text_without_a_suffix_is_read_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    text = "The café is open, and “nobody” pays."
    assert document_of(tmp_path / "README", text.encode(encoding)).text == text


@pytest.mark.parametrize("data", [b"", b"MZ\x00\x01", b"\x89PNG\r\n\x1a\n\x00", bytes(range(256))])
def test_other_files_have_no_format(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(data)
    assert format_of(path) is None


def test_files_that_are_missing_or_folders_have_no_format(tmp_path: Path) -> None:
    assert format_of(tmp_path / "a") is None
    assert format_of(tmp_path) is None
    assert named_format(Path("LICENSE")) is None


def test_suffix_decides_before_the_content(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"Text.")
    format = format_of(tmp_path / "a.pdf")
    assert format is not None and format.name == "PDF"
    (tmp_path / "a.doc").write_bytes(b"{\\rtf1 Text.}")
    format = format_of(tmp_path / "a.doc")
    assert format is not None and format.name == "RTF document"


# reStructuredText

MARKED = """\
Ships
=====

:Author: Ada

Some *text* with ``code``.

Fees
----

berth
   a place for a ship

#. one
#. two

   a) inner

.. list-table:: Prices
   :header-rows: 1

   * - Ship
     - Tons
   * - Ada
     - 12

+-----+-----+
| A   | B   |
+=====+=====+
| x   | 1   |
|     +-----+
|     | 2   |
+-----+-----+

.. image:: x.png

::

   if x:
       y()
"""


def test_marked_text_keeps_its_structure(tmp_path: Path) -> None:
    document = document_of(tmp_path / "a.rst", MARKED)
    assert (document.title, document.not_read) == ("Ships", ("1 picture",))
    assert shown(document) == [
        ("heading1", "Ships"),
        ("paragraph", "Author\nAda"),
        ("paragraph", "Some text with code."),
        ("heading2", "Fees"),
        ("paragraph", "berth\na place for a ship"),
        ("list", "1. one\n2. two\na) inner"),
        ("paragraph", "Prices"),
        ("table", "Ship\tTons\nAda\t12"),
        ("table", "A\tB\nx\t1\nx\t2"),
        ("code", "if x:\n    y()"),
    ]


@pytest.mark.parametrize("word", ["word ", "*word ", "w"])
def test_marked_up_text_with_an_enormous_line_is_read_as_it_stands(
    tmp_path: Path, word: str
) -> None:
    line = word * 30_000
    assert document_of(tmp_path / "a.rst", f"First.\n\n{line}\n").text == (
        f"First.\n\n{line.strip()}"
    )


@pytest.mark.parametrize(
    "directive",
    [
        "include:: {}",
        "literalinclude:: {}",
        "raw:: html\n   :file: {}",
        "csv-table:: x\n   :file: {}",
        "raw:: html\n\n   secret",
        "parsed-literal::\n   :file: {}",
    ],
)
def test_marked_text_inserts_no_file(tmp_path: Path, directive: str) -> None:
    (tmp_path / "other.txt").write_text("secret", encoding="utf-8")
    text = f"Text.\n\n.. {directive.format(tmp_path / 'other.txt')}\n\nThe end.\n"
    found = document_of(tmp_path / "a.rst", text).text
    assert "secret" not in found and "The end." in found


def test_directives_and_roles_of_sphinx_are_read_for_their_text(tmp_path: Path) -> None:
    text = (
        "Guide\n=====\n\nSee :ref:`the pool <pool>`.\n\n.. versionadded:: 2.0\n"
        "   The ``quiet`` option.\n\n.. py:function:: pump(speed)\n   :noindex:\n\n"
        "   Starts it.\n\n   .. note:: It is loud.\n\n.. toctree::\n\n   other\n\nThe end.\n"
    )
    texts = [each for _, each in shown(document_of(tmp_path / "a.rst", text))]
    directives = ["2.0", "The quiet option.", "pump(speed)", "Starts it.", "It is loud."]
    assert texts == ["Guide", "See the pool.", *directives, "The end."]


# Notebooks


def notebook(*cells: dict[str, object]) -> str:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_notebook_is_text_code_and_what_it_printed(tmp_path: Path) -> None:
    document = document_of(
        tmp_path / "a.ipynb",
        notebook(
            {"cell_type": "markdown", "source": ["# Ships\n", "\n", "Fifty **tons**."]},
            {
                "cell_type": "code",
                "source": "for x in y:\n    print(x)",
                "outputs": [
                    {"output_type": "stream", "text": ["\x1b[31m12\x1b[0m tons\n"]},
                    {"output_type": "display_data", "data": {"image/png": "x"}},
                    {"output_type": "execute_result", "data": {"text/plain": "42"}},
                ],
            },
            {"cell_type": "raw", "source": "As it is."},
        ),
    )
    assert (document.title, document.not_read) == ("Ships", ("1 picture",))
    assert shown(document) == [
        ("heading1", "Ships"),
        ("paragraph", "Fifty tons."),
        ("code", "for x in y:\n    print(x)"),
        ("code", "12 tons"),
        ("code", "42"),
        ("paragraph", "As it is."),
    ]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"cells": 1}', "x", '{"cells": ['])
def test_notebook_without_cells_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(UnreadableFile, match="not a valid Jupyter notebook"):
        document_of(tmp_path / "a.ipynb", content)


# Messages


def message(text: str = "The fee is 12 euros.\n") -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Ada Brandt <ada@example.org>"
    made["To"] = "bea@example.org"
    made["Date"] = "Tue, 05 Mar 2024 10:00:00 +0100"
    made["Subject"] = "Fee for the Köln berth"
    made.set_content(text)
    return made


HEADERS = (
    "table",
    "From\tAda Brandt <ada@example.org>\nTo\tbea@example.org\nDate\t05 March 2024 10:00 +0100\n"
    "Subject\tFee for the Köln berth",
)


def test_message_is_headers_text_and_attachments(tmp_path: Path) -> None:
    made = message()
    made.add_alternative("<p>The fee is <b>12</b> euros.</p>", subtype="html")
    made.add_attachment(
        b"Ship,Tons\nAda,12\n", maintype="text", subtype="csv", filename="ships.csv"
    )
    made.add_attachment(b"x", maintype="image", subtype="png", filename="a.png")
    made.add_attachment(b"MZ\0", maintype="application", subtype="x", filename="../../a.exe")
    made.add_attachment(message("Old text."))
    document = document_of(tmp_path / "a.eml", made.as_bytes())
    assert document.title == "Fee for the Köln berth"
    assert document.not_read == ("1 picture", "1 attachment")
    assert shown(document) == [
        HEADERS,
        ("paragraph", "The fee is 12 euros."),
        ("heading2", "ships.csv"),
        ("table", "Ship\tTons\nAda\t12"),
        ("heading2", "Fee for the Köln berth"),
        HEADERS,
        ("paragraph", "Old text."),
    ]


def test_page_of_a_message_is_read_if_it_says_more(tmp_path: Path) -> None:
    made = message("See the page.")
    made.add_alternative(
        "<p>The fee is 12 euros for a night, and 60 for a week.</p>", subtype="html"
    )
    assert shown(document_of(tmp_path / "a.eml", made.as_bytes()))[1:] == [
        ("paragraph", "The fee is 12 euros for a night, and 60 for a week.")
    ]


def test_messages_inside_of_messages_end(tmp_path: Path) -> None:
    made = message()
    for _ in range(20):
        outer = message()
        outer.add_attachment(made)
        made = outer
    document = document_of(tmp_path / "a.eml", made.as_bytes())
    assert document.not_read == ("1 attachment",)
    assert len(document.blocks) < 20


def test_what_is_no_message_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="is not a valid e-mail message"):
        document_of(tmp_path / "a.eml", "Fifty tons.\n")


# RTF

RICH = rb"""{\rtf1\ansi\ansicpg1252{\info{\title Harbour rules}}
\pard\b Fees\b0\par
The fee is 12 euros, caf\'e9 and \u8364? 5.\par
\trowd\cellx1000\cellx2000 Ship\cell Tons\cell\row
\trowd\cellx1000\cellx2000 Ada\cell 12\cell\row
\pard The end.\par {\pict\pngblip 8950}}"""


def test_rich_text_is_paragraphs_and_tables(tmp_path: Path) -> None:
    document = document_of(tmp_path / "a.rtf", RICH)
    assert (document.title, document.not_read) == ("Harbour rules", ("1 picture",))
    assert shown(document) == [
        ("paragraph", "Fees"),
        ("paragraph", "The fee is 12 euros, café and € 5."),
        ("table", "Ship\tTons\nAda\t12"),
        ("paragraph", "The end."),
    ]


def test_what_is_no_rich_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="is not a valid RTF document"):
        document_of(tmp_path / "a.rtf", "Fifty tons.")


def test_texts_of_a_message_that_are_no_alternatives_are_all_read(tmp_path: Path) -> None:
    made = message("The berth costs 40 euros.")
    made.make_mixed()
    page = EmailMessage()
    page.set_content("<p>The key is with Olga.</p>", subtype="html")
    made.attach(page)
    texts = [text for kind, text in shown(document_of(tmp_path / "a.eml", bytes(made)))]
    assert texts[-2:] == ["The berth costs 40 euros.", "The key is with Olga."]


def test_messages_attached_as_files_end(tmp_path: Path) -> None:
    made = message("The innermost.")
    for _ in range(6):
        outer = message("Around it.")
        outer.add_attachment(bytes(made), "application", "octet-stream", filename="inner.eml")
        made = outer
    document = document_of(tmp_path / "a.eml", bytes(made))
    assert document.text.count("Around it.") == 4
    assert document.not_read == ("1 attachment",)


def test_what_contained_documents_lack_is_added_up() -> None:
    builder = LimitedBuilder(Limits())
    inner = Document("", "", (), not_read=("2 pages without text", "1 picture"))
    for _ in range(2):
        add_document(builder, inner)
    assert builder.build("a").not_read == ("4 pages without text", "2 pictures")


# Odd files


def test_half_a_character_in_a_notebook_is_replaced(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "heading", "level": True, "source": "Aid"},
        {"cell_type": "markdown", "source": "a \ud800 b"},
        {"cell_type": "code", "source": ["c \udfff"]},
    ]
    content = json.dumps({"cells": cells, "metadata": {"title": "T\ud800", "n": 1}})
    document = document_of(tmp_path / "a.ipynb", content.replace("1}", "1" * 5_000 + "}"))
    assert (document.title, document.text) == ("T\ufffd", "Aid\n\na \ufffd b\n\nc \ufffd")
    assert type(document.blocks[0].level) is int


def test_marked_up_text_that_is_nested_too_deeply_ends_no_process(tmp_path: Path) -> None:
    text = "\n\n".join(f"{'  ' * depth}- a" for depth in range(300))
    with pytest.raises(RecursionError):
        document_of(tmp_path / "a.rst", text)


def test_impossible_date_of_a_message_leaves_its_text(tmp_path: Path) -> None:
    date = f"Mon, 01 Jan {'9' * 20} 10:00:00 +{'9' * 14}"
    document = document_of(tmp_path / "a.eml", f"From: Ada\nDate: {date}\n\nFifty tons.\n")
    assert shown(document) == [("table", "From\tAda"), ("paragraph", "Fifty tons.")]


def test_text_behind_binary_data_of_rich_text_is_kept(tmp_path: Path) -> None:
    binary = rb"{\*\objdata \bin8 }}}}\bin}"
    text = rb"{\rtf1 One" + binary + rb" two\bin3 {{{ th\\bin9ree\bin99999999 {}"
    assert document_of(tmp_path / "a.rtf", text).text == r"One two th\bin9ree"
