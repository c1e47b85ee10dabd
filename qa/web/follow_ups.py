"""Follow-ups: questions offered after an answer, about what the cited sections say.

They are found in the background, one conversation at a time, and only while no question is being
answered.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from embeddings.errors import ChapterAndVerseError
from embeddings.index.paths import lies_within
from qa.library.listing import LibraryFile
from qa.pipeline import QuestionAnswerer
from qa.results import Answer
from qa.service.documents import Documents
from qa.text import stems
from qa.web.example_ranking import Placed, is_surely_answered, ranked
from qa.web.examples import ExampleQuestion, blocks_of, example_questions
from qa.web.sessions import MAX_SESSIONS

MAX_FOLLOW_UPS = 3
"""Questions offered."""

MAX_TRIED_FOLLOW_UPS = 8
"""Questions that are tried to find them, at half a second each."""

MAX_CITED_DOCUMENTS = 3
"""Documents from whose cited sections they are generated."""

SECTION_BEFORE, SECTION_BEHIND = 2_000, 6_000
"""Characters before and behind a quote from which questions are generated."""

BUSY_SECONDS = 0.2
"""Between two looks at whether a question is being answered."""

_log = logging.getLogger("chapter-and-verse")


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """A conversation for whose last answer follow-ups are looked for.

    Attributes:
        session: Of the page that shows it.
        turn: Id of its last turn that was answered.
        answers: Of the conversation; at least one.
        within: Library paths to which its questions are limited; none if they are not.
    """

    session: str | None
    turn: str
    answers: tuple[Answer, ...]
    within: tuple[str, ...]

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """Of equal ones the follow-ups are the same."""
        return self.turn, self.within


@dataclass(frozen=True, slots=True)
class _Found:
    """Follow-ups that were found, under the key of what was wanted."""

    key: tuple[str, tuple[str, ...]]
    questions: list[str]


class FollowUpFinder:
    """The follow-ups of each session's last answer. Safe to use from several threads.

    Args:
        answerer: Answers the questions that are tried.
        documents: From which they are generated.
        is_busy: Whether a question is being answered, which must not be delayed.
    """

    def __init__(
        self,
        answerer: QuestionAnswerer,
        documents: Documents,
        is_busy: Callable[[], bool],
    ) -> None:
        self._answerer = answerer
        self._documents = documents
        self._is_busy = is_busy
        self._wanted: OrderedDict[str | None, _Wanted] = OrderedDict()
        self._found: OrderedDict[str | None, _Found] = OrderedDict()
        self._changed = threading.Condition()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(
        self,
        session: str | None,
        turn: str,
        answers: Sequence[Answer],
        within: Sequence[str] = (),
    ) -> None:
        """Look for follow-ups to the last answer of a conversation; those to others are dropped.

        Those to the same answer are not looked for again.

        Args:
            session: Of the page that shows the conversation.
            turn: Id of its last turn that was answered.
            answers: Of the conversation; at least one.
            within: Library paths to which questions are limited; none if they are not.
        """
        wanted = _Wanted(session, turn, tuple(answers), tuple(within))
        with self._changed:
            known = self._found.get(session) or self._wanted.get(session)
            if known is not None and known.key == wanted.key:
                return
            self._found.pop(session, None)
            self._wanted.pop(session, None)
            self._wanted[session] = wanted
            while len(self._wanted) > MAX_SESSIONS:
                self._wanted.popitem(last=False)
            if self._thread is None and not self._ending.is_set():
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
            self._changed.notify()

    def cancel(self, session: str | None) -> None:
        """Look for none any more, and forget those that were found."""
        with self._changed:
            self._wanted.pop(session, None)
            self._found.pop(session, None)

    def is_following(self, session: str | None) -> bool:
        """Whether follow-ups were asked for, found or not."""
        with self._changed:
            return session in self._found or session in self._wanted

    def questions(self, session: str | None) -> list[str] | None:
        """The follow-ups; None while they are being looked for."""
        with self._changed:
            found = self._found.get(session)
        return found.questions if found else None

    def close(self) -> None:
        """Stop looking, and wait until the current question is answered."""
        with self._changed:
            self._ending.set()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while (wanted := self._next()) is not None:
            questions: list[str] = []
            try:
                self._find(wanted, questions)
            except ChapterAndVerseError as error:
                _log.error("%s", error)
            except Exception:  # The thread's outermost function, for all conversations.
                _log.exception("Follow-up questions could not be generated.")
            with self._changed:
                if self._is_wanted(wanted):
                    del self._wanted[wanted.session]
                    self._found[wanted.session] = _Found(wanted.key, questions)
                    while len(self._found) > MAX_SESSIONS:
                        self._found.popitem(last=False)

    def _next(self) -> _Wanted | None:
        """The conversation that waits longest; None when there will be no other."""
        with self._changed:
            self._changed.wait_for(lambda: self._wanted or self._ending.is_set())
            if self._ending.is_set():
                return None
            return next(iter(self._wanted.values()))

    def _is_wanted(self, wanted: _Wanted) -> bool:
        return self._wanted.get(wanted.session) is wanted and not self._ending.is_set()

    def _find(self, wanted: _Wanted, questions: list[str]) -> None:
        """Add follow-ups to the list until there are enough, or others are wanted."""
        asked = {frozenset(stems(text)) for each in wanted.answers for text in _wordings(each)}
        tried = 0
        for placed in self._candidates(wanted.answers[-1], wanted.within):
            _, example = placed
            key = frozenset(stems(example.question))
            if key in asked:
                continue
            while self._is_busy() and self._is_wanted(wanted):
                self._ending.wait(BUSY_SECONDS)
            if not self._is_wanted(wanted) or tried == MAX_TRIED_FOLLOW_UPS:
                return
            tried += 1
            asked.add(key)
            if is_surely_answered(placed, self._answerer.answer(example.question, wanted.within)):
                questions.append(example.question)
            if len(questions) == MAX_FOLLOW_UPS:
                return

    def _candidates(self, answer: Answer, within: Sequence[str]) -> Iterator[Placed]:
        """Questions generated from the cited sections, in the order in which they are tried."""
        index = self._documents.index
        quoted = {citation.path: citation for citation in reversed(answer.citations)}
        generated: list[tuple[LibraryFile, list[ExampleQuestion]]] = []
        for path, citation in list(quoted.items())[-MAX_CITED_DOCUMENTS:]:
            if within and not lies_within(path, within):
                continue
            facts = self._documents.facts(path)
            # Offsets into the text that was quoted mean nothing in another.
            found = index.part(path, None, citation.start) if facts else None
            if facts is None or found is None or facts.sha256 != citation.sha256:
                continue
            _, _, part = found
            start = citation.start - SECTION_BEFORE
            blocks = blocks_of(part, start, citation.start + SECTION_BEHIND)
            examples = [
                each for each in example_questions(blocks) if not _quotes(answer, path, each)
            ]
            file = LibraryFile(path, "", facts.sha256, facts.title, facts.passages)
            generated.append((file, examples))
        within = within or self._answerer.within
        with index.snapshot() as snapshot:
            candidates = list(ranked(generated, snapshot, within))
        yield from candidates


def _wordings(answer: Answer) -> Iterator[str]:
    yield answer.question
    yield answer.standalone_question
    for part in answer.parts:
        yield part.standalone_question


def _quotes(answer: Answer, path: str, example: ExampleQuestion) -> bool:
    """Whether the answer quotes what the question was generated from, and has answered it so.

    Args:
        answer: With its citations.
        path: Of the document that the question was generated from.
        example: The question.
    """
    return any(
        path in (citation.path, *citation.also_at)
        and citation.start < example.end
        and example.start < citation.end
        for citation in answer.citations
    )
