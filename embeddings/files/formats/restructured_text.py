"""reStructuredText: sections, lists, definitions, tables and code as docutils parses them.

docutils: public domain and BSD, the reference implementation. It can insert files, raw HTML and
what a URL names: all of that is switched off, and leaves nothing in the text.
"""

from pathlib import Path
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
    "report_level": 5,
    "halt_level": 5,
    "input_encoding": "unicode",
    "line_length_limit": LONGEST_LINE,
    "smart_quotes": False,
    "syntax_highlight": "none",
    "sectsubtitle_xform": False,
    "docinfo_xform": False,
    "strip_comments": True,
    "traceback": False,
}
_LEFT_OUT = (
    nodes.comment, nodes.system_message, nodes.substitution_definition, nodes.target, nodes.raw,
    nodes.pending, nodes.transition,
)  # fmt: skip
_DEEPEST = 100


def read(path: Path, limits: Limits) -> Document:
    """The document in a reStructuredText file; as plain text if it has an enormous line."""
    text = read_text(path)
    limits.check_characters(len(text))
    builder = LimitedBuilder(limits)
    if max(map(len, text.splitlines()), default=0) > LONGEST_LINE:
        add_text(builder, text)
        return builder.build(path.name)
    tree = publish_doctree(text, settings_overrides=_SETTINGS)
    _add_children(builder, tree, 1 if isinstance(tree.next_node(nodes.title), nodes.title) else 0)
    return builder.build(path.name)


def _add_children(builder: LimitedBuilder, parent: Any, level: int, depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise UnreadableFile("is nested too deeply to read")
    for node in parent.children:
        _add(builder, node, level, depth)


def _add(builder: LimitedBuilder, node: Any, level: int, depth: int) -> None:
    if isinstance(node, _LEFT_OUT):
        return
    if isinstance(node, nodes.title | nodes.subtitle):
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
