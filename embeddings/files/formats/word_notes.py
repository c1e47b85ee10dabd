"""Footnotes, endnotes and comments of a Word document, and the marks of the notes."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn
from lxml import etree

from embeddings.files.formats.archive import without_controls
from embeddings.files.formats.numerals import formatted
from embeddings.files.formats.ooxml import parts_of_kind, resolve_alternatives

_ID, _TYPE, _VALUE = qn("w:id"), qn("w:type"), qn("w:val")
# What Word numbers them with, where the document does not say it.
_FORMATS = {"footnote": "decimal", "endnote": "lowerRoman"}


def root_of(part: Any) -> Any:
    """The root element of a part; an empty one if it is no XML, even without its controls.

    Args:
        part: Which python-docx may have parsed already, or kept as bytes.
    """
    root = getattr(part, "element", None)
    if root is None:
        try:
            root = parse_xml(part.blob)
        except etree.XMLSyntaxError:
            try:
                root = parse_xml(without_controls(part.blob))
            except etree.XMLSyntaxError:
                return OxmlElement("w:hdr")
        resolve_alternatives(root)
    return root


class Notes:
    """The notes of a document, numbered in the order in which its text refers to them."""

    def __init__(self, part: Any) -> None:
        """Nothing is referred to yet.

        Args:
            part: The document's main part.
        """
        self._notes = {
            (kind, note.get(_ID)): note
            for kind in _FORMATS
            for note in _children(part, f"{kind}s", kind)
            if note.get(_TYPE, "normal") == "normal"
        }
        self._comments = {
            comment.get(_ID): comment for comment in _children(part, "comments", "comment")
        }
        self._formats = {kind: _format(part, kind) for kind in _FORMATS}
        self._counts: Counter[str] = Counter()

    def referred(self, kind: str, id: str | None, custom: bool) -> tuple[str, Any]:
        """The mark of the note to which the text refers next, and the note; none if it is lost.

        Args:
            kind: "footnote" or "endnote".
            id: The note's.
            custom: Whether the text has a mark of its own.
        """
        note = self._notes.pop((kind, id), None)
        if custom or note is None:
            return "", note
        self._counts[kind] += 1
        return formatted(self._counts[kind], self._formats[kind]), note

    def comment(self, id: str | None) -> Any:
        """The comment to which the text refers; none if it did before, or there is none."""
        return self._comments.pop(id, None)


def _children(part: Any, kind: str, tag: str) -> Iterator[Any]:
    for related in parts_of_kind(part, kind):
        yield from root_of(related).iterchildren(qn(f"w:{tag}"))


def _format(part: Any, kind: str) -> str:
    """The format of the numbers of notes: of the last section, else of the whole document."""
    roots = [part.element, *(root_of(each) for each in parts_of_kind(part, "settings"))]
    for root in roots:
        for properties in root.iter(qn(f"w:{kind}Pr")):
            format = properties.find(qn("w:numFmt"))
            if format is not None:
                return str(format.get(_VALUE, ""))
    return _FORMATS[kind]
