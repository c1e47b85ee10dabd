"""Mutation: a valid file becomes one that nobody wrote."""

import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from io import BytesIO
from random import Random

MAX_BYTES = 2_000_000
"""A mutated file is cut to it."""

LENGTHS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
"""Numbers at which lengths and counts go wrong."""

NUMBERS = (b"0", b"-1", b"65536", b"2147483648", b"99999999999999999999", b"1e999", b"NaN")

MARKUP = (
    b"<", b">", b"</", b"/>", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"&amp;", b"&#0;",
    b"&#x10FFFF;",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"<table>", b"<tr><td colspan=9999>", b"<svg>",
    b"<p hidden>", b'style="display:none"', b"<base href='file:///etc/'>", b"<meta charset=idna>",
    b"<meta charset='undefined'>", b"<title>", b"<h1>", b"<li>", b"<pre>", b"<plaintext>", b"\x00",
    b"<?xml version='1.0' encoding='utf-7'?>", b"xmlns:a='b'", b"<b>" * 200,
)  # fmt: skip

PRINTED = (
    b"endobj", b"endstream", b"stream\n", b"<< /Length 99999999 >>", b"/Kids [1 0 R]",
    b"/Type /Page",
    b"/Filter [/FlateDecode /FlateDecode]", b"/Encrypt 1 0 R", b"xref", b"startxref\n0", b"%%EOF",
    b"1 0 obj", b"BT", b"Tj", b"/MediaBox [0 0 99999999 99999999]", b"/Rotate 45", b"/Prev 0",
    b"/Parent 3 0 R", b"(\\999)", b"<FEFF>", b"q " * 500,
)  # fmt: skip

WRITTEN = (
    b"---\n", b"```\n", b"# ", b"###### ", b"[a](", b"![", b"**", b"_" * 100, b"> " * 100, b"- ",
    b"|---|", b"    ", b"\t", b"[a]: b\n", b"<div>", b"\n\n", b"\r", b"\x0c", b"\xef\xbb\xbf",
    b"\xff\xfe",
    b'"', b'""', b",", b";", b"\xe2\x80\xae", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"\xc0\x80",
    b"a" * 5000, b"1." * 200, b"\xcc\x81" * 200,
)  # fmt: skip

TOKENS = (*NUMBERS, *MARKUP, *PRINTED, *WRITTEN)

Mutator = Callable[[bytearray, Random], None]


def flip(data: bytearray, chance: Random) -> None:
    """Flip a few bits."""
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def duplicate(data: bytearray, chance: Random) -> None:
    """Repeat a block where it stands, sometimes very often."""
    start, end = _block(data, chance)
    times = chance.choice((1, 1, 2, 50, 1000))
    data[end:end] = (data[start:end] * times)[:MAX_BYTES]


def delete(data: bytearray, chance: Random) -> None:
    """Take a block out."""
    start, end = _block(data, chance)
    if end - start < len(data):
        del data[start:end]


def swap(data: bytearray, chance: Random) -> None:
    """Put a block somewhere else."""
    start, end = _block(data, chance)
    block = data[start:end]
    if len(block) < len(data):
        del data[start:end]
        at = chance.randrange(len(data) + 1)
        data[at:at] = block


def lengthen(data: bytearray, chance: Random) -> None:
    """Write a number as binary files hold it, little or big end first."""
    form = chance.choice(("<H", ">H", "<I", ">I"))
    number = struct.pack(form, chance.choice(LENGTHS) & (0xFFFF if form[1] == "H" else 0xFFFF_FFFF))
    at = chance.randrange(len(data))
    data[at : at + len(number)] = number


def renumber(data: bytearray, chance: Random) -> None:
    """Put another number in the place of one that is written in digits."""
    digits = [at for at, byte in enumerate(data[:100_000]) if 48 <= byte < 58]
    if digits:
        at = chance.choice(digits)
        data[at : at + 1] = chance.choice(NUMBERS)


def insert(data: bytearray, chance: Random) -> None:
    """Put in a token that means something to a format."""
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.choice(TOKENS)


def cut(data: bytearray, chance: Random) -> None:
    """Cut the end off."""
    del data[chance.randrange(1, len(data) + 1) :]


MUTATORS: Sequence[Mutator] = (flip, duplicate, delete, swap, lengthen, renumber, insert, cut)


def mutated(data: bytes, chance: Random) -> bytes:
    """Another file, made of one that is valid; inside, where that is an archive."""
    if zipfile.is_zipfile(BytesIO(data)) and chance.random() < 0.8:
        try:
            return _inside(data, chance)
        except Exception:  # whatever the library raises for what was mutated before
            return _scrambled(data, chance)
    return _scrambled(data, chance)


def _scrambled(data: bytes, chance: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        if changed:
            chance.choice(MUTATORS)(changed, chance)
    return bytes(changed[:MAX_BYTES])


def _inside(data: bytes, chance: Random) -> bytes:
    """An archive with other members, which is itself whole."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    for _ in range(chance.choice((1, 1, 2, 3))):
        at = chance.randrange(len(members))
        name, content = members[at]
        how = chance.random()
        if how < 0.8:
            members[at] = name, _scrambled(content, chance) if content else content
        elif how < 0.85 and len(members) > 1:
            del members[at]
        elif how < 0.9:
            members.append((name, members[chance.randrange(len(members))][1]))
        else:
            members[at] = chance.choice((f"../{name}", name.upper(), "/etc/x", "a" * 300)), content
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members:
            packed = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
            info = zipfile.ZipInfo(name)
            info.compress_type = packed
            if name in archive.NameToInfo:
                # Twice the same name is what is wanted; the library warns of it.
                del archive.NameToInfo[name]
            archive.writestr(info, content)
    return made.getvalue()[:MAX_BYTES]


def recompressed(data: bytes, chance: Random) -> bytes:
    """A PDF of which one compressed stream is unpacked, changed and packed again."""
    start = data.find(b"stream\n")
    end = data.find(b"\nendstream", start)
    if start < 0 or end < 0:
        return _scrambled(data, chance)
    starts = [at for at in range(len(data)) if data.startswith(b"stream\n", at)]
    start = chance.choice(starts) + len(b"stream\n")
    end = data.find(b"\nendstream", start)
    try:
        content = zlib.decompress(data[start:end])
    except zlib.error:
        return _scrambled(data, chance)
    return data[:start] + zlib.compress(_scrambled(content, chance)) + data[end:]


def _block(data: bytearray, chance: Random) -> tuple[int, int]:
    start = chance.randrange(len(data))
    return start, min(len(data), start + chance.choice((1, 4, 16, 64, 256, 4096)))
