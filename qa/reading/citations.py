"""Citations: from the spans of an answer to the quotes that prove it."""

from collections.abc import Sequence

from embeddings.document import BLOCK_SEPARATOR
from qa.reading.reader import ReadAnswer, Span, quoted
from qa.reading.sentence_reader import answer_units
from qa.results import Candidate, Citation, Hit
from qa.text import join_whitespace


def candidate_of(hits: Sequence[Hit], answer: ReadAnswer) -> Candidate:
    """An answer with its citations.

    Args:
        hits: The passages that were read.
        answer: Found in them.
    """
    citations = tuple(_cite(hits, span) for span in answer.spans)
    if answer.joined:
        citations = _in_document_order(citations)
    quotes = [citation.quote for citation in citations]
    text = " ".join(quotes) if answer.joined else quotes[0]
    return Candidate(text, answer.confidence, citations)


def _in_document_order(citations: tuple[Citation, ...]) -> tuple[Citation, ...]:
    """Those of each document in its order; the document of the first citation comes first."""
    paths = list(dict.fromkeys(citation.path for citation in citations))
    return tuple(sorted(citations, key=lambda each: (paths.index(each.path), each.start)))


def _cite(hits: Sequence[Hit], span: Span) -> Citation:
    hit = hits[span.hit]
    start, end = _sentence(hit, span)
    below = _below_headings(hit, span)
    return Citation(
        path=hit.path,
        also_at=hit.also_at,
        title=hit.title,
        page=hit.page_at(span.start),
        headings=hit.headings,
        start=span.start,
        end=span.end,
        quote=quoted(hits, span),
        sentence_start=start,
        sentence_end=end,
        passage=hit.text[below:],
        passage_start=hit.start + below,
        sha256=hit.sha256,
        dated=hit.dated,
        page_label=hit.page_label_at(span.start),
        columns=hit.columns,
    )


def _sentence(hit: Hit, span: Span) -> tuple[int, int]:
    """Start and end of the sentence that holds a span, or of the sentences that it touches."""
    touched = [
        (start, end)
        for start, end in answer_units(hit.text)
        if start < span.end - hit.start and span.start - hit.start < end
    ]
    start = min(span.start, hit.start + touched[0][0]) if touched else span.start
    end = max(span.end, hit.start + touched[-1][1]) if touched else span.end
    return start, end


def _below_headings(hit: Hit, span: Span) -> int:
    """Where the passage begins behind the headings that it begins with, unless one is quoted.

    The citation names them beside the passage.
    """
    at = 0
    while (end := hit.text.find(BLOCK_SEPARATOR, at)) >= 0:
        behind = end + len(BLOCK_SEPARATOR)
        if join_whitespace(hit.text[at:end]) not in hit.headings or span.start < hit.start + behind:
            break
        at = behind
    return at
