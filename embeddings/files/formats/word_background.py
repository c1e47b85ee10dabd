"""Backgrounds of Word documents, on which white text can be seen."""

from typing import Any

from docx.oxml.ns import qn

from embeddings.files.formats.ooxml import parts_of_kind


def has_background(source: Any) -> bool:
    """Whether text may have a background: a page colour, or drawings behind it."""
    background = source.element.find(qn("w:background"))
    if background is not None and background.get(qn("w:color"), "").upper() != "FFFFFF":
        return True
    headers = parts_of_kind(source.part, "header")
    roots = [source.element, *(getattr(header, "element", None) for header in headers)]
    return any(
        anchor.get("behindDoc") in ("1", "true")
        for root in roots
        if root is not None
        for anchor in root.iter(qn("wp:anchor"))
    )
