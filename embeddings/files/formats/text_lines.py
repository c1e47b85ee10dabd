r"""Lines of plain text: which begin an item, a heading or a definition, and how wrapped ones join.

What is told from layout alone is a guess; when in doubt a line is text of a paragraph.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

ITEM = re.compile(
    r"\s*(?:(?P<bullet>[-*•–—▪·◦‣]|o(?=\s{2,}))"
    r"|\(?(?P<number>\d{1,3}|[a-z]|[ivx]{1,5})[.)]|\((?P<letter>[A-Z])\)|\d{1,3}(?:\.\d{1,3})+\.?)"
    r"\s+(?=\S)"
)
"""The mark that a list's item begins with."""

_NUMBERED = re.compile(
    r"(?P<number>\d{1,3}(?:\.\d{1,3})*|[A-Z](?:\.\d{1,3})+)(?P<stop>\.?)\s+(?P<title>\S.*)"
)
_NAMED = re.compile(
    r"(?:appendix|annex|section|chapter|article|part|schedule|exhibit|title|clause|book)\s+"
    r"(?:\d+(?:\.\d+)*|[ivxlc]+|[a-z])\b[.:]?(?!\s+[a-z(])",
    re.IGNORECASE,
)
_LETTERED = re.compile(r"[A-Z]\.\s+(?=[A-Z])")
_UNDERLINE = re.compile(r"\s*([=\-~^*#])\1{2,}\s*")
_UNDERLINE_LEVELS = "=-~^*#"
_CAPITALS = re.compile(r"[^a-z]*[A-Z]{3}[^a-z]*")
_CODE_MARK = re.compile(r"[<>{}=;|\\$%@_]|::|\+\+|https?:")
_CAPTION = re.compile(r"(?:figure|table|fig\.|example|listing)\s*\d", re.IGNORECASE)
_NO_HEADING_END = re.compile(r"[.,;:!?。！？、…\-–—]$")
_SENTENCE_END = re.compile(r"[.!?:…。！？][\"'”’»)\]]*$")
_DATE = re.compile(r"(?:\d{1,2}\.? )?[A-Z][a-z]+\.?,? (?:\d{1,2}, )?(?:1[5-9]|20)\d\d")
_UNFINISHED = re.compile(r"\b(?:is|are|be|was|were|the|an?|of|to|and|or|in|by|with|that|then)$")
_TITLE_CASE = re.compile(
    r"[A-Z][\w'’-]*(?:,? (?:[A-Z][\w'’-]*|and|or|of|for|from|the|to|in|on|by|with|an?))*"
)
_RUN_IN = re.compile(r"(?P<heading>\d{1,3}\. (?P<title>[^.]{3,80})\.) +(?P<rest>[A-Z\"“(].*)")
# A shorter paragraph with a number and a title is an item. Chosen by hand.
_SHORTEST_SECTION = 160
_MOST_HEADING_WORDS = 10
_LONGEST_HEADING = 80
_LONGEST_TERM = 60
# Lines wrapped by an editor are at least this wide. Chosen by hand.
_NARROWEST = 40
# Where the lines of a wrapped meaning end at least, its indentation included. Chosen by hand.
_NARROWEST_MEANING = 50
_GAP = re.compile(r"(?<=\S)\s{2,}(?=\S)")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines between blank ones, without white space behind them.

    Attributes:
        lines: Not empty.
        start: Index of the first of them.
    """

    lines: list[str]
    start: int

    @property
    def indent(self) -> int:
        """Blanks before the first line."""
        return indent(self.lines[0])

    @property
    def text(self) -> str:
        """The lines joined by spaces."""
        return " ".join(line.strip() for line in self.lines)


def indent(line: str) -> int:
    """Blanks before the line's text."""
    return len(line) - len(line.lstrip())


def is_wrapped(lines: Sequence[str], narrowest: int = _NARROWEST) -> bool:
    r"""Whether an editor broke the lines: the next word would nearly always not have fitted.

    >>> is_wrapped(["Roses are red.", "Violets are blue."])
    False
    """
    if len(lines) == 1:
        return True
    width = max(map(len, lines))
    if width < narrowest:
        return False
    full = sum(
        len(line) + 1 + len(below.split(None, 1)[0]) > width - 2 for line, below in pairwise(lines)
    )
    return full >= 0.7 * (len(lines) - 1)


def joined(lines: Sequence[str], solid: frozenset[str]) -> str:
    """Wrapped lines as one; a hyphen at a line's end stays unless the word is ``solid``."""
    parts: list[str] = []
    for line in lines:
        text = line.strip()
        if not parts:
            parts.append(text)
            continue
        before = parts[-1]
        if re.search(r"\w-$", before) and not re.match(r"(?:and|or|und|oder|et|to)\b", text):
            first, last = before.split()[-1], text.split()[0]
            if word_across(first, last) in solid:
                parts[-1] = before[:-1]
            parts.append(text)
        else:
            parts += [" ", text]
    return "".join(parts)


def word_across(first: str, last: str) -> str:
    """The word that a hyphen at a line's end breaks, in lower case, without punctuation."""
    return re.sub(r"\W", "", first[:-1] + last).lower()


def broken_words(lines: Sequence[str]) -> set[str]:
    """All words that a line's end may have broken; see ``word_across``."""
    return {
        word_across(above.split()[-1], below.split()[0])
        for above, below in pairwise(lines)
        if above.endswith("-") and above[-2:-1].isalpha() and below.lstrip()[:1].islower()
    }


def heading_level(chunk: Chunk) -> int:
    """The level of a heading with a number, below the title; 0 if it is none."""
    text = chunk.text
    if len(chunk.lines) > 2 or len(text) > _LONGEST_HEADING * len(chunk.lines):
        return 0
    if _CAPTION.match(text):
        return 0
    if _NAMED.match(text):
        most = 5 if _NO_HEADING_END.search(text) else _MOST_HEADING_WORDS
        return 2 if len(text.split()) <= most else 0
    if match := _NUMBERED.fullmatch(text):
        title = match["title"]
        depth = match["number"].count(".") + 1
        if _is_heading_text(title, depth) and (match["stop"] or depth > 1 or title.isupper()):
            return min(depth + 1, 6)
        return 0
    if _LETTERED.match(text) and _is_heading_text(text[3:], 1):
        return 2
    return 0


def run_in(lines: Sequence[str]) -> tuple[str, list[str]] | None:
    """The numbered title that a paragraph of several lines begins with, and its other lines.

    As in "3. Grant of Rights. The owner grants …".
    """
    if len(lines) < 3 or sum(map(len, lines[:4])) < _SHORTEST_SECTION:
        return None
    two = joined(lines[:2], frozenset())
    match = _RUN_IN.fullmatch(two)
    if not match or not _TITLE_CASE.fullmatch(match["title"]):
        return None
    return match["heading"], [match["rest"], *lines[2:]]


def top_number(chunk: Chunk) -> int | None:
    """The number of a heading that has one without parts; none for others.

    >>> top_number(Chunk(["7. Fees"], 0)), top_number(Chunk(["7.1. Fees"], 0))
    (7, None)
    """
    match = _NUMBERED.match(chunk.text)
    return int(match["number"]) if match and match["number"].isdecimal() else None


def is_capitals(chunk: Chunk) -> bool:
    """Whether a line alone is a heading in capitals."""
    text = chunk.text
    return (
        len(chunk.lines) == 1
        and len(text) <= _LONGEST_HEADING
        and bool(
            _CAPITALS.fullmatch(text)
            and not _CODE_MARK.search(text)
            and not ITEM.match(text)
            and not _NO_HEADING_END.search(text)
            and not re.match(r"[\W\d]|.\W*$", text)
        )
    )


def _is_heading_text(title: str, depth: int) -> bool:
    words = title.removesuffix(".").split()
    capital = len(words) <= 4 or _TITLE_CASE.fullmatch(title.removesuffix("."))
    ends = _NO_HEADING_END.search(title.removesuffix(".") if capital else title)
    return (
        (title[0].isupper() or title[0] in "\"'|(" or not title[0].isascii() or depth > 1)
        and any(character.isalpha() for character in title)
        and len(words) <= _MOST_HEADING_WORDS + depth
        and not ends
        and not _UNFINISHED.search(title)
    )


def is_short_heading(chunk: Chunk) -> bool:
    """Whether a line alone may be a heading: short, begins with a capital, and is no sentence."""
    if len(chunk.lines) != 1:
        return False
    text = chunk.text
    return (
        len(text) <= _LONGEST_HEADING - 20
        and len(text.split()) <= 8
        and (text[0].isupper() or text[0].isdigit())
        and any(character.isalpha() for character in text)
        and not _NO_HEADING_END.search(text)
        and not _UNFINISHED.search(text)
        and not _CODE_MARK.search(text)
        and not _CAPTION.match(text)
        and not _DATE.fullmatch(text)
        and not _GAP.search(text)
        and not ITEM.match(text)
    )


def underlined_level(lines: Sequence[str]) -> int:
    """The level that an underline gives to the line above it; 0 if there is none."""
    if len(lines) < 2 or not (match := _UNDERLINE.fullmatch(lines[1])):
        return 0
    text = lines[0].strip()
    if _GAP.search(text) or len(text) > 2 * _LONGEST_HEADING or not any(map(str.isalnum, text)):
        return 0
    near = abs(len(lines[1].strip()) - len(text)) <= max(3, len(text) // 4)
    return min(_UNDERLINE_LEVELS.index(match[1]) + 1, 4) if near else 0


def is_term(chunk: Chunk, following: Chunk | None) -> bool:
    """Whether a line alone names what the chunk that follows, further in, says of it."""
    if following is None or len(chunk.lines) != 1 or following.indent <= chunk.indent:
        return False
    text = chunk.text
    introduces = text.endswith(":") and len(text.split()) > 3
    return (
        len(text) <= _LONGEST_TERM
        and not introduces
        and not _SENTENCE_END.search(text.removesuffix(":"))
        and not ITEM.match(following.lines[0])
        and not ITEM.match(text)
    )


def is_prose(chunk: Chunk) -> bool:
    """Whether a chunk is sentences, all at the same indentation but for the first line."""
    inner = {indent(line) for line in chunk.lines[1:]}
    ends = bool(_SENTENCE_END.search(chunk.lines[-1]))
    return len(inner) <= 1 and (ends or len(chunk.lines[0].strip()) >= _NARROWEST)


def entries(lines: Sequence[str]) -> list[list[str]] | None:
    """Hanging entries: each begins at the chunk's margin, and its other lines are further in."""
    margin = indent(lines[0])
    if any(indent(line) < margin for line in lines) or len(lines) < 2:
        return None
    found: list[list[str]] = []
    for line in lines:
        if indent(line) <= margin:
            found.append([line])
        elif indent(line) >= margin + 2:
            found[-1].append(line)
        else:
            return None
    hanging = sum(len(entry) > 1 for entry in found)
    return found if hanging and (len(found) == 1 or 3 * hanging >= len(found)) else None


_TERM_APART = re.compile(r"\s*\S.{0,40}?(?<![.!?:;,])\s{3,}(?=\S)")


def is_terms(lines: Sequence[str]) -> bool:
    """Whether each line is a term and, behind a gap or a dash, what it means."""
    pairs = [re.match(r"\s*\S.{0,40}?(?:\s{2,}| [—–] )(?=\S)", line) for line in lines]
    gaps = {pair.end() for pair in pairs if pair}
    dashed = all(pair and re.search(r" [—–] $", pair[0]) for pair in pairs)
    if len(lines) == 1:
        return bool(_TERM_APART.match(lines[0]))
    return all(pairs) and (len(gaps) == 1 or dashed)


def definition(lines: Sequence[str], solid: frozenset[str]) -> str:
    r"""A hanging entry as a term, a line break and its meaning, if it has a term.

    >>> lines = ["  E_LATE    The ship came when the gate had already been", "            closed."]
    >>> definition(lines, frozenset())
    'E_LATE\nThe ship came when the gate had already been closed.'
    """
    first = lines[0]
    gap = _GAP.search(first.strip())
    if gap and gap.start() <= _LONGEST_TERM // 2:
        text = first.strip()
        # Where it stands in its line tells whether the line is full.
        meaning = " " * (indent(first) + gap.end()) + text[gap.end() :]
        term, rest = text[: gap.start()], [meaning, *lines[1:]]
    elif len(lines) > 1 and len(first.strip()) < _NARROWEST and not ITEM.match(first):
        term, rest = first.strip(), list(lines[1:])
    else:
        return joined(lines, solid)
    return f"{term}\n{joined(rest, solid) if _flows(rest) else _kept(rest)}"


def _flows(lines: Sequence[str]) -> bool:
    """Whether lines of one meaning are sentences rather than a drawing or code."""
    inner = {indent(line) for line in lines[1:]}
    code = any(is_code_line(line) for line in lines)
    return len(inner) <= 1 and not code and is_wrapped(lines, _NARROWEST_MEANING)


def _kept(lines: Sequence[str]) -> str:
    return "\n".join(line.strip() for line in lines)


_CODE_LINE = re.compile(
    r"\s*(?:[SCR]: |>>> |\$ |% |#include|//|/\*|%[xd][0-9A-Fa-f]|[\w.-]+\s*=/?\s+[\w\"<(*%]"
    r"|<[\w-]+>\s*::=|[{}()\[\];]+$|[0-9a-f]{4}(?: [0-9a-f]{4})+|(?:def|class|import|return)\s)"
    r"|.*(?:[;{}]\s*$|::=|\s->\s|\s<-\s|\s/ \S|&&|\|\|)"
)


def is_code_line(line: str) -> bool:
    """Whether a line looks like part of a program, a grammar or a dialogue with a program."""
    return bool(_CODE_LINE.match(line))


def is_code(lines: Sequence[str]) -> bool:
    """Whether most lines of a chunk are code."""
    code = sum(is_code_line(line) for line in lines)
    return code > 0 and 2 * code >= len(lines) and not is_wrapped_prose(lines)


def is_wrapped_prose(lines: Sequence[str]) -> bool:
    """Whether several lines flow and end as sentences do."""
    return len(lines) > 1 and is_wrapped(lines) and bool(re.search(r"[.!?]$", lines[-1]))


def items(lines: Sequence[str]) -> Iterator[list[str]]:
    """Lines of a list, those of each item together."""
    item: list[str] = []
    for line in lines:
        match = ITEM.match(line)
        if match and item and (indent(line) <= indent(item[0]) or _is_first(match)):
            yield item
            item = []
        item.append(line)
    if item:
        yield item


def item_text(lines: Sequence[str], solid: frozenset[str]) -> str:
    r"""The lines of an item as one, unless they were broken on purpose.

    >>> item_text(["4. New boathouse", "The club builds one."], frozenset())
    '4. New boathouse\nThe club builds one.'
    >>> item_text(["4. New", "   boathouse"], frozenset())
    '4. New boathouse'
    """
    hangs = any(indent(line) > indent(lines[0]) for line in lines[1:])
    return joined(lines, solid) if hangs or is_wrapped(lines) else _kept(lines)


def _is_first(match: re.Match[str]) -> bool:
    """Whether a mark may begin a list inside an item; other numbers are words of its text."""
    dotted = not match["bullet"] and not match["number"]
    return dotted or bool(match["bullet"]) or match["number"] in ("1", "a", "i")


def list_start(lines: Sequence[str]) -> int | None:
    """Index of the line with which a list begins and then fills the chunk; none if there is none.

    The lines before it introduce it.
    """
    marked = [at for at, line in enumerate(lines) if ITEM.match(line)]
    if not marked:
        return None
    first = marked[0]
    if first == 0:
        return 0 if len(marked) > 1 or _is_marked_alone(lines) else None
    introduced = lines[first - 1].rstrip().endswith(":") or indent(lines[first]) > indent(lines[0])
    if introduced or (len(marked) > 1 and _counts(lines, marked)):
        return first
    return None


def _is_marked_alone(lines: Sequence[str]) -> bool:
    """Whether a single item is marked by a bullet, or hangs below its number."""
    match = ITEM.match(lines[0])
    assert match is not None
    if match["bullet"]:
        return True
    return len(lines) > 1 and all(indent(line) > indent(lines[0]) for line in lines[1:])


def _counts(lines: Sequence[str], marked: Sequence[int]) -> bool:
    """Whether marks are bullets, or numbers from 1 on."""
    found = [match for at in marked if (match := ITEM.match(lines[at]))]
    numbers = [match["number"] for match in found]
    return all(match["bullet"] for match in found) or numbers[:2] in (["1", "2"], ["a", "b"])
