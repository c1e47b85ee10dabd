"""Characters that PDFs give by their place in a font: bullets, ligatures and symbol fonts."""

import re
import unicodedata

BULLET = "•"

# Places of Adobe's Symbol font, and of Wingdings, in the private use area, as Word writes them.
_SYMBOLS = {
    0xF020: " ", 0xF025: "%", 0xF02B: "+", 0xF02D: "−", 0xF03C: "<", 0xF03D: "=", 0xF03E: ">",
    0xF061: "α", 0xF062: "β", 0xF063: "χ", 0xF064: "δ", 0xF065: "ε", 0xF067: "γ", 0xF068: "η",
    0xF06B: "κ", 0xF06C: "λ", 0xF06D: "µ", 0xF070: "π", 0xF071: "θ", 0xF072: "ρ", 0xF073: "σ",
    0xF074: "τ", 0xF077: "ω", 0xF044: "Δ", 0xF053: "Σ", 0xF057: "Ω",
    0xF0A3: "≤", 0xF0A5: "∞", 0xF0AE: "→", 0xF0B0: "°", 0xF0B1: "±", 0xF0B3: "≥", 0xF0B4: "×",
    0xF0B8: "÷", 0xF0B9: "≠", 0xF0BB: "≈", 0xF0D6: "√", 0xF0E0: "→", 0xF0FC: "✓", 0xF0FD: "☒",
    0xF0FE: "☑",
}  # fmt: skip
_UNREADABLE = re.compile("[\x00-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd]")
_LIGATURES = re.compile("[\ufb00-\ufb06]")


def readable(text: str, *, alone: bool = True) -> str:
    r"""A word in characters that have a meaning of their own.

    A control or private character in front of a word is a bullet.

    Args:
        text: The word.
        alone: Whether a space is before it.

    >>> readable("\ufb01re"), readable("\x7f"), readable("50\uf06dg"), readable("\uf0b7 x")
    ('fire', '•', '50µg', '• x')
    """
    if text.isascii() and text.isprintable():
        return text
    text = _LIGATURES.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    text = text.translate(_SYMBOLS)
    if alone and (first := _UNREADABLE.match(text)):
        text = f"{BULLET} {text[first.end() :]}".strip()
    return _UNREADABLE.sub("", text)
