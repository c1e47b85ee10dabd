"""reStructuredText: sections, lists, definitions, tables and code as docutils parses them.

docutils: public domain and BSD, the reference implementation. It can insert files, raw HTML and
what a URL names: all of that is switched off, and leaves nothing in the text. Directives and roles
that it does not know, those of Sphinx among them, are read for their text.
"""

import re
from pathlib import Path
from textwrap import dedent
from typing import Any

from docutils import nodes
from docutils.core import publish_doctree

from embeddings.document import Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats.decoding import read_text
from embeddings.files.formats.plain_text import add_text
from embeddings.files.formats.tables import add_table
from embeddings.files.limits import LimitedBuilder, Limits

LONGEST_LINE = 10_000
"""Characters; docutils reads no text with a longer line, and the marks of a line of n characters in
time that grows with n². Its own default."""

_SETTINGS = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
    # Errors hold the text of what is not known; they are not printed.
    "report_level": 3,
    "warning_stream": False,
    "halt_level": 5,
    "input_encoding": "unicode",
    "line_length_limit": LONGEST_LINE,
    "smart_quotes": False,
    "syntax_highlight": "none",
    "sectsubtitle_xform": False,
    "docinfo_xform": False,
    "strip_comments": True,
    # Else docutils would end the process where it fails.
    "traceback": True,
}
_LEFT_OUT = (
    nodes.comment, nodes.substitution_definition, nodes.target, nodes.raw, nodes.pending,
    nodes.transition,
)  # fmt: skip
_DIRECTIVE = re.compile(r"\.\. +([\w:.+-]+) ?::[ \t]*(.*(?:\n[ \t]+:[\w-]+:.*)*)\n?((?:.*\n?)*)")
_OPTION = re.compile(r"\n[ \t]+:[\w-]+:.*")
_ROLE = re.compile(r":[A-Za-z][\w:+.-]*+`[~!]?([^`<]*+)(<[^`]*+)?`")
_UNREAD = ("Unknown directive type", "Malformed table")
# Directives of Sphinx that say nothing themselves.
_SILENT = frozenset(
    "toctree index highlight currentmodule py:currentmodule default-domain default-role".split()
)
_DEEPEST = 100


def read(path: Path, limits: Limits) -> Document:
    """The document in a reStructuredText file; as plain text if it has an enormous line."""
    text = read_text(path)
    limits.check_characters(len(text))
    builder = LimitedBuilder(limits)
    if max(map(len, text.splitlines()), default=0) > LONGEST_LINE:
        add_text(builder, text)
        return builder.build(path.name)
    tree = _parsed(text)
    _add_children(builder, tree, 1 if isinstance(tree.next_node(nodes.title), nodes.title) else 0)
    return builder.build(path.name)


def _parsed(text: str) -> Any:
    tree = publish_doctree(text, settings_overrides=_SETTINGS)
    for problem in list(tree.findall(nodes.problematic)):
        role = _ROLE.fullmatch(problem.astext())
        # The target behind a text is left out.
        text = (role[1].strip() or role[2]) if role else problem.astext()
        problem.parent.replace(problem, nodes.Text(text))
    return tree


def _add_children(builder: LimitedBuilder, parent: Any, level: int, depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise UnreadableFile("is nested too deeply to read")
    for node in parent.children:
        _add(builder, node, level, depth)


def _add(builder: LimitedBuilder, node: Any, level: int, depth: int) -> None:
    if isinstance(node, _LEFT_OUT):
        return
    if isinstance(node, nodes.system_message):
        kept = next(node.findall(nodes.literal_block), None)
        if kept is not None and node.children[0].astext().startswith(_UNREAD):
            _add_unknown(builder, kept.astext(), level, depth)
    elif "system-messages" in getattr(node, "attributes", {}).get("classes", ()):
        return  # The section that docutils makes of messages that stand nowhere else.
    elif isinstance(node, nodes.title | nodes.subtitle):
        builder.add("heading", node.astext(), min(max(level, 1), 6))
    elif isinstance(node, nodes.section):
        _add_children(builder, node, level + 1, depth + 1)
    elif isinstance(node, nodes.table):
        _add_table(builder, node)
    elif isinstance(node, nodes.literal_block | nodes.doctest_block | nodes.math_block):
        builder.add("code", node.astext())
    elif isinstance(node, nodes.bullet_list | nodes.enumerated_list):
        builder.add("list", "\n".join(_items(node)))
    elif isinstance(node, nodes.definition_list | nodes.field_list | nodes.option_list):
        for item in node.children:
            term, *meaning = item.children
            parts = [child.astext() for child in meaning]
            lines = [" ".join(part.split()) for part in parts]
            builder.add("paragraph", "\n".join([" ".join(term.astext().split()), *lines]))
    elif isinstance(node, nodes.image):
        builder.leave_out("picture", "pictures")
        builder.add("paragraph", str(node.get("alt", "")))
    elif isinstance(node, nodes.TextElement):
        builder.add("paragraph", " ".join(node.astext().split()))
    elif isinstance(node, nodes.Element):
        _add_children(builder, node, level, depth + 1)


def _add_unknown(builder: LimitedBuilder, text: str, level: int, depth: int) -> None:
    """Add what docutils could not parse: the text of a directive, or a table as it is drawn."""
    found = _DIRECTIVE.fullmatch(text)
    if found is None:
        builder.add("code", text)
    elif found[1] not in _SILENT:
        builder.add("paragraph", _OPTION.sub("", found[2]))
        _add_children(builder, _parsed(dedent(found[3])), level, depth + 1)


def _items(node: Any, depth: int = 0) -> list[str]:
    """One line for each item, with its mark; those of nested lists among them."""
    if depth > _DEEPEST:
        raise UnreadableFile("is nested too deeply to read")
    lines: list[str] = []
    start = int(node.get("start", 1))
    for number, item in enumerate(node.children, start=start):
        mark = "- " if isinstance(node, nodes.bullet_list) else f"{_number(node, number)} "
        for child in item.children:
            if isinstance(child, nodes.bullet_list | nodes.enumerated_list):
                lines += _items(child, depth + 1)
            else:
                lines.append(mark + " ".join(child.astext().split()))
                mark = ""
    return lines


def _number(node: Any, number: int) -> str:
    """The number of an item as its list writes it."""
    kind = node.get("enumtype", "arabic")
    written = str(number)
    if kind.endswith("alpha") and number <= 26:
        written = chr(ord("a" if kind.startswith("lower") else "A") + number - 1)
    return f"{node.get('prefix', '')}{written}{node.get('suffix', '.')}"


def _add_table(builder: LimitedBuilder, table: Any) -> None:
    for title in table.findall(nodes.title):
        builder.add("paragraph", title.astext())
    rows: list[list[str]] = []
    named = 0
    # Cells that reach down into later rows: column, then rows left and text.
    reaching: dict[int, tuple[int, str]] = {}
    for row in table.findall(nodes.row):
        cells: list[str] = []
        below: dict[int, tuple[int, str]] = {}
        for entry in row.children:
            _fill(cells, reaching, below)
            text = " ".join(entry.astext().split())
            for _ in range(int(entry.get("morecols", 0)) + 1):
                if down := int(entry.get("morerows", 0)):
                    below[len(cells)] = (down, text)
                cells.append(text)
        _fill(cells, reaching, below)
        reaching = below
        rows.append(cells)
        named += isinstance(row.parent, nodes.thead)
    add_table(builder, rows, named or None)


def _fill(
    cells: list[str], above: dict[int, tuple[int, str]], below: dict[int, tuple[int, str]]
) -> None:
    """Repeat the cells of rows above that cover the next columns, and note how far they reach."""
    while len(cells) in above:
        left, text = above.pop(len(cells))
        if left > 1:
            below[len(cells)] = (left - 1, text)
        cells.append(text)
