"""Jupyter notebooks: the text between the code, the code, and the text that it printed.

The standard library's json: a notebook is JSON of a published schema. nbformat was refused: it
brings eight packages to check that schema, and gives the same dictionaries.
https://nbformat.readthedocs.io/en/latest/format_description.html
"""

import json
import re
from pathlib import Path
from typing import Any

from embeddings.document import Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats.contained import add_contained
from embeddings.files.formats.decoding import read_text
from embeddings.files.limits import LimitedBuilder, Limits

# JSON can write half a character.
_SURROGATES = re.compile("[\ud800-\udfff]")
_MOST_DIGITS = 18
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def read(path: Path, limits: Limits) -> Document:
    """The document in a notebook, cell after cell."""
    try:
        # Of a longer number, the cells have no use.
        notebook = json.loads(read_text(path), parse_int=lambda digits: int(digits[:_MOST_DIGITS]))
    except ValueError as error:
        raise UnreadableFile(f"is damaged or not a valid Jupyter notebook ({error})") from error
    builder = LimitedBuilder(limits, _title(notebook))
    for cell in _cells(notebook):
        _add_cell(builder, cell)
    return builder.build(path.name)


def _title(notebook: Any) -> str | None:
    metadata = notebook.get("metadata") if isinstance(notebook, dict) else None
    title = metadata.get("title") if isinstance(metadata, dict) else None
    return _SURROGATES.sub("\ufffd", title) if isinstance(title, str) else None


def _cells(notebook: Any) -> list[dict[str, Any]]:
    """The cells of a notebook of version 4, or of those before it, which have worksheets."""
    if not isinstance(notebook, dict):
        raise UnreadableFile("is not a valid Jupyter notebook")
    sheets = notebook.get("worksheets")
    parts = [notebook, *(sheets if isinstance(sheets, list) else [])]
    lists = [part.get("cells") for part in parts if isinstance(part, dict)]
    if not any(isinstance(cells, list) for cells in lists):
        raise UnreadableFile("is not a valid Jupyter notebook")
    return [
        cell
        for cells in lists
        if isinstance(cells, list)
        for cell in cells
        if isinstance(cell, dict)
    ]


def _add_cell(builder: LimitedBuilder, cell: dict[str, Any]) -> None:
    source = _joined(cell.get("source", cell.get("input")))
    kind = cell.get("cell_type")
    if kind == "markdown":
        add_contained(builder, "cell.md", source)
    elif kind == "heading":
        level = cell.get("level")
        # Python takes true for 1.
        if not isinstance(level, int) or isinstance(level, bool) or not 0 < level < 7:
            level = 2
        builder.add("heading", source, level)
    elif kind == "code":
        builder.add("code", source)
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else ():
            if isinstance(output, dict):
                _add_output(builder, output)
    else:
        builder.add("paragraph", source)


def _add_output(builder: LimitedBuilder, output: dict[str, Any]) -> None:
    """Add what code printed: its text, else a note that a picture is left out."""
    data = output.get("data")
    data = data if isinstance(data, dict) else output
    if any(str(name).startswith("image/") or name in ("png", "jpeg", "svg") for name in data):
        builder.leave_out("picture", "pictures")
        return
    if "text/markdown" in data:
        add_contained(builder, "output.md", _joined(data["text/markdown"]))
        return
    text = _joined(data.get("text/plain", output.get("text", output.get("traceback"))))
    builder.add("code", _ESCAPES.sub("", text))


def _joined(source: object) -> str:
    """The text of a multi-line string, which may be a list of its lines."""
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return _SURROGATES.sub("\ufffd", source) if isinstance(source, str) else ""
