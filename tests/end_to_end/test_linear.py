"""Time grows with the length of a text, whatever is in it: twice the text, twice the time.

Each case is a pattern or a loop over a document's text with what it likes least. A case that grows
with the square takes four times as long for twice the text.
"""

import copy
import gc
import io
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import lxml.html
import pptx
import pytest
from pptx.util import Inches

from embeddings.document import DocumentBuilder, normalise
from embeddings.errors import UnreadableFile
from embeddings.files.formats import (
    css,
    css_values,
    decoding,
    format_of,
    hidden,
    pdf,
    pdf_picture,
    plain_text,
    web_page,
)
from embeddings.files.formats.front_matter import split_front_matter
from embeddings.files.formats.markdown_inline import without_html
from embeddings.files.formats.markup import add_blocks
from embeddings.files.formats.pdf_lines import Line
from embeddings.files.formats.pdf_page import Page
from embeddings.files.formats.pdf_text import HYPHEN
from embeddings.files.limits import LimitedBuilder, Limits
from embeddings.sentences import iter_sentences
from embeddings.splitting import split
from qa import notations
from qa import text as words
from qa.library import receipts
from qa.reading import lists, other_statements, question_type, references, spans
from qa.retrieval import selection
from tests.builders import word_starts
from tests.embeddings.files.test_bad_inputs import PACKAGE, paragraph, word

pytestmark = pytest.mark.slow

ENOUGH_SECONDS = 0.03
"""Less says nothing of how time grows."""

MOST = 500_000
"""Characters, or parts, of a case; what is done with them in no time is fast enough."""

MAX_GROWTH = 3.0

ATTEMPTS = 4

Run = Callable[[int], Callable[[], object]]
"""Makes what is to be done with a text of that length."""


def once(run: Callable[[], object]) -> float:
    # As timeit does: whether the collector goes through everything is a matter of chance.
    gc.disable()
    started = time.process_time()
    try:
        run()
        return time.process_time() - started
    finally:
        gc.enable()


def seconds(run: Callable[[], object]) -> float:
    """The least of three: others use the machine, too."""
    return min(once(run) for _ in range(3))


def grows_with_its_length(make: Run, length: int) -> None:
    while once(make(length)) < ENOUGH_SECONDS:
        length *= 2
        if length > MOST:
            return
    # What grows with the square does so each time; a machine that was busy once does not.
    growths: list[float] = []
    for _ in range(ATTEMPTS):
        growths.append(seconds(make(2 * length)) / seconds(make(length)))
        if growths[-1] < MAX_GROWTH:
            return
    raise AssertionError(f"{min(growths):.1f} times as long for twice {length:,}")


def over(function: Callable[[str], object], text: str, around: str = "%s") -> Run:
    """A function of a text that repeats itself."""

    def make(length: int) -> Callable[[], object]:
        before, _, after = around.partition("%s")
        made = before + text * (length // len(text)) + after
        return lambda: function(made)

    return make


def sheet(text: str) -> None:
    with suppress(UnreadableFile):  # So intricate that it is refused.
        css.StyleSheet([text], frozenset(["color"]))


def cleared(text: str) -> None:
    hidden.clear_hidden(lxml.html.fromstring(f"<html><body>{text}</body></html>"))


def styled_page(rule: str, element: str) -> Callable[[str], None]:
    """As many rules as elements; ``%`` is the number of each."""

    def clear(text: str) -> None:
        rules = "".join(rule.replace("%", str(at)) for at in range(len(text)))
        elements = "".join(element.replace("%", str(at)) for at in range(len(text)))
        cleared(f"<style>{rules}</style>{elements}")

    return clear


def answer_list(text: str) -> object:
    return lists.answer_list("Which are?", lists.lists(text), 5, 6)


def blocks(text: str) -> object:
    builder = DocumentBuilder()
    add_blocks(builder, lxml.html.fromstring(f"<html><body>{text}</body></html>"))
    return builder.build("a")


def laid_out(text: str) -> object:
    builder = LimitedBuilder(Limits())
    lines = [
        Line(line, left=50, right=50 + len(line), base=700 - 12 * at, size=10.0)
        for at, line in enumerate(text.split("\n"))
    ]
    pdf.add_pages(builder, [Page([*lines], [], 0) for _ in range(3)])
    return builder.build("a.pdf")


def written(text: str) -> None:
    plain_text.add_text(LimitedBuilder(Limits()), text)


def sections(text: str) -> object:
    builder = DocumentBuilder()
    for part in text.split("\n"):
        builder.add("heading" if part[:1] == "#" else "paragraph", part, int(part[:1] == "#"))
    return split(builder.build("a.txt"), word_starts, 64)


def long_row(text: str) -> object:
    builder = DocumentBuilder()
    builder.add_table([text.split(), text.split()], 1)
    return split(builder.build("a.csv"), word_starts, 64)


def without_tokens(text: str) -> object:
    builder = DocumentBuilder()
    for part in text.split("\n"):
        builder.add("paragraph", part)
    return split(builder.build("a.txt"), lambda _: [], 64)


def sentences(text: str) -> object:
    return list(iter_sentences(text))


TEXTS: list[tuple[str, Callable[[str], object], str, str]] = [
    ("marks out of order", normalise, "\u0301\u0316", "a%s"),
    ("marks of one kind", normalise, "\u0301", "a%s"),
    ("spaces", normalise, " ", "a%sb"),
    ("blank lines", normalise, " \n", "a%sb"),
    ("line ends", normalise, "\r", "a%sb"),
    ("invisible", normalise, "\u200b", "a%sb"),
    ("sections", sections, "# a\nb\n", "%s"),
    ("sections below a heading", sections, "b\n## c\n", "# " + "x" * 299 + "\n%s"),
    ("cells of a long row", long_row, "ab ", "%s"),
    ("paragraphs without tokens", without_tokens, "\u0301\n", "%s"),
    ("sentences of one letter", sentences, "a. ", "%s"),
    ("sentences and a long one", sentences, "a. " + "b " * 1_998, "%s"),
    ("front matter of spaces", split_front_matter, " ", "---\ntitle: a%sb\n---\n"),
    ("front matter of titles", split_front_matter, "title:\n", "---\n%s"),
    ("front matter without end", split_front_matter, "-- \n", "---\n%s"),
    ("rule of spaces", split_front_matter, " ", "---%sx"),
    ("front matter of comments", split_front_matter, " ", "---\na: b%sc #\n---\n"),
    ("front matter of values", split_front_matter, "- a\n", "---\na:\n%s---\n"),
    ("tags", without_html, "<a ", "%s"),
    ("comments", without_html, "<!--", "%s"),
    ("scripts", without_html, "<script>", "%s"),
    ("hidden tags", without_html, "<b hidden>", "%s"),
    ("ends of scripts", without_html, "</script  ", "<script>%s"),
    ("text of spaces", written, " ", "\n%s"),
    ("text of blank lines", written, "\n \n", "a%s"),
    ("item of spaces", written, " ", "-%s\n-%s"),
    ("items", written, "- a\n", "%s"),
    ("items apart", written, "1. a\n\n", "%s"),
    ("leaders", written, ".", "%s a"),
    ("rule", written, "-", "%sx"),
    ("rule of equal signs", written, "=", "%s+ "),
    ("rows and text", written, "a|b\na|b\na|b\ntext\n", "%s"),
    ("underlines", written, "a\n---\n", "%s"),
    ("terms", written, "a\n\n b\n\n", "%s"),
    ("columns", written, "a  b\n", "%s"),
    ("broken words", written, "x-\n", "%s"),
    ("capitals", written, "A", "%sa"),
    ("line numbers", written, "1 a\n", "%s"),
    ("pages without feeds", written, "a [Page 1]\n", "%s"),
    ("brackets", written, "(", "%s"),
    ("ends of sentences", written, ".)", "%sa"),
    ("code", written, "; ", "%sa"),
    ("hanging lines", written, "  a\n", "a\n%s"),
    ("text before a letter beyond ASCII", lambda text: decoding.decode(text.encode() + b"\xe9 "),
     "a", "%s"),
    ("names of hosts", lambda text: decoding.decode(text.encode(), "punycode"), "-a", "a%s"),
    ("zeros of references", web_page._visible, "0", "&#%s"),
    ("references", web_page._visible, "&#x0", "%s"),
    ("document types", web_page._without_doctype, "<!DOCTYPE ", "%s"),
    ("document type", web_page._without_doctype, "x", "<!DOCTYPE %s"),
    ("style sheet of braces", sheet, "a{", "%s"),
    ("style sheet of ends", sheet, "}", "%s"),
    ("style sheet of comments", sheet, "/*", "%s"),
    ("style sheet of media", sheet, "@media screen{", "%s"),
    ("style sheet of print", sheet, "@media print{", "%s"),
    ("style sheet of selectors", sheet, ".a,", "%s{color:red}"),
    ("style sheet of a selector", sheet, "a ", "%s{color:red}"),
    ("style sheet of names", sheet, ".a", "%s{color:red}"),
    ("style sheet of escapes", sheet, "\\", "a{%s:b}"),
    ("style sheet of declarations", sheet, "color:red;", "a{%s}"),
    ("style sheet of rules", sheet, "a{color:red}", "%s"),
    ("style sheet of rules inside of rules", sheet, "a{", "%s"),
    ("style sheet of equal rules inside of one", sheet, "&{color:red}", "a{%s}"),
    ("style sheet of layers", sheet, "@layer a{", "%s"),
    ("style sheet of attributes", sheet, "[a=b]", "%s{color:red}"),
    ("style sheet of strings", sheet, "'/*'", "a{b:%s}"),
    ("style sheet of what is not", sheet, ":not(", "%s"),
    ("style sheet of comparisons", sheet, "<1", "@media (width%s){}"),
    ("style sheet of conditions", sheet, "(width)", "@media %s{}"),
    ("colours", css_values.colour, "0,", "rgb(%s)"),
    ("lengths", css_values.pixels, "1", "%sx"),
    ("sums", css_values.pixels, "1px + ", "calc(%s1px)"),
    ("brackets", css_values.pixels, "(", "calc(%s"),
    ("variables", lambda text: css_values.resolved(text, {}), "var(", "%s"),
    ("backgrounds", lambda text: css_values.expanded("background", text), "red,", "%s"),
    ("movements", cleared, "scale(", "<p style='transform:%s'>x</p>"),
    ("rules with a class of their own", styled_page(".a.b%{color:red}", "<p class=a>x</p>"),
     "x", "%s"),
    ("rules with an element each", styled_page(".a.b%{color:red}", "<p class='a b%'>x</p>"),
     "x", "%s"),
    ("rules with something around each", styled_page(".c% .a{color:red}", "<p class=a>x</p>"),
     "x", "%s"),
    ("rules of attributes", styled_page("[a%]{color:red}", "<p a>x</p>"), "x", "%s"),
    ("elements after the first", cleared, "<p>x</p>",
     "<style>i ~ p,b ~ p{color:red}</style><b></b>%s"),
    ("rules of variables", styled_page(".a{--b%:0}", "<p style='color:red'>x</p>"), "x", "%s"),
    ("elements by place", cleared, "<p>x</p>",
     "<style>p:nth-child(2n),p:nth-last-child(3),p:last-child{color:red}</style>%s"),
    ("elements after another", cleared, "<p>x</p>",
     "<style>p + p ~ p{color:red}</style>%s"),
    ("elements with variables", cleared, "<p style='--a:1'>x</p>", "%s"),
    ("elements with rules", cleared, "<p class='a b'>x</p>",
     "<style>.a{color:red} div .b{color:white}</style>%s"),
    ("elements of which each has a rule", cleared, "<style>.a{color:red}</style><p class=a>x</p>",
     "%s"),
    ("hidden elements", cleared, "<b hidden>a</b>b", "<p>%s</p>"),
    ("elements", blocks, "<b>a</b>", "<p>%s</p>"),
    ("items of a list", blocks, "<li>a</li>", "<ol>%s</ol>"),
    ("rows", blocks, "<tr><td>a</td><td>b</td></tr>", "<table>%s</table>"),
    ("tables", blocks, "<table><tr><td>a</td></tr></table>", "%s"),
    ("tables in a cell", blocks, "<table><tr><th>a</th><td>b</td></tr></table>",
     "<table><tr><th>a</th><td>%s</td></tr></table>"),
    ("cells over rows", blocks, "<tr><td rowspan=9>a</td><td>b</td></tr>", "<table>%s</table>"),
    ("links to notes", blocks, "<sup><a href='#1'>1</a></sup>", "<p>%s</p>"),
    ("links", blocks, "<a href='http://a.example'>here</a> ", "<p>%s</p>"),
    ("navigation", blocks, "<nav><a href='/a'>a</a> <a href='/b'>b</a></nav>", "%s"),
    ("definitions", blocks, "<dt>a</dt><dd>b</dd>", "<dl>%s</dl>"),
    ("definition", blocks, "<dd>b</dd>", "<dl><dt>a</dt>%s</dl>"),
    ("headings that lead elsewhere", blocks, "<h2>References</h2>", "%s"),
    ("heading of stops", blocks, ".:", "<h2>%sx</h2>"),
    ("references", blocks, "(a 1", "<h2>References</h2><p>%s</p>"),
    ("formula", blocks, "<mi>x</mi>", "<math>%s</math>"),
    ("line breaks", blocks, "<br> ", "<p>a%sb</p>"),
    ("lines of a page", laid_out, "The aid that was sent\n", "%s"),
    ("word of a page", laid_out, "a", "%s"),
    ("hyphens of a page", laid_out, "a-", "%s"),
    ("broken words of a page", laid_out, f"a{HYPHEN}\n", "%s"),
    ("dots of a page", laid_out, ".", "%s"),
    ("dots and letters of a page", laid_out, ". \"", "%s"),
    ("digits of a page", laid_out, "1", "%s"),
    ("spaces of a page", laid_out, " ", "-%sx"),
    ("words", words.search_terms, "ab ", "%s"),
    ("word", words.stems, "y", "%s"),
    ("digits", selection._fingerprint, "1.", "%s"),
    ("dots", selection._fingerprint, ".", "1%s"),
    ("signs", selection._fingerprint, "-", "%s"),
    ("capitals", selection._fingerprint, "A", "%s"),
    ("negations", selection._fingerprint, "n", "%s"),
    ("markers", lambda text: list(spans._MARKER.finditer(text)), "- ", "%s"),
    ("list", answer_list, "- a\n", "%s"),
    ("list of spaces", answer_list, " ", "-%s\n%s"),
    ("list of digits", answer_list, "1", "%s"),
    ("codes", notations.other_notations, "a1-", "%s"),
    ("dates", notations.other_notations, "1.", "%s"),
    ("months", notations.other_notations, "may ", "%s"),
    ("signs of sections", lambda text: references.read_reference(text, []), "§", "%s"),
    ("other codes", lambda text: other_statements.names_another_code("E21?", text), "a1-", "%s"),
    ("negations of a clause", lambda text: other_statements.is_negated("Who pays?", text, 0, 1),
     "not a ", "%s"),
    ("asking for a list", question_type.asks_for_list, "what s", "%s"),
    ("asking for a word", question_type.asks_for_list, "s", "what %s"),
    ("receipt of line ends", receipts._escaped, "\n", "%s"),
    ("receipt of spaces", receipts._escaped, " ", "%s"),
    ("receipt of digits", receipts._escaped, "1", "%s"),
    ("receipt of marks", receipts._escaped, "\\", "%s"),
    ("places of letters", lambda text: list(receipts._occurrences(text, text[: len(text) // 2])),
     "a", "%s"),
    ("places inside of words",
     lambda text: list(receipts._occurrences(text, text[: len(text) // 6 * 3 + 1])), "ab,", "%s"),
    ("places on a page",
     lambda text: pdf_picture._find(
         [(letter, at) for at, letter in enumerate(text)],
         pdf_picture.Quoted(text[: len(text) // 2])), "a", "%s"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("function", "text", "around"),
    [each[1:] for each in TEXTS],
    ids=[each[0] for each in TEXTS],
)
def test_twice_the_text_takes_twice_the_time(
    function: Callable[[str], object], text: str, around: str
) -> None:
    grows_with_its_length(over(function, text, around), 4_000)


# Files


def styled(count: int) -> bytes:
    """Styles of which each is based on the one before."""
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="s{at}"><w:basedOn w:val="s{at - 1}"/></w:style>'
        for at in range(count)
    )
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="s{at}"/></w:pPr><w:r><w:t>a</w:t></w:r></w:p>'
        for at in range(count)
    )
    return word([body], extra=parts("styles", styles))


def numbered(count: int) -> bytes:
    """Lists of one item each, of one kind."""
    lists = '<w:abstractNum w:abstractNumId="0">' + "".join(
        f'<w:lvl w:ilvl="{at}"><w:numFmt w:val="decimal"/></w:lvl>' for at in range(9)
    )
    lists += "</w:abstractNum>" + "".join(
        f'<w:num w:numId="{at}"><w:abstractNumId w:val="0"/></w:num>' for at in range(1, count)
    )
    body = "".join(
        f'<w:p><w:pPr><w:numPr><w:ilvl w:val="{at % 9}"/><w:numId w:val="{at}"/></w:numPr></w:pPr>'
        "<w:r><w:t>a</w:t></w:r></w:p>"
        for at in range(1, count)
    )
    return word([body], extra=parts("numbering", lists))


def boxed(count: int) -> bytes:
    """Boxes inside of one another, over and over."""
    box = "<w:p><w:r><w:txbxContent>" * 12 + paragraph("a") + "</w:txbxContent></w:r></w:p>" * 12
    return word([box] * (count // 12))


def runs(count: int) -> bytes:
    """A paragraph of runs, and without properties."""
    return word(["<w:p>" + "<w:r><w:t>a </w:t></w:r>" * count + "</w:p>"])


def parts(kind: str, xml: str) -> list[tuple[str | zipfile.ZipInfo, str]]:
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return [
        (f"word/{kind}.xml", f'<w:{kind} xmlns:w="{space}">{xml}</w:{kind}>'),
        (
            "word/_rels/document.xml.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{office}/{kind}" Target="{kind}.xml"/></Relationships>',
        ),
    ]


def slide_of_rows(count: int) -> bytes:
    source = pptx.Presentation()
    slide = source.slides.add_slide(source.slide_layouts[6])
    table = slide.shapes.add_table(1, 1, 0, 0, Inches(1), Inches(1)).table
    table.cell(0, 0).text = "a"
    row = table._tbl.tr_lst[0]
    for _ in range(count):
        table._tbl.append(copy.deepcopy(row))
    file = io.BytesIO()
    source.save(file)
    return file.getvalue()


def book(count: int) -> bytes:
    """A book whose chapters are not there, beside files that are not of it."""
    items = "".join(
        f'<item id="i{at}" href="{at}.html" media-type="text/html"/>' for at in range(count)
    )
    order = "".join(f'<itemref idref="i{at}"/>' for at in range(count))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(
            "META-INF/container.xml",
            "<container><rootfiles><rootfile full-path='b.opf'/></rootfiles></container>",
        )
        archive.writestr(
            "b.opf",
            f"<package><manifest>{items}<item id='a' href='a.html' media-type='text/html'/>"
            f"</manifest><spine>{order}<itemref idref='a'/></spine></package>",
        )
        archive.writestr("a.html", "<p>a</p>")
        for at in range(min(count, 5_000)):
            archive.writestr(f"files/{at}", "")
    return file.getvalue()


FILES: list[tuple[str, Callable[[int], bytes], int]] = [
    ("a.docx", styled, 200),
    ("a.docx", numbered, 200),
    ("a.docx", boxed, 200),
    ("a.docx", runs, 2_000),
    ("a.pptx", slide_of_rows, 100),
    ("a.epub", book, 1_000),
    ("a.csv", lambda length: b'"' * length, 20_000),
    ("a.csv", lambda length: b"," * length + b"a", 20_000),
    ("a.csv", lambda length: b"a\n" * (length // 2), 20_000),
    ("a.txt", lambda length: ("a" + "\u0301\u0316" * (length // 2)).encode(), 20_000),
]


@pytest.mark.parametrize(
    ("name", "make", "length"), FILES, ids=[f"{each[0]} {at}" for at, each in enumerate(FILES)]
)
def test_twice_the_file_takes_twice_the_time(
    tmp_path: Path, name: str, make: Callable[[int], bytes], length: int
) -> None:
    format = format_of(Path(name))
    assert format is not None

    def of(length: int) -> Callable[[], Any]:
        path = tmp_path / f"{length}-{name}"
        path.write_bytes(make(length))
        limits = Limits(characters=10**9, blocks=10**9)
        return lambda: format.read(path, limits)

    grows_with_its_length(of, length)
