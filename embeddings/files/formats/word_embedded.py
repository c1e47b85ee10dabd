"""What a Word document holds beside its text: charts, diagrams, pictures, other documents."""

from email import message_from_bytes, policy
from typing import Any

from docx.oxml.ns import qn

from embeddings.document import DocumentBuilder
from embeddings.errors import UnreadableFile
from embeddings.files.formats.charts import add_chart
from embeddings.files.formats.contained import add_document, contained_document
from embeddings.files.formats.diagrams import add_diagram
from embeddings.files.formats.ooxml import (
    CHART,
    CHART_EX,
    DIAGRAM,
    DIAGRAM_DATA,
    RELATION_ID,
    element_of,
    part_of,
)
from embeddings.files.formats.word_text import BOX
from embeddings.files.limits import LimitedBuilder

_PICTURES = {
    "{http://schemas.openxmlformats.org/drawingml/2006/picture}pic",
    "{urn:schemas-microsoft-com:vml}imagedata",
}
_ARCHIVED_PAGES = ("message/rfc822", "multipart/related", "application/x-mimearchive")
_NAMES = {
    "text/html": "page.html",
    "application/xhtml+xml": "page.xhtml",
    "text/plain": "text.txt",
    "text/rtf": "text.rtf",
    "application/rtf": "text.rtf",
    "application/msword": "text.rtf",
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


def add_chunk(builder: LimitedBuilder, chunk: Any) -> bool:
    """Append a document inside a document, read by its own format; one of Word is not.

    Args:
        builder: To which to append.
        chunk: Its part.

    Returns:
        Whether there was something to read.
    """
    kind, data = chunk.content_type.partition(";")[0].strip().lower(), chunk.blob
    if kind in _ARCHIVED_PAGES:
        page = message_from_bytes(data, policy=policy.default).get_body(("html", "plain"))
        if page is None:
            return False
        # Its encoding is found from the page itself.
        kind, data = page.get_content_type(), page.get_payload(decode=True)
    name = _NAMES.get(kind)
    try:
        document = contained_document(name, data, builder.limits) if name and data else None
    except UnreadableFile:
        return False
    if document is not None:
        add_document(builder, document)
    return document is not None
