"""Documents: text, pages and pictures of the documents that questions are answered from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from threading import BoundedSemaphore

from embeddings.document import normalise
from embeddings.errors import Remedy, UnreadableFile
from embeddings.file_system import file_sha256
from embeddings.files.formats import named_format
from embeddings.files.limits import Limits
from embeddings.files.loading import DocumentLoader
from embeddings.index.paths import lies_within
from embeddings.index.records import DocumentFacts
from embeddings.parts import Part
from qa.library.about import About
from qa.library.listing import Listing, list_library
from qa.pipeline import QuestionAnswerer

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

Quote = tuple[int, int]
"""Offsets of the first character and behind the last, into ``Document.text``."""

QuoteContext = tuple[str, str, str]
"""A quote, the text before it on its page, and the text behind it."""


class NoDocument(Exception):
    """There is no document at a path."""


class SeveralDocuments(Exception):
    """Several documents have the same bytes."""


class NoPage(UnreadableFile):
    """A document has no page of that number."""


class DocumentChanged(Exception):
    """The document at a path is not the one that was quoted."""


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


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """How much is drawn at a time for all who read the documents of a server.

    A picture keeps a core busy for half a second, a page needs some megabytes, and each waiting
    request blocks a thread of the server that questions need, too.
    """

    pictures: ConcurrencyLimit = field(
        default_factory=lambda: ConcurrencyLimit(1, MAX_PENDING_PICTURES)
    )
    pages: ConcurrencyLimit = field(
        default_factory=lambda: ConcurrencyLimit(CONCURRENT_PAGES, MAX_PENDING_PAGES)
    )


@dataclass(frozen=True, slots=True)
class Matches:
    """Where words stand in a document.

    Attributes:
        places: Offsets into ``Document.text``, in order, not overlapping.
        more: Whether there are others behind these.
    """

    places: tuple[Quote, ...]
    more: bool = False


class Documents:
    """The documents that one answerer answers from. Safe to use from several threads.

    Args:
        answerer: Its ``within`` is all that can be read.
        limits: Shared with all others who read them.
    """

    def __init__(self, answerer: QuestionAnswerer, limits: DocumentLimits | None = None) -> None:
        self.answerer = answerer
        self.index = answerer.index
        self.limits = limits or DocumentLimits()
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
        return self.index.facts(path) if self.may_hold(path) else None

    def may_hold(self, path: str) -> bool:
        """Whether questions would be answered from a document at that path."""
        within = self.answerer.within
        return not within or lies_within(path, within)

    def require(self, path: str, sha256: str = "") -> DocumentFacts:
        """Facts about the document at a path.

        Args:
            path: In the library.
            sha256: That its file must have; any if it is empty.

        Raises:
            NoDocument: There is none.
            DocumentChanged: It has another SHA-256.
            IndexDamaged: It fails its checksum.
        """
        facts = self.facts(path)
        if facts is None:
            raise NoDocument(path)
        if sha256 not in ("", facts.sha256):
            raise DocumentChanged(path)
        return facts

    def path_of(self, sha256: str, path: str = "") -> str:
        """Path of the document whose file has that digest; the first, if it lies at several.

        Files with the same bytes are different documents where their formats differ.

        Args:
            sha256: In hexadecimal digits.
            path: At which it lies, if that is known.

        Raises:
            NoDocument: There is none.
            DocumentChanged: At the path lies another document.
            SeveralDocuments: There are several, and no path was given.
        """
        found = [file.path for file in self.listing().documents if file.sha256 == sha256]
        if path in found:
            return path
        if path and self.facts(path):
            raise DocumentChanged(path)
        if path or not found:
            raise NoDocument(path or sha256)
        formats = {named_format(Path(each)) for each in found}
        if len(formats) > 1:
            raise SeveralDocuments(sha256)
        return found[0]

    def part(self, path: str, number: int | None, offset: int) -> tuple[DocumentFacts, int, Part]:
        """A part of a document, with its number and the facts of the same moment.

        Args:
            path: In the library.
            number: Of the part, from 0; the one that holds ``offset`` if it is left out.
            offset: Into ``Document.text``.

        Raises:
            NoDocument: There is none.
            IndexDamaged: It fails its checksum.
        """
        facts = self.require(path)
        # No document is as long as the largest number that SQLite knows.
        found = self.index.part(path, number, min(offset, facts.characters))
        if found is None:
            raise NoDocument(path)
        return found

    def find(self, path: str, sha256: str, words: str) -> Matches:
        """Where words stand in a document.

        Upper and lower case are the same, and so is all white space.

        Args:
            path: Of the document in the library.
            sha256: Of its file; any if it is empty.
            words: To be found as they stand.

        Raises:
            NoDocument: There is none.
            DocumentChanged: It has another SHA-256.
            IndexDamaged: It fails its checksum.
        """
        facts = self.require(path, sha256)
        pattern = _pattern(words)
        if pattern is None:
            return Matches(())
        matches: list[Quote] = []
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
                    return Matches(tuple(matches), more=True)
                matches.append((start + match.start(), start + match.end()))
        return Matches(tuple(matches))

    def about(self, path: str) -> About:
        """What is known of a document.

        Args:
            path: Of the document in the library.

        Raises:
            NoDocument: There is none.
            IndexDamaged: What is stored fails its checks.
        """
        known = self._cached_about(self.index.version, path) if self.facts(path) else None
        if known is None:
            raise NoDocument(path)
        return known

    def _about(self, version: int, path: str) -> About | None:
        return self.answerer.about(path)

    def picture(
        self, path: str, number: int, quotes: Sequence[Quote] = (), sha256: str = ""
    ) -> bytes:
        """A page of a PDF as a PNG picture with its quotes marked.

        Args:
            path: Of the document in the library.
            number: Of the page, from 1.
            quotes: To be marked.
            sha256: Of its file when they were quoted; empty for the present one.

        Raises:
            NoDocument: There is no PDF there.
            DocumentChanged: It has another SHA-256.
            NoPage: It has no such page.
            UnreadableFile: It is no longer what was indexed.
            TooManyWaiting: Too many pictures are being drawn.
            IndexDamaged: What is stored fails its checks.
        """
        if not is_pdf(path):
            raise NoDocument(path)
        facts = self.require(path, sha256)
        with self.limits.pictures:
            return self._cached_picture(path, facts, number, tuple(quotes))

    def _quotes_on_page(
        self, facts: DocumentFacts, number: int, quotes: Sequence[tuple[int, int]]
    ) -> tuple[QuoteContext, ...]:
        """The quotes on a page; those that extend over several pages are cut.

        Raises:
            NoPage: There is no such page.
        """
        starts = [*facts.page_starts, facts.characters]
        if not 1 <= number < len(starts):
            raise NoPage(f"has no page {number}")
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


def _pattern(words: str) -> re.Pattern[str] | None:
    r"""What finds these words in a document's text; none if there are none.

    >>> _pattern(" Aid  to syria").findall("The aid\nto Syria")
    ['aid\nto Syria']
    """
    parts = normalise(words).split()
    return re.compile(r"\s+".join(map(re.escape, parts)), re.IGNORECASE) if parts else None


def is_pdf(path: str) -> bool:
    """Whether a path of the library is that of a PDF."""
    format = named_format(Path(path))
    return format is not None and format.name == "PDF"


def _has_digest(location: Path, sha256: str) -> bool:
    try:
        return file_sha256(location) == sha256
    except OSError as error:
        raise UnreadableFile(f"cannot be opened ({error.strerror})") from error


def _picture_limits(limits: Limits) -> Limits:
    return replace(limits, seconds=min(limits.seconds, PICTURE_SECONDS))
