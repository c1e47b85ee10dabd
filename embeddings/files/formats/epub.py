"""E-books: the chapters in the order of the book's spine.

lxml (BSD, fast, maintained) alone: EbookLib is AGPL, and an EPUB is XHTML files
in an archive that names their order. http://www.w3.org/TR/epub/
"""

import posixpath
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lxml import etree

from embeddings.document import Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats.archive import open_archive, without_controls
from embeddings.files.formats.markup import add_blocks
from embeddings.files.formats.markup_text import lines_in
from embeddings.files.formats.titles import useful_title
from embeddings.files.formats.web_page import parse
from embeddings.files.limits import LimitedBuilder, Limits

_CONTAINER = "META-INF/container.xml"
_DUBLIN = "{http://purl.org/dc/elements/1.1/}"
_ABOUT = (
    ("creator", "Author"),
    ("publisher", "Publisher"),
    ("date", "Date"),
    ("description", "Description"),
)
_LONGEST_VALUE = 1_000
_MIN_CHAPTERS = 4
_MOSTLY = 0.8
"""Share of links in the text of a page of contents."""
_CHAPTER_TYPES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")


def read(path: Path, limits: Limits) -> Document:
    """The document in an e-book, chapter after chapter."""
    with open_archive(path, limits, "EPUB book") as archive:
        if "META-INF/rights.xml" in archive.namelist():
            raise UnreadableFile("is protected by digital rights management")
        package_path = _package_path(archive)
        package = _xml(archive, package_path)
        builder = LimitedBuilder(limits, useful_title(package.findtext(f".//{_DUBLIN}title")))
        builder.add_table(_about(package))
        contents = _contents(package, posixpath.dirname(package_path))
        there = set(archive.namelist())
        for name in _chapters(package, posixpath.dirname(package_path)):
            if name not in there:
                continue  # A book with a missing chapter still has the others.
            root = parse(archive.read(name))
            body = None if root is None else root.find(".//body")
            if body is None:
                continue
            if name in contents or _only_lists_chapters(body):
                builder.add("furniture", lines_in(body))
            else:
                add_blocks(builder, body)
    return builder.build(path.name)


def _about(package: Any) -> list[tuple[str, str]]:
    """What the book says of its author and date: names and values."""
    found: dict[str, list[str]] = {}
    for key, name in _ABOUT:
        for element in package.iterfind(f".//{_DUBLIN}{key}"):
            text = " ".join("".join(element.itertext()).split())
            if text and len(text) <= _LONGEST_VALUE:
                found.setdefault(name, []).append(text[:10] if name == "Date" else text)
    return [(name, ", ".join(dict.fromkeys(texts))) for name, texts in found.items()]


def _contents(package: Any, folder: str) -> set[str]:
    """Names of the files that hold the table of contents."""
    references = package.iterfind(".//{*}guide/{*}reference")
    return {
        _path(folder, reference.get("href", "").partition("#")[0])
        for reference in references
        if reference.get("type") == "toc"
    }


def _only_lists_chapters(body: Any) -> bool:
    """Whether a page holds little else than links to other files of the book."""
    links = linked = 0
    for link in body.iter("a"):
        href = link.get("href") or ""
        if href and not href.startswith("#") and "://" not in href:
            links += 1
            linked += sum(len(text.strip()) for text in link.itertext())
    text = sum(len(text.strip()) for text in body.itertext())
    least = _MIN_CHAPTERS if next(body.iter("nav"), None) is None else 1
    return links >= least and linked > _MOSTLY * text


def _path(folder: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(href)))


def _package_path(archive: zipfile.ZipFile) -> str:
    if _CONTAINER not in archive.namelist():
        raise UnreadableFile("is not a valid EPUB book")
    rootfile = _xml(archive, _CONTAINER).find(".//{*}rootfile")
    name = "" if rootfile is None else rootfile.get("full-path", "")
    if name not in archive.namelist():
        raise UnreadableFile("is damaged: its table of files is missing")
    return str(name)


def _chapters(package: Any, folder: str) -> list[str]:
    """Names of the chapter files in reading order, each once."""
    files = {
        item.get("id"): _path(folder, item.get("href", ""))
        for item in package.iterfind(".//{*}manifest/{*}item")
        if item.get("media-type") in _CHAPTER_TYPES
        and "nav" not in (item.get("properties") or "").split()
    }
    order = [item.get("idref") for item in package.iterfind(".//{*}spine/{*}itemref")]
    return list(dict.fromkeys(files[id] for id in order if id in files))


def _xml(archive: zipfile.ZipFile, name: str) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    data = archive.read(name)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        return etree.fromstring(without_controls(data), parser)
