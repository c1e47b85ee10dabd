"""Read-only service: questions and documents of one library, of which nothing is changed.

The page, HTTP and MCP each put them into their own form. What one caller can reach of the library
is a service of its own, made by ``confined``: what lies outside of it is not there.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Self

from embeddings.errors import ChapterAndVerseError
from embeddings.index.paths import library_paths
from qa.cancellation import IsWanted, always_wanted, check_wanted, wanted_while
from qa.conversation.context import Turn
from qa.conversation.understanding import Message
from qa.library.listing import Listing
from qa.pipeline import QuestionAnswerer
from qa.results import Answer, Hit
from qa.service.documents import Documents
from qa.service.error_messages import error_message
from qa.service.signing import Signer

WANTED_SECONDS = 0.1
"""Interval at which a question that waits for the models is asked whether it is still wanted."""

WARMING_SECONDS = 30.0
"""How long ``close`` waits for models that are being loaded; at the first start of all they are
converted. Chosen by hand."""

_log = logging.getLogger("chapter-and-verse")


@dataclass(frozen=True, slots=True)
class Understood:
    """The first stage of a question: what is asked of the documents.

    Attributes:
        message: Parsed.
    """

    message: Message


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The second stage: the passages that are read for it; left out for small talk.

    Attributes:
        hits: Best first.
    """

    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """The last stage.

    Attributes:
        answer: What the documents say.
        unread: That not all files are in the library yet, as a sentence; empty if they are, or if
            they could not change the answer.
    """

    answer: Answer
    unread: str = ""


Stage = Understood | Retrieved | Answered


class ReadOnlyService:
    """Questions and documents of what one answerer answers from. Safe for threads.

    ``warm_up`` loads the models in the background; a question that is asked before they are
    loaded waits for them.

    Attributes:
        ready: Set once the models are loaded.
    """

    def __init__(self, answerer: QuestionAnswerer) -> None:
        self._whole = answerer
        self.index = answerer.index
        self.limit: tuple[str, ...] = ()
        self.answerer = answerer.confined()
        self.documents = Documents(self.answerer)
        self.signer = Signer.beside(self.index.folder)
        self.ready = threading.Event()
        self._warming = threading.Thread(target=self._warm_up, daemon=True)

    def confined(self, limit: str | Sequence[str]) -> Self:
        """What is there for somebody who may reach only a part of the library.

        Args:
            limit: Library paths of documents and folders; all if empty.
        """
        confined = copy(self)
        confined.limit = library_paths(limit)
        confined.answerer = self._whole.confined(confined.limit)
        confined.documents = Documents(confined.answerer, self.documents.limits)
        return confined

    def warm_up(self) -> None:
        """Start to load the models in the background."""
        self._warming.start()

    def _warm_up(self) -> None:
        try:
            self._whole.warm_up()
            self.ready.set()
        except Exception:  # The thread's outermost function.
            # The first question loads them again and reports the error to its user.
            _log.exception("The models could not be loaded.")

    def wait_until_warm(self, is_wanted: IsWanted = always_wanted) -> None:
        """Wait until the models are loaded, or could not be.

        Args:
            is_wanted: Whether anybody still waits.

        Raises:
            Cancelled: Nobody does.
        """
        with wanted_while(is_wanted):
            while self._warming.is_alive():
                self._warming.join(WANTED_SECONDS)
                check_wanted()

    def close(self) -> None:
        """Stop all background work; before the index is closed."""
        # The process would abort if it ended while a library's own threads read a model.
        if self._warming.is_alive():
            self._warming.join(WARMING_SECONDS)

    @property
    def unread(self) -> str:
        """That not all files are in the library yet, as a sentence; empty if they are."""
        return ""

    def listing(self) -> Listing:
        """The files of the library; empty with a problem if it cannot be read."""
        try:
            return self.documents.listing()
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return Listing((), {}, error_message(error))

    def answer(
        self,
        question: str,
        within: Sequence[str] = (),
        history: Sequence[Answer | Turn] = (),
        standalone: str | None = None,
        is_wanted: IsWanted = always_wanted,
    ) -> Iterator[Stage]:
        """The stages of a question, the last one ``Answered``.

        Args:
            question: As typed.
            within: Library paths of documents or folders to answer from; all if empty.
            history: The answers, or turns, of the conversation so far, oldest first.
            standalone: The standalone question to answer in its place, if it is known.
            is_wanted: Whether anybody still waits; asked again and again while it is answered.

        Raises:
            ValueError: As ``QuestionAnswerer.answer``.
            Cancelled: It is not wanted any more.
            ChapterAndVerseError: The index or a model cannot be used.
        """
        self.wait_until_warm(is_wanted)
        message = self.answerer.parse_message(question, history, standalone)
        yield Understood(message)
        retrieval = self.answerer.search(message, within, is_wanted)
        if message.subquestions:
            yield Retrieved(retrieval.first_hits)
        # Read before: while the question is answered, the last file may come in.
        unread = self.unread
        answer = self.answerer.read(retrieval)
        # The models are loaded, though they may not have been at first.
        self.ready.set()
        # What was found stays found, however many files are still to come.
        unread = unread if answer.text is None and not answer.remark else ""
        yield Answered(answer, unread)
