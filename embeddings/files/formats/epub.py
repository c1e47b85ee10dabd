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
from embeddings.files.formats.web_page import parse
from embeddings.files.limits import LimitedBuilder, Limits

_CONTAINER = "META-INF/container.xml"
_CHAPTER_TYPES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")


def read(path: Path, limits: Limits) -> Document:
    """The document in an e-book, chapter after chapter."""
    with open_archive(path, limits, "EPUB book") as archive:
        if "META-INF/rights.xml" in archive.namelist():
            raise UnreadableFile("is protected by digital rights management")
        package_path = _package_path(archive)
        package = _xml(archive, package_path)
        title = package.findtext(".//{http://purl.org/dc/elements/1.1/}title")
        builder = LimitedBuilder(limits, title)
        there = set(archive.namelist())
        for name in _chapters(package, posixpath.dirname(package_path)):
            if name not in there:
                continue  # A book with a missing chapter still has the others.
            root = parse(archive.read(name))
            body = None if root is None else root.find(".//body")
            if body is not None:
                add_blocks(builder, body)
    return builder.build(path.name)


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
        item.get("id"): posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
        for item in package.iterfind(".//{*}manifest/{*}item")
        if item.get("media-type") in _CHAPTER_TYPES and item.get("properties") != "nav"
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
