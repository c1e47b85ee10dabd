"""Furniture of web pages: navigation, contents lists, notices about cookies, and the like.

Told from structure: what an element is or is named, and how much of its text is links. In doubt
an element is content: opening hours may stand in a sidebar, a telephone number in a footer. The
shares and lengths were chosen by hand.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from embeddings.files.formats.elements import INLINE, INVISIBLE, LISTS, tag_of

_NAVIGATION = re.compile(
    r"(?<![a-z])(?:nav(?!y|al|ig?ator)\w*|navigation|menu\w*|submenu|mainmenu|topmenu|breadcrumbs?|"
    r"pagination|pager|toc\w*|fancy_toc|table-of-contents|tableofcontents|share|sharing|social\w*|"
    r"related|skip\w*|cat-?links|categories|tag-?(?:list|cloud)|tabs|tablist|toolbar|directory|"
    r"sitemap|language-?(?:list|switcher|selector)|prev-?next|post-nav\w*|jump\w*|printfooter|"
    r"doc-toc|landmarks|page-list|loi|lot|navbox\w*|newsletter|login|banner-nav)(?![a-z])",
    re.IGNORECASE,
)
_COOKIES = re.compile(r"(?<![a-z])(?:cookies?|consent|gdpr|ccpa|onetrust)(?![a-z])", re.IGNORECASE)
_EDGE = re.compile(
    r"(?<![a-z])(?:(?:site-?|page-?|main-?|global-?|doc-?)?(?:footer|header|sidebar|masthead)\w*|"
    r"banner|contentinfo|complementary|search|colophon|topbar|bottombar)(?![a-z])",
    re.IGNORECASE,
)
_EDGE_TAGS = frozenset(("footer", "header", "aside", "nav"))
_BODIES = frozenset(("main", "article", "body", "html"))
_WORDS = re.compile(r"\w")
_FACT = re.compile(r"\d{3}|\d:\d\d|\w@\w|[€$£] ?\d")
_LONGEST_UNLINKED = 80
"""A longer run of text outside of links is content, whatever its element is called."""
_MIN_LINKS = 3
_SHORT_LINK = 40
_LONGEST_SEARCH = 60


@dataclass(slots=True)
class _Count:
    """What was seen below an open element so far."""

    text: int = 0
    linked: int = 0
    longest: int = 0
    links: int = 0
    anchors: int = 0
    facts: bool = False

    def add(self, other: "_Count") -> None:
        self.text += other.text
        self.linked += other.linked
        self.longest = max(self.longest, other.longest)
        self.links += other.links
        self.anchors += other.anchors
        self.facts = self.facts or other.facts


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
    return tag in _EDGE_TAGS or bool(_EDGE.search(_names(element)))


def is_label(text: str) -> bool:
    """Whether text in navigation only names its links.

    >>> is_label("Main menu"), is_label("Emergency line: 555-0188")
    (True, False)
    """
    return len(text) <= _LONGEST_UNLINKED and not _FACT.search(text)


def find_furniture(root: Any) -> Furniture:
    """The furniture of a page, in one pass over its elements."""
    found = Furniture()
    counts = [_Count()]
    in_link = 0
    walker = etree.iterwalk(root, events=("start", "end"))
    skipped: Any = None
    for event, element in walker:
        tag = tag_of(element)
        if event == "start":
            if tag in INVISIBLE:
                skipped = element
                walker.skip_subtree()
                continue
            in_link += tag == "a"
            if tag == "a":
                _count_link(counts[-1], element)
            if tag not in INLINE:
                counts.append(_Count())
            _count(counts[-1], element.text, in_link)
            continue
        if element is skipped:
            skipped = None
        else:
            in_link -= tag == "a"
            if tag not in INLINE:
                count = counts.pop()
                _judge(found, element, tag, count)
                counts[-1].add(count if element not in found.elements else _Count())
        if element is not root:
            _count(counts[-1], element.tail, in_link)
    found.text = counts[0].text
    if not found.text:
        # Nothing but navigation: it is what the page has to say.
        found.elements.clear()
        found.linked.clear()
    return found


def _count(count: _Count, text: str | None, in_link: int) -> None:
    if not text:
        return
    length = len("".join(text.split()))
    if not _WORDS.search(text):
        return
    count.text += length
    if in_link:
        count.linked += length
    else:
        count.longest = max(count.longest, length)
        count.facts = count.facts or bool(_FACT.search(text))


def _count_link(count: _Count, link: Any) -> None:
    href = link.get("href")
    if href is not None:
        count.links += 1
        count.anchors += href.startswith("#")


def _judge(found: Furniture, element: Any, tag: str, count: _Count) -> None:
    if tag in _BODIES or not count.text:
        return
    share = count.linked / count.text
    listed = tag in LISTS or tag in ("table", "dl")
    if share > 0.6 and count.links and (listed or tag == "nav"):
        found.linked.add(element)
    names = _names(element)
    if tag == "form" or "search" in names.lower():
        searches = "search" in f"{names} {element.get('action') or ''}".lower()
        if searches and count.text < _LONGEST_SEARCH and not count.facts:
            found.elements.add(element)
            return
    contents = tag in LISTS and share > 0.95 and count.anchors == count.links >= _MIN_LINKS
    if contents or (
        names and _COOKIES.search(names) and count.text < 3_000 and tag not in ("section", "td")
    ):
        found.elements.add(element)
        return
    navigates = tag == "nav" or (names and _NAVIGATION.search(names))
    if not navigates or not count.links:
        return
    if count.links > 1 and count.longest <= _LONGEST_UNLINKED and (share > 0.8 or not count.facts):
        if share > 0.15 and count.linked <= _SHORT_LINK * count.links:
            found.elements.add(element)
    elif count.links == 1 and share > 0.9 and (tag == "nav" or "skip" in names.lower()):
        found.elements.add(element)


def _names(element: Any) -> str:
    if not element.keys():
        return ""
    names = (element.get(name) for name in ("class", "id", "role", "epub:type", "itemtype"))
    return " ".join(filter(None, (*names, element.get("{http://www.idpf.org/2007/ops}type"))))
