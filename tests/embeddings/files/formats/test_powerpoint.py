"""What of a presentation becomes text: all that the slides show, their notes and comments."""

import zipfile
from pathlib import Path
from typing import Any

import pptx
import pytest
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.oxml import parse_xml
from pptx.util import Inches

from embeddings.document import Document
from embeddings.files.formats import format_of
from embeddings.files.limits import Limits
from tests.builders import shown

CASES = Path(__file__).parents[1] / "cases"
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NAMESPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in (
        ("p", "http://schemas.openxmlformats.org/presentationml/2006/main"),
        ("a", "http://schemas.openxmlformats.org/drawingml/2006/main"),
        ("r", RELATED),
        ("m", "http://schemas.openxmlformats.org/officeDocument/2006/math"),
        ("a14", "http://schemas.microsoft.com/office/drawing/2010/main"),
        ("mc", "http://schemas.openxmlformats.org/markup-compatibility/2006"),
        ("dgm", "http://schemas.openxmlformats.org/drawingml/2006/diagram"),
        ("new", "http://schemas.microsoft.com/office/powerpoint/2018/8/main"),
    )
)
TITLE_ONLY, BLANK = 5, 6
Shown = list[tuple[str, str]]


def read(path: Path) -> Document:
    format = format_of(path)
    assert format is not None
    return format.read(path, Limits())


class Slides:
    """A presentation in the making."""

    def __init__(self, place: Path) -> None:
        self.source = pptx.Presentation()
        self.path = place / "a.pptx"

    def add(self, title: str = "") -> Any:
        slide = self.source.slides.add_slide(
            self.source.slide_layouts[TITLE_ONLY if title else BLANK]
        )
        if title:
            slide.shapes.title.text = title
        return slide

    def box(self, slide: Any, paragraphs: str, top: float = 2) -> Any:
        """A text box whose paragraphs are XML, or one plain paragraph."""
        box = slide.shapes.add_textbox(0, Inches(top), Inches(3), Inches(1))
        if not paragraphs.startswith("<"):
            box.text_frame.text = paragraphs
            return box
        body = box.text_frame._txBody
        body.remove(body.p_lst[0])
        for element in list(parse_xml(f"<a:x {NAMESPACES}>{paragraphs}</a:x>")):
            body.append(element)
        return box

    def part(self, owner: Any, kind: str, name: str, xml: str) -> str:
        """The identifier of a relation to a new part."""
        part = Part(PackURI(f"/ppt/{name}.xml"), "application/xml", owner.package, xml.encode())
        return str(owner.relate_to(part, kind))

    def read(self) -> Document:
        self.source.save(str(self.path))
        return read(self.path)


@pytest.fixture
def slides(tmp_path: Path) -> Slides:
    return Slides(tmp_path)


def run(text: str, properties: str = "") -> str:
    return f"<a:r><a:rPr{properties}/><a:t>{text}</a:t></a:r>"


def paragraph(*runs: str, properties: str = "") -> str:
    content = "".join(each if each.startswith("<") else run(each) for each in runs)
    return f"<a:p>{properties}{content}</a:p>"


def numbered(text: str, scheme: str, level: int = 0, start: int = 1) -> str:
    bullet = f'<a:buAutoNum type="{scheme}" startAt="{start}"/>'
    return paragraph(text, properties=f'<a:pPr lvl="{level}">{bullet}</a:pPr>')


def test_case_is_read_right() -> None:
    document = read(CASES / "S01_chart/museum.pptx")
    assert shown(document)[:5] == [
        ("heading1", "Visitors by town"),
        ("paragraph", "Museum visitors"),
        ("table", "\tVisitors 2024\nLund\t4180\nYstad\t2960"),
        ("heading2", "Contact"),
        ("paragraph", "The curator is Ines Falk."),
    ]
    assert document.not_read == ()


def test_chart_is_a_table_of_its_series(slides: Slides) -> None:
    categories: Any = CategoryChartData  # python-pptx has no types
    scatter: Any = XyChartData
    data = categories(number_format="0.0%")
    data.categories = ["Cod", "Eel"]
    data.add_series("2023", (0.5, None))
    data.add_series("2024", (0.25, 0.125))
    chart = (
        slides.add("Shares")
        .shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, Inches(4), Inches(3), data)
        .chart
    )
    chart.has_title = True
    chart.chart_title.text_frame.text = "Share of the catch"
    points = scatter()
    for name, place in (("Maja", (3, 5.5)), ("Vega", (4, 6))):
        points.add_series(name).add_data_point(*place)
    slides.add("Speed").shapes.add_chart(
        XL_CHART_TYPE.XY_SCATTER, 0, 0, Inches(4), Inches(3), points
    )
    document = slides.read()
    assert shown(document) == [
        ("heading1", "Shares"),
        ("paragraph", "Share of the catch"),
        ("table", "\t2023\t2024\nCod\t50.0%\t25.0%\nEel\t\t12.5%"),
        ("heading2", "Speed"),
        ("table", "\tMaja\tVega\n3\t5.5\t\n4\t\t6"),
    ]
    assert [block.header_rows for block in document.blocks if block.kind == "table"] == [1, 1]


def test_merged_cells_stand_in_each_place(slides: Slides) -> None:
    table = slides.add("Ferries").shapes.add_table(4, 3, 0, 0, Inches(4), Inches(3)).table
    texts = ["Ferry", "Summer", "", "", "First", "Last", "Hven", "06:10", "22:40", "Ven", "", ""]
    for place, text in enumerate(texts):
        table.cell(*divmod(place, 3)).text = text
    table.cell(0, 1).merge(table.cell(0, 2))
    table.cell(0, 0).merge(table.cell(1, 0))
    table.cell(2, 1).merge(table.cell(3, 1))
    document = slides.read()
    assert shown(document)[1] == (
        "table",
        "Ferry\tSummer\tSummer\nFerry\tFirst\tLast\nHven\t06:10\t22:40\nVen\t06:10\t",
    )
    assert document.blocks[1].header_rows == 2


def test_merged_cells_tell_a_header_of_words(slides: Slides) -> None:
    table = slides.add("Crew").shapes.add_table(3, 3, 0, 0, Inches(4), Inches(3)).table
    table.first_row = False
    texts = ["Role", "Duty", "", "", "In port", "At sea", "Mate", "Oils", "Steers"]
    for place, text in enumerate(texts):
        table.cell(*divmod(place, 3)).text = text
    table.cell(0, 1).merge(table.cell(0, 2))
    table.cell(0, 0).merge(table.cell(1, 0))
    document = slides.read()
    assert document.blocks[1].header_rows == 2


def test_numbers_are_those_that_the_slide_shows(slides: Slides) -> None:
    slides.box(
        slides.add("Rules"),
        numbered("a", "arabicPeriod", start=3)
        + numbered("b", "alphaLcParenBoth", level=1)
        + numbered("c", "alphaLcParenBoth", level=1)
        + numbered("d", "arabicPeriod", start=3)
        + numbered("e", "romanUcParenR", level=1)
        + paragraph("f", properties='<a:pPr><a:buChar char="•"/></a:pPr>')
        + paragraph(
            "g",
            properties='<a:pPr><a:buFont typeface="Wingdings"/><a:buChar char="&#xA8;"/></a:pPr>',
        )
        + paragraph("h"),
    )
    assert shown(slides.read())[1:] == [
        ("list", "3. a\n(a) b\n(b) c\n4. d\nI) e\n- f\n☐ g"),
        ("paragraph", "h"),
    ]


def test_scripts_symbols_formulas_and_struck_out_text(slides: Slides) -> None:
    formula = (
        "<mc:AlternateContent><mc:Choice Requires='a14'><a14:m><m:oMath><m:sSup><m:e><m:r>"
        "<m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath></a14:m>"
        "</mc:Choice><mc:Fallback><a:r><a:t>?</a:t></a:r></mc:Fallback></mc:AlternateContent>"
    )
    symbol = '<a:r><a:rPr><a:sym typeface="Symbol"/></a:rPr><a:t>\uf06d</a:t></a:r>'
    slides.box(
        slides.add("Signs"),
        paragraph("10", run("6", ' baseline="30000"'), " m", run("3", ' baseline="30000"'))
        + paragraph("CO", run("2", ' baseline="-25000"'))
        + paragraph("The fee is ", run("5 ", ' strike="sngStrike"'), "8 euros.")
        + paragraph("5 ", symbol, "g")
        + paragraph("The area is ", formula),
    )
    assert [text for _, text in shown(slides.read())[1:]] == [
        "10⁶ m³",
        "CO₂",
        "The fee is 8 euros.",
        "5 µg",
        "The area is x²",
    ]


def test_content_in_variants_is_read_once(slides: Slides) -> None:
    slide = slides.add("Contact")
    box = slides.box(slide, "The curator is Ines Falk.")._element
    xml = (
        f"<mc:AlternateContent {NAMESPACES}><mc:Choice Requires='a14'/><mc:Fallback/>"
        "</mc:AlternateContent>"
    )
    alternates = parse_xml(xml)
    box.addprevious(alternates)
    for variant in alternates:
        variant.append(parse_xml(pptx.oxml.xmlchemy.serialize_for_reading(box)))
    box.getparent().remove(box)
    assert [text for _, text in shown(slides.read())] == ["Contact", "The curator is Ines Falk."]


def test_diagram_is_read_and_what_is_not_is_counted(slides: Slides, tmp_path: Path) -> None:
    slide = slides.add("Steps")
    points = "".join(
        f'<dgm:pt modelId="{id}"><dgm:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></dgm:t></dgm:pt>'
        for id, text in (("2", "Dry"), ("1", "Sort"))
    )
    links = "".join(
        f'<dgm:cxn srcId="0" destId="{below}" srcOrd="{order}"/>'
        for below, order in (("1", 0), ("2", 1))
    )
    id = slides.part(
        slide.part,
        f"{RELATED}/diagramData",
        "diagrams/data1",
        f'<dgm:dataModel {NAMESPACES}><dgm:ptLst><dgm:pt modelId="0" type="doc"/>{points}'
        f"</dgm:ptLst><dgm:cxnLst>{links}</dgm:cxnLst></dgm:dataModel>",
    )
    frame = "".join(
        (
            f"<p:graphicFrame {NAMESPACES}><p:nvGraphicFramePr><p:cNvPr id='9' name='x'/>",
            "<p:cNvGraphicFramePr/><p:nvPr/></p:nvGraphicFramePr>",
            "<p:xfrm><a:off x='0' y='0'/><a:ext cx='9' cy='9'/></p:xfrm><a:graphic>",
            "<a:graphicData uri='http://schemas.openxmlformats.org/drawingml/2006/diagram'>",
            f"<dgm:relIds r:dm='{id}'/></a:graphicData></a:graphic></p:graphicFrame>",
        )
    )
    slide.shapes._spTree.append(parse_xml(frame))
    slide.shapes._spTree.append(parse_xml(frame.replace(f"'{id}'", "'lost'")))
    from PIL import Image

    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    for _ in range(2):
        slide.shapes.add_picture(str(tmp_path / "a.png"), 0, 0)
    document = slides.read()
    assert shown(document) == [("heading1", "Steps"), ("list", "- Sort\n- Dry")]
    assert document.not_read == ("1 diagram", "2 pictures")


def test_broken_parts_leave_the_rest(slides: Slides, tmp_path: Path) -> None:
    data: Any = CategoryChartData
    chart = data()
    chart.categories = ["Cod"]
    chart.add_series("2023", (1,))
    slide = slides.add("Fish")
    slide.shapes.add_chart(XL_CHART_TYPE.PIE, 0, 0, Inches(4), Inches(3), chart)
    slides.box(slide, "Fresh.")
    slides.part(slide.part, f"{RELATED}/comments", "comments/comment1", "no XML")
    slides.read()
    with (
        zipfile.ZipFile(slides.path) as whole,
        zipfile.ZipFile(tmp_path / "b.pptx", "w") as broken,
    ):
        for member in whole.infolist():
            is_comment = member.filename.startswith("ppt/comments/")
            broken.writestr(member.filename, b"<" if is_comment else whole.read(member))
    assert [text for _, text in shown(read(tmp_path / "b.pptx"))][-1] == "Fresh."


def test_comments_name_their_authors(slides: Slides) -> None:
    slide = slides.add("Fees")
    main = slides.source.part
    slides.part(
        main,
        f"{RELATED}/commentAuthors",
        "commentAuthors",
        f"<p:cmAuthorLst {NAMESPACES}><p:cmAuthor id='0' name='Ane Berg'/></p:cmAuthorLst>",
    )
    slides.part(
        slide.part,
        f"{RELATED}/comments",
        "comments/comment1",
        f"<p:cmLst {NAMESPACES}><p:cm authorId='0'><p:text>Raised in May.</p:text></p:cm>"
        "</p:cmLst>",
    )
    slides.part(
        main,
        "http://schemas.microsoft.com/office/2018/10/relationships/authors",
        "authors",
        f"<new:authorLst {NAMESPACES}><new:author id='{{1}}' name='Bo Dahl'/></new:authorLst>",
    )
    body = "<new:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></new:txBody>"
    slides.part(
        slide.part,
        "http://schemas.microsoft.com/office/2018/10/relationships/comments",
        "comments/modern1",
        f"<new:cmLst {NAMESPACES}><new:cm authorId='{{1}}'><new:replyLst>"
        f"<new:reply authorId='{{2}}'>{body.format('Yes.')}</new:reply></new:replyLst>"
        f"{body.format('From June?')}</new:cm></new:cmLst>",
    )
    slide.notes_slide.notes_text_frame.text = "Speak slowly."
    assert [text for _, text in shown(slides.read())] == [
        "Fees",
        "Speak slowly.",
        "Comment (Ane Berg): Raised in May.",
        "Comment (Bo Dahl): From June?",
        "Comment: Yes.",
    ]


def test_slide_without_title_is_headed_by_its_highest_text(slides: Slides) -> None:
    slides.add("Start")
    first = slides.add()
    slides.box(first, "It opens at nine.", top=3)
    slides.box(first, "Opening hours", top=0)
    second = slides.add()
    for top in (1, 1.1):
        slides.box(second, "Label", top=top)
    assert shown(slides.read())[1:] == [
        ("heading2", "Opening hours"),
        ("paragraph", "It opens at nine."),
        ("paragraph", "Label"),
        ("paragraph", "Label"),
    ]


def test_footers_are_read_once_and_hidden_shapes_not(slides: Slides) -> None:
    for number in (1, 2):
        slide = slides.add(f"Slide about {number}")
        footer = slides.box(slide, "Harbour office, phone 0414 55 01 32")
        place = footer._element.nvSpPr.nvPr
        place.append(parse_xml(f'<p:ph {NAMESPACES} type="ftr" idx="11" sz="quarter"/>'))
        slides.box(slide, "SECRET")._element.nvSpPr.cNvPr.set("hidden", "1")
    assert shown(slides.read()) == [
        ("heading1", "Slide about 1"),
        ("paragraph", "Harbour office, phone 0414 55 01 32"),
        ("heading2", "Slide about 2"),
    ]


@pytest.mark.parametrize(
    ("title", "expected"),
    [("Rules of the club", "Rules of the club"), ("PowerPoint-presentation.pptx", "Aim")],
)
def test_title_that_powerpoint_wrote_is_not_taken(
    slides: Slides, title: str, expected: str
) -> None:
    slides.source.core_properties.title = title
    slides.add("Aim")
    assert slides.read().title == expected


def test_strict_presentation_keeps_everything(slides: Slides, tmp_path: Path) -> None:
    slide = slides.add("Aim")
    slides.box(slide, "The boats are cleaned.")
    expected = slides.read()
    with (
        zipfile.ZipFile(slides.path) as plain,
        zipfile.ZipFile(tmp_path / "b.pptx", "w") as strict,
    ):
        for member in plain.infolist():
            data = plain.read(member)
            for kind in (b"officeDocument", b"presentationml", b"drawingml"):
                data = data.replace(
                    b"http://schemas.openxmlformats.org/" + kind + b"/2006/",
                    b"http://purl.oclc.org/ooxml/" + kind + b"/",
                )
            strict.writestr(member.filename, data)
    assert shown(read(tmp_path / "b.pptx")) == shown(expected)
