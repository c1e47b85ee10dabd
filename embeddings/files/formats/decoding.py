"""Decoding: detects the encoding of a text file.

charset-normalizer: MIT, maintained, and the best free guesser of legacy code
pages; asked only about bytes that are not Unicode.
"""

import codecs
import re
from collections import Counter
from pathlib import Path

from embeddings.errors import UnreadableFile

_BYTE_ORDER_MARKS = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
# Examined to detect an encoding: enough words for a guess, in milliseconds. Chosen by hand.
_SAMPLE_BYTES = 100_000
_NOT_TEXT = "is not text; it may have the wrong suffix"
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
# Above it a file counts as a program, an image or an archive. Chosen by hand.
_MAX_CONTROL_SHARE = 0.02
# Those in use on the web, likelier first: among all that Python knows, rare ones often win.
_CODE_PAGES = (
    *("cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("cp1258", "cp866", "mac_roman", "gb18030", "big5", "cp932", "euc_jp", "cp949"),
)
# With fewer bytes beyond ASCII, Western text is the best guess. Chosen by hand.
_ENOUGH_TO_GUESS = 8
_CHARACTERS = re.compile(
    r"utf-8|ascii|cp\d+|iso8859-\d+|koi8-[rtu]|mac-\w+|big5\w*|gb\w+|euc_\w+|shift_jis\w*"
    r"|iso2022_jp\w*|johab|ptcp154|tis-620|kz1048|hp-roman8"
)
_ASCII = b"Charset=<a href='x'> ~[\\]{}"
# Which of every four bytes hardly change.
_WIDE_ENCODINGS: dict[tuple[bool, ...], str] = {
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
}
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_MULTIBYTE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")


def read_text(path: Path) -> str:
    """The text of a file in any encoding.

    Raises:
        UnreadableFile: The file is not text.
    """
    return decode(path.read_bytes())


def decode(data: bytes, declared: str | None = None) -> str:
    """The text that bytes encode.

    Tried in turn: a byte-order mark, the encoding the file declares, UTF-8, UTF-16
    and UTF-32 recognised by their zero bytes, a guess among legacy code pages.

    Args:
        data: The whole file.
        declared: Name of the encoding that the file claims to be in.

    Raises:
        UnreadableFile: The bytes are not text.
    """
    text = data.decode(_encoding(data, declared), errors="replace")
    if _is_binary(text):
        raise UnreadableFile(_NOT_TEXT)
    return text


def _encoding(data: bytes, declared: str | None) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return encoding
    if declared and _is_of_characters(declared) and _decodes(data, declared):
        return declared
    wide = _wide_encoding(data[:_SAMPLE_BYTES])
    if wide and _decodes(data, wide):
        return wide
    if _is_mostly_utf8(data):
        return "utf-8"
    return _guess(data)


def _is_of_characters(name: str) -> bool:
    """Whether Python's codec of that name is an encoding of characters that files are in.

    Others compress, escape, or encode names of hosts: ``punycode``, ``rot13``, ``undefined``.
    """
    try:
        found = codecs.lookup(name).name
        # All that a page can name itself in have ASCII in its place.
        return bool(_CHARACTERS.fullmatch(found)) and _ASCII.decode(found) == _ASCII.decode("ascii")
    except (LookupError, ValueError):
        return False


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _wide_encoding(sample: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, recognised by the positions of the bytes that rarely change.

    The upper bytes of an alphabet's letters and of the spaces between them have two
    values, one of them 0: "aid" is 61 00 69 00 64 00 in little-endian UTF-16.
    """
    if len(sample) < 4 or b"\0" not in sample:
        return None
    uniform = [_is_uniform(sample[place::4]) for place in range(4)]
    return _WIDE_ENCODINGS.get(tuple(uniform))


def _is_uniform(column: bytes) -> bool:
    """Whether two values, one of them zero, are nearly all of the bytes."""
    zeros = column.count(0)
    others = Counter(column.replace(b"\0", b"")).most_common(1)
    top = others[0] if others else (0, 0)
    # A control character other than line ends: nothing that ASCII text is full of.
    rest = top[1] if top[0] < 0x20 and top[0] not in b"\n\r\t" else 0
    return zeros + rest > 0.85 * len(column)


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8, a few damaged characters aside."""
    if _decodes(data, "utf-8"):
        return True
    sample = data[:_SAMPLE_BYTES]
    damaged = sample.decode("utf-8", errors="replace").count("\ufffd")
    return len(_MULTIBYTE.findall(sample)) > 2 * damaged


def _guess(data: bytes) -> str:
    """The most plausible legacy code page of the bytes."""
    from charset_normalizer import from_bytes

    beyond = _BEYOND_ASCII.search(data)
    assert beyond, "otherwise it is UTF-8"
    first = beyond.start()
    sample = data[max(0, first - _SAMPLE_BYTES // 2) : first + _SAMPLE_BYTES // 2]
    if _is_binary(sample.decode("latin-1")):
        raise UnreadableFile(_NOT_TEXT)
    if sum(byte > 0x7F for byte in sample) >= _ENOUGH_TO_GUESS:
        found = from_bytes(sample, cp_isolation=list(_CODE_PAGES))
        costs = {match.encoding: match.chaos - match.coherence for match in found}
        if not costs:
            # Plausible in no code page.
            raise UnreadableFile(_NOT_TEXT)
        best = min(costs.values())
        near = [page for page in _CODE_PAGES if costs.get(page, 1) <= best + 0.05]
        if near:
            return near[0]
    if not _decodes(data, "windows-1252"):
        raise UnreadableFile(_NOT_TEXT)
    return "windows-1252"


def _is_binary(text: str) -> bool:
    sample = text[:_SAMPLE_BYTES]
    return len(_CONTROL.findall(sample)) > _MAX_CONTROL_SHARE * len(sample) + 1
