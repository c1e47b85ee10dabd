"""Example ranking: questions about what the documents say much about, answered surely."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from embeddings.index.protocols import Snapshot
from qa.library.listing import LibraryFile
from qa.results import Answer
from qa.text import stem, terms
from qa.web.examples import ExampleQuestion, Kind, round_robin

EXAMPLE_CONFIDENCE = 0.8
"""Confidence from which an answer counts as sure: "very likely right" on the page."""

MAX_COUNTED = 32
"""Passages counted that name a subject: more say no more about how central it is."""

MIN_PASSAGES = 3
"""Passages that name what a question wants explained: rare names and abbreviations are no subject
of a library. Chosen by hand."""

MAX_REPEATED = 2
"""Documents with the same sentence: what more of them repeat belongs to a form. Chosen by hand."""

ANSWER_BEHIND = 2_000
"""Characters behind a heading that asks, within which its answer begins. Chosen by hand."""

_PREFERENCE: Mapping[Kind, float] = {
    "asked": 3,
    "date": 4,
    "count": 4,
    "number": 4,
    "place": 4,
    "maker": 4,
    "role": 4,
    "cell": 3,
    "property": 3,
    "purpose": 2,
    "person": 1,
    "definition": 1,
    "abbreviation": 0,
}
"""How much sooner questions of a kind are tried, in doublings of the passages on their subject.
Chosen by hand."""

_EXPLAINING: frozenset[Kind] = frozenset(("definition", "purpose", "person", "abbreviation"))

Placed = tuple[str, ExampleQuestion]
"""Library path of a document, and a question that it seems to answer."""


def ranked(
    generated: Sequence[tuple[LibraryFile, Sequence[ExampleQuestion]]],
    snapshot: Snapshot,
    within: Sequence[str] = (),
) -> Iterator[Placed]:
    """The questions in the order in which they are to be tried, those of each document in turn.

    First come the documents, and of each the questions, on whose subject the library says most.
    Questions about what it hardly names are left out, and those that are generated from what many
    documents repeat.

    Args:
        generated: Documents, and the questions generated from each.
        snapshot: Of the index, for the number of passages that name a subject.
        within: Library paths that are answered from; all if empty.
    """
    repeated = Counter(
        source for _, examples in generated for source in {each.source for each in examples}
    )
    groups: list[list[tuple[float, Placed]]] = []
    for document, examples in generated:
        scored: list[tuple[float, Placed]] = []
        for example in examples:
            named = _passages_naming(example, snapshot, within)
            # A document of few passages cannot say much about anything.
            least = MIN_PASSAGES if example.kind in _EXPLAINING else 1
            if repeated[example.source] > MAX_REPEATED or named < min(least, document.passages):
                continue
            in_title = example.subject.lower() in (document.title or "").lower()
            score = math.log2(max(named, 1)) + _PREFERENCE[example.kind] + in_title
            scored.append((score, (document.path, example)))
        if scored:
            # Of equal ones the first in the document.
            groups.append(sorted(scored, key=lambda pair: -pair[0]))
    groups.sort(key=lambda scored: -scored[0][0])
    return round_robin([placed for _, placed in scored] for scored in groups)


def _passages_naming(example: ExampleQuestion, snapshot: Snapshot, within: Sequence[str]) -> int:
    """Passages that name the subject of a question; a heading that asks has some of its own."""
    if example.kind == "asked":
        return MIN_PASSAGES
    return len(snapshot.search_words([example.subject], MAX_COUNTED, within))


def is_surely_answered(placed: Placed, answer: Answer) -> bool:
    """Whether an answer is sure, says something new, and stands where its question came from.

    Args:
        placed: The question, with its document.
        answer: To it.
    """
    path, example = placed
    if answer.text is None or answer.confidence < EXAMPLE_CONFIDENCE:
        return False
    if answer.contradicted_by or answer.parts or not _says_more(answer.text, example.question):
        return False
    asked = example.kind == "asked"
    start, end = (
        (example.end, example.end + ANSWER_BEHIND) if asked else (example.start, example.end)
    )
    return any(
        path in (citation.path, *citation.also_at) and start <= citation.start < end
        for citation in answer.citations
    )


def _says_more(answer: str, question: str) -> bool:
    """Whether an answer has words that its question does not have."""
    return not {stem(word) for word in terms(answer)} <= {stem(word) for word in terms(question)}
