"""Markdown, by the CommonMark rules, with tables, footnotes, definitions and struck-out text.

markdown-it-py and mdit-py-plugins: MIT, maintained, the former passes the whole CommonMark test
suite; their tokens give structure without a detour through HTML.
"""

import re
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from embeddings.document import Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats.decoding import read_text
from embeddings.files.formats.front_matter import split_front_matter
from embeddings.files.formats.markdown_inline import Line, line_of, seen, without_html
from embeddings.files.formats.titles import useful_title
from embeddings.files.limits import LimitedBuilder, Limits

# The parser drops deeper nesting; real outlines exceed its default of 20.
_DEEPEST = 100
_CONTENTS = re.compile(r"\[{1,2}_?toc_?\]{1,2}|\{:\s*toc[^}]*\}", re.IGNORECASE)
_LISTS = ("bullet_list_open", "ordered_list_open")
_MIN_CONTENTS = 3
_TITLES = ("title", "Title")


def read(path: Path, limits: Limits) -> Document:
    """The document in a Markdown file: the text of the rendered page."""
    text = read_text(path).removeprefix("\ufeff").replace("\r\n", "\n")
    limits.check_characters(len(text))
    about, text = split_front_matter(text)
    title = next((value for name, value in about if name in _TITLES), None)
    builder = LimitedBuilder(limits, useful_title(title))
    builder.add_table([pair for pair in about if pair[0] not in _TITLES])
    environment: dict[str, Any] = {}
    parsed = _parser().parse(text, environment)
    if any(token.level >= _DEEPEST - 1 for token in parsed):
        raise UnreadableFile("is nested too deeply to read")
    reader = _Reader(builder, seen(parsed))
    reader.keep_notes(environment.get("footnotes", {}).get("list", {}))
    reader.read()
    return builder.build(path.name)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable(["table", "strikethrough"])
    parser.use(deflist_plugin).use(footnote_plugin)
    # It would move the notes to the end and drop those that nothing refers to.
    return parser.disable("footnote_tail")


class _Reader:
    """Goes through the tokens of a file, and adds its blocks."""

    def __init__(self, builder: LimitedBuilder, tokens: list[Token]) -> None:
        self.builder = builder
        self.at = 0
        self.notes: dict[str, str] = {}
        self.due: list[str] = []
        self.tokens = self._without_notes(tokens)
        self.lines: list[str] = []
        self.entry: list[str] = []
        self.defined = False

    def _without_notes(self, tokens: list[Token]) -> list[Token]:
        """The tokens outside of footnotes that are referred to; these are kept by their labels."""
        wanted = {
            str(child.meta.get("label"))
            for token in tokens
            if token.type == "inline"
            for child in token.children or ()
            if child.type == "footnote_ref"
        }
        rest: list[Token] = []
        label = ""
        for token in tokens:
            if token.type == "footnote_reference_open":
                label = str(token.meta.get("label"))
            elif token.type == "footnote_reference_close":
                label = ""
            elif label in wanted:
                text = line_of(token).text if token.type == "inline" else _other_text(token)
                if text.strip():
                    self.notes[label] = "\n".join(filter(None, (self.notes.get(label), text)))
            else:
                rest.append(token)
        return rest

    def keep_notes(self, notes: dict[int, dict[str, Any]]) -> None:
        """Keep the notes that stand in the text, ``^[…]``, by the marks that stand for them."""
        for number, note in notes.items():
            if "tokens" in note:
                label = str(number + 1)
                text = line_of(Token("inline", "", 0, children=note["tokens"])).text
                self.notes[label] = "\n".join(filter(None, (self.notes.get(label), text)))

    def read(self) -> None:
        """Add all blocks."""
        while self.at < len(self.tokens):
            token = self._next()
            if token.type == "heading_open":
                self._add_heading(self._line(self._next()), int(token.tag[1]))
            elif token.type == "inline":
                self._add_paragraph(self._line(token))
            elif token.type in _LISTS:
                self._close_entry()
                self._add_list(token)
            elif token.type == "table_open":
                self._close_entry()
                self.builder.add_table(self._rows(), header_rows=1)
            elif token.type in ("fence", "code_block"):
                self._close_entry()
                self.builder.add("code", token.content)
            elif token.type == "html_block":
                self._add_html(token.content)
            elif token.type == "dl_close" or (token.type == "dt_open" and self.defined):
                self._close_entry()
            self._add_due_notes()
        self._close_entry()
        self._add_due_notes()

    def _next(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def _line(self, token: Token) -> Line:
        line = line_of(token)
        self.due += line.notes
        if line.pictures:
            self.builder.leave_out("picture", "pictures", line.pictures)
        return line

    def _add_heading(self, line: Line, level: int) -> None:
        self._close_entry()
        self.builder.add("heading", _without_identifier(line.text), level=level)

    def _add_paragraph(self, line: Line) -> None:
        opening = self.tokens[self.at - 2].type if self.at > 1 else ""
        in_term = opening == "dt_open"
        if in_term or (self.entry and not self.defined):
            self.entry.append(line.text)
            self.defined = not in_term
            return
        if self.entry and self._in_definition():
            self.entry.append(line.text)
            return
        self._close_entry()
        badges = line.pictures > 0 and line.pictures == line.links and not line.unlinked
        contents = _CONTENTS.fullmatch(line.text.strip())
        self.builder.add("furniture" if badges or contents else "paragraph", line.text)

    def _in_definition(self) -> bool:
        """Whether the paragraph that was read stands in a definition."""
        return (
            self.tokens[self.at - 2].type == "paragraph_open" and self.tokens[self.at - 1].level > 2
        )

    def _close_entry(self) -> None:
        """Add the open definition: its terms and what they mean."""
        entry, self.entry, self.defined = self.entry, [], False
        self.builder.add("paragraph", "\n".join(entry))

    def _add_due_notes(self) -> None:
        """Add the footnotes behind the block that refers to them, but not before its list."""
        following = self.tokens[self.at : self.at + 2]
        if self.entry or any(token.type in (*_LISTS, "table_open") for token in following):
            return
        due, self.due = self.due, []
        for label in dict.fromkeys(due):
            if (text := self.notes.pop(label, None)) is not None:
                self.builder.add("paragraph", f"[{label}] {text}")

    def _add_html(self, source: str) -> None:
        """Add the blocks of HTML between those of Markdown."""
        # Imported here: most files have none.
        from embeddings.files.formats.markup import add_blocks
        from embeddings.files.formats.web_page import parse_text

        root = parse_text(source)
        if root is not None:
            self._close_entry()
            add_blocks(self.builder, root)

    def _add_list(self, opening: Token) -> None:
        """One item a line, the items of nested lists among them; up to the list's end."""
        lists = [_Numbers(opening)]
        mark = ""
        counts = Line()
        items = 0
        while lists:
            token = self._next()
            if token.type in _LISTS:
                lists.append(_Numbers(token))
            elif token.type in ("bullet_list_close", "ordered_list_close"):
                lists.pop()
            elif token.type == "list_item_open":
                mark = lists[-1].mark(token)
                items += 1
            elif token.type in ("fence", "code_block", "table_open"):
                # With its own lines: the list goes on behind it.
                self._add_lines([mark.strip(" -")] if mark else [])
                mark = ""
                if token.type == "table_open":
                    self.builder.add_table(self._rows(), header_rows=1)
                else:
                    self.builder.add("code", token.content)
            else:
                text = self._item_text(token, counts)
                if text:
                    self.lines.append(mark + text)
                    mark = ""
        contents = counts.links == counts.anchors >= max(items, _MIN_CONTENTS)
        self._add_lines([], furniture=contents and not counts.unlinked)

    def _add_lines(self, more: list[str], *, furniture: bool = False) -> None:
        lines, self.lines = self.lines + more, []
        self.builder.add("furniture" if furniture else "list", "\n".join(lines))

    def _item_text(self, token: Token, counts: Line) -> str:
        if token.type != "inline":
            return _other_text(token).strip()
        line = self._line(token)
        counts.links += line.links
        counts.anchors += line.anchors
        counts.unlinked += line.unlinked
        return line.text

    def _rows(self) -> list[list[str]]:
        """The cells of a table; up to its end."""
        rows: list[list[str]] = []
        while (token := self._next()).type != "table_close":
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(self._line(token).text)
        return rows


def _without_identifier(heading: str) -> str:
    """A heading without the name for links that some programs write behind it: ``{#prices}``."""
    before, opening, name = heading.rstrip().rpartition("{")
    return before if opening and name[:1] in ("#", ".", ":") and name[-1:] == "}" else heading


class _Numbers:
    """The marks of a list's items: numbers as they are written."""

    def __init__(self, opening: Token) -> None:
        self._ordered = opening.type == "ordered_list_open"
        self._written = ""
        self._number = 0

    def mark(self, item: Token) -> str:
        """The mark before the next item."""
        if not self._ordered:
            return "- "
        # Many write the same number before each item and leave the counting to the program.
        same = item.info == self._written or not item.info.isdecimal()
        self._number = self._number + 1 if same else int(item.info)
        self._written = item.info
        return f"{self._number}{item.markup or '.'} "


def _other_text(token: Token) -> str:
    if token.type in ("fence", "code_block"):
        return token.content.rstrip("\n")
    return without_html(token.content) if token.type == "html_block" else ""
