"""Markdown, by the CommonMark rules and with tables.

markdown-it-py: MIT, passes the whole CommonMark test suite, maintained; its
tokens give structure without a detour through HTML.
"""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from embeddings.document import Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats.decoding import read_text
from embeddings.files.limits import LimitedBuilder, Limits

_FRONT_MATTER = "---"
_FRONT_MATTER_ENDS = ("---", "...")
_TITLE = "title:"
_COMMENT_OR_TAG = re.compile(r"<!--.*?(?:-->|\Z)|</?[a-zA-Z][^<>]*>", re.DOTALL)
_TAG = re.compile(r"<(/?)([a-zA-Z][\w:.-]*)")
_MAY_HIDE = re.compile(r"style|hidden|color|template", re.IGNORECASE)
_EMPTY = ("br", "hr", "img", "input", "wbr")
_SCRIPT = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
# The parser drops deeper nesting; real outlines exceed its default of 20.
_DEEPEST = 100
# Soft line breaks are spaces; hard ones (two spaces, a backslash) are kept.
_MARKS_KEPT = {"softbreak": " ", "hardbreak": "\n"}


def read(path: Path, limits: Limits) -> Document:
    """The document in a Markdown file: the text of the rendered page."""
    text = read_text(path).removeprefix("\ufeff").replace("\r\n", "\n")
    limits.check_characters(len(text))
    text, title = _without_front_matter(text)
    builder = LimitedBuilder(limits, title)
    parsed = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable("table").parse(text)
    if any(token.level >= _DEEPEST - 1 for token in parsed):
        raise UnreadableFile("is nested too deeply to read")
    tokens = iter(_seen(parsed))
    for token in tokens:
        if token.type == "heading_open":
            builder.add("heading", _inline(next(tokens)), level=int(token.tag[1]))
        elif token.type == "inline":
            builder.add("paragraph", _inline(token))
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            builder.add("list", _list(token, tokens))
        elif token.type == "table_open":
            builder.add_table(_rows(tokens), header_rows=1)
        elif token.type in ("fence", "code_block"):
            builder.add("code", token.content)
        elif token.type == "html_block":
            builder.add("paragraph", _without_html(token.content))
    return builder.build(path.name)


def _without_front_matter(text: str) -> tuple[str, str | None]:
    if text.partition("\n")[0].rstrip() != _FRONT_MATTER:
        return text, None
    lines = text.split("\n")
    title = None
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() in _FRONT_MATTER_ENDS:
            return "\n".join(lines[number + 1 :]), title
        if title is None and line.startswith(_TITLE):
            title = line.removeprefix(_TITLE).strip().strip("\"'") or None
    return text, None


def _inline(token: Token) -> str:
    """Text of a paragraph: links by their text, images by their alternative text."""
    parts = []
    hiding = _Hiding()
    for child in token.children or ():
        if child.type == "html_inline":
            hiding.pass_by(child.content)
        if hiding.name:
            continue
        if child.type in ("text", "code_inline", "text_special"):
            parts.append(child.content)
        elif child.type == "image":
            parts.append(_inline(child))
        elif child.type == "html_inline" and child.content.lower().startswith("<br"):
            parts.append("\n")
        else:
            parts.append(_MARKS_KEPT.get(child.type, ""))
    return "".join(parts)


def _list(opening: Token, tokens: Iterator[Token]) -> str:
    """One item a line, the items of nested lists among them; consumes up to the list's end."""
    lines: list[str] = []
    numbers: list[int | None] = []
    mark = ""
    token = opening
    while True:
        if token.type == "ordered_list_open":
            numbers.append(int(token.attrGet("start") or 1))
        elif token.type == "bullet_list_open":
            numbers.append(None)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            numbers.pop()
            if not numbers:
                return "\n".join(lines)
        elif token.type == "list_item_open":
            number = numbers[-1]
            mark = "- " if number is None else f"{number}. "
            numbers[-1] = None if number is None else number + 1
        else:
            text = (
                "\n".join(map("; ".join, _rows(tokens)))
                if token.type == "table_open"
                else _leaf(token)
            )
            if text:
                lines.append(mark + text)
                mark = ""
        token = next(tokens)


def _leaf(token: Token) -> str:
    if token.type == "inline":
        return _inline(token)
    if token.type in ("fence", "code_block"):
        return token.content.rstrip("\n")
    return _without_html(token.content).strip() if token.type == "html_block" else ""


def _rows(tokens: Iterator[Token]) -> list[list[str]]:
    """The cells of a table; consumes up to its end."""
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(_inline(token))
    return rows


def _without_html(text: str) -> str:
    text = _SCRIPT.sub("", text)
    parts = []
    hiding = _Hiding()
    at = 0
    for tag in _COMMENT_OR_TAG.finditer(text):
        parts += [] if hiding.name else [text[at : tag.start()]]
        hiding.pass_by(tag[0])
        at = tag.end()
    return unescape("".join([*parts, "" if hiding.name else text[at:]]))


class _Hiding:
    """Whether the next token is inside a hidden element.

    Attributes:
        name: Of that element; empty outside of one.
    """

    def __init__(self) -> None:
        self.name = ""
        self._depth = 0

    def pass_by(self, tag: str) -> None:
        """Update the state with a tag."""
        match = _TAG.match(tag)
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


def _seen(tokens: list[Token]) -> Iterator[Token]:
    """The tokens without those between the tags of a hidden element, if it has both."""
    closing = {
        match[2].lower(): at
        for at, token in enumerate(tokens)
        if token.type == "html_block"
        for match in map(_TAG.match, _COMMENT_OR_TAG.findall(token.content))
        if match and match[1]
    }
    hiding = _Hiding()
    for at, token in enumerate(tokens):
        was = hiding.name
        if token.type == "html_block":
            for tag in _COMMENT_OR_TAG.findall(_SCRIPT.sub("", token.content)):
                hiding.pass_by(tag)
            if closing.get(hiding.name, at) <= at:
                # Never closed: browsers would often end it with its paragraph, too.
                hiding = _Hiding()
        if not was:
            yield token
