"""Fonts whose letters are symbols: Symbol, Wingdings and Webdings as Unicode characters.

The codes of Symbol are those of Adobe's encoding for it; of the dingbats those that carry a
meaning are here: boxes, ticks, arrows, numbers in circles. Both as their makers publish them:
http://www.unicode.org/L2/L2011/11052r-wingding.pdf
"""

_SYMBOL = dict(
    zip(
        (*range(0x20, 0x7F), *range(0xA0, 0xFF)),
        " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾"
        "αβχδεφγηιϕκλµνοπθρστυϖωξψζ{|}∼"
        "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…|⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊⟨®©™∑"
        "⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪\uf8ff⟩∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭",
        strict=True,
    )
)
_WINGDINGS = {
    **dict(zip(range(0x80, 0x96), "⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿", strict=True)),
    **dict(zip(range(0xDF, 0xE7), "←→↑↓↖↗↙↘", strict=True)),
    **dict(zip(range(0xEF, 0xF7), "⇦⇨⇧⇩⬄⇳⬁⬀", strict=True)),
    **{0x22: "✂", 0x28: "☎", 0x29: "✆", 0x2A: "✉", 0x36: "⌛", 0x4A: "☺", 0x4B: "😐", 0x4C: "☹"},
    **{0x6C: "●", 0x6D: "❍", 0x6E: "■", 0x6F: "☐", 0x70: "☐", 0x71: "❑", 0x72: "❒", 0x73: "⬧"},
    **{0x76: "❖", 0x9E: "·", 0x9F: "•", 0xA1: "○", 0xA7: "▪", 0xA8: "☐", 0xAA: "✦", 0xAB: "★"},
    **{0xD8: "➢", 0xE8: "➔", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑", 0x78: "☒", 0xAC: "✶"},
}
_WINGDINGS_2 = {
    **{0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0x55: "⮾", 0x56: "⮿"},
    **{0x95: "●", 0x96: "●", 0x97: "●", 0x98: "●", 0xA0: "■", 0xA2: "■", 0xA3: "☐", 0xA4: "☐"},
}
_WINGDINGS_3 = {0x7D: "▶", 0x84: "◀", 0x70: "▲", 0x71: "▼", 0x75: "▶", 0x74: "◀"}
_WEBDINGS = {0x61: "✓", 0x63: "☐", 0x67: "■", 0x72: "✗", 0x34: "▶", 0x33: "◀", 0x35: "▲", 0x36: "▼"}
_FONTS = {
    "symbol": _SYMBOL,
    "wingdings": _WINGDINGS,
    "wingdings 2": _WINGDINGS_2,
    "wingdings 3": _WINGDINGS_3,
    "webdings": _WEBDINGS,
}

BOXES_AND_TICKS = frozenset("☐☑☒✓✗✔✘")
"""Signs of what is chosen or done; they mean something where they stand as a bullet."""

_PRIVATE = 0xF000
"""Where Office puts the codes of such fonts: F020 to F0FF."""


def is_symbol_font(name: str | None) -> bool:
    """Whether the letters of a font are symbols that are known here."""
    return (name or "").lower() in _FONTS


def symbols(text: str, font: str | None) -> str:
    r"""Text as a font of symbols shows it; a code without a meaning is left out.

    >>> symbols("\uf06d", "Symbol"), symbols("m", "Symbol"), symbols("\uf0a8", "Wingdings")
    ('µ', 'µ', '☐')
    """
    table = _FONTS.get((font or "").lower())
    if table is None:
        return "".join(character for character in text if not _is_private(character))
    return "".join(
        table.get(ord(character) & 0xFF, "") if _is_code(character) else character
        for character in text
    )


def has_private(text: str) -> bool:
    """Whether text has codes of such a font."""
    return not text.isascii() and any(map(_is_private, text))


def _is_code(character: str) -> bool:
    return _is_private(character) or (character < "\u0100" and not character.isspace())


def _is_private(character: str) -> bool:
    return _PRIVATE + 0x20 <= ord(character) <= _PRIVATE + 0xFF
