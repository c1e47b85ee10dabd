"""Text of a Word paragraph as Word shows it with all tracked changes accepted.

Superscripts, symbols and formulas become characters; what is struck out, hidden or a mere
prompt of an empty form field is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from embeddings.files.formats.link_targets import target_to_tell
from embeddings.files.formats.office_math import IS_MATH, linear
from embeddings.files.formats.ooxml import RELATION_ID, child_of, is_on
from embeddings.files.formats.scripts import Script, joined
from embeddings.files.formats.symbol_fonts import has_private, symbols
from embeddings.files.formats.word_notes import Notes
from embeddings.files.formats.word_styles import Look, Styles

BOX = qn("w:txbxContent")
"""A text box: paragraphs of its own inside a run."""

_TEXTS = {
    qn("w:tab"): "\t",
    qn("w:ptab"): "\t",
    qn("w:br"): "\n",
    qn("w:cr"): "\n",
    qn("w:noBreakHyphen"): "-",
}
_VALUE, _TEXT, _SYMBOL, _RUN = qn("w:val"), qn("w:t"), qn("w:sym"), qn("w:r")
_LINK = qn("w:hyperlink")
_CONTROL, _CONTENT = qn("w:sdt"), qn("w:sdtContent")
_PROMPT = f"{qn('w:sdtPr')}/{qn('w:showingPlcHdr')}"
_NOTES = {qn("w:footnoteReference"): "footnote", qn("w:endnoteReference"): "endnote"}
_COMMENT, _FIELD, _RUBY = qn("w:commentReference"), qn("w:fldChar"), qn("w:ruby")
_DRAWN = {qn("w:drawing"), qn("w:pict"), qn("w:object")}
# Tracked as moved away or deleted, or no text.
_SKIPPED = {qn("w:moveFrom"), qn("w:del"), qn("w:pPr"), qn("w:rPr"), qn("w:rt"), BOX}


@dataclass(slots=True)
class Attached:
    """What hangs on the text read so far and is to stand behind it.

    Attributes:
        notes: Marks of footnotes and endnotes, each with its element.
        comments: Elements of comments.
        drawn: Elements that hold pictures, charts and diagrams.
    """

    notes: list[tuple[str, Any]] = field(default_factory=list)
    comments: list[Any] = field(default_factory=list)
    drawn: list[Any] = field(default_factory=list)


def are_bold(looks: Sequence[Look]) -> bool:
    """Whether there is text, and all of it is bold."""
    return bool(looks) and all(look.is_bold for look in looks)


class TextReader:
    """Reads paragraphs, and collects what is attached to them."""

    def __init__(self, part: Any, styles: Styles) -> None:
        """Nothing is read yet.

        Args:
            part: The document's main part.
            styles: Of the document.
        """
        self.styles = styles
        self.notes = Notes(part)
        self._part = part
        self.attached = Attached()

    def take_attached(self) -> Attached:
        """What hangs on the paragraphs read since this was last called."""
        attached, self.attached = self.attached, Attached()
        return attached

    def text(self, paragraph: Any) -> str:
        """Visible text of a paragraph, without its text boxes."""
        pieces: list[tuple[str, Script]] = []
        stack = list(reversed(paragraph))
        while stack:
            element = stack.pop()
            if element.tag == _RUN:
                look = self.styles.look(element)
                if look.is_shown:
                    self._add_run(pieces, element, look)
            elif element.tag in IS_MATH:
                pieces.append((linear(element), ""))
            elif element.tag == _LINK:
                stack.extend(reversed([*element, *self._target(element)]))
            elif element.tag == _CONTROL:
                stack.extend(reversed(visible_content(element)))
            elif element.tag not in _SKIPPED:
                stack.extend(reversed(element))
        return joined(pieces)

    def _target(self, link: Any) -> list[Any]:
        """A run that tells where a link leads; none where its text says enough."""
        relation = self._part.rels.get(link.get(RELATION_ID))
        # Headers and notes have relations of their own.
        of_body = link.getroottree().getroot() is self._part.element
        if relation is None or not relation.is_external or not of_body:
            return []
        text = "".join(each.text or "" for each in link.iter(_TEXT))
        target = target_to_tell(relation.target_ref, text)
        run = OxmlElement("w:r")
        run.text = f" ({target})"
        return [run] if target and text.strip() else []

    def looks(self, paragraph: Any) -> list[Look]:
        """The looks of a paragraph's runs that have text."""
        runs = (run for run in paragraph.iter(_RUN) if child_of(run, _TEXT) is not None)
        return list(map(self.styles.look, runs))

    def is_bold(self, paragraph: Any) -> bool:
        """Whether a paragraph has text, and all of it is bold."""
        return are_bold(self.looks(paragraph))

    def _add_run(self, pieces: list[tuple[str, Script]], run: Any, look: Look) -> None:
        for element in run:
            tag = element.tag
            if tag == _TEXT:
                text = element.text or ""
                if look.font or has_private(text):
                    text = symbols(text, look.font)
                pieces.append((text, look.script))
            elif tag in _TEXTS:
                pieces.append((_TEXTS[tag], look.script))
            elif tag == _SYMBOL:
                pieces.append((_symbol(element), look.script))
            elif tag in _NOTES:
                self._add_note(pieces, element, _NOTES[tag])
            elif tag == _COMMENT:
                comment = self.notes.comment(element.get(qn("w:id")))
                self.attached.comments += [] if comment is None else [comment]
            elif tag == _FIELD:
                pieces.append((_form_field(element), ""))
            elif tag in _DRAWN:
                self.attached.drawn.append(element)
            elif tag == _RUBY:
                for inner in element.iterfind(f"{qn('w:rubyBase')}/{_RUN}"):
                    self._add_run(pieces, inner, self.styles.look(inner))

    def _add_note(self, pieces: list[tuple[str, Script]], element: Any, kind: str) -> None:
        custom = element.get(qn("w:customMarkFollows"), "0") not in ("0", "false")
        mark, note = self.notes.referred(kind, element.get(qn("w:id")), custom)
        pieces.append((mark, "mark"))
        if note is not None:
            self.attached.notes.append((mark, note))


def visible_content(control: Any) -> Any:
    """Children of a content control; none if it shows a prompt because nothing is filled in."""
    prompt = control.find(_PROMPT)
    if is_on(prompt, None if prompt is None else prompt.get(_VALUE)):
        return ()
    return content_of(control)


def content_of(control: Any) -> Any:
    """Children of a content control, whatever it shows."""
    content = control.find(_CONTENT)
    return () if content is None else content


def _symbol(element: Any) -> str:
    code = element.get(qn("w:char"), "")
    try:
        character = chr(int(code, 16))
    except (ValueError, OverflowError):
        return ""
    return symbols(character, element.get(qn("w:font")))


def _form_field(element: Any) -> str:
    """What an old form field shows by itself: a box, or the chosen entry of a list."""
    data = element.find(qn("w:ffData"))
    if data is None:
        return ""
    box = data.find(qn("w:checkBox"))
    if box is not None:
        state = box.find(qn("w:checked"))
        state = box.find(qn("w:default")) if state is None else state
        return "☒" if is_on(state, None if state is None else state.get(_VALUE)) else "☐"
    choices = data.find(qn("w:ddList"))
    if choices is None:
        return ""
    entries = [each.get(_VALUE, "") for each in choices.iterchildren(qn("w:listEntry"))]
    chosen = choices.find(qn("w:result"))
    chosen = choices.find(qn("w:default")) if chosen is None else chosen
    index = "0" if chosen is None else chosen.get(_VALUE, "0")
    at = int(index) if index.isdecimal() and len(index) < 4 else 0
    return entries[at] if at < len(entries) else ""
