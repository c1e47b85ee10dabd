"""Markdown: the text of the rendered page, and what only the file itself says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from embeddings.document import Document
from embeddings.files.formats import markdown
from embeddings.files.formats.front_matter import split_front_matter
from embeddings.files.limits import Limits
from tests.builders import shown_with_bars as blocks

CASES = Path(__file__).parents[1] / "cases"
Read = Callable[[str], Document]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a file of that content."""

    def write_and_read(source: str) -> Document:
        path = tmp_path / "a.md"
        path.write_text(source, encoding="utf-8")
        return markdown.read(path, Limits())

    return write_and_read


def case(name: str) -> Document:
    return markdown.read(CASES / name, Limits())


# The cases of answers that went wrong


def test_front_matter_note_link_and_code_are_read() -> None:
    document = case("M01_md/post.md")
    assert document.title == "Harbour festival"
    assert blocks(document) == [
        ("table", "date | 2025-08-16\nauthor | Tove Lindh\nversion | 3.2"),
        ("heading1", "Harbour festival"),
        (
            "paragraph",
            "The festival takes place on the old pier. [1] Book a stand on the booking page "
            "(https://booking.example.org/stands).",
        ),
        ("paragraph", "[1] If it storms, it moves to the fish hall."),
        ("code", "server:\n  retries: 5\n  backup:\n    retries: 2"),
    ]


def test_struck_out_text_is_left_out() -> None:
    assert blocks(case("D09_strike/gate.md"))[1][1] == "The gate closes at 21:30 in summer."


def test_items_are_lines_with_their_numbers() -> None:
    kind, text = blocks(case("L01_listnumber/rules.md"))[1]
    assert kind == "list"
    assert text.split("\n")[0] == "1. Quiet hours begin at 22:00."
    assert len(text.split("\n")) == 5


def test_list_stands_behind_its_introduction() -> None:
    found = blocks(case("Q03_lists/fees.md"))
    assert [kind for kind, _ in found] == ["heading1", "paragraph", "list", "paragraph"]
    assert len(found[2][1].split("\n")) == 8


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("T03_heading/news.md", "The pool closes at 21:00 from June on"),
        ("T03_heading/changes.md", "2.4.0 (11 March 2025)"),
    ],
)
def test_headings_are_text(name: str, heading: str) -> None:
    assert blocks(case(name))[1] == ("heading2", heading)


# Front matter


@pytest.mark.parametrize(
    ("source", "pairs"),
    [
        ("---\nversion: 3.10\nopen: no\n---\nx", [("version", "3.10"), ("open", "no")]),
        ("---\nname: 'a: b' # c\n---\nx", [("name", "a: b")]),
        ("---\ntags: [a, \"b\"]\n---\nx", [("tags", "a, b")]),
        ("---\nby:\n  - name: Runa\n    role: cook\n---\nx", [("by", "name: Runa, role: cook")]),
        ("---\nlong: >\n  one\n  two\n---\nx", [("long", "one, two")]),
        ("+++\ntitle = \"Eels\"\n+++\nx", [("title", "Eels")]),
        ("---\n# c\nurl: https://h.example/#a\n...\nx", [("url", "https://h.example/#a")]),
    ],
)  # fmt: skip
def test_front_matter_is_kept_as_written(source: str, pairs: list[tuple[str, str]]) -> None:
    assert split_front_matter(source) == (pairs, "x")


@pytest.mark.parametrize("source", ["---\nno end", "text\n---\na: b\n---\n", "----\na: b\n----"])
def test_rules_are_no_front_matter(source: str) -> None:
    assert split_front_matter(source) == ([], source)


def test_useless_title_is_not_taken(read: Read) -> None:
    assert read("---\ntitle: untitled\n---\n# Eels\n").title == "Eels"


# Blocks


def test_notes_follow_the_block_that_refers_to_them(read: Read) -> None:
    source = (
        "We need:[^a]\n\n- nets[^1]\n- boats\n\nThe end.\n\n[^1]: Old ones.\n[^a]: In spring\n"
        "    only.\n[^b]: Nobody refers to it.\n"
    )
    assert blocks(read(source)) == [
        ("paragraph", "We need: [a]"),
        ("list", "- nets [1]\n- boats"),
        ("paragraph", "[a] In spring only."),
        ("paragraph", "[1] Old ones."),
        ("paragraph", "The end."),
        ("paragraph", "Nobody refers to it."),
    ]


def test_term_and_definitions_are_one_block(read: Read) -> None:
    source = (
        "Carrier\n: moves the goods\n: and insures them\n\nConsignee\n: gets them\n\nThe end.\n"
    )
    assert blocks(read(source)) == [
        ("paragraph", "Carrier\nmoves the goods\nand insures them"),
        ("paragraph", "Consignee\ngets them"),
        ("paragraph", "The end."),
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1. a\n1. b\n1. c\n", "1. a\n2. b\n3. c"),
        ("4) a\n5) b\n", "4) a\n5) b"),
        ("1. a\n3. b\n7. c\n", "1. a\n3. b\n7. c"),
        ("- [ ] a\n- [x] b\n", "- [ ] a\n- [x] b"),
    ],
)
def test_items_keep_their_marks(read: Read, source: str, expected: str) -> None:
    assert blocks(read(source)) == [("list", expected)]


def test_code_inside_of_a_list_keeps_its_lines(read: Read) -> None:
    source = "1. Write:\n\n   ```\n   if x:\n       go()\n   ```\n\n2. Run it.\n"
    assert blocks(read(source)) == [
        ("list", "1. Write:"),
        ("code", "if x:\n    go()"),
        ("list", "2. Run it."),
    ]


def test_tables_have_a_header(read: Read) -> None:
    document = read("| A | B |\n|:--|--:|\n| x | ~~1~~ 2 |\n")
    assert blocks(document) == [("table", "A | B\nx | 2")]
    assert document.blocks[0].header_rows == 1


def test_html_is_read_as_in_a_web_page(read: Read) -> None:
    source = (
        "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>\n\n"
        "<details>\n<summary>How?</summary>\n\nLike **this**.\n\n</details>\n"
    )
    assert blocks(read(source)) == [
        ("table", "A | B\n1 | 2"),
        ("paragraph", "How?"),
        ("paragraph", "Like this."),
    ]


def test_contents_and_badges_are_furniture(read: Read) -> None:
    source = (
        "[![Build](b.svg)](https://ci.example)\n\n# Eels\n\n[TOC]\n\n"
        "- [Nets](#nets)\n- [Boats](#boats)\n  - [Old](#old)\n\nSee:\n\n- [Nets](nets.md)\n"
    )
    assert [kind for kind, _ in blocks(read(source))] == [
        "furniture", "heading1", "furniture", "furniture", "paragraph", "list",
    ]  # fmt: skip


def test_lists_next_to_contents_are_content(read: Read) -> None:
    assert blocks(read("- [A](#a): 4 euros\n- [B](#b): 5\n- [C](#c): 6\n"))[0][0] == "list"


# Text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[booking](https://h.example/b)", "booking (https://h.example/b)"),
        ("<https://h.example>", "https://h.example"),
        ("[h.example](https://h.example/)", "h.example"),
        ("[us](mailto:a@h.example)", "us (a@h.example)"),
        ("[there](other.md) and [there][1]\n\n[1]: #x", "there and there"),
        ("10<sup>6</sup> m<sup>2</sup>, H<sub>2</sub>O", "10⁶ m², H₂O"),
        ("4,310<sup>2</sup> people, 58² ones", "4,310 ² people, 58² ones"),
        ("<del>5</del> 8 <s>9</s>~~10~~", "8"),
        ("a<br>b  \nc", "a\nb\nc"),
        ("a <kbd>Ctrl</kbd> <!-- no --> b", "a Ctrl b"),
    ],
)
def test_marks_inside_of_text(read: Read, source: str, expected: str) -> None:
    assert read(source).text == expected


def test_identifier_behind_a_heading_is_no_text(read: Read) -> None:
    assert blocks(read("# Sets {a, b}\n\n# Prices {#prices}\n")) == [
        ("heading1", "Sets {a, b}"),
        ("heading1", "Prices"),
    ]


def test_pictures_are_told(read: Read) -> None:
    document = read("![A map](a.png) and ![Another](b.png)\n")
    assert document.text == "A map and Another"
    assert document.not_read == ("2 pictures",)


def test_text_between_rules_is_no_front_matter(read: Read) -> None:
    source = "---\nThe pool closes at nine.\n\n---\nIt opens at six.\n"
    assert read(source).text.split("\n\n") == ["The pool closes at nine.", "It opens at six."]


def test_notes_inside_the_text_stand_behind_it(read: Read) -> None:
    document = read("Eels swim.^[They swim *at night*.]\n\nThey eat.")
    assert document.text == "Eels swim. [1]\n\n[1] They swim at night.\n\nThey eat."


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("See <del>[the old</del> form](https://a.example/form) here.", "See form"),
        ("See [the <del>old form](https://a.example/form) is</del> here.", "See the here."),
    ],
)
def test_what_is_struck_out_may_end_inside_of_a_link(read: Read, source: str, text: str) -> None:
    assert " ".join(read(source).text.split()).startswith(text)
