"""Headers and footers: read where they say something of their own."""

import re
from collections.abc import Iterable

from embeddings.document import DocumentBuilder

_LETTERHEAD = re.compile(
    # Addresses, telephone numbers and hours, or a whole sentence.
    r"\S@\S|https?:|www\.|(?:\d[\s().+/–-]*){6}|\b\d{1,2}[:.]\d\d\b|[.!?](?:\s|$)|\b[^\W\d]{3,}:\s?\w"
)
_PAGE_OF = re.compile(r"\b[^\W\d]+\s+\d{1,4}\s*(?:/|[^\W\d]{1,4})\s*\d{1,4}\b|\b\d+\s*/\s*\d+\b")
_FEWEST_WORDS = 8  # that are no mere title; chosen by hand

_LONGEST = 2000  # characters that are looked at


_CONTACT = re.compile(
    r"\S@\S|https?:|www\.|\b(?:tele)?phone\b|\btel\b|\bfax\b|\bhotline\b|\be-?mail\b"
    r"|\b(?:open|opening|hours)\b|\b\d{1,2}[:.]\d\d\s*(?:-|–|to|am\b|pm\b)",
    re.I,
)


def tells_contact(line: str) -> bool:
    """Whether a running line tells an address, a telephone number or hours.

    >>> tells_contact("Harbour office: telephone 555-0188"), tells_contact("Report 2024, page 3")
    (True, False)
    """
    return bool(_CONTACT.search(line))


def add_running_texts(builder: DocumentBuilder, texts: Iterable[str], content: str) -> None:
    """Append headers or footers, each once; what only repeats or counts pages is furniture.

    Args:
        builder: To which to append.
        texts: Theirs, in the order of the pages.
        content: What is on the pages beside them.
    """
    known = " ".join(content.split()).casefold()
    for text in dict.fromkeys(texts):
        plain = " ".join(text.split())
        says_nothing = plain.casefold() in known or not re.search(r"[^\W\d]", plain)
        own = _PAGE_OF.sub("", plain[:_LONGEST])
        if says_nothing or not (_LETTERHEAD.search(own) or len(own.split()) >= _FEWEST_WORDS):
            builder.add("furniture", text)
        else:
            builder.add("paragraph", text)
