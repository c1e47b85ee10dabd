"""Replies: what a service tells programs; HTTP and MCP send the same.

Addresses are relative to the server that sends them, such as ``/document?path=…``; there are none
where no server does, as over standard input and output.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlencode

from qa.library.listing import LibraryFile
from qa.library.receipts import STATUS_TEXTS, CheckedCitation, QuoteStatus, without_passages
from qa.results import Answer, Candidate, Citation, Hit, confidence_in_words
from qa.service.document_links import document_link
from qa.service.upload import State

API = "/api/v1"
"""Path of the routes for programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedCitation(Citation):
    """A citation with its addresses.

    Attributes:
        address: Of the document's page with the quote marked, for a browser.
        text_address: Of exactly the quoted characters, for a program.
    """

    address: str | None
    text_address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedCandidate(Candidate):
    """An answer with the places that give it."""

    citations: tuple[LinkedCitation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedAnswer(Answer):
    """What the documents say to a question; ``text`` is null where they do not say.

    Attributes:
        certainty: The confidence in words, such as "uncertain"; empty if there is no answer.
        sentence: Why there is no answer; empty if there is one.
        unread: That not all files are in the library yet, as a sentence; empty if they are.
        signature: Shows that this server gave the answer; for feedback on it.
    """

    citations: tuple[LinkedCitation, ...]
    candidates: tuple[LinkedCandidate, ...]
    contradicted_by: tuple[LinkedCandidate, ...]
    parts: tuple["LinkedAnswer", ...]
    certainty: str
    sentence: str
    unread: str
    signature: str


@dataclass(frozen=True, slots=True)
class PassageList:
    """Passages for a question, best first, which were not read.

    Attributes:
        passages: Each with its place and its scores.
    """

    passages: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """A file of the library.

    Attributes:
        path: In the library.
        title: Of its document; null if it has none.
        sha256: Of the file.
        passages: Of its document.
        pages: Of its document; 0 where its format has none.
        indexed_at: ISO 8601, UTC; null if it has no document.
        problem: Why it has none, or why it could not be read again.
        not_read: What the file holds and its document does not.
        address: Of the document's page, for a browser.
    """

    path: str
    title: str | None
    sha256: str
    passages: int
    pages: int
    indexed_at: str | None
    problem: str | None
    not_read: tuple[str, ...]
    address: str | None


@dataclass(frozen=True, slots=True)
class DocumentList:
    """Files of the library, in the order of their paths.

    Attributes:
        documents: Of this page of the list.
        total: Number of all that were asked for.
        next: The ``after`` that gives the next page; null if this is the last.
    """

    documents: tuple[DocumentEntry, ...]
    total: int
    next: str | None


@dataclass(frozen=True, slots=True)
class DocumentDetails:
    """What is known of a document.

    Attributes:
        sha256: Of its file.
        paths: In the library, sorted; the same content may lie at several.
        title: Of the document.
        kind: Of its file, such as "PDF".
        characters: Of its text.
        passages: Number of passages.
        pages: Number of pages; 0 where its format has none.
        indexed_at: ISO 8601, UTC.
        not_read: What the file holds and its text does not.
        address: Of the document's page, for a browser.
        text_address: Of its text, for a program.
    """

    sha256: str
    paths: tuple[str, ...]
    title: str
    kind: str
    characters: int
    passages: int
    pages: int
    indexed_at: str
    not_read: tuple[str, ...]
    address: str | None
    text_address: str | None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Characters of a document, ``Document.text[start:end]``, and what stands around them.

    Attributes:
        path: Of the document in the library.
        title: Of the document.
        sha256: Of its file.
        page: Page on which it begins; null where the format has none.
        start: Offset of the first character.
        end: Offset behind the last.
        text: The characters.
        before: The characters before them.
        after: The characters behind them.
        characters: Length of the document's text.
        address: Of the document's page with the characters marked, for a browser.
    """

    path: str
    title: str
    sha256: str
    page: int | None
    start: int
    end: int
    text: str
    before: str
    after: str
    characters: int
    address: str | None


@dataclass(frozen=True, slots=True)
class CheckedQuote:
    """A quote compared with the documents of today.

    Attributes:
        question: Of the answer that quotes it.
        quote: The characters.
        cited_path: Where it was cited.
        cited_start: Offset at which it was cited.
        status: What has become of it.
        meaning: The same, as the predicate of a sentence.
        path: Of the document that holds it now; null if none does.
        start: Its offset there.
    """

    question: str
    quote: str
    cited_path: str
    cited_start: int
    status: QuoteStatus
    meaning: str
    path: str | None
    start: int | None


@dataclass(frozen=True, slots=True)
class Verification:
    """A receipt compared with the documents of today.

    Attributes:
        exact: Whether every quote was checked, and stands exactly where it was cited.
        quotes: Those checked.
        total: Quotes in the receipt.
    """

    exact: bool
    quotes: tuple[CheckedQuote, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Job:
    """A file that is being added to the library.

    Attributes:
        id: Names the job.
        name: Of the file, as it was sent.
        state: Whether it waits, is read, is in the library ("taken") or was refused.
        detail: The progress, or why it was refused, as a predicate whose subject is the file.
        path: In the library, once it is taken; of one that is refused, where the same content lies.
    """

    id: str
    name: str
    state: State
    detail: str
    path: str | None


@dataclass(frozen=True, slots=True)
class JobList:
    """The jobs of files that were sent together.

    Attributes:
        jobs: In the order of the files.
    """

    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class Removal:
    """Files removed from the library.

    Attributes:
        removed: Library paths.
        sentence: What was done with the files themselves.
    """

    removed: tuple[str, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class UnderstoodEvent:
    """The questions that a message was understood as; none for small talk.

    Attributes:
        questions: Standalone.
    """

    questions: tuple[str, ...]


class Addresses:
    """Makes the addresses in replies.

    Args:
        root: Path below which the server is reached, without a slash at its end; None where there
            is no server.
    """

    def __init__(self, root: str | None = "") -> None:
        self.root = root

    def page(self, path: str, sha256: str, start: int = 0, end: int = 0) -> str | None:
        """Of a document's page, with characters marked if there are any."""
        spans = [(start, end)] if end > start else []
        return self._below(f"/{document_link(path, sha256, spans)}")

    def text(self, path: str, sha256: str, start: int, end: int) -> str | None:
        """Of characters of a document."""
        # The path, too: a file of another format may have the same bytes, and another text.
        query = urlencode({"start": start, "end": end, "path": path})
        return self._below(f"{API}/documents/{sha256}/text?{query}")

    def _below(self, path: str) -> str | None:
        return None if self.root is None else f"{self.root}{path}"

    def linked(
        self, answer: Answer, sign: Callable[[Answer], str], unread: str, *, passages: bool
    ) -> LinkedAnswer:
        """An answer as it is sent.

        Args:
            answer: Of the pipeline.
            sign: Signs what is sent.
            unread: That not all files are in the library yet, as a sentence.
            passages: Whether to send the passages that were read.
        """
        answer = answer if passages else without_passages(answer)
        return self._linked(answer, sign(answer), unread)

    def _linked(self, answer: Answer, signature: str = "", unread: str = "") -> LinkedAnswer:
        return LinkedAnswer(
            **_values(answer)
            | {
                "citations": self._citations(answer.citations),
                "candidates": self._candidates(answer.candidates),
                "contradicted_by": self._candidates(answer.contradicted_by),
                "parts": tuple(map(self._linked, answer.parts)),
            },
            certainty="" if answer.text is None else confidence_in_words(answer.confidence)[0],
            sentence=answer.explanation,
            unread=unread,
            signature=signature,
        )

    def _candidates(self, candidates: Iterable[Candidate]) -> tuple[LinkedCandidate, ...]:
        return tuple(
            LinkedCandidate(
                text=each.text,
                confidence=each.confidence,
                citations=self._citations(each.citations),
            )
            for each in candidates
        )

    def _citations(self, citations: Iterable[Citation]) -> tuple[LinkedCitation, ...]:
        return tuple(
            LinkedCitation(
                **_values(each),
                address=self.page(each.path, each.sha256, each.start, each.end),
                text_address=self.text(each.path, each.sha256, each.start, each.end),
            )
            for each in citations
        )

    def entry(self, file: LibraryFile) -> DocumentEntry:
        """A file of the library as it is sent."""
        return DocumentEntry(
            path=file.path,
            title=file.title,
            sha256=file.sha256,
            passages=file.passages,
            pages=file.pages,
            indexed_at=file.indexed_at,
            problem=file.problem,
            not_read=file.not_read,
            address=None if file.title is None else self.page(file.path, file.sha256),
        )


def checked_quote(question: str, checked: CheckedCitation) -> CheckedQuote:
    """A checked citation as it is sent."""
    citation = checked.citation
    return CheckedQuote(
        question=question,
        quote=citation.quote,
        cited_path=citation.path,
        cited_start=citation.start,
        status=checked.status,
        meaning=STATUS_TEXTS[checked.status],
        path=checked.path,
        start=checked.start,
    )


def _values(value: Answer | Citation) -> dict[str, Any]:
    """The fields of a value, which are not copied."""
    return {field.name: getattr(value, field.name) for field in fields(value)}
