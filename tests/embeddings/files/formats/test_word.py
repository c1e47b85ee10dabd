"""What of a Word document becomes text: all that Word shows, and nothing that it does not."""

import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml

from embeddings.document import Document
from embeddings.files.formats import format_of
from embeddings.files.limits import Limits
from tests.builders import shown

CASES = Path(__file__).parents[1] / "cases"
RELATED = RELATIONSHIP_TYPE.OFFICE_DOCUMENT.rpartition("/")[0]
NAMESPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in (
        ("w", "http://schemas.openxmlformats.org/wordprocessingml/2006/main"),
        ("m", "http://schemas.openxmlformats.org/officeDocument/2006/math"),
        ("r", RELATED),
        ("a", "http://schemas.openxmlformats.org/drawingml/2006/main"),
        ("c", "http://schemas.openxmlformats.org/drawingml/2006/chart"),
        ("dgm", "http://schemas.openxmlformats.org/drawingml/2006/diagram"),
        ("mc", "http://schemas.openxmlformats.org/markup-compatibility/2006"),
        ("pic", "http://schemas.openxmlformats.org/drawingml/2006/picture"),
        ("v", "urn:schemas-microsoft-com:vml"),
    )
)

Shown = list[tuple[str, str]]
Parts = dict[str, tuple[str, str, bytes]]
"""By relation: kind of the relation, type of the content, content."""

Build = Callable[..., Document]


def run(text: str, properties: str = "") -> str:
    inner = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{inner}<w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*runs: str, style: str = "", properties: str = "") -> str:
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    content = "".join(each if each.startswith("<") else run(each) for each in runs)
    return f"<w:p><w:pPr>{named}{properties}</w:pPr>{content}</w:p>"


def listed(text: str, depth: int = 0, list_id: int = 70) -> str:
    numbers = f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{list_id}"/></w:numPr>'
    return paragraph(text, properties=numbers)


def cell(*content: str, properties: str = "") -> str:
    inner = "".join(each if each.startswith("<") else paragraph(each) for each in content)
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inner}</w:tc>"


def table(*rows: str, properties: str = "") -> str:
    return f"<w:tbl><w:tblPr>{properties}</w:tblPr>{''.join(rows)}</w:tbl>"


def row(*cells: str, properties: str = "") -> str:
    inner = "".join(each if each.startswith("<") else cell(each) for each in cells)
    return f"<w:tr><w:trPr>{properties}</w:trPr>{inner}</w:tr>"


def level(depth: int, format: str, text: str, start: int = 1, extra: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="{start}"/><w:numFmt w:val="{format}"/>{extra}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def definition(*levels: str, id: int = 70) -> str:
    return f'<w:abstractNum w:abstractNumId="{id}">{"".join(levels)}</w:abstractNum>'


def number(id: int = 70, definition: int = 70, overrides: str = "") -> str:
    return f'<w:num w:numId="{id}"><w:abstractNumId w:val="{definition}"/>{overrides}</w:num>'


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Reads a Word document made of XML."""

    def write_and_read(
        *body: str, numbering: str = "", parts: Parts | None = None, prompts: bool = False
    ) -> Document:
        source = docx.Document()
        if prompts:
            source.styles.add_style("Placeholder Text", WD_STYLE_TYPE.CHARACTER)
        for xml in body:
            element = parse_xml(f"<w:body {NAMESPACES}>{xml}</w:body>")
            for child in list(element):
                source.element.body.insert(len(source.element.body) - 1, child)
        if numbering:
            root = source.part.numbering_part.element
            element = parse_xml(f"<w:numbering {NAMESPACES}>{numbering}</w:numbering>")
            for at, child in enumerate(list(element)):
                root.insert(at, child)
        for id, (kind, content_type, blob) in (parts or {}).items():
            name = PackURI(f"/word/{kind}-{id}.xml")
            part = Part(name, content_type, blob, source.part.package)
            source.part.rels.add_relationship(f"{RELATED}/{kind}", part, id)
        source.save(str(tmp_path / "a.docx"))
        return read(tmp_path / "a.docx")

    return write_and_read


def read(path: Path) -> Document:
    format = format_of(path)
    assert format is not None
    return format.read(path, Limits())


def headers(document: Document) -> list[int]:
    return [block.header_rows for block in document.blocks if block.kind == "table"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("D01_sym/dosing.docx", "The starting dose of Veltrane is 50 µg once a day."),
        ("D01_sym/dosing.docx", "when the heart rate is ≥ 120 beats a minute."),
        ("D01_sym/dosing.docx", "Fasting needed: ☑ yes ☐ no"),
        ("D02_numbering/agreement.docx", "\n2.2 Late payment bears interest of four percent.\n"),
        ("D02_numbering/agreement.docx", "\n(b) when the bank of the buyer is closed.\n3. Term"),
        ("D03_footnote/grant.docx", "30 June ¹\n\n1 Applicants from the islands may file until 15"),
        ("D04_vmerge/rates.docx", "\nAlder House\twinter\t60 euros\n"),
        ("D04_vmerge/rates.docx", "\nBirch Lodge\twinter\t75 euros"),
        ("D06_sdtcell/intake.docx", "Case officer\tMarit Oldervik\nOffice\tHarbour Street 4"),
        ("D08_math/formula.docx", "The load limit is F=4800 newton at room temperature."),
        ("D09_strike/fees.docx", "The parking fee is 8 euros per day."),
        ("D11_altchunk/minutes.docx", "\n\nThe next meeting is on 4 October in Lund."),
        ("D12_strict/strict.docx", "The archive room is on floor seven."),
        ("H02_sup/energy.docx", "stores 3.6 × 10⁹ joules"),
        ("H02_sup/energy.docx", "The permit number is 77 ⁴ and"),
        ("T03_heading/minutes.docx", "The water is turned off on 14 November"),
    ],
)
def test_case_is_read_right(name: str, expected: str) -> None:
    document = read(CASES / name)
    assert expected in document.text
    assert document.not_read == ()


# Numbers


def test_numbers_are_those_that_word_shows(build: Build) -> None:
    levels = (
        level(0, "upperRoman", "Part %1"),
        level(1, "decimal", "%1.%2", extra="<w:isLgl/>"),
        level(2, "lowerLetter", "(%3)"),
        level(3, "bullet", "\uf0b7"),
    )
    depths = (0, 1, 2, 2, 3, 1, 2, 0, 1)
    document = build(
        *(listed(f"item {at}", depth) for at, depth in enumerate(depths)),
        numbering=definition(*levels) + number(),
    )
    assert document.text.split("\n") == [
        "Part I item 0",
        "1.1 item 1",
        "(a) item 2",
        "(b) item 3",
        "- item 4",
        "1.2 item 5",
        "(a) item 6",
        "Part II item 7",
        "2.1 item 8",
    ]


def test_lists_of_one_definition_count_on_unless_one_starts_anew(build: Build) -> None:
    start = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride>'
    document = build(
        *(listed("a", list_id=id) for id in (70, 71, 70, 72, 72, 70)),
        numbering=definition(level(0, "decimal", "%1)"))
        + number(70)
        + number(71)
        + number(72, overrides=start),
    )
    assert document.text.split("\n") == ["1) a", "2) a", "3) a", "7) a", "8) a", "9) a"]


def test_level_restarts_only_as_it_says(build: Build) -> None:
    levels = (
        level(0, "decimal", "%1."),
        level(1, "decimal", "%2.", extra='<w:lvlRestart w:val="0"/>'),
    )
    document = build(
        *(listed("a", depth) for depth in (0, 1, 1, 0, 1)),
        numbering=definition(*levels) + number(),
    )
    assert [line[:2] for line in document.text.split("\n")] == ["1.", "1.", "2.", "2.", "3."]


def test_headings_have_the_numbers_of_their_styles(build: Build, tmp_path: Path) -> None:
    source = docx.Document()
    root = source.part.numbering_part.element
    xml = (
        definition(
            level(0, "decimal", "Article %1:", extra='<w:pStyle w:val="Heading1"/>'),
            level(1, "decimal", "%1.%2", extra='<w:pStyle w:val="Heading2"/>'),
        )
        + number()
    )
    for at, child in enumerate(list(parse_xml(f"<w:x {NAMESPACES}>{xml}</w:x>"))):
        root.insert(at, child)
    # The second takes its list from the first, and says its level alone.
    source.styles["Heading 2"].base_style = source.styles["Heading 1"]
    places = {"Heading 1": '<w:numId w:val="70"/>', "Heading 2": '<w:ilvl w:val="1"/>'}
    for name, place in places.items():
        numbers = f"<w:numPr {NAMESPACES}>{place}</w:numPr>"
        source.styles[name].element.get_or_add_pPr().append(parse_xml(numbers))
    for text, depth in (("Aim", 1), ("Name", 2), ("Seat", 2), ("Members", 1)):
        source.add_heading(text, depth)
    source.save(str(tmp_path / "b.docx"))
    assert shown(read(tmp_path / "b.docx")) == [
        ("heading1", "Article 1: Aim"),
        ("heading2", "1.1 Name"),
        ("heading2", "1.2 Seat"),
        ("heading1", "Article 2: Members"),
    ]


def test_no_number_or_bullet_is_invented(build: Build) -> None:
    document = build(
        listed("of no list that is there", list_id=99),
        listed("of a list that has no sign", list_id=70),
        paragraph("without", style="List"),
        numbering=definition(level(0, "none", "")) + number(),
    )
    assert document.text.split() == (
        "of no list that is there of a list that has no sign without".split()
    )


def test_boxes_as_bullets_and_typed_bullets_are_lists(build: Build) -> None:
    fonts = '<w:rPr><w:rFonts w:ascii="Wingdings" w:hAnsi="Wingdings"/></w:rPr>'
    box = level(0, "bullet", "\uf0a8").replace("</w:lvl>", f"{fonts}</w:lvl>")
    document = build(
        paragraph("Bring:"),
        listed("boots"),
        listed("a hat"),
        paragraph("• one"),
        paragraph("☒ two"),
        numbering=definition(box) + number(),
    )
    assert shown(document) == [
        ("paragraph", "Bring:"),
        ("list", "☐ boots\n☐ a hat\n• one\n☒ two"),
    ]


# Characters


def test_scripts_symbols_and_hyphens(build: Build) -> None:
    raised, lowered = (f'<w:vertAlign w:val="{name}script"/>' for name in ("super", "sub"))
    greek = '<w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/>'
    document = build(
        paragraph("CO", run("2", lowered), " over 12 m", run("2", raised)),
        paragraph("Lund has 4,310", run("2", raised), " inhabitants"),
        paragraph(run("a", greek), " of 5", run("th", raised)),
        paragraph(
            "up", "<w:r><w:softHyphen/></w:r>", "on", "<w:r><w:noBreakHyphen/></w:r>", "shore",
            '<w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r>',
        ),
    )  # fmt: skip
    assert document.text.split("\n\n") == [
        "CO₂ over 12 m²",
        "Lund has 4,310 ² inhabitants",
        "α of 5th",
        "upon-shore✓",
    ]


def test_formula_is_linear(build: Build) -> None:
    def part(name: str, text: str) -> str:
        return f"<m:{name}><m:r><m:t>{text}</m:t></m:r></m:{name}>"

    fraction = f"<m:f>{part('num', 'a+b')}{part('den', '2')}</m:f>"
    power = f"<m:sSup>{part('e', 'x')}{part('sup', '2')}</m:sSup>"
    index = f"<m:sSub>{part('e', 'v')}{part('sub', 'max')}</m:sSub>"
    root = f"<m:rad><m:deg/>{part('e', 'k/m')}</m:rad>"
    total = (
        f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr>{part("sub", "i=1")}{part("sup", "n")}'
        f"{part('e', 'i')}</m:nary>"
    )
    document = build(
        *(paragraph(f"<m:oMath>{each}</m:oMath>") for each in (fraction, power, index, root, total))
    )
    assert document.text.split("\n\n") == ["(a+b)/2", "x²", "v_max", "√(k/m)", "∑_(i=1)^n i"]


# Changes


def test_tracked_changes_are_accepted(build: Build) -> None:
    author = 'w:id="1" w:author="A"'
    deleted = f"<w:rPr><w:del {author}/></w:rPr>"
    document = build(
        paragraph(
            "The fee is ",
            f"<w:del {author}><w:r><w:delText>5</w:delText></w:r></w:del>",
            f"<w:ins {author}>{run('8')}</w:ins>",
            f"<w:moveFrom {author}>{run(' dollars')}</w:moveFrom>",
            f"<w:moveTo {author}>{run(' euros')}</w:moveTo>",
            properties=deleted,
        ),
        paragraph(" a day."),
        paragraph(run("Old rule.", "<w:strike/>"), run("Older.", "<w:dstrike/>"), "New rule."),
        paragraph(run("It holds.", '<w:strike w:val="0"/>')),
        table(
            row("Tent", "3"),
            row("Stove", "4", properties=f"<w:del {author}/>"),
            row("Rope", "5"),
        ),
    )
    assert shown(document) == [
        ("paragraph", "The fee is 8 euros a day."),
        ("paragraph", "New rule."),
        ("paragraph", "It holds."),
        ("table", "Tent\t3\nRope\t5"),
    ]


# Tables


def test_merged_cells_stand_in_each_place(build: Build) -> None:
    wide = '<w:gridSpan w:val="2"/>'
    document = build(
        paragraph("Table 1: Ferries", style="Caption"),
        table(
            row(
                cell("Ferry", properties='<w:vMerge w:val="restart"/>'),
                cell("Summer", properties=wide),
                properties="<w:tblHeader/>",
            ),
            row(
                cell(properties="<w:vMerge/>"),
                "First",
                "Last",
                properties="<w:tblHeader/>",
            ),
            row("Hven", "06:10", "22:40"),
            row(cell("Not on Sundays", properties='<w:gridSpan w:val="3"/>')),
        ),
    )
    assert shown(document) == [
        ("paragraph", "Table 1: Ferries"),
        (
            "table",
            "Ferry\tSummer\tSummer\nFerry\tFirst\tLast\nHven\t06:10\t22:40\n"
            "Not on Sundays\tNot on Sundays\tNot on Sundays",
        ),
    ]
    assert headers(document) == [2]


def merged_table(*lines: str) -> str:
    """A table of lines such as "Role | Duty | <": "<" merges with the cell before, "^" above."""
    grid = [line.split(" | ") for line in lines]
    rows = []
    for number, texts in enumerate(grid):
        cells = []
        for at, text in enumerate(texts):
            if text == "<":
                continue
            behind = texts[at + 1 :]
            span = 1 + next((n for n, each in enumerate(behind) if each != "<"), len(behind))
            wide = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
            if text == "^":
                cells.append(cell(properties=f"{wide}<w:vMerge/>"))
            elif number + 1 < len(grid) and grid[number + 1][at] == "^":
                cells.append(cell(text, properties=f'{wide}<w:vMerge w:val="restart"/>'))
            else:
                cells.append(cell(text, properties=wide))
        rows.append(row(*cells))
    return table(*rows)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            (
                "Facility | Opening hours | < | <",
                "^ | Summer | Winter | Holidays",
                "Tool shed | 8:00 to 20:00 | 9:00 to 16:00 | closed",
                "Seed library | 10:00 to 18:00 | closed | closed",
            ),
            2,
        ),
        (("Role | Duty | <", "^ | In port | At sea", "Mate | Oils | Steers"), 2),
        ((" | Duty | <", "Role | In port | At sea", "Mate | Oils | Steers"), 2),
        (("Role | Duty | <", " | In port | At sea", "Mate | Oils | Steers"), 2),
        (("Role | Duty | <", "^ | In port | At sea", "Mate | Oils | <", "Cook | Cooks | Eats"), 2),
        (
            (
                "Role | Duty | < | < | < | Pay",
                "^ | In port | < | At sea | < | ^",
                "^ | Day | Night | Day | Night | ^",
                "Mate | Oils | Sleeps | Steers | Looks out | good",
            ),
            3,
        ),
        (("Day | < | Night | <", "Mate | Cook | Mate | Cook", "Oils | Bakes | Steers | Eats"), 2),
        # Forms, and tables whose merged cells hold values.
        (("Name | John Smith | <", "Born | Lund | Sweden", "Lives | Malmo | Sweden"), 0),
        (("Boat | < | Maja | <", "Harbour | Lund | Owner | Ane", "Mast | Oak | Sail | Red"), 0),
        (("Photo | Name: Maja | <", "^ | Born: | Lund", "Likes | Sailing | Music"), 0),
        (
            (
                "Monday | Sailing | <",
                "^ | Rowing | Swimming",
                "Tuesday | Rowing | <",
                "^ | Sailing | Rowing",
            ),
            0,
        ),
        (("Alder House | summer | open", "^ | winter | shut", "Birch | summer | shut"), 0),
        (("Role | Duty | <", "^ | 12 | 14", "Mate | 15 | 16"), 1),
    ],
)
def test_merged_cells_tell_a_header_of_words(
    build: Build, lines: tuple[str, ...], expected: int
) -> None:
    document = build(merged_table(*lines))
    assert headers(document) == [expected], shown(document)


def test_merged_header_stands_below_a_title(build: Build) -> None:
    document = build(
        merged_table(
            "Crew of the Maja | < | <",
            "Role | Duty | <",
            "^ | In port | At sea",
            "Mate | Oils | Steers",
        )
    )
    assert shown(document) == [
        ("paragraph", "Crew of the Maja"),
        ("table", "Role\tDuty\tDuty\nRole\tIn port\tAt sea\nMate\tOils\tSteers"),
    ]
    assert headers(document) == [2]


def test_header_merged_by_python_docx_names_the_columns(tmp_path: Path) -> None:
    source = docx.Document()
    made = source.add_table(3, 4)
    lines = (
        ("Facility", "Opening hours", "", ""),
        ("", "Summer", "Winter", "Holidays"),
        ("Tool shed", "8:00 to 20:00", "9:00 to 16:00", "closed"),
    )
    for number, texts in enumerate(lines):
        for at, text in enumerate(texts):
            made.cell(number, at).text = text
    made.cell(0, 0).merge(made.cell(1, 0))
    made.cell(0, 1).merge(made.cell(0, 3))
    source.save(str(tmp_path / "a.docx"))
    document = read(tmp_path / "a.docx")
    assert headers(document) == [2], shown(document)


def test_caption_below_its_table_is_put_above(build: Build) -> None:
    document = build(
        table(row("Boat", "Length", "Year"), row("Maja", "12 m", "1988")),
        paragraph("Table 2: Boats", style="Caption"),
        paragraph("Figure 1: A boat", style="Caption"),
    )
    assert [text for _, text in shown(document)] == [
        "Table 2: Boats",
        "Boat\tLength\tYear\nMaja\t12 m\t1988",
        "Figure 1: A boat",
    ]
    assert headers(document) == [1]


def test_first_row_that_is_set_apart_names_the_columns(build: Build) -> None:
    bold = "<w:b/>"
    rows = (row(cell(paragraph(run("Task", bold))), cell(paragraph(run("Who", bold)))),)
    document = build(
        table(*rows, row("Sails", "Ane"), row("Ropes", "Bo")),
        table(row("Task", "Who"), row("Sails", "Ane")),
        table(
            row("Task", "Who"),
            row("Sails", "Ane"),
            properties='<w:tblStyle w:val="LightGrid-Accent1"/><w:tblLook w:val="0020"/>',
        ),
    )
    assert headers(document) == [1, 0, 1]


def test_nested_table_is_in_the_row_that_holds_it(build: Build) -> None:
    inner = table(row("Seats", "Floor", "Key"), row("40", "2", "A7"), row("12", "3", "B1"))
    pairs = table(row("Seats", "8"), row("Floor", "5"))
    document = build(
        table(
            row("Room", "Details", "Since"),
            row("Blue", cell("Large. ", inner), "1999"),
            row("Red", cell(pairs), "2004"),
        )
    )
    assert shown(document) == [
        (
            "table",
            "Room\tDetails\tSince\n"
            "Blue\tLarge. Seats: 40, Floor: 2, Key: A7; Seats: 12, Floor: 3, Key: B1\t1999\n"
            "Red\tSeats: 8; Floor: 5\t2004",
        )
    ]


def test_table_that_frames_a_page_is_read_as_the_page(build: Build) -> None:
    inner = table(row("Boat", "Length", "Year"), row("Maja", "12 m", "1988"))
    document = build(
        table(row(cell(paragraph("Fleet", style="Heading1"), inner), cell("Moored at pier 4.")))
    )
    assert [kind for kind, _ in shown(document)] == ["heading1", "table", "paragraph"]


# Notes, comments, fields


NOTE_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"


def notes(kind: str, texts: dict[int, str]) -> tuple[str, str, bytes]:
    inner = "".join(
        f'<w:{kind} w:id="{id}"><w:p><w:r><w:{kind}Ref/></w:r>{run(f" {text}")}</w:p></w:{kind}>'
        for id, text in texts.items()
    )
    return (f"{kind}s", NOTE_TYPE, f"<w:{kind}s {NAMESPACES}>{inner}</w:{kind}s>".encode())


def test_notes_stand_behind_what_refers_to_them(build: Build) -> None:
    def mark(kind: str, id: int) -> str:
        return f'<w:r><w:{kind}Reference w:id="{id}"/></w:r>'

    document = build(
        paragraph("Members pay 30 euros", mark("footnote", 5), "; bring"),
        listed("boots"),
        listed("a hat"),
        paragraph("The hall", mark("endnote", 2), " is open."),
        numbering=definition(level(0, "bullet", "-")) + number(),
        parts={
            "n1": notes("footnote", {4: "Nobody refers to it.", 5: "Students pay 10."}),
            "n2": notes("endnote", {2: "At the old pier."}),
        },
    )
    assert shown(document) == [
        ("paragraph", "Members pay 30 euros ¹; bring"),
        ("list", "- boots\n- a hat"),
        ("paragraph", "1 Students pay 10."),
        ("paragraph", "The hall ⁱ is open."),
        ("paragraph", "i At the old pier."),
    ]


def test_comment_names_its_author(build: Build, tmp_path: Path) -> None:
    source = docx.Document()
    commented = source.add_paragraph("The fee is 8 euros.")
    source.add_comment(commented.runs[0], text="Raised in May.", author="Ane Berg", initials="AB")
    source.save(str(tmp_path / "b.docx"))
    assert read(tmp_path / "b.docx").text == (
        "The fee is 8 euros.\n\nComment (Ane Berg): Raised in May."
    )


def test_form_fields_show_what_is_filled_in(build: Build) -> None:
    def field(data: str) -> str:
        begin = f'<w:fldChar w:fldCharType="begin"><w:ffData>{data}</w:ffData></w:fldChar>'
        return f'<w:r>{begin}</w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'

    choices = "".join(f'<w:listEntry w:val="{name}"/>' for name in ("Lund", "Ystad", "Malmö"))
    prompt = (
        "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>"
        f"{run('Click here to enter text.')}</w:sdtContent></w:sdt>"
    )
    document = build(
        paragraph("Boat owner: ", field("<w:checkBox><w:checked/></w:checkBox>")),
        paragraph("Diver: ", field('<w:checkBox><w:default w:val="0"/></w:checkBox>')),
        paragraph("Harbour: ", field(f'<w:ddList><w:result w:val="1"/>{choices}</w:ddList>')),
        paragraph("Name: ", prompt),
    )
    assert document.text.split("\n\n") == [
        "Boat owner: ☒",
        "Diver: ☐",
        "Harbour: Ystad",
        "Name:",
    ]


# What stands elsewhere


def box(text: str) -> str:
    return f"<w:txbxContent>{paragraph(text)}</w:txbxContent>"


def test_text_box_is_read_once_in_the_variant_that_has_text(build: Build) -> None:
    fallback = f"<mc:Fallback><w:pict>{box('Open on Sundays.')}</w:pict></mc:Fallback>"
    document = build(
        paragraph(
            "Beside it.",
            '<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing>'
            f"{box('Open on Sundays.')}</w:drawing></mc:Choice>{fallback}"
            "</mc:AlternateContent></w:r>",
        ),
        paragraph(
            '<w:r><mc:AlternateContent><mc:Choice Requires="x9"><w:drawing/></mc:Choice>'
            f"{fallback.replace('Sundays', 'Mondays')}</mc:AlternateContent></w:r>"
        ),
    )
    assert document.text.split("\n\n") == ["Beside it.", "Open on Sundays.", "Open on Mondays."]


CHART = """<c:chartSpace {ns}><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Catch</a:t></a:r></a:p>
</c:rich></c:tx></c:title><c:plotArea><c:barChart>{series}</c:barChart></c:plotArea></c:chart>
</c:chartSpace>"""


def series(name: str, format: str, *values: float) -> str:
    def points(texts: tuple[object, ...]) -> str:
        return "".join(
            f'<c:pt idx="{at}"><c:v>{text}</c:v></c:pt>' for at, text in enumerate(texts)
        )

    return (
        f"<c:ser><c:tx><c:strRef><c:strCache>{points((name,))}</c:strCache></c:strRef></c:tx>"
        f"<c:cat><c:strRef><c:strCache>{points(('Cod', 'Eel'))}</c:strCache></c:strRef></c:cat>"
        f"<c:val><c:numRef><c:numCache><c:formatCode>{format}</c:formatCode>{points(values)}"
        "</c:numCache></c:numRef></c:val></c:ser>"
    )


def test_charts_and_diagrams_are_read_and_pictures_counted(build: Build) -> None:
    xml = CHART.format(
        ns=NAMESPACES, series=series("Tons", "#,##0", 1200, 90) + series("Share", "0%", 0.93, 0.07)
    )
    points = "".join(
        f'<dgm:pt modelId="{id}"><dgm:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></dgm:t></dgm:pt>'
        for id, text in (("1", "Sort"), ("2", "Dry"), ("3", "in the sun"))
    )
    links = "".join(
        f'<dgm:cxn srcId="{above}" destId="{below}" srcOrd="{order}"/>'
        for above, below, order in (("0", "1", 0), ("0", "2", 1), ("2", "3", 0))
    )
    diagram = (
        f'<dgm:dataModel {NAMESPACES}><dgm:ptLst><dgm:pt modelId="0" type="doc"/>{points}'
        f"</dgm:ptLst><dgm:cxnLst>{links}</dgm:cxnLst></dgm:dataModel>"
    )
    document = build(
        paragraph("Fish."),
        paragraph('<w:r><w:drawing><c:chart r:id="c1"/></w:drawing></w:r>'),
        paragraph('<w:r><w:drawing><dgm:relIds r:dm="d1"/></w:drawing></w:r>'),
        paragraph("<w:r><w:drawing><pic:pic/></w:drawing></w:r>"),
        paragraph("<w:r><w:pict><v:shape><v:imagedata/></v:shape></w:pict></w:r>"),
        paragraph('<w:r><w:pict><v:shape><v:textpath string="Fresh"/></v:shape></w:pict></w:r>'),
        paragraph('<w:r><w:drawing><c:chart r:id="lost"/></w:drawing></w:r>'),
        parts={
            "c1": ("chart", "application/xml", xml.encode()),
            "d1": ("diagramData", "application/xml", diagram.encode()),
        },
    )
    assert shown(document) == [
        ("paragraph", "Fish."),
        ("paragraph", "Catch"),
        ("table", "\tTons\tShare\nCod\t1,200\t93%\nEel\t90\t7%"),
        ("list", "- Sort\n- Dry\n- in the sun"),
        ("paragraph", "Fresh"),
    ]
    assert headers(document) == [1]
    assert document.not_read == ("2 pictures", "1 chart")


def inner_word(text: str) -> bytes:
    source, file = docx.Document(), BytesIO()
    source.add_paragraph(text)
    source.save(file)
    return file.getvalue()


def test_documents_inside_are_read_by_their_own_formats(build: Build) -> None:
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    mail = "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>A mail.</p>"
    document = build(
        *(f'<w:altChunk r:id="{id}"/>' for id in ("x1", "x2", "x3", "x4", "x5", "x6", "x7")),
        parts={
            "x1": ("aFChunk", "text/html", b"<h1>Annex</h1><p>A page.</p>"),
            "x2": ("aFChunk", "text/plain", b"A text.\r\n\r\nIts end."),
            "x3": ("aFChunk", word, inner_word("A document.")),
            "x4": ("aFChunk", "message/rfc822", mail.encode()),
            "x5": ("aFChunk", "application/x-unheard-of", b"\x00"),
            "x6": ("aFChunk", word, b"PK no document"),
            "x7": ("aFChunk", "text/rtf", rb"{\rtf1\ansi A letter.\par}"),
        },
    )
    assert [text for _, text in shown(document)] == [
        "Annex",
        "A page.",
        "A text.",
        "Its end.",
        "A document.",
        "A mail.",
        "A letter.",
    ]
    assert document.not_read == ("2 embedded documents",)


def test_headers_and_footers_that_say_something_are_read(tmp_path: Path) -> None:
    source = docx.Document()
    source.add_heading("Rules of the club", 1)
    source.add_paragraph("Boats are cleaned.")
    source.sections[0].header.paragraphs[0].text = "Rules of the club"
    source.sections[0].footer.paragraphs[0].text = "Harbour office, telephone 0414 55 01 32"
    source.save(str(tmp_path / "b.docx"))
    assert shown(read(tmp_path / "b.docx")) == [
        ("furniture", "Rules of the club"),
        ("heading1", "Rules of the club"),
        ("paragraph", "Boats are cleaned."),
        ("paragraph", "Harbour office, telephone 0414 55 01 32"),
    ]


def test_contents_are_furniture(build: Build) -> None:
    gallery = '<w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj>'
    document = build(
        f"<w:sdt><w:sdtPr>{gallery}</w:sdtPr><w:sdtContent>"
        f"{paragraph('Aim 3')}{paragraph('Members 4')}</w:sdtContent></w:sdt>",
        paragraph("Aim", style="Heading1"),
    )
    assert shown(document) == [("furniture", "Aim 3\nMembers 4"), ("heading1", "Aim")]


def test_contents_made_by_a_field_are_furniture(build: Build) -> None:
    begin, between, end = (
        f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end")
    )

    def code(text: str) -> str:
        return f"<w:r><w:instrText>{text}</w:instrText></w:r>"

    document = build(
        paragraph(begin, code(' TOC \\o "1-3" '), between, "Aim\t3"),
        paragraph("Members", begin, code(" PAGEREF x "), between, "4", end, end),
        paragraph("The page is ", begin, code(" PAGE "), between, "7", end, "."),
    )
    assert shown(document) == [("furniture", "Aim 3\nMembers4"), ("paragraph", "The page is 7.")]


def test_lines_set_with_tabs_are_a_table(build: Build) -> None:
    tab = "<w:r><w:tab/></w:r>"
    bold = "<w:b/>"
    document = build(
        paragraph("Fees of the pool:"),
        paragraph(run("Age", bold), tab, run("Fee", bold)),
        paragraph("Adults", tab, tab, "12 euros"),
        paragraph("Children", tab, "6 euros"),
        paragraph("Boats are cleaned."),
        paragraph(tab, "Indented alone."),
        paragraph("Only", tab, "one row"),
    )
    assert shown(document) == [
        ("paragraph", "Fees of the pool:"),
        ("table", "Age\tFee\nAdults\t12 euros\nChildren\t6 euros"),
        ("paragraph", "Boats are cleaned."),
        ("paragraph", "Indented alone."),
        ("paragraph", "Only one row"),
    ]


def test_term_and_definition_are_one_block(tmp_path: Path) -> None:
    source = docx.Document()
    for name in ("Definition Term", "Definition"):
        source.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    for style, text in (
        ("Definition Term", "Bollard"),
        ("Definition", "A post to which boats are tied."),
        ("Definition Term", "Fender"),
        ("Definition", "A cushion."),
        ("Definition", "A bumper."),
    ):
        source.add_paragraph(text, style=style)
    source.save(str(tmp_path / "b.docx"))
    assert shown(read(tmp_path / "b.docx")) == [
        ("paragraph", "Bollard\nA post to which boats are tied."),
        ("paragraph", "Fender\nA cushion.\nA bumper."),
    ]


def test_target_of_a_link_is_told_where_its_text_does_not(tmp_path: Path) -> None:
    source = docx.Document()
    paragraph = source.add_paragraph("Write to ")
    for target, text in (
        ("mailto:office@club.example", "the office"),
        ("https://club.example/boats", " about boats"),
    ):
        id = source.part.relate_to(target, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        link = f'<w:hyperlink {NAMESPACES} r:id="{id}">{run(text)}</w:hyperlink>'
        paragraph._p.append(parse_xml(link))
    source.save(str(tmp_path / "b.docx"))
    assert read(tmp_path / "b.docx").text == "Write to the office (office@club.example) about boats"


def test_empty_cell_that_prompts_stays_a_cell(build: Build) -> None:
    prompting = '<w:rStyle w:val="PlaceholderText"/>'
    prompt = (
        "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>"
        f"{cell(paragraph(run('Enter a name.', prompting)))}"
        "</w:sdtContent></w:sdt>"
    )
    document = build(table(row("Owner", prompt, "Pier 4")), prompts=True)
    assert document.text == "Owner\t\tPier 4"


@pytest.mark.parametrize("look", ["<w:b/>", '<w:sz w:val="32"/>', ""])
def test_short_paragraph_that_stands_out_is_a_heading(build: Build, look: str) -> None:
    def heading(text: str) -> str:
        return paragraph(run(text if look else text.upper(), look))

    document = build(
        heading("House rules"),
        paragraph("They hold for all members."),
        heading("Quiet hours: from 22:00"),
        paragraph("Music is off then."),
        heading("Bring along:"),
        paragraph("Boots and a hat."),
    )
    assert [kind for kind, _ in shown(document)] == [
        "heading6", "paragraph", "heading6", "paragraph", "paragraph", "paragraph",
    ]  # fmt: skip
    assert document.title.lower() == "house rules"


def test_reference_list_is_furniture(build: Build) -> None:
    document = build(
        paragraph("Tides", style="Heading1"),
        paragraph("They rise by two metres."),
        paragraph("References", style="Heading1"),
        paragraph("Berg, A. (1998). Tides of the north. Harbour Press, pp. 3-9."),
        paragraph("Dahl, B. (2004). Boats and piers. Harbour Press, vol. 2."),
    )
    assert [kind for kind, _ in shown(document)] == [
        "heading1", "paragraph", "furniture", "furniture", "furniture",
    ]  # fmt: skip


def test_bold_caption_of_a_table_is_no_heading(build: Build) -> None:
    rows = table(row("Boat", "Length", "Year"), row("Maja", "12 m", "1988"))
    document = build(
        paragraph("The boats of the club are moored at the pier."),
        paragraph(run("Phase 1", "<w:b/>")),
        rows,
        paragraph(run("Table 2: Boats", "<w:b/>")),
        rows,
        paragraph("They are cleaned in May."),
    )
    assert [kind for kind, _ in shown(document)] == [
        "paragraph", "heading6", "table", "paragraph", "table", "paragraph",
    ]  # fmt: skip


def test_where_most_is_bold_bold_says_nothing(build: Build) -> None:
    document = build(*(paragraph(run(f"Line {at} of all", "<w:b/>")) for at in range(5)), "<w:p/>")
    assert {kind for kind, _ in shown(document)} == {"paragraph"}


@pytest.mark.parametrize(
    ("title", "expected"),
    [("Rules of the club", "Rules of the club"), ("Microsoft Word - x.doc", "Aim")],
)
def test_title_that_word_wrote_is_not_taken(tmp_path: Path, title: str, expected: str) -> None:
    source = docx.Document()
    source.core_properties.title = title
    source.add_heading("Aim", 1)
    source.save(str(tmp_path / "b.docx"))
    assert read(tmp_path / "b.docx").title == expected


# Whatever is in it


def test_hostile_tables_cost_no_more_than_they_hold(build: Build) -> None:
    wide = '<w:gridSpan w:val="999999999"/><w:vMerge/>'
    started = time.monotonic()
    document = build(table(*(row(cell("x", properties=wide)) for _ in range(300))))
    assert time.monotonic() - started < 20
    assert max(len(line.split("\t")) for line in document.text.split("\n")) <= 63


def test_strict_document_keeps_everything(build: Build, tmp_path: Path) -> None:
    source = docx.Document()
    source.core_properties.title = "Rules of the club"
    source.add_heading("Aim", 1)
    source.add_paragraph("one", style="List Number")
    source.save(str(tmp_path / "b.docx"))
    expected = read(tmp_path / "b.docx")
    with (
        zipfile.ZipFile(tmp_path / "b.docx") as plain,
        zipfile.ZipFile(tmp_path / "c.docx", "w") as strict,
    ):
        for member in plain.infolist():
            data = plain.read(member)
            for kind in (b"officeDocument", b"wordprocessingml", b"drawingml"):
                data = data.replace(
                    b"http://schemas.openxmlformats.org/" + kind + b"/2006/",
                    b"http://purl.oclc.org/ooxml/" + kind + b"/",
                )
            strict.writestr(member.filename, data)
    document = read(tmp_path / "c.docx")
    assert (document.title, shown(document)) == (expected.title, shown(expected))
