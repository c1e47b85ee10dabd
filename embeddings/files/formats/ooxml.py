"""Office Open XML: what Word documents and presentations have in common.

ECMA-376 / ISO 29500, http://ecma-international.org/publications-and-standards/standards/ecma-376/
"""

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

_STRICT = b"http://purl.oclc.org/ooxml/"
_STRICT_NAME = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
# Part 4 of the standard, the names that differ in more than their beginning.
_RENAMED = (
    (b"/extendedProperties", b"/extended-properties"),
    (b"/customProperties", b"/custom-properties"),
)
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_ALTERNATES, _CHOICE = f"{_COMPATIBILITY}AlternateContent", f"{_COMPATIBILITY}Choice"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
RELATION_ID = f"{_RELATION}id"
MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}chart"
CHART_EX = "{http://schemas.microsoft.com/office/drawing/2014/chartex}chart"
DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"
DIAGRAM_DATA = f"{_RELATION}dm"


def is_strict(relations: bytes) -> bool:
    """Whether a package keeps to the strict variant of the standard.

    Args:
        relations: Its part ``_rels/.rels``.
    """
    return _STRICT in relations


def as_transitional(data: bytes) -> bytes:
    """A part in the strict variant with the names of the transitional one, which libraries know.

    >>> as_transitional(b"http://purl.oclc.org/ooxml/wordprocessingml/main").decode()
    'http://schemas.openxmlformats.org/wordprocessingml/2006/main'
    """
    if _STRICT not in data:
        return data
    for strict, transitional in _RENAMED:
        data = data.replace(strict, transitional)
    return _STRICT_NAME.sub(rb"http://schemas.openxmlformats.org/\1/2006/", data)


def resolve_alternatives(root: Any) -> None:
    """Put one variant in place of each content that is there in several, for several programs."""
    for alternates in list(root.iter(_ALTERNATES)):
        variants = list(alternates)
        chosen = next(filter(_says_something, variants), None)
        if chosen is None:
            chosen = next((each for each in variants if each.tag == _CHOICE), None)
        for child in () if chosen is None else list(chosen):
            alternates.addprevious(child)
        parent = alternates.getparent()
        if parent is not None:
            parent.remove(alternates)


def _says_something(variant: Any) -> bool:
    """Whether there is text in a variant, or a chart or diagram."""
    for element in variant.iter():
        if element.tag in (CHART, CHART_EX, DIAGRAM):
            return True
        if isinstance(element.tag, str) and element.tag.endswith("}t") and element.text:
            return True
    return False


def part_of(part: Any, relation_id: str | None) -> Any:
    """The part of the package to which a relation leads; none if it leads outside or nowhere."""
    relation = part.rels.get(relation_id)
    return None if relation is None or relation.is_external else relation.target_part


def element_of(part: Any) -> Any:
    """The root element of a part that holds XML; none without a part.

    Args:
        part: Which the library may have parsed already, or kept as bytes.

    Returns:
        What can be read of it, if it is damaged; none if that is nothing.
    """
    element = getattr(part, "_element", None)
    if part is not None and element is None:
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, recover=True
        )
        element = etree.fromstring(part.blob, parser)
    return element


def parts_of_kind(part: Any, kind: str) -> Iterator[Any]:
    """The parts to which relations of a kind lead, such as "footnotes"."""
    for relation in part.rels.values():
        if relation.reltype.rpartition("/")[2] == kind and not relation.is_external:
            yield relation.target_part


def is_on(element: Any, value: str | None) -> bool:
    """Whether a switch such as ``w:strike`` is on.

    Args:
        element: The switch, if it is there.
        value: Of its attribute; an empty switch is on.
    """
    return element is not None and value not in ("0", "false", "off", "none")


def child_of(element: Any, tag: str) -> Any:
    """The first child with a tag, or None; ``find`` interprets its path each time."""
    return next(element.iterchildren(tag), None)
