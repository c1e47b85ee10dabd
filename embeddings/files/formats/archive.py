"""Archives: checks of zip-based formats before anything is unpacked.

``zipfile`` never gives more bytes of a member than it declares and then checks
its CRC, so that the declared sizes are what a reader can be made to unpack.
"""

import io
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, TypeVar

from lxml import etree

from embeddings.errors import UnreadableFile
from embeddings.files.formats.ooxml import as_transitional, is_strict
from embeddings.files.limits import Limits

_OLE2_HEADER = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_LOCAL_HEADER_BYTES = 30
_ENCRYPTED_FLAG = 0x1
_PROLOGUE_BYTES = 1024
_RELATIONS = "_rels/.rels"
_RELATIONS_BYTES = 100_000  # of a package; real ones have about 1,000
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_CONTROL_REFERENCE = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|x0*(?:[0-8bcef]|1[0-9a-f]));", re.IGNORECASE
)
T = TypeVar("T")
# zipfile unpacks bzip2 and LZMA without a bound; no Office program or e-book uses them.
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def open_archive(source: Path | IO[bytes], limits: Limits, name: str) -> zipfile.ZipFile:
    """An open archive whose members were checked.

    Args:
        source: The file, or one that another holds, open.
        limits: Bounds on the number of members and their unpacked size.
        name: Name of the format, for the reason.

    Raises:
        UnreadableFile: It is no archive, is encrypted, or could do harm when unpacked.
    """
    with _opened(source) as file:
        header = file.read(len(_OLE2_HEADER))
        if header == _OLE2_HEADER:
            # Office wraps an encrypted document into the container of its old formats.
            if _ENCRYPTED_PACKAGE in file.read():
                raise UnreadableFile("is encrypted; remove its password first")
            suffix = source.suffix.lower() if isinstance(source, Path) else name
            raise UnreadableFile(f"is an old Office file; save it as {suffix} first")
    if not header.startswith(b"PK"):
        raise UnreadableFile(f"is not a valid {name}")
    try:
        archive = zipfile.ZipFile(source)
    except (
        zipfile.BadZipFile,
        ValueError,  # impossible dates or sizes
        NotImplementedError,  # what zipfile raises on a version of the format it does not know
    ) as error:
        raise UnreadableFile(f"is damaged or incomplete ({error})") from error
    try:
        _check(archive.infolist(), limits)
    except UnreadableFile:
        archive.close()
        raise
    return archive


@contextmanager
def _opened(source: Path | IO[bytes]) -> Iterator[IO[bytes]]:
    """The source as an open file at its start."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield file
    else:
        source.seek(0)
        yield source
        source.seek(0)


def check_office_file(source: Path | IO[bytes], limits: Limits, name: str) -> bool:
    """Reject what no Office program writes, before a library opens the file.

    Returns:
        Whether it keeps to the strict variant of the standard.

    Raises:
        UnreadableFile: As for ``open_archive``, or a part defines XML entities.
    """
    strict = False
    with open_archive(source, limits, name) as archive:
        for member in archive.infolist():
            if member.filename.endswith((".xml", ".rels")):
                with archive.open(member) as part:
                    prologue = part.read(_PROLOGUE_BYTES)
                    # Open Packaging Conventions, 8.1.4: no document type definitions.
                    if b"<!DOCTYPE" in prologue:
                        raise UnreadableFile("is unsafe: it defines XML entities")
                    if member.filename == _RELATIONS:
                        strict = is_strict(prologue + part.read(_RELATIONS_BYTES))
    return strict


def opened_office_file(
    source: Path | IO[bytes], limits: Limits, name: str, open: Callable[[IO[bytes]], T]
) -> T:
    """An Office file as a library opens it; control characters in it are dropped.

    Args:
        source: As for ``open_archive``.
        limits: As for ``open_archive``.
        name: As for ``open_archive``.
        open: Of the library, which knows the transitional variant of the standard alone.

    Raises:
        UnreadableFile: As for ``check_office_file``.
    """
    strict = check_office_file(source, limits, name)
    try:
        if strict:
            return open(_rewritten(source, as_transitional))
        with _opened(source) as file:
            return open(file)
    except etree.XMLSyntaxError:
        return open(_rewritten(source, lambda data: without_controls(as_transitional(data))))


def _rewritten(source: Path | IO[bytes], rewrite: Callable[[bytes], bytes]) -> IO[bytes]:
    """A copy of an archive with all parts of XML rewritten."""
    rewritten = io.BytesIO()
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(rewritten, "w") as copy:
        for member in archive.infolist():
            data = archive.read(member)
            if member.filename.endswith((".xml", ".rels")):
                data = rewrite(data)
            copy.writestr(member.filename, data)
    return rewritten


def without_controls(data: bytes) -> bytes:
    """XML without the characters that XML forbids, also as references."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data
    return _CONTROL_REFERENCE.sub(b" ", _CONTROL.sub(b" ", data))


def _check(members: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(members) > limits.archive_members:
        raise UnreadableFile(f"holds more than {limits.archive_members:,} files")
    if sum(member.file_size for member in members) > limits.archive_bytes:
        raise UnreadableFile(f"unpacks to more than {limits.archive_bytes / 1e6:,.0f} MB")
    for member in members:
        if member.flag_bits & _ENCRYPTED_FLAG:
            raise UnreadableFile("is encrypted; remove its password first")
        if member.compress_type not in _COMPRESSIONS:
            raise UnreadableFile("is compressed in an unusual way; save it again")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise UnreadableFile("is unsafe: it holds a link in place of a file")
        # ``orig_filename`` is the name in the archive, before zipfile sanitises it.
        if _leads_outside(member.orig_filename):
            raise UnreadableFile("is unsafe: it holds a file whose name leads outside of it")
    _check_overlap(members)


def _leads_outside(name: str) -> bool:
    return (
        ".." in PurePosixPath(name.replace("\\", "/")).parts
        or PurePosixPath(name).is_absolute()
        or bool(PureWindowsPath(name).anchor)
    )


def _check_overlap(members: list[zipfile.ZipInfo]) -> None:
    """Reject members that share bytes, as zip bombs do."""
    end = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < end:
            raise UnreadableFile("is unsafe: files inside it overlap")
        end = member.header_offset + _LOCAL_HEADER_BYTES + member.compress_size
