"""Documents: pages and pictures of the documents that questions are answered from."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from threading import BoundedSemaphore

from embeddings.errors import ChapterAndVerseError, Remedy, UnreadableFile
from embeddings.file_system import file_sha256
from embeddings.files.formats import named_format
from embeddings.files.limits import Limits
from embeddings.files.loading import DocumentLoader
from embeddings.index.paths import lies_within
from embeddings.index.records import DocumentFacts
from qa.library.listing import Listing, list_library
from qa.pipeline import QuestionAnswerer
from qa.web.error_messages import error_message
from qa.web.html.document_links import parse_quotes
from qa.web.html.document_page import DocumentView, document_page, problem_page

PICTURE_SECONDS = 20.0
"""Longest time to draw one page; most take half a second. Chosen by hand."""

MAX_PENDING_PICTURES = 12
"""Pictures that are drawn or waited for; further requests are refused at once."""

CONCURRENT_PAGES = 2
"""Pages rendered at a time."""

MAX_PENDING_PAGES = 16
"""Pages that are rendered or waited for; further requests are refused at once."""

CACHED_PICTURES = 32
"""Pictures in the cache, some 200 KB each."""

MAX_MARKED_CHARACTERS = 5_000
"""Characters of a quote that are searched for on a page."""

CONTEXT_CHARACTERS = 500
"""Characters before and behind a quote that distinguish it from the same words elsewhere."""

QuoteContext = tuple[str, str, str]
"""A quote, the text before it on its page, and the text behind it."""

_log = logging.getLogger("chapter-and-verse")


class Documents:
    """The documents of one chat. Safe to use from several threads."""

    def __init__(self, answerer: QuestionAnswerer, folder: Path) -> None:
        self.answerer = answerer
        self.index = answerer.index
        self.folder = folder
        # A picture keeps a core busy for half a second, a page needs some megabytes, and each
        # waiting request blocks a thread of the server that questions need, too.
        self._picture_limit = ConcurrencyLimit(1, MAX_PENDING_PICTURES)
        self._page_limit = ConcurrencyLimit(CONCURRENT_PAGES, MAX_PENDING_PAGES)
        self._cached_listing = lru_cache(maxsize=1)(self._list)
        self._cached_picture = lru_cache(maxsize=CACHED_PICTURES)(self._draw)

    def listing(self) -> Listing:
        """The files in the folders that questions are answered from.

        Cached until the index changes: listing thousands of files takes a third of a second, and
        each letter typed into a search needs it.
        """
        return self._cached_listing(self.index.version, self.answerer.within)

    def _list(self, version: int, within: tuple[str, ...]) -> Listing:
        return list_library(self.index, within)

    def facts(self, path: str) -> DocumentFacts | None:
        """Facts about the document at a path; None if questions are not answered from any there.

        Raises:
            IndexDamaged: The document fails its checksum.
        """
        return self.index.facts(path) if lies_within(path, self.answerer.within) else None

    def page(
        self, path: str, sha256: str, quotes: Sequence[str], part: int | None = None, at: int = 1
    ) -> tuple[int, str]:
        """The HTTP status, and a document's page or one that says why there is none.

        Args:
            path: Of the document in the library.
            sha256: Of its file when it was quoted; empty for the present one.
            quotes: To be marked, as in an address.
            part: To show, from 0; without it the one with the quote.
            at: Number of the quote at which the page opens, from 1.
        """
        try:
            with self._page_limit:
                return self._page(path, sha256, quotes, part, at)
        except TooManyWaiting:
            return 503, problem_page("Too many documents are being opened; try again in a moment.")
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return 500, problem_page(error_message(error))

    def _page(
        self, path: str, sha256: str, quotes: Sequence[str], part: int | None, at: int
    ) -> tuple[int, str]:
        facts = self.facts(path)
        spans = parse_quotes(quotes, facts.characters) if facts else []
        offset = spans[min(at, len(spans)) - 1][0] if spans else 0
        found = self.index.part(path, part, offset) if facts else None
        if found is None:
            return 404, problem_page(f"There is no document at {path} any more.")
        # The document may have changed meanwhile.
        facts, number, content = found
        changed = sha256 not in ("", facts.sha256)
        # Offsets into the text that was quoted mean nothing in the present one.
        spans = [] if changed else parse_quotes(quotes, facts.characters)
        view = DocumentView(path, facts, number, content, spans, changed, _is_pdf(path))
        return 200, document_page(view)

    def picture(
        self, path: str, number: int, quotes: Sequence[str] = (), sha256: str = ""
    ) -> tuple[int, bytes | str]:
        """A page of a PDF as a PNG picture with its quotes marked, or why there is none.

        Args:
            path: Of the document in the library.
            number: Of the page, from 1.
            quotes: To be marked, as in an address.
            sha256: Of its file when they were quoted; empty for the present one.

        Returns:
            The HTTP status, and the picture or a sentence.
        """
        try:
            facts = self.facts(path)
            if facts is None or not _is_pdf(path):
                return 404, f"There is no PDF at {path}."
            if sha256 not in ("", facts.sha256):
                return 404, f"{path} has changed since it was quoted; ask again."
            spans = tuple(parse_quotes(quotes, facts.characters))
            with self._picture_limit:
                return 200, self._cached_picture(path, facts, number, spans)
        except TooManyWaiting:
            return 503, "Too many pictures are being drawn; try again in a moment."
        except UnreadableFile as error:
            return 404, f"{path} {error_message(error)}"
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return 500, error_message(error)

    def _quotes_on_page(
        self, facts: DocumentFacts, number: int, quotes: Sequence[tuple[int, int]]
    ) -> tuple[QuoteContext, ...]:
        """The quotes on a page; those that extend over several pages are cut.

        Raises:
            UnreadableFile: There is no such page.
        """
        starts = [*facts.page_starts, facts.characters]
        if not 1 <= number < len(starts):
            raise UnreadableFile(f"has no page {number}")
        begin, end = starts[number - 1], starts[number]
        text = self.index.text(facts.id, begin, end)
        spans = [(max(begin, first) - begin, min(end, last) - begin) for first, last in quotes]
        return tuple(
            (
                text[first:last][:MAX_MARKED_CHARACTERS],
                text[max(0, first - CONTEXT_CHARACTERS) : first],
                text[last : last + CONTEXT_CHARACTERS],
            )
            for first, last in spans
            if first < last
        )

    def _draw(
        self, path: str, facts: DocumentFacts, number: int, spans: tuple[tuple[int, int], ...]
    ) -> bytes:
        quotes = self._quotes_on_page(facts, number, spans)
        location = self.listing().location(path)
        if location is None:
            raise UnreadableFile("is not in the library any more")
        # The picture shows the file, the quotes are from the index: both must have the same bytes.
        if not _has_digest(location, facts.sha256):
            raise UnreadableFile("has changed since it was indexed", remedy=Remedy.INDEX_AGAIN)
        limits = self.answerer.settings.limits
        with DocumentLoader(_picture_limits(limits)) as loader:
            png, _ = loader.picture(location, number, quotes)
        return png


class TooManyWaiting(Exception):
    """A ``ConcurrencyLimit`` lets no more threads wait."""


class ConcurrencyLimit:
    """A context manager that limits how many threads run at a time, and how many wait.

    Args:
        running: Threads that may be inside at a time.
        pending: Threads that may be inside or wait; for one more ``TooManyWaiting`` is raised.
    """

    def __init__(self, running: int, pending: int) -> None:
        self._running = BoundedSemaphore(running)
        self._pending = BoundedSemaphore(pending)

    def __enter__(self) -> None:
        if not self._pending.acquire(blocking=False):
            raise TooManyWaiting
        self._running.acquire()

    def __exit__(self, *_: object) -> None:
        self._running.release()
        self._pending.release()


def _is_pdf(path: str) -> bool:
    format = named_format(Path(path))
    return format is not None and format.name == "PDF"


def _has_digest(location: Path, sha256: str) -> bool:
    try:
        return file_sha256(location) == sha256
    except OSError as error:
        raise UnreadableFile(f"cannot be opened ({error.strerror})") from error


def _picture_limits(limits: Limits) -> Limits:
    return replace(limits, seconds=min(limits.seconds, PICTURE_SECONDS))
