"""Word styles: what a paragraph is, and whether and how a run of text is shown."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from docx.oxml.ns import qn

from embeddings.files.formats.ooxml import child_of, is_on
from embeddings.files.formats.scripts import Script
from embeddings.files.formats.symbol_fonts import is_symbol_font
from embeddings.files.formats.word_roles import Style, numbering_of, role_of, style_name

MAX_INHERITED = 30
"""Longest chain of based-on styles; real documents have about five. Chosen by hand."""

_RUN_PROPERTIES, _PROPERTIES = qn("w:rPr"), qn("w:pPr")
_PARAGRAPH, _NAMED = qn("w:p"), qn("w:pStyle")
_CELL, _BOX = qn("w:tc"), qn("w:txbxContent")
_RUN_STYLE, _ASCII, _ANSI = qn("w:rStyle"), qn("w:ascii"), qn("w:hAnsi")
_VALUE, _FILL = qn("w:val"), qn("w:fill")
# Not w:webHidden, which hides in one view on the screen what is printed.
_HIDING = qn("w:vanish")
_COLOUR, _SIZE = qn("w:color"), qn("w:sz")
_SHADING, _HIGHLIGHT = qn("w:shd"), qn("w:highlight")
_THEME_FILL = qn("w:themeFill")
_STRIKES = (qn("w:strike"), qn("w:dstrike"))
_ALIGNED, _RAISED, _FONTS, _BOLD = (qn("w:vertAlign"), qn("w:position"), qn("w:rFonts"), qn("w:b"))
_SCRIPTS: dict[str, Script] = {"superscript": "super", "subscript": "sub"}
# Names of styles for the marks of footnotes and endnotes.
_MARK_STYLES = ("footnote reference", "endnote reference")
# Of the prompts in empty content controls.
_PROMPT_STYLE = "placeholder text"
_WHITE = ("FFFFFF", "FEFEFE", "FDFDFD")
_TINY_HALF_POINTS = 2
_DEFAULT_HALF_POINTS = 20  # ISO 29500-1, 17.3.2.38
_RAISED_HALF_POINTS = 4  # text raised or lowered less is adjusted, no superscript


@dataclass(frozen=True, slots=True)
class Look:
    """How a run of text is shown.

    Attributes:
        is_shown: False if it is hidden, white on white, tiny or struck out.
        script: Whether it is raised or lowered.
        font: Its font, if its letters are symbols.
        is_bold: Whether it is bold.
        half_points: The size of its letters.
    """

    is_shown: bool = True
    script: Script = ""
    font: str | None = None
    is_bold: bool = False
    half_points: int = 0


class Styles:
    """The styles of a document."""

    def __init__(self, root: Any, coloured: bool) -> None:
        """Look nothing up yet.

        Args:
            root: The element that holds them.
            coloured: Whether the page has a colour of its own, or pictures behind its text.
        """
        self._elements = {style.get(qn("w:styleId")): style for style in root.iterchildren()}
        self._coloured = coloured
        self._default = next((id for id, style in self._elements.items() if _is_default(style)), "")
        size = root.find("/".join(map(qn, ("w:docDefaults", "w:rPrDefault", "w:rPr", "w:sz"))))
        self._half_points = _integer(size) or _DEFAULT_HALF_POINTS
        self._meanings: dict[str, Style] = {}
        self._chains: dict[str, dict[str, Any]] = {}
        self._looks: dict[str, Look | None] = {}
        self._last: tuple[Any, str] = (None, "")

    def meaning(self, id: str) -> Style:
        """The meaning of a paragraph style, from its own properties and those it is based on."""
        if id not in self._meanings:
            own = self._elements.get(id)
            of_paragraphs = own is not None and own.get(qn("w:type")) == "paragraph"
            chain = list(self._inherited(id)) if of_paragraphs else []
            role = next((role for style in chain if (role := role_of(style))), Style())
            self._meanings[id] = replace(role, **numbering_of(chain))
        return self._meanings[id]

    def has_header_look(self, id: str) -> bool:
        """Whether a table style sets the first row apart from the others."""
        return any(
            part.get(qn("w:type")) == "firstRow"
            for style in self._inherited(id)
            for part in style.iterchildren(qn("w:tblStylePr"))
        )

    def look(self, run: Any) -> Look:
        """How the text of a run is shown."""
        paragraph = run.getparent()
        while paragraph is not None and paragraph.tag != _PARAGRAPH:
            paragraph = paragraph.getparent()
        own = child_of(run, _RUN_PROPERTIES)
        id = self.id_of(paragraph)
        if own is not None and len(own):
            found = {each.tag: each for each in own}
            character = found.get(_RUN_STYLE)
            of_run = "" if character is None else character.get(_VALUE, "")
            return self._look(
                {**self._properties(id), **self._properties(of_run), **found}, paragraph, of_run
            )
        if id not in self._looks:
            # What is white depends on what is around it.
            found = self._properties(id)
            self._looks[id] = None if _is_white(found) else self._look(found, paragraph, "")
        return self._looks[id] or self._look(self._properties(id), paragraph, "")

    def id_of(self, paragraph: Any) -> str:
        """The style that a paragraph names; looked up once for its runs, among which it may be."""
        if self._last[0] is not paragraph:
            properties = None if paragraph is None else child_of(paragraph, _PROPERTIES)
            named = None if properties is None else child_of(properties, _NAMED)
            self._last = (paragraph, "" if named is None else named.get(_VALUE, ""))
        return self._last[1]

    def _look(self, found: dict[str, Any], paragraph: Any, character_style: str) -> Look:
        if not found:
            return Look(half_points=self._body_size())
        struck = any(_switch(found, name) for name in _STRIKES)
        size = _integer(found.get(_SIZE))
        tiny = size is not None and size <= _TINY_HALF_POINTS
        name = self._name_of(character_style)
        if struck or tiny or name == _PROMPT_STYLE or _switch(found, _HIDING):
            return Look(is_shown=False)
        if _is_white(found) and not self._has_ground(found, paragraph):
            return Look(is_shown=False)
        fonts = found.get(_FONTS)
        names = () if fonts is None else (fonts.get(_ASCII), fonts.get(_ANSI))
        return Look(
            script="mark" if name in _MARK_STYLES else _script(found),
            font=next(filter(is_symbol_font, names), None),
            is_bold=_switch(found, _BOLD),
            half_points=self._body_size() if size is None else size,
        )

    def _body_size(self) -> int:
        """The size of letters that have no other, in half-points."""
        return _integer(self._properties(self._default).get(_SIZE)) or self._half_points

    def _name_of(self, id: str) -> str:
        style = self._elements.get(id) if id else None
        return "" if style is None else style_name(style)

    def _properties(self, id: str) -> dict[str, Any]:
        """Elements that format the text of a style by their names: of each the nearest."""
        if id not in self._chains:
            found: dict[str, Any] = {}
            for style in self._inherited(id):
                for kind in (_RUN_PROPERTIES, _PROPERTIES):
                    for each in style.iterfind(f"{kind}/*"):
                        found.setdefault(each.tag, each)
            self._chains[id] = found
        return self._chains[id]

    def _has_ground(self, found: dict[str, Any], paragraph: Any) -> bool:
        """Whether white text may have a background; true if that is uncertain."""
        if self._coloured or paragraph is None:
            return True
        own = paragraph.find(_PROPERTIES)
        behind = {**({} if own is None else {each.tag: each for each in own}), **found}
        shading, highlight = behind.get(_SHADING), behind.get(_HIGHLIGHT)
        if shading is not None and _shades(shading):
            return True
        if highlight is not None and highlight.get(_VALUE, "none") not in ("none", "white"):
            return True
        # Tables and shapes have backgrounds from styles and themes of their own.
        return any(parent.tag in (_CELL, _BOX) for parent in paragraph.iterancestors())

    def _inherited(self, id: str | None) -> Iterator[Any]:
        """A style's element, and those that it is based on."""
        for _ in range(MAX_INHERITED):
            style = self._elements.get(id)
            if style is None:
                return
            yield style
            based = style.find(qn("w:basedOn"))
            id = None if based is None else based.get(_VALUE)


def _shades(shading: Any) -> bool:
    """Whether shading may be coloured: by its fill, its pattern or its theme."""
    plain = shading.get(_VALUE, "clear") in ("clear", "nil") and shading.get(_THEME_FILL) is None
    return not plain or shading.get(_FILL, "auto").upper() not in ("AUTO", *_WHITE)


def _switch(found: dict[str, Any], name: str) -> bool:
    switch = found.get(name)
    return switch is not None and is_on(switch, switch.get(_VALUE))


def _is_white(found: dict[str, Any]) -> bool:
    colour = found.get(_COLOUR)
    return colour is not None and colour.get(_VALUE, "").upper() in _WHITE


def _is_default(style: Any) -> bool:
    is_default = style.get(qn("w:default"), "0") in ("1", "true")
    return is_default and style.get(qn("w:type")) == "paragraph"


def _integer(element: Any) -> int | None:
    text = "" if element is None else element.get(_VALUE, "")
    return int(text) if text.isdecimal() and len(text) < 6 else None


def _script(found: dict[str, Any]) -> Script:
    aligned = found.get(_ALIGNED)
    if aligned is not None:
        return _SCRIPTS.get(aligned.get(_VALUE, ""), "")
    raised = found.get(_RAISED)
    half_points = "" if raised is None else raised.get(_VALUE, "")
    if half_points.removeprefix("-").isdecimal() and len(half_points) < 4:
        if int(half_points) >= _RAISED_HALF_POINTS:
            return "super"
        if int(half_points) <= -_RAISED_HALF_POINTS:
            return "sub"
    return ""
