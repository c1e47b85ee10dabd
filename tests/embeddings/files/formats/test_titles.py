"""Which titles say what a document is about."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.files.formats.titles import is_useful_title, useful_title


@pytest.mark.parametrize(
    "title",
    [
        "Rules of the rowing club",
        "Draft rules for the harbour",
        "Report on the fishing year 2023",
        "Presentation of the new bridge",
        "Microsoft Word for beginners",
        "1984",
        "2.4.0 (11 March 2025)",
        "RFC 5321",
        "E-217",
        "Node.js",
        "README",
        "What is in setup.py",
        "Wie man Brot bäckt",
        "海洋気象の手引き",
        "Правила порта",
        "Facade",
        "Document retention policy",
        "Index of the harbours",
        "Word",
    ],
)
def test_title_that_names_the_subject_is_useful(title: str) -> None:
    assert is_useful_title(title)
    assert useful_title(title) == title


@pytest.mark.parametrize(
    "title",
    [
        None,
        "",
        " \n",
        "-",
        "(anonymous)",
        "Untitled",
        "untitled 3",
        "Untitled-1",
        "draft",
        "DRAFT v2",
        "Document1",
        "Word Document",
        "PowerPoint Presentation",
        "PowerPoint-Präsentation.pptx",
        "Presentation",
        "Slide 1",
        "Title",
        "Microsoft Word - x.doc",
        "Microsoft Word - Final rules (2)",
        "Microsoft PowerPoint - tides.ppt [Compatibility Mode]",
        "10811.exe",
        "tides.indd",
        "C:\\Users\\tides\\rules",
        "file:///tmp/rules",
        "https://example.org/rules",
        "report-final.docx",
        "Rules of the club final.doc",
        "secretary@club.example",
        "A. Person <a.person@club.example>",
        "IMG_2041",
        "scan0012",
        "00000123",
        "2019-03-04",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    ],
)
def test_title_that_a_program_wrote_is_useless(title: str | None) -> None:
    assert not is_useful_title(title)
    assert useful_title(title) is None


@given(st.text(max_size=700))
def test_any_title_gets_a_verdict(title: str) -> None:
    assert is_useful_title(title) in (True, False)


@pytest.mark.parametrize("unit", ["a.", "@", "a@a.", "-1", "type ", "/a", "(", "a.doc ", "1"])
def test_time_does_not_explode(unit: str) -> None:
    start = time.perf_counter()
    is_useful_title(unit * 300)
    is_useful_title(f"draft {unit * 50}x")
    assert time.perf_counter() - start < 1
