"""Furniture of web pages: navigation, contents lists, notices about cookies, and the like.

Told from structure: what an element is or is named, and how much of its text is links. In doubt
an element is content: opening hours may stand in a sidebar, a telephone number in a footer. The
shares and lengths were chosen by hand.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from embeddings.files.formats.elements import HEADINGS, INLINE, INVISIBLE, LISTS, tag_of

_NAVIGATION = re.compile(
    r"(?<![a-z])(?:nav(?!y|al|ig?ator)\w*|(?:sub|main|top|side)?menu(?:bar|s)?|breadcrumbs?|"
    r"pagination|pager|(?:fancy_)?toc(?:tree)?(?:-?wrapper|_?container)?|table-?of-?contents|"
    r"prev-?next|doc-toc|landmarks|page-list|loi|lot)(?![a-z])",
    re.IGNORECASE,
)
# What content may be called, too: only what consists of links is furniture.
_LINKS = re.compile(
    r"(?<![a-z])(?:share|sharing|social\w*|related|skip\w*|cat-?links|categories|"
    r"tag-?(?:list|cloud)|tabs|tablist|toolbar|sitemap|language-?(?:list|switcher|selector)|"
    r"jump\w*|printfooter|newsletter|login)(?![a-z])",
    re.IGNORECASE,
)
_COOKIES = re.compile(
    r"(?<![a-z])(?:(?:cookies?|consent|gdpr|ccpa)[-_ ]?(?:banner|consent|notice|bar|popup|modal|"
    r"overlay|dialog|message|law|alert|info|warning|wall)|onetrust\w*)",
    re.IGNORECASE,
)
_EDGE = re.compile(
    r"(?<![a-z])(?:(?:site-?|page-?|main-?|global-?|doc-?)?(?:footer|header|sidebar|masthead)\w*|"
    r"banner|contentinfo|complementary|search|colophon|topbar|bottombar)(?![a-z])",
    re.IGNORECASE,
)
_EDGE_TAGS = frozenset(("footer", "header", "aside", "nav"))
_BODIES = frozenset(("main", "article", "body", "html"))
_SECTIONS = HEADINGS | {"section", "dt", "p"}
_LISTED = LISTS | {"table", "dl"}
_WORDS = re.compile(r"\w")
_FACT = re.compile(r"\d{3}|\d:\d\d|\w@\w|[€$£] ?\d")
_LONGEST_UNLINKED = 80
"""A longer run of text outside of links is content, whatever its element is called."""
_MIN_LINKS = 3
_SHORT_LINK = 40
_LONGEST_SEARCH = 60
_BEFORE_CONTENTS = 600
"""Characters of text before a list of links to the page itself, which may introduce it."""


@dataclass(slots=True)
class _Count:
    """What was seen below an open element so far."""

    text: int = 0
    linked: int = 0
    longest: int = 0
    links: int = 0
    anchors: int = 0
    facts: bool = False
    removed: int = 0
    """Links in what is furniture."""

    def add(self, other: "_Count") -> None:
        self.text += other.text
        self.linked += other.linked
        self.longest = max(self.longest, other.longest)
        self.links += other.links
        self.anchors += other.anchors
        self.facts = self.facts or other.facts
        self.removed += other.removed


@dataclass(slots=True)
class Furniture:
    """Which elements of a page are furniture.

    Attributes:
        elements: Those that are, with everything in them.
        linked: Lists and tables that are mostly links, which are furniture at a page's edge, and
            what is named navigation and has links.
        text: Characters of the page that are not furniture.
    """

    elements: set[Any] = field(default_factory=set)
    linked: set[Any] = field(default_factory=set)
    text: int = 0


def is_edge(element: Any, tag: str) -> bool:
    """Whether an element is at the edge of a page: its header, footer or sidebar."""
    if tag in _BODIES or tag in INLINE:
        return False
    return tag in _EDGE_TAGS or bool(_EDGE.search(_names(element, tag)))


def is_label(text: str) -> bool:
    """Whether text in navigation only names its links.

    >>> is_label("Main menu"), is_label("Emergency line: 555-0188")
    (True, False)
    """
    return len(text) <= _LONGEST_UNLINKED and not _FACT.search(text)


def find_furniture(root: Any) -> Furniture:
    """The furniture of a page, in one pass over its elements."""
    return _Finder().find(root)


class _Finder:
    """One pass over a page."""

    def __init__(self) -> None:
        self.found = Furniture()
        self.counts = [_Count()]
        self.in_link = 0
        self.prose = 0
        self.headings = 0
        self.contents: list[tuple[Any, int]] = []

    def find(self, root: Any) -> Furniture:
        """The furniture of the page."""
        walker = etree.iterwalk(root, events=("start", "end"))
        skipped: Any = None
        for event, element in walker:
            tag = tag_of(element)
            if event == "start":
                if tag in INVISIBLE:
                    skipped = element
                    walker.skip_subtree()
                else:
                    self._begin(element, tag)
                continue
            if element is not skipped:
                self._end(element, tag)
            skipped = None
            if element is not root:
                self._count(element.tail)
        # What names half of the page's headings is its contents, wherever it stands.
        self.found.elements |= {each for each, links in self.contents if 2 * links >= self.headings}
        self.found.text = self.counts[0].text
        if not self.found.text:
            # Nothing but navigation: it is what the page has to say.
            self.found.elements.clear()
            self.found.linked.clear()
        return self.found

    def _begin(self, element: Any, tag: str) -> None:
        if tag == "a":
            self.in_link += 1
            href = element.get("href")
            if href is not None:
                self.counts[-1].links += 1
                self.counts[-1].anchors += href.startswith("#")
        elif tag in HEADINGS:
            self.headings += 1
        elif tag == "img" and self.in_link > 0:
            self._count(element.get("alt"))
        if tag not in INLINE:
            self.counts.append(_Count())
        self._count(element.text)

    def _end(self, element: Any, tag: str) -> None:
        self.in_link -= tag == "a"
        if tag not in INLINE:
            count = self.counts.pop()
            if self._is_furniture(element, tag, count):
                self.found.elements.add(element)
                self.counts[-1].removed += count.links + count.removed
            else:
                self.counts[-1].add(count)

    def _count(self, text: str | None) -> None:
        if not text or not _WORDS.search(text):
            return
        count = self.counts[-1]
        length = len("".join(text.split()))
        count.text += length
        if self.in_link > 0:
            count.linked += length
        else:
            self.prose += length
            count.longest = max(count.longest, length)
            count.facts = count.facts or bool(_FACT.search(text))

    def _is_furniture(self, element: Any, tag: str, count: _Count) -> bool:
        if tag in _BODIES or not count.text:
            return False
        share = count.linked / count.text
        if share > 0.6 and count.links and tag in _LISTED:
            self.found.linked.add(element)
        if tag == "nav" and (count.removed or (share > 0.6 and count.links)):
            self.found.linked.add(element)
        names = _names(element, tag)
        if tag == "form" or "search" in names.lower():
            searches = "search" in f"{names} {element.get('action') or ''}".lower()
            if searches and count.text < _LONGEST_SEARCH and not count.facts:
                return True
        is_contents = tag in LISTS and share > 0.95 and count.anchors == count.links
        if is_contents and count.links + count.removed >= _MIN_LINKS:
            if self.prose < _BEFORE_CONTENTS or count.removed:
                return True
            self.contents.append((element, count.links))
        return _COOKIES.search(names) is not None or _leads(tag, names, share, count)


def _leads(tag: str, names: str, share: float, count: _Count) -> bool:
    """Whether an element is navigation by its name, and by what is in it."""
    if not count.links or (count.facts and share <= 0.8) or count.longest > _LONGEST_UNLINKED:
        return False
    is_short = count.linked <= _SHORT_LINK * count.links
    if tag == "nav" or _NAVIGATION.search(names):
        return share > (0.15 if count.links > 1 else 0.9) and is_short
    return share > 0.6 and is_short and _LINKS.search(names) is not None


def _names(element: Any, tag: str) -> str:
    """The names of an element; without the identifier of a section, which is its heading."""
    if not element.keys():
        return ""
    kinds = (element.get(name) for name in ("class", "role", "epub:type", "itemtype"))
    is_section = tag in _SECTIONS or "section" in (element.get("class") or "")
    names = (*kinds, "" if is_section else element.get("id"))
    return " ".join(filter(None, (*names, element.get("{http://www.idpf.org/2007/ops}type"))))
