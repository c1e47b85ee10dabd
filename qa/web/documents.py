"""Documents: pages and pictures of the documents that questions are answered from."""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from threading import BoundedSemaphore

from embeddings.document import normalise
from embeddings.errors import ChapterAndVerseError, Remedy, UnreadableFile
from embeddings.file_system import file_sha256
from embeddings.files.formats import named_format
from embeddings.files.limits import Limits
from embeddings.files.loading import DocumentLoader
from embeddings.index.paths import lies_within
from embeddings.index.records import DocumentFacts
from qa.library.about import About
from qa.library.listing import Listing, list_library
from qa.pipeline import QuestionAnswerer
from qa.web.error_messages import error_message
from qa.web.html.document_about import document_about
from qa.web.html.document_links import parse_quotes
from qa.web.html.document_page import DocumentView, document_page, problem_page
from qa.web.html.document_panel import Found, document_panel, problem_panel

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

CACHED_ABOUT = 32
"""Documents of which what is known is kept, at most some 300 KB each."""

MAX_MARKED_CHARACTERS = 5_000
"""Characters of a quote that are searched for on a page."""

CONTEXT_CHARACTERS = 500
"""Characters before and behind a quote that distinguish it from the same words elsewhere."""

FIND_CHARACTERS = 100_000
"""Characters that are searched at a time for words, in some milliseconds. Chosen by hand."""

MAX_FOUND_CHARACTERS = 2_000
"""Longest text that is found where it begins in one such run and ends in the next."""

MAX_MATCHES = 1_000
"""Places in a document at which words are found; others are not counted. Chosen by hand."""

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
        self._cached_about = lru_cache(maxsize=CACHED_ABOUT)(self._about)
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

        def draw() -> tuple[int, str]:
            view, _ = self._view(path, sha256, quotes, part, at)
            return 200, document_page(view)

        return self._drawn(draw, problem_page)

    def panel(
        self,
        path: str,
        sha256: str,
        quotes: Sequence[str],
        part: int | None = None,
        at: int = 1,
        offset: int | None = None,
    ) -> tuple[int, str]:
        """As ``page``, as a fragment to be read beside the chat.

        Args:
            path: Of the document in the library.
            sha256: Of its file when it was quoted; empty for the present one.
            quotes: To be marked, as in an address.
            part: To show, from 0; without it the one with the quote or the offset.
            at: Number of the quote at which it opens, from 1.
            offset: At which it opens in place of the quote, into ``Document.text``.
        """

        def draw() -> tuple[int, str]:
            return 200, document_panel(*self._view(path, sha256, quotes, part, at, offset))

        return self._drawn(draw, problem_panel)

    def find(self, path: str, sha256: str, words: str) -> tuple[int, str]:
        """The HTTP status, and where words stand in a document as JSON, or why nothing is found.

        Upper and lower case are the same, and so is all white space.

        Args:
            path: Of the document in the library.
            sha256: Of the file that is shown.
            words: To be found as they stand.
        """

        def search() -> tuple[int, str]:
            facts = self.facts(path)
            if facts is None or sha256 not in ("", facts.sha256):
                return 404, f"There is no such document at {path} any more."
            return 200, self._found(facts, words).to_json()

        return self._drawn(search, str)

    def about(self, path: str) -> tuple[int, str]:
        """The HTTP status, and what is known of a document, as a fragment, or why there is none.

        Args:
            path: Of the document in the library.
        """

        def draw() -> tuple[int, str]:
            known = self._cached_about(self.index.version, path) if self.facts(path) else None
            if known is None:
                raise NoDocument(path)
            return 200, document_about(known)

        return self._drawn(draw, problem_panel)

    def _about(self, version: int, path: str) -> About | None:
        return self.answerer.about(path)

    def _drawn(
        self, draw: Callable[[], tuple[int, str]], explain: Callable[[str], str]
    ) -> tuple[int, str]:
        """What is drawn, or what explains why it is not; not too much at a time."""
        try:
            with self._page_limit:
                return draw()
        except TooManyWaiting:
            return 503, explain("Too many documents are being opened; try again in a moment.")
        except NoDocument as error:
            return 404, explain(f"There is no document at {error} any more.")
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return 500, explain(error_message(error))

    def _view(
        self,
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
        facts = self.facts(path)
        spans = parse_quotes(quotes, facts.characters) if facts else []
        if offset is None:
            offset = spans[min(at, len(spans)) - 1][0] if spans else 0
        # No document is as long as the largest number that SQLite knows.
        found = self.index.part(path, part, min(offset, facts.characters)) if facts else None
        if found is None:
            raise NoDocument(path)
        # The document may have changed meanwhile.
        facts, number, content = found
        changed = sha256 not in ("", facts.sha256)
        # Offsets into the text that was quoted mean nothing in the present one.
        spans = [] if changed else parse_quotes(quotes, facts.characters)
        view = DocumentView(path, facts, number, content, spans, changed, _is_pdf(path))
        return view, max(content.start, min(offset, content.end))

    def _found(self, facts: DocumentFacts, words: str) -> Found:
        pattern = _pattern(words)
        if pattern is None:
            return Found(())
        matches: list[tuple[int, int]] = []
        # Not at once: a search for a pattern lets no other thread run.
        for start in range(0, facts.characters, FIND_CHARACTERS):
            end = start + FIND_CHARACTERS
            text = self.index.text(facts.id, start, end + MAX_FOUND_CHARACTERS)
            # What begins in the part behind this one is found there.
            behind = matches[-1][1] if matches else 0
            for match in pattern.finditer(text, max(0, behind - start)):
                if match.start() >= FIND_CHARACTERS:
                    break
                if len(matches) == MAX_MATCHES:
                    return Found(tuple(matches), more=True)
                matches.append((start + match.start(), start + match.end()))
        return Found(tuple(matches))

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


class NoDocument(Exception):
    """There is no document at a path."""


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


def _pattern(words: str) -> re.Pattern[str] | None:
    r"""What finds these words in a document's text; none if there are none.

    >>> _pattern(" Aid  to syria").findall("The aid\nto Syria")
    ['aid\nto Syria']
    """
    parts = normalise(words).split()
    return re.compile(r"\s+".join(map(re.escape, parts)), re.IGNORECASE) if parts else None


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
