"""Texts: replies for assistants that read text alone; shorter than the structured content.

An assistant can quote from them, and open each citation.
"""

from collections.abc import Iterator, Sequence

from qa.library.receipts import STATUS_TEXTS
from qa.results import Hit, page_name
from qa.service.replies import (
    DocumentEntry,
    DocumentList,
    Excerpt,
    LinkedAnswer,
    LinkedCitation,
    PassageList,
    Verification,
)
from qa.text import join_whitespace

NEAREST_CHARACTERS = 300
"""Of a passage that is near and does not answer."""

Reply = LinkedAnswer | PassageList | DocumentList | Excerpt | Verification


def text_of(reply: Reply) -> str:
    """A reply as text."""
    match reply:
        case LinkedAnswer():
            return "\n".join(_answer(reply))
        case PassageList():
            return "\n\n".join(map(_passage, reply.passages)) or "There are no passages."
        case DocumentList():
            return "\n".join(_documents(reply))
        case Excerpt():
            return "\n".join(_excerpt(reply))
        case Verification():
            return "\n".join(_verification(reply))


def _answer(answer: LinkedAnswer) -> Iterator[str]:
    yield from filter(None, (answer.within_notice, answer.gone_notice, answer.unread))
    if answer.parts:
        for part in answer.parts:
            yield f"Question: {part.question}"
            yield from _answer(part)
        return
    if answer.rewritten is not None:
        yield f"Answered as: {answer.rewritten}"
    if answer.text is None:
        yield answer.sentence
        for hit in answer.hits:
            yield f"nearest: {_place(hit, hit.page_name)}"
            yield f"    {join_whitespace(hit.shown.text)[:NEAREST_CHARACTERS]}"
        return
    yield answer.text
    yield f"confidence {answer.confidence:.0%}, {answer.certainty}"
    yield from _citations(answer.citations, 1)
    if answer.contradicted_by:
        yield answer.contradiction_notice
    number = len(answer.citations) + 1
    for other in answer.contradicted_by:
        yield f"Otherwise: {other.text}"
        yield from _citations(other.citations, number)
        number += len(other.citations)


def _citations(citations: Sequence[LinkedCitation], first: int) -> Iterator[str]:
    for number, citation in enumerate(citations, start=first):
        yield f"[{number}] {_place(citation, citation.page_name)}"
        yield f"    quote: {citation.quote}"
        yield f"    sentence: {''.join(text for text, _ in citation.shown_sentence)}"
        if citation.address is not None:
            yield f"    address: {citation.address}"


def _place(place: Hit | LinkedCitation, page: str) -> str:
    """Where a passage or a quote stands, with all that ``open_citation`` needs."""
    page = f", {page}" if page else ""
    span = f"start {place.start}, end {place.end}, sha256 {place.sha256}"
    return f"{place.path}{page}, {span}"


def _passage(hit: Hit) -> str:
    return f"[{hit.rank}] {_place(hit, hit.page_name)}\n{hit.context}\n{hit.text}"


def _documents(listed: DocumentList) -> Iterator[str]:
    yield f"{len(listed.documents):,} of {listed.total:,} files"
    yield from map(_document, listed.documents)
    if listed.next is not None:
        yield f"For more, list those after: {listed.next}"


def _document(entry: DocumentEntry) -> str:
    if entry.title is None:
        return f"{entry.path}: not read, it {entry.problem}"
    pages = f", {entry.pages:,} pages" if entry.pages else ""
    return f"{entry.path}: {entry.title}{pages}, sha256 {entry.sha256}"


def _excerpt(excerpt: Excerpt) -> Iterator[str]:
    page = page_name(excerpt.page)
    page = f", {page}" if page else ""
    yield f"{excerpt.path}{page}, characters {excerpt.start} to {excerpt.end}"
    yield from ("text:", excerpt.text, "before:", excerpt.before, "after:", excerpt.after)


def _verification(checked: Verification) -> Iterator[str]:
    exact = sum(quote.status == "exact" for quote in checked.quotes)
    yield f"{exact:,} of {checked.total:,} quotes stand exactly where they were cited."
    for quote in checked.quotes:
        yield f"{quote.cited_path}, start {quote.cited_start}: {STATUS_TEXTS[quote.status]}"
        yield f"    quote: {quote.quote}"
