"""Characters that PDFs give by their place in a font: bullets, ligatures and symbol fonts."""

import re
import unicodedata

from embeddings.files.formats.symbol_fonts import symbols

BULLET = "•"

_UNREADABLE = re.compile("[\x00-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd]")
_PRIVATE = re.compile("[\uf020-\uf0ff]+")  # where Office puts the codes of symbol fonts
_FONTS = ("wingdings 3", "wingdings 2", "wingdings", "webdings", "symbol")
# TeX sets an accent before its letter, a cedilla behind it.
_ACCENTS = dict(
    zip("´`ˆ¨˜ˇ˘˚¯¸", "\u0301\u0300\u0302\u0308\u0303\u030c\u0306\u030a\u0304\u0327", strict=True)
)
_ACCENTED = re.compile("([´`ˆ¨˜ˇ˘˚¯])([A-Za-zı])|([cCsSt])(¸)")
_LIGATURES = re.compile("[\ufb00-\ufb06]")


def readable(text: str, font: str = "", *, alone: bool = True) -> str:
    r"""A word in characters that have a meaning of their own.

    A control or private character in front of a word is a bullet.

    Args:
        text: The word.
        font: Its name, in lower case.
        alone: Whether a space is before it.

    >>> readable("\ufb01re"), readable("\x7f"), readable("50\uf06dg", "abcdef+symbolmt")
    ('fire', '•', '50µg')
    >>> readable("na¨ıve"), readable("Franc¸ois")
    ('naïve', 'François')
    """
    if text.isascii() and text.isprintable():
        return text
    text = _ACCENTED.sub(_composed, text)
    text = _LIGATURES.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    if name := next((each for each in _FONTS if each in font), ""):
        text = _PRIVATE.sub(lambda found: symbols(found[0], name), text)
    if alone and (first := _UNREADABLE.match(text)):
        text = f"{BULLET} {text[first.end() :]}".strip()
    return _UNREADABLE.sub("", text)


def _composed(found: re.Match[str]) -> str:
    accent, letter = (found[1], found[2]) if found[1] else (found[4], found[3])
    return unicodedata.normalize("NFC", letter.replace("ı", "i") + _ACCENTS[accent])
