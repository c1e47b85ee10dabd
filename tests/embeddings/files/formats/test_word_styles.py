"""White and hidden text of Word documents: left out where it is certain, else read."""

from pathlib import Path

import docx
import pytest
from docx.document import Document
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import RGBColor

from embeddings.files.formats import format_of
from embeddings.files.limits import Limits

WHITE = RGBColor(0xFF, 0xFF, 0xFF)


def text_of(source: Document, place: Path) -> str:
    source.save(str(place / "a.docx"))
    format = format_of(place / "a.docx")
    assert format is not None
    return format.read(place / "a.docx", Limits()).text


def white_beside(words: str, properties: str = "") -> Document:
    """A document with white words behind plain ones, the white run having more properties."""
    source = docx.Document()
    run = source.add_paragraph("Plain ").add_run(words)
    run.font.color.rgb = WHITE
    if properties:
        run._r.get_or_add_rPr().append(parse_xml(properties))
    return source


@pytest.mark.parametrize(
    "shading",
    [
        'w:val="solid" w:color="000080"',
        'w:val="pct75" w:color="000000" w:fill="auto"',
        'w:val="clear" w:fill="000080"',
        'w:val="clear" w:fill="auto" w:themeFill="accent1"',
    ],
)
def test_white_text_on_any_shading_is_read(tmp_path: Path, shading: str) -> None:
    source = white_beside("and white.", f"<w:shd {nsdecls('w')} {shading}/>")
    assert text_of(source, tmp_path) == "Plain and white."


def test_white_text_over_a_drawing_of_the_header_is_read(tmp_path: Path) -> None:
    source = white_beside("and white.")
    anchor = f'<w:drawing {nsdecls("w", "wp")}><wp:anchor behindDoc="1"/></w:drawing>'
    source.sections[0].header.paragraphs[0].add_run()._r.append(parse_xml(anchor))
    assert text_of(source, tmp_path) == "Plain and white."


@pytest.mark.parametrize(
    "properties",
    [
        f'<w:shd {nsdecls("w")} w:val="clear" w:fill="FFFFFF"/>',
        f'<w:highlight {nsdecls("w")} w:val="none"/>',
        f'<w:highlight {nsdecls("w")} w:val="white"/>',
        "",
    ],
)
def test_white_text_on_white_is_left_out(tmp_path: Path, properties: str) -> None:
    assert text_of(white_beside("SECRET", properties), tmp_path) == "Plain"


def test_white_page_does_not_show_white_text(tmp_path: Path) -> None:
    source = white_beside("SECRET")
    background = OxmlElement("w:background")
    background.set(qn("w:color"), "FFFFFF")
    source.element.insert(0, background)
    assert text_of(source, tmp_path) == "Plain"


def test_white_text_over_a_drawing_is_read(tmp_path: Path) -> None:
    source = white_beside("and white.")
    anchor = f'<w:drawing {nsdecls("w", "wp")}><wp:anchor behindDoc="1"/></w:drawing>'
    source.add_paragraph().add_run()._r.append(parse_xml(anchor))
    assert text_of(source, tmp_path) == "Plain and white."


def test_what_is_hidden_in_the_web_view_alone_is_read(tmp_path: Path) -> None:
    source = docx.Document()
    run = source.add_paragraph("Fifty ").add_run("tons.")
    run._r.get_or_add_rPr().append(OxmlElement("w:webHidden"))
    assert text_of(source, tmp_path) == "Fifty tons."
