"""Chat: replies to questions, ratings and stored conversations, without a user interface."""

import logging
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace

from embeddings.errors import ChapterAndVerseError
from qa.cancellation import Cancelled, IsWanted, always_wanted
from qa.library.feedback import TooMuchFeedback
from qa.library.limit import parse_limit
from qa.library.listing import Listing
from qa.pipeline import NothingWithin
from qa.reading.windows import QuestionTooLong
from qa.service.busy import Busy
from qa.service.error_messages import error_message
from qa.service.messages import (
    CHOICE_REMOVED,
    FEEDBACK_NOT_STORED,
    INTERNAL_ERROR,
    NO_DOCUMENTS,
    NOT_ANSWERED,
    NOT_AVAILABLE,
    NOT_GIVEN_HERE,
    NOTHING_CHOSEN,
    TOO_MANY_WORDS,
)
from qa.service.observing import observed
from qa.service.operations import check_question
from qa.service.problems import Refused
from qa.service.read_only import Answered, Retrieved, Stage
from qa.service.service import Service
from qa.web.each import DocumentAsker
from qa.web.example_finder import ExampleFinder
from qa.web.follow_ups import FollowUpFinder
from qa.web.html.page import RenderedTurn, answer_turn, pending_turn, problem_turn
from qa.web.shown_documents import shown_documents, shows_only
from qa.web.stored_turns import StoredTurn, parse_turns

_log = logging.getLogger("chapter-and-verse")


class Chat:
    """Replies to questions; a reply never raises, so that no page waits for it forever.

    Args:
        service: Of the library, or of the part of it that one user may reach.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.answerer = service.answerer
        self.index = service.index
        self.folder = service.folder
        self.name = service.name
        self.documents = service.documents
        self.uploads = service.uploads
        self.indexing = service.indexing
        self.document_asker = DocumentAsker(
            self.answerer, self.documents, service.queue, service.wait_until_warm
        )
        self.example_finder = ExampleFinder(
            self.answerer, self.documents, service.wait_until_indexed
        )
        self.follow_up_finder = FollowUpFinder(
            self.answerer, self.documents, lambda: service.is_answering
        )

    def close(self) -> None:
        """Stop all background work; before the service is closed."""
        self.example_finder.close()
        self.follow_up_finder.close()

    def listing(self) -> Listing:
        """The files of the library; empty with a problem if it cannot be read."""
        return self.service.listing()

    def uploads_name(self, listing: Listing) -> str | None:
        """Name in the library of the folder of files that were added on the page, if it has one."""
        places = listing.folders.items()
        return next((name for name, place in places if place == self.uploads.folder), None)

    def parse_within(self, text: str) -> tuple[str, ...]:
        """Library paths to answer from, all if there are none, of a limit that a page sent.

        Args:
            text: As ``parse_limit`` reads it.

        Raises:
            ValueError: It is no limit, or leaves no document; the message is for the user.
        """
        try:
            limit = parse_limit(text)
        except ValueError as error:
            raise ValueError(CHOICE_REMOVED) from error
        if not limit:
            return ()
        documents = [document.path for document in self.listing().documents]
        limit, gone = limit.without_gone(documents)
        if gone and not limit:
            raise ValueError(CHOICE_REMOVED)
        if not limit.count(documents):
            raise ValueError(NOTHING_CHOSEN)
        return limit.within(documents)

    def question_problem(self, question: str) -> str:
        """Why the question cannot be answered, as a sentence; empty if it can."""
        try:
            check_question(self.service, question)
        except Refused as refused:
            is_blank = refused.problem.code == "question-blank"
            return "Type a question first." if is_blank else refused.problem.sentence
        return ""

    def replies(
        self,
        number: int,
        question: str,
        within: Sequence[str] = (),
        before: Sequence[RenderedTurn] = (),
        standalone: str | None = None,
        turn_id: str = "",
        caller: str = "",
        is_wanted: IsWanted = always_wanted,
    ) -> Iterator[RenderedTurn]:
        """The turn for a question at each stage; the last one is the reply, also after an error.

        Args:
            number: Of the turn.
            question: As typed.
            within: Library paths of documents or folders to answer from; all if empty.
            before: The turns of the conversation before it, on which the question may depend.
            standalone: The standalone question to answer in its place, if the user corrected it.
            turn_id: Of the turn in the user's browser.
            caller: Who asks: questions of several callers are answered in turn.
            is_wanted: Whether the reply is still awaited; without it there is none.
        """
        history = [turn.answer for turn in before if turn.answer]
        try:
            yield pending_turn(number, question, "Searching the documents …")
            with self.service.queue.place(caller):
                stages = self.service.answer(question, within, history, standalone, is_wanted)
                yield from self._turns(stages, number, question, within, turn_id)
        except Cancelled:
            return
        except Busy as error:
            yield problem_turn(number, question, error_message(error), turn_id)
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            yield problem_turn(number, question, error_message(error), turn_id)
        except NothingWithin:
            yield problem_turn(number, question, CHOICE_REMOVED, turn_id)
        except QuestionTooLong:
            yield problem_turn(number, question, TOO_MANY_WORDS, turn_id)
        except Exception:  # Gradio would leave the page waiting. Expected errors are handled above.
            _log.exception("A question was not answered.")
            yield problem_turn(number, question, INTERNAL_ERROR, turn_id)

    def _turns(
        self,
        stages: Iterator[Stage],
        number: int,
        question: str,
        within: Sequence[str],
        turn_id: str,
    ) -> Iterator[RenderedTurn]:
        """The turn at each stage of an answer."""
        is_empty = False
        for stage in observed(stages, self.service.metrics, "page"):
            if isinstance(stage, Retrieved):
                hits = stage.hits
                is_empty = not hits and not within and not self.documents.listing().documents
                if is_empty:
                    yield problem_turn(number, question, NO_DOCUMENTS, turn_id)
                    continue
                count = "1 passage" if len(hits) == 1 else f"{len(hits)} passages"
                yield pending_turn(number, question, f"Reading {count} …", hits)
            elif isinstance(stage, Answered) and not is_empty:
                turn = answer_turn(number, stage.answer, turn_id=turn_id, unread=stage.unread)
                yield self._signed(turn)

    def _signed(self, turn: RenderedTurn) -> RenderedTurn:
        """The turn with what shows that this program gave its answer."""
        if turn.answer is None:
            return turn
        return replace(turn, signature=self.service.signer.sign(turn.answer))

    def rate(
        self, turn: RenderedTurn | None, liked: bool | None, user: str, sender: str = ""
    ) -> tuple[str, str]:
        """Store a user's rating of an answer.

        Args:
            turn: As the user's browser stores it; None if there was a problem.
            liked: None to withdraw the rating.
            user: Identifies the user.
            sender: The user's address; the number of ratings of each is limited.

        Returns:
            The key under which a note can be added, empty if nothing was stored, and a sentence
            for the user, empty if there is nothing to say.
        """
        if turn is None or turn.answer is None:
            return "", "There was no answer to this question."
        if not self.service.signer.is_signed(turn.answer, turn.signature):
            return "", NOT_GIVEN_HERE
        try:
            if liked is None:
                self.service.feedback.drop(turn.answer, user)
                return "", ""
            return self.service.feedback.put(turn.answer, liked, user, sender), ""
        except TooMuchFeedback as error:
            return "", error_message(error)
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return "", FEEDBACK_NOT_STORED

    def add_note(self, key: str, text: str) -> str:
        """Add a note to a rating; a sentence for the user if it cannot be stored, else empty."""
        try:
            self.service.feedback.note(key, text)
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return FEEDBACK_NOT_STORED
        return ""

    def stored_turns(self, stored: object) -> list[StoredTurn]:
        """The turns that a browser stored, without answers that this program did not sign.

        Somebody else may have used the browser: answers that show what this caller may not reach
        are left out, too.
        """
        return [turn for turn in self._signed_turns(stored) if self._reaches(turn)]

    def _signed_turns(self, stored: object) -> list[StoredTurn]:
        return [
            turn
            for turn in parse_turns(stored)
            if turn.answer is None or self.service.signer.is_signed(turn.answer, turn.signature)
        ]

    def _reaches(self, turn: StoredTurn) -> bool:
        return turn.answer is None or shows_only(turn.answer, self.service.limit)

    def restore(self, stored: object) -> tuple[RenderedTurn, ...]:
        """The conversation that a browser stored, to be shown; only answers that were signed.

        Citations of documents that were changed or removed since are marked as such. An answer
        from documents that the caller may not reach is not shown.
        """
        turns = self._signed_turns(stored)
        quoted = {
            document
            for turn in turns
            if turn.answer and self._reaches(turn)
            for document in shown_documents(turn.answer)
        }
        try:
            reached = [path for path, _ in quoted if self.documents.may_hold(path)]
            current = self.index.digests(reached) if reached else {}
            changed = {path for path, sha256 in quoted if current.get(path) != sha256}
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            changed = set()
        return tuple(
            self._restored(number, turn, changed) for number, turn in enumerate(turns, start=1)
        )

    def _restored(self, number: int, turn: StoredTurn, changed: Set[str]) -> RenderedTurn:
        answer = turn.answer
        if answer is None:
            return problem_turn(number, turn.question, NOT_ANSWERED, turn.id)
        if not self._reaches(turn):
            return problem_turn(number, turn.question, NOT_AVAILABLE, turn.id)
        if answer.remark and self.service.limit:
            # It names documents by their titles, perhaps others than this caller may reach.
            try:
                now = self.answerer.answer(answer.question)
            except ChapterAndVerseError as error:
                _log.error("%s", error)
                return problem_turn(number, turn.question, error_message(error), turn.id)
            return self._signed(answer_turn(number, now, turn_id=turn.id))
        restored = answer_turn(number, answer, changed, turn.id)
        return replace(restored, signature=turn.signature)
