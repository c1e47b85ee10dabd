"""Retriever: from a question to the passages most likely to answer it."""

from collections.abc import Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from embeddings.document import page_at
from embeddings.errors import IndexDamaged, Remedy
from embeddings.index.paths import library_paths, lies_within
from embeddings.index.protocols import SearchIndex, Snapshot
from embeddings.index.records import DocumentFacts
from embeddings.models.encoder import Encoder, Vectors
from qa.abbreviations import other_names
from qa.results import MAX_PLACES, Hit
from qa.retrieval.search import DEPTH, SearchRequest, highest_unseen_score, search
from qa.retrieval.selection import Selection, select
from qa.settings import DEFAULT_WORD_WEIGHT

MAX_DEPTH = 6_400
"""How deep searches go where near-duplicates crowd out other passages. Chosen by hand; not
fitted."""

CROWDED_DEPTH = 1_600
"""How deep they go for a passage of another document, where one document has more than its places.
Chosen by hand; not fitted."""


class Retriever:
    """Finds passages for questions in an index."""

    def __init__(
        self, index: SearchIndex, encoder: Encoder, word_weight: float = DEFAULT_WORD_WEIGHT
    ) -> None:
        if not 0 <= word_weight <= 1:
            raise ValueError(f"expected a word weight of 0 to 1, got {word_weight}")
        self.index = index
        self.encoder = encoder
        self.word_weight = word_weight

    def retrieve(
        self,
        question: str,
        limit: int,
        within: str | Sequence[str] = (),
        excluded: Set[int] = frozenset(),
        vector: Vectors | None = None,
    ) -> list[Hit]:
        """The best passages for a question, near-duplicates collapsed, best first.

        One document has at most half of them where others have passages that are nearly as good.

        Args:
            question: In any words.
            limit: Number of hits at most.
            within: Library paths of the documents or folders to search; all if empty.
            excluded: Ids of passages that are treated as if they were not in the index.
            vector: Of the question, as ``encode`` returns it, if it is known.

        Raises:
            IndexDamaged: A passage fails its checksum.
        """
        within = library_paths(within)
        vector = self.encode(question) if vector is None else vector
        request = SearchRequest(
            question, vector, max(DEPTH, limit), self.word_weight, within, excluded
        )
        with self.index.snapshot() as snapshot:
            while True:
                found = search(snapshot, request)
                selection = select(snapshot, found, limit)
                texts = (stored.passage.text for _, stored in selection.passages)
                if not request.other_names and (names := other_names(question, texts)):
                    request = replace(request, other_names=tuple(names))
                    continue
                exhausted = len(found) + len(excluded) < request.depth or request.depth >= MAX_DEPTH
                if exhausted or _is_final(selection, highest_unseen_score(found, request), request):
                    return self._hits(snapshot, selection, within)
                request = replace(request, depth=4 * request.depth)

    def encode(self, question: str) -> Vectors:
        """The question's vector ``(dimension,)`` float32, unit norm."""
        vector: Vectors = self.encoder.encode([question], role="question")[0]
        return vector

    def nearest_documents(
        self, question: str, vector: Vectors, within: str | Sequence[str] = ()
    ) -> list[int]:
        """Ids of the documents with the best passages for a question, best first.

        Args:
            question: In any words.
            vector: Of the question, as ``encode`` returns it.
            within: Library paths of the documents or folders to search; all if empty.

        Raises:
            IndexDamaged: A passage is missing, or fails its checksum.
        """
        request = SearchRequest(
            question, vector, CROWDED_DEPTH, self.word_weight, library_paths(within)
        )
        with self.index.snapshot() as snapshot:
            found = snapshot.passages([each.id for each in search(snapshot, request)])
        return list(dict.fromkeys(stored.document for stored in found))

    def _hits(self, snapshot: Snapshot, selection: Selection, within: Sequence[str]) -> list[Hit]:
        documents = {stored.document for _, stored in selection.passages}
        documents |= {
            stored.document for group in selection.near_duplicates.values() for stored in group
        }
        facts = snapshot.documents(documents)
        hits: list[Hit] = []
        for rank, (scored, stored) in enumerate(selection.passages, start=1):
            document = facts[stored.document]
            start, end = stored.passage.start, stored.passage.end
            if snapshot.text(stored.document, start, end) != stored.passage.text:
                raise IndexDamaged(
                    f"is damaged: a passage of {document.paths[0]} is not what its document says "
                    f"at {start}–{end}",
                    self.index.folder,
                    Remedy.DELETE_INDEX,
                )
            page = page_at(document.page_starts, start)
            breaks = _before(end, document.page_starts[page or 0 :])
            (path, modified), *others = self._files(document, within)
            near_duplicates = (
                self._files(facts[duplicate.document], within)[0][0]
                for duplicate in selection.near_duplicates.get(stored.id, ())
            )
            title, context = document.title_at(path), stored.passage.context
            if context.startswith(document.title):
                context = f"{title}{context[len(document.title) :]}"
            hits.append(
                Hit(
                    document=stored.document,
                    path=path,
                    also_at=tuple(other for other, _ in others[:MAX_PLACES]),
                    near_duplicates=tuple(dict.fromkeys(near_duplicates))[:MAX_PLACES],
                    title=title,
                    sha256=document.sha256,
                    dated=_day(modified),
                    page=page,
                    page_breaks=breaks,
                    headings=stored.passage.headings,
                    context=context,
                    start=start,
                    end=end,
                    text=stored.passage.text,
                    score=scored.score,
                    rank=rank,
                    vector_score=scored.vector_score,
                    vector_rank=scored.vector_rank,
                    word_score=scored.word_score,
                    word_rank=scored.word_rank,
                    columns=stored.passage.columns,
                    page_labels=document.page_labels[(page or 1) - 1 :][: len(breaks) + 1],
                )
            )
        return hits

    def _files(self, document: DocumentFacts, within: Sequence[str]) -> list[tuple[str, int]]:
        """The paths of a document, each with its time of change; only places that were searched.

        Raises:
            IndexDamaged: It lies in none of them.
        """
        files = [
            (path, modified)
            for path, modified in zip(document.paths, document.modified_ns, strict=True)
            if not within or lies_within(path, within)
        ]
        if not files:
            raise IndexDamaged(
                f"is damaged: it finds {document.title} where it is not",
                self.index.folder,
                Remedy.DELETE_INDEX,
            )
        return files


def _is_final(selection: Selection, unseen: float, request: SearchRequest) -> bool:
    """Whether no deeper search can change what is selected, or is worth it."""
    if selection.crowded and request.depth < CROWDED_DEPTH:
        return False
    return selection.min_score is None or unseen < selection.min_score


def _before(end: int, offsets: Sequence[int]) -> tuple[int, ...]:
    return tuple(takewhile(lambda at: at < end, offsets))


def _day(modified_ns: int) -> str:
    """The day of a file's time, ISO 8601, UTC; empty if no calendar has it."""
    try:
        changed = datetime.fromtimestamp(0, UTC) + timedelta(seconds=modified_ns // 10**9)
    except OverflowError:
        return ""
    return changed.date().isoformat()
