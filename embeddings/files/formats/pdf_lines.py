"""Lines of print of a PDF's page: from words to lines, with superscripts told from numbers.

What is smaller and raised or lowered is a superscript or a subscript; ``scripts`` tells exponents
from the marks of notes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from embeddings.files.formats.pdf_text import HYPHEN, Word
from embeddings.files.formats.scripts import LONGEST, Script, joined

_CHARGES = ("+", "−", "-")
# Chosen by hand; none is fitted. Of the font size:
_SAME_LINE = 0.5  # most distance between baselines of one line of print
_SCRIPT_SIZE = 0.88  # most size of a superscript or subscript
_RAISE = 0.15  # least height of a superscript's baseline above the line's
_LOWER = 0.05  # least depth of a subscript's baseline below the line's
_BACK = 0.5  # most by which a word of a line may begin before the end of the one before it
_DROP_CAPITAL = 1.8  # least size of a capital that is as high as two lines


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text with its position in points; y grows upwards.

    Attributes:
        text: Ends with ``HYPHEN`` if its last word continues.
        left: Where it begins.
        right: Where it ends.
        base: The y on which its letters stand.
        size: Of its font.
        bold: Whether its first and last words are bold.
        mono: Whether they are of a typewriter font, as program code is.
        bold_start: The characters at its beginning that are bold where the rest is not.
        column: The column of the page in which it stands, from the left.
    """

    text: str
    left: float
    right: float
    base: float
    size: float
    bold: bool = False
    mono: bool = False
    bold_start: int = 0
    column: int = 0


def lines_of(words: Iterable[Word]) -> Iterator[list[Word]]:
    """Words grouped by line, in the order of the file."""
    line: list[Word] = []
    base = size = 0.0
    for word in words:
        if line and not _continues(line, base, size, word):
            yield line
            line = []
        if not line or word.size > 1.1 * size:  # A footnote's mark may begin a line.
            base, size = word.base, word.size
        line.append(word)
    if line:
        yield line


def _continues(line: list[Word], base: float, size: float, word: Word) -> bool:
    previous = line[-1]
    larger = max(size, word.size)
    if word.left < previous.right - _BACK * larger or word.left < line[0].left:
        return False
    if previous.text.endswith(HYPHEN):
        # A soft hyphen within a line is an ordinary one.
        return abs(word.base - base) < _RAISE * larger and word.left - previous.right < larger
    if abs(word.base - base) < _SAME_LINE * larger:
        return True
    # A capital as high as two lines, and the word that it begins.
    capital = len(line) == 1 and len(previous.text) == 1 and previous.text.isupper()
    near = 0 <= word.base - base < size and word.left - previous.right < 0.5 * word.size
    return capital and size >= _DROP_CAPITAL * word.size and near


def line_from(words: list[Word], column: int = 0) -> Line:
    """A line of text from its words."""
    size = max(word.size for word in words)
    # The size of most of it: neither a drop capital's nor a superscript's.
    sizes: dict[float, int] = {}
    for word in words:
        sizes[word.size] = sizes.get(word.size, 0) + len(word.text)
    main = max(sizes, key=lambda each: (sizes[each], each)) if len(sizes) > 1 else size
    base = next(word.base for word in words if word.size == main)
    bold_words = 0
    for word in words:
        if not word.bold:
            break
        bold_words += 1
    text = text_of(words, main, base)
    bold_start = 0
    if 0 < bold_words < len(words):
        bold_start = len(text_of(words[:bold_words], main, base))
    return Line(
        text=text,
        left=min(word.left for word in words),
        right=max(word.right for word in words),
        base=base,
        size=main,
        bold=words[0].bold and words[-1].bold,
        mono=words[0].mono and words[-1].mono,
        bold_start=bold_start,
    )


def text_of(words: list[Word], size: float, base: float) -> str:
    """The text of words of a line whose letters are of that size and stand on that base."""
    if len({word.size for word in words}) == 1:
        return _plain([("", word) for word in words])[0][0]
    return joined(_plain([(_script(words, at, size, base), word) for at, word in enumerate(words)]))


def _plain(words: list[tuple[Script, Word]]) -> list[tuple[str, Script]]:
    """Words with the spaces between them, by how they are set."""
    pieces: list[tuple[str, Script]] = [("", "")]
    previous: Word | None = None
    for script, word in words:
        text, before = pieces[-1]
        glued = previous is None or word.glued or _is_drop_capital(previous, word)
        if previous is not None and text.endswith(HYPHEN):
            pieces[-1] = text[:-1] + "-", before
            glued = True
        piece = word.text if glued else f" {word.text}"
        if script == before:
            pieces[-1] = pieces[-1][0] + piece, script
        elif script or glued:
            pieces.append((piece, script))
        else:
            pieces.append((piece, ""))
        previous = word
    return pieces


def _script(words: list[Word], at: int, size: float, base: float) -> Script:
    """How a word of a line is set."""
    word = words[at]
    if word.size > _SCRIPT_SIZE * size or len(word.text) > LONGEST:
        return ""
    if not any(map(str.isalnum, word.text)) and word.text not in _CHARGES:
        return ""
    if at + 1 < len(words) and words[at + 1].text[:1] == "⁄":  # A fraction.
        return ""
    shift = word.base - base
    if shift > _RAISE * size:
        script: Script = "super"
    elif shift < -_LOWER * size and at and word.glued:
        script = "sub"
    else:
        return ""
    # Capitals within a word are an ornament, as those of TeX are.
    within = 0 < at < len(words) - 1 and word.glued and words[at + 1].glued
    return "" if within and word.text.isupper() and word.text.isalpha() else script


def _is_drop_capital(previous: Word, word: Word) -> bool:
    return (
        len(previous.text) == 1
        and previous.size >= _DROP_CAPITAL * word.size
        and word.left - previous.right < 0.5 * word.size
    )
