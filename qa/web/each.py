"""Each: one question put to each document, answer by answer, for the page."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from embeddings.errors import ChapterAndVerseError
from embeddings.index.paths import lies_within
from qa.cancellation import Cancelled
from qa.library.answer_table import Row
from qa.pipeline import NothingWithin, QuestionAnswerer
from qa.reading.windows import QuestionTooLong
from qa.service.answer_queue import AnswerQueue
from qa.service.busy import Busy
from qa.service.documents import Documents
from qa.service.error_messages import error_message
from qa.service.messages import CHOICE_REMOVED, INTERNAL_ERROR, TOO_MANY_WORDS
from qa.web.sessions import MAX_SESSIONS

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
        library: Documents in the library.
        total: Those of them that could be asked: fewer where the question is limited to some.
        titles: Of the documents, by path.
        rows: What those asked so far say, in the order in which they were asked.
        running: Whether others are still to be asked.
        problem: Why they are not, as a sentence; empty if there is no problem.
    """

    question: str
    library: int = 0
    total: int = 0
    titles: dict[str, str] | None = None
    rows: tuple[Row, ...] = ()
    running: bool = True
    problem: str = ""

    @property
    def to_ask(self) -> int:
        """Documents that are asked."""
        return min(self.total, MAX_DOCUMENTS)

    @property
    def within_notice(self) -> str:
        """What the question was limited to, as a sentence; empty if it was not limited."""
        titles = list((self.titles or {}).values())
        if not titles or self.total >= self.library:
            return ""
        if len(titles) == 1:
            return f"Asked only of: {titles[0]}."
        return f"Asked only of {len(titles):,} of {self.library:,} documents."


class DocumentAsker:
    """Asks each document of one chat. Never raises, so that no page waits for it forever.

    Args:
        answerer: Answers the question.
        documents: That can be asked.
        queue: Gives a place for each document, so that other questions come between.
        wait_until_ready: Returns once the models are loaded.
    """

    def __init__(
        self,
        answerer: QuestionAnswerer,
        documents: Documents,
        queue: AnswerQueue,
        wait_until_ready: Callable[[], object],
    ) -> None:
        self._answerer = answerer
        self._documents = documents
        self._queue = queue
        self._wait_until_ready = wait_until_ready

    def ask(
        self,
        question: str,
        within: Sequence[str],
        is_awaited: Callable[[], bool],
        caller: str = "",
    ) -> Iterator[EachState]:
        """The state from time to time; the last one is not running any more.

        Args:
            question: As typed.
            within: Library paths of documents or folders to ask; all if empty.
            is_awaited: Whether to go on; looked at after each document.
            caller: Who asks: questions of several callers are answered in turn.
        """
        state = EachState(question)
        yield state
        try:
            self._wait_until_ready()
            documents = self._documents.listing().documents
            titles = {
                each.path: each.title or each.path
                for each in documents
                if not within or lies_within(each.path, within)
            }
            state = replace(state, library=len(documents), total=len(titles), titles=titles)
            shown = 0.0
            rows: list[Row] = []
            answers = self._answerer.answer_each(question, within, is_awaited)
            while row := self._next(answers, caller):
                rows.append(row)
                # The library may have changed meanwhile.
                state = replace(state, rows=tuple(rows), total=max(state.total, len(rows)))
                if len(rows) >= MAX_DOCUMENTS or not is_awaited():
                    break
                if time.monotonic() - shown >= SECONDS_BETWEEN:
                    shown = time.monotonic()
                    yield state
        except Cancelled:
            pass
        except Busy as error:
            state = replace(state, problem=error_message(error))
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

    def _next(self, answers: Iterator[Row], caller: str) -> Row | None:
        """What the next document says; none after the last one.

        Raises:
            Busy: The server ends, or as many questions wait as may.
        """
        with self._queue.place(caller):
            return next(answers, None)


@dataclass(slots=True, eq=False)
class EachRun:
    """A question of a session to each document, from its acceptance to its end.

    Attributes:
        id: Names it.
        session: That asked.
        question: As typed.
        within: Library paths of documents or folders to ask; all if empty.
        started: Whether it has its turn; those of other sessions may be before it.
        awaited: Whether anybody waits for more answers.
    """

    id: str
    session: str | None
    question: str
    within: tuple[str, ...]
    started: bool = False
    awaited: bool = True


class EachRuns:
    """The run of each session, at most one at a time. Safe to use from several threads."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str | None, EachRun] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def any_started(self) -> bool:
        """Whether a run of some session is going on."""
        with self._lock:
            return any(run.started for run in self._runs.values())

    def accept(self, session: str | None, question: str, within: tuple[str, ...]) -> EachRun | None:
        """A new run, which waits for its turn; none while an earlier one has not ended."""
        with self._lock:
            if session in self._runs:
                return None
            run = self._runs[session] = EachRun(uuid4().hex, session, question, within)
            while len(self._runs) > MAX_SESSIONS:
                _, oldest = self._runs.popitem(last=False)
                oldest.awaited = False
            return run

    def start(self, session: str | None, id: str) -> EachRun | None:
        """The run whose turn has come; none if it was given up while it waited."""
        with self._lock:
            run = self._runs.get(session)
            if run is None or run.id != id or run.started:
                return None
            run.started = True
            return run

    def end(self, run: EachRun) -> None:
        """End a run, so that its session can begin another."""
        with self._lock:
            if self._runs.get(run.session) is run:
                del self._runs[run.session]

    def stop(self, session: str | None) -> EachRun | None:
        """Await no more answers of the session's run, which is returned; it ends by itself.

        One that has not started ends at once.
        """
        with self._lock:
            run = self._runs.get(session)
            if run is not None:
                run.awaited = False
                if not run.started:
                    del self._runs[session]
            return run

    def forget(self, session: str | None) -> None:
        """End the run of a session whose page is gone."""
        with self._lock:
            run = self._runs.pop(session, None)
            if run is not None:
                run.awaited = False
