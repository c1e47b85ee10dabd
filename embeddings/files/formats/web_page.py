"""Web pages: the main content, without navigation, advertisements and comments.

trafilatura: Apache 2.0, maintained, ahead in published comparisons of main-content
extraction; lxml (BSD) parses for it and survives any input in linear time.
"""

import re
from pathlib import Path
from typing import Any

import lxml.html
from lxml import etree

from embeddings.document import Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats.decoding import decode
from embeddings.files.formats.hidden import clear_hidden
from embeddings.files.formats.markup import INLINE, add_blocks, tag_of
from embeddings.files.limits import LimitedBuilder, Limits

_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_DOCTYPE = re.compile(r"<!DOCTYPE", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]")
# HTML takes 128 to 159 for letters of windows-1252.
_CONTROL_REFERENCE = re.compile(
    r"&#(?:0*(?:[0-8]|1[14-9]|2\d|3[01]|127)(?!\d)|x0*(?:[0-8bef]|1[0-9a-f]|7f)(?![0-9a-f]));?",
    re.IGNORECASE,
)
_HEAD_LENGTH = 4096
_VISIBLE_TEXT: Any = etree.XPath(
    "//text()[not(parent::script or parent::style)]",
    smart_strings=False,
)
# Extracting the main content takes minutes on larger trees, which are books or listings anyway.
_MAX_ELEMENTS = 100_000
# Its memory grows with the square of the inline elements of a paragraph.
_MAX_INLINE = 10_000
_TOO_DEEP = etree.ErrorTypes.ERR_RESOURCE_LIMIT
# Browsers read these names as windows-1252, and pages rely on it.
_LATIN_1_NAMES = ("iso-8859-1", "latin-1", "latin1", "us-ascii", "ascii")


def read(path: Path, limits: Limits) -> Document:
    """The document in a web page that was saved to a file."""
    root = parse(path.read_bytes())
    if root is None:
        return LimitedBuilder(limits).build(path.name)
    limits.check_characters(sum(map(len, _VISIBLE_TEXT(root))))
    title = _title(root)
    builder = LimitedBuilder(limits, title)
    main = _main_content(root)
    if main is not None:
        add_blocks(builder, main)
    if not builder.length:
        body = root.find(".//body")
        add_blocks(builder, root if body is None else body)
    return builder.build(path.name)


def parse(data: bytes) -> Any:
    """The root element of an HTML file in any encoding, or None if it has no content.

    Hidden text is not in it.

    Raises:
        UnreadableFile: The bytes are not text.
    """
    text = decode(data, _declared_encoding(data[:_HEAD_LENGTH]))
    # The HTML parser takes entity definitions in the doctype for text.
    text = _without_doctype(text[:_HEAD_LENGTH]) + text[_HEAD_LENGTH:]
    parser = lxml.html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True
    )
    encoded = _visible(text).encode("utf-8", errors="replace")
    try:
        root = lxml.html.document_fromstring(encoded, parser=parser)
    except etree.ParserError:  # Nothing but spaces and comments.
        root = None
    except etree.XMLSyntaxError as error:
        # It recovers from every syntax error; only running out of memory is left.
        raise MemoryError from error
    # The parser stops at its limits without an exception; half a page must not count as complete.
    if any(entry.type == _TOO_DEEP for entry in parser.error_log):
        raise UnreadableFile("is nested too deeply to read")
    if root is not None:
        clear_hidden(root)
    return root


def _visible(text: str) -> str:
    """Text without control characters, also as references, which the parser rejects."""
    return _CONTROL_REFERENCE.sub(" ", _CONTROL.sub(" ", text))


def _without_doctype(head: str) -> str:
    begins = _DOCTYPE.search(head)
    if not begins:
        return head
    end, inside = head.find(">", begins.end()), head.find("[", begins.end())
    if -1 < inside < end:
        end = head.find(">", head.find("]", inside))
    return head if end < 0 else head[: begins.start()] + head[end + 1 :]


def _declared_encoding(head: bytes) -> str | None:
    match = _CHARSET.search(head)
    if not match:
        return None
    name = match[1].decode("ascii", errors="replace").lower()
    # A declaration that can be read as single bytes cannot be true of UTF-16.
    return "windows-1252" if name in _LATIN_1_NAMES else "utf-8" if "utf-16" in name else name


def _title(root: Any) -> str | None:
    for name in ("title", "h1"):
        element = root.find(f".//{name}")
        if element is not None and (text := element.text_content().strip()):
            return str(text)
    return None


def _inline_children(element: Any) -> int:
    return sum(tag_of(child) in INLINE for child in element) if len(element) > _MAX_INLINE else 0


def _main_content(root: Any) -> Any:
    """The main content as trafilatura's tree, or None where it finds none."""
    from trafilatura import bare_extraction

    for count, element in enumerate(root.iter(etree.Element)):
        if count == _MAX_ELEMENTS or _inline_children(element) > _MAX_INLINE:
            return None
        tag = tag_of(element)
        if tag == "pre":
            # Without a language it would become a quotation, its line breaks lost.
            element.set("lang", element.get("lang") or "text")
        elif tag not in INLINE:
            # It may drop an element and keep the text, which would glue two words together.
            element.text = f" {element.text or ''}"
            element.tail = f" {element.tail or ''}"
    found = bare_extraction(
        root,
        favor_recall=True,
        include_comments=False,
        include_tables=True,
        include_formatting=True,
    )
    return getattr(found, "body", None)
