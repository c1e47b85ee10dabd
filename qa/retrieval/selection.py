"""Selection: which of the passages that were found are read.

Near-duplicates are read once, and one document does not take all places.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from embeddings.index.protocols import Snapshot
from embeddings.index.records import StoredPassage
from qa.text import STOP_WORDS

BATCH = 100
"""Passages fetched at a time."""

NEARLY = 0.75
"""Share of a passage's score from which another document's passage is nearly as good. Of 125
questions on documents of others, 120 had their answer in 12 passages without this rule; with it
and 0.6, 0.7, 0.8 it is 117, 118, 119."""

RESERVED = 4
"""Of the places that are read one in so many is for other documents than the one that has most,
however far they are: a document that repeats the question in each passage is nearest by far."""

SAME_WORDS = 0.9
"""Share of words in common (Jaccard) above which passages of one statement are one hit."""

_WORD = re.compile(r"\w+")

# What turns one statement into another: numbers with their sign, negations, names.
_TELLING = re.compile(
    r"[-−+]?\d[\w.,]*|\b[A-Z]\w*|\b(?:not|no|never|nor|none|neither|without|cannot)\b|n['’]t\b"
)


@dataclass(frozen=True, slots=True)
class Scored:
    """A passage as the searches scored it."""

    id: int
    score: float
    vector_score: float
    vector_rank: int | None
    word_score: float
    word_rank: int | None


@dataclass(frozen=True, slots=True)
class Selection:
    """The passages that are read.

    Attributes:
        kept: Best first.
        duplicates: The near-duplicates of each by its id.
        wanted: Score that a passage must have to take a place among them; none if all are taken.
        crowded: Whether one document has more places than it should, for lack of others.
    """

    kept: list[tuple[Scored, StoredPassage]]
    duplicates: dict[int, list[StoredPassage]]
    wanted: float | None
    crowded: bool


def select(snapshot: Snapshot, found: Sequence[Scored], limit: int) -> Selection:
    """The first ``limit`` passages that differ.

    What a document has beyond half of them waits: passages of others that are nearly as good come
    before it, and it fills the places that they leave, but for those that are reserved.
    """
    half, reserved = -(-limit // 2), limit // RESERVED
    kept: list[tuple[Scored, StoredPassage]] = []
    waiting: list[tuple[Scored, StoredPassage]] = []
    fingerprints: list[tuple[int, tuple[list[str], set[str]]]] = []
    duplicates: dict[int, list[StoredPassage]] = {}
    varied: set[int] = set()
    places: Counter[int] = Counter()
    for one, passage in _stored(snapshot, found):
        far = bool(waiting) and one.score < NEARLY * waiting[0][0].score
        others = len(kept) - max(places.values(), default=0)
        enough = others >= reserved and len(kept) + len(waiting) >= limit
        if len(kept) == limit or (far and enough):
            break
        over = places[passage.document] == half
        if over and len(waiting) == limit:
            continue  # More than can be read wait by now.
        fingerprint = _fingerprint(passage.passage.text)
        twin = next((one for one in fingerprints if _same(fingerprint, one[1])), None)
        if twin is not None:
            if twin[0] in varied or not _substitutes(fingerprint, twin[1]):
                duplicates.setdefault(twin[0], []).append(passage)
                continue
            # "Red" for "green" may be the answer; more such passages would crowd out others.
            varied |= {twin[0], passage.id}
        fingerprints.append((passage.id, fingerprint))
        places[passage.document] += not over
        (waiting if over else kept).append((one, passage))
    chosen = [*kept, *waiting[: limit - len(kept)]]
    chosen.sort(key=lambda one: (-one[0].score, one[0].id))
    if len(kept) == limit:
        wanted = None
    else:
        wanted = NEARLY * waiting[0][0].score if len(chosen) == limit else 0.0
    crowded = bool(waiting) and len(kept) - max(places.values()) < reserved
    return Selection(chosen, duplicates, wanted, crowded)


def _stored(snapshot: Snapshot, found: Sequence[Scored]) -> Iterator[tuple[Scored, StoredPassage]]:
    """What was found with its passages, fetched as they are needed."""
    for start in range(0, len(found), BATCH):
        batch = found[start : start + BATCH]
        stored = {passage.id: passage for passage in snapshot.passages([one.id for one in batch])}
        yield from ((one, stored[one.id]) for one in batch if one.id in stored)


def _fingerprint(text: str) -> tuple[list[str], set[str]]:
    return _TELLING.findall(text), set(_WORD.findall(text.lower()))


def _same(one: tuple[list[str], set[str]], other: tuple[list[str], set[str]]) -> bool:
    """Alike but for a few words, none of which makes another statement of it."""
    (telling, words), (other_telling, other_words) = one, other
    union = len(words | other_words)
    return telling == other_telling and len(words & other_words) >= SAME_WORDS * union


def _substitutes(one: tuple[list[str], set[str]], other: tuple[list[str], set[str]]) -> bool:
    """Whether each has a word that carries meaning where the other has another."""
    (_, words), (_, others) = one, other
    return bool(words - others - STOP_WORDS and others - words - STOP_WORDS)
