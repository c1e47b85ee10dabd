"""Form fields and annotations of a PDF's page: what was filled in, and notes on the page.

Nothing of a form is run: PDFium is built without JavaScript.
"""

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pypdfium2 import raw

from embeddings.document import INVISIBLE
from embeddings.files.formats.pdf_lines import Line
from embeddings.files.formats.pdf_page import Item
from embeddings.files.formats.pdf_text import Box

MAX_ANNOTATIONS = 2_000
"""Of a page, that are read. Chosen by hand."""

MAX_VALUE_CHARACTERS = 20_000
"""Of a field or note. Chosen by hand."""

CHECKED, UNCHECKED = "☒", "☐"

_NOTES = frozenset(
    (
        raw.FPDF_ANNOT_TEXT,
        raw.FPDF_ANNOT_FREETEXT,
        raw.FPDF_ANNOT_HIGHLIGHT,
        raw.FPDF_ANNOT_UNDERLINE,
        raw.FPDF_ANNOT_STRIKEOUT,
        raw.FPDF_ANNOT_STAMP,
    )
)
_BUTTONS = (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON)
_VALUES = (
    raw.FPDF_FORMFIELD_TEXTFIELD,
    raw.FPDF_FORMFIELD_COMBOBOX,
    raw.FPDF_FORMFIELD_LISTBOX,
)
# States of a checked box that say nothing.
_ON = frozenset(("on", "off", "1", "0", "true", "x", "choice1"))


@dataclass(frozen=True, slots=True)
class Note:
    """What a field or an annotation holds.

    Attributes:
        text: The value, or the note's text.
        name: Of a field, as it is told to users; empty for a note.
        box: Where it is on the page.
    """

    text: str
    name: str
    box: Box


def notes_of(page: Any, form: Any) -> Iterator[Note]:
    """Fields and annotations that hold text.

    Args:
        page: PDFium's.
        form: PDFium's form environment; none if the document has no form.
    """
    for at in range(min(raw.FPDFPage_GetAnnotCount(page), MAX_ANNOTATIONS)):
        annotation = raw.FPDFPage_GetAnnot(page, at)
        if not annotation:
            continue
        try:
            hidden = raw.FPDFAnnot_GetFlags(annotation) & (
                raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
            )
            kind = raw.FPDFAnnot_GetSubtype(annotation)
            text = name = ""
            if hidden:
                continue
            if kind == raw.FPDF_ANNOT_WIDGET and form is not None:
                text = _value(form, annotation)
                name = _string(raw.FPDFAnnot_GetFormFieldAlternateName, form, annotation)
                name = name or _string(raw.FPDFAnnot_GetFormFieldName, form, annotation)
            elif kind in _NOTES:
                text = _string(raw.FPDFAnnot_GetStringValue, annotation, b"Contents")
            rect = raw.FS_RECTF()
            raw.FPDFAnnot_GetRect(annotation, rect)
            if text.strip():
                left, right = sorted((rect.left, rect.right))
                bottom, top = sorted((rect.bottom, rect.top))
                yield Note(text.strip(), name.strip(), (left, bottom, right, top))
        finally:
            raw.FPDFPage_CloseAnnot(annotation)


def _value(form: Any, annotation: Any) -> str:
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in _BUTTONS:
        if not raw.FPDFAnnot_IsChecked(form, annotation):
            return UNCHECKED
        value = _string(raw.FPDFAnnot_GetFormFieldExportValue, form, annotation)
        return CHECKED if value.lower() in _ON or not value.isalpha() else value
    if kind not in _VALUES:
        return ""
    return _string(raw.FPDFAnnot_GetFormFieldValue, form, annotation)


def _string(get: Any, *arguments: Any) -> str:
    """A text in UTF-16, which PDFium gives in two steps: its bytes, then itself."""
    size = get(*arguments, None, 0)
    if not 2 < size <= 2 * MAX_VALUE_CHARACTERS:
        return ""
    buffer = ctypes.create_string_buffer(size)
    get(*arguments, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    # Control characters mean the ends of pages and lines to what reads the text.
    return INVISIBLE.sub(" ", buffer.raw[: size - 2].decode("utf-16-le", "replace"))


def with_notes(items: Sequence[Item], notes: Sequence[Note]) -> list[Item]:
    """A page's items with each field's value behind its label, and notes at the end."""
    filled = list(items)
    shown = {item.text for item in items if isinstance(item, Line)}
    for note in notes:
        left, bottom, right, top = note.box
        size = min(12.0, max(1.0, top - bottom))
        line = Line(note.text, left, right, bottom + 0.25 * size, size)
        if not note.name:
            if note.text not in shown:
                filled.append(line)
            continue
        beside = note.text in (CHECKED, UNCHECKED) and _beside(filled, note.box, after=True)
        if beside:
            at = filled.index(beside)
            filled[at] = replace(beside, text=f"{note.text} {beside.text}", left=left)
        elif label := _beside(filled, note.box, after=False):
            at = filled.index(label)
            filled[at] = replace(label, text=f"{label.text} {note.text}", right=right)
        elif note.text not in (CHECKED, UNCHECKED):
            filled.append(replace(line, text=f"{note.name}: {note.text}"))
    return filled


def _beside(items: Sequence[Item], box: Box, *, after: bool) -> Line | None:
    """The line next to a field: before it, or after it as with boxes to tick."""
    left, bottom, right, top = box
    lines = [
        item
        for item in items
        if isinstance(item, Line) and bottom - 4 <= item.base + 0.3 * item.size <= top + 4
    ]
    if after:
        near = [line for line in lines if -2 <= line.left - right < 3 * line.size]
        return min(near, key=lambda line: line.left, default=None)
    near = [line for line in lines if line.right <= left + 4]
    return max(near, key=lambda line: line.right, default=None)
