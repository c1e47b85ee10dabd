"""Document views: pages, panels and pictures of documents, as the routes send them.

Each is an HTTP status with what is shown, or with a sentence that says why there is nothing.
"""

import json
import logging
from collections.abc import Callable, Sequence

from embeddings.errors import ChapterAndVerseError, UnreadableFile
from qa.service.document_links import parse_quotes
from qa.service.documents import (
    DocumentChanged,
    Documents,
    NoDocument,
    TooManyWaiting,
    is_pdf,
)
from qa.service.error_messages import error_message
from qa.web.html.document_about import document_about
from qa.web.html.document_page import DocumentView, document_page, problem_page
from qa.web.html.document_panel import document_panel, problem_panel

_log = logging.getLogger("chapter-and-verse")


def page(
    documents: Documents,
    path: str,
    sha256: str,
    quotes: Sequence[str],
    part: int | None = None,
    at: int = 1,
) -> tuple[int, str]:
    """The HTTP status, and a document's page or one that says why there is none.

    Args:
        documents: That may be read.
        path: Of the document in the library.
        sha256: Of its file when it was quoted; empty for the present one.
        quotes: To be marked, as in an address.
        part: To show, from 0; without it the one with the quote.
        at: Number of the quote at which the page opens, from 1.
    """

    def draw() -> str:
        view, _ = _view(documents, path, sha256, quotes, part, at)
        return document_page(view)

    return _drawn(documents, draw, problem_page)


def panel(
    documents: Documents,
    path: str,
    sha256: str,
    quotes: Sequence[str],
    part: int | None = None,
    at: int = 1,
    offset: int | None = None,
) -> tuple[int, str]:
    """As ``page``, as a fragment to be read beside the chat.

    Args:
        documents: That may be read.
        path: Of the document in the library.
        sha256: Of its file when it was quoted; empty for the present one.
        quotes: To be marked, as in an address.
        part: To show, from 0; without it the one with the quote or the offset.
        at: Number of the quote at which it opens, from 1.
        offset: At which it opens in place of the quote, into ``Document.text``.
    """

    def draw() -> str:
        return document_panel(*_view(documents, path, sha256, quotes, part, at, offset))

    return _drawn(documents, draw, problem_panel)


def find(documents: Documents, path: str, sha256: str, words: str) -> tuple[int, str]:
    """The HTTP status, and where words stand in a document as JSON, or why nothing is found.

    Args:
        documents: That may be read.
        path: Of the document in the library.
        sha256: Of the file that is shown.
        words: To be found as they stand.
    """

    def search() -> str:
        found = documents.find(path, sha256, words)
        return json.dumps({"matches": found.places, "more": found.more})

    return _drawn(documents, search, str)


def about(documents: Documents, path: str) -> tuple[int, str]:
    """The HTTP status, and what is known of a document, as a fragment, or why there is none.

    Args:
        documents: That may be read.
        path: Of the document in the library.
    """
    return _drawn(documents, lambda: document_about(documents.about(path)), problem_panel)


def picture(
    documents: Documents, path: str, number: int, quotes: Sequence[str] = (), sha256: str = ""
) -> tuple[int, bytes | str]:
    """The HTTP status, and a page of a PDF with its quotes marked, or why there is none.

    Args:
        documents: That may be read.
        path: Of the document in the library.
        number: Of the page, from 1.
        quotes: To be marked, as in an address.
        sha256: Of its file when they were quoted; empty for the present one.
    """
    try:
        facts = documents.facts(path)
        spans = parse_quotes(quotes, facts.characters) if facts else []
        return 200, documents.picture(path, number, spans, sha256)
    except NoDocument:
        return 404, f"There is no PDF at {path}."
    except DocumentChanged:
        return 404, f"{path} has changed since it was quoted; ask again."
    except TooManyWaiting:
        return 503, "Too many pictures are being drawn; try again in a moment."
    except UnreadableFile as error:
        return 404, f"{path} {error_message(error)}"
    except ChapterAndVerseError as error:
        _log.error("%s", error)
        return 500, error_message(error)


def _drawn(
    documents: Documents, draw: Callable[[], str], explain: Callable[[str], str]
) -> tuple[int, str]:
    """What is drawn, or what explains why it is not; not too much at a time."""
    try:
        with documents.limits.pages:
            return 200, draw()
    except TooManyWaiting:
        return 503, explain("Too many documents are being opened; try again in a moment.")
    except (NoDocument, DocumentChanged) as error:
        return 404, explain(f"There is no document at {error} any more.")
    except ChapterAndVerseError as error:
        _log.error("%s", error)
        return 500, explain(error_message(error))


def _view(
    documents: Documents,
    path: str,
    sha256: str,
    quotes: Sequence[str],
    part: int | None,
    at: int,
    offset: int | None = None,
) -> tuple[DocumentView, int]:
    """What is shown of a document, and the offset at which it opens.

    Raises:
        NoDocument: There is none.
    """
    spans = parse_quotes(quotes, documents.require(path).characters)
    if offset is None:
        offset = spans[min(at, len(spans)) - 1][0] if spans else 0
    # The document may have changed meanwhile.
    facts, number, content = documents.part(path, part, offset)
    changed = sha256 not in ("", facts.sha256)
    # Offsets into the text that was quoted mean nothing in the present one.
    spans = [] if changed else parse_quotes(quotes, facts.characters)
    view = DocumentView(path, facts, number, content, spans, changed, is_pdf(path))
    return view, max(content.start, min(offset, content.end))
