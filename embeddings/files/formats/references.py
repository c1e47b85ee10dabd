"""Sections of a page that only lead elsewhere: reference lists, "see also", contents.

They are furniture with their headings, unless something in them is content.
"""

import re

from embeddings.document import BlockKind, DocumentBuilder

_REFERENCES = re.compile(
    r"(?:notes and )?references(?: cited)?|reference list|bibliography|works cited|citations?|"
    r"(?:cited )?literature(?: cited)?|sources|literatur(?:verzeichnis)?|quellen|"
    r"einzelnachweise|références|bibliographie|bibliografía|referencias",
    re.IGNORECASE,
)
_LINKS = re.compile(
    r"see also|external links?|further reading|related(?: (?:articles|pages|topics|links|posts))?|"
    r"siehe auch|weblinks|voir aussi|liens externes|véase también|enlaces externos",
    re.IGNORECASE,
)
_CONTENTS = re.compile(
    r"(?:table of )?contents|on this page|in this article|in this section|navigation|inhalt|"
    r"inhaltsverzeichnis|sommaire|table des matières|índice|toc",
    re.IGNORECASE,
)
_NOTES = re.compile(r"(?:foot|end)?notes", re.IGNORECASE)
_NUMBERING = " .:0123456789►▶▸▼▾"
_PART_OF = re.compile(r"part of the .{1,40}\bsuite\.?", re.IGNORECASE)
_CITATION = re.compile(
    r"[(,] ?(?:\d\d? )?(?:\w+ )?(?:1[5-9]|20)\d\d[a-z]?\b|\bdoi\b|\bISBN\b|https?:|\bpp?\. ?\d|"
    r"\bRetrieved\b|\bet al\b|\b(?:[Vv]ol|[Nn]o)\. ?\d|\b(?:1[5-9]|20)\d\d\.$"
)
_LEAVES = re.compile(
    r"(?:skip|jump|go|back|return) to .{1,40}|skip .{1,40}|(?:to )?top", re.IGNORECASE
)
_MOSTLY = 0.6


class Sections:
    """Adds blocks to a document, below the headings of which some only lead elsewhere.

    Attributes:
        introduces: Whether the last block announces what follows it.
    """

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._held: list[tuple[str, int, bool]] = []
        self._kind: re.Pattern[str] | None = None
        self._level = 0
        self.introduces = False

    def add_heading(self, text: str, level: int) -> None:
        """Add a heading, as soon as it is known what follows it."""
        name = text.strip(_NUMBERING)
        kinds = (_REFERENCES, _LINKS, _CONTENTS)
        kind = next((kind for kind in kinds if kind.fullmatch(name)), None)
        if kind is not None:
            self._kind, self._level = kind, level
        elif level <= self._level:
            self._kind = None
        if self._kind is None:
            self.open()
        if text:
            self.introduces = False
            self._held.append((text, level, self._kind is not None))

    def add(self, kind: BlockKind, text: str, share: float) -> None:
        """Add a block.

        Args:
            kind: Not a heading or a table.
            text: Of the block.
            share: How much of it is links, 0 to 1.
        """
        if not text.strip():
            return
        closing = kind == "paragraph" and bool(_PART_OF.fullmatch(text))
        leads = share > 0.9 and bool(_LEAVES.fullmatch(text))
        leads = leads or (kind == "paragraph" and bool(_CONTENTS.fullmatch(text.strip(_NUMBERING))))
        leads = leads or (kind in ("paragraph", "list") and self._leads_elsewhere(text, share))
        if closing or (leads and self._kind):
            self._drop_headings(closing)
        kind = "furniture" if closing or leads else kind
        # Before the heading: what is furniture would part a heading from its text.
        if kind != "furniture":
            self.open()
        self._builder.add(kind, text)
        self.introduces = kind == "paragraph" and text.rstrip().endswith((":", "："))

    def open(self) -> None:
        """Add the headings that are held: what follows them is content."""
        for text, level, _ in self._held:
            self._builder.add("heading", text, level)
        self._held = []

    def _drop_headings(self, closing: bool) -> None:
        """Make those of the held headings furniture that only lead elsewhere, too."""
        while self._held and not (self._held[0][2] or (closing and len(self._held) == 1)):
            text, level, _ = self._held.pop(0)
            is_empty = _NOTES.fullmatch(text.strip(_NUMBERING)) and self._held
            if is_empty:
                self._builder.add("furniture", text)
            else:
                self._builder.add("heading", text, level)
        for text, _, _ in self._held:
            self._builder.add("furniture", text)
        self._held = []

    def _leads_elsewhere(self, text: str, share: float) -> bool:
        if self._kind is _REFERENCES:
            lines = text.split("\n")
            cited = sum(bool(_CITATION.search(line)) for line in lines)
            return 2 * cited > len(lines)
        if self._kind is _LINKS:
            return share > _MOSTLY
        return self._kind is _CONTENTS and share > _MOSTLY
