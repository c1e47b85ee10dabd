"""Shown documents: which documents an answer shows, and whether somebody may see all of them."""

from collections.abc import Iterator, Sequence

from embeddings.index.paths import paths_in_common
from qa.results import Answer


def shown_documents(answer: Answer) -> Iterator[tuple[str, str]]:
    """Path and SHA-256 of each document that an answer quotes or shows a passage of."""
    for citations in (answer.quotes, *(each.citations for each in answer.candidates)):
        yield from ((citation.path, citation.sha256) for citation in citations)
    yield from ((hit.path, hit.sha256) for hit in answer.hits)
    for part in answer.parts:
        yield from shown_documents(part)


def shows_only(answer: Answer, limit: Sequence[str]) -> bool:
    """Whether an answer names nothing outside a limit but the folders that this lies in.

    Args:
        answer: To a question that somebody else may have asked.
        limit: Library paths of documents and folders; none is no limit.
    """
    return not limit or all(paths_in_common([path], limit) for path in set(_named(answer)))


def _named(answer: Answer) -> Iterator[str]:
    yield from (*answer.within, *answer.gone)
    for citations in (answer.quotes, *(each.citations for each in answer.candidates)):
        for citation in citations:
            yield from (citation.path, *citation.also_at)
    for hit in answer.hits:
        yield from (hit.path, *hit.also_at, *hit.near_duplicates)
    for part in answer.parts:
        yield from _named(part)
