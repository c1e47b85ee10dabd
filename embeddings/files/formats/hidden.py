"""Hidden text of web pages and e-books: text that a reader of the page does not see.

It can say anything, and nobody would notice: it is taken out before the text is read. In doubt
text is kept: what style sheets in other files, scripts and pictures do to it is not known.
"""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from embeddings.files.formats.css import StyleSheet
from embeddings.files.formats.css_elements import Node
from embeddings.files.formats.css_media import is_on_screen
from embeddings.files.formats.css_values import SAME, UNKNOWN, colour, tokens_of
from embeddings.files.formats.hidden_looks import NEVER, Look, framed, inherited, is_dark
from embeddings.files.formats.hidden_places import is_cut_away, is_off_the_page

_PROPERTIES = frozenset(
    """
    display visibility content-visibility opacity filter font-size font color color-scheme
    -webkit-text-fill-color background background-color background-image background-clip
    -webkit-background-clip text-shadow position inset left top right bottom text-indent margin
    margin-left margin-top margin-right margin-bottom transform translate scale clip clip-path width
    height max-width max-height min-width min-height overflow overflow-x overflow-y animation
    animation-duration transition transition-duration float inset-inline-start inset-inline-end
    inset-block-start margin-inline-start margin-block-start inline-size block-size max-inline-size
    max-block-size flex flex-grow padding padding-top padding-bottom -webkit-text-stroke
    -webkit-text-stroke-width text-decoration text-decoration-line
    """.split()
)
_LINK = "#0000ee"


def clear_hidden(root: Any) -> None:
    """Remove all text that is not visible; the elements themselves stay, empty.

    Args:
        root: Of the page.

    Raises:
        UnreadableFile: The page's style sheets are more than can be applied.
    """
    sheet = StyleSheet(_sheets(root), _PROPERTIES)
    pictured: dict[Any, bool] = {}
    look = Look().on_unknown_ground() if _has_other_sheets(root) else Look()
    looks = [look.dark() if _asks_for_dark(root) else look]
    nodes: list[Node] = []
    # Removed only after all elements were examined: selectors may depend on their siblings.
    hidden, before, behind = [], [], []
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if event == "end":
            sheet.leave(nodes.pop())
            looks.pop()
            if element.tail and not looks[-1].is_read:
                behind.append(element)
            continue
        tag = str(element.tag).rpartition("}")[2].lower()
        node = nodes[-1].child(element, tag) if nodes else Node(element, tag)
        nodes.append(node)
        sheet.enter(node)
        if tag == "head":
            walker.skip_subtree()
            looks.append(looks[-1])
            continue
        styles = _own(element, tag) | sheet.of(node)
        if tag == "template" or (tag not in NEVER and _is_hidden(element, tag, styles)):
            hidden.append(element)
            walker.skip_subtree()
            looks.append(looks[-1])
            continue
        look = inherited(looks[-1], styles, tag)
        look = framed(look, element, styles, pictured)
        looks.append(look)
        if element.text and not look.is_read:
            before.append(element)
    for element in hidden:
        element.clear(keep_tail=True)
    for element in before:
        element.text = None
    for element in behind:
        element.tail = None


def hides(name: str, tag: str) -> bool:
    """Whether an opening tag, by itself, hides the content of its element.

    >>> hides("p", '<p style="display:none">'), hides("p", "<p>")
    (True, False)
    """
    root = etree.fromstring(tag, etree.HTMLParser(recover=True))
    element = None if root is None else next(root.iter(name), None)
    if element is None:
        return False
    styles = _own(element, name) | StyleSheet((), _PROPERTIES).of(Node(element, name))
    return _is_hidden(element, name, styles) or not inherited(Look(), styles, name).is_read


def _sheets(root: Any) -> Iterator[str]:
    """Style sheets of the page that are in force on a screen where scripts run."""
    for style in root.iter("style", "{*}style"):
        kind = (style.get("type") or "text/css").partition(";")[0].strip().lower()
        media = tokens_of(style.get("media") or "")
        around = {str(each.tag) for each in style.iterancestors("noscript", "template")}
        if kind in ("text/css", "") and is_on_screen(media) and not around:
            yield style.text or ""


def _has_other_sheets(root: Any) -> bool:
    """Whether a page has style sheets in other files."""
    links = (link.get("rel") or "" for link in root.iter("link", "{*}link"))
    if any("stylesheet" in rel.lower().split() for rel in links):
        return True
    return any("@import" in (style.text or "") for style in root.iter("style", "{*}style"))


def _asks_for_dark(root: Any) -> bool:
    """Whether a page asks for a dark colour scheme."""
    return any(
        (meta.get("name") or "").strip().lower() == "color-scheme"
        and is_dark(meta.get("content") or "")
        for meta in root.iter("meta")
    )


def _own(element: Any, tag: str) -> dict[str, str]:
    """Styles of an element from its style attribute and from presentational attributes."""
    found = {}
    if tag == "a" and element.get("href") is not None:
        found["color"] = _LINK
    elif tag == "mark":
        found |= {"color": "black", "background-color": "yellow"}
    elif tag in ("button", "input", "select", "textarea"):
        found |= {"color": "black", "background-color": "#efefef"}
    if tag == "font" and element.get("color"):
        found["color"] = _named(element.get("color"))
    if tag == "body" and element.get("text"):
        found["color"] = _named(element.get("text"))
    if element.get("bgcolor"):
        found["background-color"] = _named(element.get("bgcolor"))
    if element.get("background"):
        found["background-image"] = "url()"
    return found


def _named(value: str) -> str:
    """A colour in an attribute, where the "#" may be missing."""
    value = value.strip().lower()
    return value if colour(value) else f"#{value}" if colour(f"#{value}") else UNKNOWN


def _is_the_page(element: Any) -> bool:
    """Whether an element holds most of the text: a page that was saved while a dialog was open."""
    parent = element.getparent()
    if parent is None or str(parent.tag).rpartition("}")[2].lower() != "body":
        return False
    return 2 * sum(map(len, element.itertext())) > sum(map(len, parent.itertext()))


def _is_hidden(element: Any, tag: str, styles: dict[str, str]) -> bool:
    """Whether an element is hidden with all its content."""
    if (element.get("aria-hidden") or "").strip().lower() == "true" and not _is_the_page(element):
        return True
    display = styles.get("display", "")
    attribute = element.get("hidden")
    # Searching the page reveals it.
    closed = attribute is not None and attribute.strip().lower() != "until-found"
    closed = closed or element.get("popover") is not None
    closed = closed or (tag == "dialog" and element.get("open") is None)
    if display == "none" or (closed and display in ("", *SAME)):
        return True
    return bool(styles) and (
        # Struck out: seen, but not said.
        "line-through" in styles.get("text-decoration-line", styles.get("text-decoration", ""))
        or styles.get("content-visibility") == "hidden"
        or is_off_the_page(styles)
        or is_cut_away(tag, styles)
    )
