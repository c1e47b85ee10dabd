"""Example finder: looks in the background for questions that the documents answer surely."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from embeddings.errors import IndexDamaged
from embeddings.index.paths import lies_within
from qa.pipeline import QuestionAnswerer
from qa.service.documents import Documents
from qa.web.example_ranking import Placed, is_surely_answered, ranked
from qa.web.examples import Item, Kind, blocks_of, example_questions

MAX_EXAMPLES = 4
"""Example questions shown."""

MAX_OF_A_KIND = 2
"""Of them, at most so many of a kind while there are others; of abbreviations, which all read
alike, one."""

MAX_EXAMPLE_DOCUMENTS = 50
"""Documents from which questions are generated; of more, some from everywhere in the listing."""

MAX_TRIED_QUESTIONS = 24
"""Questions that are tried to find examples, at half a second each."""

LOCK_SECONDS = 0.1
"""How often a finder that waits for another looks whether it is to end."""

_one_at_a_time = threading.Lock()
"""Held while questions are tried: callers with other limits have finders of their own, and all of
them at once would keep every core busy."""

_log = logging.getLogger("chapter-and-verse")


class ExampleFinder:
    """The example questions for one chat. Safe to use from several threads.

    Args:
        answerer: Answers the questions that are tried.
        documents: From which they are generated.
        wait_until_ready: Returns once the models are loaded and the library is indexed; called
            before the first question.
    """

    def __init__(
        self,
        answerer: QuestionAnswerer,
        documents: Documents,
        wait_until_ready: Callable[[], object],
    ) -> None:
        self._answerer = answerer
        self._documents = documents
        self._wait_until_ready = wait_until_ready
        self._examples: list[Placed] | None = None
        self._version = -1
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def examples(self, within: Sequence[str] = ()) -> list[str] | None:
        """Questions that are answered with confidence; None while they are being looked for.

        Args:
            within: Library paths of documents or folders that are to answer them; any if empty.
        """
        if self._examples is None:
            return None
        return [
            example.question
            for path, example in self._examples
            if not within or lies_within(path, within)
        ]

    def refresh(self) -> None:
        """Start to look for other examples if the library has changed since the last time."""
        with self._lock:
            version = self._documents.index.version
            running = self._thread is not None and self._thread.is_alive()
            if not running and version != self._version and not self._ending.is_set():
                self._examples, self._version = None, version
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop looking, and wait until the current question is answered."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        self._wait_until_ready()
        # The library may have been indexed meanwhile; that is no reason to look again.
        self._version = self._documents.index.version
        examples: list[Placed] = []
        try:
            with self._turn() as has_turn:
                if has_turn:
                    self._find(examples)
        except (
            Exception
        ):  # The thread's outermost function, and any document can be in the library.
            # Without examples the chat still works, and the page stops asking for them.
            _log.exception("Example questions could not be generated.")
        self._examples = examples

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Wait until no other finder is looking; whether it is so, or this one is to end."""
        has_turn = False
        while not has_turn and not self._ending.is_set():
            has_turn = _one_at_a_time.acquire(timeout=LOCK_SECONDS)
        try:
            yield has_turn
        finally:
            if has_turn:
                _one_at_a_time.release()

    def _find(self, examples: list[Placed]) -> None:
        """Add examples to the list until there are enough."""
        kinds: Counter[Kind] = Counter()
        tried: set[str] = set()
        spare: list[Placed] = []

        def try_to_answer(placed: Placed) -> None:
            _, example = placed
            if example.question in tried:
                return
            tried.add(example.question)
            if is_surely_answered(placed, self._answerer.answer(example.question)):
                examples.append(placed)
                kinds[example.kind] += 1

        def is_done() -> bool:
            enough = len(examples) == MAX_EXAMPLES or len(tried) == MAX_TRIED_QUESTIONS
            return enough or self._ending.is_set()

        for placed in self._candidates():
            if is_done():
                return
            _, example = placed
            if kinds[example.kind] < (1 if example.kind == "abbreviation" else MAX_OF_A_KIND):
                try_to_answer(placed)
            else:
                spare.append(placed)
        for placed in spare:
            if is_done():
                return
            try_to_answer(placed)

    def _candidates(self) -> Iterator[Placed]:
        """Questions generated from the documents, in the order in which they are to be tried."""
        index = self._documents.index
        documents = spread(self._documents.listing().documents, MAX_EXAMPLE_DOCUMENTS)
        generated = []
        for document in documents:
            if self._ending.is_set():
                return
            # A document that is damaged is found out by who asks about it.
            with suppress(IndexDamaged):
                if found := index.part(document.path, 0):
                    _, _, part = found
                    generated.append((document, list(example_questions(blocks_of(part)))))
        within = self._answerer.within
        with index.snapshot() as snapshot:
            candidates = list(ranked(generated, snapshot, within))
        yield from candidates


def spread(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many of the items, at equal distances.

    >>> spread([0, 1, 2, 3, 4, 5], 3)
    [0, 2, 4]
    """
    count = min(len(items), most)
    return [items[at * len(items) // count] for at in range(count)]
