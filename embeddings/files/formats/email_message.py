"""E-mail messages: who wrote what to whom and when, the text, and the attachments.

The standard library's email: it reads what RFC 5322 and MIME say, encoded words and damaged
messages among them. https://www.rfc-editor.org/rfc/rfc2045
"""

import email
import email.policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from embeddings.document import Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats import plain_text
from embeddings.files.formats.contained import (
    add_contained,
    add_document,
    contained_document,
    suffix_of,
)
from embeddings.files.formats.decoding import decode
from embeddings.files.limits import LimitedBuilder, Limits

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
# A message may be attached to a message. Chosen by hand.
_DEEPEST = 3
_MOST_PARTS = 1_000
# An HTML body says more than the text beside it if it has so much more text. Chosen by hand.
_MORE_COMPLETE = 1.5
_HTML = "text/html"


def read(path: Path, limits: Limits) -> Document:
    """The document in a message: a table of its headers, its text, then its attachments."""
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    if not isinstance(message, EmailMessage) or not any(
        _header(message, name) for name in _HEADERS
    ):
        raise UnreadableFile("is not a valid e-mail message")
    builder = LimitedBuilder(limits, _header(message, "Subject"))
    _add_message(builder, message, depth=0)
    return builder.build(path.name)


def _add_message(builder: LimitedBuilder, message: EmailMessage, depth: int) -> None:
    headers = [(name, _header(message, name)) for name in _HEADERS]
    builder.add_table([row for row in headers if row[1]])
    attachments: list[EmailMessage] = []
    texts: list[EmailMessage] = []
    parts = _parts(message, builder.limits)
    if len(parts) > _MOST_PARTS:
        builder.leave_out("attachment", "attachments", len(parts) - _MOST_PARTS)
    for part in parts[:_MOST_PARTS]:
        attached = part.get_content_disposition() == "attachment" or part.get_filename()
        is_text = part.get_content_type() in ("text/plain", _HTML)
        (attachments if attached or not is_text else texts).append(part)
    for text in texts:
        _add_body(builder, text)
    for part in attachments:
        _add_attachment(builder, part, depth)


def _header(message: EmailMessage, name: str) -> str:
    """A header's value as a person reads it; an invalid one as it stands."""
    try:
        value = str(message[name] or "")
    except (ValueError, TypeError, AttributeError, IndexError, OverflowError):
        # What the standard library raises at headers that are no headers.
        return ""
    if name == "Date" and value:
        try:
            return parsedate_to_datetime(value).strftime("%d %B %Y %H:%M %z").strip()
        except (ValueError, TypeError, OverflowError):
            return value
    return value


def _parts(message: EmailMessage, limits: Limits) -> list[EmailMessage]:
    """The parts that hold something, in order, of alternatives one; an attached message is one."""
    found: list[EmailMessage] = []
    waiting = [message]
    while waiting:
        part = waiting.pop()
        if part.get_content_maintype() == "multipart" and isinstance(part.get_payload(), list):
            inner = [each for each in part.get_payload() if isinstance(each, EmailMessage)]
            if part.get_content_subtype() == "alternative":
                inner = _most_complete(inner, limits)
            waiting += reversed(inner)
        else:
            found.append(part)
    return found


def _most_complete(parts: list[EmailMessage], limits: Limits) -> list[EmailMessage]:
    """Alternatives without the HTML ones, or without the plain ones if these say clearly less."""
    # Beside a page may stand its pictures.
    pages = [part for part in parts if part.get_content_type() in (_HTML, "multipart/related")]
    plain = [part for part in parts if part.get_content_type() == "text/plain"]
    if not pages or not plain:
        return parts
    of_pages = [each for part in pages for each in part.walk() if isinstance(each, EmailMessage)]
    counts = [sum(_words(part, limits) for part in each) for each in (of_pages, plain)]
    less = plain if counts[0] > _MORE_COMPLETE * counts[1] else pages
    return [part for part in parts if part not in less]


def _words(part: EmailMessage, limits: Limits) -> int:
    """Words of a body, markup left out; none of what is no text."""
    if part.get_content_maintype() != "text":
        return 0
    text = _text(part)
    if part.get_content_type() == _HTML:
        page = _contained("body.html", text.encode(), limits)
        text = page.text if page else ""
    return len(text.split())


def _add_body(builder: LimitedBuilder, part: EmailMessage) -> None:
    if part.get_content_type() == _HTML:
        add_contained(builder, "body.html", _text(part), depth=1)
    else:
        plain_text.add_text(builder, _text(part), titled=False)


def _text(part: EmailMessage) -> str:
    return decode(_data(part), part.get_content_charset())


def _data(part: EmailMessage) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _add_attachment(builder: LimitedBuilder, part: EmailMessage, depth: int) -> None:
    name = str(part.get_filename() or "")
    if part.get_content_type() == "message/rfc822" or suffix_of(name) == ".eml":
        inner = _attached_message(part)
        if depth < _DEEPEST and inner is not None:
            builder.add("heading", _header(inner, "Subject") or "Message", 2)
            _add_message(builder, inner, depth + 1)
        else:
            builder.leave_out("attachment", "attachments")
        return
    if part.get_content_maintype() == "image":
        builder.leave_out("picture", "pictures")
        return
    name = name or f"attachment.{part.get_content_subtype()}"
    if document := _contained(name, _data(part), builder.limits):
        builder.add("heading", name, 2)
        add_document(builder, document, depth=2)
    else:
        builder.leave_out("attachment", "attachments")


def _attached_message(part: EmailMessage) -> EmailMessage | None:
    """A message that is attached as one, or as a file; none if it is none."""
    found = part.get_payload()
    if not isinstance(found, list):
        found = [email.message_from_bytes(_data(part), policy=email.policy.default)]
    inner = found[0] if found else None
    return inner if isinstance(inner, EmailMessage) and any(inner.keys()) else None


def _contained(name: str, data: bytes, limits: Limits) -> Document | None:
    """A part as a document; none if it is of no format that is read, or damaged."""
    try:
        return contained_document(name, data, limits) if data.strip() else None
    except UnreadableFile:
        return None
