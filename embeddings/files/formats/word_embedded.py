"""What a Word document holds beside its text: charts, diagrams, pictures, other documents."""

from email import message_from_bytes, policy
from typing import Any

from docx.oxml.ns import qn

from embeddings.document import DocumentBuilder
from embeddings.files.formats.charts import add_chart
from embeddings.files.formats.decoding import decode
from embeddings.files.formats.diagrams import add_diagram
from embeddings.files.formats.markup import add_blocks
from embeddings.files.formats.ooxml import (
    CHART,
    CHART_EX,
    DIAGRAM,
    DIAGRAM_DATA,
    RELATION_ID,
    element_of,
    part_of,
)
from embeddings.files.formats.web_page import parse
from embeddings.files.formats.word_text import BOX

_PICTURES = {
    "{http://schemas.openxmlformats.org/drawingml/2006/picture}pic",
    "{urn:schemas-microsoft-com:vml}imagedata",
}
_WORD_ART = "{urn:schemas-microsoft-com:vml}textpath"
_OBJECT, _FORM_CONTROL = qn("w:object"), qn("w:control")


def add_drawn(builder: DocumentBuilder, part: Any, drawn: Any) -> None:
    """Append the charts and diagrams in a drawing, and note what else is in it.

    Args:
        builder: To which to append.
        part: That holds the drawing.
        drawn: Its element. Text boxes in it are left to others.
    """
    if drawn.tag == _OBJECT:
        if drawn.find(_FORM_CONTROL) is not None:
            builder.leave_out("form control", "form controls")
        else:
            builder.leave_out("embedded object", "embedded objects")
        return
    stack = list(reversed(drawn))
    while stack:
        element = stack.pop()
        if element.tag in (CHART, CHART_EX):
            chart = part_of(part, element.get(RELATION_ID))
            if not add_chart(builder, element_of(chart)):
                builder.leave_out("chart", "charts")
        elif element.tag == DIAGRAM:
            diagram = part_of(part, element.get(DIAGRAM_DATA))
            if not add_diagram(builder, element_of(diagram)):
                builder.leave_out("diagram", "diagrams")
        elif element.tag == _WORD_ART:
            builder.add("paragraph", element.get("string", ""))
        elif element.tag in _PICTURES:
            builder.leave_out("picture", "pictures")
        elif element.tag != BOX:
            stack.extend(reversed(element))


def add_chunk(builder: DocumentBuilder, chunk: Any) -> bool:
    """Append a document inside a document that is a web page or plain text.

    Args:
        builder: To which to append.
        chunk: Its part.

    Returns:
        Whether it is in such a format.
    """
    kind, data = chunk.content_type.partition(";")[0].strip().lower(), chunk.blob
    if kind in ("message/rfc822", "multipart/related", "application/x-mimearchive"):
        page = message_from_bytes(data, policy=policy.default).get_body(("html", "plain"))
        if page is None:
            return False
        kind, data = page.get_content_type(), page.get_payload(decode=True)
    if kind in ("text/html", "application/xhtml+xml"):
        root = parse(data)
        body = None if root is None else root.find(".//body")
        if body is not None:
            add_blocks(builder, body)
        return True
    if kind == "text/plain":
        for paragraph in decode(data).replace("\r\n", "\n").split("\n\n"):
            builder.add("paragraph", paragraph)
        return True
    return False
