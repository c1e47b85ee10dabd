"""Each: one question put to each document, answer by answer, for the page."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from embeddings.errors import ChapterAndVerseError
from embeddings.index.paths import lies_within
from qa.library.answer_table import Row
from qa.pipeline import NothingWithin, QuestionAnswerer
from qa.reading.windows import QuestionTooLong
from qa.web.documents import Documents
from qa.web.error_messages import error_message
from qa.web.messages import CHOICE_REMOVED, INTERNAL_ERROR, TOO_MANY_WORDS

MAX_DOCUMENTS = 200
"""Documents asked at a time, those nearest to the question: a minute on an idle machine."""

SECONDS_BETWEEN = 0.5
"""Between two states that are shown; a table is not drawn anew for each document."""

_log = logging.getLogger("chapter-and-verse")


@dataclass(frozen=True, slots=True)
class EachState:
    """How far a question to each document has come.

    Attributes:
        question: As typed.
        total: Documents that could be asked.
        titles: Of the documents, by path.
        rows: What those asked so far say, in the order in which they were asked.
        running: Whether others are still to be asked.
        problem: Why they are not, as a sentence; empty if there is no problem.
    """

    question: str
    total: int = 0
    titles: dict[str, str] | None = None
    rows: tuple[Row, ...] = ()
    running: bool = True
    problem: str = ""

    @property
    def to_ask(self) -> int:
        """Documents that are asked."""
        return min(self.total, MAX_DOCUMENTS)


class DocumentAsker:
    """Asks each document of one chat. Never raises, so that no page waits for it forever.

    Args:
        answerer: Answers the question.
        documents: That can be asked.
        wait_until_ready: Returns once the models are loaded.
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

    def ask(
        self, question: str, within: Sequence[str], is_awaited: Callable[[], bool]
    ) -> Iterator[EachState]:
        """The state from time to time; the last one is not running any more.

        Args:
            question: As typed.
            within: Library paths of documents or folders to ask; all if empty.
            is_awaited: Whether to go on; asked before each document.
        """
        state = EachState(question)
        yield state
        try:
            self._wait_until_ready()
            titles = {
                each.path: each.title or each.path
                for each in self._documents.listing().documents
                if not within or lies_within(each.path, within)
            }
            state = replace(state, total=len(titles), titles=titles)
            shown = 0.0
            rows: list[Row] = []
            for row in self._answerer.answer_each(question, within):
                rows.append(row)
                # The library may have changed meanwhile.
                state = replace(state, rows=tuple(rows), total=max(state.total, len(rows)))
                if len(rows) >= MAX_DOCUMENTS or not is_awaited():
                    break
                if time.monotonic() - shown >= SECONDS_BETWEEN:
                    shown = time.monotonic()
                    yield state
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            state = replace(state, problem=error_message(error))
        except NothingWithin:
            state = replace(state, problem=CHOICE_REMOVED)
        except QuestionTooLong:
            state = replace(state, problem=TOO_MANY_WORDS)
        except Exception:  # Gradio would leave the page waiting. Expected errors are handled above.
            _log.exception("A question was not put to each document.")
            state = replace(state, problem=INTERNAL_ERROR)
        yield replace(state, running=False)
