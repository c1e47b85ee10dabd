"""Example finder: looks in the background for questions that the documents answer."""

import logging
import threading
from collections.abc import Callable
from itertools import islice

from qa.pipeline import QuestionAnswerer
from qa.web.documents import Documents
from qa.web.examples import MAX_READ_CHARACTERS, example_questions, round_robin

MAX_EXAMPLES = 4
"""Example questions shown."""

MAX_OF_A_KIND = 2
"""Of them, at most so many that begin alike."""

EXAMPLE_CONFIDENCE = 0.75
"""Confidence of the answer to a good example; chosen by hand."""

MAX_EXAMPLE_DOCUMENTS = 50
"""Documents from which questions are generated."""

MAX_TRIED_QUESTIONS = 16
"""Questions that are tried to find examples, at half a second each."""

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
        self._examples: list[str] | None = None
        self._version = -1
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def examples(self) -> list[str] | None:
        """Questions that are answered with confidence; None while they are being looked for."""
        return self._examples

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
        examples: list[str] = []
        try:
            self._find(examples)
        except (
            Exception
        ):  # The thread's outermost function, and any document can be in the library.
            # Without examples the chat still works, and the page stops asking for them.
            _log.exception("Example questions could not be generated.")
        self._examples = examples

    def _find(self, examples: list[str]) -> None:
        """Add examples to the list until there are enough."""
        kinds: list[tuple[str, bool]] = []
        for question in islice(round_robin(self._questions()), MAX_TRIED_QUESTIONS):
            if self._ending.is_set():
                return
            kind = question.partition(" ")[0], question.endswith("stand for?")
            if kinds.count(kind) == MAX_OF_A_KIND:
                continue
            answer = self._answerer.answer(question)
            if answer.text is not None and answer.confidence >= EXAMPLE_CONFIDENCE:
                examples.append(question)
                kinds.append(kind)
            if len(examples) == MAX_EXAMPLES:
                return

    def _questions(self) -> list[list[str]]:
        """The questions generated from each document."""
        index = self._documents.index
        documents = self._documents.listing().documents[:MAX_EXAMPLE_DOCUMENTS]
        facts = filter(None, (index.facts(document.path) for document in documents))
        texts = [index.text(each.id, 0, MAX_READ_CHARACTERS) for each in facts]
        return [list(example_questions(text)) for text in texts]
