"""Documents: those that questions are answered from, as pages and pictures to be looked at."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from threading import BoundedSemaphore

from embeddings.errors import ChapterAndVerseError, UnreadableFile
from embeddings.files.formats import format_of
from embeddings.files.limits import Limits
from embeddings.files.loading import DocumentLoader
from embeddings.index.paths import lies_within
from embeddings.index.records import DocumentFacts
from embeddings.models.model_folder import file_sha256
from qa.library.listing import Listing, list_library
from qa.pipeline import QuestionAnswerer
from qa.web.error_messages import error_message
from qa.web.html.document_links import parse_quotes
from qa.web.html.document_page import document_page, problem_page

PICTURE_SECONDS = 20.0
"""Longest time to draw one page."""

PICTURES_WAITING = 12
"""Pictures drawn or waited for; one more is refused at once."""

PAGES_AT_ONCE = 2
"""Pages made at a time."""

PAGES_WAITING = 16
"""Pages made or waited for; one more is refused at once."""

PICTURES_KEPT = 32
"""Pictures kept for whoever looks at the same page next, some 200 KB each."""

MOST_MARKED = 5_000
"""Characters of a quote that are looked for on a page."""

AROUND = 500
"""Characters before and behind a quote by which it is told from the same words elsewhere."""

Around = tuple[str, str, str]
"""A quote, what stands before it on its page, and what stands behind it."""

_log = logging.getLogger("chapter-and-verse")


class Documents:
    """The documents of one chat, shown whole. Safe to use from several threads."""

    def __init__(self, answerer: QuestionAnswerer, folder: Path) -> None:
        self.answerer = answerer
        self.index = answerer.index
        self.folder = folder
        # Each picture takes a core for half a second, a page some megabytes, and who waits holds
        # a thread of the server: they must not pile up before the questions.
        self._drawing = Slots(1, PICTURES_WAITING)
        self._making = Slots(PAGES_AT_ONCE, PAGES_WAITING)
        self._listed = lru_cache(maxsize=1)(self._list)
        self._kept = lru_cache(maxsize=PICTURES_KEPT)(self._draw)

    def listing(self) -> Listing:
        """What is in the folders that questions are answered from.

        Kept until anything in the index changes: of thousands of files it takes a third of a
        second, and it is asked for at each letter of a search.
        """
        return self._listed(self.index.version, self.answerer.within)

    def _list(self, version: int, within: tuple[str, ...]) -> Listing:
        return list_library(self.index, within)

    def facts(self, path: str) -> DocumentFacts | None:
        """About a document from which questions are answered; none if there is none at the path.

        Raises:
            IndexDamaged: It fails its checksum.
        """
        return self.index.facts(path) if lies_within(path, self.answerer.within) else None

    def page(
        self, path: str, sha256: str, quotes: Sequence[str], part: int | None = None, at: int = 1
    ) -> tuple[int, str]:
        """A document as a page, or why there is none, with the HTTP status."""
        try:
            with self._making:
                return self._page(path, sha256, quotes, part, at)
        except Busy:
            return 503, problem_page("Too many documents are being opened; try again in a moment.")
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return 500, problem_page(error_message(error))

    def _page(
        self, path: str, sha256: str, quotes: Sequence[str], part: int | None, at: int
    ) -> tuple[int, str]:
        facts = self.facts(path)
        asked = parse_quotes(quotes, facts.characters) if facts else []
        offset = asked[min(at, len(asked)) - 1][0] if asked else 0
        found = self.index.part(path, part, offset) if facts else None
        if found is None:
            return 404, problem_page(f"There is no document at {path} any more.")
        facts, number, shown = found
        marked = parse_quotes(quotes, facts.characters)
        changed = sha256 not in ("", facts.sha256)
        return 200, document_page(path, facts, number, shown, marked, changed, _is_pdf(path))

    def picture(
        self, path: str, number: int, quotes: Sequence[str] = (), sha256: str = ""
    ) -> tuple[int, bytes | str]:
        """A page of a PDF as a PNG picture with its quotes marked, or why there is none.

        Args:
            path: Of the document in the library.
            number: Of the page, from 1.
            quotes: Spans of the document, as ``document_page`` has them.
            sha256: Of its file when they were quoted; whichever it is now if it is left out.

        Returns:
            The HTTP status, and the picture or a sentence.
        """
        try:
            facts = self.facts(path)
            if facts is None or not _is_pdf(path):
                return 404, f"There is no PDF at {path}."
            if sha256 not in ("", facts.sha256):
                return 404, f"{path} has changed since it was quoted; ask again."
            there = tuple(parse_quotes(quotes, facts.characters))
            with self._drawing:
                return 200, self._kept(path, facts, number, there)
        except Busy:
            return 503, "Too many pictures are being drawn; try again in a moment."
        except UnreadableFile as error:
            return 404, f"{path} {error.what}."
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return 500, error_message(error)

    def _on_page(
        self, facts: DocumentFacts, number: int, quotes: Sequence[tuple[int, int]]
    ) -> tuple[Around, ...]:
        """What is quoted on a page, cut at its ends.

        Raises:
            UnreadableFile: There is no such page.
        """
        starts = [*facts.page_starts, facts.characters]
        if not 1 <= number < len(starts):
            raise UnreadableFile(f"has no page {number}")
        begin, end = starts[number - 1], starts[number]
        text = self.index.text(facts.id, begin, end)
        cut = [(max(begin, first) - begin, min(end, last) - begin) for first, last in quotes]
        return tuple(
            (
                text[first:last][:MOST_MARKED],
                text[max(0, first - AROUND) : first],
                text[last : last + AROUND],
            )
            for first, last in cut
            if first < last
        )

    def _draw(
        self, path: str, facts: DocumentFacts, number: int, spans: tuple[tuple[int, int], ...]
    ) -> bytes:
        quotes = self._on_page(facts, number, spans)
        location = self.listing().location(path)
        if location is None:
            raise UnreadableFile("is not in the library any more")
        # A picture shows the file, a quote is of the document: they must be of the same bytes.
        if not _has_digest(location, facts.sha256):
            raise UnreadableFile("has changed since it was indexed; index the folder again")
        limits = self.answerer.settings.limits
        with DocumentLoader(_for_a_picture(limits)) as loader:
            drawn, _ = loader.picture(location, number, quotes)
        return drawn


class Busy(Exception):
    """So many wait already that one more would wait too long."""


class Slots:
    """A context manager that lets so many in at a time, and so many wait."""

    def __init__(self, at_once: int, waiting: int) -> None:
        """All are free.

        Args:
            at_once: How many may be inside.
            waiting: How many may be inside or wait; for one more ``Busy`` is raised.
        """
        self._inside = BoundedSemaphore(at_once)
        self._waiting = BoundedSemaphore(waiting)

    def __enter__(self) -> None:
        if not self._waiting.acquire(blocking=False):
            raise Busy
        self._inside.acquire()

    def __exit__(self, *_: object) -> None:
        self._inside.release()
        self._waiting.release()


def _is_pdf(path: str) -> bool:
    format = format_of(Path(path))
    return format is not None and format.name == "PDF"


def _has_digest(location: Path, sha256: str) -> bool:
    try:
        return file_sha256(location) == sha256
    except OSError as error:
        raise UnreadableFile(f"cannot be opened ({error.strerror})") from error


def _for_a_picture(limits: Limits) -> Limits:
    return replace(limits, seconds=min(limits.seconds, PICTURE_SECONDS))
