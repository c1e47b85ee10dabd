"""Marks inside the text of web pages and e-books that carry meaning, as plain text.

Exponents, indices, footnote marks, formulas, quotation marks, readings of ruby, values of form
fields, full forms of abbreviations and targets of links are written into the tree; what is struck
out, and links that only point to the heading they stand in, are taken out of it.
"""

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from embeddings.files.formats.elements import HEADINGS, INLINE, names_of, tag_of
from embeddings.files.formats.link_targets import target_to_tell
from embeddings.files.formats.mathml import linear
from embeddings.files.formats.scripts import LONGEST, Script, joined

_TABLE_ROLES = {
    "table": "table",
    "grid": "table",
    "rowgroup": "tbody",
    "row": "tr",
    "cell": "td",
    "gridcell": "td",
    "columnheader": "th",
    "rowheader": "th",
}
_STRUCK = frozenset(("del", "s", "strike"))
_FIELDS = frozenset(("input", "select", "textarea"))
_TITLES = HEADINGS | {"summary", "dt", "legend", "caption"}
_SHOWN_VALUES = frozenset(
    "text email tel url number date time month week datetime-local color range".split()
)
_NOTE_NAMES = re.compile(r"\b(?:noteref|doc-noteref|footnote-?ref\w*|reference|fn-?ref\w*)\b", re.I)
_BACK_NAMES = re.compile(
    r"\b(?:headerlink|anchorjs-link|heading-?anchor|header-?anchor|permalink|mw-editsection|"
    r"footnote-?back(?:ref|link)?|doc-backlink|backlink|mw-cite-backlink|linenos?|lineno)\b",
    re.I,
)
_NOTE_TEXT = re.compile(r"[\[(]?(?:\d{1,3}|[a-z*†‡§¶]|[ivx]{1,5})[\])]?", re.I)
_FORMULA = re.compile(r"(?<![a-z])(?:la)?tex(?![a-z])|math|equation|formula|emoji", re.IGNORECASE)
_ONLY_SIGNS = re.compile(r"[\W_]{1,3}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_NOTE = re.compile(r"[\[(]?(?:\d{1,3}|[a-z])[\])]?(?:[,;\s]+[\[(]?(?:\d{1,3}|[a-z])[\])]?)*")
_MARK = re.compile(r"\d+|[a-z]")
_MAX_TITLE = 80
_BASE_CHARACTERS = 40


def write_marks(root: Any) -> None:
    """Write the meaning of all marks below an element into its text, in place."""
    base = ""
    known: set[str] = set()
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        tag = tag_of(element)
        if event == "start":
            if tag in ("script", "style", "template"):
                walker.skip_subtree()
                continue
            if tag not in INLINE:
                base = ""
            if _write(element, tag, base, known):
                walker.skip_subtree()
            base = _end_of(base, element.text)
        elif element is not root:
            if tag not in INLINE:
                base = ""
            base = _end_of(base, element.tail)


def _write(element: Any, tag: str, base: str, known: set[str]) -> bool:
    """Whether an element was changed into text, with all that is in it."""
    if tag in _STRUCK or _leads_back(element, tag):
        _set(element, " " if tag in _STRUCK else "")
    elif tag in ("sup", "sub"):
        return _write_shifted(element, tag, base)
    elif tag == "math":
        _set(element, f" {linear(element)} ")
    elif tag == "a" and _is_note(element, base):
        _set(element, note(_text(element)))
    elif tag in _FIELDS:
        _set(element, _value(element, tag))
    elif tag == "button":
        return _write_button(element)
    elif tag == "img" and _FORMULA.search(element.get("class") or ""):
        _set(element, " ".join((element.get("alt") or "").split()))
    else:
        _write_around(element, tag, known)
        return False
    return True


def _write_around(element: Any, tag: str, known: set[str]) -> None:
    if tag in ("div", "span"):
        # A table that is made of other elements.
        element.tag = _TABLE_ROLES.get(element.get("role") or "", element.tag)
    elif tag == "q":
        _surround(element, "“", "”")
    elif tag == "rt":
        _surround(element, "(", ")")
    elif tag == "rp":
        element.text = ""
    elif tag == "a":
        target = _target(element)
        if target:
            _append(element, f" ({target})")
    elif tag in ("abbr", "acronym", "dfn"):
        title = " ".join((element.get("title") or "").split())
        if 0 < len(title) <= _MAX_TITLE and title not in known:
            known.add(title)
            if title.lower() != _text(element).lower():
                _append(element, f" ({title})")
    elif tag == "time":
        date = _DATE.match(element.get("datetime") or "")
        if date and date[0][:4] not in _text(element):
            _append(element, f" ({date[0]})" if _text(element) else date[0])


def _write_shifted(element: Any, tag: str, base: str) -> bool:
    text = _text(element, LONGEST + 1)
    if len(text) > LONGEST:
        # Small print: apart from the word before it.
        element.text = f" {element.text or ''}"
        return False
    link = next(element.iter("a", "{*}a"), None)
    above = element.getparent()
    linked = above is not None and tag_of(above) == "a" and "#" in (above.get("href") or "")
    linked = linked or (link is not None and "#" in (link.get("href") or ""))
    if tag == "sup" and (linked or _NOTE_NAMES.search(names_of(element))):
        _set(element, note(text) if _NOTE_TEXT.fullmatch(text) else f" {text} ")
    else:
        _set(element, _script(base, text, element.tail or "", "super" if tag == "sup" else "sub"))
    return True


def _script(base: str, text: str, after: str, script: Script) -> str:
    """Raised or lowered text as characters, between the text before and behind it."""
    after = after[:_BASE_CHARACTERS]
    whole = joined([(base, ""), (text, script), (after, "")])
    return whole[len(base) : len(whole) - len(after)]


def note(text: str) -> str:
    """The mark of a footnote, apart from the word before it.

    >>> note("3"), note("[3]"), note("1, 2"), note("*")
    (' [3]', ' [3]', ' [1] [2]', ' [*]')
    """
    marks = _MARK.findall(text) if _NOTE.fullmatch(text) else [text.strip().strip("[]()")]
    return "".join(f" [{mark}]" for mark in marks if mark)


def _is_note(link: Any, base: str) -> bool:
    """Whether a link is the mark of a footnote."""
    if link.find(".//sup") is not None or "#" not in (link.get("href") or ""):
        return False
    text = _text(link, 8)
    if not _NOTE_TEXT.fullmatch(text):
        return False
    named = bool(_NOTE_NAMES.search(names_of(link)))
    return named or (base[-1:].strip() != "" and not base.endswith(("(", "[", "-", "–", "/")))


def _leads_back(element: Any, tag: str) -> bool:
    """Whether an element is a link that only leads to where it stands, or from where it came."""
    if tag not in ("a", "span"):
        return False
    if _BACK_NAMES.search(names_of(element)):
        return len(_text(element, 60)) < 60
    href = element.get("href") or ""
    text = _text(element, 4) if tag == "a" and "#" in href else "word"
    # An arrow back, or the sign of a paragraph; numbers and words are content.
    if not text or not _ONLY_SIGNS.fullmatch(text):
        return False
    in_heading = "anchor" in names_of(element) or any(
        tag_of(above) in HEADINGS for above in _above(element, 3)
    )
    return in_heading or text not in ("*", "†", "‡", "§")


def _value(field: Any, tag: str) -> str:
    """What a form field shows."""
    if tag == "textarea":
        return f" {field.text or ''} "
    if tag == "select":
        options = list(field.iter("option", "{*}option"))
        chosen = [option for option in options if option.get("selected") is not None] or options[:1]
        return " ".join(["", *(_text(option, 300) for option in chosen), ""])
    kind = (field.get("type") or "text").strip().lower()
    if kind in ("checkbox", "radio") and _is_labelled(field):
        return "☑ " if field.get("checked") is not None else "☐ "
    value = " ".join((field.get("value") or "").split())
    return f" {value} " if kind in _SHOWN_VALUES and value else ""


def _is_labelled(field: Any) -> bool:
    """Whether there is text beside a box to tick; others open and close parts of the page."""
    if field.get("role") is not None:
        return False
    beside = (field.getparent(), field.getprevious(), field.getnext())
    labelled = any(each is not None and tag_of(each) == "label" for each in beside)
    return labelled or bool((field.tail or "").strip())


def _write_button(button: Any) -> bool:
    """Whether a button does something; those that open a section are its name."""
    opens = button.get("aria-expanded") is not None or button.get("aria-controls") is not None
    heading = next((above for above in _above(button, 3) if tag_of(above) in _TITLES), None)
    in_heading = heading is not None and _text(heading) == _text(button)
    if in_heading or (opens and _text(button, 300).count(" ") > 1):
        button.tag = "span" if in_heading else "div"
        return False
    _set(button, "")
    return True


def _target(link: Any) -> str:
    """What a link leads to, where its text does not say it and its reader would go there."""
    href = link.get("href") or ""
    is_picture = link.find(".//img") is not None and href.lower().startswith(("http", "ftp"))
    return "" if is_picture else target_to_tell(href, _text(link, 300))


def _set(element: Any, text: str) -> None:
    """Replace the content of an element."""
    for child in list(element):
        element.remove(child)
    element.text = text


def _surround(element: Any, before: str, behind: str) -> None:
    element.text = f"{before}{element.text or ''}"
    _append(element, behind)


def _append(element: Any, text: str) -> None:
    if len(element):
        element[-1].tail = f"{element[-1].tail or ''}{text}"
    else:
        element.text = f"{element.text or ''}{text}"


def _text(element: Any, limit: int = 300) -> str:
    """The beginning of an element's text, in one line."""
    pieces: list[str] = []
    length = 0
    for count, piece in enumerate(element.itertext(etree.Element)):
        pieces.append(piece)
        length += len(piece)
        if length > 4 * limit or count > limit:
            break
    return " ".join("".join(pieces)[: 4 * limit].split())


def _above(element: Any, levels: int) -> Iterator[Any]:
    for above, _ in zip(element.iterancestors(), range(levels), strict=False):
        yield above


def _end_of(base: str, text: str | None) -> str:
    if not text:
        return base
    return (base + text[-_BASE_CHARACTERS:])[-_BASE_CHARACTERS:]
