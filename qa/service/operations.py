"""Operations: what programs can ask of a service, by HTTP or MCP.

Each takes a service that is confined to what the caller may reach. What goes wrong is raised, and
``problems.problem_of`` words it.
"""

import json
from bisect import bisect_left
from collections.abc import Generator
from pathlib import Path

from embeddings.document import page_at
from embeddings.files.formats import named_format
from embeddings.index.paths import library_paths, lies_within
from qa.cancellation import IsWanted, always_wanted, wanted_while
from qa.pipeline import NothingWithin
from qa.results import Answer, Hit
from qa.service.codes import Code
from qa.service.documents import DocumentChanged, NoPage, is_pdf
from qa.service.messages import NOT_GIVEN_HERE
from qa.service.problems import Refused
from qa.service.read_only import Answered, ReadOnlyService, Retrieved, Understood
from qa.service.receipt_check import NoReceipt, check_receipt
from qa.service.replies import (
    Addresses,
    DocumentDetails,
    DocumentList,
    Excerpt,
    LinkedAnswer,
    Removal,
    UnderstoodEvent,
    Verification,
    checked_quote,
)
from qa.service.requests import AskRequest, FeedbackRequest, SearchRequest, VerifyRequest
from qa.service.service import Service
from qa.text import join_whitespace, replace_surrogates

MAX_EXCERPT = 100_000
"""Characters of a document sent at a time."""

MAX_AROUND = 5_000
"""Characters sent before and behind an excerpt."""

MAX_LISTED = 1_000
"""Files listed at a time."""

StageReply = UnderstoodEvent | tuple[Hit, ...] | LinkedAnswer
"""What is told of a question while it is answered, the answer last."""


def ask(
    service: ReadOnlyService,
    request: AskRequest,
    addresses: Addresses,
    is_wanted: IsWanted = always_wanted,
) -> Generator[StageReply]:
    """The stages of a question: how it was understood, the passages, the answer.

    Args:
        service: Of the caller.
        request: The question.
        addresses: Of the server.
        is_wanted: Whether anybody still waits.

    Raises:
        Refused: The question is blank or too long.
        ValueError: As ``Service.answer``.
        ChapterAndVerseError: The index or a model cannot be used.
    """
    for text in (request.question, request.rewritten):
        if text is not None:
            check_question(service, text)
    for stage in service.answer(
        request.question, request.within, request.turns, request.rewritten, is_wanted
    ):
        match stage:
            case Understood(message):
                yield UnderstoodEvent(tuple(each.standalone for each in message.subquestions))
            case Retrieved(hits):
                yield hits
            case Answered(answer, unread):
                sign = service.signer.sign
                yield addresses.linked(answer, sign, unread, passages=request.passages)


def check_question(service: ReadOnlyService, text: str) -> None:
    """Refuse a question that is not read.

    Raises:
        Refused: It is blank or too long.
    """
    length, most = len(join_whitespace(text)), service.answerer.settings.question_characters
    if length == 0:
        raise Refused("question-blank", "The question is blank.")
    if length > most:
        raise Refused(
            "question-too-long",
            f"The question has {length:,} characters, {most:,} at most are read; shorten it.",
        )


def search(
    service: ReadOnlyService, request: SearchRequest, is_wanted: IsWanted = always_wanted
) -> tuple[Hit, ...]:
    """The passages for a question, best first; they are not read.

    Args:
        service: Of the caller.
        request: The search.
        is_wanted: Whether anybody still waits.

    Raises:
        Refused: The question is blank or too long.
        Cancelled: Nobody waits.
        NothingWithin: Nothing is indexed at the places named.
        IndexDamaged: What is stored fails its checks.
    """
    check_question(service, request.question)
    service.wait_until_warm(is_wanted)
    with wanted_while(is_wanted):
        return service.answerer.passages(request.question, request.limit, request.within)


def list_documents(
    service: ReadOnlyService,
    addresses: Addresses,
    within: list[str],
    matching: str = "",
    after: str = "",
    limit: int = 100,
) -> DocumentList:
    """A page of the list of the library's files, by path.

    Args:
        service: Of the caller.
        addresses: Of the server.
        within: Library paths of documents and folders; all if empty.
        matching: Words that title or path must have.
        after: Path of the last file of the page before.
        limit: Most files of a page, at most ``MAX_LISTED``.

    Raises:
        NothingWithin: There is no file at the places named.
    """
    listing, places = service.documents.listing(), library_paths(within)
    inside = [file for file in listing.files if not places or lies_within(file.path, places)]
    if places and not inside:
        raise NothingWithin
    words = matching.casefold().split()
    found = [file for file in inside if file.has_words(words)]
    first = bisect_left(found, after, key=lambda file: file.path) if after else 0
    if first < len(found) and found[first].path == after:
        first += 1
    shown = found[first : first + min(limit, MAX_LISTED)]
    more = first + len(shown) < len(found)
    entries = tuple(map(addresses.entry, shown))
    return DocumentList(entries, len(found), shown[-1].path if more and shown else None)


def details(
    service: ReadOnlyService, addresses: Addresses, sha256: str, path: str = ""
) -> DocumentDetails:
    """What is known of the document with that SHA-256.

    Args:
        service: Of the caller.
        addresses: Of the server.
        sha256: Of the document's file.
        path: Of the document in the library, if it is known.

    Raises:
        NoDocument: There is none.
        SeveralDocuments: There are several, and no path was given.
        IndexDamaged: What is stored fails its checks.
    """
    path = service.documents.path_of(sha256, path)
    facts = service.documents.require(path, sha256)
    format = named_format(Path(path))
    return DocumentDetails(
        sha256=facts.sha256,
        paths=tuple(each for each in facts.paths if service.documents.may_hold(each)),
        title=facts.title_at(path),
        kind=format.name if format else "",
        characters=facts.characters,
        passages=facts.passages,
        pages=len(facts.page_starts),
        indexed_at=facts.indexed_at,
        not_read=facts.not_read,
        address=addresses.page(path, facts.sha256),
        text_address=addresses.text(path, facts.sha256, 0, min(facts.characters, MAX_EXCERPT)),
    )


def excerpt(
    service: ReadOnlyService,
    addresses: Addresses,
    sha256: str,
    start: int,
    end: int,
    around: int = 0,
    path: str = "",
) -> Excerpt:
    """Characters of the document with that SHA-256, ``Document.text[start:end]``.

    Args:
        service: Of the caller.
        addresses: Of the server.
        sha256: Of the document's file.
        start: Offset of the first character.
        end: Offset behind the last; at most ``MAX_EXCERPT`` behind it.
        around: Characters before and behind them that are sent, too; at most ``MAX_AROUND``.
        path: Of the document in the library, if it is known.

    Raises:
        NoDocument: There is none.
        SeveralDocuments: There are several, and no path was given.
        DocumentChanged: It was replaced in this moment.
        Refused: The offsets do not lie in the document.
        IndexDamaged: What is stored fails its checks.
    """
    path = service.documents.path_of(sha256, path)
    facts = service.documents.require(path, sha256)
    if not 0 <= start <= end <= facts.characters:
        raise Refused(
            "invalid-fields",
            f"Expected 0 <= start <= end <= {facts.characters:,}, got {start:,} and {end:,}.",
        )
    if end - start > MAX_EXCERPT:
        raise Refused(
            "too-large",
            f"At most {MAX_EXCERPT:,} characters are sent at a time, not {end - start:,}.",
        )
    around = min(around, MAX_AROUND)
    first = max(0, start - around)
    last = min(end + around, facts.characters)
    text = service.index.text(facts.id, first, last)
    if len(text) != last - first:
        raise DocumentChanged(path)
    return Excerpt(
        path=path,
        title=facts.title_at(path),
        sha256=facts.sha256,
        page=page_at(facts.page_starts, start),
        start=start,
        end=end,
        text=text[start - first : end - first],
        before=text[: start - first],
        after=text[end - first :],
        characters=facts.characters,
        address=addresses.page(path, facts.sha256, start, end),
    )


def picture(service: ReadOnlyService, sha256: str, number: int) -> bytes:
    """A page of the PDF with that SHA-256 as a PNG picture.

    Raises:
        NoDocument: There is none.
        SeveralDocuments: Files of other formats have the same bytes.
        NoPage: It is no PDF, or has no such page.
        UnreadableFile: It is no longer what was indexed.
        TooManyWaiting: Too many pictures are being drawn.
    """
    path = service.documents.path_of(sha256)
    if not is_pdf(path):
        raise NoPage("is no PDF: pages of others cannot be drawn")
    return service.documents.picture(path, number, (), sha256)


def verify(service: ReadOnlyService, request: VerifyRequest) -> Verification:
    """What has become of the quotes in a receipt.

    Raises:
        Refused: It is no receipt, quotes nothing, or is too large.
        IndexDamaged: What is stored fails its checks.
    """
    # Characters as they are: escaped they would count several times.
    content = json.dumps(request.receipt, ensure_ascii=False)
    try:
        check = check_receipt(content, service.answerer)
    except NoReceipt as error:
        code: Code = "too-large" if error.too_large else "not-a-receipt"
        raise Refused(code, str(error)) from error
    quotes = tuple(checked_quote(question, checked) for question, checked in check.quotes)
    exact = len(quotes) == check.total and all(quote.status == "exact" for quote in quotes)
    return Verification(exact, quotes, check.total)


def rate(service: Service, request: FeedbackRequest, user: str) -> None:
    """Store a rating of an answer, or withdraw it.

    Args:
        service: Of the caller.
        request: The rating.
        user: Who rates.

    Raises:
        Refused: The answer was not given by this server.
        ChapterAndVerseError: The rating cannot be stored.
    """
    signature = request.answer.get("signature")
    try:
        answer = Answer.from_json(json.dumps(request.answer))
    except ValueError as error:
        raise Refused("invalid-fields", "Expected an answer as it was sent.") from error
    if not isinstance(signature, str) or not service.signer.is_signed(answer, signature):
        raise Refused("not-signed", NOT_GIVEN_HERE)
    if request.liked is None:
        service.feedback.drop(answer, user)
        return
    key = service.feedback.put(answer, request.liked, user, user)
    if request.note.strip():
        service.feedback.note(key, replace_surrogates(request.note))


def remove(service: Service, path: str, caller: str) -> Removal:
    """Remove a document, or all in a folder, from the library.

    Raises:
        NoDocument: There is none.
        TooManyChanges: Other changes are under way.
        ChapterAndVerseError: The index cannot be written.
    """
    removed = service.remove(path, caller)
    return Removal(removed.paths, removed.sentence)
