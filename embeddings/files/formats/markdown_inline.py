"""Text inside the blocks of Markdown: links with their targets, marks of notes, exponents."""

import re
from dataclasses import dataclass, field
from html import unescape

from markdown_it.token import Token

from embeddings.files.formats.scripts import Script, joined

COMMENT_OR_TAG = re.compile(r"<!--.*?(?:-->|\Z)|</?[a-zA-Z][^<>]*>", re.DOTALL)
TAG = re.compile(r"<(/?)([a-zA-Z][\w:.-]*)")
_MAY_HIDE = re.compile(r"style|hidden|color|template", re.IGNORECASE)
_EMPTY = ("br", "hr", "img", "input", "wbr")
_SCRIPT = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_TARGET = re.compile(r"(?:https?|ftp)://\S+|(?:mailto|tel):\S+", re.IGNORECASE)
_LONGEST_TARGET = 300
# Soft line breaks are spaces; hard ones (two spaces, a backslash) are kept.
_MARKS_KEPT = {"softbreak": " ", "hardbreak": "\n"}
_SCRIPTS: dict[str, Script] = {"sup": "super", "sub": "sub"}
_STRUCK = ("del", "s", "strike")


@dataclass(slots=True)
class Line:
    """The text of an inline token.

    Attributes:
        text: As a reader of the page sees it, with the targets of links.
        notes: Labels of the footnotes that it refers to.
        pictures: How many pictures are in it.
        links: How many links are in it.
        anchors: How many of these lead to the page itself.
        unlinked: Characters outside of links and pictures, without spaces.
    """

    text: str = ""
    notes: list[str] = field(default_factory=list)
    pictures: int = 0
    links: int = 0
    anchors: int = 0
    unlinked: int = 0


def line_of(token: Token) -> Line:
    """The text of a heading, paragraph or cell."""
    line = Line()
    pieces: list[tuple[str, Script]] = []
    hiding = Hiding()
    script: Script = ""
    struck = 0
    opened: list[tuple[str, int]] = []
    for child in token.children or ():
        kind = child.type
        if kind == "html_inline":
            hiding.pass_by(child.content)
            tag = TAG.match(child.content)
            name, closes = (tag[2].lower(), bool(tag[1])) if tag else ("", False)
            if name in _SCRIPTS:
                script = "" if closes else _SCRIPTS[name]
            struck = max(0, struck + (-1 if closes else 1)) if name in _STRUCK else struck
        elif kind in ("s_open", "s_close"):
            struck += 1 if kind == "s_open" else -1
        shown = not (hiding.name or struck)
        # What is hidden may begin or end inside of a link.
        if kind == "link_open":
            opened.append((str(child.attrGet("href") or ""), len(pieces)))
            line.links += shown
            line.anchors += shown and opened[-1][0].startswith("#")
        elif kind == "link_close":
            href, start = opened.pop()
            if shown:
                pieces.append((_target(href, "".join(text for text, _ in pieces[start:])), ""))
        elif not shown:
            continue
        elif kind == "footnote_ref":
            label = str(child.meta.get("label") or child.meta["id"] + 1)
            line.notes.append(label)
            pieces.append((f" [{label}]", ""))
        else:
            text = _text(child, line)
            pieces.append((text, script))
            if not opened and kind != "image":
                line.unlinked += len("".join(text.split()))
    line.text = joined(pieces)
    return line


def _text(child: Token, line: Line) -> str:
    if child.type in ("text", "code_inline", "text_special"):
        return child.content
    if child.type == "image":
        line.pictures += 1
        return "".join(_text(part, line) for part in child.children or ())
    if child.type == "html_inline" and child.content.lower().startswith("<br"):
        return "\n"
    return _MARKS_KEPT.get(child.type, "")


def _target(href: str, said: str) -> str:
    """What a link leads to, in brackets, where its text does not say it."""
    if not said.strip() or not _TARGET.fullmatch(href) or len(href) > _LONGEST_TARGET:
        return ""
    shown = re.sub(r"^(?:mailto|tel):", "", href, flags=re.IGNORECASE)
    bare = re.sub(r"^https?://(?:www\.)?", "", shown).rstrip("/")
    return "" if bare in said else f" ({shown})"


def without_html(text: str) -> str:
    """The text between tags, without comments, scripts and hidden elements."""
    text = _SCRIPT.sub("", text)
    parts = []
    hiding = Hiding()
    at = 0
    for tag in COMMENT_OR_TAG.finditer(text):
        parts += [] if hiding.name else [text[at : tag.start()]]
        hiding.pass_by(tag[0])
        at = tag.end()
    return unescape("".join([*parts, "" if hiding.name else text[at:]]))


def seen(tokens: list[Token]) -> list[Token]:
    """The tokens without those between the tags of a hidden element, if it has both."""
    closing = {
        match[2].lower(): at
        for at, token in enumerate(tokens)
        if token.type == "html_block"
        for match in map(TAG.match, COMMENT_OR_TAG.findall(token.content))
        if match and match[1]
    }
    hiding = Hiding()
    found = []
    for at, token in enumerate(tokens):
        was = hiding.name
        if token.type == "html_block":
            for tag in COMMENT_OR_TAG.findall(_SCRIPT.sub("", token.content)):
                hiding.pass_by(tag)
            if closing.get(hiding.name, at) <= at:
                # Never closed: browsers would often end it with its paragraph, too.
                hiding = Hiding()
        if not was:
            found.append(token)
    return found


class Hiding:
    """Whether the next token is inside a hidden element.

    Attributes:
        name: Of that element; empty outside of one.
    """

    def __init__(self) -> None:
        self.name = ""
        self._depth = 0

    def pass_by(self, tag: str) -> None:
        """Update the state with a tag."""
        match = TAG.match(tag)
        if not match:
            return
        closes, name = match[1] == "/", match[2].lower()
        if self.name == name:
            self._depth += -1 if closes else 1
            self.name = name if self._depth else ""
        elif not self.name and not closes and _MAY_HIDE.search(tag) and name not in _EMPTY:
            # Imported here: most files have no such element.
            from embeddings.files.formats.hidden import hides

            if name == "template" or hides(name, tag):
                self.name, self._depth = name, 1
