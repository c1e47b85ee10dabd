"""Elements of HTML: which of them are inside a line of text, and which are never shown."""

from functools import lru_cache
from typing import Any

HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
LISTS = frozenset(("ul", "ol", "menu", "dir"))
_INVISIBLE_NAMES = (
    "script style template noscript svg head title iframe object embed applet button audio video"
    " canvas datalist annotation map"
)
INVISIBLE = frozenset(_INVISIBLE_NAMES.split())
_INLINE_NAMES = (
    "a abbr acronym b bdi bdo big br cite code data del dfn em font graphic i img input ins"
    " kbd label link mark math meta meter nobr output picture q ref rb rp rt ruby s samp select"
    " small source span strike strong sub sup textarea time tt u var wbr"
)
INLINE = frozenset(_INLINE_NAMES.split())
"""Elements that neither begin nor end a paragraph; all others do."""

APART = frozenset(("label", "option", "select", "textarea"))
"""Elements inside of a line that stand apart from the words beside them."""


def tag_of(element: Any) -> str:
    """The element's HTML name, without a namespace; empty for comments and the like."""
    tag = element.tag
    return _name(tag) if isinstance(tag, str) else ""


@lru_cache(maxsize=1_000)
def _name(tag: str) -> str:
    return tag.rpartition("}")[2].lower()


def names_of(element: Any) -> str:
    """The names that a page gives to an element: classes, identifier, roles and types."""
    names = (element.get(name) for name in ("class", "id", "role", "epub:type", "aria-label"))
    return " ".join(filter(None, (*names, element.get("{http://www.idpf.org/2007/ops}type"))))
