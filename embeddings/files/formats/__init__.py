"""The file formats that can be read. To add one: write its reader, then add its line here.

A reader is a function from a path and limits to a document. It lives in a
module of its own that is imported when the first such file is read, so that
importing this registry stays fast whatever libraries the readers need.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from stat import S_ISREG
from typing import cast

from embeddings.document import Document
from embeddings.files.limits import Limits


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file.

    Attributes:
        name: As it reads after "is damaged or not a valid …".
        suffixes: In lower case, with the dot.
        module: Where its ``read(path, limits)`` is.
    """

    name: str
    suffixes: tuple[str, ...]
    module: str

    def read(self, path: Path, limits: Limits) -> Document:
        """The document in a file of this format.

        Raises:
            UnreadableFile: The file is refused, for a reason that can be shown.
        """
        read = cast(Callable[[Path, Limits], Document], import_module(self.module).read)
        return read(path, limits)


FORMATS = (
    Format("text file", (".txt", ".text", ".log"), "embeddings.files.formats.plain_text"),
    Format("Markdown file", (".md", ".markdown"), "embeddings.files.formats.markdown"),
    Format("web page", (".html", ".htm", ".xhtml"), "embeddings.files.formats.web_page"),
    Format("PDF", (".pdf",), "embeddings.files.formats.pdf"),
    Format("Word document", (".docx",), "embeddings.files.formats.word"),
    Format("PowerPoint presentation", (".pptx",), "embeddings.files.formats.powerpoint"),
    Format("EPUB book", (".epub",), "embeddings.files.formats.epub"),
    Format("table of values", (".csv", ".tsv"), "embeddings.files.formats.separated_values"),
    Format("OpenDocument file", (".odt", ".ods", ".odp"), "embeddings.files.formats.open_document"),
    Format("Excel workbook", (".xlsx", ".xlsm"), "embeddings.files.formats.spreadsheet"),
    Format(
        "reStructuredText file", (".rst", ".rest"), "embeddings.files.formats.restructured_text"
    ),
    Format("Jupyter notebook", (".ipynb",), "embeddings.files.formats.notebook"),
    Format("e-mail message", (".eml",), "embeddings.files.formats.email_message"),
    Format("RTF document", (".rtf",), "embeddings.files.formats.rich_text"),
)

_BY_SUFFIX = {suffix: format for format in FORMATS for suffix in format.suffixes}


SUFFIXES = tuple(_BY_SUFFIX)
"""Suffixes of all formats that are read; text is read under any other name, too."""


# Looked at in a file whose suffix says nothing. Chosen by hand.
_SAMPLE_BYTES = 8_192
_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\v\f\r\x1b"))
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SIGNATURES = {b"{\\rtf": ".rtf", b"%PDF-": ".pdf"}


def named_format(path: Path) -> Format | None:
    """The format that a file's suffix names; none if it names none.

    >>> named_format(Path("aid/Report.PDF")).name
    'PDF'
    """
    return _BY_SUFFIX.get(path.suffix.lower())


def format_of(path: Path) -> Format | None:
    """The format of a file; none if it cannot be read.

    The suffix decides. Where it names no format, the file's first bytes do: LICENSE, Makefile and
    all others that hold text are text files.
    """
    return named_format(path) or _sniffed(path)


def _sniffed(path: Path) -> Format | None:
    """Plain text, or what the first bytes of a regular file declare; else none."""
    try:
        # Opening a FIFO or a device could wait for ever.
        if not S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as file:
            sample = file.read(_SAMPLE_BYTES)
    except (OSError, ValueError):
        return None
    for signature, suffix in _SIGNATURES.items():
        if sample.startswith(signature):
            return _BY_SUFFIX[suffix]
    text = sample.startswith(_WIDE_MARKS) or sample == sample.translate(None, _CONTROLS)
    return _BY_SUFFIX[".txt"] if sample and text else None


def unsupported(path: Path) -> str:
    """The problem of a file for which ``format_of`` finds no format.

    >>> unsupported(Path("aid/tool.exe")), unsupported(Path("core"))
    ('has an unsupported format (.exe)', 'has an unsupported format (no suffix)')
    """
    return f"has an unsupported format ({path.suffix or 'no suffix'})"
