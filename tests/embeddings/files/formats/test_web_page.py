"""Web pages: everything that a reader of the page sees, in its order, and navigation set apart."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from embeddings.document import Document
from embeddings.files.formats import web_page
from embeddings.files.formats.markup_lists import shown as number
from embeddings.files.formats.mathml import linear
from embeddings.files.limits import Limits
from tests.builders import shown_with_bars

CASES = Path(__file__).parents[1] / "cases"
Read = Callable[[str | bytes], Document]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a page's source."""

    def write_and_read(source: str | bytes) -> Document:
        path = tmp_path / "page.html"
        path.write_bytes(source.encode() if isinstance(source, str) else source)
        return web_page.read(path, Limits())

    return write_and_read


def case(name: str) -> Document:
    return web_page.read(CASES / name, Limits())


def blocks(document: Document, *, furniture: bool = False) -> list[tuple[str, str]]:
    """Kind (and level, of headings) and text of each block; cells of tables between bars."""
    found = shown_with_bars(document)
    return [block for block in found if furniture or block[0] != "furniture"]


def furniture(document: Document) -> str:
    return "\n".join(
        document.text[block.start : block.end]
        for block in document.blocks
        if block.kind == "furniture"
    )


# The cases of answers that went wrong


def test_merged_cells_stand_in_each_row_that_they_cover() -> None:
    assert blocks(case("H01_html/rowspan.html"))[-1] == (
        "table",
        "Island | Day | Departure\nHven | weekday | 07:15\nHven | Sunday | 09:40\n"
        "Ven Norra | weekday | 06:50\nVen Norra | Sunday | 10:20",
    )


def test_term_and_definition_are_one_block() -> None:
    assert blocks(case("H01_html/dl.html"))[2:] == [
        ("paragraph", "Carrier\nthe company that moves the goods"),
        ("paragraph", "Consignee\nthe person to whom the goods are handed over"),
    ]


def test_question_that_opens_is_one_block_with_its_answer() -> None:
    assert blocks(case("H03_details/details.html"))[2:] == [
        (
            "paragraph",
            "How do I reset it?\nHold the small button on the back for twelve seconds until the "
            "lamp turns orange.",
        ),
        (
            "paragraph",
            "What does a red lamp mean?\nThe line to the house is broken; call us on weekdays "
            "between eight and five.",
        ),
    ]


def test_formula_is_linear_text() -> None:
    assert blocks(case("H01_html/math.html"))[-1][1] == "The energy is E = 1/2 m v² joules."


def test_list_stands_behind_the_line_that_introduces_it() -> None:
    found = blocks(case("H01_html/wikilist.html"))
    assert [kind for kind, _ in found] == ["heading1", "paragraph", "list", "paragraph"]
    assert found[2][1] == "- three litres of water\n- a hat"


def test_short_page_is_read_whole() -> None:
    assert blocks(case("H01_html/short.html")) == [
        ("heading1", "Swimming pool"),
        ("paragraph", "The pool is open from 7 to 21."),
        ("heading2", "Prices"),
        ("paragraph", "A day ticket costs 6 euros."),
    ]


def test_sidebar_and_footer_that_say_something_are_content() -> None:
    found = blocks(case("H04_sidebar/nav_like.html"))
    assert found[:3] == [
        ("paragraph", "Vet clinic Rowan"),
        ("heading3", "Opening hours"),
        ("paragraph", "Monday to Friday 8 to 18, Saturday 9 to 12"),
    ]
    assert found[-1] == ("paragraph", "Emergency line: 555-0188. Rowan Lane 12.")


def test_marks_of_notes_are_apart_and_exponents_are_not() -> None:
    text = case("H02_sup/town.html").text
    for part in ("4,310 ² at", "10⁶ litres", "58 ¹ thousand", "CO₂ free", "25 m² and"):
        assert part in text


def test_headings_are_text() -> None:
    headings = [text for kind, text in blocks(case("T03_heading/faq.html")) if kind == "heading2"]
    assert headings == [
        "The card is free for children under sixteen",
        "Lost cards are replaced for 4 euros",
    ]


def test_struck_out_text_is_left_out() -> None:
    assert [text for _, text in blocks(case("D09_strike/dues.html"))[1:]] == [
        "The yearly club dues are 55 dollars for adults.",
        "The locker costs 15 dollars.",
    ]


# Order and furniture

SITE = """<html><head><title>Berths - Harbour of Lund</title></head><body>
<a class="skip" href="#main">Skip to content</a>
<div id="cookie-banner"><p>We use cookies. <a href="/c">Learn more</a></p></div>
<header><a href="/">Harbour of Lund</a><nav><h2>Menu</h2><ul><li><a href="/a">Home</a></li>
<li><a href="/b">Berths</a></li><li><a href="/c">Contact</a></li></ul></nav></header>
<div class="breadcrumb"><a href="/">Home</a> » <a href="/b">Berths</a></div>
<div class="wrap"><h1>Berths<a class="headerlink" href="#berths">¶</a></h1>
<ul class="toc"><li><a href="#p">Prices</a></li><li><a href="#h">Hours</a></li>
<li><a href="#w">Winter</a></li></ul>
<p>A column is <code>varchar(</code><em>n</em><code>)</code>, see <a href="#x">there</a>.</p>
<h2 id="p">Prices</h2><p>A berth costs <b>40</b> euros.</p>
<ul><li><a href="/m">Maja</a></li><li><a href="/n">Nora</a></li></ul>
<h2>See also</h2><p><a href="/q">Fees</a>, <a href="/r">Rules</a></p></div>
<aside><h3>Office</h3><p>Open from 9 to 12.</p><ul><li><a href="/1">News</a></li>
<li><a href="/2">Archive</a></li></ul></aside>
<footer><p>Call 555-0199.<br>© 2024 Harbour of Lund</p><p><a href="/i">Imprint</a>
<a href="/d">Data</a></p></footer></body></html>"""


def test_page_is_read_in_its_order_without_its_furniture(read: Read) -> None:
    document = read(SITE)
    assert document.title == "Berths"
    assert blocks(document) == [
        ("heading1", "Berths"),
        ("paragraph", "A column is varchar(n), see there."),
        ("heading2", "Prices"),
        ("paragraph", "A berth costs 40 euros."),
        ("list", "- Maja\n- Nora"),
        ("heading3", "Office"),
        ("paragraph", "Open from 9 to 12."),
        ("paragraph", "Call 555-0199."),
    ]
    for text in ("Skip to content", "We use cookies", "Menu", "Contact", "Winter", "See also",
                 "Rules", "Archive", "© 2024", "Imprint"):  # fmt: skip
        assert text in furniture(document), text


def test_page_of_nothing_but_links_is_content(read: Read) -> None:
    page = "<nav><ul><li><a href='/a'>Tides</a></li><li><a href='/b'>Winds</a></li></ul></nav>"
    assert blocks(read(page)) == [("list", "- Tides\n- Winds")]


def test_navigation_that_says_something_is_content(read: Read) -> None:
    page = (
        "<p>Text of the page.</p><nav><p>Boats leave at 7:30 and 9:15 from the northern pier, "
        "and return in the evening when the tide allows it.</p></nav>"
    )
    assert [kind for kind, _ in blocks(read(page))] == ["paragraph", "paragraph"]


def test_names_of_sections_do_not_make_them_furniture(read: Read) -> None:
    page = (
        '<div class="section" id="jump-list"><h2>Jump list</h2><p>See <a href="#a">A</a>, '
        '<a href="#b">B</a>.</p></div><div id="cookies"><p>About cookies.</p></div>'
        "<p>What is new:</p><ul><li><a href='#p'>Nets</a><li><a href='#q'>Boats</a>"
        "<li><a href='#r'>Piers</a></ul>"
    )
    assert [kind for kind, _ in blocks(read(page))] == [
        "heading2", "paragraph", "paragraph", "paragraph", "list",
    ]  # fmt: skip


def test_buttons_for_sharing_and_related_pages_are_furniture(read: Read) -> None:
    page = (
        "<p>Text of the page.</p><div class='share-buttons'><a href='/f'>Here</a> <a href='/g'>"
        "There</a></div><div class='related-posts'><h3>Related</h3><ul><li><a href='/1'>One</a>"
        "<li><a href='/2'>Two</a></ul></div>"
    )
    assert [text for _, text in blocks(read(page))] == ["Text of the page."]


def test_contents_of_several_levels_are_furniture_with_their_name(read: Read) -> None:
    page = (
        f"<h1>Eels</h1><p>{'The harbour is old. ' * 60}</p><p>Table of contents</p><ul><li>"
        "<a href='#a'>A</a><ul><li><a href='#b'>B</a><li><a href='#c'>C</a><li><a href='#d'>D</a>"
        "</ul></ul><h2>B</h2><p>x</p>"
    )
    assert [kind for kind, _ in blocks(read(page))] == [
        "heading1", "paragraph", "heading2", "paragraph",
    ]  # fmt: skip


def test_boxes_and_buttons_that_do_something_are_no_text(read: Read) -> None:
    page = (
        "<input type=checkbox id=menu><div>Text</div><h2>Eels <button>Copy</button></h2>"
        "<h3><button aria-expanded=false>Nets?</button></h3><h4>Boats<a href='#b'>§</a></h4>"
    )
    assert [text for _, text in blocks(read(page))] == ["Text", "Eels", "Nets?", "Boats"]


def test_contents_that_name_the_headings_are_furniture(read: Read) -> None:
    headings = "".join(f"<h2 id='h{at}'>Part {at}</h2><p>Text of it.</p>" for at in range(4))
    links = "".join(f"<li><a href='#h{at}'>Part {at}</a></li>" for at in range(4))
    page = f"<p>{'The harbour is old. ' * 60}</p><ul>{links}</ul>{headings}"
    assert "list" not in [kind for kind, _ in blocks(read(page))]


def test_reference_list_is_furniture_with_its_heading(read: Read) -> None:
    page = (
        "<h1>Eels</h1><p>They swim far.</p><h2>References</h2><ol>"
        "<li>Holm, P. (1998). Eels of the sound. pp. 3–9.</li><li>Vik, R. (2004). Nets.</li></ol>"
        "<h2>Contact</h2><p>Ask at the pier.</p>"
    )
    document = read(page)
    assert [text for _, text in blocks(document)] == [
        "Eels", "They swim far.", "Contact", "Ask at the pier.",
    ]  # fmt: skip
    assert furniture(document).startswith("References\n1. Holm")


def test_furniture_does_not_part_a_heading_from_its_text(read: Read) -> None:
    page = (
        "<p>One.</p><h2>Nets</h2><div class='related'><a href='/n'>Making of nets</a></div>"
        "<p>They are old.</p>"
    )
    assert [kind for kind, _ in blocks(read(page))] == ["paragraph", "heading2", "paragraph"]
    assert read(page).text.endswith("Nets\n\nThey are old.")


def test_people_who_give_references_are_content(read: Read) -> None:
    page = "<h2>References</h2><ul><li>Tove Lindh, harbour office</li><li>Per Aas</li></ul>"
    assert blocks(read(page))[0] == ("heading2", "References")


def test_text_before_a_search_field_stays(read: Read) -> None:
    page = (
        "<form action='/search'><select><option>All</option></select><input name='q'></form>"
        "<form><label>Berth</label><input value='14'><label>Paid</label>"
        "<input type='checkbox' checked><input type='password' value='secret'></form>"
    )
    assert [text for _, text in blocks(read(page))] == ["Berth 14 Paid ☑"]


# Tables


def test_header_title_and_caption_of_a_table(read: Read) -> None:
    page = (
        "<table><caption>Prices of 2024</caption><thead><tr><th rowspan=2>Boat</th>"
        "<th colspan=2>Euros</th></tr><tr><th>summer</th><th>winter</th></tr></thead>"
        "<tbody><tr><th>Maja</th><td>40</td><td>60<br>70</td></tr></tbody></table>"
    )
    document = read(page)
    assert blocks(document) == [
        ("paragraph", "Prices of 2024"),
        ("table", "Boat | Euros | Euros\nBoat | summer | winter\nMaja | 40 | 60 70"),
    ]
    assert document.blocks[1].header_rows == 2


def test_merged_cells_tell_a_header_without_its_elements(read: Read) -> None:
    page = (
        "<table><tr><td rowspan=2>Role</td><td colspan=2>Duty</td></tr>"
        "<tr><td>In port</td><td>At sea</td></tr>"
        "<tr><td>Mate</td><td>Oils</td><td>Steers</td></tr></table>"
    )
    document = read(page)
    assert blocks(document) == [
        ("table", "Role | Duty | Duty\nRole | In port | At sea\nMate | Oils | Steers")
    ]
    assert document.blocks[0].header_rows == 2


def test_box_of_names_and_values_has_no_header(read: Read) -> None:
    page = (
        "<table><tr><th colspan=2>Maja</th></tr><tr><th>Length:</th><td>9 m</td></tr>"
        "<tr><th>Built</th><td>1998</td></tr></table>"
    )
    document = read(page)
    assert blocks(document) == [
        ("paragraph", "Maja"),
        ("table", "Length | 9 m\nBuilt | 1998"),
    ]
    assert document.blocks[1].header_rows == 0


def test_table_inside_a_cell_follows_its_table(read: Read) -> None:
    page = (
        "<table><tr><th>Pier</th><th>Boats</th></tr><tr><td>North</td><td>two:"
        "<table><tr><th>Name</th><th>Berth</th></tr><tr><td>Maja</td><td>4</td></tr></table>"
        "</td></tr><tr><td>South</td><td>none</td></tr></table>"
    )
    assert blocks(read(page)) == [
        ("table", "Pier | Boats\nNorth | two:\nSouth | none"),
        ("table", "Name | Berth\nMaja | 4"),
    ]


def test_table_that_lays_out_a_page_is_read_as_blocks(read: Read) -> None:
    page = (
        "<table><tr><td><h2>News</h2><p>The pier is open.</p></td><td><p>Call us.</p></td></tr>"
        "<tr><td>left</td><td>right</td></tr></table>"
    )
    assert [text for _, text in blocks(read(page))] == [
        "News", "The pier is open.", "Call us.", "left", "right",
    ]  # fmt: skip


def test_elements_can_play_the_parts_of_a_table(read: Read) -> None:
    page = (
        '<div role="table"><div role="row"><span role="columnheader">Boat</span>'
        '<span role="columnheader">Berth</span></div><div role="row"><span role="cell">Maja</span>'
        '<span role="cell">4</span></div></div>'
    )
    document = read(page)
    assert blocks(document) == [("table", "Boat | Berth\nMaja | 4")]
    assert document.blocks[0].header_rows == 1


def test_foot_of_a_table_stands_last(read: Read) -> None:
    page = (
        "<table><thead><tr><th>Boat<th>Euros<tfoot><tr><td>Sum<td>90<tbody><tr><td>Maja<td>40"
        "<tr><td>Nora<td>50</table>"
    )
    assert blocks(read(page))[0][1] == "Boat | Euros\nMaja | 40\nNora | 50\nSum | 90"


def test_enormous_spans_end(read: Read) -> None:
    page = "<table>" + "<tr><th rowspan=65534 colspan=1000>a<td>b</tr>" * 30 + "</table>"
    assert "a" in read(page).text


# Lists and definitions


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("", "1. a\n2. b\n3. c"),
        ('start="4"', "4. a\n5. b\n6. c"),
        ('type="a"', "a. a\nb. b\nc. c"),
        ('type="I" start="3"', "III. a\nIV. b\nV. c"),
        ("reversed", "3. a\n2. b\n1. c"),
        ('style="list-style-type: lower-roman"', "i. a\nii. b\niii. c"),
        ('class="upperalpha simple"', "A. a\nB. b\nC. c"),
    ],
)
def test_items_are_numbered_as_a_browser_does(read: Read, attributes: str, expected: str) -> None:
    page = f"<ol {attributes}><li>a<li>b<li>c</ol>"
    assert blocks(read(page)) == [("list", expected)]


def test_item_can_set_its_number(read: Read) -> None:
    assert read("<ol><li value=7>a<li>b</ol>").text == "7. a\n8. b"


def test_long_items_are_paragraphs_with_their_numbers(read: Read) -> None:
    long = "The harbour master decides. " * 40
    page = f"<ol><li><p><b>Length of boats</b></p><p>{long}</p><pre>x</pre><li><p>Ends.</p></ol>"
    assert blocks(read(page)) == [
        ("paragraph", f"1. Length of boats\n{long.strip()}"),
        ("code", "x"),
        ("paragraph", "2. Ends."),
    ]


def test_terms_share_a_definition_and_later_parts_follow(read: Read) -> None:
    page = (
        "<dl><dt>-q<dt>--quiet<dd><p>Say less.</p><p>It is off.</p><pre>tide -q</pre>"
        "<p>Then more.</p><dt>-v<dd>Say more.</dl>"
    )
    assert blocks(read(page)) == [
        ("paragraph", "-q\n--quiet\nSay less.\nIt is off."),
        ("code", "tide -q"),
        ("paragraph", "Then more."),
        ("paragraph", "-v\nSay more."),
    ]


@pytest.mark.parametrize(
    ("value", "style", "expected"),
    [
        (1994, "upper-roman", "MCMXCIV"),
        (26, "lower-alpha", "z"),
        (27, "lower-alpha", "aa"),
        (703, "upper-alpha", "AAA"),
        (0, "lower-alpha", "0"),
        (5_000, "lower-roman", "5000"),
    ],
)
def test_numbers_in_letters(value: int, style: str, expected: str) -> None:
    assert number(value, style) == expected


# Marks inside of text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("4,310<sup><a href='#n1'>a</a></sup> people", "4,310 [a] people"),
        ("down<sup class='reference'><a href='#c1'>[1]</a></sup> or", "down [1] or"),
        ("lit the lamp.<a role='doc-noteref' href='#n'>3</a>", "lit the lamp. [3]"),
        ("weighs 120 kg<sup>3</sup> when empty", "weighs 120 kg ³ when empty"),
        ("The 1<sup>st</sup> of May", "The 1st of May"),
        ("x<sup>2</sup> + y<sup>n+1</sup>", "x² + yⁿ⁺¹"),
        ("3.6 × 10<sup>−9</sup> J", "3.6 × 10⁻⁹ J"),
        ("Ca<sup>2+</sup> and SO<sub>4</sub><sup>2−</sup>", "Ca²⁺ and SO₄²⁻"),
        ("V<sub>out</sub> of H<sub>2</sub>O", "V_out of H₂O"),
        ("costs <s>5</s> 8 euros<del>, old</del>.", "costs 8 euros ."),
        ("costs <span style='text-decoration: line-through'>5</span> 8", "costs 8"),
        ("costs <b class=o>5</b> 8<style>.o{text-decoration:line-through red}</style>", "costs 8"),
        ("an <q>old</q> pier", "an “old” pier"),
        ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>字", "漢(kan)字"),
        ("the <abbr title='service level agreement'>SLA</abbr>; an <abbr title='service level "
         "agreement'>SLA</abbr>", "the SLA (service level agreement); an SLA"),
        ("since <time datetime='2024-03-05'>Tuesday</time>", "since Tuesday (2024-03-05)"),
        ("<a href='https://h.example/f.pdf'>Download here</a>",
         "Download here (https://h.example/f.pdf)"),
        ("<a href='https://w.example/drake'>drake</a>", "drake"),
        ("<a href='mailto:a@h.example'>Write to us</a>", "Write to us (a@h.example)"),
        ("Revenue<br>in<wbr>come hu\u00admanity", "Revenue\nincome humanity"),
        ("one<span style='display:block'>two</span>three", "one two three"),
        ("<label>Name</label><span>Maja</span>", "Name Maja"),
        ("so <img class='tex' src='f.png' alt='E = mc^2'> holds", "so E = mc^2 holds"),
        ("see <a href='#s2'>2</a> and <a href='#s3'>3</a>", "see 2 and 3"),
    ],
)  # fmt: skip
def test_marks_inside_of_text(read: Read, source: str, expected: str) -> None:
    assert read(f"<p>{source}</p>").text == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<msup><mi>x</mi><mn>2</mn></msup>", "x²"),
        ("<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mi>c</mi></mfrac>", "(a + b)/c"),
        ("<msqrt><mi>x</mi></msqrt>", "√(x)"),
        ("<mi>a</mi><mo>&#x2062;</mo><mi>b</mi>", "a b"),
        ("<mi>sin</mi><mo>&#x2061;</mo><mo>(</mo><mi>x</mi><mo>)</mo>", "sin(x)"),
        ("<msub><mi>F</mi><mi>max</mi></msub><mo>=</mo><mn>4800</mn>", "F_max = 4800"),
        ("<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover>"
         "<mi>i</mi>", "∑_(i = 1)ⁿ i"),
        ("<semantics><mi>x</mi><annotation>y</annotation></semantics>", "x"),
        ("<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr><mtr><mtd><mn>3</mn></mtd>"
         "<mtd><mn>4</mn></mtd></mtr></mtable>", "[1, 2; 3, 4]"),
        ("", ""),
    ],
)  # fmt: skip
def test_formulas(source: str, expected: str) -> None:
    assert linear(etree.fromstring(f"<math>{source}</math>")) == expected


def test_code_keeps_its_indentation(read: Read) -> None:
    document = read("<pre>def f():\n    if x:\n\treturn  1\n</pre><p>a <code>b</code></p>")
    assert blocks(document)[0] == ("code", "def f():\n    if x:\n    return  1")
    assert blocks(document)[1] == ("paragraph", "a b")


def test_pictures_are_told_and_described_where_they_are_all(read: Read) -> None:
    page = (
        "<p><img src='a.png' alt='A map of the pier'></p><p>Text <img src='b.png' alt='of it all'>"
        "</p><img src='c.png' alt=''><img src='d.png' width=16><iframe src='/x'></iframe>"
        "<video src='y'></video>"
    )
    document = read(page)
    assert [text for _, text in blocks(document)] == ["A map of the pier", "Text"]
    assert document.not_read == ("2 pictures", "1 embedded page", "1 video")


def test_caption_stands_before_its_table(read: Read) -> None:
    page = (
        "<figure><table><tr><th>Boat</th><th>Berth</th></tr><tr><td>Maja</td><td>4</td></tr>"
        "</table><figcaption>Boats in winter</figcaption></figure>"
    )
    assert [kind for kind, _ in blocks(read(page))] == ["paragraph", "table"]


# Titles and heads


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        ("<title>Eels - The Fish Book</title>", "<h1>Eels</h1>", "Eels"),
        ("<title>The Fish Book | Eels</title>", "<h1>Eels</h1>", "Eels"),
        ("<title>Eels – far and near — Fish</title>", "<h1>Eels – far and near</h1>",
         "Eels – far and near"),
        ("<title>The Fish Book</title>", "<h1>Eels</h1>", "The Fish Book"),
        ("<title>Eels - The Fish Book</title>", "<h1>The Fish Book</h1><h2>Eels</h2>", "Eels"),
        ("<title>Eels: the nets</title>", "<h1>Eels</h1>", "Eels: the nets"),
        ("<title>Untitled Document</title>", "<h1>Eels</h1>", "Eels"),
        ("<title></title>", "<p>x</p><h2>Eels</h2>", "Eels"),
        ("", "<p>x</p>", "page.html"),
    ],
)  # fmt: skip
def test_title_says_what_the_page_is_about(read: Read, head: str, body: str, expected: str) -> None:
    assert read(f"<html><head>{head}</head><body>{body}</body></html>").title == expected


def test_author_and_date_of_the_head_are_text(read: Read) -> None:
    page = (
        "<html><head><meta name='author' content='Runa Vik'>"
        "<meta property='article:published_time' content='2025-08-16'></head><body><p>Text</p>"
    )
    assert blocks(read(page)) == [
        ("table", "Author | Runa Vik\nPublished | 2025-08-16"),
        ("paragraph", "Text"),
    ]


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("gb2312", "gbk", "镕基"),
        ("latin-1", "cp1252", "“quoted” – 5 €"),
        ("iso-8859-1", "cp1252", "“quoted” – 5 €"),
        ("ks_c_5601-1987", "cp949", "똠방"),
        ("x-sjis", "cp932", "①支援"),
        ("iso-8859-9", "cp1254", "“güçlü”"),
    ],
)
def test_names_of_encodings_mean_what_browsers_take_them_for(
    read: Read, label: str, codec: str, text: str
) -> None:
    page = f'<meta charset="{label}"><p>{text}</p>'.encode(codec)
    assert read(page).text == text


# Any page

TAGS = st.sampled_from(
    "p div span b a ul ol li dl dt dd table tr td th pre sup sub q h1 h2 nav footer aside br math "
    "mfrac mi details summary figure figcaption img label button section em del".split()
)
PAGES = st.lists(
    st.tuples(TAGS, st.sampled_from(("<", "</")), st.text(st.sampled_from("ab1 .,"), max_size=6)),
    max_size=30,
)


@settings(deadline=None)
@given(PAGES)
def test_any_page_is_read_and_its_blocks_are_exact(parts: list[tuple[str, str, str]]) -> None:
    import tempfile

    source = "".join(f"{opening}{tag}>{text}" for tag, opening, text in parts)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.html"
        path.write_text(source)
        document = web_page.read(path, Limits())
    end = 0
    for block in document.blocks:
        assert end <= block.start < block.end <= len(document.text)
        assert document.text[block.start : block.end].strip()
        end = block.end
