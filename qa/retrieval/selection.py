"""Selection: which of the passages that were found are read.

Near-duplicates are read once, and one document does not take all places.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from embeddings.index.protocols import Snapshot
from embeddings.index.records import StoredPassage
from qa.retrieval.search import ScoredPassage
from qa.text import STOP_WORDS

BATCH = 100
"""Passages fetched at a time."""

NEARLY_AS_GOOD = 0.75
"""Share of a passage's score from which another document's passage is nearly as good. Of 125
questions on documents of others, 120 had their answer in 12 passages without this rule; with it
and 0.6, 0.7, 0.8 it is 117, 118, 119."""

RESERVED = 4
"""One place in so many is for other documents than the one that has most, however low they score:
a document that repeats the question in each passage scores highest by far. Chosen by hand; not
fitted."""

NEAR_DUPLICATE_OVERLAP = 0.9
"""Share of words in common (Jaccard) from which passages with the same numbers, names and negations
are near-duplicates. Chosen by hand; not fitted."""

MAX_VARIANTS = 4
"""Passages that are read beside one that they differ from in a word. Chosen by hand."""

_WORD = re.compile(r"\w+")

# What turns one statement into another: numbers with their sign, negations, names.
_DISTINCTIVE = re.compile(
    r"[-−+]?\d[\w.,]*|\b[A-Z]\w*|\b(?:not|no|never|nor|none|neither|without|cannot)\b|n['’]t\b"
)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What near-duplicates are recognised by.

    Attributes:
        distinctive: Numbers, names and negations, in order.
        words: All words, in lower case.
    """

    distinctive: list[str]
    words: set[str]


@dataclass(frozen=True, slots=True)
class Selection:
    """The passages that are read.

    Attributes:
        passages: Best first.
        near_duplicates: Of each passage by its id.
        min_score: Score that a passage must have to get a place; none if all are taken.
        crowded: Whether one document has more places than it should, for lack of others.
    """

    passages: list[tuple[ScoredPassage, StoredPassage]]
    near_duplicates: dict[int, list[StoredPassage]]
    min_score: float | None
    crowded: bool


def select(snapshot: Snapshot, found: Sequence[ScoredPassage], limit: int) -> Selection:
    """The first ``limit`` passages that differ.

    Passages of one document beyond half of the places are deferred: passages of others that are
    nearly as good come before them. They fill the places that are left, but for the reserved ones.
    """
    half, reserved = -(-limit // 2), limit // RESERVED
    chosen: list[tuple[ScoredPassage, StoredPassage]] = []
    deferred: list[tuple[ScoredPassage, StoredPassage]] = []
    fingerprints: list[tuple[int, Fingerprint]] = []
    near_duplicates: dict[int, list[StoredPassage]] = {}
    variants: Counter[int] = Counter()
    places: Counter[int] = Counter()
    for scored, stored in _stored(snapshot, found):
        low = bool(deferred) and scored.score < NEARLY_AS_GOOD * deferred[0][0].score
        others = len(chosen) - max(places.values(), default=0)
        enough = others >= reserved and len(chosen) + len(deferred) >= limit
        if len(chosen) == limit or (low and enough):
            break
        over_half = places[stored.document] == half
        if over_half and len(deferred) == limit:
            continue  # More are deferred by now than can be read.
        fingerprint = _fingerprint(stored.passage.text)
        original = next(
            (
                (id, earlier)
                for id, earlier in fingerprints
                if _are_near_duplicates(fingerprint, earlier)
            ),
            None,
        )
        if original is not None:
            id, earlier = original
            if variants[id] == MAX_VARIANTS or not _differ(fingerprint, earlier):
                near_duplicates.setdefault(id, []).append(stored)
                continue
            # "Landlord" for "tenant" may be the answer; more such passages would crowd out others.
            variants[id] += 1
        fingerprints.append((stored.id, fingerprint))
        places[stored.document] += not over_half
        (deferred if over_half else chosen).append((scored, stored))
    passages = [*chosen, *deferred[: limit - len(chosen)]]
    passages.sort(key=lambda pair: (-pair[0].score, pair[0].id))
    if len(chosen) == limit:
        min_score = None
    else:
        full = len(passages) == limit
        min_score = NEARLY_AS_GOOD * deferred[0][0].score if full else 0.0
    crowded = bool(deferred) and len(chosen) - max(places.values()) < reserved
    return Selection(passages, near_duplicates, min_score, crowded)


def _stored(
    snapshot: Snapshot, found: Sequence[ScoredPassage]
) -> Iterator[tuple[ScoredPassage, StoredPassage]]:
    """Scores with their passages, which are fetched as they are needed."""
    for start in range(0, len(found), BATCH):
        batch = found[start : start + BATCH]
        ids = [scored.id for scored in batch]
        stored = {passage.id: passage for passage in snapshot.passages(ids)}
        yield from ((scored, stored[scored.id]) for scored in batch if scored.id in stored)


def _fingerprint(text: str) -> Fingerprint:
    return Fingerprint(_DISTINCTIVE.findall(text), set(_WORD.findall(text.lower())))


def _are_near_duplicates(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether they differ in a few words only, none of which changes the statement."""
    union = len(one.words | other.words)
    return (
        one.distinctive == other.distinctive
        and len(one.words & other.words) >= NEAR_DUPLICATE_OVERLAP * union
    )


def _differ(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether one of them has a word that carries meaning and the other has not."""
    return bool((one.words ^ other.words) - STOP_WORDS)
